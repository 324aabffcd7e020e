//! Blocks of a capture file (draft-ietf-opsawg-pcapng), little-endian.

use creance_sys::{PacketCounts, PacketKind, PacketReceived, VlanTag};
use std::time::Duration;

/// The most bytes kept of a frame: more than any that the kernel puts together from segments.
pub(crate) const FRAME_BYTES_MAX: usize = 1 << 18;

/// The section: who recorded, and what must be known of it.
pub(crate) fn section(program: &str, comment: Option<&str>) -> Vec<u8> {
    block(0x0a0d_0d0a, |body| {
        four(body, 0x1a2b_3c4d);
        body.extend([1, 0, 0, 0]);
        body.extend([0xff; 8]);
        if let Some(comment) = comment {
            option(body, 1, comment.as_bytes());
        }
        option(body, 4, program.as_bytes());
        option(body, 0, b"");
    })
}

/// The one interface, with times in nanoseconds.
pub(crate) fn interface(name: &str, link_type: u16) -> Vec<u8> {
    block(1, |body| {
        body.extend(link_type.to_le_bytes());
        body.extend([0, 0]);
        four(body, u32::try_from(FRAME_BYTES_MAX).unwrap_or(u32::MAX));
        option(body, 2, name.as_bytes());
        option(body, 9, &[9]);
        option(body, 0, b"");
    })
}

/// Appends a frame.
pub(crate) fn packet(out: &mut Vec<u8>, received: &PacketReceived, at: Duration, frame: &[u8]) {
    let tag = received.vlan.and_then(|tag| frame.split_at_checked(12).map(|halves| (tag, halves)));
    let added = if tag.is_some() { 4 } else { 0 };
    let captured = frame.len() + added;
    let padded = captured.next_multiple_of(4);
    let length = number(32 + padded + 12);
    for value in [6, length, 0] {
        four(out, value);
    }
    stamp(out, at);
    four(out, number(captured));
    four(out, number(received.length + added));
    match tag {
        Some((VlanTag { protocol, tag }, (addresses, rest))) => {
            out.extend_from_slice(addresses);
            out.extend(protocol.to_be_bytes());
            out.extend(tag.to_be_bytes());
            out.extend_from_slice(rest);
        }
        None => out.extend_from_slice(frame),
    }
    out.resize(out.len() + padded - captured, 0);
    option(out, 2, &flags(received.kind).to_le_bytes());
    option(out, 0, b"");
    four(out, length);
}

/// What the kernel counted so far, and how many frames of it stand before this block.
pub(crate) fn statistics(span: [Duration; 2], counts: Totals, written: u64) -> Vec<u8> {
    let [from, to] = span;
    block(5, |body| {
        four(body, 0);
        stamp(body, to);
        for (code, at) in [(2, from), (3, to)] {
            let mut bytes = Vec::new();
            stamp(&mut bytes, at);
            option(body, code, &bytes);
        }
        for (code, count) in [(4, counts.received), (5, counts.dropped), (8, written)] {
            option(body, code, &count.to_le_bytes());
        }
        option(body, 0, b"");
    })
}

/// Counts that do not come round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) received: u64,
    pub(crate) dropped: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, counts: PacketCounts) {
        self.received += u64::from(counts.received);
        self.dropped += u64::from(counts.dropped);
    }
}

/// Direction and kind of reception (section 4.3.1, epb_flags).
const fn flags(kind: PacketKind) -> u32 {
    match kind {
        PacketKind::Outgoing => 2,
        PacketKind::ToHost => 1 | 1 << 2,
        PacketKind::Multicast => 1 | 2 << 2,
        PacketKind::Broadcast => 1 | 3 << 2,
        PacketKind::ToOther => 1 | 4 << 2,
    }
}

fn stamp(out: &mut Vec<u8>, at: Duration) {
    let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
    let bytes = nanos.to_le_bytes();
    let (low, high) = bytes.split_at(4);
    out.extend_from_slice(high);
    out.extend_from_slice(low);
}

fn block(kind: u32, fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = Vec::new();
    fill(&mut body);
    body.resize(body.len().next_multiple_of(4), 0);
    let length = number(body.len() + 12);
    let mut out = Vec::with_capacity(body.len() + 12);
    four(&mut out, kind);
    four(&mut out, length);
    out.extend(body);
    four(&mut out, length);
    out
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    // A text that is longer than its length can say is cut.
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    out.extend(code.to_le_bytes());
    out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(value);
    out.resize(out.len() + value.len().next_multiple_of(4) - value.len(), 0);
}

fn four(out: &mut Vec<u8>, value: u32) {
    out.extend(value.to_le_bytes());
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(kind: PacketKind, vlan: Option<VlanTag>) -> PacketReceived {
        PacketReceived { captured: 17, length: 60, at: None, kind, vlan }
    }

    #[test]
    fn a_frame_has_its_lengths_its_time_and_its_direction() {
        let mut out = Vec::new();
        let at = Duration::new(1, 5);
        packet(&mut out, &received(PacketKind::Outgoing, None), at, &[7; 17]);
        assert_eq!(out.len(), 28 + 20 + 12 + 4);
        let number = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().unwrap());
        assert_eq!([number(0), number(4), number(8)], [6, 64, 0]);
        assert_eq!([number(12), number(16), number(20), number(24)], [0, 1_000_000_005, 17, 60]);
        assert_eq!(out[28..48], [&[7; 17][..], &[0; 3]].concat());
        assert_eq!([number(48), number(52), number(56), number(60)], [4 << 16 | 2, 2, 0, 64]);
    }

    #[test]
    fn a_tag_that_was_taken_out_is_put_back() {
        let mut out = Vec::new();
        let tag = VlanTag { protocol: 0x8100, tag: 0x2005 };
        packet(&mut out, &received(PacketKind::ToHost, Some(tag)), Duration::ZERO, &[7; 17]);
        assert_eq!(out[20..28], [21, 0, 0, 0, 64, 0, 0, 0]);
        assert_eq!(out[28..49], [&[7; 12][..], &[0x81, 0, 0x20, 5], &[7; 5]].concat());
        // A frame that is too short for a tag is left as it is.
        let mut out = Vec::new();
        packet(&mut out, &received(PacketKind::ToHost, Some(tag)), Duration::ZERO, &[7; 11]);
        assert_eq!(out[20..28], [11, 0, 0, 0, 60, 0, 0, 0]);
    }
}
