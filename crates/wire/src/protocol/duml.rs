//! DUML, the protocol between DJI's components and apps, as open-source dissectors describe it
//! (o-gs/dji-firmware-tools): `0x55`, ten bits of length and six of version, a CRC-8 of these
//! three bytes, and a CRC-16 at the end.

use super::checksum::{crc8, crc16};
use crate::Protocol;
use crate::stream::{Heads, Learnt, Want};

/// Head, sender, receiver, sequence, flags, command set and command, checksum.
const FRAME_MIN: usize = 13;
const HEAD_SEED: u8 = 0x77;
const FRAME_SEED: u16 = 0x3692;

/// Whether bytes start with a frame whose two checksums hold.
pub(crate) fn starts_with_frame(bytes: &[u8]) -> bool {
    let Some(length) = frame_len(bytes) else {
        return false;
    };
    let Some([summed @ .., low, high]) = bytes.get(..length) else {
        return false;
    };
    crc16(summed.iter().copied(), FRAME_SEED) == u16::from_le_bytes([*low, *high])
}

/// Reads DUML over TCP, from whichever side speaks it.
pub(crate) fn read_stream(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    if starts_with_frame(heads.client) || starts_with_frame(heads.server) {
        learnt.facts.add_layer(Protocol::Duml);
        return Some(Want::Nothing);
    }
    // Bytes of a side that its first frame still lacks.
    let need = |side: &[u8]| match side {
        [0x55] | [0x55, _] | [0x55, _, _] => side.len() + 1,
        _ => frame_len(side).unwrap_or(usize::MAX),
    };
    Some(heads.ask(need(heads.client), need(heads.server))).filter(|want| *want != Want::Nothing)
}

/// The length of the frame whose head stands at the front, where its checksum holds.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let [0x55, low, high, sum, ..] = bytes else {
        return None;
    };
    let length = usize::from(u16::from_le_bytes([*low, *high]) & 0x3ff);
    let version = high >> 2;
    (version == 1 && length >= FRAME_MIN && crc8(&[0x55, *low, *high], HEAD_SEED) == *sum).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame that the documentation of duml-packet (ISC licence) shows.
    const FRAME: [u8; 14] =
        [0x55, 0x0e, 0x04, 0x66, 0x2a, 0x28, 0xde, 0x2f, 0x40, 0x00, 0x4f, 0x01, 0x54, 0xc8];

    #[test]
    fn both_checksums_must_hold() {
        assert!(starts_with_frame(&FRAME));
        for index in 0..FRAME.len() {
            let mut bad = FRAME;
            bad[index] ^= 0x10;
            assert!(!starts_with_frame(&bad), "byte {index}");
        }
        assert!(!starts_with_frame(&FRAME[..13]));
    }
}
