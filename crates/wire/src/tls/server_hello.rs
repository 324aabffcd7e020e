//! The server's hello (RFC 8446, 4.1.3 and 4.1.4), and the extensions of both hellos.

use super::hello::{HelloError, extension, read_alpn};
use crate::TlsFacts;
use crate::bytes::Cursor;

/// The random bytes of a server hello that asks for another client hello: the SHA-256 of
/// "HelloRetryRequest" (RFC 8446, 4.1.3).
pub(crate) const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A server hello.
#[derive(Debug, Clone)]
pub(crate) struct ServerHello {
    pub(crate) random: [u8; 32],
    pub(crate) session_id: Vec<u8>,
    /// The version chosen, as on the wire.
    pub(crate) version: u16,
    pub(crate) cipher: u16,
    pub(crate) alpn: Option<String>,
    /// Whether a pre-shared key was chosen (TLS 1.3).
    pub(crate) pre_shared_key: bool,
    /// Whether certificates are bare keys (RFC 7250).
    pub(crate) bare_keys: bool,
}

impl ServerHello {
    /// Reads the body of a `server_hello` message.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, HelloError> {
        let cut = HelloError::CutShort;
        let mut cursor = Cursor::new(body);
        let legacy_version = cursor.u16().ok_or(cut)?;
        let random = cursor.array().ok_or(cut)?;
        // Drafts 18 to 21 of TLS 1.3 had neither a session nor a compression here.
        let old_draft = legacy_version >> 8 == 0x7f;
        let session_id = if old_draft { &[] } else { cursor.vec8().ok_or(cut)? };
        let cipher = cursor.u16().ok_or(cut)?;
        if !old_draft {
            cursor.u8().ok_or(cut)?;
        }
        if session_id.len() > 32 {
            return Err(HelloError::WrongLength);
        }
        let mut hello = Self {
            random,
            session_id: session_id.to_vec(),
            version: legacy_version,
            cipher,
            alpn: None,
            pre_shared_key: false,
            bare_keys: false,
        };
        hello.read_extensions(cursor)?;
        Ok(hello)
    }

    fn read_extensions(&mut self, mut cursor: Cursor<'_>) -> Result<(), HelloError> {
        let mut extensions = Extensions::read(&mut cursor)?;
        while let Some((kind, content)) = extensions.next()? {
            match kind {
                extension::SUPPORTED_VERSIONS => {
                    let version = content.try_into().map(u16::from_be_bytes);
                    self.version = version.map_err(|_| HelloError::WrongLength)?;
                }
                extension::ALPN => self.alpn = read_alpn(content)?.into_iter().next(),
                extension::PRE_SHARED_KEY => self.pre_shared_key = true,
                extension::SERVER_CERTIFICATE_TYPE => self.bare_keys = content != [0],
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether it is a request for another client hello.
    pub(crate) fn is_retry(&self) -> bool {
        self.random == RETRY_RANDOM
    }

    /// Whether what follows it is encrypted.
    pub(crate) const fn hides_the_rest(&self) -> bool {
        is_tls13(self.version)
    }

    /// Adds what it says to `tls`.
    pub(crate) fn note(&self, tls: &mut TlsFacts) {
        tls.version = Some(self.version);
        tls.cipher = Some(self.cipher);
        if self.alpn.is_some() {
            tls.alpn.clone_from(&self.alpn);
        }
        if self.hides_the_rest() && self.pre_shared_key {
            tls.resumed = true;
        }
    }
}

/// Whether a version is TLS 1.3 or DTLS 1.3, one of its drafts, or Facebook's variant of one.
pub(crate) const fn is_tls13(version: u16) -> bool {
    matches!(version, 0x0304 | 0xfefc) || matches!(version >> 8, 0x7f | 0xfb)
}

/// The extensions at the end of a hello.
pub(crate) struct Extensions<'a> {
    rest: Cursor<'a>,
}

impl<'a> Extensions<'a> {
    /// Takes the list, which must fill what is left; hellos before TLS 1.2 may have none.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, HelloError> {
        if cursor.is_empty() {
            return Ok(Self { rest: *cursor });
        }
        let list = cursor.vec16().ok_or(HelloError::CutShort)?;
        if !cursor.is_empty() {
            return Err(HelloError::TrailingBytes);
        }
        Ok(Self { rest: Cursor::new(list) })
    }

    /// The next extension: its number and its content.
    pub(crate) fn next(&mut self) -> Result<Option<(u16, &'a [u8])>, HelloError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let kind = self.rest.u16().ok_or(HelloError::CutShort)?;
        let content = self.rest.vec16().ok_or(HelloError::CutShort)?;
        Ok(Some((kind, content)))
    }
}
