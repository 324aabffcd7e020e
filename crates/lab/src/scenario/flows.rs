//! Flows that look unlike the usual ones: other protocols, other versions of IP, starts that a
//! reader may miss.

use super::world::{FLYSAFE, LOGS, MAPS, STRANGER, World, end, ip, speak_1_3};
use super::{BOTH, Card, LOCAL, LOCAL_MAPS, REFUTED, STATION, STATION_V6, Scenario, UNDECIDED};
use crate::tls::{self, Hello};
use crate::{Side, Tcp, app, drone, ip as packets};
use creance_model::Duration;

pub(super) fn all() -> Vec<Scenario> {
    [other_protocols(), odd_packets(), known_protocols(), strange_starts(), early_data()].concat()
}

fn other_protocols() -> Vec<Scenario> {
    vec![
        Card {
            id: "ipv6-flow",
            title: "The other version of IP",
            says: "The upload goes over IPv6, from an address that the auditor named.",
            args: BOTH,
            expected: REFUTED,
        }
        .told(ipv6),
        Card {
            id: "ipv6-flow-undeclared",
            title: "The other version of IP, unnoticed",
            says: "The upload goes over IPv6; the auditor only named the station's IPv4 address, the network card is the same, so it is the station's.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(ipv6),
        Card {
            id: "raw-address",
            title: "An address without a name",
            says: "Bytes that are neither TLS nor any known protocol go to an address that no name led to.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            Tcp::new(&mut world.recorder, client, end(STRANGER, 7000), World::at(80_000))
                .open()
                .send(Side::Client, &noise.bytes(9_000))
                .close();
        }),
    ]
}

fn odd_packets() -> Vec<Scenario> {
    vec![
        Card {
            id: "icmp-payload",
            title: "Data in pings",
            says: "Echo requests carry data to a machine outside.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            for step in 0..20 {
                let body = [&[0, 9, 0, 1], &drone::position_json(step)[..]].concat();
                let (number, body) = packets::icmp(STATION, ip(STRANGER), 8, 0, &body);
                let at = World::at(70_000 + step * 1000);
                world.recorder.ip(at, (STATION, ip(STRANGER)), number, &body, true);
            }
        }),
        Card {
            id: "unknown-udp",
            title: "Datagrams of no known protocol",
            says: "The station sends datagrams of noise to a high port outside.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let mut noise = world.noise();
            let payloads: Vec<Vec<u8>> = (0..20).map(|_| noise.bytes(800)).collect();
            world.datagrams(70_000, end(STRANGER, 40_123), &payloads);
        }),
        Card {
            id: "unknown-ip-protocol",
            title: "Another protocol on IP",
            says: "Packets of an experimental IP protocol (253) go outside.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let mut noise = world.noise();
            for step in 0..10 {
                let at = World::at(70_000 + step * 1000);
                let body = noise.bytes(300);
                world.recorder.ip(at, (STATION, ip(STRANGER)), 253, &body, true);
            }
        }),
    ]
}

