//! Hellos of QUIC that stand where a reader may have stopped looking, and clear text behind hellos.

use super::world::{LOGS, TILES, World, end};
use super::{Card, LOCAL_TILES, REFUTED, Scenario, UNDECIDED, UPHELD};
use crate::bytes::Put;
use crate::quic::{self, Initial, Layout, Sender, Version};
use crate::tls::{self, Hello};
use crate::{Side, Tcp, Udp};
use creance_model::Verdict;

const TEXT: &[u8] = b"{\"sn\":\"lab\",\"lat\":52.5163,\"lon\":13.3777} ";

pub(super) fn all() -> Vec<Scenario> {
    [crowds(), replaced(), clear(), honest()].concat()
}

/// One QUIC connection: its ids, and whom its hello names.
struct Connection {
    target: Vec<u8>,
    source: Vec<u8>,
    name: &'static str,
}

impl Connection {
    const fn new(target: Vec<u8>, source: Vec<u8>, name: &'static str) -> Self {
        Self { target, source, name }
    }

    /// The client's datagrams with its hello; the lab can make them of any size used here.
    fn hello(&self, layout: Layout) -> Vec<Vec<u8>> {
        let hello = Hello::for_quic(self.name, &self.source).message();
        quic::client_datagrams(Version::V1, &self.target, &self.source, &hello, layout).unwrap_or_default()
    }

    /// A datagram with these frames.
    fn initial(&self, from: Sender, number: u32, frames: &[u8]) -> Vec<u8> {
        let (target_id, source_id) = match from {
            Sender::Client => (&self.target, &self.source),
            Sender::Server => (&self.source, &self.target),
        };
        let initial = Initial {
            version: Version::V1,
            from,
            key_id: &self.target,
            target_id,
            source_id,
            number,
            frames,
            pad_to: 1200,
        };
        initial.seal().unwrap_or_default()
    }

    /// The server's hello.
    fn answer(&self) -> Vec<u8> {
        let flight = tls::flight_1_3(&Hello::for_quic(self.name, &self.source), 1);
        let length = flight.get(3..).and_then(|rest| rest.first_chunk::<2>());
        let length = length.map_or(0, |two| usize::from(u16::from_be_bytes(*two)));
        let hello = flight.get(5..5 + length).unwrap_or_default();
        let frames = [vec![2, 0, 0, 0, 0], quic::crypto_frames(hello, 0, hello.len()).concat()].concat();
        self.initial(Sender::Server, 0, &frames)
    }

    /// The server names only version 1 (RFC 9000, 17.2.1).
    fn negotiation(&self) -> Vec<u8> {
        let mut out = vec![0x80, 0, 0, 0, 0, 8];
        out.put(&self.source).u8(8).put(&self.target).u32(1);
        out
    }
}

