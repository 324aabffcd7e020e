use super::testing::*;
use super::*;
use crate::NameSource;

const ALLOWED: &[u8] = b"maps.allowed.test";
const EVIL: &[u8] = b"evil.test";

fn read_both(client: &[u8], server: &[u8]) -> (Outcome, Facts) {
    let mut facts = Facts::default();
    let outcome = read(client, server, &mut facts);
    (outcome, facts)
}

fn facts_of(extensions: &[Vec<u8>]) -> Facts {
    let (outcome, facts) = read_both(&records(&client_hello(extensions), 1 << 14), &[]);
    assert!(matches!(outcome, Outcome::Needs { .. }), "{outcome:?}");
    facts
}

fn names_of(facts: &Facts) -> Vec<&str> {
    assert!(facts.names.iter().all(|n| n.source == NameSource::TlsHello));
    facts.names.iter().map(|seen| seen.name.as_str()).collect()
}

fn hello_read(facts: &Facts) -> bool {
    facts.tls.as_ref().is_some_and(|tls| tls.client_hello)
}

#[test]
fn a_plain_hello() {
    let versions = extension(43, &vec8(&[0xba, 0xba, 3, 4, 3, 3]));
    let alpn = extension(16, &vec16(&[vec8(&[0x2a, 0x2a]), vec8(b"h2"), vec8(b"http/1.1")].concat()));
    let early = extension(42, &[]);
    let facts = facts_of(&[names(&[ALLOWED]), versions, alpn, early]);
    assert_eq!(facts.layers, [Protocol::Tls]);
    assert_eq!(names_of(&facts), ["maps.allowed.test"]);
    assert_eq!(facts.anomalies, []);
    let tls = facts.tls.unwrap();
    assert!(tls.client_hello && tls.early_data && !tls.ech);
    assert_eq!(tls.versions_offered, [0x0304, 0x0303]);
    assert_eq!(tls.alpn_offered, ["h2", "http/1.1"]);
}

#[test]
fn no_name() {
    let facts = facts_of(&[]);
    assert!(hello_read(&facts));
    assert_eq!(names_of(&facts), [""; 0]);
    assert_eq!(facts.anomalies, []);
}

#[test]
fn small_records_and_large_hellos() {
    let small = records(&client_hello(&[names(&[ALLOWED])]), 40);
    assert_eq!(names_of(&read_both(&small, &[]).1), ["maps.allowed.test"]);
    let large = client_hello(&[extension(51, &[0; 9000]), names(&[ALLOWED])]);
    for record_len in [1, 40, 1 << 14] {
        let (_, facts) = read_both(&records(&large, record_len), &[]);
        assert_eq!(names_of(&facts), ["maps.allowed.test"]);
        assert_eq!(facts.anomalies, []);
    }
}

#[test]
fn case_is_folded() {
    let facts = facts_of(&[names(&[b"MAPS.Allowed.TEST"])]);
    assert_eq!(names_of(&facts), ["maps.allowed.test"]);
}

#[test]
fn a_nul_is_no_host_name() {
    let facts = facts_of(&[names(&[b"evil\0.allowed.test"])]);
    assert_eq!(names_of(&facts), [""; 0]);
    let shown = "evil\\u{0}.allowed.test".to_owned();
    assert_eq!(facts.anomalies, [Anomaly::InvalidName(shown)]);
}

#[test]
fn two_names_are_both_seen_and_said() {
    let both = [Anomaly::NamesDiffer, Anomaly::SeveralNames];
    for extensions in [vec![names(&[ALLOWED, EVIL])], vec![names(&[ALLOWED]), names(&[EVIL])]] {
        let facts = facts_of(&extensions);
        assert_eq!(names_of(&facts), ["maps.allowed.test", "evil.test"]);
        assert_eq!(facts.anomalies, both);
    }
    let facts = facts_of(&[names(&[EVIL, ALLOWED])]);
    assert_eq!(names_of(&facts), ["evil.test", "maps.allowed.test"]);
    assert_eq!(facts.anomalies, both);
    let facts = facts_of(&[names(&[ALLOWED, ALLOWED])]);
    assert_eq!(facts.anomalies, [Anomaly::SeveralNames]);
}

