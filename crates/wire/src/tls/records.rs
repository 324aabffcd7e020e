//! The record layer (RFC 8446, 5.1; RFC 5246, 6.2.1) of one side, as far as it is in clear.

use super::handshake::{self, CERTIFICATE, CERTIFICATES_MAX};
use super::{ClientHello, ServerHello};
use crate::bytes::Cursor;
use crate::{Anomaly, Direction, Facts, Protocol};

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEARTBEAT: u8 = 24;

const HEADER_LEN: usize = 5;
/// The largest record: 2^14 bytes and what compression and encryption may add (RFC 5246, 6.2.3).
const RECORD_MAX: usize = (1 << 14) + 2048;
/// The largest handshake message that is read: a certificate message of the largest size kept.
const MESSAGE_MAX: usize = CERTIFICATES_MAX + 3;
/// At most this many messages and alerts are read of one side.
const MESSAGES_MAX: usize = 64;

/// How many bytes [`look`] wants.
pub(crate) const LOOK_LEN: usize = HEADER_LEN + 1;

/// What the first bytes of a side look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Not a record.
    Not,
    /// Nothing against a record, but too few bytes to tell.
    TooShort,
    /// A record, with the number of its first message if it is a handshake.
    Record { kind: u8, message: Option<u8> },
}

impl Look {
    /// Whether it starts with this handshake message.
    pub(crate) fn speaks(self, message: u8) -> bool {
        matches!(self, Self::Record { message: Some(first), .. } if first == message)
    }

    /// Whether it starts with a record that no conversation starts with.
    pub(crate) const fn is_midway(self) -> bool {
        match self {
            Self::Not | Self::TooShort => false,
            Self::Record { kind, message } => match message {
                Some(message) => !matches!(message, 0..=2 | handshake::HELLO_RETRY_REQUEST),
                None => kind != ALERT,
            },
        }
    }
}

/// Looks at the first bytes of a side.
pub(crate) fn look(bytes: &[u8]) -> Look {
    let plausible = bytes.first().is_none_or(|kind| is_kind(*kind))
        && bytes.get(1).is_none_or(|&major| major == 3)
        && bytes.get(2).is_none_or(|&minor| minor <= 4);
    if !plausible {
        return Look::Not;
    }
    let Some(record) = Record::header(bytes) else {
        return if bytes.len() < HEADER_LEN { Look::TooShort } else { Look::Not };
    };
    match (record.kind, bytes.get(HEADER_LEN)) {
        (HANDSHAKE, None) => Look::TooShort,
        (HANDSHAKE, message) => Look::Record { kind: HANDSHAKE, message: message.copied() },
        (kind, _) => Look::Record { kind, message: None },
    }
}

/// A handshake message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) kind: u8,
    pub(crate) body: Vec<u8>,
}

/// What one side said in clear.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) messages: Vec<Message>,
    alerts: Vec<u8>,
    /// Whether it said that what follows is encrypted.
    pub(crate) changed_cipher: bool,
    /// Whether it broke the rules.
    broken: bool,
    /// Whether its certificates are larger than what is kept.
    too_large: bool,
    /// How many bytes would tell more; `usize::MAX` for none.
    pub(crate) needs: usize,
}

impl Said {
    /// Nothing was said, and so many bytes would tell more.
    pub(crate) fn needs(needs: usize) -> Self {
        Self { needs, ..Self::default() }
    }

    /// Nothing was said, and nothing will be.
    pub(crate) fn nothing_more() -> Self {
        Self::needs(usize::MAX)
    }

    /// How many hellos a server's words call for; as long as it has not taken one, any number.
    pub(crate) fn hellos_due(&self) -> usize {
        let again = |m: &&Message| handshake::asks_again(m.kind, &m.body);
        let taken = |m: &Message| m.kind == handshake::SERVER_HELLO && !again(&m);
        if self.messages.iter().any(taken) {
            1 + self.messages.iter().filter(again).count()
        } else {
            usize::MAX
        }
    }

    /// Adds what is not in the messages to `facts`.
    pub(crate) fn note(&self, direction: Direction, facts: &mut Facts) {
        let tls = facts.tls.get_or_insert_default();
        let alerts = self.alerts.iter().map(|&alert| (direction, alert));
        tls.alerts.extend(alerts);
        if self.broken {
            facts.add_anomaly(Anomaly::Malformed(Protocol::Tls));
        }
        if self.too_large {
            facts.add_anomaly(Anomaly::CertificatesTooLarge);
        }
    }
}

/// Reads a client's side. As long as fewer hellos were read than are due, another may follow,
/// even after early data.
pub(crate) fn read_client(bytes: &[u8], hellos_due: usize) -> Said {
    Reader::new(bytes).read(|_| false, hellos_due)
}

