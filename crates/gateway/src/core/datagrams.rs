//! The start of conversations by UDP, and of every further one on the same ports.

use crate::core::door::{Frame, fault};
use crate::core::{Admission, Reason, Refusal, Step, Table};
use creance_catalogue::Binding;
use creance_ledger::Pseudonym;
use creance_model::{HostName, Transport};
use creance_wire::quic::{self, Handshakes, Outcome};
use creance_wire::{Direction, Facts};

/// Datagrams that are held while a hello is not whole; a hello with post-quantum keys takes two
/// or three, and each may come twice.
pub const DATAGRAMS_HELD_MAX: usize = 16;

/// A conversation by UDP. Unlike that of a [`crate::core::Door`] its door stays: QUIC may begin
/// another connection on the same ports, with another name.
#[derive(Debug)]
pub struct DatagramDoor {
    frame: Frame,
    handshakes: Handshakes,
    facts: Facts,
    /// Datagrams of a hello that is not whole.
    held: Vec<Vec<u8>>,
    /// How the conversation was let out.
    admission: Option<Admission>,
}

impl DatagramDoor {
    /// A conversation with a name at a port.
    ///
    /// # Errors
    /// Where it may not leave whatever it says.
    pub fn new(table: &Table, station: &Pseudonym, name: &HostName, port: u16) -> Result<Self, Refusal> {
        Ok(Self {
            frame: Frame::new(table, station, name, Transport::Udp, port)?,
            handshakes: Handshakes::default(),
            facts: Facts::default(),
            held: Vec::new(),
            admission: None,
        })
    }

    /// Takes a datagram from the app. Gives what is to be done, and the datagrams that leave now,
    /// in their order: where one is held, those that complete it come with it. Where one is
    /// refused, nothing of the conversation leaves from then on.
    pub fn feed(&mut self, datagram: &[u8]) -> (Step, Vec<Vec<u8>>) {
        if let Some(admission) = &self.admission
            && !quic::starts_handshake(datagram)
        {
            return (Step::Admit(admission.clone()), vec![datagram.to_vec()]);
        }
        self.held.push(datagram.to_vec());
        match self.look(datagram) {
            Step::Admit(admission) => {
                self.admission = Some(admission.clone());
                (Step::Admit(admission), std::mem::take(&mut self.held))
            }
            Step::Wait if self.held.len() < DATAGRAMS_HELD_MAX => (Step::Wait, Vec::new()),
            Step::Wait => (self.shut(Reason::TooLong), Vec::new()),
            refused @ Step::Refuse(_) => {
                self.held.clear();
                (refused, Vec::new())
            }
        }
    }

    /// No whole hello came in time.
    pub fn end(&mut self) -> Step {
        self.shut(Reason::TooLate)
    }

    fn shut(&mut self, reason: Reason) -> Step {
        self.held.clear();
        self.frame.refuse(reason)
    }

    fn look(&mut self, datagram: &[u8]) -> Step {
        if let admit @ Step::Admit(_) = self.frame.first() {
            return admit;
        }
        let Some(offer) = self.frame.offer(Binding::Quic) else {
            return self.frame.refuse(Reason::OtherProtocol);
        };
        let outcome = quic::read(datagram, Direction::FromClient, &mut self.handshakes, &mut self.facts);
        if let Some(reason) = fault(&self.facts) {
            return self.frame.refuse(reason);
        }
        if self.facts.names.iter().any(|seen| seen.name != self.frame.name) {
            return self.frame.refuse(Reason::OtherName);
        }
        // A host that nobody knows may speak anything, or QUIC without a name.
        let is_free = offer.binding.is_none();
        if outcome == Outcome::NotQuic {
            let admit = || Step::Admit(Admission::of(offer));
            return if is_free { admit() } else { self.frame.refuse(Reason::OtherProtocol) };
        }
        if !self.handshakes.hellos_are_whole() {
            return Step::Wait;
        }
        let blinded = self.facts.tls.as_ref().is_some_and(|tls| tls.ech);
        if blinded && offer.strict {
            return self.frame.refuse(Reason::Hidden);
        }
        if !is_free && self.facts.names.is_empty() {
            return self.frame.refuse(Reason::NothingNamed);
        }
        Step::Admit(Admission { binding: Some(Binding::Quic), blinded, ..Admission::of(offer) })
    }
}
