//! Machines that the operator declared to be local, and that pass on what they get.

use super::world::{BUGLY, LOGS, STRANGER, World, end, ip, speak_1_3};
use super::{Card, REFUTED, STATION, STATION_V6, Scenario, UNDECIDED};
use crate::ip::{self as packets, Style};
use crate::tls::Hello;
use crate::tunnel::{Tunnel, wireguard};
use crate::{Side, Tcp, app};
use std::net::IpAddr;

/// Local Data with the aircraft declared to be local.
pub(super) const WITH_SINK: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --local 192.168.1.10";
pub(super) const SINK: &str = "192.168.1.10";

pub(super) fn all() -> Vec<Scenario> {
    [relays(), tunnels(), routes(), since_before()].concat()
}

fn relays() -> Vec<Scenario> {
    vec![
        Card {
            id: "sink-connects",
            title: "A declared sink that is a proxy",
            says: "The sink is asked to connect to a denied host, and the upload goes through it.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            world.note_name(LOGS.0);
            let mut tcp = Tcp::new(&mut world.recorder, client, end(SINK, 8080), World::at(80_000));
            tcp.open().send(Side::Client, &app::http_connect(LOGS.0, 443));
            tcp.send(Side::Server, b"HTTP/1.1 200 Connection established\r\n\r\n");
            speak_1_3(&mut tcp, &Hello::new(LOGS.0), &mut noise, 30_000);
            tcp.close();
        }),
        Card {
            id: "sink-socks",
            title: "A declared sink that speaks SOCKS",
            says: "The same by SOCKS5, and what follows is noise.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            let [greeting, connect] = app::socks5(BUGLY.0, 443);
            let [chosen, connected] = app::socks5_answers();
            let mut tcp = Tcp::new(&mut world.recorder, client, end(SINK, 1080), World::at(80_000));
            tcp.open().send(Side::Client, &greeting).send(Side::Server, &chosen);
            tcp.send(Side::Client, &connect).send(Side::Server, &connected);
            tcp.send(Side::Client, &noise.bytes(9_000)).close();
        }),
        Card {
            id: "sink-resolves",
            title: "A declared sink that is a resolver",
            says: "Questions whose labels carry data go to the sink, which asks on.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(|world| {
            for step in 0..40 {
                let name = format!("{}.t.lab-tunnel.net", app::tunnel_label(world.recorder.noise()));
                world.ask(62_000 + step * 900, end(SINK, 53), &name, &[]);
            }
        }),
        Card {
            id: "sink-named-otherwise",
            title: "A declared sink by another's name",
            says: "A hello to the sink names a host of the maker's: it passes the connection on.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(|world| world.tls_1_3(80_000, &Hello::new(LOGS.0), SINK, 30_000)),
    ]
}

fn tunnels() -> Vec<Scenario> {
    let esp = |world: &mut World| {
        for (noise, at) in world.noises(20, 1200).iter().zip((70_000..).step_by(1000)) {
            world.recorder.ip(World::at(at), (STATION, ip(SINK)), 50, noise, true);
        }
    };
    let inner = |world: &mut World| {
        world.recorder.tunnel = Some(Tunnel::IpInIp(STATION, ip(SINK)));
        world.tls_1_3(80_000, &Hello::new(LOGS.0), LOGS.1, 30_000);
        world.recorder.tunnel = None;
    };
    let guard = |world: &mut World| {
        let mut messages = vec![wireguard(None, 0)];
        messages.extend((0..20).map(|counter| wireguard(Some(counter), 1_200)));
        world.datagrams(70_000, end(SINK, 51820), &messages);
    };
    vec![
        Card {
            id: "sink-ip-in-ip",
            title: "Packets for outside within packets for the sink",
            says: "A denied upload goes to the sink within IP in IP, for the sink to unwrap.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(inner),
        Card {
            id: "sink-ipsec",
            title: "IPsec with the sink",
            says: "The station speaks IPsec with the sink: a tunnel, of which nobody sees where it leads.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(esp),
        Card {
            id: "sink-wireguard",
            title: "WireGuard with the sink",
            says: "The same with WireGuard.",
            args: WITH_SINK,
            expected: REFUTED,
        }
        .told(guard),
    ]
}

/// Packets for the sink that say themselves where it is to send them on to.
fn routes() -> Vec<Scenario> {
    vec![
        Card {
            id: "sink-source-route",
            title: "A route beyond the sink",
            says: "Packets for the sink have an option by which it should send them on to a stranger.",
            args: WITH_SINK,
            expected: UNDECIDED,
        }
        .told(|world| {
            let (sink, stranger) = (ip(SINK), ip(STRANGER));
            let IpAddr::V4(last) = stranger else { return };
            // A loose source route (RFC 791) whose next and last address is the stranger's.
            let options = [&[131, 7, 4][..], &last.octets()].concat();
            for (noise, at) in world.noises(20, 900).iter().zip((70_000..).step_by(1000)) {
                let style = Style { options: options.clone(), ..Style::default() };
                let packet = packets::packet(STATION, sink, 253, noise, &style);
                let frame = world.recorder.link.frame(&packet);
                world.recorder.frame(World::at(at), frame);
            }
        }),
        Card {
            id: "sink-routing-header",
            title: "A route beyond the sink, in IPv6",
            says: "The same by a routing header.",
            args: "--mode local-data --window +60s..+120s --station 192.168.1.23 --local fd00::a",
            expected: UNDECIDED,
        }
        .told(|world| {
            let IpAddr::V6(last) = ip("2a01:4f9::66") else { return };
            // Type 0 (RFC 2460), one segment left.
            world.recorder.extensions = vec![(43, [&[0, 1, 0, 0, 0, 0][..], &last.octets()].concat())];
            for (noise, at) in world.noises(20, 900).iter().zip((70_000..).step_by(1000)) {
                world.recorder.ip(World::at(at), (STATION_V6, ip("fd00::a")), 253, noise, true);
            }
            world.recorder.extensions.clear();
        }),
    ]
}

fn since_before() -> Vec<Scenario> {
    vec![
        Card {
            id: "sink-since-before",
            title: "A conversation with the sink whose start is missing",
            says: "Noise goes to the declared sink on a connection that was opened before the capture: it may be the aircraft's link or a relay.",
            args: WITH_SINK,
            expected: UNDECIDED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            Tcp::new(&mut world.recorder, client, end(SINK, 7000), World::at(80_000))
                .send(Side::Client, &noise.bytes(30_000))
                .close();
        }),
    ]
}
