//! Lies about names: what the wire says of itself is not what it is.

use super::world::{BUGLY, LOGS, MAPS, STRANGER, TILES, World, chain, end, ip, speak_1_3};
use super::{Card, LEFT_UNREAD, LOCAL, LOCAL_MAPS, LOCAL_TILES, REFUTED, Scenario, UNDECIDED};
use crate::dns::{self, Record};
use crate::quic::{Layout, Version};
use crate::tls::{Authority, Chain, Ech, Hello, Validity};
use crate::{Side, Tcp, Udp, app};

const TUNNELLED_CDN: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt dji.downloads";

pub(super) fn all() -> Vec<Scenario> {
    let mut all = hellos();
    all.extend(resolvers());
    all.extend(second_names());
    all
}

fn hellos() -> Vec<Scenario> {
    vec![
        Card {
            id: "name-lie",
            title: "A borrowed name",
            says: "A hello names the exempt map host, but the address was never tied to that name.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| world.tls_1_3(80_000, &Hello::new(MAPS.0), STRANGER, 40_000)),
        Card {
            id: "name-lie-self-signed",
            title: "A borrowed name with a home-made certificate",
            says: "As before, and the server shows a certificate for the exempt host that only vouches for itself.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            let chain = Authority::self_signed(&[MAPS.0], Validity::Current);
            let chain = chain.unwrap_or_else(|_| Chain(Vec::new()));
            world.tls_1_2(80_000, MAPS.0, STRANGER, &chain, true);
        }),
        Card {
            id: "name-lie-replayed",
            title: "A borrowed name with a replayed certificate",
            says: "The server shows somebody else's certificate but cannot sign with its key.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.tls_1_2(80_000, MAPS.0, STRANGER, &chain(MAPS.0, Validity::Current), false);
        }),
        Card {
            id: "ech-outer-name",
            title: "A hidden hello",
            says: "The outer name is the exempt host's; the name that was really asked for is encrypted.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.lookup(75_000, MAPS.0, MAPS.1);
            let records = [Record::Https(MAPS.0.into(), Some(vec![0xfe, 0x0d, 0, 4, 1, 2, 3, 4]))];
            world.ask(75_100, end("192.168.1.1", 53), MAPS.0, &records);
            let hello = Hello { ech: Ech::Real, ..Hello::new(MAPS.0) };
            world.tls_1_3(80_000, &hello, MAPS.1, 9_000);
        }),
        Card {
            id: "two-names-in-one-hello",
            title: "Two names at once",
            says: "One hello carries the exempt name and, after it, a denied one.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.lookup(75_000, MAPS.0, MAPS.1);
            let mut hello = Hello::new(MAPS.0);
            hello.names.push(BUGLY.0.into());
            world.tls_1_3(80_000, &hello, MAPS.1, 9_000);
        }),
    ]
}

fn resolvers() -> Vec<Scenario> {
    vec![
        Card {
            id: "evil-resolver",
            title: "A resolver that lies",
            says: "A resolver outside answers for the exempt name with an address of its own, and the upload goes there.",
            args: LOCAL_MAPS,
            expected: REFUTED,
        }
        .told(|world| {
            let records = [Record::Address(MAPS.0.into(), ip(STRANGER))];
            world.ask(75_000, end(STRANGER, 53), MAPS.0, &records);
            world.tls_1_3(75_100, &Hello::new(MAPS.0), STRANGER, 40_000);
        }),
        Card {
            id: "unasked-answer",
            title: "An answer that nobody asked for",
            says: "A stray DNS answer ties the exempt name to a stranger's address; no question was ever sent.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            let records = [Record::Address(MAPS.0.into(), ip(STRANGER))];
            let stray = dns::answer(9, MAPS.0, dns::A, &records);
            let client = world.client();
            Udp::new(&mut world.recorder, client, end("192.168.1.1", 53), World::at(75_000))
                .send(Side::Server, &stray);
            world.tls_1_3(80_000, &Hello::new(MAPS.0), STRANGER, 40_000);
        }),
        Card {
            id: "dns-tunnel",
            title: "A tunnel through the router's resolver",
            says: "The station is silent but for questions to the router's resolver whose labels carry data.",
            args: LOCAL,
            expected: LEFT_UNREAD,
        }
        .told(|world| tunnel(world, "t.lab-tunnel.net")),
        Card {
            id: "dns-tunnel-under-exempt",
            title: "A tunnel under an exempt wildcard",
            says: "The same, with labels below a domain that is exempt as a whole.",
            args: TUNNELLED_CDN,
            expected: UNDECIDED,
        }
        .told(|world| tunnel(world, "djicdn.com")),
        Card {
            id: "doh-hard-coded",
            title: "DNS over HTTPS by address",
            says: "The station asks a public resolver over TLS whose address is built in.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.tls_1_3(80_000, &Hello::new("dns.google"), "8.8.8.8", 600);
            let dot = Hello { alpn: vec!["dot".into()], ..Hello::new("dns.google") };
            world.tls_1_3_to(90_000, &dot, end("8.8.4.4", 853), 600);
        }),
    ]
}

