//! Whether the claimed mode would have let a flow out.

use crate::protection::{Protection, protection};
use crate::sent::Seen;
use crate::who::{How, Name, Resolver, Who};
use creance_capture::{FlowRecord, Started};
use creance_catalogue::{Binding, Catalogue, HostPattern, Service};
use creance_model::{Mode, Scope, ServiceId, Transport, scope};
use creance_policy::{Decision, Policies, Request, ServiceFacts};
use creance_wire::{Anomaly, NameSource, Protocol};
use std::collections::{BTreeMap, BTreeSet};

/// Different names below one wildcard that are taken for ordinary; more may be a tunnel.
const LABELS_MAX: usize = 24;
/// Questions for one name that are taken for ordinary.
pub(crate) const TIMES_MAX: u32 = 60;
/// The longest label that is taken for ordinary, in bytes.
pub(crate) const LABEL_BYTES_MAX: usize = 40;

/// What a mode says of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruled {
    /// Let out, by these policies.
    Allowed(Vec<String>),
    /// Not let out: why, and by these policies.
    Denied(String, Vec<String>),
    /// It may have been an allowed service or not: why.
    Unclear(String),
}

impl Ruled {
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Allowed(_) => "allowed",
            Self::Denied(..) => "denied",
            Self::Unclear(_) => "unclear",
        }
    }
}

/// Whether the protocol of a flow that names nobody is known well enough to take its address for
/// its service's. A datagram needs no server that knows its protocol, so only those of the
/// network's own services pass by their names alone, and STUN on its own ports.
pub(crate) fn is_recognised(flow: &FlowRecord, protection: Protection) -> bool {
    match protection {
        Protection::ClearByNature => {
            flow.facts.protocol() != Some(Protocol::Stun)
                || matches!(flow.server.port, 3478 | 3479 | 5349 | 19302)
        }
        Protection::Encrypted | Protection::Cleartext => flow.transport == Transport::Tcp,
        Protection::Tunnel | Protection::Nothing | Protection::Unknown => false,
    }
}

/// The decision table of a mode.
#[derive(Debug)]
pub(crate) struct Rules {
    services: BTreeMap<ServiceId, Decision>,
    unknown: Decision,
    /// Whether any service at all may be let out.
    anything_allowed: bool,
    /// Names asked for below each wildcard of an allowed service.
    below: BTreeMap<String, BTreeSet<String>>,
    /// How often each allowed name was asked for. Bounded by the names that the catalogue lists.
    asked: BTreeMap<String, u32>,
}

impl Rules {
    /// Decides every service of a catalogue once.
    pub(crate) fn new(
        policies: &Policies,
        catalogue: &Catalogue,
        mode: Mode,
        exempt: &BTreeSet<ServiceId>,
        granted: &BTreeSet<ServiceId>,
    ) -> Self {
        let decide = |service: Option<&ServiceFacts>| {
            policies.decide(&Request {
                station: "station".into(),
                mode,
                seal: None,
                service,
                exempt,
                granted,
            })
        };
        let services: BTreeMap<ServiceId, Decision> = catalogue
            .services()
            .map(|service| (service.id.clone(), decide(Some(&facts(catalogue, service)))))
            .collect();
        let unknown = decide(None);
        let anything_allowed = unknown.allowed || services.values().any(|decision| decision.allowed);
        Self { services, unknown, anything_allowed, below: BTreeMap::new(), asked: BTreeMap::new() }
    }

    /// The decision on a service.
    pub(crate) fn service(&self, id: &ServiceId) -> &Decision {
        self.services.get(id).unwrap_or(&self.unknown)
    }

