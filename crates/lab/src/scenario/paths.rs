//! Ways out that are easily overlooked: proxies, groups, tunnels, other framings.

use super::world::{BUGLY, CHECK, LOGS, World, end, ip, speak_1_3};
use super::{BOTH, Card, LOCAL, REFUTED, ROUTER, STATION, STATION_V6, Scenario};
use crate::bytes::patch;
use crate::ip::Style;
use crate::link::Link;
use crate::tls::Hello;
use crate::tunnel::{Tunnel, wireguard};
use crate::{Side, Tcp, app, ip as packets};

pub(super) fn all() -> Vec<Scenario> {
    [relays(), groups_and_platform(), tunnels(), framings(), cooked_groups()].concat()
}

fn relays() -> Vec<Scenario> {
    vec![
        Card {
            id: "lan-proxy",
            title: "A proxy on the LAN",
            says: "An upload goes to a proxy on the router, which carries it outside.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            world.note_name(LOGS.0);
            let mut tcp = Tcp::new(&mut world.recorder, client, end("192.168.1.1", 3128), World::at(80_000));
            tcp.open().send(Side::Client, &app::http_connect(LOGS.0, 443));
            tcp.send(Side::Server, b"HTTP/1.1 200 Connection established\r\n\r\n");
            speak_1_3(&mut tcp, &Hello::new(LOGS.0), &mut noise, 30_000);
            tcp.close();
        }),
        Card {
            id: "lan-socks",
            title: "A SOCKS proxy on the LAN",
            says: "The same through SOCKS5 on another machine of the network.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            world.note_name(BUGLY.0);
            let [greeting, connect] = app::socks5(BUGLY.0, 443);
            let [chosen, connected] = app::socks5_answers();
            let mut tcp = Tcp::new(&mut world.recorder, client, end("192.168.1.50", 1080), World::at(80_000));
            tcp.open().send(Side::Client, &greeting).send(Side::Server, &chosen);
            tcp.send(Side::Client, &connect).send(Side::Server, &connected);
            speak_1_3(&mut tcp, &Hello::new(BUGLY.0), &mut noise, 3_000);
            tcp.close();
        }),
        Card {
            id: "hotspot-relay",
            title: "A relay on the hotspot",
            says: "An upload goes over TLS to a private address, a phone that shares its connection.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| world.tls_1_3(80_000, &Hello::new(LOGS.0), "192.168.1.200", 30_000)),
    ]
}

fn groups_and_platform() -> Vec<Scenario> {
    vec![
        Card {
            id: "platform-only",
            title: "The platform's own traffic",
            says: "In the window only the operating system's maker is contacted: the app may be silent, the station is not.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.visit(70_000, CHECK, 200);
            world.visit(95_000, ("play.googleapis.com", "142.250.185.106"), 4_000);
        }),
        Card {
            id: "wide-multicast",
            title: "Multicast that routers may forward",
            says: "SSDP goes to 239.255.255.250 with a time to live of four.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.recorder.ttl = 4;
            world.group_cast(80_000, "239.255.255.250", 1900, &app::ssdp_search("239.255.255.250"));
            world.recorder.ttl = 64;
        }),
    ]
}

fn tunnels() -> Vec<Scenario> {
    let far = ip("45.33.32.5");
    vec![
        Card {
            id: "wireguard",
            title: "A WireGuard tunnel",
            says: "The station speaks WireGuard with a machine outside.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let mut messages = vec![wireguard(None, 0)];
            messages.extend((0..20).map(|counter| wireguard(Some(counter), 1_200)));
            world.datagrams(70_000, end("45.33.32.5", 51820), &messages);
        }),
        Card {
            id: "gre-hides-upload",
            title: "An upload within GRE",
            says: "A denied upload goes through a GRE tunnel whose far end is the router.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.recorder.tunnel = Some(Tunnel::Gre(STATION, ROUTER, Some(7)));
            world.tls_1_3(80_000, &Hello::new(LOGS.0), LOGS.1, 30_000);
            world.recorder.tunnel = None;
        }),
        Card {
            id: "vxlan-hides-upload",
            title: "An upload within VXLAN",
            says: "A denied upload goes through a VXLAN tunnel to a machine outside.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.recorder.tunnel = Some(Tunnel::Vxlan(STATION, far, 42));
            world.tls_1_3(80_000, &Hello::new(LOGS.0), LOGS.1, 30_000);
            world.recorder.tunnel = None;
        }),
        Card {
            id: "six-in-four",
            title: "IPv6 within IPv4",
            says: "A denied upload goes over IPv6 through a 6in4 tunnel.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.recorder.tunnel = Some(Tunnel::IpInIp(STATION, far));
            world.station = STATION_V6;
            world.tls_1_3(80_000, &Hello::new(LOGS.0), "2a05:d014::44", 30_000);
            world.station = STATION;
            world.recorder.tunnel = None;
        }),
        Card {
            id: "fragments-hide-hello",
            title: "A hello in IP fragments",
            says: "Every packet of a denied upload is cut into fragments, so that no single one shows the name.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.recorder.pieces = 4;
            world.tls_1_3(80_000, &Hello::new(LOGS.0), LOGS.1, 20_000);
            world.recorder.pieces = 1;
        }),
    ]
}

/// A cooked capture names no receiver's card, but says whether there was only one.
fn cooked_groups() -> Vec<Scenario> {
    [
        ("group-to-one-card-cooked-1", Link::CookedV1, 1, "224.0.0.251"),
        ("group-to-one-card-cooked-2", Link::CookedV2, 10, "239.1.2.3"),
    ]
    .into_iter()
    .map(|(id, link, kind_at, group)| {
        Card {
            id,
            title: "A group of one, in a cooked capture",
            says: "Datagrams for a group, with one hop left, go to a single card, as the type of each packet tells.",
            args: LOCAL,
            expected: REFUTED,
        }
        .framed(link, |world| {
            let style = Style { ttl: 1, ..Style::default() };
            for (noise, at) in world.noises(20, 700).iter().zip((70_000..).step_by(1000)) {
                let datagram = packets::udp((STATION, 5000), (ip(group), 9999), noise);
                let mut frame =
                    link.frame(&packets::packet(STATION, ip(group), packets::UDP, &datagram, &style));
                patch(&mut frame, kind_at, &[0]);
                world.recorder.frame(World::at(at), frame);
            }
        })
    })
    .collect()
}

/// The same upload, captured in every framing that is not plain Ethernet.
fn framings() -> Vec<Scenario> {
    [
        ("upload-qinq", "Two VLAN tags", Link::QinQ(100, 7)),
        ("upload-cooked-1", "Linux cooked capture", Link::CookedV1),
        ("upload-cooked-2", "Linux cooked capture, version 2", Link::CookedV2),
        ("upload-raw-ip", "No frames", Link::RawIp),
        ("upload-null", "BSD loopback", Link::Null),
        ("upload-loop", "OpenBSD loopback", Link::Loop),
    ]
    .into_iter()
    .map(|(id, title, link)| {
        Card {
            id,
            title,
            says: "A denied upload over IPv4 and one over IPv6, in a framing other than plain Ethernet.",
            args: BOTH,
            expected: REFUTED,
        }
        .framed(link, |world| {
            world.visit(70_000, LOGS, 9_000);
            world.station = STATION_V6;
            world.tls_1_3(80_000, &Hello::new(LOGS.0), "2a05:d014::44", 9_000);
            world.station = STATION;
        })
    })
    .collect()
}
