//! Header blocks of HTTP/2 (RFC 7541).

use super::huffman;
use crate::bytes::Cursor;
use std::collections::VecDeque;

/// The largest table that a decoder here keeps, in the bytes of RFC 7541, 4.1. The default is
/// 4096; a client may use more only if its server allowed that.
const TABLE_MAX: usize = 65536;
/// The overhead of an entry (RFC 7541, 4.1).
const ENTRY_OVERHEAD: usize = 32;

/// A name and a value.
type Field = (Vec<u8>, Vec<u8>);

/// The state that header blocks of one direction share.
#[derive(Debug)]
pub(super) struct Decoder {
    /// Newest first.
    dynamic: VecDeque<Field>,
    size: usize,
    limit: usize,
}

impl Decoder {
    /// The state at the start of a connection.
    pub(super) const fn new() -> Self {
        Self { dynamic: VecDeque::new(), size: 0, limit: 4096 }
    }

    /// Reads one block and calls `found` with each name and value. `None` where the block breaks
    /// the rules; what follows on the connection can then not be read either.
    pub(super) fn decode(&mut self, block: &[u8], mut found: impl FnMut(&[u8], &[u8])) -> Option<()> {
        let mut cursor = Cursor::new(block);
        while let Some(first) = cursor.u8() {
            match first {
                0x80.. => {
                    let index = integer(&mut cursor, first, 7)?;
                    let (name, value) = self.field(index)?;
                    found(name, value);
                }
                0x40..=0x7f => {
                    let field = self.literal(&mut cursor, first, 6)?;
                    found(&field.0, &field.1);
                    self.add(field);
                }
                0x20..=0x3f => {
                    self.limit = integer(&mut cursor, first, 5)?;
                    if self.limit > TABLE_MAX {
                        return None;
                    }
                    self.evict(0);
                }
                0x00..=0x1f => {
                    let (name, value) = self.literal(&mut cursor, first, 4)?;
                    found(&name, &value);
                }
            }
        }
        Some(())
    }

    fn literal(&self, cursor: &mut Cursor<'_>, first: u8, prefix: u8) -> Option<Field> {
        let name = match integer(cursor, first, prefix)? {
            0 => string(cursor)?,
            index => self.field(index)?.0.to_vec(),
        };
        Some((name, string(cursor)?))
    }

    fn field(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let index = index.checked_sub(1)?;
        match STATIC.get(index) {
            Some((name, value)) => Some((name.as_bytes(), value.as_bytes())),
            None => {
                let (name, value) = self.dynamic.get(index - STATIC.len())?;
                Some((name, value))
            }
        }
    }

    fn add(&mut self, field: Field) {
        let size = field.0.len() + field.1.len() + ENTRY_OVERHEAD;
        self.evict(size);
        if size <= self.limit {
            self.size += size;
            self.dynamic.push_front(field);
        }
    }

    /// Drops the oldest until there is room for `wanted` bytes, or nothing is left.
    fn evict(&mut self, wanted: usize) {
        while self.size + wanted > self.limit {
            let Some((name, value)) = self.dynamic.pop_back() else {
                break;
            };
            self.size -= name.len() + value.len() + ENTRY_OVERHEAD;
        }
    }
}

/// An integer whose first bits stand in `first` (RFC 7541, 5.1).
fn integer(cursor: &mut Cursor<'_>, first: u8, prefix: u8) -> Option<usize> {
    let mask = (1_u8 << prefix) - 1;
    let mut value = usize::from(first & mask);
    if value < usize::from(mask) {
        return Some(value);
    }
    for shift in [0, 7, 14, 21] {
        let byte = cursor.u8()?;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A string, in the Huffman code or not (RFC 7541, 5.2).
fn string(cursor: &mut Cursor<'_>) -> Option<Vec<u8>> {
    let first = cursor.u8()?;
    let length = integer(cursor, first, 7)?;
    let bytes = cursor.take(length)?;
    if first & 0x80 == 0 { Some(bytes.to_vec()) } else { huffman::decode(bytes) }
}

/// The table that every connection starts with (RFC 7541, appendix A).
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(decoder: &mut Decoder, block: &[u8]) -> Option<Vec<(String, String)>> {
        let mut fields = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        decoder.decode(block, |name, value| fields.push((text(name), text(value))))?;
        Some(fields)
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn requests_of_one_connection_share_a_table() {
        // RFC 7541, C.4.1 and C.4.2: the second block refers to what the first one added.
        let mut decoder = Decoder::new();
        let first = [
            0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4,
            0xff,
        ];
        let common = [
            pair(":method", "GET"),
            pair(":scheme", "http"),
            pair(":path", "/"),
            pair(":authority", "www.example.com"),
        ];
        assert_eq!(decode(&mut decoder, &first).unwrap(), common);
        let second = [0x82, 0x86, 0x84, 0xbe, 0x58, 0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf];
        let mut expected = common.to_vec();
        expected.push(pair("cache-control", "no-cache"));
        assert_eq!(decode(&mut decoder, &second).unwrap(), expected);
        assert_eq!(decoder.size, 57 + 53);
    }

    #[test]
    fn a_smaller_table_forgets_and_a_huge_one_is_refused() {
        let mut decoder = Decoder::new();
        decode(&mut decoder, b"\x40\x01a\x01b").unwrap();
        assert_eq!(decode(&mut decoder, b"\xbe").unwrap(), [pair("a", "b")]);
        assert_eq!(decode(&mut decoder, b"\x20\xbe"), None, "the table is empty now");
        assert_eq!(decode(&mut Decoder::new(), b"\x3f\xff\xff\xff\x7f"), None);
        assert_eq!(decode(&mut Decoder::new(), b"\x80"), None, "index 0");
        assert_eq!(decode(&mut Decoder::new(), b"\x40\x05ab"), None, "cut");
    }
}
