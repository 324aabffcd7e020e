//! The start of a connection: nothing of it leaves before its own name is seen to be the one
//! that was asked for.

use crate::core::{Offer, Reason, Refusal, Says, Table};
use creance_catalogue::Binding;
use creance_ledger::Pseudonym;
use creance_model::{HostName, ServiceId, Transport};
use creance_wire::stream::{self, Heads, Want};
use creance_wire::{Anomaly, Facts, NameSource, Protocol};

/// The longest start of a connection that is looked at, in bytes: several times the longest hello
/// that is known, which carries keys of post-quantum algorithms.
pub const HEAD_BYTES_MAX: usize = 64 << 10;

/// A TCP connection until it is let out or refused.
#[derive(Debug)]
pub struct Door {
    frame: Frame,
    port: u16,
    head: Vec<u8>,
    /// Whether nothing but requests in clear passes, each by itself.
    requests: bool,
}

/// What every door is built in: the name that was asked for, and how it may leave.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) name: HostName,
    pub(super) offers: Vec<Offer>,
    everything: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Wait for more bytes.
    Wait,
    /// Let it out.
    Admit(Admission),
    /// Do not.
    Refuse(Refusal),
}

/// Why a connection may leave, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// As which service.
    pub service: Option<ServiceId>,
    /// What carried the name; none where nothing had to.
    pub binding: Option<Binding>,
    /// The policies that allow it.
    pub policies: Vec<String>,
    /// The hello may hide another name than it shows.
    pub blinded: bool,
    /// After so many bytes from the app, counted from the first one, the next request begins and
    /// goes through a door of its own; none where the flow stays what it is.
    pub again_after: Option<u64>,
}

impl Door {
    /// A connection to a name at a port.
    ///
    /// # Errors
    /// Where it may not leave whatever it says.
    pub fn new(table: &Table, station: &Pseudonym, name: &HostName, port: u16) -> Result<Self, Refusal> {
        let frame = Frame::new(table, station, name, Transport::Tcp, port)?;
        Ok(Self { frame, port, head: Vec::new(), requests: false })
    }

    /// A request in clear that came through a proxy, where the next one may be for another host:
    /// nothing else passes, even where everything may leave.
    ///
    /// # Errors
    /// Where it may not leave whatever it says.
    pub fn for_request(
        table: &Table,
        station: &Pseudonym,
        name: &HostName,
        port: u16,
    ) -> Result<Self, Refusal> {
        Ok(Self { requests: true, ..Self::new(table, station, name, port)? })
    }

    /// Whether it can be let out before it says anything.
    #[must_use]
    pub fn first(&self) -> Step {
        if self.requests { Step::Wait } else { self.frame.first() }
    }

    /// Takes bytes from the app. They are kept until the connection is let out or refused.
    pub fn feed(&mut self, bytes: &[u8]) -> Step {
        self.head.extend_from_slice(bytes);
        let step = self.look(false);
        match step {
            Step::Wait if self.head.len() > HEAD_BYTES_MAX => self.frame.refuse(Reason::TooLong),
            Step::Wait | Step::Admit(_) | Step::Refuse(_) => step,
        }
    }

    /// No more bytes will come, or not in time.
    pub fn end(&mut self) -> Step {
        match self.look(true) {
            Step::Wait => self.frame.refuse(Reason::TooLate),
            step @ (Step::Admit(_) | Step::Refuse(_)) => step,
        }
    }

    /// Whether it has heard nothing yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// The bytes that were kept; they are the first to leave.
    #[must_use]
    pub fn into_head(self) -> Vec<u8> {
        self.head
    }

    fn look(&self, ended: bool) -> Step {
        if let admit @ Step::Admit(_) = self.first() {
            return admit;
        }
        let inspection = stream::inspect(Heads {
            client: &self.head,
            server: &[],
            server_port: self.port,
            client_ended: ended,
            server_ended: false,
        });
        let facts = &inspection.facts;
        // A fault is one whatever comes behind it.
        if let Some(reason) = fault(facts) {
            return self.frame.refuse(reason);
        }
        let waits = match inspection.want {
            Want::More { client, .. } => client != usize::MAX && !ended,
            Want::Nothing | Want::Requests { .. } => false,
        };
        let names: Vec<&HostName> = facts.names.iter().map(|seen| &seen.name).collect();
        if names.iter().any(|name| **name != self.frame.name) {
            return self.frame.refuse(Reason::OtherName);
        }
        match facts.layers.as_slice() {
            [] if waits => Step::Wait,
            [Protocol::Tls] if !self.requests => self.tls(facts, waits),
            [Protocol::Http] => self.http(facts, inspection.want, waits),
            _ => self.other(ended),
        }
    }

