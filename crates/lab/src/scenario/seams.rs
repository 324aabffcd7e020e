//! Recordings with a seam: where nobody watched, nobody counted, or the clock was wrong.

use super::files::silence;
use super::world::{LOGS, STRANGER, World, end};
use super::{Card, LOCAL, Scenario, UNDECIDED, UPHELD};
use crate::Packet;
use crate::bytes::patch;
use crate::pcapng::{Counts, Interface, PcapNg};
use creance_model::Timestamp;

pub(super) fn all() -> Vec<Scenario> {
    [counts(), vec![lost(), sections(), interfaces(), started_anew(), clock()], measured()].concat()
}

/// The station seems silent in the window: what it sent was not recorded.
fn written(card: Card, format: impl FnOnce(&[Packet]) -> PcapNg) -> Scenario {
    let (names, packets) = silence(card.id).finish();
    let format = format(&packets);
    card.file(names, "pcapng", format.write(&packets))
}

fn counts() -> Vec<Scenario> {
    vec![
        written(
            Card {
                id: "more-delivered-than-held",
                title: "Packets taken out of the file",
                says: "The window looks silent, but more packets were handed to the recorder than the file holds.",
                args: LOCAL,
                expected: UNDECIDED,
            },
            |packets| {
                let received = packets.len() as u64 + 40;
                let counts = Some(Counts { received, accepted: None, delivered: Some(received), dropped: 0 });
                PcapNg::new(vec![Interface { counts, ..Interface::lossless(1, 0) }])
            },
        ),
        written(
            Card {
                id: "filtered-by-its-counts",
                title: "A filter that is not named",
                says: "The window looks silent, but a filter that the file does not name let fewer packets through than came.",
                args: LOCAL,
                expected: UNDECIDED,
            },
            |packets| {
                let accepted = packets.len() as u64;
                let counts = Counts {
                    received: accepted + 40,
                    accepted: Some(accepted),
                    delivered: Some(accepted),
                    dropped: 0,
                };
                PcapNg::new(vec![Interface { counts: Some(counts), ..Interface::lossless(1, 0) }])
            },
        ),
        written(
            Card {
                id: "counted-too-early",
                title: "Losses counted before the window",
                says: "The window looks silent, and the count of losses was written before it began.",
                args: LOCAL,
                expected: UNDECIDED,
            },
            |packets| {
                let before = packets.iter().filter(|packet| packet.at < World::at(60_000)).count();
                let file = PcapNg::new(vec![Interface::lossless(1, before)]);
                PcapNg { counted_after: Some(before), ..file }
            },
        ),
        written(
            Card {
                id: "second-interface-uncounted",
                title: "An interface that nobody counted",
                says: "The window looks silent; the file has a second interface without packets and without a count of losses.",
                args: LOCAL,
                expected: UNDECIDED,
            },
            |packets| {
                let second = Interface { name: "rmnet0".into(), counts: None, ..Interface::lossless(1, 0) };
                PcapNg::new(vec![Interface::lossless(1, packets.len()), second])
            },
        ),
    ]
}

