//! Stations that kept to their mode, in captures that can show it.

use super::world::{BUGLY, CHECK, FLYSAFE, LOGS, MAPS, TILES, World, end, ip};
use super::{Card, KNOWN, LOCAL, LOCAL_MAPS, LOCAL_TILES, ROUTER, STATION, Scenario, UNDECIDED, UPHELD};
use crate::dns::{self, Record};
use crate::link::Link;
use crate::pcapng::{Interface, PcapNg};
use crate::quic::{Layout, Version};
use crate::tls::Hello;
use crate::{Packet, Side, Tcp, Udp, app, drone, ip as packets};
use creance_model::{Duration, Verdict};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = silence();
    all.extend(cooked());
    all.extend(exempt());
    all.extend(granted());
    all.extend(attributed());
    all.extend(renewed());
    all.extend(mirrored());
    all
}

fn silence() -> Vec<Scenario> {
    vec![
        Card {
            id: "local-data-silence",
            title: "Local Data held",
            says: "Nothing but link-scope frames leaves the station in the window, its usual traffic is seen before and after, and nothing was dropped.",
            args: LOCAL,
            expected: UPHELD,
        }
        .told(|_| {}),
        Card {
            id: "local-data-silence-big-endian",
            title: "Local Data held, another writer",
            says: "The same silence, written most significant byte first, in nanoseconds, with comments, names and blocks that readers may not know.",
            args: LOCAL,
            expected: UPHELD,
        }
        .big_endian(),
        Card {
            id: "local-data-neighbour",
            title: "A neighbour talks",
            says: "The station is silent while another machine on the same network sends to the makers' clouds.",
            args: LOCAL,
            expected: UPHELD,
        }
        .told(|world| {
            let station = std::mem::replace(&mut world.station, ip("192.168.1.77"));
            world.visit(70_000, LOGS, 4_000);
            world.visit(90_000, BUGLY, 900);
            world.station = station;
        }),
        Card {
            id: "local-data-link-chatter",
            title: "Chatter that no router forwards",
            says: "The station announces itself to link-scope groups and by broadcast only: mDNS, SSDP over IPv6, DHCP.",
            args: LOCAL,
            expected: UPHELD,
        }
        .told(chatter),
        Card {
            id: "local-data-late-upload",
            title: "An upload after Local Data",
            says: "The window is silent; flight logs are sent after it, which claim 19 would have to catch and no capture of the window can.",
            args: LOCAL,
            expected: &[(13, Verdict::Upheld), (19, Verdict::NotTested)],
        }
        .told(|world| world.visit(126_000, LOGS, 60_000)),
        Card {
            id: "local-data-aircraft-link",
            title: "The aircraft's own link",
            says: "The station only speaks with the aircraft, which the operator declared to be local.",
            args: "--mode local-data --window +60s..+120s --station 192.168.1.23 --local 192.168.1.10",
            expected: UPHELD,
        }
        .told(|world| {
            let heartbeats: Vec<Vec<u8>> = (0..20).map(drone::mavlink_heartbeat).collect();
            world.datagrams(65_000, end("192.168.1.10", 14550), &heartbeats);
            let commands: Vec<Vec<u8>> = (0..20).map(|n| drone::duml(n, 3, 0x2a, &[1; 12])).collect();
            world.datagrams(85_000, end("192.168.1.10", 10000), &commands);
        }),
    ]
}

/// The story of silence in Linux's cooked framings.
fn cooked() -> Vec<Scenario> {
    [
        ("local-data-silence-cooked-1", "Local Data held, a cooked capture", Link::CookedV1),
        ("local-data-silence-cooked-2", "Local Data held, a cooked capture of version 2", Link::CookedV2),
    ]
    .into_iter()
    .map(|(id, title, link)| {
        Card {
            id,
            title,
            says: "The station is silent but for groups of the link; the framing names no receiver, and tells groups from single cards.",
            args: LOCAL,
            expected: UPHELD,
        }
        .framed(link, |_| {})
    })
    .collect()
}

fn chatter(world: &mut World) {
    let cast = dns::announcement(&[Record::Text("phone.local".into(), b"model=lab".to_vec())]);
    world.group_cast(66_000, "224.0.0.251", 5353, &cast);
    let station = std::mem::replace(&mut world.station, ip("fe80::17"));
    world.group_cast(72_000, "ff02::fb", 5353, &cast);
    world.group_cast(73_000, "ff02::c", 1900, &app::ssdp_search("[FF02::C]"));
    // A neighbour solicitation.
    let (number, body) = packets::icmp(ip("fe80::17"), ip("ff02::1:ff00:1"), 135, 0, &[0; 20]);
    world.recorder.ip(World::at(74_000), (ip("fe80::17"), ip("ff02::1:ff00:1")), number, &body, true);
    world.station = station;
    let discover = app::dhcp_discover([2, 0, 192, 168, 1, 23], "phone");
    Udp::new(&mut world.recorder, end("0.0.0.0", 68), end("255.255.255.255", 67), World::at(76_000))
        .send(Side::Client, &discover);
}

