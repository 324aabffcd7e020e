//! Answers that tie the exempt name to a stranger, or carry data: who really sent them, and by
//! which way.

use super::world::{MAPS, STRANGER, World, end, ip};
use super::{Card, LOCAL_MAPS, ROUTER, STATION, Scenario, UNDECIDED};
use crate::dns::{self, Record};
use crate::pcapng::{Interface, PcapNg};
use crate::tls::Hello;
use crate::tunnel::Tunnel;
use crate::{Packet, Side, Tcp, Udp, ip as packets, link};
use creance_model::Endpoint;

/// The router's resolver.
const RESOLVER: Endpoint = Endpoint { addr: ROUTER, port: 53 };

pub(super) fn all() -> Vec<Scenario> {
    [tunnelled(), streamed(), vec![from_port_53(), answered_first(), hidden_resolver(), far_resolver()]]
        .concat()
}

/// The exempt name, led to an address of a stranger's.
fn misled() -> [Record; 1] {
    [Record::Address(MAPS.0.into(), ip(STRANGER))]
}

/// What the forged answer was for: the exempt name at the stranger's address, in the window.
fn upload(world: &mut World) {
    world.tls_1_3(76_000, &Hello::new(MAPS.0), STRANGER, 40_000);
}

/// An answer for the exempt name with about a kilobyte of data in texts.
fn loaded(id: u16, noise: Vec<u8>) -> Vec<u8> {
    dns::answer(id, MAPS.0, dns::TXT, &[Record::Text(MAPS.0.into(), noise)])
}

fn tunnelled() -> Vec<Scenario> {
    let tunnel = Tunnel::IpInIp(STATION, ip(STRANGER));
    vec![
        Card {
            id: "dns-answer-in-tunnel",
            title: "An answer in a tunnel",
            says: "Before the window a question for the exempt name and an answer in the router's name are in a tunnel of the station's to a stranger.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            let records = misled();
            world.recorder.tunnel = Some(tunnel);
            world.ask(40_000, RESOLVER, MAPS.0, &records);
            world.recorder.tunnel = None;
            upload(world);
        }),
        Card {
            id: "own-dns-answer-in-tunnel",
            title: "An answer of the station's own, in a tunnel",
            says: "The same, and the station sends the outer packets of both.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            let client = world.client();
            world.recorder.tunnel = Some(tunnel);
            let talk = [
                (client, RESOLVER, dns::query(7, MAPS.0, dns::A)),
                (RESOLVER, client, dns::answer(7, MAPS.0, dns::A, &misled())),
            ];
            for ((from, to, message), at) in talk.into_iter().zip(40_000..) {
                Udp::new(&mut world.recorder, from, to, World::at(at)).send(Side::Client, &message);
            }
            world.recorder.tunnel = None;
            upload(world);
        }),
    ]
}

fn streamed() -> Vec<Scenario> {
    vec![
        Card {
            id: "dns-answer-in-question-stream",
            title: "An answer in the asker's own stream",
            says: "Over TCP the station sends the router a question for the exempt name and the answer to it.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            let client = world.client();
            let query = dns::over_tcp(&dns::query(7, MAPS.0, dns::A));
            let answer = dns::over_tcp(&dns::answer(7, MAPS.0, dns::A, &misled()));
            Tcp::new(&mut world.recorder, client, RESOLVER, World::at(40_000))
                .open()
                .send(Side::Client, &[query, answer].concat())
                .close();
            upload(world);
        }),
        Card {
            id: "dns-data-in-answers-over-tcp",
            title: "Answers that the asker sends, over TCP",
            says: "Over TCP the station sends the router a question for the exempt name and then answers full of data.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            let client = world.client();
            let mut stream = dns::over_tcp(&dns::query(0, MAPS.0, dns::A));
            for (noise, id) in world.noises(40, 980).into_iter().zip(1..) {
                stream.extend(dns::over_tcp(&loaded(id, noise)));
            }
            Tcp::new(&mut world.recorder, client, RESOLVER, World::at(70_000))
                .open()
                .send(Side::Client, &stream)
                .close();
        }),
    ]
}

