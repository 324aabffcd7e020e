//! Questions for names: what else they can carry, and who answers them.

use super::world::{MAPS, STRANGER, World, end, ip};
use super::{Card, LOCAL_MAPS, REFUTED, ROUTER, STATION, Scenario, UNDECIDED, UPHELD};
use crate::dns::{self, Record};
use crate::tls::Hello;
use crate::{Side, Tcp, Udp, app};
use creance_model::{Duration, Endpoint, Verdict};

/// The router's resolver.
const RESOLVER: Endpoint = Endpoint { addr: ROUTER, port: 53 };

pub(super) fn all() -> Vec<Scenario> {
    let mut all = loads();
    all.extend(other_loads());
    all.extend(answers());
    all
}

/// The exempt host is fetched as it should be; after that, `odd` makes twenty questions for it.
fn asking(
    id: &'static str,
    title: &'static str,
    says: &'static str,
    odd: fn(u16, Vec<u8>) -> Vec<u8>,
) -> Scenario {
    Card { id, title, says, args: LOCAL_MAPS, expected: UNDECIDED }.told(|world| {
        world.visit(70_000, MAPS, 400);
        let questions: Vec<Vec<u8>> =
            world.noises(20, 400).into_iter().zip(0..).map(|(noise, id)| odd(id, noise)).collect();
        world.one_way(75_000, RESOLVER, &questions);
    })
}

fn loads() -> Vec<Scenario> {
    vec![
        asking(
            "dns-data-behind-question",
            "Data behind a question",
            "Questions for the exempt name go on after their end.",
            |id, noise| [dns::query(id, MAPS.0, dns::A), noise].concat(),
        ),
        asking(
            "dns-data-in-option",
            "Data in an option of a question",
            "Questions for the exempt name have an EDNS option of a number for private use.",
            |id, noise| dns::with_option(dns::query(id, MAPS.0, dns::A), 65_001, &noise),
        ),
        asking(
            "dns-data-in-padding",
            "Data in the padding of a question",
            "Questions for the exempt name are padded, but not with zeros.",
            |id, noise| dns::with_option(dns::query(id, MAPS.0, dns::A), 12, &noise),
        ),
        asking(
            "dns-data-in-record",
            "Data in a record beside a question",
            "Questions for the exempt name have a text in their additional section.",
            |id, noise| {
                let record = Record::Text("t.lab-tunnel.net".into(), noise);
                dns::with_record(dns::query(id, MAPS.0, dns::A), &record)
            },
        ),
        asking(
            "dns-data-in-answer",
            "Answers that the asker sends",
            "The station sends the resolver answers for the exempt name, with texts in them.",
            |id, noise| dns::answer(id, MAPS.0, dns::TXT, &[Record::Text(MAPS.0.into(), noise)]),
        ),
        asking(
            "dns-text-after-address",
            "Texts after an address",
            "After ordinary questions for the exempt name's address, others ask for its texts.",
            |id, _| dns::query(id, MAPS.0, dns::TXT),
        ),
        asking(
            "dns-noise-after-question",
            "Noise after a question",
            "An ordinary question for the exempt name is followed by noise on the same ports.",
            |id, noise| if id == 0 { dns::query(id, MAPS.0, dns::A) } else { noise },
        ),
    ]
}

