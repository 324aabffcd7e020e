//! Packets and frames that belong to the running of a network, and carry data all the same.

use super::world::{MAPS, SOLICITATION, STRANGER, World, end, ip};
use super::{
    BOTH, Card, KNOWN, LEFT_UNREAD, LOCAL, LOCAL_MAPS, REFUTED, ROUTER, STATION, STATION_V6, Scenario,
    UNDECIDED, UPHELD,
};
use crate::bytes::{Put, Sequence, checksum, crc32, low8, patch};
use crate::ip::{self as packets, Style};
use crate::pcapng::{Interface, PcapNg};
use crate::tunnel::wireguard;
use crate::{Side, Tcp, app, drone, link};
use creance_model::Verdict;
use std::net::{IpAddr, Ipv4Addr};

/// Another machine on the station's network.
const NEIGHBOUR: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 66));

/// Local Data with the time of day exempt.
const LOCAL_TIME: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt ntp-pool.time";

pub(super) fn all() -> Vec<Scenario> {
    let mut all = small_protocols();
    all.extend(shared_time());
    all.extend(odd_destinations());
    all.extend(link_protocols());
    all.extend(behind_packets());
    all.extend(fragments());
    all
}

fn small_protocols() -> Vec<Scenario> {
    vec![
        Card {
            id: "icmp-replies",
            title: "Data in answers to pings",
            says: "A machine outside pings the station, whose answers carry data that nobody sent it.",
            args: LOCAL,
            expected: LEFT_UNREAD,
        }
        .told(|world| {
            for step in 0..20 {
                let at = World::at(70_000 + step * 1000);
                let (stranger, seq) = (ip(STRANGER), [0, 9, 0, low8(step)]);
                let (number, ping) = packets::icmp(stranger, STATION, 8, 0, &seq);
                world.recorder.ip(at, (stranger, STATION), number, &ping, false);
                let body = [&seq, &drone::position_json(step)[..]].concat();
                let (number, reply) = packets::icmp(STATION, stranger, 0, 0, &body);
                world.recorder.ip(at, (STATION, stranger), number, &reply, true);
            }
        }),
        Card {
            id: "neighbour-discovery-abroad",
            title: "Neighbour discovery with a stranger",
            says: "Neighbour solicitations with the right hop limit go to an address outside, with data in an option.",
            args: BOTH,
            expected: REFUTED,
        }
        .told(|world| {
            let far = ip("2a01:4f9::66");
            for (noise, at) in world.noises(20, 798).iter().zip((70_000..).step_by(1000)) {
                // Four reserved bytes, the target, and a nonce (RFC 3971) of 800 bytes.
                let body = [&[0; 20][..], &[14, 100], noise].concat();
                world.discovery(at, (STATION_V6, far), SOLICITATION, &body);
            }
        }),
        Card {
            id: "neighbour-discovery-carries-data",
            title: "Data in neighbour discovery",
            says: "Neighbour solicitations go to one neighbour, each with an option of 200 bytes.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let (from, to) = (ip("fe80::17"), ip("fe80::42"));
            for (noise, at) in world.noises(20, 198).iter().zip((70_000..).step_by(1000)) {
                let body = [&[0; 20][..], &[14, 25], noise].concat();
                world.discovery(at, (from, to), SOLICITATION, &body);
            }
        }),
        Card {
            id: "local-data-neighbour-probe",
            title: "A neighbour that is still there",
            says: "The station asks the router by neighbour discovery whether it is still there, and is answered; the router says what it offers.",
            args: LOCAL,
            expected: UPHELD,
        }
        .told(|world| {
            let (from, to) = (ip("fe80::17"), ip("fe80::1"));
            let card = [&[1, 1][..], &link::card(from)].concat();
            // A card, and three resolvers by an option each (RFC 8106).
            let resolvers = [&[25, 3][..], &[0; 22]].concat().repeat(3);
            for (at, kind, body) in [
                (80_000, SOLICITATION, [&[0; 20][..], &card].concat()),
                (80_010, 136, vec![0; 20]),
                (82_000, 134, [&[0; 12][..], &card, &resolvers].concat()),
            ] {
                let ends = if kind == SOLICITATION { (from, to) } else { (to, from) };
                world.discovery(at, ends, kind, &body);
            }
        }),
        Card {
            id: "group-membership-abroad",
            title: "Group membership with a stranger",
            says: "IGMP goes to a single address outside, with data behind the report.",
            args: LOCAL,
            expected: LEFT_UNREAD,
        }
        .told(|world| {
            for step in 0..20 {
                let mut report = vec![0x16, 0, 0, 0, 224, 0, 0, 251];
                report.put(&drone::position_json(step));
                let sum = checksum(&[&report]);
                patch(&mut report, 2, &sum.to_be_bytes());
                let at = World::at(70_000 + step * 1000);
                world.recorder.ip(at, (STATION, ip(STRANGER)), 2, &report, true);
            }
        }),
        Card {
            id: "stun-then-data",
            title: "Data behind a binding request",
            says: "The flow opens with STUN; what follows on the same ports is noise.",
            args: LOCAL,
            expected: LEFT_UNREAD,
        }
        .told(|world| {
            let first = app::stun(&mut world.noise());
            let payloads = [vec![first], world.noises(20, 1200)].concat();
            world.one_way(70_000, end(STRANGER, 3478), &payloads);
        }),
    ]
}