/// The interface's count says that nothing was lost; a packet in the window says otherwise.
fn lost() -> Scenario {
    let card = Card {
        id: "drops-told-by-packet",
        title: "A loss that one packet tells",
        says: "The window looks silent and the interface lost nothing, but a packet in the window tells that forty were lost before it.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    let (names, mut packets) = silence(card.id).finish();
    if let Some(packet) = packets.iter_mut().find(|packet| packet.at > World::at(90_000)) {
        packet.lost = Some(40);
    }
    let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    card.file(names, "pcapng", file.write(&packets))
}

/// Two sections, each whole and without losses, and a minute that is in neither.
fn sections() -> Scenario {
    let card = Card {
        id: "gap-between-sections",
        title: "A minute between two sections",
        says: "One section of the file ends before the window and the next starts after it; what was sent between is in neither.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    parted(card, &[(0, 60_000), (120_000, 200_000)], None)
}

/// The story of silence in sections of these spans of time, each counted for itself. Where it
/// states lengths, the first one says that it has so many bytes more than it has.
fn parted(card: Card, spans: &[(u64, u64)], stated: Option<u64>) -> Scenario {
    let (names, packets) = silence(card.id).finish();
    let mut bytes = Vec::new();
    for (place, (from, to)) in spans.iter().enumerate() {
        let span = World::at(*from)..World::at(*to);
        let kept: Vec<Packet> = packets.iter().filter(|packet| span.contains(&packet.at)).cloned().collect();
        let mut section = PcapNg::new(vec![Interface::lossless(1, kept.len())]).write(&kept);
        if let Some(more) = stated {
            // Of what follows the section's header, which has 28 bytes.
            let length = section.len() as u64 - 28 + if place == 0 { more } else { 0 };
            patch(&mut section, 16, &length.to_le_bytes());
        }
        bytes.extend(section);
    }
    card.file(names, "pcapng", bytes)
}

/// Sections that say how long they are.
fn measured() -> Vec<Scenario> {
    let whole: &[(u64, u64)] = &[(0, 200_000)];
    let parts: &[(u64, u64)] = &[(0, 170_000), (170_000, 200_000)];
    [
        (
            "section-longer-than-its-file",
            "A file cut between two blocks",
            "The window looks silent; the section says that it has 64 bytes more than are in the file.",
            UNDECIDED,
            whole,
            64,
        ),
        (
            "section-longer-than-it-is",
            "A section cut between two blocks",
            "The window looks silent; its section says that it has 64 bytes more than come before the next one.",
            UNDECIDED,
            parts,
            64,
        ),
        (
            "local-data-in-measured-sections",
            "Sections that say how long they are",
            "The file has two sections, each with its right length.",
            UPHELD,
            parts,
            0,
        ),
    ]
    .into_iter()
    .map(|(id, title, says, expected, spans, more)| {
        parted(Card { id, title, says, args: LOCAL, expected }, spans, Some(more))
    })
    .collect()
}

/// Each interface is whole, and nobody watched between the two.
fn interfaces() -> Scenario {
    let gap = Card {
        id: "gap-between-interfaces",
        title: "A minute between two interfaces",
        says: "One interface was watched until the window and another one after it; its statistics tell when the first one ended.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    let (names, packets) = silence(gap.id).finish();
    let outside = |packet: &&Packet| packet.at < World::at(60_000) || packet.at > World::at(120_000);
    let mut kept: Vec<Packet> = packets.iter().filter(outside).cloned().collect();
    let before = kept.iter().filter(|packet| packet.at < World::at(60_000)).count();
    for packet in kept.iter_mut().skip(before) {
        packet.interface = 1;
    }
    let second = Interface { name: "wlan1".into(), ..Interface::lossless(1, kept.len() - before) };
    let file = PcapNg::new(vec![Interface::lossless(1, before), second]);
    gap.file(names, "pcapng", file.write(&kept))
}

/// The window lies whole in the second section.
fn started_anew() -> Scenario {
    let whole = Card {
        id: "local-data-in-second-section",
        title: "A recorder that was started anew",
        says: "The file has two sections; the window, and traffic before and after it, lie in the second one.",
        args: LOCAL,
        expected: UPHELD,
    };
    parted(whole, &[(0, 5_000), (5_000, 200_000)], None)
}

/// An upload in the window, stamped as if it had come before it.
fn clock() -> Scenario {
    let card = Card {
        id: "clock-steps-back",
        title: "A clock that is set back",
        says: "In the window the recorder's clock is set back for some seconds, so that an upload bears times from before it.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    let mut world = silence(card.id);
    world.one_way(80_100, end(STRANGER, 9999), &vec![LOGS.0.as_bytes().repeat(40); 20]);
    let (names, mut packets) = world.finish();
    for packet in &mut packets {
        if packet.at > World::at(80_050) && packet.at < World::at(90_000) {
            packet.at = Timestamp(packet.at.0 - 30_000_000_000);
        }
    }
    let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    card.file(names, "pcapng", file.write(&packets))
}
