//! DTLS hellos (RFC 6347, 9147).

use crate::bytes::Cursor;
use crate::fragments::{FragmentError, Fragments};
use crate::tls::handshake::{Flavour, Handshake, SERVER_HELLO, SERVER_HELLO_DONE};
use crate::{Anomaly, Direction, Facts, Protocol};

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Number of the message that asks for a client hello with a cookie.
const HELLO_VERIFY_REQUEST: u8 = 3;

/// At most this many bytes of one message are put together; larger ones, as a very long chain of
/// certificates, are noted and not read.
const MESSAGE_MAX: usize = 16 * 1024;
/// At most this many messages are put together at a time; the oldest goes first.
const MESSAGES_MAX: usize = 4;
/// After this many datagrams, a handshake that is not over is no longer waited for.
const DATAGRAMS_MAX: u16 = 256;

/// Fragments of handshake messages: at most four messages of 16 KiB.
#[derive(Debug)]
pub struct Reassembly {
    partial: Vec<Partial>,
    handshake: Handshake,
    is_dtls: bool,
    /// Whether the server has said anything.
    is_answered: bool,
    over: bool,
    datagrams: u16,
}

impl Reassembly {
    /// The memory that it takes besides its own size, in bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.partial.iter().map(|partial| size_of::<Partial>() + partial.said.held()).sum()
    }
}

impl Default for Reassembly {
    fn default() -> Self {
        Self {
            partial: Vec::new(),
            handshake: Handshake::new(Flavour::Dtls),
            is_dtls: false,
            is_answered: false,
            over: false,
            datagrams: 0,
        }
    }
}

#[derive(Debug)]
struct Partial {
    direction: Direction,
    head: Head,
    said: Fragments,
}

/// What the fragments of one message have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    kind: u8,
    len: usize,
    sequence: u16,
}

/// How far a reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not DTLS.
    NotDtls,
    /// DTLS; further datagrams may tell more.
    Needs,
    /// Nothing more is expected.
    Done,
}

/// Reads one datagram and adds what it tells to `facts`.
///
/// Certificates are kept where the message that holds them has at most 16 KiB; else
/// [`Anomaly::CertificatesTooLarge`] is noted.
pub fn read(payload: &[u8], direction: Direction, memory: &mut Reassembly, facts: &mut Facts) -> Outcome {
    let mut cursor = Cursor::new(payload);
    let first = Record::read(&mut cursor);
    if !memory.is_dtls {
        if !first.as_ref().is_some_and(Record::may_be_first) {
            return Outcome::NotDtls;
        }
        memory.is_dtls = true;
        facts.add_layer(Protocol::Dtls);
        facts.tls.get_or_insert_default();
    }
    let mut next = first;
    while let Some(record) = next {
        memory.take(&record, direction, facts);
        next = Record::read(&mut cursor);
    }
    memory.is_answered |= direction == Direction::FromServer;
    // Media may share the flow (RFC 7983: those begin with 128 to 191).
    let is_media = payload.first().is_some_and(|first| (128..=191).contains(first));
    if !cursor.is_empty() && !is_media && !memory.over {
        facts.add_anomaly(Anomaly::Malformed(Protocol::Dtls));
    }
    memory.datagrams = memory.datagrams.saturating_add(1);
    if memory.over || memory.datagrams >= DATAGRAMS_MAX { Outcome::Done } else { Outcome::Needs }
}

impl Reassembly {
    fn take(&mut self, record: &Record<'_>, direction: Direction, facts: &mut Facts) {
        // From the first epoch on, everything is encrypted.
        if record.epoch > 0 {
            self.over |= record.kind == APPLICATION_DATA && self.is_answered;
            return;
        }
        match record.kind {
            HANDSHAKE => {
                let understood = self.take_fragments(record.body, direction, facts);
                if understood.is_none() {
                    facts.add_anomaly(Anomaly::Malformed(Protocol::Dtls));
                }
            }
            ALERT => {
                if let &[1 | 2, description] = record.body {
                    let alerts = &mut facts.tls.get_or_insert_default().alerts;
                    if alerts.len() < crate::facts::KEPT_MAX {
                        alerts.push((direction, description));
                    }
                }
            }
            CHANGE_CIPHER_SPEC => match direction {
                Direction::FromServer => {
                    self.handshake.server_changed_cipher(facts);
                    self.over = true;
                }
                Direction::FromClient => {}
            },
            _ => {}
        }
    }

