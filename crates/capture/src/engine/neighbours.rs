//! What of the traffic between neighbours is ordinary: its size, its form, and how often it comes.
//!
//! No router forwards it, but whoever is on the link reads it, and each of these protocols has room
//! for anything. What goes beyond a bound is counted with what was not understood.

use crate::packet::card::Card;
use creance_model::Timestamp;
use std::collections::BTreeMap;

/// What the smallest Ethernet frame carries, with its check sum (IEEE 802.3: 46 bytes and 4).
const SMALLEST_BYTES: usize = 50;
/// Nanoseconds of a minute.
const MINUTE: i64 = 60_000_000_000;
/// Cards whose frames of one minute are counted, of all protocols.
const SENDERS_MAX: usize = 1024;
/// How many times what one card may send all together may, since a card's address is easily made up.
const ALL_SENDERS: u64 = 16;

/// What is ordinary for a protocol.
#[derive(Debug, Clone, Copy)]
struct Ordinary {
    /// It is sent to groups alone.
    to_groups: bool,
    /// The largest message, in bytes, without the framing, which differs.
    bytes_max: usize,
    /// Messages that one card sends in a minute.
    minute_max: u64,
    /// Bytes that one card sends in a minute.
    minute_bytes_max: u64,
}

const fn ordinary(to_groups: bool, bytes_max: usize, minute_max: u64, minute_bytes_max: u64) -> Ordinary {
    Ordinary { to_groups, bytes_max, minute_max, minute_bytes_max }
}

/// The bounds of a protocol: several times what implementations send, and little enough to carry
/// no flight's log. `None` where nothing of the name is ordinary.
fn bounds(protocol: &str) -> Option<Ordinary> {
    Some(match protocol {
        // A router asks once a second for each neighbour that does not answer.
        "ARP" => ordinary(false, SMALLEST_BYTES, 240, 240 * 50),
        "RARP" | "Ethernet loopback test" => ordinary(protocol != "RARP", SMALLEST_BYTES, 12, 600),
        "PPP control" => ordinary(false, SMALLEST_BYTES, 60, 3_000),
        "802.1X" => ordinary(false, 256, 60, 8_192),
        "PPPoE discovery" => ordinary(false, 256, 30, 4_096),
        // Every 30 s, and four times at a start (IEEE 802.1AB, 9.2.5).
        "LLDP" => ordinary(true, 512, 12, 4_096),
        // Once a second at most (IEEE 802.3, annex 57A: ten frames a second for all of them), 110
        // bytes each.
        "Ethernet slow protocols" => ordinary(true, 114, 90, 90 * 114),
        // Every two seconds, of a bridge for each of its trees.
        "spanning tree" => ordinary(true, 128, 60, 4_096),
        "Cisco link protocols" => ordinary(true, 512, 60, 4_096),
        "PTP" => ordinary(true, 96, 300, 300 * 80),
        _ => return None,
    })
}

/// What speaks against a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusual {
    Kind,
    Often,
}

impl Unusual {
    /// What such a message counts as.
    pub(super) fn named(self, protocol: &str) -> String {
        match self {
            Self::Kind => format!("{protocol} of an unusual kind"),
            Self::Often => format!("{protocol} more often than is usual"),
        }
    }
}

/// Messages of a minute.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    messages: u64,
    bytes: u64,
}

impl Tally {
    /// Counts a message; whether so many are ordinary.
    const fn add(&mut self, bytes: usize, of: Ordinary, times: u64) -> bool {
        self.messages += 1;
        self.bytes += bytes as u64;
        self.messages <= of.minute_max * times && self.bytes <= of.minute_bytes_max * times
    }
}

/// Messages of the current minute of packet time.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    minute: i64,
    by_sender: BTreeMap<(&'static str, Option<[u8; 6]>), Tally>,
    all: BTreeMap<&'static str, Tally>,
}

impl Neighbours {
    /// Takes a message of `protocol`, without the layer that carries it.
    pub(super) fn take(
        &mut self,
        protocol: &'static str,
        [sender, receiver]: [Card; 2],
        message: &[u8],
        at: Timestamp,
    ) -> Result<(), Unusual> {
        if protocol == "GRE acknowledgement" {
            // It is empty, and counted with the flow that carries it.
            return if message.is_empty() { Ok(()) } else { Err(Unusual::Kind) };
        }
        let of = bounds(protocol).ok_or(Unusual::Kind)?;
        // Where the framing does not name the receiver, only what fits the smallest frame passes.
        let is_for_group =
            if receiver.is_none() { message.len() <= SMALLEST_BYTES } else { receiver.is_group() };
        if message.len() > of.bytes_max || (of.to_groups && !is_for_group) || !is_formed(protocol, message) {
            return Err(Unusual::Kind);
        }
        self.go_to(at.0.div_euclid(MINUTE));
        let key = (protocol, sender.bytes());
        let has_room = self.by_sender.len() < SENDERS_MAX || self.by_sender.contains_key(&key);
        let of_sender = has_room && self.by_sender.entry(key).or_default().add(message.len(), of, 1);
        let of_all = self.all.entry(protocol).or_default().add(message.len(), of, ALL_SENDERS);
        if of_sender && of_all { Ok(()) } else { Err(Unusual::Often) }
    }