/// A port does not make a server of who asks.
fn from_port_53() -> Scenario {
    Card {
        id: "dns-data-from-port-53",
        title: "Data from the port of resolvers",
        says: "The station sends from port 53 a question for the exempt name, and then answers with data in texts.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(|world| {
        let (near, far) = (Endpoint { addr: STATION, port: 53 }, Endpoint { addr: ROUTER, port: 40_000 });
        let answers = world.noises(100, 980);
        let mut udp = Udp::new(&mut world.recorder, near, far, World::at(69_000));
        udp.send(Side::Client, &dns::query(1, MAPS.0, dns::A));
        for (noise, id) in answers.into_iter().zip(2..) {
            udp.send(Side::Client, &loaded(id, noise));
        }
    })
}

fn answered_first() -> Scenario {
    Card {
        id: "own-dns-answer-first",
        title: "An answer before its question",
        says: "The station's card sends a neighbour the forged answer, then asks the router, then sends the answer again.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(|world| {
        let client = world.client();
        let answer = dns::answer(7, MAPS.0, dns::A, &misled());
        let datagram = packets::udp((ROUTER, 53), (client.addr, client.port), &answer);
        let packet =
            packets::packet(ROUTER, client.addr, packets::UDP, &datagram, &packets::Style::default());
        let frame = link::ethernet(STATION, ip("192.168.1.119"), 0x0800, &packet);
        world.recorder.frame(World::at(40_000), frame.clone());
        Udp::new(&mut world.recorder, client, RESOLVER, World::at(40_010))
            .send(Side::Client, &dns::query(7, MAPS.0, dns::A));
        world.recorder.frame(World::at(40_020), frame);
        upload(world);
    })
}

/// Who asks under TLS has a resolver that the capture does not show.
fn hidden_resolver() -> Scenario {
    let story = Card {
        id: "resolver-over-tls",
        title: "A neighbour beside a resolver over TLS",
        says: "The station resolves names over TLS at 8.8.8.8; the only plain question goes to a neighbour, who leads the exempt name to a stranger.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    };
    let mut world = World::new(story.id);
    world.before();
    world.link_only();
    for at in [1_000, 31_000, 130_000, 141_000] {
        world.tls_1_3_to(at, &Hello::new("dns.google"), end("8.8.8.8", 853), 200);
    }
    upload(&mut world);
    world.after();
    let plain = |packet: &Packet| {
        let port = |at: usize| packet.bytes.get(at..at + 2) == Some(&[0, 53]);
        packet.bytes.get(23) == Some(&packets::UDP) && (port(34) || port(36))
    };
    let mut asked = World::new("asked");
    asked.ask(40_000, end("192.168.1.50", 53), MAPS.0, &misled());
    let (names, mut packets) = world.finish();
    packets.retain(|packet| !plain(packet));
    packets.extend(asked.finish().1);
    packets.sort_by_key(|packet| packet.at);
    let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    story.file(names, "pcapng", file.write(&packets))
}

fn far_resolver() -> Scenario {
    let story = Card {
        id: "neighbours-far-resolver",
        title: "Another's way to the same resolver",
        says: "The station asks 8.8.8.8 over the router; a neighbour asks the same address at another card, which leads the exempt name to a stranger.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    };
    let mut world = World::new(story.id);
    world.resolver = ip("8.8.8.8");
    world.before();
    world.link_only();
    world.station = ip("192.168.1.64");
    world.recorder.far_card = Some(ip("192.168.1.65"));
    world.ask(40_000, end("8.8.8.8", 53), MAPS.0, &misled());
    world.recorder.far_card = None;
    world.station = STATION;
    upload(&mut world);
    world.after();
    story.lossless(world)
}
