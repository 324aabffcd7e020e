//! Classic capture files (draft-ietf-opsawg-pcap).

use crate::Packet;
use crate::bytes::low32;

/// How a classic capture file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pcap {
    /// The framing of all packets (LINKTYPE_…).
    pub linktype: u32,
    /// Most significant byte first.
    pub big_endian: bool,
    /// Times in nanoseconds, not microseconds.
    pub nanoseconds: bool,
    /// The most bytes kept of a packet.
    pub snaplen: u32,
}

impl Pcap {
    /// Little-endian, microseconds, whole packets: what most programs write.
    #[must_use]
    pub const fn new(linktype: u32) -> Self {
        Self { linktype, big_endian: false, nanoseconds: false, snaplen: 262_144 }
    }

    /// The file.
    #[must_use]
    pub fn write(self, packets: &[Packet]) -> Vec<u8> {
        let mut out = self.header();
        for packet in packets {
            self.record(&mut out, packet.at.0, &packet.bytes);
        }
        out
    }

    /// The file's first 24 bytes.
    #[must_use]
    pub fn header(self) -> Vec<u8> {
        let magic: u32 = if self.nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
        let mut out = Vec::with_capacity(24);
        out.extend(self.four(magic));
        out.extend(self.two(2));
        out.extend(self.two(4));
        out.extend([0; 8]);
        out.extend(self.four(self.snaplen));
        out.extend(self.four(self.linktype));
        out
    }

    /// Appends one packet, cut to the snap length. `nanos` since 1970; times before are written
    /// as 1970.
    pub fn record(self, out: &mut Vec<u8>, nanos: i64, bytes: &[u8]) {
        let nanos = nanos.max(0).unsigned_abs();
        let fraction = nanos % 1_000_000_000 / if self.nanoseconds { 1 } else { 1000 };
        let kept = bytes.get(..self.snaplen as usize).unwrap_or(bytes);
        out.extend(self.four(low32(nanos / 1_000_000_000)));
        out.extend(self.four(low32(fraction)));
        out.extend(self.four(low32(kept.len() as u64)));
        out.extend(self.four(low32(bytes.len() as u64)));
        out.extend_from_slice(kept);
    }

    const fn four(self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    const fn two(self, value: u16) -> [u8; 2] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use creance_model::Timestamp;

    #[test]
    fn all_four_kinds_differ_where_they_should() {
        let packet = Packet {
            at: Timestamp(1_500_002_003),
            interface: 0,
            bytes: vec![1, 2, 3],
            comment: None,
            process: None,
            lost: None,
        };
        let write = |big_endian, nanoseconds| {
            Pcap { linktype: 101, big_endian, nanoseconds, snaplen: 2 }.write(std::slice::from_ref(&packet))
        };
        assert_eq!(
            write(true, true),
            hex("a1b23c4d 0002 0004 00000000 00000000 00000002 00000065
                 00000001 1dcd6cd3 00000002 00000003 0102")
        );
        assert_eq!(
            write(false, false),
            hex("d4c3b2a1 0200 0400 00000000 00000000 02000000 65000000
                 01000000 22a10700 02000000 03000000 0102")
        );
    }
}
