//! Data in front of what is read, beside the stream that it is read from, or behind a conversation
//! that was read.

use super::world::{MAPS, SOLICITATION, TILES, World, end, ip};
use super::{
    Card, KNOWN, LOCAL, LOCAL_MAPS, LOCAL_TILES, REFUTED, ROUTER, STATION, STATION_V6, Scenario, UPHELD,
};
use crate::bytes::{Put, Sequence, checksum, len16, low32, patch};
use crate::dns::{self, Record};
use crate::quic::{self, Layout, Version};
use crate::tls::Hello;
use crate::{Recorder, Side, Tcp, Udp, ip as packets};
use creance_model::Verdict;

/// What left is an exempt service's but for what may have gone along with it: neither what all of
/// it was for, nor that none of it was in clear, nor that it was allowed can be told.
const OPEN: &[(u8, Verdict)] =
    &[(1, Verdict::Inconclusive), (5, Verdict::Inconclusive), (13, Verdict::Inconclusive)];
/// Local Data with map tiles exempt, on a network whose router resolves names over IPv6.
const LOCAL_MAPS_V6: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt mapbox.tiles --resolver fe80::1";

pub(super) fn all() -> Vec<Scenario> {
    let mut all = discovery();
    all.extend(questions());
    all.extend(honest());
    all.extend(streams());
    all.extend(second_connections());
    all.extend(surplus());
    all
}

/// What has room for data between a packet's own header and what it carries.
#[derive(Debug, Clone, Copy)]
enum Front {
    /// IPv4 options.
    Options,
    /// IPv6 options for the receiver.
    Destination,
    /// IPv6 options for every router.
    HopByHop,
    /// The check value of an authentication header.
    Authentication,
}

impl Front {
    /// Puts noise there in the packets that follow. The options are those for experiments (RFC 4727).
    fn put(self, recorder: &mut Recorder, noise: &mut Sequence) {
        match self {
            Self::Options => recorder.options = [&[0x9e, 36][..], &noise.bytes(34)].concat(),
            Self::Destination | Self::HopByHop => {
                let number = if matches!(self, Self::HopByHop) { 0 } else { 60 };
                recorder.extensions = vec![(number, [&[0x1e, 252][..], &noise.bytes(252)].concat())];
            }
            Self::Authentication => recorder.authentication = noise.bytes(252),
        }
    }

    /// Has twenty packets sent with noise there, by what records one at a moment.
    fn each(self, world: &mut World, send: impl Fn(&mut World, u64)) {
        let mut noise = world.noise();
        for at in (70_000..).step_by(1000).take(20) {
            self.put(&mut world.recorder, &mut noise);
            send(world, at);
        }
        world.recorder.options.clear();
        world.recorder.extensions.clear();
        world.recorder.authentication.clear();
    }
}

fn discovery() -> Vec<Scenario> {
    [
        (
            "neighbour-discovery-behind-options",
            "Data in front of neighbour discovery",
            "Neighbour solicitations of ordinary size go to one neighbour, each behind a destination option of 252 bytes.",
            Front::Destination,
        ),
        (
            "neighbour-discovery-behind-authentication",
            "Data in the authentication of neighbour discovery",
            "The same, each behind an authentication header with a check value of 252 bytes.",
            Front::Authentication,
        ),
    ]
    .into_iter()
    .map(|(id, title, says, front)| {
        Card { id, title, says, args: LOCAL, expected: REFUTED }.told(|world| {
            let ends = (ip("fe80::17"), ip("fe80::42"));
            front.each(world, |world, at| world.discovery(at, ends, SOLICITATION, &[0; 20]));
        })
    })
    .collect()
}

fn questions() -> Vec<Scenario> {
    [
        (
            "dns-question-behind-options",
            "Data in front of a question",
            "Questions for the exempt name go to the router behind IP options with data.",
            LOCAL_MAPS,
            Front::Options,
        ),
        (
            "dns-question-behind-authentication",
            "Data in the authentication of a question",
            "The same behind authentication headers, whose check values nobody can check.",
            LOCAL_MAPS,
            Front::Authentication,
        ),
        (
            "dns-question-behind-destination-options",
            "Data in front of a question over IPv6",
            "Questions for the exempt name go to the router over IPv6, each behind a destination option of 252 bytes.",
            LOCAL_MAPS_V6,
            Front::Destination,
        ),
        (
            "dns-question-behind-hop-by-hop-options",
            "Data for each router in front of a question",
            "The same, each behind an option for every router on the way.",
            LOCAL_MAPS_V6,
            Front::HopByHop,
        ),
    ]
    .into_iter()
    .map(|(id, title, says, args, front)| {
        Card { id, title, says, args, expected: OPEN }.told(|world| {
            if args == LOCAL_MAPS_V6 {
                to_ipv6(world);
            }
            let resolver = end(&world.resolver.to_string(), 53);
            front.each(world, |world, at| {
                world.one_way(at, resolver, &[dns::query(7, MAPS.0, dns::A)]);
            });
            to_ipv4(world);
        })
    })
    .collect()
}

