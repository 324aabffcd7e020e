//! The resolver: it knows every name ([`crate::live::addresses`]).

use crate::bytes::{Put, len16, low8};
use crate::dns::{A, AAAA, HTTPS};
use crate::live::addresses;
use std::io::{self, Read, Write};
use std::time::Duration;

const QUESTION_AT: usize = 12;
const NO_SUCH_NAME: u16 = 3;
const TTL_SECONDS: u32 = 300;

/// Answers questions as TCP carries them, until the other side ends. `begun` was read already.
pub(super) fn serve(stream: &mut (impl Read + Write), begun: Vec<u8>, delay: Duration) -> io::Result<()> {
    let mut stream = super::plain::Begun::new(stream, begun);
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query)?;
        let Some(answer) = answer(&query) else { return Ok(()) };
        std::thread::sleep(delay);
        stream.write_all(&crate::dns::over_tcp(&answer))?;
    }
}

/// The answer to a message with one question; `None` where it is not one.
pub(super) fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let (id, rest) = query.split_first_chunk::<2>()?;
    let [flags, _, 0, 1, ..] = rest else { return None };
    if flags & 0x80 != 0 {
        return None;
    }
    let (name, after) = name(query)?;
    let kind = u16::from_be_bytes(*query.get(after..)?.first_chunk()?);
    let question = query.get(QUESTION_AT..after + 4)?;
    let records = records(&name, kind);
    let code = if addresses::exists(&name) { 0 } else { NO_SUCH_NAME };
    let mut out = Vec::new();
    out.put(id).u16(0x8180 | code).u16(1).u16(len16(records.len())).u16(0).u16(0).put(question);
    for record in records {
        out.u16(0xc00c).u16(kind).u16(1).u32(TTL_SECONDS).sized(2, |data| {
            data.put(&record);
        });
    }
    Some(out)
}

/// What the records of a kind hold.
fn records(name: &str, kind: u16) -> Vec<Vec<u8>> {
    match kind {
        A => addresses::v4(name).map(|address| address.octets().to_vec()).into_iter().collect(),
        AAAA => addresses::v6(name).map(|address| address.octets().to_vec()).into_iter().collect(),
        HTTPS if addresses::exists(name) => vec![https(name)],
        _ => Vec::new(),
    }
}

/// Priority 1, the same name, protocols, and a key for ECH (RFC 9460, RFC 9848).
fn https(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    out.u16(1).u8(0).u16(1).u16(6).put(b"\x02h3\x02h2");
    if let Some(ech) = addresses::ech(name) {
        out.u16(5).u16(len16(ech.len())).put(&ech);
    }
    out
}

/// The name of the question, and where it ends. Bytes that are no letters are written as `?`.
fn name(query: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = QUESTION_AT;
    loop {
        let length = usize::from(*query.get(at)?);
        if length > 63 {
            return None;
        }
        let label = query.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if label.is_empty() {
            return Some((labels.join("."), at));
        }
        labels.push(label.iter().map(|byte| shown(*byte)).collect::<String>());
    }
}

fn shown(byte: u8) -> char {
    if byte.is_ascii_graphic() && byte != b'.' { char::from(byte) } else { '?' }
}

/// A message in the letters of URLs (RFC 4648, section 5), as RFC 8484 puts it into a request.
pub(super) fn from_url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut held = 0_u32;
    let mut bits = 0;
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(low8(u64::from(held >> bits)));
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::query;

    #[test]
    fn any_name_has_an_address_and_the_case_is_kept() {
        let asked = query(7, "Api.Example", A);
        let said = answer(&asked).unwrap();
        assert_eq!(said[..2], asked[..2]);
        assert_eq!(said[12..asked.len()], asked[12..]);
        assert_eq!(said[said.len() - 4..], addresses::v4("api.example").unwrap().octets());
        let https = answer(&query(7, "api.example", HTTPS)).unwrap();
        assert!(https.windows(14).any(|part| part == b"public.example"));
        assert_eq!(answer(&query(7, "a.invalid", A)).unwrap()[3] & 15, 3);
        assert_eq!(answer(&said), None);
        assert_eq!(answer(&asked[..20]), None);
    }

    #[test]
    fn letters_of_urls_are_read() {
        // RFC 8484, 4.1.1: the question for www.example.com.
        let text = "AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB";
        assert_eq!(from_url(text).unwrap(), query(0, "www.example.com", A));
        assert_eq!(from_url("a b"), None);
    }
}