fn other_loads() -> Vec<Scenario> {
    vec![
        Card {
            id: "dns-many-questions",
            title: "The same question again and again",
            says: "The exempt name is asked for 500 times, each time with another number and another casing.",
            args: LOCAL_MAPS,
            expected: &[(5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
        }
        .told(|world| {
            let mut noise = world.noise();
            let mut question = |id| {
                let bits = noise.next();
                let flip = |(place, letter): (usize, char)| {
                    if bits >> place & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
                };
                dns::query(id, &MAPS.0.chars().enumerate().map(flip).collect::<String>(), dns::A)
            };
            let questions: Vec<Vec<u8>> = (0..500).map(&mut question).collect();
            world.one_way(75_000, RESOLVER, &questions);
        }),
        Card {
            id: "dns-over-tcp-filled-later",
            title: "Questions that are whole only later",
            says: "Over TCP a tunnel's questions are sent in the window but for one byte, which follows after it.",
            args: LOCAL_MAPS,
            expected: REFUTED,
        }
        .told(|world| {
            let client = world.client();
            let mut questions = Vec::new();
            for id in 0..40 {
                let name = format!("{}.t.lab-tunnel.net", app::tunnel_label(world.recorder.noise()));
                questions.extend(dns::over_tcp(&dns::query(id, &name, dns::A)));
            }
            let (first, rest) = questions.split_at(1);
            let mut tcp = Tcp::new(&mut world.recorder, client, RESOLVER, World::at(80_000));
            tcp.open().send(Side::Client, &dns::over_tcp(&dns::query(99, MAPS.0, dns::A)));
            tcp.gap(Side::Client, 1).send_sizes(Side::Client, rest, &[1000]);
            // Back to the byte that was left out.
            tcp.until(World::at(121_000)).back(Side::Client, questions.len());
            tcp.send_sizes(Side::Client, first, &[]);
        }),
        Card {
            id: "local-data-exempt-retried",
            title: "A question asked twice",
            says: "The answer to a question for the exempt host is late: it is asked again, and answered twice.",
            args: LOCAL_MAPS,
            expected: UPHELD,
        }
        .told(|world| {
            let client = world.client();
            let records = [Record::Address(MAPS.0.into(), ip(MAPS.1))];
            let (query, answer) =
                (dns::query(7, MAPS.0, dns::A), dns::answer(7, MAPS.0, dns::A, &records));
            Udp::new(&mut world.recorder, client, RESOLVER, World::at(70_000))
                .send(Side::Client, &query)
                .wait(Duration::from_seconds(5))
                .send(Side::Client, &query)
                .send(Side::Server, &answer)
                .send(Side::Server, &answer);
            world.tls_1_3(76_000, &Hello::new(MAPS.0), MAPS.1, 700);
        }),
        Card {
            id: "local-data-exempt-cookie",
            title: "Questions with a cookie",
            says: "The exempt host is asked for with an EDNS cookie of eight bytes, as resolvers' clients do.",
            args: LOCAL_MAPS,
            expected: UPHELD,
        }
        .told(|world| {
            let client = world.client();
            let records = [Record::Address(MAPS.0.into(), ip(MAPS.1))];
            let query = dns::with_option(dns::query(7, MAPS.0, dns::A), 10, &[1, 2, 3, 4, 5, 6, 7, 8]);
            Udp::new(&mut world.recorder, client, RESOLVER, World::at(70_000))
                .send(Side::Client, &query)
                .send(Side::Server, &dns::answer(7, MAPS.0, dns::A, &records));
            world.tls_1_3(70_100, &Hello::new(MAPS.0), MAPS.1, 700);
        }),
    ]
}

/// The exempt name, led to an address of a stranger's.
fn misled() -> [Record; 1] {
    [Record::Address(MAPS.0.into(), ip(STRANGER))]
}

fn answers() -> Vec<Scenario> {
    let second = Card {
        id: "second-resolver",
        title: "Another resolver nearby",
        says: "The station asks the router; in the window another machine of the network answers for the exempt name with a stranger's address.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(ask_nearby);
    let only = Card {
        id: "only-resolver-nearby",
        title: "The only resolver nearby",
        says: "The same, where the station otherwise asks a public resolver, so that the liar is the only one on its network.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    };
    let mut world = World::new(only.id);
    world.resolver = ip("8.8.8.8");
    world.before();
    world.link_only();
    ask_nearby(&mut world);
    world.after();
    let own = Card {
        id: "own-dns-answer",
        title: "An answer of the station's own",
        says: "The station's card answers the station's question in the router's name, before the router does.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(|world| {
        answered_by(world, "192.168.1.23");
        world.tls_1_3(76_000, &Hello::new(MAPS.0), STRANGER, 40_000);
    });
    let streamed = Card {
        id: "own-dns-answer-over-tcp",
        title: "An answer of the station's own, over TCP",
        says: "Two questions go to the router over TCP; the station's card sends the second answer before the router has sent the first.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(|world| {
        let client = world.client();
        let question = |id| dns::over_tcp(&dns::query(id, MAPS.0, dns::A));
        let answer = |id, addr| {
            let records = [Record::Address(MAPS.0.into(), ip(addr))];
            dns::over_tcp(&dns::answer(id, MAPS.0, dns::A, &records))
        };
        let size = answer(1, MAPS.1).len();
        Tcp::new(&mut world.recorder, client, RESOLVER, World::at(75_000))
            .open()
            .send(Side::Client, &[question(1), question(2)].concat())
            .gap(Side::Server, crate::bytes::low32(size as u64))
            .by_card(Some(client.addr))
            .send_sizes(Side::Server, &answer(2, STRANGER), &[])
            .by_card(None)
            .back(Side::Server, 2 * size)
            .send_sizes(Side::Server, &answer(1, MAPS.1), &[])
            .send(Side::Server, &answer(2, MAPS.1))
            .close();
        world.tls_1_3(76_000, &Hello::new(MAPS.0), STRANGER, 40_000);
    });
    vec![second, only.lossless(world), own, streamed, by_neighbour(), for_neighbour()]
}

/// A question to the router, answered in its name by another's card; the upload follows.
fn answered_by(world: &mut World, card: &str) {
    let client = world.client();
    Udp::new(&mut world.recorder, client, RESOLVER, World::at(75_000))
        .send(Side::Client, &dns::query(9, MAPS.0, dns::A));
    world.recorder.from_card = Some(ip(card));
    Udp::new(&mut world.recorder, client, RESOLVER, World::at(75_001))
        .send(Side::Server, &dns::answer(9, MAPS.0, dns::A, &misled()));
    world.recorder.from_card = None;
}

fn by_neighbour() -> Scenario {
    Card {
        id: "neighbours-dns-answer",
        title: "An answer of a neighbour's",
        says: "A neighbour's card answers the station's question in the router's name, before the router does.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(|world| {
        answered_by(world, "192.168.1.66");
        world.tls_1_3(76_000, &Hello::new(MAPS.0), STRANGER, 40_000);
    })
}

fn for_neighbour() -> Scenario {
    Card {
        id: "own-dns-answer-to-neighbour",
        title: "An answer of the station's own to another's question",
        says: "A neighbour asks the router for the exempt name; the station's card answers in the router's name.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(|world| {
        world.station = ip("192.168.1.66");
        answered_by(world, "192.168.1.23");
        world.station = STATION;
        world.tls_1_3(76_000, &Hello::new(MAPS.0), STRANGER, 40_000);
    })
}

fn ask_nearby(world: &mut World) {
    world.ask(75_000, end("192.168.1.66", 53), MAPS.0, &misled());
    world.tls_1_3(76_000, &Hello::new(MAPS.0), STRANGER, 40_000);
}
