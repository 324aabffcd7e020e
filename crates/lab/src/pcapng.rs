//! Capture files of the new kind (draft-ietf-opsawg-pcapng).

use crate::Packet;
use crate::bytes::{len16, low32};
use creance_model::Timestamp;
use std::net::IpAddr;

/// An interface that packets were captured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The framing (LINKTYPE_…).
    pub linktype: u32,
    /// Its name.
    pub name: String,
    /// Times count units of ten to the minus this many seconds (`if_tsresol`).
    pub digits: u8,
    /// The most bytes kept of a packet; 0 means no limit.
    pub snaplen: u32,
    /// What the interface counted, where it counted.
    pub counts: Option<Counts>,
}

/// What an interface statistics block tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Packets that arrived.
    pub received: u64,
    /// Packets that a filter let through, where that was counted.
    pub accepted: Option<u64>,
    /// Packets that were handed to the recorder, where that was counted.
    pub delivered: Option<u64>,
    /// Packets that the capture lost.
    pub dropped: u64,
}

/// How a pcapng file is written: one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PcapNg {
    /// Most significant byte first.
    pub big_endian: bool,
    /// The interfaces, in the order of their numbers.
    pub interfaces: Vec<Interface>,
    /// A comment on the whole.
    pub comment: Option<String>,
    /// Names of addresses (name resolution block).
    pub names: Vec<(IpAddr, String)>,
    /// A TLS key log (decryption secrets block).
    pub secrets: Option<String>,
    /// Processes (Apple's block 0x80000001): id and name. Packets refer to their places.
    pub processes: Vec<(u32, String)>,
    /// A custom block after the interfaces: enterprise number and content.
    pub custom: Option<(u32, Vec<u8>)>,
    /// Packets without times, in simple packet blocks.
    pub simple: bool,
    /// How many packets come before the statistics; all of them where `None`.
    pub counted_after: Option<usize>,
}

impl Interface {
    /// An interface of microseconds with nothing lost out of `received` packets.
    #[must_use]
    pub fn lossless(linktype: u32, received: usize) -> Self {
        Self {
            linktype,
            name: "wlan0".to_owned(),
            digits: 6,
            snaplen: 0,
            counts: Some(Counts { received: received as u64, accepted: None, delivered: None, dropped: 0 }),
        }
    }
}

impl PcapNg {
    /// A little-endian file with these interfaces and nothing else.
    #[must_use]
    pub const fn new(interfaces: Vec<Interface>) -> Self {
        Self {
            big_endian: false,
            interfaces,
            comment: None,
            names: Vec::new(),
            secrets: None,
            processes: Vec::new(),
            custom: None,
            simple: false,
            counted_after: None,
        }
    }

    /// The file. Statistics carry the times of the first and last packet before them.
    #[must_use]
    pub fn write(&self, packets: &[Packet]) -> Vec<u8> {
        let mut out = self.preamble();
        let block =
            |packet| if self.simple { self.simple_packet(packet) } else { self.enhanced_packet(packet) };
        let (counted, later) =
            packets.split_at(self.counted_after.unwrap_or(packets.len()).min(packets.len()));
        out.extend(counted.iter().flat_map(block));
        let first = counted.first().map_or(Timestamp(0), |packet| packet.at);
        let last = counted.last().map_or(first, |packet| packet.at);
        for (interface, number) in self.interfaces.iter().zip(0..) {
            if let Some(counts) = interface.counts {
                out.extend(self.statistics(number, interface, counts, first, last));
            }
        }
        out.extend(later.iter().flat_map(block));
        out
    }