fn known_protocols() -> Vec<Scenario> {
    vec![
        Card {
            id: "live-video",
            title: "A live stream",
            says: "Video goes outside by RTP while RTSP and MQTT speak on the side.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(live_video),
        Card {
            id: "mail",
            title: "Mail with STARTTLS",
            says: "The station sends a mail: the connection starts in the open and turns to TLS.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(mail),
    ]
}

fn ipv6(world: &mut World) {
    world.station = STATION_V6;
    world.recorder.extensions = vec![(60, vec![1, 4, 0, 0, 0, 0])];
    world.tls_1_3(80_000, &Hello::new(LOGS.0), "2a05:d014::44", 30_000);
    world.recorder.extensions.clear();
    world.station = STATION;
}

fn live_video(world: &mut World) {
    let mut noise = world.noise();
    let video: Vec<Vec<u8>> = (0..50).map(|n| app::rtp(&mut noise, n, 1_000)).collect();
    world.datagrams(70_000, end(STRANGER, 5004), &video);
    let talks = [
        (554, app::rtsp("rtsp://45.77.140.9/live")),
        (1935, app::rtmp(&mut noise)),
        (1883, app::mqtt_connect("station", "pilot")),
    ];
    for ((port, first), at) in talks.into_iter().zip([72_000, 74_000, 76_000]) {
        let client = world.client();
        Tcp::new(&mut world.recorder, client, end(STRANGER, port), World::at(at))
            .open()
            .send(Side::Client, &first)
            .close();
    }
    world.datagrams(78_000, end(STRANGER, 3478), &[app::stun(&mut noise)]);
    world.datagrams(79_000, end(STRANGER, 123), &[app::ntp()]);
    world.datagrams(79_500, end(STRANGER, 5684), &[app::dtls(&mut noise, 120)]);
}

fn mail(world: &mut World) {
    let server = "mail.example.com";
    let client = world.client();
    let mut noise = world.noise();
    world.note_name(server);
    let mut tcp = Tcp::new(&mut world.recorder, client, end(STRANGER, 587), World::at(80_000));
    tcp.open();
    for (from_client, line) in app::smtp_starttls(server) {
        tcp.send(if from_client { Side::Client } else { Side::Server }, &line);
    }
    speak_1_3(&mut tcp, &Hello::new(server), &mut noise, 9_000);
    tcp.close();
}

fn strange_starts() -> Vec<Scenario> {
    vec![
        Card {
            id: "flow-spans-window",
            title: "A connection opened before",
            says: "A connection that was opened before the window goes on sending inside it.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.note_name(LOGS.0);
            let client = world.client();
            let mut noise = world.noise();
            world.lookup(50_000, LOGS.0, LOGS.1);
            let mut tcp = Tcp::new(&mut world.recorder, client, end(LOGS.1, 443), World::at(50_100));
            tcp.open();
            speak_1_3(&mut tcp, &Hello::new(LOGS.0), &mut noise, 2_000);
            tcp.until(World::at(85_000));
            tcp.send(Side::Client, &tls::application_data(&mut noise, 20_000)).close();
        }),
        Card {
            id: "mid-stream",
            title: "A connection without its start",
            says: "A connection to the exempt host's address sends in the window; its opening was never captured.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            let mut tcp = Tcp::new(&mut world.recorder, client, end(MAPS.1, 443), World::at(1_000));
            tcp.send(Side::Client, &tls::application_data(&mut noise, 500));
            tcp.until(World::at(85_000));
            tcp.send(Side::Client, &tls::application_data(&mut noise, 20_000)).close();
        }),
        Card {
            id: "leftovers",
            title: "Goodbyes at the start of the window",
            says: "Connections from before end with FIN and RST after the window has begun: no data, but packets that left.",
            args: LOCAL,
            expected: UNDECIDED,
        }
        .told(|world| {
            for (millis, reset) in [(56_000, false), (57_000, true)] {
                world.note_name(FLYSAFE.0);
                let client = world.client();
                let mut noise = world.noise();
                let mut tcp = Tcp::new(&mut world.recorder, client, end(FLYSAFE.1, 443), World::at(millis));
                tcp.open();
                speak_1_3(&mut tcp, &Hello::new(FLYSAFE.0), &mut noise, 200);
                tcp.until(World::at(60_400 + millis / 100));
                if reset {
                    tcp.reset(Side::Client);
                } else {
                    tcp.close();
                }
            }
        }),
    ]
}

fn early_data() -> Vec<Scenario> {
    vec![
        Card {
            id: "fast-open",
            title: "Data in the first packet",
            says: "A denied host's hello stands in the SYN (TCP Fast Open); nothing ever answers.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.note_name(LOGS.0);
            let client = world.client();
            let hello = tls::handshake(tls::V1_0, &Hello::new(LOGS.0).message(), 16384);
            Tcp::new(&mut world.recorder, client, end(LOGS.1, 443), World::at(80_000))
                .open_unanswered(&[34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1], &hello);
        }),
        Card {
            id: "mptcp-join",
            title: "A second path of one connection",
            says: "A subflow joins a multipath connection whose first path was never captured, and sends.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let client = world.client();
            let mut noise = world.noise();
            let join = [30, 12, 0x10, 1, 9, 9, 9, 9, 7, 7, 7, 7];
            Tcp::new(&mut world.recorder, client, end(STRANGER, 443), World::at(80_000))
                .open_with(&join, b"")
                .wait(Duration(5_000_000))
                .send(Side::Client, &noise.bytes(9_000))
                .close();
        }),
        Card {
            id: "hello-in-small-pieces",
            title: "A hello in small pieces",
            says: "A denied name's hello is cut into records of 20 bytes and segments that come in reverse, one of them twice.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            world.note_name(LOGS.0);
            let client = world.client();
            let mut noise = world.noise();
            let hello = Hello::new(LOGS.0);
            let records = tls::handshake(tls::V1_0, &hello.message(), 20);
            let mut tcp = Tcp::new(&mut world.recorder, client, end(LOGS.1, 443), World::at(80_000));
            tcp.open().send_reversed(Side::Client, &records, 7).retransmit();
            tcp.send(Side::Server, &tls::flight_1_3(&hello, 900));
            tcp.send(Side::Client, &tls::application_data(&mut noise, 9_000)).close();
        }),
    ]
}