    /// Decides a flow that left within the window.
    pub(crate) fn rule(&mut self, flow: &FlowRecord, seen: &Seen, who: &Who<'_>) -> Ruled {
        if self.unknown.allowed && self.services.values().all(|decision| decision.allowed) {
            return Ruled::Allowed(self.unknown.determining.clone());
        }
        let ruled = if flow.is_tunnel {
            self.unknown_is(format!("contact with {} by a tunnel", seen.remote.addr))
        } else if who.is_resolver {
            self.resolver(flow, seen, who)
        } else if who.names.iter().any(|name| matches!(name.how, How::Claimed(_))) {
            self.named(flow, seen, who)
        } else {
            self.nameless(flow, seen, who)
        };
        let ruled = match (ruled, seen.doubt) {
            (Ruled::Denied(why, _), Some(doubt)) => Ruled::Unclear(format!("{why}, {doubt}")),
            (ruled, _) => ruled,
        };
        match ruled {
            // What leaves an earlier conversation with nothing new tells of its end.
            Ruled::Denied(why, _) if seen.only_empty_segments(flow) => Ruled::Unclear(format!(
                "only empty segments or keep-alives of a connection opened earlier ({why})"
            )),
            Ruled::Denied(why, _) if flow.is_discovery => {
                Ruled::Unclear(format!("{why}: neighbour discovery, if that stands on the station's link"))
            }
            Ruled::Denied(why, _) if is_lease(flow, seen) => Ruled::Unclear(format!(
                "{why}: a lease was asked for; say with --local {} that this is the station's own router",
                seen.remote.addr
            )),
            Ruled::Allowed(_) if flow.header_bytes != [0; 2] => Ruled::Unclear(format!(
                "IP options, extension headers or bytes behind datagrams to {} may carry data",
                seen.remote.addr
            )),
            Ruled::Allowed(_) if who.is_astray => Ruled::Unclear(format!(
                "packets for {} went to another card than the station's usual one, and a neighbour may have taken them",
                seen.remote.addr
            )),
            other @ (Ruled::Allowed(_) | Ruled::Denied(..) | Ruled::Unclear(_)) => other,
        }
    }

    fn unknown_is(&self, what: String) -> Ruled {
        if self.unknown.allowed {
            Ruled::Allowed(self.unknown.determining.clone())
        } else {
            Ruled::Denied(what, self.unknown.determining.clone())
        }
    }

    /// Each name that was asked for must be of an allowed service: the name itself has left.
    fn resolver(&mut self, flow: &FlowRecord, seen: &Seen, who: &Who<'_>) -> Ruled {
        let resolver = seen.remote.addr;
        if !seen.station_is_client {
            return Ruled::Unclear(format!(
                "answered DNS questions of {resolver}, and answers may carry data"
            ));
        }
        let mut policies = BTreeSet::new();
        let mut unclear = match who.resolver {
            // Whatever is asked of a stranger tells the stranger.
            Resolver::Stranger => {
                return self.unknown_is(format!("asked {resolver}, an unknown resolver outside"));
            }
            Resolver::Doubted => {
                Some(format!("asked {resolver}, which need not be the station's own resolver"))
            }
            Resolver::Believed => None,
        };
        for name in who.names.iter().filter(|name| name.in_window) {
            match self.best(name) {
                None => return self.unknown_is(format!("asked {resolver} for a name of no known service")),
                Some((id, decision)) if !decision.allowed => {
                    return Ruled::Denied(
                        format!("asked {resolver} for a name of {id}"),
                        decision.determining.clone(),
                    );
                }
                Some((_, decision)) => policies.extend(decision.determining.iter().cloned()),
            }
            if let Some(why) = self.tunnel_like(name) {
                unclear = Some(why);
            }
        }
        let asked_in_window = who.names.iter().any(|name| name.in_window);
        let damaged = flow.facts.anomalies.iter().any(|anomaly| {
            matches!(
                anomaly,
                Anomaly::Malformed(_)
                    | Anomaly::NotFollowed
                    | Anomaly::MoreThanAQuestion
                    | Anomaly::ContradictingSegments
            )
        });
        if flow.queried_left_out > 0 {
            return Ruled::Unclear(format!("asked {resolver} for more names than are kept"));
        }
        if damaged || flow.truncated_packets > 0 || (!asked_in_window && seen.sent(&flow.window).payload > 0)
        {
            return Ruled::Unclear(format!("what was sent to {resolver} is more than readable questions"));
        }
        match unclear {
            Some(why) => Ruled::Unclear(why),
            None => Ruled::Allowed(policies.into_iter().collect()),
        }
    }

