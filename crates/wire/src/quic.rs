//! QUIC Initial packets (RFC 9000, 9001, 9369 and the drafts) and the hello within them.
//!
//! Initial packets are encrypted with keys that follow from the packet itself, so that anyone
//! may read them. Google's own QUIC is read as far as its hello is in clear or so encrypted.

mod frames;
mod google;
mod handshake;
mod keys;
mod packet;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod version;

use crate::{Anomaly, Direction, Facts, Protocol};
use handshake::Handshake;
use keys::{Keys, Side};
use packet::{Initial, Packet};
use version::Version;

/// At most this many handshakes of one flow are remembered; the oldest goes first whose hello was
/// read.
const HANDSHAKES_MAX: usize = 4;
/// After this many datagrams, a handshake that is not over is no longer waited for.
const DATAGRAMS_MAX: u16 = 256;

/// Handshakes in progress on one flow: at most four, with 16 KiB of each side.
#[derive(Debug, Default)]
pub struct Handshakes {
    known: Vec<Handshake>,
    /// Whether the flow has shown to be QUIC.
    is_quic: bool,
    /// Whether a hello of Google's was read that stood in clear.
    google_read: bool,
    /// Whether the server has said anything.
    is_answered: bool,
    datagrams: u16,
}

/// How far a reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not QUIC.
    NotQuic,
    /// QUIC; further datagrams may tell more.
    Needs,
    /// Nothing more is expected, unless a datagram [`starts_handshake`].
    Done,
}

/// Reads one datagram and adds what it tells to `facts`.
///
/// A hello that was not read to its end leaves `client_hello` of `facts.tls` false. A flow may
/// carry several connections one after the other: the names of all are added.
pub fn read(payload: &[u8], direction: Direction, memory: &mut Handshakes, facts: &mut Facts) -> Outcome {
    if google::is_public_header(payload) {
        memory.is_quic = true;
        return google::read(payload, facts);
    }
    let is_long = payload.first().is_some_and(|first| first & 0x80 != 0);
    if is_long {
        let unread = matches!(Packet::parse(payload), None | Some(Packet::Negotiation));
        if unread && memory.is_quic && direction == Direction::FromClient {
            // Another connection in a version that nobody knows, or what only looks like one.
            facts.add_anomaly(Anomaly::QuicNotOpened);
        }
        let mut rest = payload;
        while let Some(packet) = Packet::parse(rest) {
            rest = take_packet(packet, direction, memory, facts);
        }
        if rest.len() < payload.len() && !memory.may_follow(rest) {
            facts.add_anomaly(Anomaly::Malformed(Protocol::Quic));
        }
    }
    if !memory.is_quic {
        return Outcome::NotQuic;
    }
    memory.is_answered |= direction == Direction::FromServer;
    if !is_long && !payload.is_empty() && !memory.is_answered && !memory.google_read {
        // The keys of packets with a short header come of the server's answer.
        facts.add_anomaly(Anomaly::Malformed(Protocol::Quic));
    }
    memory.progress(is_long, facts)
}

/// Whether a datagram starts with a QUIC long-header packet that may open a new handshake.
#[must_use]
pub fn starts_handshake(payload: &[u8]) -> bool {
    let &[first, a, b, c, d, ..] = payload else {
        return false;
    };
    if first & 0x80 == 0 {
        return google::is_public_header(payload);
    }
    let number = u32::from_be_bytes([a, b, c, d]);
    // Of a version that cannot be read, any long header may open one.
    number == version::Q046 || Version::of(number).is_none_or(|version| version.is_initial(first))
}