fn exempt() -> Vec<Scenario> {
    vec![
        Card {
            id: "local-data-exempt-maps",
            title: "Only exempt maps",
            says: "In the window the station fetches map tiles only, from the address that DNS gave for the exempt host.",
            args: LOCAL_MAPS,
            expected: KNOWN,
        }
        .told(|world| {
            world.visit(70_000, MAPS, 400);
            let mut large = Hello::new(MAPS.0);
            large.grease = true;
            large.pad_to = Some(2_000);
            world.tls_1_3(95_000, &large, MAPS.1, 700);
        }),
        Card {
            id: "local-data-exempt-alias",
            title: "Exempt maps behind an alias",
            says: "The exempt host is an alias of a name of the delivery network, which leads to the address.",
            args: LOCAL_MAPS,
            expected: UPHELD,
        }
        .told(|world| {
            let edge = "d1lab.cloudfront.net";
            let records = [
                Record::Alias(MAPS.0.into(), edge.into()),
                Record::Address(edge.into(), ip("13.249.9.77")),
            ];
            world.ask(70_000, end("192.168.1.1", 53), MAPS.0, &records);
            world.tls_1_3(70_100, &Hello::new(MAPS.0), "13.249.9.77", 300);
        }),
        dns_over_tcp(
            "local-data-exempt-dns-over-tcp",
            "The answer that ties the exempt host to its address came from the router's resolver over TCP.",
            1,
        ),
        dns_over_tcp(
            "local-data-exempt-dns-over-tcp-resent",
            "The same, and the question was sent three times, since its acknowledgement was late.",
            3,
        ),
        Card {
            id: "local-data-exempt-quic",
            title: "Exempt tiles over QUIC",
            says: "The exempt host is fetched over QUIC, its hello in two datagrams.",
            args: LOCAL_TILES,
            expected: KNOWN,
        }
        .told(|world| {
            world.lookup(70_000, TILES.0, TILES.1);
            let client = world.client();
            let how = (Version::V1, Layout::TwoDatagrams(180));
            world.quic(70_100, client, TILES.0, TILES.1, how, 900);
        }),
    ]
}

fn granted() -> Vec<Scenario> {
    vec![
        Card {
            id: "restricted-flysafe",
            title: "Only what was granted",
            says: "In the window the station speaks with the granted GEO zone service only.",
            args: "--mode restricted --window +60s..+120s --station 192.168.1.23 --grant dji.flysafe",
            expected: &[(12, Verdict::Upheld)],
        }
        .told(|world| {
            world.visit(66_000, FLYSAFE, 900);
            world.visit(99_000, FLYSAFE, 1_200);
        }),
        Card {
            id: "standard-all-known",
            title: "Everything explained",
            says: "Every flow belongs to a service that the catalogue knows, over TLS, with nothing dropped.",
            args: "--mode standard --station 192.168.1.23",
            expected: &[(1, Verdict::Upheld)],
        }
        .told(|world| {
            world.visit(66_000, FLYSAFE, 900);
            world.visit(77_000, CHECK, 200);
            world.visit(88_000, LOGS, 30_000);
        }),
    ]
}

fn attributed() -> Vec<Scenario> {
    let card = Card {
        id: "restricted-by-process",
        title: "The app stands in the file",
        says: "Each packet names the process that sent it: the ground app kept to what was granted.",
        args: "--mode restricted --window +60s..+120s --station 192.168.1.23 --grant dji.flysafe",
        expected: &[(12, Verdict::Upheld)],
    };
    let mut world = World::new(card.id);
    world.recorder.app_by_process(0);
    world.before();
    world.visit(66_000, FLYSAFE, 900);
    world.recorder.app_by_process(1);
    world.after();
    let (names, found) = world.finish();
    let mut file = PcapNg::new(vec![Interface::lossless(1, found.len())]);
    file.processes = vec![(501, "DJI Fly".into()), (88, "mDNSResponder".into())];
    let apple = card.file(names, "pcapng", file.write(&found));
    vec![apple]
}

