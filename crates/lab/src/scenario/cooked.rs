//! Frames as `tcpdump -i any` writes them.

use super::{Card, LOCAL, Scenario, UPHELD};
use crate::bytes::Put;
use crate::link::Link;
use crate::pcapng::{Interface, PcapNg};

pub(super) fn all() -> Vec<Scenario> {
    vec![silence()]
}

/// The longest of the framings around the shortest of frames.
fn silence() -> Scenario {
    let story = Card {
        id: "local-data-silence-cooked",
        title: "Local Data held, on all interfaces at once",
        says: "The silence as Linux writes it for all interfaces: ARP has the padding of the wire behind it and a longer header before it.",
        args: LOCAL,
        expected: UPHELD,
    };
    let (names, mut packets) = super::files::silence(story.id).finish();
    for packet in &mut packets {
        packet.bytes = cooked(&packet.bytes);
    }
    let file = PcapNg::new(vec![Interface::lossless(Link::CookedV2.linktype(), packets.len())]);
    story.file(names, "pcapng", file.write(&packets))
}

/// An Ethernet frame as LINKTYPE_LINUX_SLL2, received by another machine than the capturing one.
fn cooked(frame: &[u8]) -> Vec<u8> {
    let part = |from: usize, to: usize| frame.get(from..to).unwrap_or_default();
    let kind = match part(0, 6) {
        [0xff, ..] => 1,
        [first, ..] if first & 1 == 1 => 2,
        _ => 3,
    };
    let mut out = Vec::new();
    out.put(part(12, 14)).u16(0).u32(2).u16(1).u8(kind).u8(6).put(part(6, 12)).u16(0);
    out.put(frame.get(14..).unwrap_or_default());
    out
}