#[test]
fn encrypted_hellos_are_said() {
    for kind in [0xfe0d, 0xffce] {
        let facts = facts_of(&[names(&[ALLOWED]), extension(kind, &[0; 200])]);
        assert!(facts.tls.as_ref().unwrap().ech);
        assert_eq!(names_of(&facts), ["maps.allowed.test"]);
    }
}

#[test]
fn other_protocols_are_not_tls() {
    for other in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: maps.allowed.test\r\n\r\n",
        &[0x16, 0x04, 0x01, 0, 10, 1],
        &[0x16, 0x03, 0x01, 0xff, 0xff, 1],
        &[0x80],
    ] {
        let (outcome, facts) = read_both(&[other, &[0; 20]].concat(), &[]);
        assert_eq!(outcome, Outcome::NotTls);
        assert_eq!(facts, Facts::default());
    }
}

#[test]
fn broken_hellos_are_refused() {
    let body = client_body(&[names(&[ALLOWED])]);
    let repeated = client_body(&[extension(16, &[]), extension(16, &[])]);
    assert_eq!(
        ClientHello::parse(&client_body(&[extension(10, &[]), extension(10, &[])])),
        Err(HelloError::Repeated(10))
    );
    for (wrong, error) in [
        ([body.as_slice(), &[0]].concat(), HelloError::TrailingBytes),
        (body[..body.len() - 1].to_vec(), HelloError::CutShort),
        (repeated, HelloError::CutShort),
        (client_body(&[names(&[])]), HelloError::WrongLength),
        (client_body(&[extension(0, &[0, 1, 0, 0])]), HelloError::TrailingBytes),
    ] {
        assert_eq!(ClientHello::parse(&wrong), Err(error));
        let (_, facts) = read_both(&record(22, &message(1, &wrong)), &[]);
        assert_eq!(facts.anomalies, [Anomaly::Malformed(Protocol::Tls)]);
        assert!(!hello_read(&facts));
    }
    assert!(ClientHello::parse(&body).is_ok());
}

/// Gives a reading what it asks for, and nothing else, until it asks no more or there is none.
fn follow(client: &[u8], server: &[u8]) -> (Outcome, Facts) {
    let (mut up, mut down) = (0, 0);
    loop {
        let (outcome, facts) = read_both(&client[..up], &server[..down]);
        let Outcome::Needs { client: needs_up, server: needs_down } = outcome else {
            return (outcome, facts);
        };
        assert!(needs_up > up && needs_down > down, "it makes progress");
        if needs_up <= client.len() {
            up = needs_up;
        } else if needs_down <= server.len() {
            down = needs_down;
        } else {
            return (outcome, facts);
        }
    }
}

#[test]
fn every_start_of_a_hello_asks_for_more() {
    let client = records(&client_hello(&[names(&[ALLOWED])]), 40);
    for len in 0..client.len() - 1 {
        let (outcome, facts) = read_both(&client[..len], &[]);
        assert!(matches!(outcome, Outcome::Needs { client, .. } if client > len));
        assert!(!hello_read(&facts));
        assert_eq!(facts.anomalies, []);
    }
    assert_eq!(names_of(&follow(&client, &[]).1), ["maps.allowed.test"]);
}

#[test]
fn a_server_that_proves_its_key() {
    let server = identity("maps.allowed.test");
    let client = [
        records(&client_hello(&[names(&[ALLOWED])]), 100),
        record(22, &message(16, &[0; 66])),
        record(20, &[1]),
        record(22, &[0xee; 40]),
    ]
    .concat();
    for record_len in [50, 1 << 14] {
        let said = [records(&server.flight(), record_len), record(20, &[1]), record(22, &[7; 40])];
        let (outcome, facts) = follow(&client, &said.concat());
        assert_eq!(outcome, Outcome::Done);
        assert_eq!(facts.anomalies, []);
        let tls = facts.tls.unwrap();
        assert_eq!(tls.version, Some(0x0303));
        assert_eq!(tls.cipher, Some(0xc02b));
        assert_eq!(tls.certificates, std::slice::from_ref(&server.der));
        assert_eq!(tls.key_exchange.unwrap().is_proven_by(&server.der), Some(true));
        assert!(!tls.resumed);
    }
}

