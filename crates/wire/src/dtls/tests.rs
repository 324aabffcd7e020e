use super::*;
use crate::tls::testing::*;

fn fragment(kind: u8, sequence: u8, body: &[u8], from: usize, to: usize) -> Vec<u8> {
    let len = vec24(body);
    let part = &body[from..to];
    let offset = vec24(&vec![0; from]);
    let head = [&[kind], &len[..3], &[0, sequence], &offset[..3]].concat();
    let body = [head, vec24(part)].concat();
    [&[HANDSHAKE, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, sequence], vec16(&body).as_slice()].concat()
}

fn whole(sequence: u8, message: &[u8]) -> Vec<u8> {
    let body = &message[4..];
    fragment(message[0], sequence, body, 0, body.len())
}

fn hello(name: &[u8]) -> Vec<u8> {
    message(1, &client_body_dtls(&[names(&[name])]))
}

#[test]
fn a_hello_in_fragments_out_of_order() {
    let body = client_body_dtls(&[names(&[b"cam.allowed.test"])]);
    let mut memory = Reassembly::default();
    let mut facts = Facts::default();
    for (from, to) in [(60, body.len()), (0, 20), (10, 60)] {
        let datagram = fragment(1, 0, &body, from, to);
        let outcome = read(&datagram, Direction::FromClient, &mut memory, &mut facts);
        assert_eq!(outcome, Outcome::Needs);
    }
    assert_eq!(facts.layers, [Protocol::Dtls]);
    assert_eq!(facts.names[0].name.as_str(), "cam.allowed.test");
    assert_eq!(facts.names[0].source, crate::NameSource::DtlsHello);
    assert_eq!(facts.anomalies, []);
}

#[test]
fn a_server_proves_its_key() {
    let server = identity("cam.allowed.test");
    let mut memory = Reassembly::default();
    let mut facts = Facts::default();
    let client = whole(0, &hello(b"cam.allowed.test"));
    read(&client, Direction::FromClient, &mut memory, &mut facts);
    let mut hello = server_hello(SERVER_RANDOM, &[], &[]);
    hello[4..6].copy_from_slice(&[0xfe, 0xfd]);
    let certificate = server.certificate_message();
    let (first, second) = (certificate.len() / 2, certificate.len() - 4);
    let flight = [
        whole(1, &hello),
        fragment(11, 2, &certificate[4..], 0, first),
        fragment(11, 2, &certificate[4..], first, second),
        whole(3, &server.key_exchange(CLIENT_RANDOM, SERVER_RANDOM)),
        whole(4, &message(14, &[])),
    ];
    let outcome = read(&flight.concat(), Direction::FromServer, &mut memory, &mut facts);
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(facts.anomalies, []);
    let tls = facts.tls.unwrap_or_default();
    assert_eq!(tls.version, Some(0xfefd));
    assert_eq!(tls.key_exchange.unwrap().is_proven_by(&server.der), Some(true));
    assert_eq!(tls.certificates, [server.der]);
}

#[test]
fn other_datagrams_are_not_dtls() {
    for other in
        [&b"\x16\x03\x01\0\x05\x01\0\0\x01\0"[..], b"", &[HANDSHAKE, 0xfe, 0xfd], &[0x80, 0x60, 0, 1]]
    {
        let mut facts = Facts::default();
        let mut memory = Reassembly::default();
        let outcome = read(other, Direction::FromClient, &mut memory, &mut facts);
        assert_eq!(outcome, Outcome::NotDtls);
        assert_eq!(facts, Facts::default());
    }
}

#[test]
fn contradicting_fragments_are_said() {
    let body = client_body_dtls(&[names(&[b"cam.allowed.test"])]);
    let mut other = body.clone();
    other[30] ^= 1;
    let mut memory = Reassembly::default();
    let mut facts = Facts::default();
    for datagram in [fragment(1, 0, &body, 0, 40), fragment(1, 0, &other, 20, 50)] {
        read(&datagram, Direction::FromClient, &mut memory, &mut facts);
    }
    assert_eq!(facts.anomalies, [Anomaly::Malformed(Protocol::Dtls)]);
}

#[test]
fn damaged_datagrams_do_no_harm() {
    let datagram = [whole(0, &hello(b"cam.allowed.test")), fragment(1, 1, &hello(b"x.test"), 0, 30)].concat();
    let mut memory = Reassembly::default();
    mutate(&datagram, 20_000, |datagram| {
        let mut facts = Facts::default();
        read(datagram, Direction::FromClient, &mut memory, &mut facts);
        read(datagram, Direction::FromServer, &mut memory, &mut facts);
        assert!(memory.partial.len() <= MESSAGES_MAX);
    });
}