/// Reads a server's side, up to the hello after which all is encrypted.
pub(crate) fn read_server(bytes: &[u8]) -> Said {
    let hides_the_rest = |message: &Message| {
        message.kind == handshake::SERVER_HELLO
            && !handshake::asks_again(message.kind, &message.body)
            && ServerHello::parse(&message.body).is_ok_and(|hello| hello.hides_the_rest())
    };
    Reader::new(bytes).read(hides_the_rest, 0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Handshake bytes that are not yet a whole message.
    pending: Vec<u8>,
    said: Said,
}

/// What to do after a record.
enum Next {
    Read,
    Stop,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, pending: Vec::new(), said: Said::nothing_more() }
    }

    fn read(mut self, is_last: impl Fn(&Message) -> bool, hellos_due: usize) -> Said {
        loop {
            let rest = self.bytes.get(self.position..).unwrap_or_default();
            let Some(record) = Record::header(rest) else {
                if rest.len() < HEADER_LEN {
                    self.said.needs = self.position + HEADER_LEN;
                } else {
                    // What is encrypted stands in records as well.
                    self.said.broken = true;
                }
                return self.said;
            };
            let body = rest.get(HEADER_LEN..).unwrap_or_default();
            let body = body.get(..record.len).unwrap_or(body);
            let end = self.position + HEADER_LEN + record.len;
            // What a message says is known as soon as it is there, even where its record is not.
            let past_data = self.hellos() < hellos_due;
            let next = self.take(record.kind, body, body.len() == record.len, past_data);
            if let Next::Stop = next {
                return self.said;
            }
            let over = self.said.messages.len() + self.said.alerts.len() >= MESSAGES_MAX;
            self.said.broken |= over;
            if over || self.said.messages.last().is_some_and(&is_last) {
                return self.said;
            }
            if body.len() < record.len {
                self.said.needs = end;
                return self.said;
            }
            self.position = end;
        }
    }

    fn hellos(&self) -> usize {
        let hello = |message: &&Message| message.kind == handshake::CLIENT_HELLO;
        self.said.messages.iter().filter(hello).count()
    }

    fn take(&mut self, kind: u8, body: &[u8], whole: bool, past_data: bool) -> Next {
        match (kind, body) {
            (HANDSHAKE, _) if self.said.changed_cipher => self.take_hello_in_clear(body, whole, past_data),
            (HANDSHAKE, _) => self.take_handshake(body),
            (ALERT, &[1 | 2, description]) if !self.said.changed_cipher => {
                self.said.alerts.push(description);
                Next::Read
            }
            (ALERT, &[] | &[_]) if !whole => Next::Read,
            (CHANGE_CIPHER_SPEC, _) => {
                self.said.changed_cipher = true;
                Next::Read
            }
            _ if !self.pending.is_empty() => {
                self.said.broken = true;
                Next::Stop
            }
            _ if past_data => Next::Read,
            _ => Next::Stop,
        }
    }

    /// After a change of ciphers, a handshake record is either encrypted or the second hello of
    /// TLS 1.3, whose change of ciphers means nothing (RFC 8446, D.4).
    fn take_hello_in_clear(&mut self, body: &[u8], whole: bool, past_data: bool) -> Next {
        if !self.pending.is_empty() {
            return self.take_handshake(body);
        }
        let mut cursor = Cursor::new(body);
        let kind = cursor.u8();
        let hello = cursor.vec24();
        let plain = match (kind, hello) {
            (Some(handshake::CLIENT_HELLO), Some(hello)) => ClientHello::parse(hello).is_ok(),
            (Some(handshake::SERVER_HELLO), Some(hello)) => ServerHello::parse(hello).is_ok(),
            (None | Some(handshake::CLIENT_HELLO | handshake::SERVER_HELLO), None) if !whole => {
                return Next::Read;
            }
            // The start of a hello that goes on in the next record.
            (Some(handshake::CLIENT_HELLO), None) => matches!(body, &[_, 0, _, _, 3, ..]),
            _ => false,
        };
        match (plain, past_data) {
            (true, _) => self.take_handshake(body),
            (false, true) => Next::Read,
            (false, false) => Next::Stop,
        }
    }

    fn take_handshake(&mut self, body: &[u8]) -> Next {
        self.pending.extend_from_slice(body);
        let mut cursor = Cursor::new(&self.pending);
        loop {
            let mut ahead = cursor;
            let (Some(kind), Some(len)) = (ahead.u8(), ahead.u24()) else {
                break;
            };
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            if len > MESSAGE_MAX {
                self.said.too_large = kind == CERTIFICATE;
                self.said.broken |= kind != CERTIFICATE;
                return Next::Stop;
            }
            let Some(body) = ahead.take(len) else {
                break;
            };
            if self.said.messages.len() < MESSAGES_MAX {
                let body = body.to_vec();
                self.said.messages.push(Message { kind, body });
            }
            cursor = ahead;
        }
        self.pending = cursor.rest().to_vec();
        Next::Read
    }
}

struct Record {
    kind: u8,
    len: usize,
}

impl Record {
    /// Reads a header, if it is one.
    fn header(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let kind = cursor.u8()?;
        let (major, minor) = (cursor.u8()?, cursor.u8()?);
        let len = usize::from(cursor.u16()?);
        let plausible = is_kind(kind) && major == 3 && minor <= 4 && len <= RECORD_MAX;
        plausible.then_some(Self { kind, len })
    }
}

const fn is_kind(kind: u8) -> bool {
    matches!(kind, CHANGE_CIPHER_SPEC | ALERT | HANDSHAKE | APPLICATION_DATA | HEARTBEAT)
}
