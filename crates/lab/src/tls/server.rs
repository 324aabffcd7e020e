//! The server's answer to a hello.

use super::{Chain, Hello, V1_0, V1_2, V1_3, handshake, keys, message, records};
use crate::bytes::{Put, Sequence};
use ring::signature::Ed25519KeyPair;

/// The server's flight of TLS 1.2 with visible certificates: hello, certificate, key exchange,
/// done (RFC 5246, RFC 8422). With `signed` false the key exchange carries a signature that does
/// not belong to the certificate, as from one who replays a certificate without having its key.
#[must_use]
pub fn flight_1_2(hello: &Hello, chain: &Chain, signed: bool) -> Vec<u8> {
    let mut noise = Sequence::new(hello.seed ^ 0x7365_7276);
    let random = noise.bytes(32);
    let mut curve = vec![3, 0, 0x1d, 32];
    curve.put(&noise.bytes(32));
    let signature = if signed {
        sign(&[hello.random(), random.clone(), curve.clone()].concat())
    } else {
        noise.bytes(64)
    };
    let mut flight = server_hello(&random, V1_2, 0xc02b, hello.alpn.first().map(String::as_str));
    flight.put(&certificates(chain));
    flight.put(&message(12, |body| {
        body.put(&curve).u16(0x0807).sized(2, |out| {
            out.put(&signature);
        });
    }));
    flight.put(&message(14, |_| {}));
    handshake(V1_2, &flight, 16384)
}

/// The server's flight of TLS 1.0 with RSA key exchange: hello, certificate, done (RFC 2246).
#[must_use]
pub fn flight_1_0(hello: &Hello, chain: &Chain) -> Vec<u8> {
    let random = Sequence::new(hello.seed ^ 0x7365_7276).bytes(32);
    let mut flight = server_hello(&random, V1_0, 0x002f, None);
    flight.put(&certificates(chain)).put(&message(14, |_| {}));
    handshake(V1_0, &flight, 16384)
}

/// The server's flight of TLS 1.3: a hello in the open, the rest hidden in `hidden` bytes.
#[must_use]
pub fn flight_1_3(hello: &Hello, hidden: usize) -> Vec<u8> {
    let mut noise = Sequence::new(hello.seed ^ 0x7365_7276);
    let random = noise.bytes(32);
    let mut out = handshake(V1_2, &server_hello_1_3(&random, &mut noise), 16384);
    out.put(&records(20, V1_2, &[1], 1));
    out.put(&records(23, V1_2, &noise.bytes(hidden), 16384));
    out
}

fn server_hello(random: &[u8], version: u16, suite: u16, alpn: Option<&str>) -> Vec<u8> {
    message(2, |out| {
        out.u16(version).put(random).u8(0).u16(suite).u8(0);
        out.sized(2, |extensions| {
            extensions.put(&[0xff, 1, 0, 1, 0]);
            if let Some(alpn) = alpn {
                extensions.u16(16).sized(2, |body| {
                    body.sized(2, |list| {
                        list.sized(1, |text| {
                            text.put(alpn.as_bytes());
                        });
                    });
                });
            }
        });
    })
}

fn server_hello_1_3(random: &[u8], noise: &mut Sequence) -> Vec<u8> {
    message(2, |out| {
        out.u16(V1_2).put(random).u8(0).u16(0x1301).u8(0);
        out.sized(2, |extensions| {
            extensions.u16(43).u16(2).u16(V1_3);
            extensions.u16(51).u16(36).u16(0x1d).u16(32).put(&noise.bytes(32));
        });
    })
}

fn certificates(chain: &Chain) -> Vec<u8> {
    message(11, |body| {
        body.sized(3, |list| {
            for certificate in &chain.0 {
                list.sized(3, |out| {
                    out.put(certificate);
                });
            }
        });
    })
}

/// Signs with the key of the lab's servers; empty where ring refused the fixed key, which a test
/// would show.
fn sign(bytes: &[u8]) -> Vec<u8> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(keys::SERVER)
        .map(|key| key.sign(bytes).as_ref().to_vec())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{Authority, Validity};
    use ring::signature::{ED25519, KeyPair, UnparsedPublicKey};

    #[test]
    fn the_key_exchange_is_signed_with_the_certificates_key() {
        let hello = Hello::old("a.example.test", V1_2);
        let chain = Authority::self_signed(&["a.example.test"], Validity::Current).unwrap();
        let public = Ed25519KeyPair::from_pkcs8_maybe_unchecked(keys::SERVER).unwrap();
        let public = public.public_key().as_ref().to_vec();
        assert!(chain.0[0].windows(32).any(|w| w == public));
        let verify = |flight: &[u8]| {
            // The exchange is the last message but the empty last one: 4 + 36 + 2 + 2 + 64, 4.
            let exchange = &flight[flight.len() - 112..flight.len() - 4];
            assert_eq!(exchange[..4], [12, 0, 0, 104]);
            let random = &flight[11..43];
            let signed = [&hello.random(), random, &exchange[4..40]].concat();
            UnparsedPublicKey::new(&ED25519, &public).verify(&signed, &exchange[44..]).is_ok()
        };
        assert!(verify(&flight_1_2(&hello, &chain, true)));
        assert!(!verify(&flight_1_2(&hello, &chain, false)));
    }
}