/// The station speaks IPv6, and asks the router so.
fn to_ipv6(world: &mut World) {
    (world.station, world.resolver) = (STATION_V6, ip("fe80::1"));
}

fn to_ipv4(world: &mut World) {
    (world.station, world.resolver) = (STATION, ROUTER);
}

fn honest() -> Vec<Scenario> {
    vec![
        Card {
            id: "local-data-exempt-ipv6-resolver",
            title: "Exempt maps found over IPv6",
            says: "The router is asked for the exempt host over IPv6, once more in fragments, and the host is fetched.",
            args: LOCAL_MAPS_V6,
            expected: KNOWN,
        }
        .told(|world| {
            to_ipv6(world);
            world.lookup(70_000, MAPS.0, MAPS.1);
            world.recorder.pieces = 3;
            world.lookup(70_500, MAPS.0, MAPS.1);
            world.recorder.pieces = 1;
            to_ipv4(world);
            world.tls_1_3(71_000, &Hello::new(MAPS.0), MAPS.1, 700);
        }),
        Card {
            id: "local-data-group-reports",
            title: "Reports of groups",
            says: "The station tells routers which groups it listens to, with the option by which they look at such packets.",
            args: LOCAL,
            expected: UPHELD,
        }
        .told(report_groups),
    ]
}

fn report_groups(world: &mut World) {
    world.recorder.ttl = 1;
    // Router alert (RFC 2113, RFC 2711); reports of one group (RFC 3376, RFC 3810).
    world.recorder.options = vec![0x94, 4, 0, 0];
    let mut report = vec![0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 224, 0, 0, 251];
    let sum = checksum(&[&report]);
    patch(&mut report, 2, &sum.to_be_bytes());
    world.recorder.ip(World::at(75_000), (STATION, ip("224.0.0.22")), 2, &report, true);
    world.recorder.options.clear();
    world.recorder.extensions = vec![(0, vec![5, 2, 0, 0, 1, 0])];
    let ends = (ip("fe80::17"), ip("ff02::16"));
    let mut listens = vec![0, 0, 0, 1, 4, 0, 0, 0, 0xff, 2];
    listens.zeros(13).u8(0xfb);
    let (number, report) = packets::icmp(ends.0, ends.1, 143, 0, &listens);
    world.recorder.ip(World::at(76_000), ends, number, &report, true);
    world.recorder.extensions.clear();
    world.recorder.ttl = 64;
}

/// Where segments of data stand that the stream of questions does not have.
#[derive(Debug, Clone, Copy)]
enum Place {
    BeforeStart,
    OverQuestion,
    FarAhead,
    OverEnd,
    AfterEnd,
}

fn streams() -> Vec<Scenario> {
    [
        (
            "dns-over-tcp-before-its-start",
            "Data before the start of a connection for questions",
            "A question for the exempt name goes to the router over TCP, then segments with numbers from before the first one.",
            Place::BeforeStart,
        ),
        (
            "dns-over-tcp-other-bytes",
            "Other bytes in the place of a question",
            "The same with the question's own numbers and other bytes.",
            Place::OverQuestion,
        ),
        (
            "dns-over-tcp-far-ahead",
            "Data far ahead of a question",
            "The same with numbers two million bytes ahead.",
            Place::FarAhead,
        ),
        (
            "dns-over-tcp-over-its-end",
            "Data over the end of a connection for questions",
            "A question for the exempt name goes to the router over TCP; after both sides have closed, the station sends from the number of its FIN on.",
            Place::OverEnd,
        ),
        (
            "dns-over-tcp-after-its-end",
            "Data after the end of a connection for questions",
            "The same from the number behind that on.",
            Place::AfterEnd,
        ),
    ]
    .into_iter()
    .map(|(id, title, says, place)| {
        Card { id, title, says, args: LOCAL_MAPS, expected: OPEN }.told(|world| beside(world, place))
    })
    .collect()
}

