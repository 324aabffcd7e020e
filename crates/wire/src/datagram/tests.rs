//! Datagrams by hand.

use super::*;
use crate::protocol::mavlink::tests::frame_v1;
use crate::stream::testing::Random;
use std::net::IpAddr;

const STATION: &str = "10.0.0.2";
const FAR: &str = "198.51.100.9";
const QUERY: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x04test\x00\x00\x01\x00\x01";

fn ends(to: &str, from_port: u16, to_port: u16) -> (Endpoint, Endpoint) {
    let end = |addr: &str, port| Endpoint { addr: addr.parse::<IpAddr>().unwrap(), port };
    (end(STATION, from_port), end(to, to_port))
}

fn show(
    payload: &[u8],
    (source, destination): (Endpoint, Endpoint),
    direction: Direction,
    memory: &mut Memory,
    facts: &mut Facts,
) -> Inspection {
    let wire_len = payload.len();
    inspect(Datagram { source, destination, direction, payload, wire_len }, memory, facts)
}

/// The facts and the last demand after a client's datagrams from one port to another.
fn told(to: &str, from_port: u16, to_port: u16, payloads: &[&[u8]]) -> (Facts, Want) {
    let (mut memory, mut facts) = (Memory::default(), Facts::default());
    let mut want = Want::More;
    for payload in payloads {
        let ends = ends(to, from_port, to_port);
        want = show(payload, ends, Direction::FromClient, &mut memory, &mut facts).want;
    }
    (facts, want)
}

fn ntp() -> Vec<u8> {
    let mut packet = vec![0; 48];
    packet[0] = 0x23;
    packet
}

fn dhcp() -> Vec<u8> {
    let mut packet = vec![1, 1, 6, 0];
    packet.resize(236, 0);
    packet.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]);
    packet
}

fn netbios() -> Vec<u8> {
    [&b"\x12\x34\x01\x10\x00\x01\0\0\0\0\0\0\x20"[..], &[b'C'; 32], b"\0\0\x20\0\x01"].concat()
}

fn wireguard() -> Vec<u8> {
    [&[1, 0, 0, 0][..], &[9; 144]].concat()
}

fn rtp(sequence: u8) -> Vec<u8> {
    [&[0x80, 96, 0, sequence, 0, 0, 0, 9, 1, 2, 3, 4][..], &[0x77; 30]].concat()
}

/// To, ports, payloads, and what must be found.
type Case<'a> = (&'a str, u16, u16, &'a [&'a [u8]], &'a [Protocol], Want);

