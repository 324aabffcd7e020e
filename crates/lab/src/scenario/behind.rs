//! Who stands behind a card, an address of a group, or a byte that was sent before.

use super::world::{LOGS, STRANGER, World, end, ip, speak_1_3};
use super::{Card, LOCAL, REFUTED, STATION, Scenario, UNDECIDED};
use crate::bytes::patch;
use crate::link::card;
use crate::pcapng::{Interface, PcapNg};
use crate::tls::Hello;
use crate::{Side, Tcp, Udp, drone};
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
        keep_alive(),
        data_beside_keep_alive(),
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

/// A connection to a denied host that was opened before the window, on which `talk` goes on within.
fn opened_before(story: Card, talk: impl FnOnce(&mut Tcp<'_>)) -> Scenario {
    story.told(|world| {
        world.note_name(LOGS.0);
        let client = world.client();
        let mut noise = world.noise();
        let mut tcp = Tcp::new(&mut world.recorder, client, end(LOGS.1, 443), World::at(30_000));
        tcp.open();
        speak_1_3(&mut tcp, &Hello::new(LOGS.0), &mut noise, 900);
        tcp.until(World::at(80_000));
        talk(&mut tcp);
        tcp.until(World::at(150_000)).close();
    })
}

fn keep_alive() -> Scenario {
    let story = Card {
        id: "keep-alive-byte",
        title: "A connection is kept alive",
        says: "A connection from before the window is asked whether it is there, by a byte in the place of the last one.",
        args: LOCAL,
        expected: UNDECIDED,
    };
    opened_before(story, |tcp| {
        tcp.keep_alive(Side::Client, 0).keep_alive(Side::Client, 0);
    })
}

fn data_beside_keep_alive() -> Scenario {
    let story = Card {
        id: "byte-beside-keep-alive",
        title: "A byte beside the ones that keep alive",
        says: "The same, and one byte more is sent in its own place.",
        args: LOCAL,
        expected: REFUTED,
    };
    opened_before(story, |tcp| {
        tcp.keep_alive(Side::Client, 0).send(Side::Client, b"x");
    })
}