impl Card {
    fn big_endian(self) -> Scenario {
        let mut world = World::new(self.id);
        world.recorder.link = Link::Vlan(7);
        world.before();
        world.link_only();
        world.recorder.comment("link-scope only from here on");
        world.after();
        let (names, found) = world.finish();
        let interface = Interface { digits: 9, ..Interface::lossless(1, found.len()) };
        let file = PcapNg {
            big_endian: true,
            comment: Some("made by the lab".into()),
            names: vec![(ip(FLYSAFE.1), FLYSAFE.0.into())],
            custom: Some((32473, b"example".to_vec())),
            ..PcapNg::new(vec![interface])
        };
        self.file(names, "pcapng", file.write(&found))
    }
}

/// A datagram to one address can be passed on, so that the auditor has to say whose it is.
fn renewed() -> Vec<Scenario> {
    let renew = |world: &mut World| {
        let request = app::dhcp_discover([2, 0, 192, 168, 1, 23], "phone");
        let [client, server] =
            [(STATION, 68), (ROUTER, 67)].map(|(addr, port)| creance_model::Endpoint { addr, port });
        Udp::new(&mut world.recorder, client, server, World::at(80_000)).send(Side::Client, &request);
    };
    vec![
        Card {
            id: "local-data-lease-renewal",
            title: "A lease that is renewed",
            says: "Half way through its lease the station renews its address by a single datagram to the router, which the auditor declared to be local.",
            args: "--mode local-data --window +60s..+120s --station 192.168.1.23 --local 192.168.1.1",
            expected: UPHELD,
        }
        .told(renew),
        Card {
            id: "local-data-lease-undeclared",
            title: "A lease from an undeclared server",
            says: "The same, and nobody said that the router is the station's own.",
            args: LOCAL,
            expected: UNDECIDED,
        }
        .told(renew),
    ]
}

/// Exempt maps as a mirror port hands them over, and as a recorder of two queues does.
fn mirrored() -> Vec<Scenario> {
    let fetched = |card: Card, change: fn(Vec<Packet>) -> Vec<Packet>| {
        let mut world = World::new(card.id);
        world.before();
        world.link_only();
        world.visit(70_000, MAPS, 400);
        world.tls_1_3(95_000, &Hello::new(MAPS.0), MAPS.1, 700);
        world.after();
        let (names, packets) = world.finish();
        let packets = change(packets);
        let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
        card.file(names, "pcapng", file.write(&packets))
    };
    // The last one stands alone, so that the capture ends when the others do.
    let twice = |mut packets: Vec<Packet>| {
        let last = packets.pop();
        let again = |packet: Packet| Packet { at: packet.at.after(Duration(2_000)), ..packet };
        packets.into_iter().flat_map(|packet| [packet.clone(), again(packet)]).chain(last).collect()
    };
    let early = |mut packets: Vec<Packet>| {
        // The hello in the window, and the acknowledgement that comes next to it.
        let hello = |packet: &Packet| packet.at > World::at(95_000) && packet.bytes.get(54) == Some(&22);
        if let Some(at) = packets.iter().position(hello)
            && let Some([data, ack]) = packets.get_mut(at..at + 2)
        {
            data.at = ack.at.after(Duration(20_000));
            std::mem::swap(data, ack);
        }
        packets
    };
    vec![
        fetched(
            Card {
                id: "local-data-exempt-maps-twice",
                title: "Each packet twice",
                says: "In the window the exempt host is fetched only, and a mirror port hands over each packet twice.",
                args: LOCAL_MAPS,
                expected: UPHELD,
            },
            twice,
        ),
        fetched(
            Card {
                id: "local-data-exempt-ack-first",
                title: "An acknowledgement before its data",
                says: "The exempt host is fetched only; the recorder wrote one acknowledgement just before the data that it acknowledges, as one with a queue for each direction does.",
                args: LOCAL_MAPS,
                expected: UPHELD,
            },
            early,
        ),
    ]
}

/// The exempt host, found over TCP by a question that is sent so many times.
fn dns_over_tcp(id: &'static str, says: &'static str, times: usize) -> Scenario {
    let title = "Exempt maps found over TCP";
    Card { id, title, says, args: LOCAL_MAPS, expected: KNOWN }.told(|world| {
        let client = world.client();
        let records = [Record::Address(MAPS.0.into(), ip("13.249.9.90"))];
        let query = dns::over_tcp(&dns::query(77, MAPS.0, dns::A));
        let answer = dns::over_tcp(&dns::answer(77, MAPS.0, dns::A, &records));
        let mut tcp = Tcp::new(&mut world.recorder, client, end("192.168.1.1", 53), World::at(70_000));
        tcp.open().send(Side::Client, &query);
        for _ in 1..times {
            tcp.back(Side::Client, query.len()).send(Side::Client, &query);
        }
        tcp.send(Side::Server, &answer).close();
        world.tls_1_3(71_000, &Hello::new(MAPS.0), "13.249.9.90", 300);
    })
}