    /// Begins to count anew with a later minute. Earlier times count in the one that is counted, so
    /// that a capture whose times jump has no more room than another.
    fn go_to(&mut self, minute: i64) {
        if minute > self.minute || self.all.is_empty() {
            self.minute = minute;
            self.by_sender.clear();
            self.all.clear();
        }
    }
}

/// Whether a message has the parts that its protocol gives it, where those are fixed.
fn is_formed(protocol: &str, message: &[u8]) -> bool {
    match (protocol, message) {
        // Ethernet and IPv4, a question or an answer (RFC 826).
        ("ARP", [0, 1, 8, 0, 6, 4, 0, 1 | 2, ..]) => message.len() >= 28,
        ("ARP", _) => false,
        // Link aggregation (IEEE 802.1AX, 6.4.2.3): two ends, a collector, and what is reserved.
        ("Ethernet slow protocols", [1, 1, 1, 20, rest @ ..]) => {
            rest.get(18..20) == Some(&[2, 20])
                && rest.get(38..40) == Some(&[3, 16])
                && rest.get(42..106).is_some_and(|reserved| reserved.iter().all(|byte| *byte == 0))
        }
        // A marker and its answer (the same, 6.5.3.3).
        ("Ethernet slow protocols", [2, 1, 1 | 2, 16, rest @ ..]) => {
            rest.get(14..106).is_some_and(|reserved| reserved.iter().all(|byte| *byte == 0))
        }
        ("Ethernet slow protocols", _) => false,
        ("spanning tree", [0x42, 0x42, 3, 0, 0, 0 | 2 | 3, ..]) => true,
        ("spanning tree", _) => false,
        // The parts that each begins with (IEEE 802.1AB, 8.2).
        ("LLDP", [2, ..]) => true,
        ("LLDP", _) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: Card = Card::new([2, 0, 0, 0, 0, 1]);
    const GROUP: Card = Card::new([1, 0x80, 0xc2, 0, 0, 2]);

    fn take(to: &mut Neighbours, protocol: &'static str, message: &[u8], second: i64) -> Result<(), Unusual> {
        to.take(protocol, [SENDER, GROUP], message, Timestamp(second * 1_000_000_000))
    }

    fn aggregation() -> Vec<u8> {
        let mut message = vec![0; 110];
        message[..4].copy_from_slice(&[1, 1, 1, 20]);
        message[22..24].copy_from_slice(&[2, 20]);
        message[42..44].copy_from_slice(&[3, 16]);
        message
    }

    #[test]
    fn aggregation_once_a_second_is_ordinary_and_text_in_it_is_not() {
        let mut neighbours = Neighbours::default();
        let mut message = aggregation();
        for second in 0..600 {
            assert_eq!(
                take(&mut neighbours, "Ethernet slow protocols", &message, second),
                Ok(()),
                "{second}"
            );
        }
        message[80] = b'x';
        let text = take(&mut neighbours, "Ethernet slow protocols", &message, 600);
        assert_eq!(text, Err(Unusual::Kind));
    }

    #[test]
    fn what_comes_too_often_shows_and_is_ordinary_again_in_the_next_minute() {
        let mut neighbours = Neighbours::default();
        let message = [&[2, 7, 4][..], &[9; 80]].concat();
        let ordinary = (0..50).filter(|_| take(&mut neighbours, "LLDP", &message, 61).is_ok()).count();
        assert_eq!(ordinary, 12);
        assert_eq!(take(&mut neighbours, "LLDP", &message, 10), Err(Unusual::Often), "an earlier time");
        assert_eq!(take(&mut neighbours, "LLDP", &message, 121), Ok(()));
    }

    #[test]
    fn bytes_of_a_minute_are_bounded_as_well() {
        let mut neighbours = Neighbours::default();
        let message = [&[2, 7, 4][..], &[9; 500]].concat();
        let ordinary = (0..12).filter(|_| take(&mut neighbours, "LLDP", &message, 0).is_ok()).count();
        assert_eq!(ordinary, 8);
        let large = [&[2, 7, 4][..], &[9; 510]].concat();
        assert_eq!(take(&mut neighbours, "LLDP", &large, 60), Err(Unusual::Kind));
    }

    #[test]
    fn made_up_cards_bring_no_room_without_end() {
        let mut neighbours = Neighbours::default();
        let message = [&[2, 7, 4][..], &[9; 80]].concat();
        let from = |number: u64| {
            let [.., c, d] = number.to_be_bytes();
            Card::new([2, 0, 0, 0, c, d])
        };
        let mut take = |number| neighbours.take("LLDP", [from(number), GROUP], &message, Timestamp(0));
        let ordinary = (0..5_000).filter(|number| take(*number).is_ok()).count();
        assert_eq!(ordinary, 16 * 12);
    }

    #[test]
    fn no_protocol_is_without_bounds() {
        let mut neighbours = Neighbours::default();
        assert_eq!(take(&mut neighbours, "one that nobody bounded", &[], 0), Err(Unusual::Kind));
        for protocol in ["ARP", "RARP", "PPP control", "802.1X", "PPPoE discovery", "LLDP", "PTP"] {
            assert_eq!(take(&mut neighbours, protocol, &[2; 600], 0), Err(Unusual::Kind), "{protocol}");
        }
    }
}
