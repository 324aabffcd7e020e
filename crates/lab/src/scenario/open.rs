//! Stories that are judged wrongly as yet.

use super::files::silence;
use super::world::{MAPS, STRANGER, World, end, ip};
use super::{Card, LOCAL, LOCAL_MAPS, ROUTER, STATION, Scenario, UNDECIDED, UPHELD};
use crate::dns::Record;
use crate::pcapng::{Interface, PcapNg};
use crate::tls::Hello;
use crate::{Packet, Side, Tcp, Udp, app};

pub(super) fn all() -> Vec<Scenario> {
    [cards(), seams(), refuted()].concat()
}

/// Falsely upheld: whose card stands behind an address is not looked at.
fn cards() -> Vec<Scenario> {
    let neighbour = ip("192.168.1.66");
    vec![
        Card {
            id: "exempt-address-at-neighbour",
            title: "The exempt address at a neighbour's card",
            says: "Packets for the exempt host's address go to a neighbour's card, which answers in its name; all else goes to the router's.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.lookup(75_000, MAPS.0, MAPS.1);
            world.recorder.far_card = Some(neighbour);
            world.tls_1_3(76_000, &Hello::new(MAPS.0), MAPS.1, 40_000);
            world.recorder.far_card = None;
        }),
        Card {
            id: "resolver-at-neighbour",
            title: "The resolver at a neighbour's card",
            says: "A question for the router's address goes to a neighbour's card, which answers in its name.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.recorder.far_card = Some(neighbour);
            let records = [Record::Address(MAPS.0.into(), ip(STRANGER))];
            world.ask(75_000, end("192.168.1.1", 53), MAPS.0, &records);
            world.recorder.far_card = None;
            world.tls_1_3(76_000, &Hello::new(MAPS.0), STRANGER, 40_000);
        }),
    ]
}

fn seams() -> Vec<Scenario> {
    // Falsely upheld: each interface is whole, and nobody watched between the two.
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
    let gap = gap.file(names, "pcapng", file.write(&kept));

    // Not upheld although it could be: the window lies whole in the second section.
    let whole = Card {
        id: "local-data-in-second-section",
        title: "A recorder that was started anew",
        says: "The file has two sections; the window, and traffic before and after it, lie in the second one.",
        args: LOCAL,
        expected: UPHELD,
    };
    let (names, packets) = silence(whole.id).finish();
    let mut bytes = Vec::new();
    for (from, to) in [(0, 5_000), (5_000, 200_000)] {
        let span = World::at(from)..World::at(to);
        let kept: Vec<Packet> = packets.iter().filter(|packet| span.contains(&packet.at)).cloned().collect();
        bytes.extend(PcapNg::new(vec![Interface::lossless(1, kept.len())]).write(&kept));
    }
    vec![gap, whole.file(names, "pcapng", bytes)]
}

/// Falsely refuted.
fn refuted() -> Vec<Scenario> {
    vec![
        Card {
            id: "sink-since-before",
            title: "A conversation with the sink whose start is missing",
            says: "Noise goes to the declared sink on a connection that was opened before the capture: it may be the aircraft's link or a relay.",
            args: "--mode local-data --window +60s..+120s --station 192.168.1.23 --local 192.168.1.10",
            expected: UNDECIDED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            Tcp::new(&mut world.recorder, client, end("192.168.1.10", 7000), World::at(80_000))
                .send(Side::Client, &noise.bytes(30_000))
                .close();
        }),
        Card {
            id: "local-data-lease-renewal",
            title: "A lease that is renewed",
            says: "Half way through its lease the station renews its address with the router, by a single datagram to it, as DHCP has it.",
            args: LOCAL,
            expected: UPHELD,
        }
        .told(|world| {
            let request = app::dhcp_discover([2, 0, 192, 168, 1, 23], "phone");
            let [client, server] = [(STATION, 68), (ROUTER, 67)]
                .map(|(addr, port)| creance_model::Endpoint { addr, port });
            Udp::new(&mut world.recorder, client, server, World::at(80_000)).send(Side::Client, &request);
        }),
    ]
}