/// Datagrams between the station and the exempt host on one pair of ports, after its lookup.
fn talk(
    (id, title, says): (&'static str, &'static str, &'static str),
    expected: &'static [(u8, Verdict)],
    make: impl FnOnce(&mut World) -> Vec<(Side, Vec<u8>)>,
) -> Scenario {
    Card { id, title, says, args: LOCAL_TILES, expected }.told(|world| {
        world.lookup(70_000, TILES.0, TILES.1);
        let client = world.client();
        let datagrams = make(world);
        let mut udp = Udp::new(&mut world.recorder, client, end(TILES.1, 443), World::at(70_100));
        for (side, datagram) in datagrams {
            udp.send(side, &datagram);
        }
    })
}

/// A connection with ids of its own.
fn connection(world: &mut World, name: &'static str) -> Connection {
    let mut id = || quic::connection_id(world.recorder.noise().next());
    Connection::new(id(), id(), name)
}

/// Whole hellos for the exempt host, never answered.
fn exempt_hellos(world: &mut World, count: usize) -> Vec<(Side, Vec<u8>)> {
    let mut all = Vec::new();
    for _ in 0..count {
        world.note_name(TILES.0);
        let hello = connection(world, TILES.0).hello(Layout::Whole);
        all.extend(hello.into_iter().map(|datagram| (Side::Client, datagram)));
    }
    all
}

/// What a connection carries after its handshake, which nobody can read.
fn upload(world: &mut World, target: &[u8]) -> Vec<(Side, Vec<u8>)> {
    let mut noise = world.noise();
    (0..10).map(|_| (Side::Client, quic::short(&mut noise, target, 1000))).collect()
}

fn crowds() -> Vec<Scenario> {
    vec![
        talk(
            (
                "quic-hello-behind-many",
                "A QUIC hello behind many others",
                "Thirty hellos for the exempt host, which are never answered, go before one for a denied host.",
            ),
            REFUTED,
            |world| {
                let mut all = exempt_hellos(world, 30);
                world.note_name(LOGS.0);
                let denied = connection(world, LOGS.0);
                all.extend(denied.hello(Layout::Whole).into_iter().map(|it| (Side::Client, it)));
                [all, upload(world, &denied.target)].concat()
            },
        ),
        talk(
            (
                "quic-hello-around-many",
                "A QUIC hello around many others",
                "Half of a denied host's hello goes before, and half after, six hellos for the exempt host.",
            ),
            REFUTED,
            |world| {
                world.note_name(LOGS.0);
                let denied = connection(world, LOGS.0);
                let mut halves = denied.hello(Layout::TwoDatagrams(60)).into_iter();
                let first = halves.next().map(|half| (Side::Client, half));
                let others = exempt_hellos(world, 6);
                let second = halves.map(|half| (Side::Client, half));
                let all: Vec<_> = first.into_iter().chain(others).chain(second).collect();
                [all, upload(world, &denied.target)].concat()
            },
        ),
        talk(
            (
                "quic-hello-begun",
                "A QUIC hello that never ends",
                "After the exempt host's connection a hello is begun, of which the capture has the first half; then there is an upload.",
            ),
            UNDECIDED,
            |world| {
                let all = exempt_hellos(world, 1);
                let denied = connection(world, LOGS.0);
                let half = denied.hello(Layout::TwoDatagrams(60)).into_iter().skip(1);
                let half: Vec<_> = half.map(|half| (Side::Client, half)).collect();
                [all, half, upload(world, &denied.target)].concat()
            },
        ),
        talk(
            (
                "quic-hello-around-negotiation",
                "A QUIC hello around a refusal",
                "The server refuses the version between the two halves of a denied host's hello, which the client sends to its end.",
            ),
            UNDECIDED,
            |world| {
                let all = exempt_hellos(world, 1);
                let denied = connection(world, LOGS.0);
                let mut datagrams = denied.hello(Layout::TwoDatagrams(60)).into_iter();
                let first = datagrams.next().map(|half| (Side::Client, half));
                let refusal = (Side::Server, denied.negotiation());
                let second = datagrams.map(|half| (Side::Client, half));
                let between: Vec<_> = first.into_iter().chain([refusal]).chain(second).collect();
                world.note_name(LOGS.0);
                [all, between, upload(world, &denied.target)].concat()
            },
        ),
    ]
}

fn replaced() -> Vec<Scenario> {
    vec![talk(
        (
            "quic-hello-replaced",
            "Another QUIC hello in the same place",
            "The exempt host's hello is answered; one for a denied host then takes its place, with the same connection id.",
        ),
        UNDECIDED,
        |world| {
            world.note_name(TILES.0);
            let one = connection(world, TILES.0);
            let other = Connection::new(one.target.clone(), one.source.clone(), LOGS.0);
            let hello = Hello::for_quic(other.name, &other.source).message();
            let frames = quic::crypto_frames(&hello, 0, hello.len()).concat();
            let mut all: Vec<_> = one.hello(Layout::Whole).into_iter().map(|it| (Side::Client, it)).collect();
            all.push((Side::Server, one.answer()));
            all.push((Side::Client, other.initial(Sender::Client, 7, &frames)));
            [all, upload(world, &other.target)].concat()
        },
    )]
}

fn clear() -> Vec<Scenario> {
    let says_tls = "After a hello for the exempt host and a change of ciphers the client speaks in clear; nothing answers.";
    let of_tls = Card {
        id: "text-behind-tls-hello",
        title: "Clear text behind a TLS hello",
        says: says_tls,
        args: LOCAL_TILES,
        expected: &[(5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
    };
    vec![
        of_tls.told(|world| {
            world.lookup(70_000, TILES.0, TILES.1);
            world.note_name(TILES.0);
            let client = world.client();
            let hello = tls::handshake(tls::V1_0, &Hello::new(TILES.0).message(), 16384);
            let mut tcp = Tcp::new(&mut world.recorder, client, end(TILES.1, 443), World::at(70_100));
            tcp.open().send(Side::Client, &hello);
            tcp.send(Side::Client, &tls::records(20, tls::V1_2, &[1], 1));
            for _ in 0..10 {
                tcp.send(Side::Client, &TEXT.repeat(20));
            }
            tcp.close();
        }),
        talk(
            (
                "text-behind-quic-hello",
                "Clear text behind a QUIC hello",
                "Behind the packet with the exempt host's hello each datagram goes on in clear; nothing answers.",
            ),
            &[(5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
            |world| {
                let mut all = exempt_hellos(world, 5);
                for (_, datagram) in &mut all {
                    datagram.put(&TEXT.repeat(4));
                }
                all
            },
        ),
        talk(
            (
                "text-after-quic-hello",
                "Clear text after a QUIC hello",
                "After the exempt host's hello the same ports carry datagrams in clear that begin like packets; nothing answers.",
            ),
            &[(5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
            |world| {
                let mut all = exempt_hellos(world, 1);
                for _ in 0..20 {
                    all.push((Side::Client, TEXT.repeat(8)));
                }
                all
            },
        ),
    ]
}

/// What clients and servers do when all goes well, and when packets are lost behind the tap.
fn honest() -> Vec<Scenario> {
    vec![talk(
        (
            "local-data-exempt-quic-again",
            "Exempt tiles over QUIC, again and again",
            "Six connections to the exempt host on the same ports, the first refused for its version; half of each hello is sent again after the answer, and packets share datagrams.",
        ),
        UPHELD,
        |world| {
            let mut all = Vec::new();
            for number in 0..6 {
                world.note_name(TILES.0);
                let one = connection(world, TILES.0);
                let hello = one.hello(Layout::TwoDatagrams(180));
                all.extend(hello.iter().map(|half| (Side::Client, half.clone())));
                if number == 0 {
                    all.push((Side::Server, one.negotiation()));
                    continue;
                }
                all.push((Side::Server, one.answer()));
                all.extend(hello.first().map(|half| (Side::Client, half.clone())));
                let mut noise = world.noise();
                let acknowledged = one.initial(Sender::Client, 5, &[2, 0, 0, 0, 0]);
                all.push((Side::Client, [acknowledged, quic::short(&mut noise, &one.target, 60)].concat()));
                all.extend(upload(world, &one.target));
            }
            all
        },
    )]
}
