//! Makes hellos, servers' flights and damaged copies of them, for tests.
#![expect(clippy::cast_possible_truncation, reason = "what tests make is small")]

use super::handshake::{CERTIFICATE, CLIENT_HELLO, SERVER_HELLO, SERVER_KEY_EXCHANGE};
use rcgen::{CertificateParams, KeyPair};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

pub(crate) const CLIENT_RANDOM: [u8; 32] = [0xc1; 32];
pub(crate) const SERVER_RANDOM: [u8; 32] = [0x5e; 32];

pub(crate) fn vec8(bytes: &[u8]) -> Vec<u8> {
    [&[bytes.len() as u8], bytes].concat()
}

pub(crate) fn vec16(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

pub(crate) fn vec24(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat()
}

pub(crate) fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes(), vec16(content).as_slice()].concat()
}

/// `server_name` with these entries.
pub(crate) fn names(entries: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = entries.iter().flat_map(|name| [vec![0], vec16(name)].concat()).collect();
    extension(0, &vec16(&list))
}

/// The body of a client hello with these extensions.
pub(crate) fn client_body(extensions: &[Vec<u8>]) -> Vec<u8> {
    hello_body(&[], extensions)
}

/// The same with the cookie of DTLS.
pub(crate) fn client_body_dtls(extensions: &[Vec<u8>]) -> Vec<u8> {
    hello_body(&vec8(b"cookie"), extensions)
}

fn hello_body(cookie: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    [
        &[3, 3],
        CLIENT_RANDOM.as_slice(),
        &vec8(&[7; 32]),
        cookie,
        &vec16(&[0x1a, 0x1a, 0x13, 0x01, 0xc0, 0x2b]),
        &vec8(&[0]),
        &vec16(&extensions.concat()),
    ]
    .concat()
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], vec24(body).as_slice()].concat()
}

pub(crate) fn client_hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    message(CLIENT_HELLO, &client_body(extensions))
}

pub(crate) fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1], vec16(body).as_slice()].concat()
}

/// Handshake messages in records of at most `len` bytes.
pub(crate) fn records(messages: &[u8], len: usize) -> Vec<u8> {
    let chunks = messages.chunks(len);
    chunks.flat_map(|chunk| record(22, chunk)).collect()
}

pub(crate) fn server_body(random: [u8; 32], session: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    [&[3, 3], random.as_slice(), &vec8(session), &[0xc0, 0x2b, 0], &vec16(&extensions.concat())].concat()
}

pub(crate) fn server_hello(random: [u8; 32], session: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    message(SERVER_HELLO, &server_body(random, session, extensions))
}

/// `supported_versions` as the server sends it, for TLS 1.3.
pub(crate) fn tls13() -> Vec<u8> {
    extension(43, &[3, 4])
}

/// A server's key and certificate.
pub(crate) struct Identity {
    pub(crate) key: KeyPair,
    pub(crate) der: Vec<u8>,
}

pub(crate) fn identity(name: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    Identity { key, der: certificate.der().to_vec() }
}

impl Identity {
    pub(crate) fn certificate_message(&self) -> Vec<u8> {
        message(CERTIFICATE, &vec24(&vec24(&self.der)))
    }

    /// ECDHE on P-256, signed over these randoms.
    pub(crate) fn key_exchange(&self, client: [u8; 32], server: [u8; 32]) -> Vec<u8> {
        let params = [&[3, 0, 23], vec8(&[4; 65]).as_slice()].concat();
        let rng = SystemRandom::new();
        let pkcs8 = self.key.serialize_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8, &rng).unwrap();
        let signed = [client.as_slice(), &server, &params].concat();
        let signature = key.sign(&rng, &signed).unwrap();
        let signature = vec16(signature.as_ref());
        let body = [params.as_slice(), &[4, 3], &signature].concat();
        message(SERVER_KEY_EXCHANGE, &body)
    }

    /// All that a server of TLS 1.2 says before the client's key exchange.
    pub(crate) fn flight(&self) -> Vec<u8> {
        [
            server_hello(SERVER_RANDOM, &[9; 32], &[]),
            self.certificate_message(),
            self.key_exchange(CLIENT_RANDOM, SERVER_RANDOM),
            message(14, &[]),
        ]
        .concat()
    }
}

/// Calls `read` with `count` damaged copies of `bytes`: bytes changed, cut out or repeated. The
/// same each time.
pub(crate) fn mutate(bytes: &[u8], count: u32, mut read: impl FnMut(&[u8])) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    for _ in 0..count {
        let mut copy = bytes.to_vec();
        for _ in 0..=random(3) {
            let at = random(copy.len());
            match random(4) {
                0 => copy.truncate(at),
                1 => drop(copy.drain(at..copy.len().min(at + 1 + random(8)))),
                2 => copy.extend_from_within(at..),
                _ => {
                    if let Some(byte) = copy.get_mut(at) {
                        *byte = [0, 1, 0x7f, 0xff, random(256) as u8][random(5)];
                    }
                }
            }
            copy.truncate(2 * bytes.len());
        }
        read(&copy);
    }
}