    fn take_fragments(&mut self, body: &[u8], direction: Direction, facts: &mut Facts) -> Option<()> {
        let mut cursor = Cursor::new(body);
        while !cursor.is_empty() {
            let kind = cursor.u8()?;
            let len = usize::try_from(cursor.u24()?).ok()?;
            let sequence = cursor.u16()?;
            let offset = usize::try_from(cursor.u24()?).ok()?;
            let fragment_len = usize::try_from(cursor.u24()?).ok()?;
            let fragment = cursor.take(fragment_len)?;
            if offset.checked_add(fragment_len)? > len {
                return None;
            }
            let head = Head { kind, len, sequence };
            if fragment_len == len {
                self.message(kind, fragment, direction, facts);
            } else {
                self.take_fragment(head, offset, fragment, direction, facts);
            }
        }
        Some(())
    }

    fn take_fragment(
        &mut self,
        head: Head,
        offset: usize,
        fragment: &[u8],
        direction: Direction,
        facts: &mut Facts,
    ) {
        let same = |partial: &Partial| partial.direction == direction && partial.head == head;
        let known = self.partial.iter().position(same);
        let mut partial = match known {
            Some(index) => self.partial.remove(index),
            None => Partial { direction, head, said: Fragments::default() },
        };
        match partial.said.add(offset, fragment, MESSAGE_MAX) {
            Ok(()) if partial.said.whole() == head.len => {
                self.message(head.kind, partial.said.start(), direction, facts);
                return;
            }
            Ok(()) => {}
            Err(FragmentError::TooFar) => facts.add_anomaly(match direction {
                Direction::FromServer => Anomaly::CertificatesTooLarge,
                Direction::FromClient => Anomaly::NotFollowed,
            }),
            Err(FragmentError::Contradiction) => {
                facts.add_anomaly(Anomaly::Malformed(Protocol::Dtls));
            }
        }
        if self.partial.len() == MESSAGES_MAX {
            self.partial.remove(0);
        }
        self.partial.push(partial);
    }

    fn message(&mut self, kind: u8, body: &[u8], direction: Direction, facts: &mut Facts) {
        match direction {
            Direction::FromClient => self.handshake.client_message(kind, body, facts),
            Direction::FromServer => {
                self.handshake.server_message(kind, body, facts);
                self.over |= match kind {
                    SERVER_HELLO => self.handshake.rest_is_hidden(),
                    SERVER_HELLO_DONE => !self.waits_for_server(),
                    _ => false,
                };
            }
        }
    }

    /// Whether a message of the server has holes that a late datagram may fill.
    fn waits_for_server(&self) -> bool {
        let from_server = |partial: &Partial| partial.direction == Direction::FromServer;
        self.partial.iter().any(from_server)
    }
}

/// A record in clear (RFC 6347, 4.1).
struct Record<'a> {
    kind: u8,
    epoch: u16,
    body: &'a [u8],
}

impl<'a> Record<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let mut ahead = *cursor;
        let kind = ahead.u8()?;
        // DTLS 1.0 and 1.2; 1.3 says 1.2 here. 0x0100 is OpenSSL's before the standard.
        let version = ahead.u16()?;
        let epoch = ahead.u16()?;
        ahead.skip(6)?;
        let body = ahead.vec16()?;
        *cursor = ahead;
        let plausible = matches!(kind, CHANGE_CIPHER_SPEC..=APPLICATION_DATA | 24..=26)
            && matches!(version, 0xfeff | 0xfefd | 0x0100);
        plausible.then_some(Self { kind, epoch, body })
    }

    /// Whether a conversation may be told to be DTLS by this record.
    fn may_be_first(&self) -> bool {
        let starts_well = match self.body.first() {
            Some(&message) => matches!(message, 0..=HELLO_VERIFY_REQUEST | SERVER_HELLO_DONE),
            None => false,
        };
        self.epoch > 0 || self.kind == ALERT || self.kind == HANDSHAKE && starts_well
    }
}

#[cfg(test)]
mod tests;
