//! Captures that cannot show what they are asked, and one that shows it all too well.

use super::world::{CHECK, MAPS, World};
use super::{Card, LOCAL, LOCAL_MAPS, ROUTER, STATION, Scenario, UNDECIDED};
use crate::link;
use crate::pcap::Pcap;
use crate::pcapng::{Counts, Interface, PcapNg};
use creance_model::Verdict;

pub(super) fn all() -> Vec<Scenario> {
    let mut all = uncounted();
    all.extend(uncontrolled());
    all.push(cut());
    all.push(short());
    all.extend(unread());
    all
}

/// The story of `local-data-silence`, told by a worse recorder.
pub(super) fn silence(id: &'static str) -> World {
    let mut world = World::new(id);
    world.before();
    world.link_only();
    world.after();
    world
}

fn uncounted() -> Vec<Scenario> {
    let drops = Card {
        id: "drops",
        title: "Packets were lost",
        says: "The window looks silent, but the interface counted packets that the capture lost.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    let (names, packets) = silence(drops.id).finish();
    let lossy = Interface {
        counts: Some(Counts {
            received: packets.len() as u64 + 31,
            accepted: None,
            delivered: None,
            dropped: 31,
        }),
        ..Interface::lossless(1, 0)
    };
    let drops = drops.file(names, "pcapng", PcapNg::new(vec![lossy]).write(&packets));

    let unknown = Card {
        id: "drops-unknown-pcapng",
        title: "Nobody counted",
        says: "The window looks silent, in a pcapng file without statistics.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    let (names, packets) = silence(unknown.id).finish();
    let silent = Interface { counts: None, ..Interface::lossless(1, 0) };
    let unknown = unknown.file(names, "pcapng", PcapNg::new(vec![silent]).write(&packets));

    let classic = Card {
        id: "classic-pcap",
        title: "A file that cannot count",
        says: "The window looks silent, in a classic pcap file, which has no place for a count of drops.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    let (names, packets) = silence(classic.id).finish();
    let classic = classic.file(names, "pcap", Pcap::new(1).write(&packets));

    let trailer = Card {
        id: "platform-only-by-trailer",
        title: "The app stands in each frame",
        says: "PCAPdroid's trailer shows that only the operating system sent in the window: the station was not silent.",
        args: LOCAL,
        expected: &[(13, Verdict::Refuted)],
    };
    let mut world = World::new(trailer.id);
    world.recorder.app_by_trailer(10_234, "DJI Fly");
    world.before();
    world.recorder.app_by_trailer(1_000, "Android");
    world.visit(80_000, CHECK, 900);
    world.recorder.app_by_trailer(10_234, "DJI Fly");
    world.after();
    let (names, packets) = world.finish();
    let trailer = trailer.file(names, "pcap", Pcap::new(1).write(&packets));
    vec![drops, unknown, classic, trailer]
}

fn uncontrolled() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (id, title, says, before, after) in [
        (
            "nothing-before",
            "No traffic before",
            "The window is silent, and so is all before it: the tap may not have worked.",
            false,
            true,
        ),
        (
            "nothing-after",
            "No traffic after",
            "The window is silent, and so is all after it: the tap may have died.",
            true,
            false,
        ),
        (
            "nothing-at-all",
            "No traffic at all",
            "Only frames that stay on the link are in the capture.",
            false,
            false,
        ),
    ] {
        let card = Card { id, title, says, args: LOCAL, expected: UNDECIDED };
        let mut world = World::new(id);
        if before {
            world.before();
        }
        world.recorder.frame(World::at(0), link::arp(STATION, ROUTER));
        world.link_only();
        if after {
            world.after();
        }
        world.recorder.frame(World::at(180_000), link::arp(STATION, ROUTER));
        all.push(card.lossless(world));
    }
    let empty = |id, extension, bytes| {
        Card {
            id,
            title: "An empty capture",
            says: "The file is whole and holds no packet.",
            args: "--mode local-data --station 192.168.1.23",
            expected: UNDECIDED,
        }
        .file(Vec::new(), extension, bytes)
    };
    all.push(empty("empty-pcap", "pcap", Pcap::new(1).header()));
    let bare = PcapNg::new(vec![Interface::lossless(1, 0)]);
    all.push(empty("empty-pcapng", "pcapng", bare.write(&[])));
    all
}

fn cut() -> Scenario {
    let cut = Card {
        id: "cut-in-the-middle",
        title: "A file that breaks off",
        says: "The file ends within a packet, in the judged window.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    let (mut names, packets) = silence(cut.id).finish();
    let file = Pcap::new(1);
    let end = World::at(100_000);
    let kept: Vec<_> = packets.iter().filter(|packet| packet.at < end).cloned().collect();
    let mut bytes = file.write(&kept);
    bytes.truncate(bytes.len().saturating_sub(20));
    names.sort();
    cut.file(names, "pcap", bytes)
}

fn short() -> Scenario {
    let short = Card {
        id: "snap-64",
        title: "Only 64 bytes of each packet",
        says: "In the window the exempt host's address is contacted, but names and DNS answers are cut off.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    };
    let mut world = World::new(short.id);
    world.before();
    world.visit(80_000, MAPS, 9_000);
    world.after();
    let (_, packets) = world.finish();
    let interface = Interface { snaplen: 64, ..Interface::lossless(1, packets.len()) };
    short.file(Vec::new(), "pcapng", PcapNg::new(vec![interface]).write(&packets))
}

fn unread() -> Vec<Scenario> {
    let framing = Card {
        id: "unknown-link-type",
        title: "An interface that nobody can read",
        says: "Beside a silent Ethernet interface, another one of a private link type carries frames in the window.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    let mut world = silence(framing.id);
    world.recorder.interface = 1;
    let mut noise = world.noise();
    for step in 0..20 {
        world.recorder.frame(World::at(70_000 + step * 1000), noise.bytes(300));
    }
    let (names, packets) = world.finish();
    let second = Interface { linktype: 147, name: "rmnet0".into(), ..Interface::lossless(1, 20) };
    let first = Interface::lossless(1, packets.len() - 20);
    let framing = framing.file(names, "pcapng", PcapNg::new(vec![first, second]).write(&packets));

    let ethertype = Card {
        id: "unknown-ethertype",
        title: "Frames of an unknown kind",
        says: "In the window the station sends the router frames of an experimental type (0x88b5).",
        args: LOCAL,
        expected: UNDECIDED,
    }
    .told(|world| {
        let mut noise = world.noise();
        for step in 0..20 {
            let frame = link::ethernet(STATION, ROUTER, 0x88b5, &noise.bytes(500));
            world.recorder.frame(World::at(70_000 + step * 1000), frame);
        }
    });
    vec![framing, ethertype]
}
