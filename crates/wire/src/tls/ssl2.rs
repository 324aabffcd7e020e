//! Hellos in the format of SSL 2, which old clients of SSL 3 and TLS 1.0 send too
//! (RFC 6101, E; draft-hickman-netscape-ssl-00).

use super::Outcome;
use super::handshake::{Flavour, Handshake};
use super::records::{self, LOOK_LEN, Look};
use crate::bytes::Cursor;
use crate::{Direction, Facts, Protocol};

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
/// The record's header and the fixed part of a client hello.
const FIXED_LEN: usize = 11;

/// Reads both sides, if the client's starts with such a hello.
pub(super) fn read(client: &[u8], server: &[u8], facts: &mut Facts) -> Option<Outcome> {
    // A record of SSL 2 says in its first bit that its header has two bytes.
    if client.first()? & 0x80 == 0 || client.get(2).is_some_and(|&kind| kind != CLIENT_HELLO) {
        return None;
    }
    if client.len() < FIXED_LEN {
        let needs = Outcome::Needs { client: FIXED_LEN, server: usize::MAX };
        return (client.len() < 4 || version(client.get(3..)?).is_some()).then_some(needs);
    }
    let hello = Hello::read(client)?;
    facts.add_layer(Protocol::Ssl2);
    let tls = facts.tls.get_or_insert_default();
    tls.versions_offered = vec![hello.version];
    if client.len() < hello.len {
        return Some(Outcome::Needs { client: hello.len, server: usize::MAX });
    }
    tls.client_hello = true;
    let needs = read_answer(server, facts);
    Some(if needs == usize::MAX {
        Outcome::Done
    } else {
        Outcome::Needs { client: usize::MAX, server: needs }
    })
}

struct Hello {
    version: u16,
    /// The whole record.
    len: usize,
}

impl Hello {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let len = usize::from(cursor.u16()? & 0x7fff);
        let is_hello = cursor.u8()? == CLIENT_HELLO;
        let version = version(&cursor.array::<2>()?)?;
        let ciphers = usize::from(cursor.u16()?);
        let session = usize::from(cursor.u16()?);
        let challenge = usize::from(cursor.u16()?);
        let fits = len == FIXED_LEN - 2 + ciphers + session + challenge;
        let sane = ciphers > 0
            && ciphers.is_multiple_of(3)
            && matches!(session, 0 | 16)
            && (16..=32).contains(&challenge);
        (is_hello && fits && sane).then_some(Self { version, len: len + 2 })
    }
}

fn version(bytes: &[u8]) -> Option<u16> {
    match *bytes {
        [0] | [3] => Some(0),
        [0, 2, ..] => Some(0x0002),
        [3, minor, ..] if minor <= 4 => Some(0x0300 | u16::from(minor)),
        _ => None,
    }
}

/// Reads what the server answers, in this format or in TLS; returns how many bytes would tell
/// more.
fn read_answer(server: &[u8], facts: &mut Facts) -> usize {
    match records::look(server) {
        Look::TooShort => LOOK_LEN,
        Look::Record { .. } => {
            facts.add_layer(Protocol::Tls);
            let answer = records::read_server(server);
            let mut handshake = Handshake::new(Flavour::Tls);
            for message in &answer.messages {
                handshake.server_message(message.kind, &message.body, facts);
            }
            if answer.changed_cipher {
                handshake.server_changed_cipher(facts);
            }
            answer.note(Direction::FromServer, facts);
            answer.needs
        }
        Look::Not => {
            let whole = server.first_chunk().map(|&len| u16::from_be_bytes(len));
            let whole = whole.map_or(0, |len| usize::from(len & 0x7fff) + 2);
            if server.len() < whole {
                return whole;
            }
            read_server_hello(server, facts);
            usize::MAX
        }
    }
}

fn read_server_hello(server: &[u8], facts: &mut Facts) -> Option<()> {
    let mut cursor = Cursor::new(server);
    cursor.u16()?;
    if cursor.u8()? != SERVER_HELLO {
        return None;
    }
    let tls = facts.tls.get_or_insert_default();
    tls.resumed = cursor.u8()? != 0;
    cursor.u8()?;
    tls.version = version(&cursor.array::<2>()?);
    let certificate = usize::from(cursor.u16()?);
    cursor.skip(4)?;
    let certificate = cursor.take(certificate)?;
    if !certificate.is_empty() {
        tls.certificates = vec![certificate.to_vec()];
    }
    Some(())
}