fn shared_time() -> Vec<Scenario> {
    let server = ("2.pool.ntp.org", "162.159.200.1");
    vec![
        Card {
            id: "local-data-exempt-time",
            title: "Only the time of day",
            says: "In the window the station asks an exempt server for the time, at the address that DNS gave.",
            args: LOCAL_TIME,
            expected: KNOWN,
        }
        .told(|world| {
            world.lookup(70_000, server.0, server.1);
            world.datagrams(70_100, end(server.1, 123), &[app::ntp(), app::ntp()]);
        }),
        Card {
            id: "ntp-then-data",
            title: "Data behind a question for the time",
            says: "The flow to an exempt time server opens with NTP; what follows on the same ports is noise.",
            args: LOCAL_TIME,
            expected: &[(5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
        }
        .told(|world| {
            world.lookup(70_000, server.0, server.1);
            let payloads = [vec![app::ntp()], world.noises(20, 1200)].concat();
            world.one_way(70_100, end(server.1, 123), &payloads);
        }),
        Card {
            id: "wireguard-at-time-server",
            title: "A tunnel at a time server",
            says: "An address of the exempt pool is spoken to on its port for the time, in WireGuard.",
            args: LOCAL_TIME,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.lookup(70_000, server.0, server.1);
            let mut messages = vec![wireguard(None, 0)];
            messages.extend((0..20).map(|counter| wireguard(Some(counter), 1_200)));
            world.one_way(70_100, end(server.1, 123), &messages);
        }),
        Card {
            id: "mavlink-at-time-server",
            title: "Telemetry at a time server",
            says: "The same in MAVLink.",
            args: LOCAL_TIME,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.lookup(70_000, server.0, server.1);
            let heartbeats: Vec<Vec<u8>> = (0..20).map(drone::mavlink_heartbeat).collect();
            world.one_way(70_100, end(server.1, 123), &heartbeats);
        }),
    ]
}

fn odd_destinations() -> Vec<Scenario> {
    let to_one_card = |id, title, says, target: &'static str| {
        Card { id, title, says, args: LOCAL, expected: REFUTED }.told(|world| {
            world.recorder.far_card = Some(NEIGHBOUR);
            let payloads = world.noises(20, 1200);
            world.one_way(70_000, end(target, 9999), &payloads);
            world.recorder.far_card = None;
        })
    };
    vec![
        to_one_card(
            "loopback-on-the-wire",
            "Loopback on the wire",
            "Datagrams for 127.0.0.9 go to a neighbour's card: no such packet stays within the station.",
            "127.0.0.9",
        ),
        to_one_card(
            "group-to-one-card",
            "A group of one",
            "Datagrams for a link-scope group go to a neighbour's card alone.",
            "224.0.0.251",
        ),
        Card {
            id: "served-from-the-station",
            title: "A server on the station",
            says: "A machine outside opens a connection to the station and fetches data from it.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let (reader, server) = (end(STRANGER, 40_000), end("192.168.1.23", 8443));
            let mut noise = world.noise();
            Tcp::new(&mut world.recorder, reader, server, World::at(80_000))
                .open()
                .send(Side::Client, b"more\n")
                .send(Side::Server, &noise.bytes(9_000))
                .close();
        }),
    ]
}

