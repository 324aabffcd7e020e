//! Several cards behind one conversation: whose the packets are, where not all have one sender.

use super::world::{MAPS, STRANGER, World, end, ip};
use super::{Card, LOCAL, LOCAL_MAPS, REFUTED, ROUTER, STATION, Scenario, UNDECIDED, UPHELD};
use crate::bytes::patch;
use crate::link::card;
use crate::pcapng::{Interface, PcapNg};
use crate::{Side, Udp};
use creance_model::Endpoint;
use std::net::IpAddr;

pub(super) fn all() -> Vec<Scenario> {
    vec![
        by_cards(
            "third-card-of-a-flow",
            "A neighbour's address, and two neighbours first",
            "Two neighbours' cards send the first packets of a conversation with a stranger, the station's card sends the others.",
            2,
            REFUTED,
        ),
        by_cards(
            "twelfth-card-of-a-flow",
            "A neighbour's address, and a crowd first",
            "The same with eleven cards before the station's: more than are told apart.",
            11,
            UNDECIDED,
        ),
        later_card(),
        two_routers(),
    ]
}

/// A conversation of a neighbour's address that so many cards send for before the station's does.
fn by_cards(
    id: &'static str,
    title: &'static str,
    says: &'static str,
    others: u8,
    expected: &'static [(u8, creance_model::Verdict)],
) -> Scenario {
    Card { id, title, says, args: LOCAL, expected }.told(|world| {
        let (near, far) = (Endpoint { addr: ip("192.168.1.66"), port: 5001 }, end(STRANGER, 9999));
        let payloads = world.noises(20, 400);
        for (payload, at) in payloads.iter().zip((70_000..).step_by(100)) {
            // The first is sent by the address's own card.
            let place = u8::try_from((at - 70_000) / 100).unwrap_or(u8::MAX);
            let owner = if place < others { IpAddr::from([192, 168, 1, 66 + place]) } else { STATION };
            world.recorder.from_card = Some(owner);
            Udp::new(&mut world.recorder, near, far, World::at(at)).send(Side::Client, payload);
        }
        world.recorder.from_card = None;
    })
}

/// An address that a neighbour is known to have, and a flow whose first packet names no card.
fn later_card() -> Scenario {
    let story = Card {
        id: "card-after-a-frame-without",
        title: "A neighbour's address, first where no card shows",
        says: "A neighbour talks; a flow of its address begins on an interface without link-layer addresses and goes on with the station's card.",
        args: LOCAL,
        expected: REFUTED,
    };
    let mut world = super::files::silence(story.id);
    let neighbour = ip("192.168.1.66");
    let station = std::mem::replace(&mut world.station, neighbour);
    world.visit(62_000, MAPS, 400);
    world.station = station;
    let (near, far) = (Endpoint { addr: neighbour, port: 5001 }, end(STRANGER, 9999));
    let payloads = world.noises(20, 400);
    world.recorder.from_card = Some(STATION);
    for (payload, at) in payloads.iter().zip((72_000..).step_by(100)) {
        Udp::new(&mut world.recorder, near, far, World::at(at)).send(Side::Client, payload);
    }
    world.recorder.from_card = None;
    let (names, mut packets) = world.finish();
    if let Some(first) = packets.iter_mut().find(|packet| packet.at == World::at(72_000)) {
        first.bytes.drain(..14);
        first.interface = 1;
    }
    let cards = Interface::lossless(1, packets.len() - 1);
    let none = Interface { name: "tun0".into(), ..Interface::lossless(101, 1) };
    story.file(names, "pcapng", PcapNg::new(vec![cards, none]).write(&packets))
}

/// Routers that share an address (VRRP) and the nodes of a mesh each send with a card of their own.
fn two_routers() -> Scenario {
    let story = Card {
        id: "local-data-exempt-three-routers",
        title: "Exempt maps through three routers",
        says: "The exempt host is fetched; what it sends comes in turn from three routers' cards, while all is sent to one.",
        args: LOCAL_MAPS,
        expected: UPHELD,
    };
    let mut world = World::new(story.id);
    world.before();
    world.link_only();
    world.visit(80_000, MAPS, 3_000);
    world.after();
    let (names, mut packets) = world.finish();
    let from_far = |bytes: &[u8]| bytes.get(6..12) == Some(&card(ROUTER)) && bytes.get(23) == Some(&6);
    let cards = [ip("192.168.1.1"), ip("192.168.1.2"), ip("192.168.1.3")].map(card);
    let far = packets.iter_mut().filter(|packet| from_far(&packet.bytes));
    for (packet, card) in far.zip(cards.iter().cycle()) {
        patch(&mut packet.bytes, 6, card);
    }
    let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    story.file(names, "pcapng", file.write(&packets))
}