    fn tls(&self, facts: &Facts, waits: bool) -> Step {
        let hello = facts.tls.as_ref().filter(|tls| tls.client_hello);
        let Some(hello) = hello else {
            return if waits { Step::Wait } else { self.frame.refuse(Reason::Malformed) };
        };
        let named = facts.names.iter().any(|seen| seen.source == NameSource::TlsHello);
        if !named {
            return self.frame.refuse(Reason::NothingNamed);
        }
        match self.frame.offer(Binding::Tls) {
            Some(offer) if hello.ech && offer.strict => self.frame.refuse(Reason::Hidden),
            Some(offer) => {
                let bound = Admission { binding: Some(Binding::Tls), ..Admission::of(offer) };
                Step::Admit(Admission { blinded: hello.ech, ..bound })
            }
            None => self.frame.refuse(Reason::OtherProtocol),
        }
    }

    fn http(&self, facts: &Facts, want: Want, waits: bool) -> Step {
        let Some(offer) = self.frame.offer(Binding::Http) else {
            return self.frame.refuse(Reason::OtherProtocol);
        };
        let named = facts.names.iter().any(|seen| seen.source == NameSource::HttpHost);
        match want {
            Want::More { .. } if waits => Step::Wait,
            _ if !named || !facts.proxy_targets.is_empty() => self.frame.refuse(Reason::NothingNamed),
            Want::Requests { body_left: Some(left) } => Step::Admit(Admission {
                binding: Some(Binding::Http),
                again_after: Some((self.head.len() as u64).saturating_add(left)),
                ..Admission::of(offer)
            }),
            Want::Requests { body_left: None } | Want::Nothing | Want::More { .. } => {
                self.frame.refuse(Reason::Endless)
            }
        }
    }

    /// Another protocol, or none that is known: only to hosts that nobody knows, where those may
    /// be reached. They have no binding that could be missed.
    fn other(&self, ended: bool) -> Step {
        match self.frame.offers.iter().find(|offer| offer.binding.is_none() && !self.requests) {
            Some(offer) => Step::Admit(Admission::of(offer)),
            None if self.head.is_empty() && ended => self.frame.refuse(Reason::TooLate),
            None => self.frame.refuse(Reason::OtherProtocol),
        }
    }
}

impl Admission {
    /// As an offer says, with nothing seen of the flow itself.
    #[must_use]
    pub fn of(offer: &Offer) -> Self {
        Self {
            service: offer.service.clone(),
            binding: offer.binding,
            policies: offer.policies.clone(),
            blinded: false,
            again_after: None,
        }
    }
}

impl Frame {
    pub(super) fn new(
        table: &Table,
        station: &Pseudonym,
        name: &HostName,
        transport: Transport,
        port: u16,
    ) -> Result<Self, Refusal> {
        let (offers, everything) = match table.may_leave(station, name, transport, port) {
            Says::Everything(offer) => (vec![offer], true),
            Says::Offers(offers) => (offers, false),
            Says::No(reason, service) => return Err(Refusal { reason, name: Some(name.clone()), service }),
        };
        Ok(Self { name: name.clone(), offers, everything })
    }

    /// Whether it can be let out before it says anything.
    pub(super) fn first(&self) -> Step {
        match self.offers.iter().find(|offer| self.everything || offer.binding == Some(Binding::NameOnly)) {
            Some(offer) => Step::Admit(Admission::of(offer)),
            None => Step::Wait,
        }
    }

    /// The offer that a binding satisfies.
    pub(super) fn offer(&self, binding: Binding) -> Option<&Offer> {
        // Of several services on one port the strictest decides what may be hidden.
        let fits = |offer: &&Offer| offer.binding.is_none_or(|wanted| wanted == binding);
        self.offers.iter().filter(fits).max_by_key(|offer| offer.strict)
    }

    pub(super) fn refuse(&self, reason: Reason) -> Step {
        let service = self.offers.first().and_then(|offer| offer.service.clone());
        Step::Refuse(Refusal { reason, name: Some(self.name.clone()), service })
    }
}

/// What no flow may have that is bound by its name.
pub(super) fn fault(facts: &Facts) -> Option<Reason> {
    if facts.left_out > 0 {
        return Some(Reason::OddName);
    }
    facts.anomalies.iter().find_map(|anomaly| match anomaly {
        Anomaly::InvalidName(_) | Anomaly::SeveralNames | Anomaly::NamesDiffer => Some(Reason::OddName),
        Anomaly::Malformed(_)
        | Anomaly::HeadMissing
        | Anomaly::NotFollowed
        | Anomaly::QuicNotOpened
        | Anomaly::MoreThanAQuestion
        | Anomaly::ContradictingSegments => Some(Reason::Malformed),
        // The server's, which has said nothing yet.
        Anomaly::CertificatesTooLarge => None,
    })
}
