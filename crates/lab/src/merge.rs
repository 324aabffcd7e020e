//! Many small captures made into a large one, for benchmarks.
//!
//! A capture that is simply repeated becomes a pile of retransmissions. Here each copy has its
//! own addresses and times. Addresses are changed in place, in the headers of packets that stand
//! directly in Ethernet (with up to two VLAN tags); everything else stays as it was, check sums
//! and the addresses inside DNS answers included.

use crate::bytes::low8;
use crate::pcap::Pcap;
use crate::read::{ReadError, packets};
use std::io::{self, Write};

/// The longest pause that is kept between two packets of a file: one second.
const PAUSE_NANOS_MAX: i64 = 1_000_000_000;
/// Where the merged times start: 2026-05-04T09:00:00Z.
const START_NANOS: i64 = 1_777_885_200_000_000_000;

/// One packet to be copied.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Nanoseconds since the packet before.
    pause: i64,
    start: usize,
    length: usize,
}

/// The packets of all inputs, in memory once.
#[derive(Debug, Clone, Default)]
pub struct Merge {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Packets that are in the merge.
    pub packets: usize,
    /// Packets that are not Ethernet and were left out.
    pub skipped: usize,
}

impl Merge {
    /// Takes the Ethernet packets of a file.
    ///
    /// # Errors
    /// Where the file is not a capture.
    pub fn add(&mut self, file: &[u8]) -> Result<Taken, ReadError> {
        let mut taken = Taken { packets: 0, skipped: 0 };
        let mut last = None;
        for seen in packets(file)? {
            if seen.linktype != 1 {
                taken.skipped += 1;
                continue;
            }
            let before = last.unwrap_or(seen.nanos - 1_000_000);
            last = Some(seen.nanos);
            self.pieces.push(Piece {
                pause: seen.nanos.saturating_sub(before).clamp(0, PAUSE_NANOS_MAX),
                start: self.bytes.len(),
                length: seen.bytes.len(),
            });
            self.bytes.extend_from_slice(seen.bytes);
            taken.packets += 1;
        }
        Ok(taken)
    }

    /// The bytes that one copy adds to the output.
    #[must_use]
    pub fn copy_bytes(&self) -> u64 {
        (self.bytes.len() + self.pieces.len() * 16) as u64
    }

    /// Writes `copies` copies one after the other as one nanosecond pcap file, and returns its
    /// size in bytes.
    ///
    /// # Errors
    /// Where the output cannot be written.
    pub fn write(&self, copies: u32, out: &mut (impl Write + ?Sized)) -> io::Result<u64> {
        let format = Pcap { nanoseconds: true, ..Pcap::new(1) };
        out.write_all(&format.header())?;
        let mut nanos = START_NANOS;
        let mut buffer = Vec::with_capacity(1 << 21);
        let mut written = 24;
        for copy in 0..copies {
            for piece in &self.pieces {
                nanos = nanos.saturating_add(piece.pause);
                let packet = self.bytes.get(piece.start..piece.start + piece.length);
                format.record(&mut buffer, nanos, packet.unwrap_or_default());
                let frame = buffer.len() - piece.length.min(buffer.len());
                readdress(buffer.get_mut(frame..).unwrap_or_default(), copy);
                if buffer.len() >= 1 << 20 {
                    written += buffer.len() as u64;
                    out.write_all(&buffer)?;
                    buffer.clear();
                }
            }
        }
        out.write_all(&buffer)?;
        Ok(written + buffer.len() as u64)
    }
}

/// Gives an Ethernet frame the addresses of a copy. The first two bytes of IPv4 addresses and
/// the first twelve of IPv6 addresses stay, so that private stays private and public public.
/// Groups, loopback and the unspecified address stay whole. Copy 0 is the original;
/// after 65,536 copies the addresses repeat.
pub fn readdress(frame: &mut [u8], copy: u32) {
    let mut at = 12;
    for _ in 0..2 {
        if let Some([0x81, 0] | [0x88, 0xa8]) = frame.get(at..at + 2) {
            at += 4;
        }
    }
    let mask = [low8(u64::from(copy)), low8(u64::from(copy >> 8))];
    match frame.get(at..at + 2) {
        Some([0x08, 0x00]) => {
            if let Some(addresses) = frame.get_mut(at + 14..at + 22) {
                for addr in addresses.chunks_exact_mut(4) {
                    readdress_v4(addr, mask);
                }
            }
        }
        Some([0x86, 0xdd]) => {
            if let Some(addresses) = frame.get_mut(at + 10..at + 42) {
                for addr in addresses.chunks_exact_mut(16) {
                    readdress_v6(addr, mask);
                }
            }
        }
        Some(_) | None => {}
    }
}

fn readdress_v4(addr: &mut [u8], [low, high]: [u8; 2]) {
    if let [a, _, c, d] = addr
        && !matches!(*a, 0 | 127 | 224..=255)
    {
        *c ^= low;
        *d ^= high;
    }
}

fn readdress_v6(addr: &mut [u8], [low, high]: [u8; 2]) {
    if let [first, .., a, b, _, _] = addr
        && !matches!(*first, 0 | 0xff)
    {
        *a ^= high;
        *b ^= low;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Link;
    use crate::{Recorder, Udp};
    use creance_model::{Endpoint, Timestamp};

    fn file(link: Link, client: &str, server: &str) -> Vec<u8> {
        let mut recorder = Recorder::new(link, 1);
        let end = |text: &str, port| Endpoint { addr: text.parse().unwrap(), port };
        Udp::new(&mut recorder, end(client, 9), end(server, 53), Timestamp(5_000_000_000))
            .send(crate::Side::Client, b"one")
            .send(crate::Side::Server, b"two");
        Pcap::new(link.linktype()).write(&recorder.finish())
    }

    #[test]
    fn each_copy_has_its_own_addresses_and_later_times() {
        let mut merge = Merge::default();
        let two = Taken { packets: 2, skipped: 0 };
        assert_eq!(merge.add(&file(Link::Ethernet, "192.168.1.5", "8.8.8.8")), Ok(two));
        assert_eq!(merge.add(&file(Link::QinQ(1, 2), "fd00::5", "2a00:1450::8")), Ok(two));
        let left = Taken { packets: 0, skipped: 2 };
        assert_eq!(merge.add(&file(Link::RawIp, "10.0.0.1", "8.8.8.8")), Ok(left));
        let mut out = Vec::new();
        let size = merge.write(3, &mut out).unwrap();
        assert_eq!(size, out.len() as u64);
        assert_eq!(size, 24 + 3 * merge.copy_bytes());
        let seen = packets(&out).unwrap();
        assert_eq!(seen.len(), 12);
        assert!(seen.windows(2).all(|pair| pair[0].nanos < pair[1].nanos));
        assert_eq!(seen[0].bytes[26..34], [192, 168, 1, 5, 8, 8, 8, 8]);
        assert_eq!(seen[8].bytes[26..34], [192, 168, 3, 5, 8, 8, 10, 8]);
        assert_eq!(seen[10].bytes[30..46], "fd00::2:5".parse::<std::net::Ipv6Addr>().unwrap().octets());
    }

    #[test]
    fn groups_and_short_frames_stay() {
        let mut addr = [224, 0, 0, 251];
        readdress_v4(&mut addr, [1, 1]);
        assert_eq!(addr, [224, 0, 0, 251]);
        for length in 0..40 {
            let mut frame = vec![0; length];
            if let Some(kind) = frame.get_mut(12..14) {
                kind.copy_from_slice(&[8, 0]);
            }
            readdress(&mut frame, 3);
        }
    }
}