fn tunnel(world: &mut World, domain: &str) {
    for step in 0..60 {
        let label = app::tunnel_label(world.recorder.noise());
        let name = format!("{label}.{domain}");
        let records = [Record::Text(name.clone(), b"ok".to_vec())];
        world.ask(62_000 + step * 900, end("192.168.1.1", 53), &name, &records);
    }
}

fn second_names() -> Vec<Scenario> {
    vec![
        Card {
            id: "quic-shuffled",
            title: "A shuffled QUIC hello",
            says: "A denied name stands in an Initial packet whose pieces are out of order.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.lookup(75_000, LOGS.0, LOGS.1);
            let client = world.client();
            world.quic(75_100, client, LOGS.0, LOGS.1, (Version::V1, Layout::Shuffled(40)), 20_000);
        }),
        Card {
            id: "quic-second-connection",
            title: "A second QUIC connection on the same ports",
            says: "After the exempt host, the same ports carry a connection that names a denied one.",
            args: LOCAL_TILES,
            expected: REFUTED,
        }
        .told(|world| {
            let (tiles, addr) = TILES;
            world.lookup(70_000, tiles, addr);
            let client = world.client();
            world.quic(70_100, client, tiles, addr, (Version::V1, Layout::Whole), 900);
            world.quic(85_000, client, LOGS.0, addr, (Version::V2, Layout::Split(60)), 20_000);
        }),
        Card {
            id: "http-second-host",
            title: "A second host on one connection",
            says: "One cleartext connection asks for the exempt host first and for a denied one after.",
            args: LOCAL_MAPS,
            expected: REFUTED,
        }
        .told(|world| {
            world.lookup(75_000, MAPS.0, MAPS.1);
            let client = world.client();
            Tcp::new(&mut world.recorder, client, end(MAPS.1, 80), World::at(75_100))
                .open()
                .send(Side::Client, &app::http_request("GET", MAPS.0, "/v4/0/0/0.png", 0))
                .send(Side::Server, &app::http_response("200 OK", 900))
                .send(Side::Client, &app::http_request("POST", BUGLY.0, "/rqd/async", 3_000))
                .send(Side::Server, &app::http_response("200 OK", 2))
                .close();
        }),
        Card {
            id: "proxy-at-exempt-address",
            title: "A proxy at the exempt address",
            says: "The exempt host's address is asked to connect to a denied host, and the hello that follows names it.",
            args: LOCAL_MAPS,
            expected: REFUTED,
        }
        .told(|world| {
            world.lookup(75_000, MAPS.0, MAPS.1);
            let client = world.client();
            let mut noise = world.noise();
            world.note_name(LOGS.0);
            let mut tcp = Tcp::new(&mut world.recorder, client, end(MAPS.1, 443), World::at(75_100));
            tcp.open().send(Side::Client, &app::http_connect(LOGS.0, 443));
            tcp.send(Side::Server, b"HTTP/1.1 200 Connection established\r\n\r\n");
            speak_1_3(&mut tcp, &Hello::new(LOGS.0), &mut noise, 30_000);
            tcp.close();
        }),
    ]
}
