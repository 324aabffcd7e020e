//! Frames of Initial packets (RFC 9000, 17.2.2 and 19).

use super::packet::varint;
use super::version::Family;
use crate::bytes::Cursor;

/// A piece of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) offset: u64,
    pub(crate) bytes: &'a [u8],
}

/// The pieces of the handshake in a payload, and whether every frame of it was understood.
pub(crate) fn pieces(payload: &[u8], family: Family) -> (Vec<Piece<'_>>, bool) {
    let mut cursor = Cursor::new(payload);
    let mut pieces = Vec::new();
    while !cursor.is_empty() {
        // PADDING, which fills most of a first packet.
        cursor.skip_zeros();
        if cursor.is_empty() {
            break;
        }
        let frame = match family {
            Family::Ietf => read_ietf(&mut cursor),
            Family::GoogleTls | Family::GoogleCrypto => read_google(&mut cursor),
        };
        match frame {
            Some(Some(piece)) => pieces.push(piece),
            Some(None) => {}
            // Google's other frames are of no interest, and not all are published.
            None => return (pieces, family != Family::Ietf),
        }
    }
    (pieces, true)
}

/// One frame: the piece in it, if there is one; `None` if it does not belong here.
fn read_ietf<'a>(cursor: &mut Cursor<'a>) -> Option<Option<Piece<'a>>> {
    match varint(cursor)? {
        // PADDING and PING.
        0 | 1 => {}
        kind @ (2 | 3) => skip_ack(cursor, kind == 3)?,
        6 => return read_crypto(cursor).map(Some),
        // CONNECTION_CLOSE of the transport and of the application.
        kind @ (0x1c | 0x1d) => {
            varint(cursor)?;
            if kind == 0x1c {
                varint(cursor)?;
            }
            let reason = usize::try_from(varint(cursor)?).ok()?;
            cursor.skip(reason)?;
        }
        _ => return None,
    }
    Some(None)
}

fn read_google<'a>(cursor: &mut Cursor<'a>) -> Option<Option<Piece<'a>>> {
    match cursor.u8()? {
        // PADDING and PING.
        0 | 7 => Some(None),
        8 => read_crypto(cursor).map(Some),
        _ => None,
    }
}

fn read_crypto<'a>(cursor: &mut Cursor<'a>) -> Option<Piece<'a>> {
    let offset = varint(cursor)?;
    let len = usize::try_from(varint(cursor)?).ok()?;
    let bytes = cursor.take(len)?;
    Some(Piece { offset, bytes })
}

fn skip_ack(cursor: &mut Cursor<'_>, counts_congestion: bool) -> Option<()> {
    // The largest number and the delay.
    varint(cursor)?;
    varint(cursor)?;
    let ranges = varint(cursor)?;
    varint(cursor)?;
    for _ in 0..ranges {
        varint(cursor)?;
        varint(cursor)?;
    }
    if counts_congestion {
        for _ in 0..3 {
            varint(cursor)?;
        }
    }
    Some(())
}