#[test]
fn a_replayed_certificate_proves_nothing() {
    let (real, other) = (identity("a.test"), identity("a.test"));
    let flight = |shown: &Identity, signs: &Identity, random| {
        let messages = [
            server_hello(SERVER_RANDOM, &[], &[]),
            shown.certificate_message(),
            signs.key_exchange(random, SERVER_RANDOM),
        ];
        records(&messages.concat(), 1 << 14)
    };
    let client = records(&client_hello(&[]), 1 << 14);
    let judged = |client: &[u8], server: &[u8]| {
        let tls = read_both(client, server).1.tls.unwrap();
        tls.key_exchange?.is_proven_by(&tls.certificates[0])
    };
    let proven = |server: &[u8]| judged(&client, server);
    assert_eq!(proven(&flight(&real, &real, CLIENT_RANDOM)), Some(true));
    assert_eq!(proven(&flight(&real, &other, CLIENT_RANDOM)), Some(false));
    assert_eq!(proven(&flight(&real, &real, [0; 32])), Some(false));
    assert_eq!(judged(&[], &flight(&real, &real, CLIENT_RANDOM)), None);
}

#[test]
fn one_side_alone() {
    let server = identity("a.test");
    let (outcome, facts) = read_both(&[], &records(&server.flight(), 1 << 14));
    assert!(matches!(outcome, Outcome::Needs { client: 6, .. }));
    let tls = facts.tls.unwrap();
    assert!(!tls.client_hello);
    assert_eq!((tls.version, tls.certificates.len()), (Some(0x0303), 1));
}

#[test]
fn sides_that_were_mistaken_for_each_other() {
    let client = records(&client_hello(&[names(&[ALLOWED])]), 1 << 14);
    let server = records(&server_hello(SERVER_RANDOM, &[], &[tls13()]), 1 << 14);
    let (outcome, facts) = read_both(&server, &client);
    assert_eq!(names_of(&facts), ["maps.allowed.test"]);
    assert_eq!(facts.tls.unwrap().version, Some(0x0304));
    assert!(matches!(outcome, Outcome::Needs { client: usize::MAX, server } if server < 10_000));
}

#[test]
fn tls_13_hides_the_rest() {
    let client =
        [records(&client_hello(&[names(&[ALLOWED])]), 1 << 14), record(20, &[1]), record(23, &[0; 60])]
            .concat();
    let psk = extension(41, &[0, 0]);
    let hello = server_hello(SERVER_RANDOM, &[7; 32], &[tls13(), psk]);
    let server = [records(&hello, 1 << 14), record(20, &[1]), record(23, &[0; 900])].concat();
    let (outcome, facts) = follow(&client, &server);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(facts.anomalies, []);
    let tls = facts.tls.unwrap();
    assert_eq!(tls.version, Some(0x0304));
    assert!(tls.resumed && tls.certificates.is_empty());
}

#[test]
fn what_is_no_record_is_said_wherever_it_stands() {
    let hello = records(&client_hello(&[names(&[ALLOWED])]), 1 << 14);
    let (changes, finished) = (record(20, &[1]), record(22, &[0x5a; 40]));
    let broken = [Anomaly::Malformed(Protocol::Tls)];
    let said = |parts: &[&[u8]]| read_both(&parts.concat(), &[]).1.anomalies;
    assert_eq!(said(&[&hello, b"{\"sn\":\"x\"}"]), broken);
    assert_eq!(said(&[&hello, &changes, b"{\"sn\":\"x\"}"]), broken);
    assert_eq!(said(&[&hello, &changes, &finished, b"{\"sn\":\"x\"}"]), broken);
    assert_eq!(said(&[&hello, &changes, &finished, &record(23, &[0x5a; 40])]), []);
}

#[test]
fn a_second_hello_is_read_too() {
    let retry = server_hello(super::server_hello::RETRY_RANDOM, &[7; 32], &[tls13()]);
    let hello = server_hello(SERVER_RANDOM, &[7; 32], &[tls13()]);
    let server =
        [records(&retry, 1 << 14), record(20, &[1]), records(&hello, 1 << 14), record(23, &[0; 900])]
            .concat();
    let first = records(&client_hello(&[names(&[ALLOWED])]), 1 << 14);
    let second = records(&client_hello(&[names(&[EVIL])]), 90);
    for between in [vec![], record(20, &[1]), [record(20, &[1]), record(23, &[5; 100])].concat()] {
        let client = [first.as_slice(), &between, &second, &record(23, &[0; 60])].concat();
        let (outcome, facts) = follow(&client, &server);
        assert_eq!(outcome, Outcome::Done);
        assert_eq!(names_of(&facts), ["maps.allowed.test", "evil.test"]);
        assert_eq!(facts.anomalies, [Anomaly::NamesDiffer]);
        assert_eq!(facts.tls.unwrap().version, Some(0x0304));
    }
}

