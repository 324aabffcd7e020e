//! TLS as it looks from outside: records, hellos, certificates. Nothing is really encrypted:
//! application data is noise.

mod certs;
mod hello;
mod keys;
mod server;

pub use certs::{Authority, Chain, Validity};
pub use hello::{Ech, Hello};
pub use server::{flight_1_0, flight_1_2, flight_1_3};

use crate::bytes::{Put, Sequence, low8};

/// The number of TLS 1.0.
pub const V1_0: u16 = 0x0301;
/// The number of TLS 1.2.
pub const V1_2: u16 = 0x0303;
/// The number of TLS 1.3.
pub const V1_3: u16 = 0x0304;

/// Records of type handshake around a message, `size` bytes at most in each.
#[must_use]
pub fn handshake(version: u16, message: &[u8], size: usize) -> Vec<u8> {
    records(22, version, message, size)
}

/// Records of a type around bytes, `size` bytes at most in each (RFC 8446, 5.1).
#[must_use]
pub fn records(kind: u8, version: u16, bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for part in bytes.chunks(size.clamp(1, 16384)) {
        out.u8(kind).u16(version).sized(2, |body| {
            body.put(part);
        });
    }
    out
}

/// Application data of `bytes` bytes that look encrypted.
#[must_use]
pub fn application_data(noise: &mut Sequence, bytes: usize) -> Vec<u8> {
    records(23, V1_2, &noise.bytes(bytes), 4096)
}

/// The client's end of a handshake after the server's flight: key exchange where `version` is
/// below 1.3, change of cipher, finished.
#[must_use]
pub fn client_finish(noise: &mut Sequence, version: u16) -> Vec<u8> {
    let mut out = Vec::new();
    if version < V1_3 {
        // An encrypted secret for RSA, a public key for ECDHE.
        let (width, size) = if version < V1_2 { (2, 256) } else { (1, 32) };
        let exchange = message(16, |body| {
            body.sized(width, |key| {
                key.put(&noise.bytes(size));
            });
        });
        out.put(&handshake(version, &exchange, 16384));
    }
    out.put(&records(20, V1_2.min(version), &[1], 1));
    let (kind, size) = if version < V1_3 { (22, 40) } else { (23, 53) };
    out.put(&records(kind, V1_2.min(version), &noise.bytes(size), 16384));
    out
}

/// The warning that a side will send no more, encrypted: its size is all that shows.
#[must_use]
pub fn close_notify(noise: &mut Sequence, version: u16) -> Vec<u8> {
    let (kind, size) = if version < V1_3 { (21, 26) } else { (23, 19) };
    records(kind, V1_2.min(version), &noise.bytes(size), 16384)
}

/// A handshake message: its type, its length in three bytes, its body.
pub(crate) fn message(kind: u8, body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = vec![kind];
    out.sized(3, body);
    out
}

/// A value of those that clients and servers must ignore (RFC 8701).
pub(crate) const fn grease(number: u64) -> u16 {
    let byte = low8((number % 16) << 4) | 0x0a;
    u16::from_be_bytes([byte, byte])
}