/// Protocols between neighbours, each sent to one card with far more than it needs.
fn link_protocols() -> Vec<Scenario> {
    // Chassis, port, time to live, and the head of an organisation's own TLV of 500 bytes.
    let mut lldp = vec![2, 7, 4, 2, 0, 192, 168, 1, 23, 4, 2, 7, 49, 6, 2, 0, 120];
    lldp.put(&[0xff, 0xf4, 0, 0, 0, 1]);
    let arp = link::arp(STATION, ROUTER).get(14..42).unwrap_or_default().to_vec();
    // LLC and SNAP of a protocol of Cisco's for its own use, of 507 bytes in all.
    let cisco = vec![0xaa, 0xaa, 3, 0, 0, 12, 0, 0, 0, 0, 0];
    // An EAP request of a type for experiments: 496 bytes behind version, type, length and five more.
    let access = vec![2, 0, 0x01, 0xf5, 1, 1, 0x01, 0xf5, 255];
    // A session's end with a tag of the maker's own; an LCP echo request.
    let discovery = vec![0x11, 0xa7, 0, 1, 0x01, 0xf4, 1, 5, 0x01, 0xf0];
    let control = vec![0x11, 0, 0, 1, 0x01, 0xfa, 0xc0, 0x21, 9, 1, 0x01, 0xf8, 0, 0, 0, 0];
    // A reply of the configuration testing protocol.
    let test = vec![0, 0, 1, 0, 0, 7];
    // A version 2 sync message of 44 bytes.
    let mut clock = vec![0, 2, 0, 44];
    clock.zeros(40);
    [
        ("cisco-carries-data", "Data in a maker's link protocol", 507, cisco),
        ("port-access-carries-data", "Data in port access control", 0x888e, access),
        ("pppoe-discovery-carries-data", "Data in PPPoE discovery", 0x8863, discovery),
        ("ppp-control-carries-data", "Data in PPP control", 0x8864, control),
        ("lldp-carries-data", "Data in link discovery", 0x88cc, lldp),
        ("arp-carries-data", "Data behind ARP", 0x0806, arp),
        ("link-test-carries-data", "Data in a test of the link", 0x9000, test),
        ("clock-carries-data", "Data behind a clock's messages", 0x88f7, clock),
    ]
    .into_iter()
    .map(|(id, title, ethertype, head)| {
        Card {
            id,
            title,
            says: "Frames of a protocol between neighbours go to a single card, each with 496 bytes more than it needs.",
            args: LOCAL,
            expected: UNDECIDED,
        }
        .told(|world| {
            for (noise, at) in world.noises(20, 496).iter().zip((70_000..).step_by(1000)) {
                let body = [&head[..], noise].concat();
                world.recorder.frame(World::at(at), link::ethernet(STATION, NEIGHBOUR, ethertype, &body));
            }
        })
    })
    .collect()
}

