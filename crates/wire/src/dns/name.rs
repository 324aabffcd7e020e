//! Names within DNS messages (RFC 1035, 3.1 and 4.1.4).

use super::QueryName;
use crate::bytes::Cursor;
use creance_model::HostName;
use std::fmt::Write as _;

/// Longest name on the wire, in bytes.
const NAME_MAX: usize = 255;
/// A pointer must lead backwards, so it cannot loop; a chain longer than this is an attack.
const POINTERS_MAX: usize = 64;

/// Reads the name at `at` in `message`. Returns it with the place after it, or `None` where it
/// breaks the rules.
pub(super) fn read(message: &[u8], at: usize) -> Option<(QueryName, usize)> {
    let mut labels: Vec<&[u8]> = Vec::new();
    let mut wire_len = 1_usize;
    let mut end = None;
    let mut start = at;
    let mut cursor = Cursor::new(message.get(at..)?);
    let mut pointers = 0_usize;
    loop {
        let length = cursor.u8()?;
        match length {
            0 => break,
            1..=63 => {
                let label = cursor.take(length.into())?;
                wire_len += label.len() + 1;
                if wire_len > NAME_MAX {
                    return None;
                }
                labels.push(label);
            }
            0xc0.. => {
                let low = cursor.u8()?;
                end.get_or_insert(message.len() - cursor.len());
                let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                pointers += 1;
                if target >= start || pointers > POINTERS_MAX {
                    return None;
                }
                start = target;
                cursor = Cursor::new(message.get(target..)?);
            }
            // Label types that were never brought into use (RFC 6891, 5).
            64..=191 => return None,
        }
    }
    let end = end.unwrap_or(message.len() - cursor.len());
    Some((from_labels(&labels), end))
}

fn from_labels(labels: &[&[u8]]) -> QueryName {
    if labels.is_empty() {
        return QueryName::Root;
    }
    // A dot within a label is not a dot between labels.
    if labels.iter().all(|label| !label.contains(&b'.'))
        && let Ok(name) = HostName::from_bytes(&labels.join(&b'.'))
    {
        return QueryName::Host(name);
    }
    let mut text = String::new();
    for (index, label) in labels.iter().enumerate() {
        if index > 0 {
            text.push('.');
        }
        for &byte in *label {
            if byte.is_ascii_graphic() && byte != b'.' && byte != b'\\' {
                text.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\{byte:03}");
            }
        }
    }
    QueryName::Other(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> QueryName {
        QueryName::Host(HostName::parse(text).unwrap())
    }

    #[test]
    fn pointers_lead_backwards_and_end_the_name() {
        let message = b"\x03api\x03dji\x03com\x00\x03www\xc0\x04tail";
        assert_eq!(read(message, 0), Some((host("api.dji.com"), 13)));
        assert_eq!(read(message, 13), Some((host("www.dji.com"), 19)));
    }

    #[test]
    fn loops_and_odd_labels_are_refused() {
        assert_eq!(read(b"\xc0\x00", 0), None, "to itself");
        assert_eq!(read(b"\x01a\xc0\x00", 0), None, "into its own start");
        assert_eq!(read(b"\xc0\x02\xc0\x00", 0), None, "forwards");
        assert_eq!(read(b"\x40a", 0), None, "reserved label type");
        assert_eq!(read(b"\x05ab", 0), None, "cut");
        let mut long: Vec<u8> = (0..5).flat_map(|_| [&[60_u8][..], &[b'a'; 60]].concat()).collect();
        long.push(0);
        assert_eq!(read(&long, 0), None, "more than 255 bytes");
    }

    #[test]
    fn bytes_that_hosts_do_not_have_are_shown_not_repaired() {
        assert_eq!(
            read(b"\x05a.b\x00\\\x03com\x00", 0).unwrap().0,
            QueryName::Other("a\\046b\\000\\092.com".into())
        );
        assert_eq!(
            read(b"\x09evil.test\x00", 0).unwrap().0,
            QueryName::Other("evil\\046test".into()),
            "a dot within a label does not become a boundary"
        );
        assert_eq!(read(b"\x00", 0), Some((QueryName::Root, 1)));
    }
}
