//! Conversations by UDP.

use crate::bench::{assert_admitted, assert_refused, host, station, table, table_with};
use creance_catalogue::Binding;
use creance_gateway::core::{DATAGRAMS_HELD_MAX, DatagramDoor, Reason, Step, Table};
use creance_lab::quic::{Layout, Version, client_datagrams, connection_id};
use creance_lab::tls::{Ech, Hello};
use creance_model::Mode;
use creance_policy::Policies;

const NAME: &str = "tiles.allowed.test";

fn maps() -> Table {
    table(Mode::LocalData, &["maker.maps", "maker.rtk"])
}

fn door(table: &Table, name: &str, port: u16) -> DatagramDoor {
    DatagramDoor::new(table, &station(), &host(name), port).unwrap()
}

/// The first datagrams of a connection that names a host.
fn connection(name: &str, number: u64, layout: Layout) -> Vec<Vec<u8>> {
    let (target, source) = (connection_id(number), connection_id(number + 1000));
    let hello = Hello { pad_to: Some(1_500), ..Hello::for_quic(name, &source) };
    client_datagrams(Version::V1, &target, &source, &hello.message(), layout).unwrap()
}

/// Feeds datagrams; the last step, and all that left.
fn feed(door: &mut DatagramDoor, datagrams: &[Vec<u8>]) -> (Step, Vec<Vec<u8>>) {
    let mut left = Vec::new();
    let mut last = Step::Wait;
    for datagram in datagrams {
        let (step, mut now) = door.feed(datagram);
        left.append(&mut now);
        last = step;
        if matches!(last, Step::Refuse(_)) {
            break;
        }
    }
    (last, left)
}

#[test]
fn quic_leaves_when_its_whole_hello_names_the_right_host_and_not_before() {
    for layout in [Layout::Whole, Layout::Split(40), Layout::Shuffled(100), Layout::TwoDatagrams(700)] {
        let datagrams = connection(NAME, 1, layout);
        let mut door = door(&maps(), NAME, 443);
        let (first, left) = door.feed(&datagrams[0]);
        if datagrams.len() > 1 {
            assert_eq!((first, left.len()), (Step::Wait, 0), "{layout:?}");
            let (step, left) = door.feed(&datagrams[1]);
            assert_admitted(&step, Some("maker.maps"));
            assert_eq!(left, datagrams);
        } else {
            assert_eq!(assert_admitted(&first, Some("maker.maps")).binding, Some(Binding::Quic));
            assert_eq!(left, datagrams);
        }
        let short = vec![0x43; 600];
        assert_eq!(door.feed(&short).1, [short]);
    }
}

#[test]
fn other_names_other_protocols_and_nothing_do_not_leave() {
    for (what, datagrams, reasons) in [
        ("another name", connection("evil.test", 1, Layout::Whole), &[Reason::OtherName][..]),
        ("another name in two", connection("evil.test", 1, Layout::TwoDatagrams(300)), &[Reason::OtherName]),
        ("noise", vec![vec![0x17; 500]], &[Reason::OtherProtocol]),
        (
            "a version that nobody knows",
            vec![[&[0xc0, 0x5a, 0x5a, 0x5a, 1][..], &[8; 1200]].concat()],
            &[Reason::Malformed, Reason::OtherProtocol],
        ),
    ] {
        let mut door = door(&maps(), NAME, 443);
        let (step, left) = feed(&mut door, &datagrams);
        assert_refused(&step, reasons);
        assert!(left.is_empty(), "{what}");
    }
    // Half a hello, again and again.
    let half = connection(NAME, 1, Layout::TwoDatagrams(700)).remove(0);
    let (step, left) = feed(&mut door(&maps(), NAME, 443), &vec![half.clone(); DATAGRAMS_HELD_MAX]);
    assert_refused(&step, &[Reason::TooLong]);
    assert!(left.is_empty());
    let mut door = door(&maps(), NAME, 443);
    door.feed(&half);
    assert_refused(&door.end(), &[Reason::TooLate]);
}

