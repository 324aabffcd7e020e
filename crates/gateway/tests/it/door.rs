//! The start of connections: the rows in which proxies of today let the wrong host through, or
//! hold the right one back.

use crate::bench::{assert_admitted, assert_refused, outcome, table, table_with};
use creance_catalogue::Binding;
use creance_gateway::core::{HEAD_BYTES_MAX, Reason, Step, Table};
use creance_lab::tls::{Ech, Hello, V1_2, V1_3, handshake};
use creance_model::Mode;
use creance_policy::Policies;

const NAME: &str = "tiles.allowed.test";

fn maps() -> Table {
    table(Mode::LocalData, &["maker.maps", "maker.rtk"])
}

fn hello(hello: &Hello, size: usize) -> Vec<u8> {
    handshake(V1_2, &hello.message(), size)
}

fn plain(name: &str) -> Vec<u8> {
    hello(&Hello::new(name), 16_384)
}

fn tls(bytes: &[u8]) -> Step {
    outcome(&maps(), NAME, 443, bytes)
}

#[test]
fn the_name_that_was_asked_for_is_let_out_however_it_is_written() {
    let capitals = Hello { names: vec!["TILES.Allowed.TEST".to_owned()], ..Hello::new(NAME) };
    let large = Hello { pad_to: Some(9_000), ..Hello::new(NAME) };
    let odd = Hello { grease: true, ..Hello::new(NAME) };
    for (what, bytes) in [
        ("as it is", plain(NAME)),
        ("in capitals", hello(&capitals, 16_384)),
        ("in records of 40 bytes", hello(&Hello::new(NAME), 40)),
        ("in records of one byte", hello(&Hello::new(NAME), 1)),
        ("9 KB", hello(&large, 16_384)),
        ("9 KB in records of 40 bytes", hello(&large, 40)),
        ("with values to be ignored", hello(&odd, 16_384)),
        ("TLS 1.0", handshake(0x0301, &Hello::old(NAME, 0x0301).message(), 16_384)),
        ("TLS 1.3 alone", hello(&Hello { versions: vec![V1_3], ..Hello::new(NAME) }, 16_384)),
    ] {
        let step = tls(&bytes);
        let admission = assert_admitted(&step, Some("maker.maps"));
        assert_eq!(admission.binding, Some(Binding::Tls), "{what}");
        assert!(!admission.blinded && admission.again_after.is_none(), "{what}");
    }
}

#[test]
fn nothing_else_is_let_out_through_an_allowed_name() {
    let names = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        hello(&Hello { names, ..Hello::new(NAME) }, 16_384)
    };
    use Reason::{Malformed, NothingNamed, OddName, OtherName, OtherProtocol, TooLate};
    let cases: Vec<(&str, Vec<u8>, &[Reason])> = vec![
        ("another name", plain("evil.test"), &[OtherName]),
        ("another name of the same service", plain("other.allowed.test"), &[OtherName]),
        ("no name", names(&[]), &[NothingNamed]),
        ("NUL in the name", names(&["evil.test\0.allowed.test"]), &[OddName]),
        ("two names, the right one first", names(&[NAME, "evil.test"]), &[OddName, OtherName]),
        ("two names, the right one last", names(&["evil.test", NAME]), &[OddName, OtherName]),
        ("the right name twice", names(&[NAME, NAME]), &[OddName]),
        ("an address", names(&["203.0.113.9"]), &[OddName]),
        ("an empty name", names(&[""]), &[OddName, Malformed]),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), &[OtherProtocol]),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: tiles.allowed.test\r\n\r\n".to_vec(), &[OtherProtocol]),
        (
            "CONNECT",
            b"CONNECT tiles.allowed.test:443 HTTP/1.1\r\n\r\n".to_vec(),
            &[OtherProtocol, NothingNamed],
        ),
        ("SOCKS", b"\x05\x01\x00".to_vec(), &[OtherProtocol]),
        ("noise", vec![0x80; 200], &[OtherProtocol]),
        ("nothing", Vec::new(), &[TooLate]),
        ("half a hello", plain(NAME)[..60].to_vec(), &[Malformed, TooLate]),
        ("a record that is no hello", vec![22, 3, 1, 0, 4, 2, 0, 0, 0], &[Malformed, OtherProtocol]),
        ("application data", vec![23, 3, 3, 0, 4, 1, 2, 3, 4], &[Malformed, OtherProtocol]),
    ];
    for (what, bytes, reasons) in cases {
        let step = tls(&bytes);
        assert!(matches!(&step, Step::Refuse(_)), "{what}: {step:?}");
        assert_refused(&step, reasons);
    }
}

