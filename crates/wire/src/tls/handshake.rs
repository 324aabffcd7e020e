//! What the handshake messages of one conversation tell, in TLS and in DTLS.

use super::server_hello::RETRY_RANDOM;
use super::{ClientHello, ServerHello, proof};
use crate::bytes::Cursor;
use crate::{Anomaly, Facts, NameSource, Protocol};

/// Numbers of handshake messages (RFC 8446, B.3).
pub(crate) const CLIENT_HELLO: u8 = 1;
pub(crate) const SERVER_HELLO: u8 = 2;
pub(crate) const HELLO_RETRY_REQUEST: u8 = 6;
pub(crate) const CERTIFICATE: u8 = 11;
pub(crate) const SERVER_KEY_EXCHANGE: u8 = 12;
pub(crate) const SERVER_HELLO_DONE: u8 = 14;

/// At most this many bytes of certificates are kept.
pub(crate) const CERTIFICATES_MAX: usize = 64 * 1024;
/// At most this many certificates are kept.
const CHAIN_MAX: usize = 16;

/// TLS over a stream or over datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Tls,
    Dtls,
}

impl Flavour {
    const fn protocol(self) -> Protocol {
        match self {
            Self::Tls => Protocol::Tls,
            Self::Dtls => Protocol::Dtls,
        }
    }
}

/// What one message needs to know of those before it.
#[derive(Debug)]
pub(crate) struct Handshake {
    flavour: Flavour,
    client_random: Option<[u8; 32]>,
    client_session: Vec<u8>,
    server: Option<ServerHello>,
    /// Whether the server sent a message that only a handshake without resumption has.
    in_full: bool,
}

impl Handshake {
    pub(crate) const fn new(flavour: Flavour) -> Self {
        Self { flavour, client_random: None, client_session: Vec::new(), server: None, in_full: false }
    }

    /// A message that the client sent.
    pub(crate) fn client_message(&mut self, kind: u8, body: &[u8], facts: &mut Facts) {
        if kind != CLIENT_HELLO {
            return;
        }
        let (hello, source) = match self.flavour {
            Flavour::Tls => (ClientHello::parse(body), NameSource::TlsHello),
            Flavour::Dtls => (ClientHello::parse_dtls(body), NameSource::DtlsHello),
        };
        let Ok(hello) = hello else {
            facts.add_anomaly(Anomaly::Malformed(self.flavour.protocol()));
            return;
        };
        hello.note(source, facts);
        self.client_random = Some(hello.random);
        self.client_session = hello.session_id;
    }

    /// A message that the server sent.
    pub(crate) fn server_message(&mut self, kind: u8, body: &[u8], facts: &mut Facts) {
        if matches!(kind, CERTIFICATE | SERVER_KEY_EXCHANGE | SERVER_HELLO_DONE) {
            self.in_full = true;
            // A server may repeat a session's number and yet not resume it.
            facts.tls.get_or_insert_default().resumed = false;
        }
        let understood = match kind {
            SERVER_HELLO => self.server_hello(body, facts),
            CERTIFICATE => self.certificates(body, facts),
            SERVER_KEY_EXCHANGE => {
                self.key_exchange(body, facts);
                true
            }
            _ => true,
        };
        if !understood {
            facts.add_anomaly(Anomaly::Malformed(self.flavour.protocol()));
        }
    }

    /// The server turned to encryption. With nothing but its hello before that, it resumed a
    /// session (RFC 5246, 7.3).
    pub(crate) fn server_changed_cipher(&self, facts: &mut Facts) {
        let old = self.server.as_ref().is_some_and(|s| !s.hides_the_rest());
        if old && !self.in_full {
            facts.tls.get_or_insert_default().resumed = true;
        }
    }

    /// Whether the server's part in clear is over: all that follows its hello is encrypted.
    pub(crate) fn rest_is_hidden(&self) -> bool {
        self.server.as_ref().is_some_and(ServerHello::hides_the_rest)
    }

    fn server_hello(&mut self, body: &[u8], facts: &mut Facts) -> bool {
        let Ok(hello) = ServerHello::parse(body) else {
            return false;
        };
        let tls = facts.tls.get_or_insert_default();
        hello.note(tls);
        let echoed = !hello.session_id.is_empty() && hello.session_id == self.client_session;
        tls.resumed |= echoed && !hello.hides_the_rest();
        if !hello.is_retry() {
            self.server = Some(hello);
        }
        true
    }

    fn certificates(&self, body: &[u8], facts: &mut Facts) -> bool {
        if self.server.as_ref().is_some_and(|server| server.bare_keys) {
            return true;
        }
        let mut cursor = Cursor::new(body);
        let Some(list) = cursor.vec24().filter(|_| cursor.is_empty()) else {
            return false;
        };
        let mut list = Cursor::new(list);
        let mut chain = Vec::new();
        while !list.is_empty() {
            match list.vec24() {
                Some(_) if chain.len() == CHAIN_MAX => {
                    facts.add_anomaly(Anomaly::CertificatesTooLarge);
                    break;
                }
                Some(der) => chain.push(der.to_vec()),
                None => return false,
            }
        }
        let tls = facts.tls.get_or_insert_default();
        tls.certificates = chain;
        true
    }

    fn key_exchange(&self, body: &[u8], facts: &mut Facts) {
        let (Some(client), Some(server)) = (&self.client_random, &self.server) else {
            return;
        };
        let tls = facts.tls.get_or_insert_default();
        tls.key_exchange = proof::signed_exchange(server.version, client, &server.random, body);
    }
}

/// Whether a server's message asks for another client hello.
pub(crate) fn asks_again(kind: u8, body: &[u8]) -> bool {
    match kind {
        HELLO_RETRY_REQUEST => true,
        SERVER_HELLO => body.get(2..34) == Some(RETRY_RANDOM.as_slice()),
        _ => false,
    }
}
