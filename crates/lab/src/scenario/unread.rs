//! Payload that nobody read, in protocols that look as if it had been or need not be: claims 5 and 8.

use super::world::{STRANGER, TILES, World, end};
use super::{Card, LEFT_UNREAD, LOCAL, ROUTER, Scenario};
use crate::bytes::{Put, len16};
use crate::dns;
use crate::tls::{self, V1_2};
use crate::{Side, Tcp, app, drone};
use creance_model::{Endpoint, Verdict};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = discovery();
    all.extend(oversized());
    all.extend(questions());
    all.extend(without_hello());
    all.extend(bodies());
    all.push(behind_options());
    all
}

/// Positions in the open.
fn positions() -> Vec<u8> {
    (0..6).flat_map(drone::position_json).collect()
}

/// Twenty datagrams to a stranger, all of one content.
fn datagrams(
    (id, title, says): (&'static str, &'static str, &'static str),
    port: u16,
    message: Vec<u8>,
) -> Scenario {
    Card { id, title, says, args: LOCAL, expected: LEFT_UNREAD }
        .told(|world| world.one_way(70_000, end(STRANGER, port), &vec![message; 20]))
}

/// What is for those near by, and goes to the internet.
fn discovery() -> Vec<Scenario> {
    let mut search = app::ssdp_search("239.255.255.250");
    search.truncate(search.len() - 2);
    search.put(b"X-LOG: ").put(&positions()).put(b"\r\n\r\n");
    // A lease's discovery, with a host name of 240 bytes.
    let mut host = String::from_utf8_lossy(&positions()).into_owned();
    host.truncate(240);
    [
        ("ssdp-abroad", "A search for devices abroad", 1900, search),
        ("netbios-abroad", "A question for a machine's names abroad", 137, app::netbios_status(&positions())),
        (
            "dhcp-abroad",
            "A lease asked of a stranger",
            67,
            app::dhcp_discover([2, 0, 192, 168, 1, 23], &host),
        ),
    ]
    .into_iter()
    .map(|(id, title, port, message)| {
        let says = "Messages of a protocol for those near by go to a stranger, with positions in them.";
        datagrams((id, title, says), port, message)
    })
    .collect()
}

/// More than a protocol that needs few bytes has to say.
fn oversized() -> Vec<Scenario> {
    // The number of a key, and in the place of a digest sixteen bytes of a position.
    let mut time = app::ntp();
    time.u32(1).put(positions().get(..16).unwrap_or_default());
    vec![
        datagrams(
            (
                "stun-of-positions",
                "A binding request that says much",
                "Binding requests go to a stranger, each with the name of a program in which positions stand.",
            ),
            3478,
            app::stun_saying(&mut crate::bytes::Sequence::new(1), &positions()),
        ),
        datagrams(
            (
                "ntp-of-positions",
                "A question for the time with a digest",
                "Questions for the time go to a stranger, each with a position in the place of its digest.",
            ),
            123,
            time,
        ),
    ]
}

/// The router is asked for names that are data, on one pair of ports.
fn questions() -> Vec<Scenario> {
    let long = |world: &mut World, _: u16| {
        let noise = world.recorder.noise();
        let mut label = [app::tunnel_label(noise), app::tunnel_label(noise)].concat();
        label.truncate(60);
        label
    };
    let short = |_: &mut World, step: u16| format!("n{step}");
    let asked = |id, title, says, count: u16, label: &dyn Fn(&mut World, u16) -> String| {
        Card { id, title, says, args: LOCAL, expected: LEFT_UNREAD }.told(|world| {
            let mut questions = Vec::new();
            for step in 0..count {
                let name = format!("{}.lab-tunnel.net", label(world, step));
                questions.push(dns::query(step, &name, dns::A));
            }
            world.one_way(75_000, Endpoint { addr: ROUTER, port: 53 }, &questions);
        })
    };
    vec![
        asked(
            "dns-long-labels",
            "Labels that no host has",
            "The router is asked for the addresses of twenty names with labels of 60 bytes.",
            20,
            &long,
        ),
        asked(
            "dns-many-names",
            "More names than are kept",
            "The router is asked for 300 names, more than are kept of one conversation.",
            300,
            &short,
        ),
    ]
}

/// Records and packets as they follow a handshake, and no handshake.
fn without_hello() -> Vec<Scenario> {
    let (log, title) = (positions(), "Records without a handshake");
    let card = Card {
        id: "tls-without-hello",
        title,
        says: "Records of TLS go to a stranger and come back; nobody has greeted, and positions stand in them in the open.",
        args: LOCAL,
        expected: LEFT_UNREAD,
    };
    // A record of epoch 1, as those behind a handshake are.
    let mut record = vec![23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1];
    record.u16(len16(log.len())).put(&log);
    // An Initial packet of version 1 without a token, whose key is not that of its identifier.
    let mut initial = vec![0xc3, 0, 0, 0, 1, 8];
    let text = log.repeat(5);
    initial.put(b"identity").u8(0).u8(0).u16(0x4000 | 1178).put(text.get(..1178).unwrap_or_default());
    // The same as a packet of the handshake, which has no token.
    let mut handshake = vec![0xe3, 0, 0, 0, 1, 8];
    handshake.put(b"identity").u8(0).u16(0x4000 | 1178).put(text.get(..1178).unwrap_or_default());
    vec![
        card.told(|world| {
            let client = world.client();
            let up = tls::records(23, V1_2, &log, 4096);
            Tcp::new(&mut world.recorder, client, end(STRANGER, 443), World::at(80_000))
                .open()
                .send(Side::Client, &up)
                .send(Side::Server, &tls::records(23, V1_2, b"ok", 4096))
                .send(Side::Client, &up)
                .close();
        }),
        datagrams(
            ("dtls-without-hello", title, "The same in records of DTLS, which nobody answers."),
            4433,
            record,
        ),
        datagrams(
            (
                "quic-not-opened",
                "An Initial packet that opens nothing",
                "Datagrams like the first of QUIC go to a stranger; positions stand where they should be encrypted.",
            ),
            443,
            initial,
        ),
        datagrams(
            (
                "quic-without-hello",
                title,
                "The same in packets of QUIC's handshake, before which nobody has greeted.",
            ),
            443,
            handshake,
        ),
        Card {
            id: "noise-behind-search",
            title: "Positions behind a search for devices",
            says: "A search for devices goes to a neighbour, and then positions in the open on the same ports.",
            args: LOCAL,
            expected: LEFT_UNREAD,
        }
        .told(|world| {
            let payloads = [vec![app::ssdp_search("192.168.1.66")], vec![positions(); 150]].concat();
            world.one_way(70_000, end("192.168.1.66", 1900), &payloads);
        }),
        Card {
            id: "text-behind-dtls-hello",
            title: "Clear text behind a DTLS hello",
            says: "A hello of DTLS goes to a stranger, and then positions in the open on the same ports; nothing answers.",
            args: LOCAL,
            expected: LEFT_UNREAD,
        }
        .told(|world| {
            let hello = dtls_hello("lab.example.com");
            world.one_way(70_000, end(STRANGER, 4433), &[vec![hello], vec![positions(); 20]].concat());
        }),
    ]
}

fn behind_options() -> Scenario {
    Card {
        id: "clear-behind-options",
        title: "A body in clear behind options",
        says: "A map service is sent a position in the open, in packets with an option for routers.",
        args: LOCAL,
        expected: &[(5, Verdict::Refuted), (8, Verdict::Inconclusive), (13, Verdict::Refuted)],
    }
    .told(|world| {
        world.lookup(75_000, TILES.0, TILES.1);
        // Router alert (RFC 2113).
        world.recorder.options = vec![0x94, 4, 0, 0];
        let body = drone::position_json(1);
        world.http(75_100, TILES.1, &app::http_post(TILES.0, "/vt", "application/json", &body));
        world.recorder.options.clear();
    })
}

/// Requests in the open to a known service, whose heads tell nothing of what they carry.
fn bodies() -> Vec<Scenario> {
    let post = |kind, body: &[u8]| app::http_post(TILES.0, "/vt", kind, body);
    // A raw picture: a TIFF head, and much that looks like noise.
    let picture = [b"II*\0", &crate::bytes::Sequence::new(1).bytes(600)[..]].concat();
    let form = b"lat=30.00001&lon=-40.00000&imei=000000000000000";
    let cookie = format!(
        "GET /vt HTTP/1.1\r\nHost: {}\r\nX-Device: 000000000000000\r\nCookie: lat=30.00001; lon=-40.00000\r\n\r\n",
        TILES.0
    );
    let mut chunks = format!(
        "POST /vt HTTP/1.1\r\nHost: {}\r\nContent-Type: image/x-adobe-dng\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        TILES.0,
        picture.len()
    )
    .into_bytes();
    chunks.put(&picture).put(b"\r\n0\r\n\r\n");
    [
        ("clear-position", "A position in a body", post("application/json", &drone::position_json(1))),
        ("clear-form", "A position in a form", post("application/x-www-form-urlencoded", form)),
        ("clear-cookie", "A position in a cookie", cookie.into_bytes()),
        ("clear-picture", "A picture by another name", post("application/octet-stream", &picture)),
        ("clear-picture-in-chunks", "A picture of no stated length", chunks),
    ]
    .into_iter()
    .map(|(id, title, request)| {
        Card {
            id,
            title,
            says: "A map service is sent, in the open, what the catalogue does not say that it takes; it stands where nobody reads.",
            args: LOCAL,
            expected: &[(5, Verdict::Refuted), (8, Verdict::Inconclusive), (13, Verdict::Refuted)],
        }
        .told(|world| {
            world.lookup(75_000, TILES.0, TILES.1);
            world.http(75_100, TILES.1, &request);
        })
    })
    .collect()
}

/// A client's hello of DTLS 1.2, whole in one record (RFC 6347, 4.2).
fn dtls_hello(name: &str) -> Vec<u8> {
    let mut hello = Vec::new();
    // Version, random bytes, neither session nor cookie, one suite, no compression.
    hello.u16(0xfefd).put(&[7; 32]).u8(0).u8(0).put(&[0, 2, 0xc0, 0x2b, 1, 0]);
    hello.sized(2, |extensions| {
        extensions.u16(0).sized(2, |body| {
            body.sized(2, |list| {
                list.u8(0).sized(2, |text| {
                    text.put(name.as_bytes());
                });
            });
        });
    });
    let mut length = Vec::new();
    length.u8(0).u16(len16(hello.len()));
    let mut out = Vec::new();
    // A record of type handshake, the first one, with one message in one piece.
    out.put(&[22, 0xfe, 0xfd]).zeros(8).sized(2, |record| {
        record.u8(1).put(&length).zeros(5).put(&length).put(&hello);
    });
    out
}
