//! Conversations over TCP and UDP, packet by packet.

use crate::Recorder;
use crate::bytes::{low16, low32};
use crate::ip::{self, Segment};
use creance_model::{Duration, Endpoint, Timestamp};
use std::net::IpAddr;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that opened the conversation.
    Client,
    /// The other.
    Server,
}

/// A TCP connection (RFC 9293) on a recorder. Each method moves its own clock forward.
#[derive(Debug)]
pub struct Tcp<'a> {
    recorder: &'a mut Recorder,
    client: Endpoint,
    server: Endpoint,
    /// The time of the next packet.
    pub at: Timestamp,
    /// The most bytes that one segment carries.
    pub mss: usize,
    /// Options of segments after the first.
    pub options: Vec<u8>,
    first: [u32; 2],
    next: [u32; 2],
    last: Option<(Side, u32, Vec<u8>)>,
}

impl<'a> Tcp<'a> {
    /// A connection of which nothing was seen yet; [`Tcp::open`] shakes hands.
    #[must_use]
    pub fn new(recorder: &'a mut Recorder, client: Endpoint, server: Endpoint, at: Timestamp) -> Self {
        let next = [low32(recorder.noise().next()), low32(recorder.noise().next())];
        Self { recorder, client, server, at, mss: 1400, options: Vec::new(), first: next, next, last: None }
    }

    /// The three packets of the handshake, 20 ms apart from the far side.
    pub fn open(&mut self) -> &mut Self {
        self.open_with(&[], b"")
    }

    /// Another connection on the same ports that numbers its bytes as the first one did.
    pub fn open_again(&mut self) -> &mut Self {
        self.next = self.first;
        self.open()
    }

    /// The handshake with further options in the SYN and data in it (RFC 7413).
    pub fn open_with(&mut self, options: &[u8], early: &[u8]) -> &mut Self {
        let mut syn = vec![2, 4, 5, 120, 4, 2];
        syn.extend_from_slice(options);
        self.emit(Side::Client, SYN, early, &syn);
        self.pass(20_000);
        self.emit(Side::Server, SYN | ACK, b"", &[2, 4, 5, 120, 4, 2]);
        self.emit(Side::Client, ACK, b"", &self.options.clone());
        self
    }

    /// Only the first packet, with options and data, never answered.
    pub fn open_unanswered(&mut self, options: &[u8], early: &[u8]) -> &mut Self {
        self.emit(Side::Client, SYN, early, options);
        self
    }

    /// Sends bytes in segments of at most [`Tcp::mss`]; the other side acknowledges once.
    pub fn send(&mut self, side: Side, bytes: &[u8]) -> &mut Self {
        let options = self.options.clone();
        for part in bytes.chunks(self.mss.max(1)) {
            self.emit(side, PSH | ACK, part, &options);
        }
        self.pass(10_000);
        self.emit(other(side), ACK, b"", &options);
        self
    }

    /// Sends bytes in segments of the given sizes; what is left over goes in a last one.
    pub fn send_sizes(&mut self, side: Side, bytes: &[u8], sizes: &[usize]) -> &mut Self {
        let mut rest = bytes;
        for size in sizes {
            let (part, after) = rest.split_at((*size).min(rest.len()));
            self.emit(side, PSH | ACK, part, &[]);
            rest = after;
        }
        if !rest.is_empty() {
            self.emit(side, PSH | ACK, rest, &[]);
        }
        self
    }

    /// Sends bytes in `count` segments that arrive last first.
    pub fn send_reversed(&mut self, side: Side, bytes: &[u8], count: usize) -> &mut Self {
        let size = bytes.len().div_ceil(count.max(1)).max(1);
        let start = self.seq(side);
        let parts: Vec<(usize, &[u8])> = bytes.chunks(size).enumerate().collect();
        for (index, part) in parts.into_iter().rev() {
            self.set_seq(side, start.wrapping_add(low32((index * size) as u64)));
            self.emit(side, PSH | ACK, part, &[]);
        }
        self.set_seq(side, start.wrapping_add(low32(bytes.len() as u64)));
        self
    }

    /// Sends the last segment with data once more.
    pub fn retransmit(&mut self) -> &mut Self {
        if let Some((side, seq, bytes)) = self.last.clone() {
            let next = self.seq(side);
            self.set_seq(side, seq);
            self.pass(200_000);
            self.emit(side, PSH | ACK, &bytes, &[]);
            self.set_seq(side, next);
        }
        self
    }

    /// Bytes that were sent but never captured.
    pub fn gap(&mut self, side: Side, bytes: u32) -> &mut Self {
        self.set_seq(side, self.seq(side).wrapping_add(bytes));
        self
    }

    /// What follows is numbered as if so many bytes had not been sent.
    pub fn back(&mut self, side: Side, bytes: usize) -> &mut Self {
        self.set_seq(side, self.seq(side).wrapping_sub(low32(bytes as u64)));
        self
    }

    /// Asks whether the other side is there, by a byte in the place of the last one that was sent
    /// (RFC 9293, 3.8.4); the other side acknowledges.
    pub fn keep_alive(&mut self, side: Side, byte: u8) -> &mut Self {
        let next = self.seq(side);
        self.set_seq(side, next.wrapping_sub(1));
        self.emit(side, ACK, &[byte], &[]);
        self.set_seq(side, next);
        self.pass(10_000);
        self.emit(other(side), ACK, b"", &[]);
        self
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: Duration) -> &mut Self {
        self.at = self.at.after(time);
        self
    }

    /// Goes on at a moment.
    pub const fn until(&mut self, at: Timestamp) -> &mut Self {
        self.at = at;
        self
    }

