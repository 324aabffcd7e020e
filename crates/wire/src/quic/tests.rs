#![expect(clippy::cast_possible_truncation, reason = "what tests make is small")]

use super::testing::*;
use super::*;
use crate::NameSource;
use crate::tls::testing::{SERVER_RANDOM, client_hello, extension, mutate, names, server_hello, tls13};

const NAME: &[u8] = b"maps.allowed.test";

/// One flow, as a reader sees it.
#[derive(Default)]
struct Flow {
    memory: Handshakes,
    facts: Facts,
}

impl Flow {
    fn up(&mut self, datagram: &[u8]) -> Outcome {
        read(datagram, Direction::FromClient, &mut self.memory, &mut self.facts)
    }

    fn down(&mut self, datagram: &[u8]) -> Outcome {
        read(datagram, Direction::FromServer, &mut self.memory, &mut self.facts)
    }

    fn names(&self) -> Vec<&str> {
        let names = self.facts.names.iter();
        assert!(names.clone().all(|n| n.source == NameSource::QuicHello));
        names.map(|seen| seen.name.as_str()).collect()
    }
}

fn hello(name: &[u8]) -> Vec<u8> {
    client_hello(&[names(&[name]), extension(43, &[2, 3, 4])])
}

fn whole(bytes: &[u8]) -> Vec<u8> {
    crypto(bytes, 0, bytes.len())
}