    /// Names below an allowed wildcard, and questions that hosts do not need, can carry data.
    fn tunnel_like(&mut self, name: &Name<'_>) -> Option<String> {
        let host = name.host.as_ref()?;
        // A, CNAME, AAAA, SVCB, HTTPS.
        if !matches!(name.query_kind, 1 | 5 | 28 | 64 | 65) {
            return Some(format!(
                "asked for a record of type {} of {host}, which may carry data",
                name.query_kind
            ));
        }
        let times = self.asked.entry(host.as_str().to_owned()).or_default();
        *times = times.saturating_add(name.times);
        if *times > TIMES_MAX {
            return Some(format!("asked for {host} more than {TIMES_MAX} times, which may carry data"));
        }
        if host.as_str().split('.').any(|label| label.len() > LABEL_BYTES_MAX) {
            return Some(format!(
                "asked for a name with a label of more than {LABEL_BYTES_MAX} bytes, which may carry data"
            ));
        }
        let wildcard = name.listed.iter().find_map(|listed| match &listed.found.host.pattern {
            HostPattern::Below(suffix) => Some(suffix.as_str().to_owned()),
            HostPattern::Exact(_) => None,
        })?;
        let labels = self.below.entry(wildcard.clone()).or_default();
        if labels.len() <= LABELS_MAX {
            labels.insert(host.as_str().to_owned());
        }
        (labels.len() > LABELS_MAX)
            .then(|| format!("asked for more than {LABELS_MAX} names below {wildcard}, which may carry data"))
    }

    /// Every name must be of an allowed service and tied to the address.
    fn named(&self, flow: &FlowRecord, seen: &Seen, who: &Who<'_>) -> Ruled {
        let mut policies = BTreeSet::new();
        let mut unclear = None;
        // Which of several names in one hello the server heeds is its own affair.
        let several = flow.facts.anomalies.contains(&Anomaly::SeveralNames);
        for name in &who.names {
            let Some((id, decision)) = self.best(name) else {
                return self.unknown_is(format!(
                    "contact with {}, of no known service on port {}",
                    name.text, seen.remote.port
                ));
            };
            if !decision.allowed && several && who.names.iter().any(|other| self.is_let_out(other)) {
                unclear = Some(format!("one hello names {} beside an allowed host", name.text));
                continue;
            }
            if !decision.allowed {
                return Ruled::Denied(
                    format!("contact with {}, of {}", name.text, ids(name, id)),
                    decision.determining.clone(),
                );
            }
            policies.extend(decision.determining.iter().cloned());
            if who.is_proxy {
                unclear = Some(format!(
                    "{} was asked of the proxy {}, which may relay anywhere",
                    name.text, seen.remote.addr
                ));
            } else if !name.tie.holds() {
                unclear =
                    Some(format!("{} is only claimed: nothing ties it to {}", name.text, seen.remote.addr));
            } else if !binds(name, flow, protection(flow)) {
                unclear = Some(format!("{} is not bound in the way that its service needs", name.text));
            }
        }
        if flow.facts.tls.as_ref().is_some_and(|tls| tls.ech) {
            unclear = Some("ECH: the visible name may not be the true one".into());
        }
        if let Some(anomaly) = flow.facts.anomalies.first() {
            unclear = Some(describe(anomaly).to_owned());
        }
        if flow.facts.left_out > 0 {
            unclear = Some("more names or requests than are kept".into());
        }
        if flow.truncated_packets > 0
            && flow.facts.protocol() != Some(Protocol::Tls)
            && flow.facts.protocol() != Some(Protocol::Quic)
        {
            unclear = Some("packets are cut short where names may stand".into());
        }
        match unclear {
            Some(why) => Ruled::Unclear(why),
            None => Ruled::Allowed(policies.into_iter().collect()),
        }
    }

    /// No name in the flow: only a service that is bound by its name alone can be let out.
    fn nameless(&self, flow: &FlowRecord, seen: &Seen, who: &Who<'_>) -> Ruled {
        let remote = seen.remote;
        let candidates: Vec<_> = who.names.iter().map(|name| (name, self.best(name))).collect();
        let is_allowed = |candidate: &Option<(&ServiceId, &Decision)>| {
            candidate.is_some_and(|(_, decision)| decision.allowed)
        };
        let by_name_only = candidates.iter().all(|(name, best)| {
            is_allowed(best)
                && name.tie.holds()
                && name.listed.iter().any(|listed| listed.binding == Binding::NameOnly)
        });
        if !candidates.is_empty()
            && by_name_only
            && is_recognised(flow, protection(flow))
            && flow.started == Started::AtStart
            && flow.truncated_packets == 0
        {
            let policies: BTreeSet<String> = candidates
                .iter()
                .filter_map(|(_, best)| *best)
                .flat_map(|(_, decision)| decision.determining.clone())
                .collect();
            return Ruled::Allowed(policies.into_iter().collect());
        }
        if let Some((name, _)) = candidates.iter().find(|(_, best)| is_allowed(best)) {
            return Ruled::Unclear(format!(
                "no name in the flow; DNS led to {} by {}",
                remote.addr, name.text
            ));
        }
        let unreadable = flow.started == Started::MidStream
            || !flow.facts.anomalies.is_empty()
            || flow.truncated_packets > 0;
        if self.anything_allowed && unreadable && flow.transport != Transport::Icmp {
            return Ruled::Unclear(format!("the start of the flow to {remote} could not be read"));
        }
        match candidates.first() {
            Some((name, Some((id, decision)))) => Ruled::Denied(
                format!("contact with {} ({}), of {id}", remote.addr, name.text),
                decision.determining.clone(),
            ),
            Some((name, None)) => {
                self.unknown_is(format!("contact with {} ({}), of no known service", remote.addr, name.text))
            }
            None => {
                self.unknown_is(format!("contact with {} by {} without a name", remote.addr, flow.transport))
            }
        }
    }

