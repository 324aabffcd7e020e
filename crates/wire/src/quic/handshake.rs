//! One handshake: the pieces of both hellos.

use super::frames;
use super::google;
use super::version::{Family, Version};
use super::{Initial, Keys, Side};
use crate::bytes::Cursor;
use crate::fragments::{FragmentError, Fragments};
use crate::tls::handshake::{CLIENT_HELLO, SERVER_HELLO};
use crate::tls::{ClientHello, ServerHello};
use crate::{Anomaly, Facts, NameSource};

/// At most this many bytes of each side's handshake are kept.
const KEPT_MAX: usize = 16 * 1024;

/// One handshake, known by the first connection id that the client chose for the server: all
/// Initial packets of both sides have keys from it, whatever ids and versions they bear later.
#[derive(Debug)]
pub(crate) struct Handshake {
    id: Vec<u8>,
    client: Part,
    server: Part,
    settled: bool,
}

/// What one side has said.
#[derive(Debug, Default)]
struct Part {
    largest: Option<u64>,
    said: Fragments,
    /// How much of it has been read.
    read: usize,
    /// Whether a hello was read, or it is known that it cannot be.
    done: bool,
}

impl Handshake {
    pub(crate) fn new(id: &[u8]) -> Self {
        Self { id: id.to_vec(), client: Part::default(), server: Part::default(), settled: false }
    }

    /// Whether the client's hello was read.
    pub(crate) const fn hello_read(&self) -> bool {
        self.client.done
    }

    /// Whether the client began a hello that was not read to its end.
    pub(crate) const fn misses_hello(&self) -> bool {
        self.client.said.end() > self.client.read
    }

    /// Whether both hellos were read.
    pub(crate) const fn settled(&self) -> bool {
        self.client.done && self.settled
    }

    /// The memory that it takes besides its own size, in bytes.
    pub(crate) const fn held(&self) -> usize {
        self.id.capacity() + self.client.said.held() + self.server.said.held()
    }

    /// The payload of a packet, if it is of this handshake and of this side.
    pub(crate) fn open(&mut self, initial: &Initial<'_>, side: Side) -> Option<Vec<u8>> {
        let keys = Keys::derive(initial.version, &self.id, side)?;
        let part = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let (number, plain) = keys.open(initial.packet, initial.number_at, part.largest)?;
        part.largest = part.largest.max(Some(number));
        Some(plain)
    }

    /// Takes the payload of a packet and adds what it completes to `facts`.
    pub(crate) fn take(&mut self, version: Version, side: Side, plain: &[u8], facts: &mut Facts) {
        let (pieces, understood) = frames::pieces(plain, version.family);
        if !understood {
            facts.add_anomaly(Anomaly::Malformed(version.protocol()));
        }
        let part = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        for piece in pieces {
            let offset = usize::try_from(piece.offset).unwrap_or(usize::MAX);
            match part.said.add(offset, piece.bytes, KEPT_MAX) {
                Ok(()) => {}
                Err(FragmentError::TooFar) => facts.add_anomaly(Anomaly::NotFollowed),
                Err(FragmentError::Contradiction) => {
                    facts.add_anomaly(Anomaly::Malformed(version.protocol()));
                }
            }
        }
        match (version.family, side) {
            (Family::GoogleCrypto, Side::Client) => {
                self.client.done |= google::read_hello(self.client.said.start(), facts);
                if self.client.done {
                    self.client.read = self.client.said.end();
                }
                self.settled |= self.client.done;
            }
            (Family::GoogleCrypto, Side::Server) => self.settled = true,
            (Family::Ietf | Family::GoogleTls, Side::Client) => {
                facts.tls.get_or_insert_default();
                self.client.done |= self.read_client(version, facts);
            }
            (Family::Ietf | Family::GoogleTls, Side::Server) => self.read_server(version, facts),
        }
        // The client's hello stays: another one in its place is another connection.
        if self.settled() {
            self.server.said = Fragments::default();
        }
    }

    /// Reads every hello that is whole: a second one follows the first where the server asks.
    fn read_client(&mut self, version: Version, facts: &mut Facts) -> bool {
        let mut any = false;
        while let Some((kind, body)) = self.client.next_message() {
            let hello = (kind == CLIENT_HELLO).then(|| ClientHello::parse(&body));
            match hello {
                Some(Ok(hello)) => hello.note(NameSource::QuicHello, facts),
                Some(Err(_)) | None => facts.add_anomaly(Anomaly::Malformed(version.protocol())),
            }
            any = true;
        }
        any
    }

    fn read_server(&mut self, version: Version, facts: &mut Facts) {
        while let Some((kind, body)) = self.server.next_message() {
            let hello = (kind == SERVER_HELLO).then(|| ServerHello::parse(&body));
            match hello {
                Some(Ok(hello)) => {
                    self.settled |= !hello.is_retry();
                    hello.note(facts.tls.get_or_insert_default());
                }
                Some(Err(_)) | None => facts.add_anomaly(Anomaly::Malformed(version.protocol())),
            }
        }
    }
}

impl Part {
    /// The next whole message.
    fn next_message(&mut self) -> Option<(u8, Vec<u8>)> {
        if self.said.whole() < self.read + 4 {
            return None;
        }
        let said = self.said.start();
        let mut cursor = Cursor::new(said.get(self.read..)?);
        let kind = cursor.u8()?;
        let body = cursor.vec24()?.to_vec();
        self.read = said.len() - cursor.len();
        Some((kind, body))
    }
}