fn answer(head: Head<'_>) -> Vec<u8> {
    let hello = server_hello(SERVER_RANDOM, &[], &[tls13()]);
    let ack = [2, 0, 0, 0, 0];
    head.seal(&[ack.as_slice(), &whole(&hello)].concat(), 0)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter(char::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs.map(|pair| u8::from_str_radix(&pair, 16).unwrap()).collect()
}

fn keys(version: u32, side: Side) -> [Vec<u8>; 3] {
    let keys = Keys::derive(Version::of(version).unwrap(), &ID, side).unwrap();
    [keys.key.to_vec(), keys.iv.to_vec(), keys.header.to_vec()]
}

#[test]
fn keys_as_the_standards_have_them() {
    // RFC 9001, A.1.
    assert_eq!(
        keys(1, Side::Client),
        [
            hex("1f369613dd76d5467730efcbe3b1a22d"),
            hex("fa044b2f42a3fd3b46fb255c"),
            hex("9f50449e04a0e810283a1e9933adedd2"),
        ]
    );
    assert_eq!(
        keys(1, Side::Server),
        [
            hex("cf3a5331653c364c88f0f379b6067e37"),
            hex("0ac1493ca1905853b0bba03e"),
            hex("c206b8d9b9f0f37644430b490eeaa314"),
        ]
    );
    // RFC 9369, A.1.
    assert_eq!(
        keys(0x6b33_43cf, Side::Client),
        [
            hex("8b1a0bc121284290a29e0971b5cd045d"),
            hex("91f73e2351d8fa91660e909f"),
            hex("45b95e15235d6f45a6b19cbcb0294ba9"),
        ]
    );
    assert_eq!(
        keys(0x6b33_43cf, Side::Server),
        [
            hex("82db637861d55e1d011f19ea71d5d2a7"),
            hex("dd13c276499c0249d3310652"),
            hex("edf6d05c83121201b436e16877593c3a"),
        ]
    );
}

/// The CRYPTO frame of the client in RFC 9001, A.2 and RFC 9369, A.2.
const STANDARD_FRAME: &str = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
    04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578616d706c652e636f6dff010001
    00000a00080006001d0017001800100007000504616c706e000500050100000000003300260024001d00209370
    b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403
    050306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07
    048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";

#[test]
fn packets_as_the_standards_have_them() {
    for (version, start) in [
        (1, "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11"),
        (0x6b33_43cf, "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485"),
    ] {
        let packet = first(version).seal(&hex(STANDARD_FRAME), 1162);
        assert_eq!(packet.len(), 1200);
        assert!(packet.starts_with(&hex(start)));
        let mut flow = Flow::default();
        assert!(starts_handshake(&packet));
        assert_eq!(flow.up(&packet), Outcome::Needs);
        assert_eq!(flow.names(), ["example.com"]);
        assert_eq!(flow.facts.layers, [Protocol::Quic]);
        assert_eq!(flow.facts.anomalies, []);
        let tls = flow.facts.tls.unwrap();
        assert_eq!(tls.versions_offered, [0x0304]);
        assert_eq!(tls.alpn_offered, ["alpn"]);
    }
}

#[test]
fn every_version_that_is_known() {
    for version in [
        1,
        0x6b33_43cf,
        0x709a_50c4,
        0xff02_0000,
        0xff00_0016,
        0xff00_0017,
        0xff00_001d,
        0xff00_0022,
        0xface_b001,
        0xface_b002,
    ] {
        let mut flow = Flow::default();
        flow.up(&first(version).seal(&whole(&hello(NAME)), 1162));
        assert_eq!(flow.names(), ["maps.allowed.test"], "{version:08x}");
        let server = Head { side: Side::Server, destination: &[], source: &[5; 8], ..first(version) };
        assert_eq!(flow.down(&answer(server)), Outcome::Done);
        assert_eq!(flow.facts.tls.unwrap().version, Some(0x0304));
        assert_eq!(flow.facts.anomalies, []);
    }
}

#[test]
fn a_hello_split_and_shuffled() {
    let hello = client_hello(&[extension(51, &[7; 1300]), names(&[NAME])]);
    let (third, two_thirds) = (hello.len() / 3, hello.len() * 2 / 3);
    let ping_and_padding = [1, 0, 0, 0, 1];
    let head = |number| Head { number, ..first(1) };
    let last = head((0, 1)).seal(&crypto(&hello, two_thirds, hello.len()), 0);
    let shuffled = [crypto(&hello, 40, third), ping_and_padding.to_vec(), crypto(&hello, 0, 60)];
    let start = head((300, 2)).seal(&shuffled.concat(), 0);
    let middle = head((70_000, 3)).seal(&crypto(&hello, third, two_thirds), 0);
    let mut flow = Flow::default();
    assert_eq!(flow.up(&last), Outcome::Needs);
    assert_eq!(flow.names(), [""; 0]);
    assert_eq!(flow.up(&[start, middle].concat()), Outcome::Needs);
    assert_eq!(flow.names(), ["maps.allowed.test"]);
    assert_eq!(flow.facts.anomalies, []);
}

#[test]
fn a_retry_changes_the_keys() {
    let mut flow = Flow::default();
    flow.up(&first(1).seal(&whole(&hello(NAME)), 1162));
    let retry = [&[0xf0, 0, 0, 0, 1, 0, 4, 9, 9, 9, 9][..], &[1; 40]].concat();
    assert_eq!(flow.down(&retry), Outcome::Needs);
    let again = Head { original: &[9; 4], destination: &[9; 4], ..first(1) };
    flow.up(&again.seal(&whole(&hello(NAME)), 1162));
    let server = Head { side: Side::Server, destination: &[], source: &[9; 4], ..again };
    flow.down(&answer(server));
    assert_eq!(flow.names(), ["maps.allowed.test"]);
    assert_eq!(flow.facts.anomalies, []);
    assert_eq!(flow.facts.tls.as_ref().unwrap().version, Some(0x0304));
    assert_eq!(flow.down(&[0x40; 50]), Outcome::Done);
}

#[test]
fn keys_stay_when_ids_and_versions_change() {
    let mut flow = Flow::default();
    let hello = hello(NAME);
    flow.up(&first(1).seal(&crypto(&hello, 0, 50), 1162));
    // The client now names the server's own id, and has gone over to version 2 (RFC 9368).
    let later = Head { version: 0x6b33_43cf, destination: &[5; 8], ..first(1) };
    flow.up(&later.seal(&crypto(&hello, 50, hello.len()), 1162));
    assert_eq!(flow.names(), ["maps.allowed.test"]);
    assert_eq!(flow.facts.anomalies, []);
}

#[test]
fn a_second_connection_on_the_same_ports() {
    let mut flow = Flow::default();
    flow.up(&first(1).seal(&whole(&hello(NAME)), 1162));
    let other = Head { original: &[1; 8], destination: &[1; 8], ..first(1) };
    let packet = other.seal(&whole(&hello(b"evil.test")), 1162);
    assert!(starts_handshake(&packet));
    flow.up(&packet);
    assert_eq!(flow.names(), ["maps.allowed.test", "evil.test"]);
    for id in 2..20 {
        let head = Head { original: &[id; 8], destination: &[id; 8], ..first(1) };
        flow.up(&head.seal(&[1], 1162));
        assert!(flow.memory.known.len() <= HANDSHAKES_MAX);
    }
}

#[test]
fn a_hello_that_was_begun_is_waited_for_and_missed() {
    let long = hello(b"late.example.com");
    let of =
        |id: &'static [u8], number| Head { original: id, destination: id, number: (number, 4), ..first(1) };
    let part = |id, number, from, to| of(id, number).seal(&crypto(&long, from, to), 1162);
    let others = [&b"other000"[..], b"other001", b"other002", b"other003", b"other004"];
    let mut flow = Flow::default();
    assert_eq!(flow.up(&part(&ID, 0, 0, 20)), Outcome::Needs);
    for id in others {
        flow.up(&of(id, 0).seal(&whole(&hello(b"a.example.com")), 1162));
    }
    assert!(flow.memory.misses_hello());
    assert_eq!(flow.facts.anomalies, []);
    flow.up(&part(&ID, 1, 20, long.len()));
    assert_eq!(flow.names(), ["a.example.com", "late.example.com"]);
    assert!(!flow.memory.misses_hello());
    // Five of them are more than are kept.
    let mut flow = Flow::default();
    for id in others {
        assert_eq!(flow.facts.anomalies, []);
        flow.up(&part(id, 0, 0, 20));
    }
    assert_eq!(flow.facts.anomalies, [Anomaly::HeadMissing]);
}

#[test]
fn another_hello_in_the_place_of_one_that_was_answered_is_said() {
    let (one, other) = (whole(&hello(b"a.example.com")), whole(&hello(b"b.example.com")));
    let mut flow = Flow::default();
    flow.up(&first(1).seal(&one, 1162));
    flow.down(&answer(Head { side: Side::Server, destination: b"", ..first(1) }));
    flow.up(&Head { number: (3, 4), ..first(1) }.seal(&one, 1162));
    assert_eq!(flow.facts.anomalies, []);
    flow.up(&Head { number: (4, 4), ..first(1) }.seal(&other, 1162));
    assert_eq!(flow.facts.anomalies, [Anomaly::Malformed(Protocol::Quic)]);
}

#[test]
fn bytes_behind_packets_are_said_unless_they_may_be_one() {
    let hello = first(1).seal(&whole(&hello(b"a.example.com")), 1162);
    let behind = |rest: &[u8], answered: bool| {
        let mut flow = Flow::default();
        if answered {
            flow.up(&hello);
            flow.down(&answer(Head { side: Side::Server, destination: b"", ..first(1) }));
        }
        flow.up(&[&hello, rest].concat());
        flow.facts.anomalies
    };
    let broken = [Anomaly::Malformed(Protocol::Quic)];
    assert_eq!(behind(b"", false), []);
    assert_eq!(behind(&[0; 40], false), []);
    assert_eq!(behind(b"{\"sn\":\"x\"}", false), broken);
    assert_eq!(behind(b"\xff\xff", true), broken);
    // Whether this is a packet with a short header nobody can tell once both have greeted.
    assert_eq!(behind(b"{\"sn\":\"x\"}", true), []);
}

#[test]
fn a_second_hello_after_a_retry_request() {
    let mut flow = Flow::default();
    let both = [hello(NAME), hello(b"evil.test")].concat();
    let first_len = hello(NAME).len();
    flow.up(&first(1).seal(&crypto(&both, 0, first_len), 1162));
    flow.up(&first(1).seal(&crypto(&both, first_len, both.len()), 1162));
    assert_eq!(flow.names(), ["maps.allowed.test", "evil.test"]);
    assert_eq!(flow.facts.anomalies, [Anomaly::NamesDiffer]);
}

#[test]
fn what_cannot_be_opened_is_said() {
    let good = first(1).seal(&whole(&hello(NAME)), 1162);
    let mut bad = good.clone();
    bad[600] ^= 1;
    let mut flow = Flow::default();
    assert_eq!(flow.up(&bad), Outcome::Needs);
    assert_eq!(flow.facts.layers, [Protocol::Quic]);
    assert_eq!(flow.facts.anomalies, [Anomaly::QuicNotOpened]);
    let mut flow = Flow::default();
    flow.up(&good[..700]);
    assert_eq!(flow.facts.anomalies, [Anomaly::HeadMissing]);
    let mut flow = Flow::default();
    flow.down(&answer(Head { side: Side::Server, destination: &[], source: &[5; 8], ..first(1) }));
    assert_eq!(flow.facts.anomalies, [Anomaly::HeadMissing]);
}

#[test]
fn contradictions_and_foreign_frames_are_said() {
    let malformed = [Anomaly::Malformed(Protocol::Quic)];
    let mut flow = Flow::default();
    let (one, two) = (hello(NAME), hello(b"evil.allowed.test"));
    flow.up(&first(1).seal(&crypto(&one, 0, one.len() - 5), 1162));
    flow.up(&first(1).seal(&crypto(&two, 0, two.len() - 5), 1162));
    assert_eq!(flow.facts.anomalies, malformed);
    let mut flow = Flow::default();
    flow.up(&first(1).seal(&[0x08, 0, 0], 1162));
    assert_eq!(flow.facts.anomalies, malformed);
    let mut flow = Flow::default();
    let far = [6, 0x80, 0, 0xff, 0xff, 1, 0];
    flow.up(&first(1).seal(&far, 1162));
    assert_eq!(flow.facts.anomalies, [Anomaly::NotFollowed]);
}

#[test]
fn negotiation_of_versions() {
    let mut flow = Flow::default();
    let mut provokes = first(1).seal(&[1], 1162);
    provokes[1..5].copy_from_slice(&[0x1a, 0x2a, 0x3a, 0x4a]);
    assert_eq!(flow.up(&provokes), Outcome::Needs);
    let list = [&[0x80, 0, 0, 0, 0, 0, 8][..], &ID, &[0, 0, 0, 1]].concat();
    assert_eq!(flow.down(&list), Outcome::Needs);
    // The client starts anew with the same id, and no byte need be the same.
    flow.up(&first(0xff00_001d).seal(&whole(&hello(NAME)), 1162));
    assert_eq!(flow.down(&list), Outcome::Needs);
    let long = client_hello(&[names(&[NAME]), extension(43, &[2, 3, 4]), extension(21, &[0; 30])]);
    flow.up(&first(1).seal(&crypto(&long, 0, 30), 1162));
    assert_eq!(flow.facts.anomalies, []);
    // What was begun and refused may have named another host.
    assert_eq!(flow.down(&list), Outcome::Needs);
    assert_eq!(flow.facts.anomalies, [Anomaly::HeadMissing]);
    flow.up(&first(1).seal(&whole(&long), 1162));
    assert_eq!(flow.names(), ["maps.allowed.test"]);
}

#[test]
fn a_hello_under_a_version_that_means_nothing() {
    let mut flow = Flow::default();
    let head = Head { version: 0x0a0a_0a0a, ..first(1) };
    assert_eq!(flow.up(&head.seal(&whole(&hello(NAME)), 1162)), Outcome::Needs);
    assert_eq!(flow.names(), ["maps.allowed.test"]);
}

#[test]
fn other_datagrams_are_not_quic() {
    for other in [&b""[..], &[0xc0], &[0x40; 1200], &[0xff; 1200], b"\x80\x60\0\x01\0\0\0\x01rtp"] {
        let mut flow = Flow::default();
        assert_eq!(flow.up(other), Outcome::NotQuic);
        assert_eq!(flow.facts, Facts::default());
    }
    assert!(!starts_handshake(b""));
    assert!(!starts_handshake(&[0x40; 1200]));
}

#[test]
fn a_second_connection_that_nobody_can_read_is_said() {
    for second in [&b"\xc0\xde\xad\xbe\xef\x08AAAAAAAA\0position 47.1 8.2"[..], b"\xc0\0\0\0\0\0\0\0\0\0\x01"]
    {
        let mut flow = Flow::default();
        flow.up(&first(1).seal(&whole(&hello(NAME)), 1162));
        assert_eq!(flow.facts.anomalies, []);
        assert!(starts_handshake(second));
        flow.up(second);
        assert_eq!(flow.facts.anomalies, [Anomaly::QuicNotOpened]);
    }
}

fn chlo(tags: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut end = 0_u32;
    let mut bytes = [b"CHLO".as_slice(), &[tags.len() as u8, 0, 0, 0]].concat();
    for (tag, value) in tags {
        end += value.len() as u32;
        bytes.extend([tag.as_slice(), &end.to_le_bytes()].concat());
    }
    bytes.extend(tags.iter().flat_map(|(_, value)| value.to_vec()));
    bytes
}

#[test]
fn googles_hello_in_clear() {
    let hello = chlo(&[(b"PAD\0", &[0x2d; 300]), (b"SNI\0", NAME), (b"VER\0", b"Q043")]);
    let short = [b"\x0d12345678Q043\x01".as_slice(), &[0; 12], &[0xa0, 1, 4, 0], &hello].concat();
    let long = [b"\xc3Q046\x5012345678".as_slice(), &[0, 0, 0, 1], &[0; 12], &[0xa0, 1], &hello].concat();
    for datagram in [short, long] {
        let mut flow = Flow::default();
        assert!(starts_handshake(&datagram));
        assert_eq!(flow.up(&datagram), Outcome::Done);
        assert_eq!(flow.facts.layers, [Protocol::GoogleQuic]);
        assert_eq!(flow.names(), ["maps.allowed.test"]);
    }
}

#[test]
fn damaged_datagrams_do_no_harm() {
    let hello = hello(NAME);
    let packet = first(1).seal(&whole(&hello), 300);
    let mut flow = Flow::default();
    mutate(&packet, 20_000, |datagram| {
        flow.up(datagram);
        assert!(!starts_handshake(datagram) || datagram[0] & 0x80 != 0);
    });
    assert!(flow.memory.known.len() <= HANDSHAKES_MAX);
    mutate(&whole(&hello), 5_000, |frames| {
        let mut flow = Flow::default();
        flow.up(&first(1).seal(frames, 30));
    });
    let hello = chlo(&[(b"SNI\0", NAME)]);
    mutate(&hello, 20_000, |hello| {
        google::read_hello(hello, &mut Facts::default());
    });
}
