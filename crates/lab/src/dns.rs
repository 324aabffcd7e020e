//! DNS messages (RFC 1035).

use crate::bytes::{Put, len16, low8};
use std::net::IpAddr;

/// The number of a record type.
pub const A: u16 = 1;
/// IPv6 addresses.
pub const AAAA: u16 = 28;
/// Aliases.
pub const CNAME: u16 = 5;
/// Free text.
pub const TXT: u16 = 16;
/// Pointers, as mDNS uses them.
pub const PTR: u16 = 12;
/// Service bindings for HTTPS (RFC 9460).
pub const HTTPS: u16 = 65;

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// An address, A or AAAA by its version.
    Address(String, IpAddr),
    /// `name` is an alias of `target`.
    Alias(String, String),
    /// A pointer.
    Pointer(String, String),
    /// An HTTPS record with ALPN `h3,h2` and, where given, an ECH configuration (key 5).
    Https(String, Option<Vec<u8>>),
    /// A text.
    Text(String, Vec<u8>),
}

/// A question for one name.
#[must_use]
pub fn query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut out = Vec::new();
    out.u16(id).u16(0x0100).u16(1).u16(0).u16(0).u16(0);
    name_into(&mut out, name);
    out.u16(kind).u16(1);
    out
}

/// The answer to a question; no records mean that the name has none of that kind.
#[must_use]
pub fn answer(id: u16, name: &str, kind: u16, records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    out.u16(id).u16(0x8180).u16(1).u16(len16(records.len())).u16(0).u16(0);
    name_into(&mut out, name);
    out.u16(kind).u16(1);
    for record in records {
        record_into(&mut out, record, name, 1);
    }
    out
}

/// An answer that the name does not exist.
#[must_use]
pub fn no_such_name(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut out = query(id, name, kind);
    crate::bytes::patch(&mut out, 2, &0x8183_u16.to_be_bytes());
    out
}

/// A question with an EDNS record (RFC 6891) that holds one option.
#[must_use]
pub fn with_option(mut query: Vec<u8>, code: u16, value: &[u8]) -> Vec<u8> {
    crate::bytes::patch(&mut query, 10, &1_u16.to_be_bytes());
    query.u8(0).u16(41).u16(1232).u32(0).sized(2, |data| {
        data.u16(code).u16(len16(value.len())).put(value);
    });
    query
}

/// A question with a further record behind it, counted as an additional one.
#[must_use]
pub fn with_record(mut query: Vec<u8>, record: &Record) -> Vec<u8> {
    crate::bytes::patch(&mut query, 10, &1_u16.to_be_bytes());
    record_into(&mut query, record, "", 1);
    query
}

/// An mDNS announcement (RFC 6762): a response without a question, cache-flush bit set.
#[must_use]
pub fn announcement(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    out.u16(0).u16(0x8400).u16(0).u16(len16(records.len())).u16(0).u16(0);
    for record in records {
        record_into(&mut out, record, "", 0x8001);
    }
    out
}

/// The same message as TCP carries it: its length first.
#[must_use]
pub fn over_tcp(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.sized(2, |body| {
        body.put(message);
    });
    out
}

fn name_into(out: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.u8(low8(label.len() as u64)).put(label.as_bytes());
    }
    out.u8(0);
}

fn record_into(out: &mut Vec<u8>, record: &Record, question: &str, class: u16) {
    let (name, kind) = match record {
        Record::Address(name, IpAddr::V4(_)) => (name, A),
        Record::Address(name, IpAddr::V6(_)) => (name, AAAA),
        Record::Alias(name, _) => (name, CNAME),
        Record::Pointer(name, _) => (name, PTR),
        Record::Https(name, _) => (name, HTTPS),
        Record::Text(name, _) => (name, TXT),
    };
    // The question's name is repeated by a pointer to it, as servers do.
    if name == question && !question.is_empty() {
        out.u16(0xc00c);
    } else {
        name_into(out, name);
    }
    out.u16(kind).u16(class).u32(300);
    out.sized(2, |data| match record {
        Record::Address(_, IpAddr::V4(addr)) => {
            data.put(&addr.octets());
        }
        Record::Address(_, IpAddr::V6(addr)) => {
            data.put(&addr.octets());
        }
        Record::Alias(_, target) | Record::Pointer(_, target) => name_into(data, target),
        Record::Https(_, ech) => {
            data.u16(1).u8(0);
            data.u16(1).u16(6).put(b"\x02h3\x02h2");
            if let Some(ech) = ech {
                data.u16(5).u16(len16(ech.len())).put(ech);
            }
        }
        Record::Text(_, text) => {
            for part in text.chunks(255) {
                data.u8(low8(part.len() as u64)).put(part);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;

    #[test]
    fn messages_stand_as_the_standard_says() {
        assert_eq!(query(0x1234, "a.bc", A), hex("1234 0100 0001 0000 0000 0000 01 61 02 6263 00 0001 0001"));
        let records = [
            Record::Alias("a.bc".into(), "d.e".into()),
            Record::Address("d.e".into(), "1.2.3.4".parse().unwrap()),
        ];
        assert_eq!(
            answer(1, "a.bc", A, &records),
            hex("0001 8180 0001 0002 0000 0000 0161 026263 00 0001 0001
                 c00c 0005 0001 0000012c 0005 0164 0165 00
                 0164 0165 00 0001 0001 0000012c 0004 01020304")
        );
    }
}
