//! Declared sinks that are asked, in ways of their own, to pass something on, and those that are not.

use super::sinks::{SINK, WITH_SINK};
use super::world::{BUGLY, LOGS, STRANGER, World, end, ip};
use super::{Card, REFUTED, Scenario, UNDECIDED, UPHELD};
use crate::bytes::{Put, Sequence, low16};
use crate::tls::{Ech, Hello};
use crate::{Side, Tcp, app, dns, drone};
use std::net::IpAddr;

pub(super) fn all() -> Vec<Scenario> {
    let mut all =
        vec![honest(), asked_alone("sink-asked-by-mdns", 5353), asked_alone("sink-asked-by-llmnr", 5355)];
    all.extend(relays());
    all.extend(addresses());
    all.extend(hidden());
    all
}

/// What a sink is asked for itself, whatever the protocol.
fn honest() -> Scenario {
    Card {
        id: "local-data-sink-by-its-names",
        title: "A sink asked by its own names",
        says: "The station looks for the aircraft by its name on the link, and fetches from it by its address and by that name.",
        args: WITH_SINK,
        expected: UPHELD,
    }
    .told(|world| {
        let query = dns::query(0, "aircraft.local", dns::A);
        world.one_way(70_000, end(SINK, 5353), &[query]);
        world.http(75_000, SINK, &app::http_request("GET", SINK, "/status", 0));
        world.http(76_000, SINK, &app::http_request("GET", "aircraft.local", "/status", 0));
        let client = world.client();
        Tcp::new(&mut world.recorder, client, end(SINK, 554), World::at(80_000))
            .open()
            .send(Side::Client, &app::rtsp(&format!("rtsp://{SINK}/live")))
            .close();
        let binding = app::stun(&mut world.noise());
        world.datagrams(90_000, end(SINK, 3478), &[binding]);
    })
}

/// Questions for names that are not the link's, to the sink alone.
fn asked_alone(id: &'static str, port: u16) -> Scenario {
    let (title, says) = if port == 5353 {
        (
            "A sink asked by multicast DNS",
            "Questions whose labels carry data go to the sink alone, on the port of multicast DNS.",
        )
    } else {
        ("A sink asked by LLMNR", "The same on the port of LLMNR.")
    };
    Card { id, title, says, args: WITH_SINK, expected: REFUTED }.told(|world| {
        let client = world.client();
        let mut questions = Vec::new();
        for _ in 0..40 {
            let name = format!("{}.t.lab-tunnel.net", app::tunnel_label(world.recorder.noise()));
            questions.push(dns::query(low16(world.recorder.noise().next()), &name, dns::A));
        }
        let mut udp = crate::Udp::new(&mut world.recorder, client, end(SINK, port), World::at(70_000));
        for question in &questions {
            udp.send(Side::Client, question);
        }
    })
}

/// TURN's messages that have a relay send to a stranger (RFC 8656, 18.1 and 18.2).
fn turn(noise: &mut Sequence) -> Vec<Vec<u8>> {
    let IpAddr::V4(addr) = ip(STRANGER) else { return Vec::new() };
    let mut peer = vec![0, 1];
    peer.u16(9999 ^ 0x2112).put(&(u32::from(addr) ^ 0x2112_a442).to_be_bytes());
    let mut messages = vec![
        app::stun_message(noise, 0x0003, &[(0x0019, &[17, 0, 0, 0])]),
        app::stun_message(noise, 0x0008, &[(0x0012, &peer)]),
    ];
    messages.extend((0..10).map(|step| {
        app::stun_message(noise, 0x0016, &[(0x0012, &peer), (0x0013, &drone::position_json(step))])
    }));
    messages
}

fn relays() -> Vec<Scenario> {
    vec![
        Card {
            id: "sink-turn",
            title: "A sink that is a relay by TURN",
            says: "The sink is asked by TURN to send what it gets to a stranger.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(|world| {
            let messages = turn(&mut world.noise());
            world.one_way(70_000, end(SINK, 3478), &messages);
        }),
        Card {
            id: "sink-turn-over-tcp",
            title: "The same over TCP",
            says: "The same over TCP, behind a question for the station's own address.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(|world| {
            let mut noise = world.noise();
            let messages = [vec![app::stun(&mut noise)], turn(&mut noise)].concat();
            let client = world.client();
            let mut tcp = Tcp::new(&mut world.recorder, client, end(SINK, 3478), World::at(70_000));
            tcp.open();
            for message in &messages {
                tcp.send(Side::Client, message);
            }
            tcp.close();
        }),
        Card {
            id: "sink-socks-datagrams",
            title: "A sink that passes on datagrams",
            says: "The sink is asked by SOCKS 5, before the window, to pass on datagrams; within the window it gets some.",
            args: WITH_SINK,
            expected: UNDECIDED,
        }
        .told(|world| {
            let client = world.client();
            let [chosen, taken] = app::socks5_answers();
            Tcp::new(&mut world.recorder, client, end(SINK, 1080), World::at(20_000))
                .open()
                .send(Side::Client, &[5, 1, 0])
                .send(Side::Server, &chosen)
                .send(Side::Client, &app::socks5_associate())
                .send(Side::Server, &taken)
                .until(World::at(150_000))
                .close();
            let payloads: Vec<Vec<u8>> = (0..10)
                .map(|step| app::socks5_datagram(BUGLY.0, 9999, &drone::position_json(step)))
                .collect();
            world.one_way(70_000, end(SINK, 1081), &payloads);
        }),
    ]
}

/// Requests to the sink that give another machine's address.
fn addresses() -> Vec<Scenario> {
    vec![
        Card {
            id: "sink-http-address",
            title: "A request for another address",
            says: "A request that is sent to the sink is for a stranger's address.",
            args: WITH_SINK,
            expected: UNDECIDED,
        }
        .told(|world| world.http(75_000, SINK, &app::http_request("POST", STRANGER, "/up", 3_000))),
        Card {
            id: "sink-rtsp-address",
            title: "A live picture for another address",
            says: "The same with RTSP.",
            args: WITH_SINK,
            expected: UNDECIDED,
        }
        .told(|world| {
            let client = world.client();
            Tcp::new(&mut world.recorder, client, end(SINK, 554), World::at(80_000))
                .open()
                .send(Side::Client, &app::rtsp(&format!("rtsp://{STRANGER}/live")))
                .close();
        }),
    ]
}

/// Conversations with the sink in which a name may have been missed.
fn hidden() -> Vec<Scenario> {
    vec![
        Card {
            id: "sink-name-in-body",
            title: "A request within a request to the sink",
            says: "A request to the sink says two lengths of its body; by one of them, what follows is a request for a denied host.",
            args: WITH_SINK,
            expected: UNDECIDED,
        }
        .told(|world| {
            let body = app::http_request("POST", BUGLY.0, "/rqd/async", 700);
            let head = format!(
                "POST /x HTTP/1.1\r\nHost: hub.local\r\nContent-Length: {}\r\nContent-Length: 0\r\n\r\n",
                body.len()
            );
            world.http(75_000, SINK, &[head.as_bytes(), &body].concat());
        }),
        Card {
            id: "sink-ech",
            title: "An encrypted hello to the sink",
            says: "A hello to the sink names it, and holds an encrypted hello that may name another.",
            args: WITH_SINK,
            expected: UNDECIDED,
        }
        .told(|world| {
            let hello = Hello { ech: Ech::Real, ..Hello::new("hub.local") };
            world.tls_1_3(75_000, &hello, SINK, LOGS.0.len() * 100);
        }),
    ]
}
