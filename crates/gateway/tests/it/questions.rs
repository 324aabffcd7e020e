//! Questions for names: none leaves, and the answers lead nowhere else.

use crate::bench::{host, station, table};
use creance_gateway::core::{Families, LABELS_MAX, Questions, Reason, Table};
use creance_lab::dns as made;
use creance_model::{Duration, Mode, Timestamp};
use creance_wire::dns::{self, Answer, Message};
use std::net::IpAddr;

const NOW: Timestamp = Timestamp(1_772_000_000_000_000_000);
const BOTH: Families = Families { v4: true, v6: true };
const A: u16 = 1;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const HTTPS: u16 = 65;

fn maps() -> Table {
    table(Mode::LocalData, &["maker.maps"])
}

fn ask(questions: &mut Questions, table: &Table, query: &[u8]) -> (Message, Option<Reason>) {
    let reply = questions.answer(table, &station(), BOTH, query, NOW);
    let message = dns::parse(&reply.bytes.unwrap()).unwrap();
    assert!(message.response && !message.malformed);
    (message, reply.refused.map(|refusal| refusal.reason))
}

fn addresses(message: &Message) -> Vec<IpAddr> {
    message
        .answers
        .iter()
        .map(|answer| match answer {
            Answer::Address { addr, ttl_seconds, .. } => {
                assert_eq!(*ttl_seconds, 10);
                *addr
            }
            Answer::Alias { .. } | Answer::EchKeys { .. } => panic!("{answer:?}"),
        })
        .collect()
}

#[test]
fn an_allowed_name_has_an_address_that_leads_back_to_it() {
    let mut questions = Questions::new([1, 2, 3, 4, 5]);
    for (kind, expected) in [(A, "198.18.0.1"), (AAAA, "fd01:203:405::1")] {
        let (message, refused) = ask(&mut questions, &maps(), &made::query(77, "Tiles.Allowed.test", kind));
        assert_eq!((message.id, message.rcode, refused), (77, 0, None));
        assert!(message.ordinary);
        let [address] = addresses(&message)[..] else { panic!("{message:?}") };
        assert_eq!(address, expected.parse::<IpAddr>().unwrap());
        assert_eq!(questions.book().name(&station(), address), Some(&host("tiles.allowed.test")));
    }
}

#[test]
fn an_allowed_name_has_nothing_but_addresses_not_even_keys_to_hide_with() {
    let mut questions = Questions::new([0; 5]);
    for kind in [HTTPS, 64, TXT, 15, 33, 255, 5] {
        let (message, refused) = ask(&mut questions, &maps(), &made::query(1, "tiles.allowed.test", kind));
        assert_eq!((message.rcode, message.answers.len(), refused), (0, 0, None), "{kind}");
    }
}

#[test]
fn a_denied_name_does_not_exist() {
    let mut questions = Questions::new([0; 5]);
    for name in ["evil.test", "logs.allowed.test", "nobody.knows.test", "allowed.test"] {
        for kind in [A, AAAA, TXT, HTTPS] {
            let (message, refused) = ask(&mut questions, &maps(), &made::query(1, name, kind));
            assert_eq!((message.rcode, message.answers.len()), (3, 0), "{name}");
            assert_eq!(refused, Some(Reason::Denied), "{name}");
        }
    }
    assert_eq!(questions.book().name(&station(), "198.18.0.1".parse().unwrap()), None);
}

#[test]
fn a_name_on_any_port_can_be_asked_for_and_in_standard_every_name_can() {
    let mut questions = Questions::new([0; 5]);
    let rtk = table(Mode::LocalData, &["maker.rtk"]);
    assert_eq!(ask(&mut questions, &rtk, &made::query(1, "rtk.plain.test", A)).1, None);
    let standard = table(Mode::Standard, &[]);
    let (message, refused) = ask(&mut questions, &standard, &made::query(1, "nobody.knows.test", A));
    assert_eq!((addresses(&message).len(), refused), (1, None));
}