/// A frame is as long as its sender likes; the packet within it ends where it says.
fn behind_packets() -> Vec<Scenario> {
    let data = Card {
        id: "bytes-behind-packets",
        title: "Data behind packets",
        says: "The exempt host is fetched; each frame of it goes on behind its packet, for whoever listens on the link.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    };
    let padded = Card {
        id: "local-data-exempt-padded",
        title: "Exempt maps in padded frames",
        says: "The exempt host is fetched; the capture has each frame's padding to 60 bytes and its check sum.",
        args: LOCAL_MAPS,
        expected: UPHELD,
    };
    vec![
        lengthened(data, |frame, noise| {
            frame.put(&noise.bytes(500));
        }),
        lengthened(padded, |frame, _| {
            frame.resize(frame.len().max(60), 0);
            let sum = crc32(frame);
            frame.put(&sum.to_le_bytes());
        }),
    ]
}

/// Exempt maps, with something put behind each IP packet of the station's while they are fetched.
fn lengthened(card: Card, put: fn(&mut Vec<u8>, &mut Sequence)) -> Scenario {
    let mut world = World::new(card.id);
    world.before();
    world.link_only();
    world.visit(84_000, MAPS, 400);
    world.after();
    let mut noise = world.noise();
    let (names, mut packets) = world.finish();
    let while_fetched = World::at(84_000)..World::at(86_000);
    for packet in packets.iter_mut().filter(|packet| while_fetched.contains(&packet.at)) {
        if packet.bytes.get(6..12) == Some(&link::card(STATION)[..]) {
            put(&mut packet.bytes, &mut noise);
        }
    }
    let file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    card.file(names, "pcapng", file.write(&packets))
}

fn fragments() -> Vec<Scenario> {
    let parts = |id, title, says, args, expected, target: &'static str, kept: usize, start: u64| {
        Card { id, title, says, args, expected }.told(|world| {
            for (place, piece) in pieces(STATION, target, 64).iter().take(kept).enumerate() {
                let frame = world.recorder.link.frame(piece);
                world.recorder.frame(World::at(start + place as u64 * 1000), frame);
            }
        })
    };
    vec![
        parts(
            "fragments-from-before",
            "A datagram that began before",
            "A datagram's first fragments leave before the window, the others within it.",
            LOCAL,
            REFUTED,
            STRANGER,
            PIECES,
            57_500,
        ),
        parts(
            "fragments-until-after",
            "A datagram that ended after",
            "A datagram's last fragment leaves after the window, the others within it.",
            LOCAL,
            REFUTED,
            STRANGER,
            PIECES,
            115_500,
        ),
        parts(
            "fragments-never-whole",
            "A datagram that never ended",
            "The last fragment of a datagram to a stranger is never sent.",
            LOCAL,
            REFUTED,
            STRANGER,
            PIECES - 1,
            80_000,
        ),
        parts(
            "fragments-never-whole-to-exempt",
            "A datagram to the exempt host that never ended",
            "The last fragment of a datagram to the exempt host's address is never sent: what it was cannot be told.",
            LOCAL_MAPS,
            UNDECIDED,
            MAPS.1,
            PIECES - 1,
            80_000,
        ),
        Card {
            id: "wide-multicast-in-fragments",
            title: "Multicast whose last fragment stays",
            says: "A datagram goes to a group that routers may forward; its last fragment alone has no hops left.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            let [far, near] = [64, 1].map(|ttl| pieces(STATION, "239.1.2.3", ttl));
            for piece in far.iter().take(PIECES - 1).chain(near.last()) {
                let frame = world.recorder.link.frame(piece);
                world.recorder.frame(World::at(80_000), frame);
            }
        }),
        Card {
            id: "local-data-exempt-fragments",
            title: "Exempt maps in fragments",
            says: "The exempt host is fetched; every packet of its lookup and its connection comes in fragments that become whole.",
            args: LOCAL_MAPS,
            expected: UPHELD,
        }
        .told(|world| {
            world.recorder.pieces = 3;
            world.visit(80_000, MAPS, 2_000);
            world.recorder.pieces = 1;
        }),
    ]
}

/// How many fragments [`pieces`] makes.
const PIECES: usize = 6;

/// The fragments of one large datagram of noise.
pub(super) fn pieces(source: IpAddr, target: &str, ttl: u8) -> Vec<Vec<u8>> {
    let target = end(target, 9999);
    let datagram = packets::udp((source, 5000), (target.addr, target.port), &Sequence::new(1).bytes(8_000));
    let style = Style { ttl, ..Style::default() };
    let packet = packets::packet(source, target.addr, packets::UDP, &datagram, &style);
    packets::fragments(&packet, PIECES, 77)
}