impl Handshakes {
    /// The memory that they take besides their own size, in bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.known.iter().map(|handshake| size_of::<Handshake>() + handshake.held()).sum()
    }

    /// Whether a hello was read, and all that began were read to their ends.
    #[must_use]
    pub fn hellos_are_whole(&self) -> bool {
        (self.google_read || !self.known.is_empty()) && self.known.iter().all(Handshake::hello_read)
    }

    /// Whether a hello was begun that was not read to its end.
    #[must_use]
    pub fn misses_hello(&self) -> bool {
        self.known.iter().any(Handshake::misses_hello)
    }

    /// Whether a datagram may start a handshake: as [`starts_handshake`] says where the flow is QUIC,
    /// and elsewhere only in a version that can be read.
    #[must_use]
    pub fn may_start(&self, payload: &[u8]) -> bool {
        starts_handshake(payload) && (self.is_quic || is_readable(payload))
    }

    /// Whether bytes may stand behind the packets of a datagram: padding, or a packet with a short
    /// header, whose keys are there once both have greeted.
    fn may_follow(&self, rest: &[u8]) -> bool {
        let short = rest.first().is_some_and(|first| first & 0x80 == 0);
        rest.iter().all(|byte| *byte == 0) || (short && self.known.iter().any(Handshake::settled))
    }

    fn progress(&mut self, is_long: bool, facts: &mut Facts) -> Outcome {
        let hellos_read = self.known.iter().all(Handshake::hello_read);
        let any_read = self.google_read || !self.known.is_empty();
        // A short header says that the handshake is over, although an answer was not seen.
        if any_read && self.known.iter().all(Handshake::settled) || hellos_read && !is_long {
            self.datagrams = 0;
            return Outcome::Done;
        }
        self.datagrams = self.datagrams.saturating_add(1);
        if self.datagrams < DATAGRAMS_MAX {
            return Outcome::Needs;
        }
        if !hellos_read {
            facts.add_anomaly(Anomaly::HeadMissing);
        }
        Outcome::Done
    }

    /// Opens an Initial packet with the keys of a known handshake, or as the first packet of a
    /// new one. The direction only says what to try first: whoever opens it, it is genuine.
    fn open(
        &mut self,
        initial: &Initial<'_>,
        direction: Direction,
        facts: &mut Facts,
    ) -> Option<(usize, Side, Vec<u8>)> {
        let sides = match direction {
            Direction::FromClient => [Side::Client, Side::Server],
            Direction::FromServer => [Side::Server, Side::Client],
        };
        for side in sides {
            for (index, handshake) in self.known.iter_mut().enumerate().rev() {
                if let Some(plain) = handshake.open(initial, side) {
                    return Some((index, side, plain));
                }
            }
        }
        let mut handshake = Handshake::new(initial.destination);
        let plain = handshake.open(initial, Side::Client)?;
        if self.known.len() == HANDSHAKES_MAX {
            let read = self.known.iter().position(|known| !known.misses_hello());
            if self.known.remove(read.unwrap_or(0)).misses_hello() {
                facts.add_anomaly(Anomaly::HeadMissing);
            }
        }
        self.known.push(handshake);
        Some((self.known.len() - 1, Side::Client, plain))
    }
}

/// Whether a long header is of a version that can be read.
fn is_readable(payload: &[u8]) -> bool {
    match payload {
        &[first, a, b, c, d, ..] if first & 0x80 != 0 => {
            let number = u32::from_be_bytes([a, b, c, d]);
            number == version::Q046 || Version::of(number).is_some()
        }
        _ => google::is_public_header(payload),
    }
}

/// Takes a packet; returns what is left of the datagram after it.
fn take_packet<'a>(
    packet: Packet<'a>,
    direction: Direction,
    memory: &mut Handshakes,
    facts: &mut Facts,
) -> &'a [u8] {
    match packet {
        Packet::Google(packet) => {
            memory.is_quic = true;
            memory.google_read |= google::read(packet, facts) == Outcome::Done;
            &[]
        }
        Packet::Negotiation => {
            memory.is_quic = true;
            facts.add_layer(Protocol::Quic);
            // The client starts again, and may say something else with the same id.
            if memory.misses_hello() {
                facts.add_anomaly(Anomaly::HeadMissing);
            }
            memory.known.clear();
            &[]
        }
        Packet::Initial(initial) => {
            memory.is_quic = true;
            facts.add_layer(initial.version.protocol());
            if initial.cut_short {
                facts.add_anomaly(Anomaly::HeadMissing);
                return &[];
            }
            read_initial(&initial, direction, memory, facts);
            initial.rest
        }
        Packet::Other { version, rest } => {
            memory.is_quic = true;
            facts.add_layer(version.protocol());
            rest
        }
    }
}

fn read_initial(initial: &Initial<'_>, direction: Direction, memory: &mut Handshakes, facts: &mut Facts) {
    let Some((index, side, plain)) = memory.open(initial, direction, facts) else {
        match direction {
            // No server answers it but with a negotiation, and its keys are anyone's guess.
            Direction::FromClient if initial.provokes => {}
            Direction::FromClient => facts.add_anomaly(Anomaly::QuicNotOpened),
            // Its keys follow from a packet of the client that is not there.
            Direction::FromServer => facts.add_anomaly(Anomaly::HeadMissing),
        }
        return;
    };
    if let Some(handshake) = memory.known.get_mut(index) {
        handshake.take(initial.version, side, &plain, facts);
    }
}