/// A question over TCP with its answer, and ten segments of noise in one place.
fn beside(world: &mut World, place: Place) {
    let client = world.client();
    let records = [Record::Address(MAPS.0.into(), ip("13.249.9.90"))];
    let question = dns::over_tcp(&dns::query(77, MAPS.0, dns::A));
    let size = if matches!(place, Place::OverQuestion) { question.len() } else { 1200 };
    let noises = world.noises(10, size);
    let mut tcp = Tcp::new(&mut world.recorder, client, end("192.168.1.1", 53), World::at(70_000));
    tcp.open()
        .send(Side::Client, &question)
        .send(Side::Server, &dns::over_tcp(&dns::answer(77, MAPS.0, dns::A, &records)));
    let (back, ahead) = match place {
        Place::BeforeStart => (question.len() + size, 0),
        Place::OverQuestion => (question.len(), 0),
        Place::FarAhead => (0, 2_000_000),
        Place::OverEnd => (1, 0),
        Place::AfterEnd => (0, 0),
    };
    let closed = matches!(place, Place::OverEnd | Place::AfterEnd);
    if closed {
        tcp.close();
    }
    for noise in &noises {
        tcp.gap(Side::Client, ahead).back(Side::Client, back).send_sizes(Side::Client, noise, &[]);
        tcp.back(Side::Client, ahead as usize + size).gap(Side::Client, low32(back as u64));
    }
    if !closed {
        tcp.close();
    }
}

fn second_connections() -> Vec<Scenario> {
    [
        (
            "quic-of-no-version",
            "QUIC that nobody can read, behind QUIC",
            "After the exempt host, the same ports carry packets of a version that is none.",
            0xdead_beef,
        ),
        (
            "quic-negotiates",
            "A client that negotiates versions",
            "The same in packets of version negotiation, which only servers send.",
            0,
        ),
    ]
    .into_iter()
    .map(|(id, title, says, version)| {
        Card {
            id,
            title,
            says,
            args: LOCAL_TILES,
            expected: &[(5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
        }
        .told(|world| {
            world.lookup(70_000, TILES.0, TILES.1);
            let client = world.client();
            world.quic(70_100, client, TILES.0, TILES.1, (Version::V1, Layout::Whole), 900);
            let target = quic::connection_id(world.recorder.noise().next());
            let noises = world.noises(5, 1181);
            let mut udp = Udp::new(&mut world.recorder, client, end(TILES.1, 443), World::at(85_000));
            for noise in &noises {
                let mut packet = vec![0xc3];
                // Identifiers; an empty token and a length, or else the first of 296 versions.
                packet.u32(version).u8(8).put(&target).u8(0);
                packet.u8(0).u16(0x4000 | len16(noise.len())).put(noise);
                udp.send(Side::Client, &packet);
            }
        })
    })
    .collect()
}

/// UDP datagrams that end before their IP packets do, where options have their place (RFC 9868).
fn surplus() -> Vec<Scenario> {
    vec![
        Card {
            id: "dns-question-before-surplus",
            title: "Data behind a question's datagram",
            says: "Questions for the exempt name go to the router; each packet goes on for 1200 bytes behind the end of its datagram.",
            args: LOCAL_MAPS,
            expected: OPEN,
        }
        .told(|world| {
            let query = dns::query(7, MAPS.0, dns::A);
            for (noise, at) in world.noises(20, 1200).iter().zip((70_000..).step_by(1000)) {
                let datagram = packets::udp((STATION, 41_000), (ROUTER, 53), &query);
                let whole = [&datagram[..], noise].concat();
                world.recorder.ip(World::at(at), (STATION, ROUTER), packets::UDP, &whole, true);
            }
        }),
        Card {
            id: "quic-before-surplus",
            title: "Data behind QUIC's datagrams",
            says: "After the exempt host, the same ports carry short datagrams of QUIC, whose packets go on for 1200 bytes behind their end.",
            args: LOCAL_TILES,
            expected: &[(5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
        }
        .told(|world| {
            world.lookup(70_000, TILES.0, TILES.1);
            let client = world.client();
            world.quic(70_100, client, TILES.0, TILES.1, (Version::V1, Layout::Whole), 900);
            let mut noise = world.noise();
            let target = quic::connection_id(noise.next());
            for at in (75_000..).step_by(1000).take(20) {
                let short = quic::short(&mut noise, &target, 60);
                let datagram = packets::udp((STATION, client.port), (ip(TILES.1), 443), &short);
                let whole = [datagram, noise.bytes(1200)].concat();
                world.recorder.ip(World::at(at), (STATION, ip(TILES.1)), packets::UDP, &whole, true);
            }
        }),
    ]
}