#[test]
fn a_hello_behind_the_hello_is_not_let_out() {
    let twice = [plain(NAME), plain("evil.test")].concat();
    assert!(matches!(outcome_at_once(&twice), Step::Refuse(_)));
}

fn outcome_at_once(bytes: &[u8]) -> Step {
    let (table, station) = (maps(), crate::bench::station());
    let mut door =
        creance_gateway::core::Door::new(&table, &station, &crate::bench::host(NAME), 443).unwrap();
    door.feed(bytes)
}

#[test]
fn a_hidden_name_is_let_out_and_said_or_refused_where_the_service_is_strict() {
    for ech in [Ech::Grease, Ech::Real] {
        let bytes = hello(&Hello { ech, ..Hello::new(NAME) }, 16_384);
        let step = tls(&bytes);
        assert!(assert_admitted(&step, Some("maker.maps")).blinded, "{ech:?}");
        let policies = Policies::shipped().unwrap();
        let strict = table_with(Mode::LocalData, &["maker.maps"], &policies, &["maker.maps"]);
        assert_refused(&outcome(&strict, NAME, 443, &bytes), &[Reason::Hidden]);
        assert_admitted(&outcome(&strict, NAME, 443, &plain(NAME)), Some("maker.maps"));
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let long = hello(&Hello { pad_to: Some(HEAD_BYTES_MAX + 1_000), ..Hello::new(NAME) }, 40);
    assert!(long.len() > HEAD_BYTES_MAX);
    let step = tls(&long);
    assert_refused(&step, &[Reason::TooLong, Reason::Malformed]);
}

#[test]
fn denied_services_hosts_and_ports_are_refused_before_they_say_anything() {
    for (name, port, reason) in [
        ("evil.test", 443, Reason::Denied),
        ("logs.allowed.test", 443, Reason::Denied),
        ("nobody.knows.test", 443, Reason::Denied),
        ("allowed.test", 443, Reason::Denied),
        (NAME, 22, Reason::OtherPort),
        (NAME, 8443, Reason::OtherPort),
    ] {
        assert_refused(&outcome(&maps(), name, port, &plain(name)), &[reason]);
    }
    for (mode, services) in
        [(Mode::Offline, &["maker.maps"][..]), (Mode::LocalData, &[]), (Mode::Restricted, &[])]
    {
        assert_refused(&outcome(&table(mode, services), NAME, 443, &plain(NAME)), &[Reason::Denied]);
    }
    // What the one mode's list lets out, the other's does not.
    let restricted = table(Mode::Restricted, &["maker.maps"]);
    assert_admitted(&outcome(&restricted, NAME, 443, &plain(NAME)), Some("maker.maps"));
}

#[test]
fn a_station_that_nobody_knows_may_do_nothing() {
    let table = table(Mode::Standard, &[]);
    let stranger = "s-2".parse().unwrap();
    let refused =
        creance_gateway::core::Door::new(&table, &stranger, &crate::bench::host(NAME), 443).unwrap_err();
    assert_eq!(refused.reason, Reason::Denied);
    assert_eq!((table.mode(&stranger), table.everything(&stranger)), (Mode::Offline, None));
}

#[test]
fn a_service_known_by_its_name_alone_is_let_out_on_its_port_alone() {
    let step = outcome(&maps(), "rtk.plain.test", 2101, b"GET /MOUNT HTTP/1.0\r\n\r\n");
    assert_eq!(assert_admitted(&step, Some("maker.rtk")).binding, Some(Binding::NameOnly));
    // It may be the server that speaks first.
    let table = maps();
    let station = crate::bench::station();
    let door =
        creance_gateway::core::Door::new(&table, &station, &crate::bench::host("rtk.plain.test"), 2101)
            .unwrap();
    assert!(matches!(door.first(), Step::Admit(_)));
    assert_refused(
        &outcome(&maps(), "rtk.plain.test", 443, b"GET / HTTP/1.0\r\n\r\n"),
        &[Reason::OtherProtocol],
    );
}

#[test]
fn in_standard_everything_is_let_out_at_once_known_or_not() {
    let standard = table(Mode::Standard, &[]);
    for (name, bytes) in [("evil.test", plain("evil.test")), ("nobody.knows.test", b"SSH-2.0-x\r\n".to_vec())]
    {
        assert!(matches!(outcome(&standard, name, 443, &bytes), Step::Admit(_)), "{name}");
    }
}

#[test]
fn where_one_service_is_forbidden_in_standard_a_name_must_still_be_the_right_one() {
    let rule = r#"forbid (principal, action, resource == Service::"maker.logs");"#;
    let policies = Policies::shipped().unwrap().with_operator("own.cedar", rule).unwrap();
    let table = table_with(Mode::Standard, &[], &policies, &[]);
    assert_refused(&outcome(&table, "evil.test", 443, &plain("evil.test")), &[Reason::Denied]);
    let unknown = |bytes: &[u8]| outcome(&table, "nobody.knows.test", 443, bytes);
    assert_admitted(&unknown(&plain("nobody.knows.test")), None);
    assert_refused(&unknown(&plain("evil.test")), &[Reason::OtherName]);
    assert_refused(&unknown(b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"), &[Reason::OtherName]);
    assert_admitted(&unknown(b"SSH-2.0-x\r\n"), None);
    assert_admitted(&unknown(&[0x80; 100]), None);
}

mod http {
    use super::*;

    fn http(bytes: &[u8]) -> Step {
        outcome(&maps(), NAME, 80, bytes)
    }

    #[test]
    fn a_request_is_let_out_as_far_as_its_end() {
        let get = b"GET /1/2/3.png HTTP/1.1\r\nHost: tiles.allowed.test\r\n\r\n";
        let step = http(get);
        let admission = assert_admitted(&step, Some("maker.maps"));
        assert_eq!((admission.binding, admission.again_after), (Some(Binding::Http), Some(get.len() as u64)));
        let post = b"POST /x HTTP/1.1\r\nHost: Tiles.Allowed.Test:80\r\nContent-Length: 10\r\n\r\n";
        let whole = [&post[..], b"0123456789"].concat();
        let mut door = creance_gateway::core::Door::new(
            &maps(),
            &crate::bench::station(),
            &crate::bench::host(NAME),
            80,
        )
        .unwrap();
        let step = door.feed(post);
        assert_eq!(assert_admitted(&step, Some("maker.maps")).again_after, Some(whole.len() as u64));
        assert_eq!(door.into_head(), post);
    }

    #[test]
    fn requests_to_other_hosts_or_without_an_end_are_not_let_out() {
        use Reason::{Endless, Malformed, NothingNamed, OddName, OtherName, OtherProtocol, TooLate};
        let cases: &[(&str, &[u8], &[Reason])] = &[
            ("another host", b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n", &[OtherName]),
            ("no host", b"GET / HTTP/1.0\r\n\r\n", &[NothingNamed]),
            ("two hosts", b"GET / HTTP/1.1\r\nHost: tiles.allowed.test\r\nHost: evil.test\r\n\r\n", &[OtherName, OddName, Malformed]),
            ("an absolute target", b"GET http://evil.test/ HTTP/1.1\r\nHost: tiles.allowed.test\r\n\r\n", &[OtherName, OddName]),
            ("a proxy's target", b"GET http://tiles.allowed.test/ HTTP/1.1\r\nHost: tiles.allowed.test\r\n\r\n", &[OtherProtocol, NothingNamed]),
            ("chunks", b"POST / HTTP/1.1\r\nHost: tiles.allowed.test\r\nTransfer-Encoding: chunked\r\n\r\n", &[Endless, Malformed, TooLate]),
            ("both lengths", b"POST / HTTP/1.1\r\nHost: tiles.allowed.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", &[Endless, Malformed, TooLate]),
            ("half a head", b"GET / HTTP/1.1\r\nHost: tiles.allowed.test\r\n", &[TooLate, Malformed, NothingNamed]),
            ("SSH", b"SSH-2.0-x\r\n", &[OtherProtocol]),
        ];
        for (what, bytes, reasons) in cases {
            let step = http(bytes);
            assert!(matches!(&step, Step::Refuse(_)), "{what}: {step:?}");
            assert_refused(&step, reasons);
        }
        assert_refused(&http(&plain(NAME)), &[OtherProtocol]);
    }

    #[test]
    fn what_follows_an_upgrade_goes_through_a_door_of_its_own() {
        let upgrade = b"GET / HTTP/1.1\r\nHost: tiles.allowed.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
        let step = http(upgrade);
        assert_eq!(assert_admitted(&step, Some("maker.maps")).again_after, Some(upgrade.len() as u64));
        // A frame of a websocket is no request.
        assert_refused(&http(b"\x82\x85abcdefghi"), &[Reason::OtherProtocol]);
    }

    #[test]
    fn a_second_request_in_the_same_bytes_must_be_for_the_same_host() {
        let first = b"GET /a HTTP/1.1\r\nHost: tiles.allowed.test\r\n\r\n";
        let other = [&first[..], b"GET /b HTTP/1.1\r\nHost: evil.test\r\n\r\n"].concat();
        let mut door = creance_gateway::core::Door::new(
            &maps(),
            &crate::bench::station(),
            &crate::bench::host(NAME),
            80,
        )
        .unwrap();
        assert_refused(&door.feed(&other), &[Reason::OtherName, Reason::OddName]);
    }
}
