//! Makes Initial packets, for tests.
#![expect(clippy::cast_possible_truncation, reason = "what tests make is small")]

use super::keys::{Keys, Side};
use super::version::{PROVOKING, Version};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// The connection id of RFC 9001, A and RFC 9369, A.
pub(crate) const ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

/// What an Initial packet bears, apart from its frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) version: u32,
    pub(crate) side: Side,
    /// The id from which the keys follow.
    pub(crate) original: &'a [u8],
    pub(crate) destination: &'a [u8],
    pub(crate) source: &'a [u8],
    /// The packet number and how many bytes it has on the wire.
    pub(crate) number: (u32, usize),
}

/// A client's first packet.
pub(crate) const fn first(version: u32) -> Head<'static> {
    Head { version, side: Side::Client, original: &ID, destination: &ID, source: &[], number: (2, 4) }
}

impl Head<'_> {
    /// The packet as it stands on the wire, its frames padded with zeros to `len` bytes.
    pub(crate) fn seal(&self, frames: &[u8], len: usize) -> Vec<u8> {
        let version = Version::of(self.version).unwrap_or(PROVOKING);
        let keys = Keys::derive(version, self.original, self.side).unwrap();
        let (number, number_len) = self.number;
        let kind = if version.second_types { 0xd0 } else { 0xc0 };
        let mut payload = frames.to_vec();
        payload.resize(len.max(frames.len()), 0);
        let rest = (number_len + payload.len() + 16) as u16 | 0x4000;
        let mut packet = [
            &[kind | (number_len - 1) as u8],
            self.version.to_be_bytes().as_slice(),
            &[self.destination.len() as u8],
            self.destination,
            &[self.source.len() as u8],
            self.source,
            &[0],
            &rest.to_be_bytes(),
            &number.to_be_bytes()[4 - number_len..],
        ]
        .concat();
        let number_at = packet.len() - number_len;
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &keys.key).unwrap());
        let nonce = Nonce::assume_unique_for_key(keys.nonce(number.into()));
        let aad = Aad::from(packet.clone());
        key.seal_in_place_append_tag(nonce, aad, &mut payload).unwrap();
        packet.extend(payload);
        let mask = keys.mask(&packet[number_at + 4..number_at + 20]).unwrap();
        packet[0] ^= mask[0] & 0x0f;
        for (byte, mask) in packet[number_at..].iter_mut().take(number_len).zip(&mask[1..]) {
            *byte ^= mask;
        }
        packet
    }
}

/// A CRYPTO frame with `bytes[from..to]`.
pub(crate) fn crypto(bytes: &[u8], from: usize, to: usize) -> Vec<u8> {
    let two = |number: usize| (number as u16 | 0x4000).to_be_bytes();
    [&[6], two(from).as_slice(), &two(to - from), &bytes[from..to]].concat()
}