#[test]
fn a_second_connection_on_the_same_ports_goes_through_the_door_again() {
    let mut door = door(&maps(), NAME, 443);
    assert!(matches!(feed(&mut door, &connection(NAME, 1, Layout::Whole)).0, Step::Admit(_)));
    let again = connection(NAME, 2, Layout::Whole);
    assert_eq!(feed(&mut door, &again).1, again);
    // The first half of a hello is not let out by what the other connection goes on saying.
    let evil = connection("evil.test", 3, Layout::TwoDatagrams(700));
    assert_eq!(door.feed(&evil[0]), (Step::Wait, vec![]));
    let short = vec![0x43; 100];
    assert_eq!(door.feed(&short).1, std::slice::from_ref(&short));
    let (step, left) = door.feed(&evil[1]);
    assert_refused(&step, &[Reason::OtherName, Reason::OddName]);
    assert!(left.is_empty());
}

#[test]
fn hidden_names_are_said_or_refused() {
    let (target, source) = (connection_id(1), connection_id(2));
    let hello = Hello { ech: Ech::Real, ..Hello::for_quic(NAME, &source) };
    let datagrams = client_datagrams(Version::V2, &target, &source, &hello.message(), Layout::Whole).unwrap();
    let (step, _) = feed(&mut door(&maps(), NAME, 443), &datagrams);
    assert!(assert_admitted(&step, Some("maker.maps")).blinded);
    let policies = Policies::shipped().unwrap();
    let strict = table_with(Mode::LocalData, &["maker.maps"], &policies, &["maker.maps"]);
    let (step, left) = feed(&mut door(&strict, NAME, 443), &datagrams);
    assert_refused(&step, &[Reason::Hidden]);
    assert!(left.is_empty());
}

#[test]
fn what_is_known_by_its_name_alone_leaves_and_other_ports_do_not() {
    let time = vec![vec![0x23; 48]];
    let (step, left) = feed(&mut door(&maps(), "rtk.plain.test", 123), &time);
    assert_eq!(assert_admitted(&step, Some("maker.rtk")).binding, Some(Binding::NameOnly));
    assert_eq!(left, time);
    for (name, port, reason) in [
        (NAME, 123, Reason::OtherPort),
        ("rtk.plain.test", 443, Reason::OtherPort),
        ("evil.test", 443, Reason::Denied),
        ("nobody.knows.test", 443, Reason::Denied),
    ] {
        let refused = DatagramDoor::new(&maps(), &station(), &host(name), port).unwrap_err();
        assert_eq!(refused.reason, reason, "{name}");
    }
}

#[test]
fn in_standard_anything_leaves_and_where_one_service_is_forbidden_its_name_does_not() {
    let standard = table(Mode::Standard, &[]);
    assert_eq!(feed(&mut door(&standard, "nobody.knows.test", 9999), &[vec![1, 2, 3]]).1.len(), 1);
    let rule = r#"forbid (principal, action, resource == Service::"maker.logs");"#;
    let policies = Policies::shipped().unwrap().with_operator("own.cedar", rule).unwrap();
    let table = table_with(Mode::Standard, &[], &policies, &[]);
    let unknown = |datagrams: &[Vec<u8>]| feed(&mut door(&table, "nobody.knows.test", 443), datagrams);
    assert_eq!(unknown(&[vec![1, 2, 3]]).1.len(), 1);
    assert_eq!(unknown(&connection("nobody.knows.test", 1, Layout::Whole)).1.len(), 1);
    let noise_first = [vec![vec![1, 2, 3]], connection("evil.test", 1, Layout::Whole)].concat();
    let (step, left) = unknown(&noise_first);
    assert_refused(&step, &[Reason::OtherName]);
    assert_eq!(left, [vec![1, 2, 3]]);
    let (step, left) = unknown(&connection("evil.test", 1, Layout::Whole));
    assert_refused(&step, &[Reason::OtherName]);
    assert!(left.is_empty());
}