    /// Everything before the packets.
    fn preamble(&self) -> Vec<u8> {
        let mut head = Vec::new();
        self.four(&mut head, 0x1a2b_3c4d);
        self.two(&mut head, 1);
        self.two(&mut head, 0);
        head.extend([0xff; 8]);
        if let Some(comment) = &self.comment {
            self.option(&mut head, 1, comment.as_bytes());
            self.option(&mut head, 0, b"");
        }
        let mut out = self.block(0x0a0d_0d0a, &head);
        for interface in &self.interfaces {
            out.extend(self.interface(interface));
        }
        if let Some((enterprise, content)) = &self.custom {
            let mut body = Vec::new();
            self.four(&mut body, *enterprise);
            body.extend(content);
            out.extend(self.block(0x0bad, &body));
        }
        for (id, name) in &self.processes {
            let mut body = Vec::new();
            self.four(&mut body, *id);
            self.option(&mut body, 2, name.as_bytes());
            self.option(&mut body, 4, &[low32(u64::from(*id)).to_be_bytes(); 4].concat());
            self.option(&mut body, 0, b"");
            out.extend(self.block(0x8000_0001, &body));
        }
        if !self.names.is_empty() {
            out.extend(self.name_resolution());
        }
        if let Some(secrets) = &self.secrets {
            let mut body = Vec::new();
            self.four(&mut body, 0x544c_534b);
            self.four(&mut body, low32(secrets.len() as u64));
            body.extend(secrets.as_bytes());
            out.extend(self.block(10, &body));
        }
        out
    }

    fn interface(&self, interface: &Interface) -> Vec<u8> {
        let mut body = Vec::new();
        self.two(&mut body, len16(interface.linktype as usize));
        self.two(&mut body, 0);
        self.four(&mut body, interface.snaplen);
        self.option(&mut body, 2, interface.name.as_bytes());
        self.option(&mut body, 9, &[interface.digits]);
        self.option(&mut body, 0, b"");
        self.block(1, &body)
    }

    fn name_resolution(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (addr, name) in &self.names {
            let (kind, octets) = match addr {
                IpAddr::V4(addr) => (1, addr.octets().to_vec()),
                IpAddr::V6(addr) => (2, addr.octets().to_vec()),
            };
            let value = [octets, name.as_bytes().to_vec(), vec![0]].concat();
            self.option(&mut body, kind, &value);
        }
        self.option(&mut body, 0, b"");
        self.block(4, &body)
    }

    fn enhanced_packet(&self, packet: &Packet) -> Vec<u8> {
        let interface = self.interfaces.get(packet.interface as usize);
        let units = units(packet.at, interface.map_or(6, |interface| interface.digits));
        let limit = interface.map_or(0, |interface| interface.snaplen) as usize;
        let kept = match packet.bytes.get(..limit) {
            Some(kept) if limit > 0 => kept,
            Some(_) | None => &packet.bytes,
        };
        let mut body = Vec::with_capacity(kept.len() + 48);
        self.four(&mut body, packet.interface);
        self.four(&mut body, low32(units >> 32));
        self.four(&mut body, low32(units));
        self.four(&mut body, low32(kept.len() as u64));
        self.four(&mut body, low32(packet.bytes.len() as u64));
        body.extend_from_slice(kept);
        body.resize(body.len().next_multiple_of(4), 0);
        if let Some(comment) = &packet.comment {
            self.option(&mut body, 1, comment.as_bytes());
        }
        if let Some(process) = packet.process {
            let mut value = Vec::new();
            self.four(&mut value, process);
            self.option(&mut body, 0x8001, &value);
        }
        if let Some(lost) = packet.lost {
            self.option(&mut body, 4, &self.eight(lost));
        }
        if packet.comment.is_some() || packet.process.is_some() || packet.lost.is_some() {
            self.option(&mut body, 0, b"");
        }
        self.block(6, &body)
    }

    fn simple_packet(&self, packet: &Packet) -> Vec<u8> {
        let mut body = Vec::new();
        self.four(&mut body, low32(packet.bytes.len() as u64));
        body.extend_from_slice(&packet.bytes);
        self.block(3, &body)
    }

    fn statistics(
        &self,
        number: u32,
        interface: &Interface,
        counts: Counts,
        first: Timestamp,
        last: Timestamp,
    ) -> Vec<u8> {
        let moment = |body: &mut Vec<u8>, at| {
            let units = units(at, interface.digits);
            self.four(body, low32(units >> 32));
            self.four(body, low32(units));
        };
        let mut body = Vec::new();
        self.four(&mut body, number);
        moment(&mut body, last);
        for (code, at) in [(2, first), (3, last)] {
            let mut value = Vec::new();
            moment(&mut value, at);
            self.option(&mut body, code, &value);
        }
        for (code, count) in [
            (4, Some(counts.received)),
            (5, Some(counts.dropped)),
            (6, counts.accepted),
            (8, counts.delivered),
        ] {
            let Some(count) = count else { continue };
            self.option(&mut body, code, &self.eight(count));
        }
        self.option(&mut body, 0, b"");
        self.block(5, &body)
    }

