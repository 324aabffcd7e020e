//! Long headers (RFC 9000, 17.2).

use super::version::{self, Version};
use crate::bytes::Cursor;

/// Connection ids have at most this many bytes.
const ID_MAX: usize = 20;
/// A datagram with an Initial packet of a client has at least this many bytes (RFC 9000, 14.1).
const CLIENT_DATAGRAM_MIN: usize = 1200;

/// A packet with a long header.
#[derive(Debug)]
pub(crate) enum Packet<'a> {
    /// The server refuses the client's version and names its own.
    Negotiation,
    Initial(Initial<'a>),
    /// Encrypted with other keys, or a Retry.
    Other {
        version: Version,
        rest: &'a [u8],
    },
    /// Google's version 46, to its end.
    Google(&'a [u8]),
}

/// An Initial packet.
#[derive(Debug)]
pub(crate) struct Initial<'a> {
    pub(crate) version: Version,
    /// Whether its version means nothing and only provokes a negotiation.
    pub(crate) provokes: bool,
    pub(crate) destination: &'a [u8],
    /// From the first byte of the header to the last of the payload.
    pub(crate) packet: &'a [u8],
    /// Where in it the packet number stands.
    pub(crate) number_at: usize,
    /// Whether the datagram ends before the packet does.
    pub(crate) cut_short: bool,
    /// What follows in the datagram.
    pub(crate) rest: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads the head of what is left of a datagram; `None` if it is no packet that is known.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let first = cursor.u8().filter(|first| first & 0x80 != 0)?;
        let number = cursor.u32()?;
        if number == version::Q046 {
            return Some(Self::Google(bytes));
        }
        let destination = cursor.vec8().filter(|id| id.len() <= ID_MAX)?;
        cursor.vec8().filter(|id| id.len() <= ID_MAX)?;
        if number == 0 {
            return is_negotiation(cursor.rest()).then_some(Self::Negotiation);
        }
        let provokes =
            version::is_grease(number) && bytes.len() >= CLIENT_DATAGRAM_MIN && destination.len() >= 8;
        let version = Version::of(number).or(provokes.then_some(version::PROVOKING))?;
        if version.is_retry(first) {
            return Some(Self::Other { version, rest: &[] });
        }
        let is_initial = version.is_initial(first);
        let token_fits = !is_initial || skip_token(&mut cursor).is_some();
        let len = token_fits.then(|| varint(&mut cursor)).flatten();
        let number_at = bytes.len() - cursor.len();
        let len = len.and_then(|len| usize::try_from(len).ok());
        let end = len.and_then(|len| number_at.checked_add(len));
        let split = end.and_then(|end| bytes.split_at_checked(end));
        let (packet, rest) = split.unwrap_or((bytes, &[]));
        Some(if is_initial {
            Self::Initial(Initial {
                version,
                provokes,
                destination,
                packet,
                number_at,
                cut_short: split.is_none(),
                rest,
            })
        } else {
            Self::Other { version, rest }
        })
    }
}

/// A variable-length integer (RFC 9000, 16).
pub(crate) fn varint(cursor: &mut Cursor<'_>) -> Option<u64> {
    let first = cursor.u8()?;
    let more = (1_usize << (first >> 6)) - 1;
    let start = u64::from(first & 0x3f);
    let rest = cursor.take(more)?.iter();
    Some(rest.fold(start, |number, &byte| number << 8 | u64::from(byte)))
}

fn skip_token(cursor: &mut Cursor<'_>) -> Option<()> {
    let len = varint(cursor)?;
    cursor.skip(usize::try_from(len).ok()?)
}

/// Whether bytes are the list of a version negotiation packet (RFC 9000, 17.2.1): whole numbers,
/// among them one that is known.
fn is_negotiation(list: &[u8]) -> bool {
    let (versions, rest) = list.as_chunks::<4>();
    let mut numbers = versions.iter().map(|&bytes| u32::from_be_bytes(bytes));
    rest.is_empty()
        && numbers.any(|n| n == version::Q046 || version::is_grease(n) || Version::of(n).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_length_integers() {
        // RFC 9000, A.1.
        for (bytes, number) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ] {
            assert_eq!(varint(&mut Cursor::new(bytes)), Some(number));
        }
        assert_eq!(varint(&mut Cursor::new(&[0x40])), None);
    }
}