    /// Whether a name is of an allowed service, and tied.
    fn is_let_out(&self, name: &Name<'_>) -> bool {
        name.tie.holds() && self.best(name).is_some_and(|(_, decision)| decision.allowed)
    }

    /// The decision on a name: that of an allowed service where one lists it, since the wire
    /// cannot tell the services of one host apart.
    fn best<'s>(&'s self, name: &'s Name<'_>) -> Option<(&'s ServiceId, &'s Decision)> {
        let decisions = name
            .listed
            .iter()
            .map(|listed| (&listed.found.service.id, self.service(&listed.found.service.id)));
        decisions.clone().find(|(_, decision)| decision.allowed).or_else(|| decisions.clone().next())
    }
}

/// Whether a flow asks a server on the station's network for a lease (RFC 2131, 4.4.5).
fn is_lease(flow: &FlowRecord, seen: &Seen) -> bool {
    flow.facts.protocol() == Some(Protocol::Dhcp) && scope(seen.remote.addr) == Scope::Private
}

/// The services of a name, for a sentence.
fn ids(name: &Name<'_>, first: &ServiceId) -> String {
    let others = name.listed.iter().map(|listed| &listed.found.service.id).filter(|id| *id != first);
    let mut list: Vec<&str> = std::iter::once(first).chain(others).map(ServiceId::as_str).collect();
    list.dedup();
    list.join(" or ")
}

/// Whether the name stood where the service's strength of binding needs it. A name in some hello
/// says no more of what a time server is sent than DNS does.
pub(crate) fn binds(name: &Name<'_>, flow: &FlowRecord, protection: Protection) -> bool {
    let How::Claimed(source) = name.how else { return false };
    name.listed.iter().any(|listed| match listed.binding {
        Binding::Tls => source == NameSource::TlsHello && flow.facts.layers.contains(&Protocol::Tls),
        Binding::Quic => source == NameSource::QuicHello,
        Binding::Http => source == NameSource::HttpHost,
        Binding::NameOnly => is_recognised(flow, protection),
    })
}

/// What policies may know of a service.
pub fn facts(catalogue: &Catalogue, service: &Service) -> ServiceFacts {
    let party = catalogue.party_of(service);
    ServiceFacts {
        id: service.id.clone(),
        party: party.map_or_else(|| service.party.as_str().to_owned(), |party| party.name.clone()),
        party_kind: party.map_or(creance_model::PartyKind::Third, |party| party.kind),
        jurisdiction: party.and_then(|party| party.jurisdiction),
        takes: service.takes.clone(),
    }
}

/// An anomaly in plain words.
pub(crate) const fn describe(anomaly: &Anomaly) -> &'static str {
    match anomaly {
        Anomaly::InvalidName(_) => "a name that is no valid host name",
        Anomaly::SeveralNames => "several names in one hello",
        Anomaly::NamesDiffer => "different names in one flow",
        Anomaly::Malformed(_) => "bytes that break the rules of their protocol",
        Anomaly::HeadMissing => "the start is missing",
        Anomaly::NotFollowed => "bytes are missing where a name may have stood",
        Anomaly::QuicNotOpened => "QUIC that could not be opened",
        Anomaly::CertificatesTooLarge => "certificates larger than what is kept",
        Anomaly::MoreThanAQuestion => "DNS that carries more than a question",
        Anomaly::ContradictingSegments => "segments that contradict each other",
    }
}
