//! How much payload left between two ends, each byte once.

/// What one packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// A datagram with so much payload, in bytes.
    Datagram(u64),
    /// A segment of TCP.
    Segment {
        /// The number of its first byte, or that of its SYN.
        number: u32,
        /// Whether it opens a connection.
        opens: bool,
        /// Its payload, in bytes: more than the link carries where the card cuts it up.
        payload: u64,
    },
}

/// The payload that left between two ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// That of datagrams and of connections before this one, and what belongs to no place in one,
    /// in bytes.
    before: u64,
    now: Option<Connection>,
    connections: u32,
}

/// Places in a connection, counted from its first byte: numbers of 32 bits come round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Connection {
    /// The number of its first byte.
    first: u32,
    /// The place after the last byte that left.
    end: u64,
    /// Whether its beginning was seen.
    is_whole: bool,
}

impl Sent {
    /// Takes one packet.
    pub(super) fn add(&mut self, left: Left) {
        match left {
            Left::Datagram(payload) => self.before = self.before.saturating_add(payload),
            Left::Segment { number, opens, payload } => {
                let number = if opens { number.wrapping_add(1) } else { number };
                if opens {
                    self.open(number);
                }
                if payload > 0 {
                    self.carry(number, payload);
                }
            }
        }
    }

    /// The bytes that left.
    pub(super) fn bytes(&self) -> u64 {
        self.before.saturating_add(self.now.map_or(0, |now| now.end))
    }

    /// Connections that were opened; one that is opened again with the same number is one.
    pub(super) const fn connections(&self) -> u32 {
        self.connections
    }

    fn open(&mut self, first: u32) {
        if self.now.is_some_and(|now| now.is_whole && now.first == first) {
            return;
        }
        self.before = self.bytes();
        self.now = Some(Connection { first, end: 0, is_whole: true });
        self.connections = self.connections.saturating_add(1);
    }

    fn carry(&mut self, number: u32, payload: u64) {
        let now = self.now.get_or_insert(Connection { first: number, end: 0, is_whole: false });
        // Where it stands is told by how far it is from the last byte: never half of all numbers,
        // since no window is so wide (RFC 7323, 2.3).
        let after = now.first.wrapping_add(low(now.end));
        let ahead = i64::from(number.wrapping_sub(after).cast_signed());
        let begin = now.end.cast_signed().saturating_add(ahead);
        let end = begin.saturating_add_unsigned(payload);
        now.end = now.end.max(u64::try_from(end).unwrap_or(0));
        // What stands before the first byte is no part of the connection, and has left.
        if begin < 0 && now.is_whole {
            self.before = self.before.saturating_add(payload.min(begin.unsigned_abs()));
        }
    }
}

/// The low half of a number.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(number: u32) -> Sent {
        let mut sent = Sent::default();
        sent.add(Left::Segment { number, opens: true, payload: 0 });
        sent
    }

    fn carried(number: u32, payload: u64) -> Left {
        Left::Segment { number, opens: false, payload }
    }

    #[test]
    fn each_byte_counts_once_in_whatever_order_and_pieces_it_leaves() {
        let mut sent = opened(999);
        assert_eq!((sent.bytes(), sent.connections()), (0, 1));
        // A keep-alive, a confirmation, three segments, one of them again in other pieces.
        for (number, payload) in
            [(999, 0), (1000, 0), (1000, 100), (1100, 60_000), (1050, 100), (61_100, 1), (1000, 61_101)]
        {
            sent.add(carried(number, payload));
        }
        assert_eq!(sent.bytes(), 61_101);
        sent.add(carried(62_101, 10));
        assert_eq!(sent.bytes(), 61_111, "what was lost before it reached the link has left the sender");
        sent.add(Left::Segment { number: 999, opens: true, payload: 0 });
        assert_eq!((sent.bytes(), sent.connections()), (61_111, 1), "its SYN again");
    }

    #[test]
    fn numbers_come_round_as_often_as_a_flow_is_long() {
        let mut sent = opened(u32::MAX - 10);
        let (mut number, piece) = (u32::MAX - 9, 60_000_u64);
        for _ in 0..250_000 {
            sent.add(carried(number, piece));
            number = number.wrapping_add(60_000);
        }
        assert_eq!(sent.bytes(), 15_000_000_000);
        sent.add(carried(number.wrapping_sub(900_000_000), piece));
        assert_eq!(sent.bytes(), 15_000_000_000, "long ago, again");
        sent.add(carried(number.wrapping_sub(10), 20));
        assert_eq!(sent.bytes(), 15_000_000_010);
    }

    #[test]
    fn payload_on_a_syn_counts_and_so_does_what_stands_before_it() {
        let mut sent = Sent::default();
        sent.add(Left::Segment { number: 5, opens: true, payload: 300 });
        assert_eq!(sent.bytes(), 300);
        sent.add(carried(6, 300));
        assert_eq!(sent.bytes(), 300, "again");
        sent.add(carried(u32::MAX - 93, 50));
        assert_eq!(sent.bytes(), 350, "a hundred bytes before the first");
        sent.add(carried(1, 10));
        assert_eq!(sent.bytes(), 355, "half of it before the first");
    }

    #[test]
    fn a_connection_after_another_adds_to_it() {
        let mut sent = opened(1000);
        sent.add(carried(1001, 70));
        sent.add(Left::Segment { number: 9_000_000, opens: true, payload: 0 });
        sent.add(carried(9_000_001, 30));
        assert_eq!((sent.bytes(), sent.connections()), (100, 2));
        sent.add(Left::Datagram(9));
        assert_eq!(sent.bytes(), 109);
    }

    #[test]
    fn one_whose_beginning_was_missed_counts_from_where_it_was_seen() {
        let mut sent = Sent::default();
        sent.add(carried(5000, 10));
        sent.add(carried(4000, 100));
        assert_eq!((sent.bytes(), sent.connections()), (10, 0));
        sent.add(carried(5010, 10));
        assert_eq!(sent.bytes(), 20);
    }
}