#[test]
fn too_many_names_below_one_are_not_given() {
    let mut questions = Questions::new([0; 5]);
    let query = |number: usize| made::query(1, &format!("tile{number}.allowed.test"), A);
    for number in 0..LABELS_MAX {
        assert_eq!(ask(&mut questions, &maps(), &query(number)).1, None);
    }
    let (message, refused) = ask(&mut questions, &maps(), &query(LABELS_MAX));
    assert_eq!((message.rcode, refused), (3, Some(Reason::ManyLabels)));
    assert_eq!(ask(&mut questions, &maps(), &query(3)).1, None, "those that were asked for stay");
}

#[test]
fn a_name_that_nobody_asked_for_in_a_day_makes_room_for_another() {
    let mut questions = Questions::new([0; 5]);
    let mut ask = |number: usize, seconds: u64| {
        let query = made::query(1, &format!("tile{number}.allowed.test"), A);
        let now = NOW.after(Duration::from_seconds(seconds));
        questions.answer(&maps(), &station(), BOTH, &query, now).refused.map(|refusal| refusal.reason)
    };
    const DAY: u64 = 86_400;
    for number in 0..LABELS_MAX {
        assert_eq!(ask(number, 0), None);
    }
    // One stays in use, and so stays counted.
    assert_eq!(ask(0, DAY / 2), None);
    assert_eq!(ask(LABELS_MAX, DAY - 1), Some(Reason::ManyLabels));
    for number in 1..LABELS_MAX {
        assert_eq!(ask(LABELS_MAX + number, DAY), None, "{number}");
    }
    assert_eq!(ask(2 * LABELS_MAX, DAY), Some(Reason::ManyLabels), "no more in a day than before");
    // Where the clock steps back nothing is forgotten.
    assert_eq!(ask(2 * LABELS_MAX, 0), Some(Reason::ManyLabels));
}

#[test]
fn a_station_is_told_no_address_of_a_family_that_it_is_not_known_by() {
    let mut questions = Questions::new([0; 5]);
    let mut told = |families, kind| {
        let query = made::query(1, "tiles.allowed.test", kind);
        let reply = questions.answer(&maps(), &station(), families, &query, NOW);
        assert_eq!(reply.refused, None, "the name may be had");
        let message = dns::parse(&reply.bytes.unwrap()).unwrap();
        assert_eq!(message.rcode, 0);
        addresses(&message).len()
    };
    let v4 = Families { v4: true, v6: false };
    assert_eq!((told(v4, A), told(v4, AAAA)), (1, 0));
    let v6 = Families { v4: false, v6: true };
    assert_eq!((told(v6, A), told(v6, AAAA)), (0, 1));
}

#[test]
fn what_is_no_question_is_said_to_be_none() {
    let mut questions = Questions::new([0; 5]);
    let good = made::query(9, "tiles.allowed.test", A);
    let mut two = good.clone();
    two[5] = 2;
    two.extend_from_within(12..good.len());
    let mut chaos = good.clone();
    *chaos.last_mut().unwrap() = 3;
    let mut update = good.clone();
    update[2] |= 5 << 3;
    for (what, bytes) in [("two questions", &two), ("another class", &chaos), ("an update", &update)] {
        let reply = questions.answer(&maps(), &station(), BOTH, bytes, NOW);
        assert_eq!(reply.refused.unwrap().reason, Reason::NoQuestion, "{what}");
        let bytes = reply.bytes.unwrap();
        assert_eq!((&bytes[..2], bytes[2] & 0x80, bytes[3] & 0xf), (&good[..2], 0x80, 1), "{what}");
    }
    let answer = made::no_such_name(9, "tiles.allowed.test", A);
    assert_eq!(
        questions.answer(&maps(), &station(), BOTH, &answer, NOW).bytes,
        None,
        "no answer to an answer"
    );
    assert_eq!(questions.answer(&maps(), &station(), BOTH, b"x", NOW).bytes, None);
    for cut in 0..good.len() {
        let reply = questions.answer(&maps(), &station(), BOTH, &good[..cut], NOW);
        assert_eq!(reply.refused.unwrap().reason, Reason::NoQuestion);
    }
}

#[test]
fn what_else_a_question_carries_changes_nothing() {
    let mut questions = Questions::new([0; 5]);
    let plain = ask(&mut questions, &maps(), &made::query(1, "tiles.allowed.test", A));
    let more = made::with_option(made::query(1, "tiles.allowed.test", A), 65_001, b"exfiltrated");
    assert_eq!(ask(&mut questions, &maps(), &more), plain);
}