    /// What follows is sent by the card of this address, or again by each sender's own.
    pub const fn by_card(&mut self, owner: Option<IpAddr>) -> &mut Self {
        self.recorder.from_card = owner;
        self
    }

    /// An acknowledgement without data.
    pub fn acknowledge(&mut self, side: Side) -> &mut Self {
        self.emit(side, ACK, b"", &[]);
        self
    }

    /// Ends the connection abruptly.
    pub fn reset(&mut self, side: Side) -> &mut Self {
        self.emit(side, RST | ACK, b"", &[]);
        self
    }

    /// Resets the connection in a segment with payload, which RFC 9293, 3.10.7.4, has nobody receive.
    pub fn reset_with(&mut self, side: Side, bytes: &[u8]) -> &mut Self {
        self.emit(side, RST | ACK, bytes, &[]);
        self
    }

    /// Ends the connection in order.
    pub fn close(&mut self) -> &mut Self {
        self.emit(Side::Client, FIN | ACK, b"", &[]);
        self.pass(20_000);
        self.emit(Side::Server, FIN | ACK, b"", &[]);
        self.emit(Side::Client, ACK, b"", &[]);
        self
    }

    fn emit(&mut self, side: Side, flags: u8, bytes: &[u8], options: &[u8]) {
        let (from, to) = match side {
            Side::Client => (self.client, self.server),
            Side::Server => (self.server, self.client),
        };
        let seq = self.seq(side);
        let segment = Segment {
            from: from.port,
            to: to.port,
            seq,
            ack: if flags & ACK == 0 { 0 } else { self.seq(other(side)) },
            flags,
            options: options.to_vec(),
            payload: bytes.to_vec(),
        };
        let payload = segment.bytes(from.addr, to.addr);
        self.recorder.ip(self.at, (from.addr, to.addr), ip::TCP, &payload, side == Side::Client);
        if !bytes.is_empty() {
            self.last = Some((side, seq, bytes.to_vec()));
        }
        let control = u32::from(flags & (SYN | FIN) != 0);
        self.set_seq(side, seq.wrapping_add(low32(bytes.len() as u64)).wrapping_add(control));
        self.pass(100);
    }

    fn pass(&mut self, micros: u64) {
        self.at = self.at.after(Duration(micros * 1000));
    }

    const fn seq(&self, side: Side) -> u32 {
        let [client, server] = self.next;
        match side {
            Side::Client => client,
            Side::Server => server,
        }
    }

    const fn set_seq(&mut self, side: Side, seq: u32) {
        let [client, server] = &mut self.next;
        match side {
            Side::Client => *client = seq,
            Side::Server => *server = seq,
        }
    }
}

/// Datagrams between two endpoints.
#[derive(Debug)]
pub struct Udp<'a> {
    recorder: &'a mut Recorder,
    client: Endpoint,
    server: Endpoint,
    /// The time of the next packet.
    pub at: Timestamp,
}

impl<'a> Udp<'a> {
    /// A conversation without packets yet.
    #[must_use]
    pub const fn new(recorder: &'a mut Recorder, client: Endpoint, server: Endpoint, at: Timestamp) -> Self {
        Self { recorder, client, server, at }
    }

    /// Sends one datagram; the next one follows 10 ms later.
    pub fn send(&mut self, side: Side, bytes: &[u8]) -> &mut Self {
        let (from, to) = match side {
            Side::Client => (self.client, self.server),
            Side::Server => (self.server, self.client),
        };
        let payload = ip::udp((from.addr, from.port), (to.addr, to.port), bytes);
        self.recorder.ip(self.at, (from.addr, to.addr), ip::UDP, &payload, side == Side::Client);
        self.wait(Duration(10_000_000))
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: Duration) -> &mut Self {
        self.at = self.at.after(time);
        self
    }
}

const fn other(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}

/// A port that a client would use, fixed by a number.
#[must_use]
pub(crate) const fn client_port(number: u64) -> u16 {
    32768 + low16(number % 28000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Link;

    fn segments(talk: impl FnOnce(&mut Tcp<'_>)) -> Vec<(u32, Vec<u8>)> {
        let mut recorder = Recorder::new(Link::RawIp, 1);
        let end = |text: &str, port| Endpoint { addr: text.parse().unwrap(), port };
        let mut tcp = Tcp::new(&mut recorder, end("10.0.0.1", 1), end("10.0.0.2", 2), Timestamp(0));
        talk(&mut tcp);
        let start = recorder.clone().finish()[0].bytes[24..28].to_vec();
        let start = u32::from_be_bytes(start.try_into().unwrap());
        recorder
            .finish()
            .iter()
            .filter(|p| p.bytes[15] == 1 && p.bytes.len() > 40)
            .map(|p| {
                let seq = u32::from_be_bytes(p.bytes[24..28].try_into().unwrap());
                (seq.wrapping_sub(start), p.bytes[40..].to_vec())
            })
            .collect()
    }

    #[test]
    fn bytes_are_numbered_from_the_handshake_on() {
        let seen = segments(|tcp| {
            tcp.options.clear();
            tcp.open().send(Side::Client, b"abc").retransmit().gap(Side::Client, 10);
            tcp.send_reversed(Side::Client, b"defg", 2).send_sizes(Side::Client, b"hijk", &[1]);
        });
        let data: Vec<_> = seen.into_iter().filter(|(_, b)| b.len() < 8).collect();
        let expected: Vec<(u32, &[u8])> =
            vec![(1, b"abc"), (1, b"abc"), (16, b"fg"), (14, b"de"), (18, b"h"), (19, b"ijk")];
        let expected: Vec<_> = expected.into_iter().map(|(n, b)| (n, b.to_vec())).collect();
        assert_eq!(data.get(data.len() - 6..), Some(&expected[..]));
    }
}