#[test]
fn resumption_before_tls_13() {
    let client = records(&client_hello(&[]), 1 << 14);
    let hello = |session: &[u8]| records(&server_hello(SERVER_RANDOM, session, &[]), 1 << 14);
    let resumed = |server: &[u8]| read_both(&client, server).1.tls.unwrap().resumed;
    assert!(resumed(&hello(&[7; 32])));
    assert!(!resumed(&hello(&[8; 32])));
    assert!(resumed(&[hello(&[]), record(20, &[1])].concat()));
    let certificate = record(22, &identity("a.test").certificate_message());
    assert!(!resumed(&[hello(&[7; 32]), certificate, record(20, &[1])].concat()));
    let anonymous = record(22, &message(14, &[]));
    assert!(!resumed(&[hello(&[]), anonymous, record(20, &[1])].concat()));
}

#[test]
fn alerts_in_clear_are_kept_and_encrypted_ones_are_not() {
    let client = [records(&client_hello(&[]), 1 << 14), record(21, &[2, 48])].concat();
    let server =
        [records(&identity("a.test").flight(), 1 << 14), record(20, &[1]), record(21, &[2, 40])].concat();
    let (_, facts) = read_both(&client, &server);
    let alerts = facts.tls.unwrap().alerts;
    assert_eq!(alerts, [(Direction::FromClient, 48)]);
    let (_, facts) = read_both(&client, &record(21, &[2, 40]));
    let alerts = facts.tls.unwrap().alerts;
    assert_eq!(alerts.last(), Some(&(Direction::FromServer, 40)));
}

#[test]
fn a_start_in_the_middle_is_said() {
    let (_, facts) = read_both(&record(23, &[0; 100]), &record(23, &[0; 100]));
    assert_eq!(facts.layers, [Protocol::Tls]);
    assert_eq!(facts.anomalies, [Anomaly::HeadMissing]);
}

#[test]
fn too_many_certificates_are_said() {
    let large = message(11, &vec24(&vec24(&vec![0; 70_000])));
    let server = [server_hello(SERVER_RANDOM, &[], &[]), large].concat();
    let (_, facts) = read_both(&[], &records(&server, 1 << 14));
    assert_eq!(facts.anomalies, [Anomaly::CertificatesTooLarge]);
    assert_eq!(facts.tls.unwrap().certificates, [[0_u8; 0]; 0]);
}

#[test]
fn hellos_in_the_format_of_ssl_2() {
    let hello = [&[0x80, 9 + 3 + 16, 1, 3, 1, 0, 3, 0, 0, 0, 16][..], &[0, 0, 5], &[1; 16]].concat();
    let (outcome, facts) = read_both(&hello, &[]);
    assert!(matches!(outcome, Outcome::Needs { client: usize::MAX, .. }));
    assert_eq!(facts.layers, [Protocol::Ssl2]);
    assert_eq!(facts.tls.unwrap().versions_offered, [0x0301]);
    let server = records(&identity("a.test").flight(), 1 << 14);
    let (_, facts) = read_both(&hello, &server);
    assert_eq!(facts.layers, [Protocol::Ssl2, Protocol::Tls]);
    assert_eq!(facts.tls.unwrap().certificates.len(), 1);
}

#[test]
fn damaged_conversations_do_no_harm() {
    let client = [records(&client_hello(&[names(&[ALLOWED])]), 60), record(20, &[1])].concat();
    let server = records(&identity("a.test").flight(), 200);
    let check = |client: &[u8], server: &[u8]| {
        if let (Outcome::Needs { client: up, server: down }, _) = read_both(client, server) {
            assert!(up > client.len() && down > server.len(), "it makes progress");
        }
    };
    mutate(&client, 20_000, |client| check(client, &[]));
    mutate(&server, 4_000, |server| check(&client, server));
}
