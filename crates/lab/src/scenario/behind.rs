//! Who stands behind a card, an address of a group, or a byte that was sent before.

use super::world::{LOGS, STRANGER, World, end, ip};
use super::{Card, LOCAL, REFUTED, STATION, Scenario};
use crate::bytes::patch;
use crate::link::card;
use crate::pcapng::{Interface, PcapNg};
use crate::{Side, Udp, drone};
use creance_model::{Endpoint, Verdict};

/// Another machine on the station's network.
const NEIGHBOUR: &str = "192.168.1.66";

pub(super) fn all() -> Vec<Scenario> {
    vec![
        to_own_address(
            "own-address-as-destination",
            "The station's card sends datagrams to a neighbour's card, from a stranger's address and for the station's own.",
            STRANGER,
        ),
        to_own_address(
            "own-address-as-destination-nearby",
            "The same from an address of the station's network that nobody has.",
            "192.168.1.99",
        ),
        small_broadcast(),
        broadcast_to_neighbour(),
        extender(),
    ]
}

/// What the station's card sends for its own address looks like something that it received.
fn to_own_address(id: &'static str, says: &'static str, source: &str) -> Scenario {
    let title = "Datagrams for the station's own address";
    Card { id, title, says, args: LOCAL, expected: REFUTED }.told(|world| {
        let (from, to) = (end(source, 5001), Endpoint { addr: STATION, port: 9999 });
        world.recorder.from_card = Some(STATION);
        world.recorder.far_card = Some(ip(NEIGHBOUR));
        let mut udp = Udp::new(&mut world.recorder, from, to, World::at(70_000));
        for step in 0..30 {
            udp.send(Side::Client, &drone::position_json(step));
        }
        world.recorder.from_card = None;
        world.recorder.far_card = None;
    })
}

/// Datagrams to an address, in frames for every card on the link.
fn announce(world: &mut World, addr: &str) {
    world.recorder.far_card = Some(ip("255.255.255.255"));
    let text = [&b"SpotUdp0"[..], &[0; 36]].concat();
    world.one_way(75_000, end(addr, 57_621), &[text.clone(), text]);
    world.recorder.far_card = None;
}

fn small_broadcast() -> Scenario {
    Card {
        id: "broadcast-of-small-network",
        title: "The last address of a small network",
        says: "A search goes by link-layer broadcast to the last address of a network of 128 addresses, which no packet shows to be so small.",
        args: LOCAL,
        expected: &[(1, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
    }
    .told(|world| announce(world, "192.168.1.127"))
}

fn broadcast_to_neighbour() -> Scenario {
    Card {
        id: "broadcast-to-neighbour",
        title: "Broadcast frames for one neighbour",
        says: "The same frames are for an address that a neighbour has, who has spoken before.",
        args: LOCAL,
        expected: REFUTED,
    }
    .told(|world| {
        world.station = ip("192.168.1.127");
        world.visit(20_000, LOGS, 900);
        world.station = STATION;
        announce(world, "192.168.1.127");
    })
}

/// An extender of a wireless network has one card for all that are behind it.
fn extender() -> Scenario {
    let story = Card {
        id: "neighbour-behind-extender",
        title: "A neighbour behind the same extender",
        says: "An extender puts its own card before the station and a neighbour, who is seen before and after the window and sends to a stranger within.",
        args: LOCAL,
        expected: &[(1, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
    };
    let mut world = super::files::silence(story.id);
    world.station = ip(NEIGHBOUR);
    world.visit(20_000, LOGS, 2_000);
    world.visit(150_000, LOGS, 2_000);
    let payloads: Vec<Vec<u8>> = (0..20).map(drone::position_json).collect();
    world.one_way(80_000, end(STRANGER, 9999), &payloads);
    let (names, mut packets) = world.finish();
    let (own, extender) = (card(ip(NEIGHBOUR)), card(STATION));
    for packet in &mut packets {
        for place in [0, 6] {
            if packet.bytes.get(place..place + 6) == Some(&own) {
                patch(&mut packet.bytes, place, &extender);
            }
        }
    }
    let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    story.file(names, "pcapng", file.write(&packets))
}
