//! Google's own QUIC: the name in a hello in clear (Q024 to Q046), which is a map of tags.

use super::Outcome;
use crate::bytes::Cursor;
use crate::text::printable;
use crate::{Anomaly, Facts, NameSource, Protocol};
use creance_model::HostName;

/// The hello starts within this many bytes of the datagram: after the public header, the packet
/// number, a hash of 12 bytes and the head of a stream frame.
const HELLO_WITHIN: usize = 64;
/// At most this many tags are read.
const TAGS_MAX: u16 = 128;

/// Whether a datagram has the public header of a client's first packets: a version, which starts
/// with `Q0`, after a connection id of eight bytes.
pub(super) fn is_public_header(payload: &[u8]) -> bool {
    const VERSION_AND_ID: u8 = 0x09;
    matches!(*payload, [flags, _, _, _, _, _, _, _, _, b'Q', b'0', a, b, ..]
        if flags & 0x80 == 0
            && flags & VERSION_AND_ID == VERSION_AND_ID
            && a.is_ascii_digit()
            && b.is_ascii_digit())
}

/// Reads a packet whose hello is in clear.
pub(super) fn read(payload: &[u8], facts: &mut Facts) -> Outcome {
    facts.add_layer(Protocol::GoogleQuic);
    let head = payload.get(..HELLO_WITHIN).unwrap_or(payload);
    let at = head.windows(4).position(|tag| tag == b"CHLO");
    match at.and_then(|at| payload.get(at..)) {
        Some(hello) if read_hello(hello, facts) => Outcome::Done,
        Some(_) | None => Outcome::Needs,
    }
}

/// Adds the names in a hello to `facts`; whether it was there to its end, apart from padding.
pub(super) fn read_hello(hello: &[u8], facts: &mut Facts) -> bool {
    read_tags(hello, facts).is_some()
}

fn read_tags(hello: &[u8], facts: &mut Facts) -> Option<()> {
    let mut cursor = Cursor::new(hello);
    cursor.take(4).filter(|tag| tag == b"CHLO")?;
    let count = u16::from_le_bytes(cursor.array()?);
    cursor.skip(2)?;
    let tags = cursor.take(usize::from(count.min(TAGS_MAX)) * 8)?;
    let (tags, _) = tags.as_chunks::<8>();
    let (mut start, mut names) = (0, 0);
    for &[a, b, c, d, e, f, g, h] in tags {
        let end = usize::try_from(u32::from_le_bytes([e, f, g, h])).ok()?;
        if [a, b, c, d] == *b"SNI\0" {
            let bytes = cursor.rest().get(start..end)?;
            match HostName::from_bytes(bytes) {
                Ok(name) => facts.add_name(name, NameSource::QuicHello),
                Err(_) => facts.add_anomaly(Anomaly::InvalidName(printable(bytes, 100))),
            }
            names += 1;
        }
        start = end;
    }
    if names > 1 {
        facts.add_anomaly(Anomaly::SeveralNames);
    }
    Some(())
}