fn each(mut check: impl FnMut(Case<'_>)) {
    use Protocol as P;
    let beat = frame_v1(0, 0, &[0, 0, 0, 0, 2, 3, 0x51, 4, 3], 50);
    let stun = b"\0\x01\0\x04\x21\x12\xa4\x42abcdefghijkl\x80\x22\0\0";
    let classic = b"\0\x01\0\x08abcdefghijklmnop\0\x03\0\x04\0\0\0\0";
    let dhcp6 = b"\x01abc\0\x01\0\x02ab\0\x08\0\x02\0\0";
    let duml = [0x55, 0x0e, 0x04, 0x66, 0x2a, 0x28, 0xde, 0x2f, 0x40, 0x00, 0x4f, 0x01, 0x54, 0xc8];
    let openvpn = b"\x38\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0";
    let cases: [Case<'_>; 17] = [
        (FAR, 4000, 53, &[QUERY], &[P::Dns], Want::All),
        (FAR, 4000, 9953, &[QUERY], &[P::Dns], Want::All),
        ("224.0.0.251", 5353, 5353, &[QUERY], &[P::Mdns], Want::All),
        ("224.0.0.252", 4000, 5355, &[QUERY], &[P::Llmnr], Want::All),
        ("8.8.8.8", 5353, 5353, &[QUERY], &[P::Dns], Want::All),
        ("10.0.0.255", 137, 137, &[&netbios()], &[P::NetbiosNs], Want::All),
        (FAR, 4000, 123, &[&ntp()], &[P::Ntp], Want::All),
        ("255.255.255.255", 68, 67, &[&dhcp()], &[P::Dhcp], Want::All),
        ("ff02::1:2", 546, 547, &[dhcp6], &[P::Dhcp], Want::All),
        ("239.255.255.250", 4000, 1900, &[b"M-SEARCH * HTTP/1.1\r\n\r\n"], &[P::Ssdp], Want::All),
        (FAR, 4000, 3478, &[stun], &[P::Stun], Want::More),
        (FAR, 4000, 3478, &[classic], &[P::Stun], Want::More),
        (FAR, 4000, 9, &[stun, &rtp(1), &rtp(2), stun, &rtp(3)], &[P::Stun, P::Rtp], Want::More),
        (FAR, 4000, 51820, &[&wireguard()], &[P::WireGuard], Want::Nothing),
        (FAR, 4000, 443, &[openvpn], &[P::OpenVpn], Want::Nothing),
        (FAR, 14550, 14555, &[&beat], &[P::Mavlink1], Want::Nothing),
        (FAR, 9003, 9003, &[&duml], &[P::Duml], Want::Nothing),
    ];
    cases.into_iter().for_each(&mut check);
}

#[test]
fn what_follows_time_and_discovery_is_of_the_same_kind_or_said_not_to_be() {
    let text = b"{\"lat\":52.5163,\"lon\":13.3777}";
    for (port, first, protocol) in [
        (123, ntp().to_vec(), Protocol::Ntp),
        (1900, b"M-SEARCH * HTTP/1.1\r\n\r\n".to_vec(), Protocol::Ssdp),
    ] {
        let (facts, _) = told(FAR, 4000, port, &[&first, &first, b""]);
        assert_eq!(facts.anomalies, []);
        let (facts, wanted) = told(FAR, 4000, port, &[&first, text]);
        assert_eq!((facts.anomalies, wanted), (vec![Anomaly::Malformed(protocol)], Want::All));
    }
}

#[test]
fn each_protocol_is_recognised() {
    each(|(to, from_port, to_port, payloads, layers, want)| {
        let (facts, wanted) = told(to, from_port, to_port, payloads);
        assert_eq!(facts.layers, layers, "{to}:{to_port}");
        assert_eq!(wanted, want, "{to}:{to_port}");
        assert_eq!(facts.anomalies, [], "{to}:{to_port}");
    });
}

#[test]
fn a_port_alone_names_nothing() {
    let cases: [(u16, u16, &[u8]); 12] = [
        (4000, 123, b"not time at all, but forty-eight bytes long, yes"),
        (4000, 123, &[0x23; 40]),
        (4000, 4123, &ntp()),
        (68, 67, &[1; 300]),
        (546, 547, b"\x01abc\0\x01\0\x09ab"),
        (4000, 1900, b"HTTP/1.1 200 OK\r\n\r\n"),
        (4000, 3478, b"\0\x01\0\x08abcdefghijklmnop\0\x03\0\x09\0\0\0\0"),
        (4000, 51820, &[1; 148]),
        (4000, 1194, b"\x38\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\x01"),
        (137, 137, &QUERY[..20]),
        (5004, 5004, &rtp(1)),
        (14550, 14550, b"\xfe\x09\0\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0"),
    ];
    for (from_port, to_port, payload) in cases {
        let (facts, want) = told(FAR, from_port, to_port, &[payload]);
        assert_eq!(facts.layers, [], "port {to_port}: {payload:02x?}");
        assert_eq!(want, Want::More);
    }
}

#[test]
fn what_is_no_dns_at_its_port_is_said() {
    let (facts, want) = told(FAR, 4000, 53, &[b"this is a tunnel, not a question"]);
    assert_eq!(facts.layers, []);
    assert_eq!(facts.anomalies, [Anomaly::Malformed(Protocol::Dns)]);
    assert_eq!(want, Want::All);
    let (facts, _) = told("192.168.1.1", 4000, 5300, &[QUERY, b"this is no question"]);
    assert_eq!(facts.layers, [Protocol::Dns]);
    assert_eq!(facts.anomalies, [Anomaly::Malformed(Protocol::Dns)]);
    // A tunnel through the port keeps its own name.
    let (facts, _) = told(FAR, 4000, 53, &[&wireguard()]);
    assert_eq!(facts.layers, [Protocol::WireGuard]);
}

#[test]
fn multicast_answers_tie_no_names() {
    let (mut memory, mut facts) = (Memory::default(), Facts::default());
    let near = ends("224.0.0.251", 5353, 5353);
    let inspection = show(QUERY, near, Direction::FromClient, &mut memory, &mut facts);
    assert_eq!(inspection.dns, None);
    let far = ends(FAR, 4000, 53);
    let inspection = show(QUERY, far, Direction::FromClient, &mut memory, &mut facts);
    assert_eq!(inspection.dns.unwrap().id, 0x1234);
}

#[test]
fn who_is_asked_alone_for_a_name_beyond_the_link_is_a_resolver() {
    let local = b"\0\0\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x05local\x00\x00\x01\x00\x01";
    for (to, port, query, protocol) in [
        ("10.0.0.3", 5353, &local[..], Protocol::Mdns),
        ("10.0.0.3", 5353, QUERY, Protocol::Dns),
        ("10.0.0.3", 5355, QUERY, Protocol::Dns),
        ("224.0.0.251", 5353, QUERY, Protocol::Mdns),
        ("224.0.0.252", 5355, QUERY, Protocol::Llmnr),
    ] {
        let (facts, want) = told(to, 40_000, port, &[query]);
        assert_eq!((facts.protocol(), want), (Some(protocol), Want::All), "{to}:{port}");
    }
}

#[test]
fn a_relay_is_told_by_its_methods() {
    let message = |kind: u16| {
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend([0, 0, 0x21, 0x12, 0xa4, 0x42]);
        bytes.resize(20, 7);
        bytes
    };
    // Binding and its answers; then Allocate, Send, Data, ChannelBind's answer and Connect.
    for (kinds, last) in [(&[1, 0x101, 0x111, 0x11][..], Protocol::Stun), (&[1, 3, 1], Protocol::Turn)]
        .into_iter()
        .chain([0x16, 0x17, 0x109, 0x0a].iter().map(|kind| (std::slice::from_ref(kind), Protocol::Turn)))
    {
        let messages: Vec<Vec<u8>> = kinds.iter().map(|kind| message(*kind)).collect();
        let payloads: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let (facts, _) = told(FAR, 40_000, 3478, &payloads);
        assert_eq!(facts.protocol(), Some(last), "{kinds:x?}");
    }
}

#[test]
fn a_message_cut_by_the_capture_is_not_called_broken() {
    let mut answer = QUERY.to_vec();
    answer[2..8].copy_from_slice(b"\x81\x80\x00\x01\x00\x01");
    let (source, destination) = ends(FAR, 53, 4000);
    for (wire_len, anomaly) in
        [(answer.len(), Anomaly::Malformed(Protocol::Dns)), (answer.len() + 16, Anomaly::NotFollowed)]
    {
        let mut facts = Facts::default();
        let datagram =
            Datagram { source, destination, direction: Direction::FromServer, payload: &answer, wire_len };
        let found = inspect(datagram, &mut Memory::default(), &mut facts);
        assert!(found.dns.unwrap().malformed);
        assert_eq!(facts.anomalies, [anomaly]);
    }
}

#[test]
fn openvpn_with_keys_is_told_by_its_answer() {
    let (mut memory, mut facts) = (Memory::default(), Facts::default());
    let session = b"\x01\x02\x03\x04\x05\x06\x07\x08";
    let opening = [&[0x38][..], session, &[9; 33]].concat();
    let out = ends(FAR, 4000, 443);
    assert_eq!(show(&opening, out, Direction::FromClient, &mut memory, &mut facts).want, Want::More);
    let answer = [&[0x40][..], &[7; 36], &[1, 0, 0, 0, 0], session, &[0; 4]].concat();
    show(&answer, (out.1, out.0), Direction::FromServer, &mut memory, &mut facts);
    assert_eq!(facts.layers, [Protocol::OpenVpn]);
}

#[test]
fn random_datagrams_are_nothing() {
    let mut random = Random(7);
    for round in 0..5000_u16 {
        let payload: Vec<u8> = (0..40 + random.below(400)).map(|_| random.byte()).collect();
        let port = [443, 123, 3478, 40000, 14550][usize::from(round % 5)];
        let (facts, _) = told(FAR, 4000, port, &[&payload]);
        assert_eq!(facts.layers, [], "port {port}: {payload:02x?}");
    }
}

#[test]
fn no_mutation_panics() {
    let mut random = Random(99);
    for _ in 0..1200 {
        each(|(to, from_port, to_port, payloads, ..)| {
            let mut changed: Vec<Vec<u8>> = payloads.iter().map(|p| p.to_vec()).collect();
            let at = random.below(changed.len());
            random.mutate(&mut changed[at]);
            let changed: Vec<&[u8]> = changed.iter().map(|p| &p[..]).collect();
            told(to, from_port, to_port, &changed);
        });
    }
}
