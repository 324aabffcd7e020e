//! Cards, fragments and interfaces by which a station hides that it is the one that sends.

use super::world::{MAPS, STRANGER, World, end, ip};
use super::{Card, LOCAL, LOCAL_MAPS, REFUTED, ROUTER, STATION, Scenario, UNDECIDED};
use crate::bytes::{Put, checksum, len16, patch};
use crate::link::card;
use crate::pcapng::{Interface, PcapNg};
use crate::tls::Hello;
use crate::{Packet, Side, Udp};
use creance_model::Endpoint;
use std::net::IpAddr;

pub(super) fn all() -> Vec<Scenario> {
    vec![far_end_as_station(), second_card(), split_to_neighbour(), split_with_route(), second_interface()]
}

/// A far end that the station's card has lent its address looks like a station itself.
fn far_end_as_station() -> Scenario {
    Card {
        id: "far-end-as-station",
        title: "A far end that looks like a station",
        says: "A stranger's datagram opens the flow and the station's card once sends with the stranger's address; then the station uploads to it.",
        args: LOCAL,
        expected: REFUTED,
    }
    .told(|world| {
        let (near, far) = (Endpoint { addr: STATION, port: 50_001 }, end(STRANGER, 50_000));
        Udp::new(&mut world.recorder, far, near, World::at(20_000)).send(Side::Client, b"hi");
        world.recorder.from_card = Some(STATION);
        let router = Endpoint { addr: ROUTER, port: 7 };
        Udp::new(&mut world.recorder, end(STRANGER, 6), router, World::at(21_000)).send(Side::Client, b"x");
        world.recorder.from_card = None;
        let payloads = world.noises(100, 1200);
        let mut udp = Udp::new(&mut world.recorder, near, far, World::at(70_000));
        for payload in &payloads {
            udp.send(Side::Client, payload);
        }
    })
}

/// Phones change their card's address from time to time, and keep that of their lease.
fn second_card() -> Scenario {
    let story = Card {
        id: "second-card",
        title: "A station that changes its card",
        says: "The station's IPv4 address goes on with a second card, which sends to a stranger by IPv6 in the window.",
        args: LOCAL,
        expected: REFUTED,
    };
    let mut world = super::files::silence(story.id);
    let (old, new) = (card(STATION), card(ip("192.168.1.55")));
    // The lab gives 192.168.1.55 the card of this address as well.
    world.station = ip("2a02:810:1:1::37");
    let payloads = world.noises(100, 1200);
    world.one_way(70_000, end("2001:19f0:5001::9", 9999), &payloads);
    let (names, mut packets) = world.finish();
    for packet in packets.iter_mut().filter(|packet| packet.at > World::at(40_000)) {
        let arp = packet.bytes.get(12..14) == Some(&[8, 6]);
        for place in [0, 6].into_iter().chain(arp.then_some(22)) {
            if packet.bytes.get(place..place + 6) == Some(&old) {
                patch(&mut packet.bytes, place, &new);
            }
        }
    }
    let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    story.file(names, "pcapng", file.write(&packets))
}

/// The exempt host is fetched in fragments; `change` has all of the station's but the last ones.
fn split(story: Card, change: impl Fn(&mut Packet)) -> Scenario {
    let mut world = World::new(story.id);
    world.before();
    world.link_only();
    world.lookup(70_000, MAPS.0, MAPS.1);
    world.recorder.pieces = 3;
    world.tls_1_3(71_000, &Hello::new(MAPS.0), MAPS.1, 20_000);
    world.recorder.pieces = 1;
    world.after();
    let (names, mut packets) = world.finish();
    for packet in &mut packets {
        let ours = packet.bytes.get(6..12) == Some(&card(STATION));
        let four = packet.bytes.get(12..14) == Some(&[8, 0]);
        let more = packet.bytes.get(20).is_some_and(|flags| flags & 0x20 != 0);
        if ours && four && more {
            change(packet);
        }
    }
    let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    story.file(names, "pcapng", file.write(&packets))
}

fn split_to_neighbour() -> Scenario {
    let story = Card {
        id: "fragments-to-two-cards",
        title: "Fragments handed to a neighbour",
        says: "The exempt host is fetched in fragments, of which all but the last go to a neighbour's card instead of the router's.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    };
    split(story, |packet| patch(&mut packet.bytes, 0, &card(ip("192.168.1.66"))))
}

fn split_with_route() -> Scenario {
    let story = Card {
        id: "fragments-with-source-route",
        title: "A route in the first fragments",
        says: "The exempt host is fetched in fragments, of which all but the last have an option by which they go to a stranger.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    };
    split(story, |packet| {
        let (IpAddr::V4(over), Some((frame, body))) = (ip(STRANGER), packet.bytes.split_at_checked(34))
        else {
            return;
        };
        let mut header = frame.get(14..).unwrap_or_default().to_vec();
        // A loose source route (RFC 791) with one address ahead.
        header.put(&[131, 7, 4]).put(&over.octets()).u8(0);
        let length = len16(header.len() + body.len());
        patch(&mut header, 0, &[0x47]);
        patch(&mut header, 2, &length.to_be_bytes());
        patch(&mut header, 10, &[0, 0]);
        let sum = checksum(&[&header]);
        patch(&mut header, 10, &sum.to_be_bytes());
        packet.bytes = [frame.get(..14).unwrap_or_default(), &header, body].concat();
    })
}

/// What ties a name to an address on one network says nothing of that address on another.
fn second_interface() -> Scenario {
    let story = Card {
        id: "exempt-on-second-interface",
        title: "The exempt host on another network",
        says: "The exempt host's name is looked up on one interface; its conversation is on a second one, which was seen in the window only.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    };
    let mut world = super::files::silence(story.id);
    world.lookup(70_000, MAPS.0, MAPS.1);
    world.recorder.interface = 1;
    world.tls_1_3(71_000, &Hello::new(MAPS.0), MAPS.1, 20_000);
    let (names, packets) = world.finish();
    let second = packets.iter().filter(|packet| packet.interface == 1).count();
    let file = PcapNg::new(vec![
        Interface::lossless(1, packets.len() - second),
        Interface { name: "wwan0".into(), ..Interface::lossless(1, second) },
    ]);
    story.file(names, "pcapng", file.write(&packets))
}