    fn block(&self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let total = low32(padded as u64 + 12);
        let mut out = Vec::with_capacity(padded + 12);
        self.four(&mut out, kind);
        self.four(&mut out, total);
        out.extend_from_slice(body);
        out.resize(padded + 8, 0);
        self.four(&mut out, total);
        out
    }

    fn option(&self, out: &mut Vec<u8>, code: u16, value: &[u8]) {
        self.two(out, code);
        self.two(out, len16(value.len()));
        out.extend_from_slice(value);
        out.resize(out.len().next_multiple_of(4), 0);
    }

    const fn eight(&self, value: u64) -> [u8; 8] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn four(&self, out: &mut Vec<u8>, value: u32) {
        out.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn two(&self, out: &mut Vec<u8>, value: u16) {
        out.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }
}

/// A moment in units of ten to the minus `digits` seconds.
fn units(at: Timestamp, digits: u8) -> u64 {
    let nanos = u128::from(at.0.max(0).unsigned_abs());
    let units = nanos * 10_u128.pow(u32::from(digits.min(18))) / 1_000_000_000;
    u64::try_from(units).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;

    fn packet(comment: Option<&str>, process: Option<u32>) -> Packet {
        Packet {
            at: Timestamp(2_000_000_000),
            interface: 0,
            bytes: vec![0xaa; 5],
            comment: comment.map(str::to_owned),
            process,
            lost: None,
        }
    }

    #[test]
    fn blocks_stand_as_the_draft_says() {
        let mut file = PcapNg::new(vec![Interface::lossless(1, 1)]);
        file.big_endian = true;
        let bytes = file.write(&[packet(Some("hi"), Some(3))]);
        assert_eq!(bytes[..28], hex("0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"));
        assert_eq!(bytes[28..44], hex("00000001 0000002c 0001 0000 00000000"));
        let expected = hex("00000006 0000003c 00000000 00000000 001e8480 00000005 00000005 aaaaaaaaaa000000
             0001 0002 68690000 8001 0004 00000003 0000 0000 0000003c");
        assert_eq!(bytes[72..72 + expected.len()], expected);
        assert!(
            bytes.ends_with(&hex("0004 0008 0000000000000001 0005 0008 0000000000000000 0000 0000 0000004c"))
        );
    }

    #[test]
    fn units_follow_the_resolution() {
        assert_eq!(units(Timestamp(1_234_567_891), 6), 1_234_567);
        assert_eq!(units(Timestamp(1_234_567_891), 9), 1_234_567_891);
        assert_eq!(units(Timestamp(1_234_567_891), 0), 1);
    }

    #[test]
    fn names_secrets_processes_and_simple_packets_have_blocks() {
        let mut file = PcapNg::new(vec![Interface::lossless(1, 1)]);
        file.big_endian = true;
        file.simple = true;
        file.names = vec![("1.2.3.4".parse().unwrap(), "a.b".into())];
        file.secrets = Some("CLIENT_RANDOM".into());
        file.processes = vec![(7, "app".into())];
        file.custom = Some((9, vec![1, 2, 3, 4]));
        let bytes = file.write(&[packet(None, None)]);
        for block in [
            "00000004 0000001c 0001 0008 01020304612e6200 0000 0000 0000001c",
            "0000000a 00000024 544c534b 0000000d 434c49454e545f52414e444f4d000000 00000024",
            "80000001 00000030 00000007 0002 0003 61707000 0004 0010",
            "00000bad 00000014 00000009 01020304 00000014",
            "00000003 00000018 00000005 aaaaaaaaaa000000 00000018",
        ] {
            let block = hex(block);
            assert!(bytes.windows(block.len()).any(|w| w == block), "{block:x?}");
        }
        assert_eq!(crate::read::packets(&bytes).unwrap()[0].bytes, [0xaa; 5]);
    }
}
