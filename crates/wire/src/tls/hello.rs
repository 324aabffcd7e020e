//! The client's hello (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2; RFC 6347, 4.2.1).

use super::server_hello::Extensions;
use crate::bytes::Cursor;
use crate::text::printable;
use crate::{Anomaly, Facts, NameSource, TlsFacts};
use creance_model::HostName;

/// At most this many application protocols are kept of one hello.
const ALPN_KEPT_MAX: usize = 32;
/// A name that is not a host name is shown with this many characters.
const INVALID_NAME_SHOWN_MAX: usize = 100;

/// An entry of `server_name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerName {
    /// A host name.
    Host(HostName),
    /// Something else, as printable text, shortened.
    Invalid(String),
}

/// Why bytes are not a client hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// A field runs past the end of what holds it.
    #[error("a field of the hello runs past the end of what holds it")]
    CutShort,
    /// Bytes are left after a list that should fill what holds it.
    #[error("the hello has bytes after its end, or after the end of a list in it")]
    TrailingBytes,
    /// A list that must have entries has none, or a field has a length that it cannot have.
    #[error("a list in the hello has a length that it must not have")]
    WrongLength,
    /// An extension stands twice.
    #[error("extension {0} stands in the hello more than once")]
    Repeated(u16),
}

/// A client hello, read to its last byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// The version in the head of the hello, as on the wire; 0x0303 in TLS 1.3.
    pub legacy_version: u16,
    /// The client's random bytes.
    pub random: [u8; 32],
    /// The session that it would resume, or random bytes (TLS 1.3); at most 32 bytes.
    pub session_id: Vec<u8>,
    /// The cipher suites that it offers, GREASE included.
    pub ciphers: Vec<u16>,
    /// The versions that it offers, as on the wire, without GREASE: those of
    /// `supported_versions`, or else the legacy version.
    pub versions_offered: Vec<u16>,
    /// All entries of all `server_name` extensions. More than one is a reason to refuse.
    pub server_names: Vec<ServerName>,
    /// The application protocols that it offers, as printable text, without GREASE; at most 32.
    pub alpn: Vec<String>,
    /// Whether it has an `encrypted_client_hello`, or `encrypted_server_name` from the drafts.
    pub ech: bool,
    /// Whether it announces early data (0-RTT).
    pub early_data: bool,
    /// Whether it offers a pre-shared key, as a resumption in TLS 1.3 does.
    pub pre_shared_key: bool,
}

impl ClientHello {
    /// Reads the body of a `client_hello` message (without its four bytes of header), as in TLS
    /// and QUIC.
    ///
    /// # Errors
    /// Where the bytes are not a client hello to the last byte.
    pub fn parse(body: &[u8]) -> Result<Self, HelloError> {
        Self::read(body, false)
    }

    /// Reads the body of a whole `client_hello` message of DTLS, which has a cookie.
    ///
    /// # Errors
    /// Where the bytes are not a client hello to the last byte.
    pub fn parse_dtls(body: &[u8]) -> Result<Self, HelloError> {
        Self::read(body, true)
    }

    fn read(body: &[u8], cookie: bool) -> Result<Self, HelloError> {
        let cut = HelloError::CutShort;
        let mut cursor = Cursor::new(body);
        let legacy_version = cursor.u16().ok_or(cut)?;
        let random = cursor.array().ok_or(cut)?;
        let session_id = cursor.vec8().ok_or(cut)?;
        if cookie {
            cursor.vec8().ok_or(cut)?;
        }
        let ciphers = u16_list(cursor.vec16().ok_or(cut)?)?;
        let compressions = cursor.vec8().ok_or(cut)?;
        if session_id.len() > 32 || compressions.is_empty() {
            return Err(HelloError::WrongLength);
        }
        let mut hello = Self {
            legacy_version,
            random,
            session_id: session_id.to_vec(),
            ciphers,
            versions_offered: Vec::new(),
            server_names: Vec::new(),
            alpn: Vec::new(),
            ech: false,
            early_data: false,
            pre_shared_key: false,
        };
        hello.read_extensions(cursor)?;
        if hello.versions_offered.is_empty() {
            hello.versions_offered.push(legacy_version);
        }
        Ok(hello)
    }

    fn read_extensions(&mut self, mut cursor: Cursor<'_>) -> Result<(), HelloError> {
        let mut seen = Vec::new();
        let mut extensions = Extensions::read(&mut cursor)?;
        while let Some((kind, content)) = extensions.next()? {
            // A second list of names is gathered like a second entry, so that both show.
            if kind != extension::SERVER_NAME && seen.contains(&kind) {
                return Err(HelloError::Repeated(kind));
            }
            seen.push(kind);
            match kind {
                extension::SERVER_NAME => self.read_names(content)?,
                extension::ALPN => self.alpn = read_alpn(content)?,
                extension::SUPPORTED_VERSIONS => {
                    let list = whole(content, Cursor::vec8)?;
                    let versions = u16_list(list)?.into_iter();
                    self.versions_offered = versions.filter(|&v| !is_grease(v)).collect();
                }
                extension::ECH | extension::ESNI => self.ech = true,
                extension::EARLY_DATA => self.early_data = true,
                extension::PRE_SHARED_KEY => self.pre_shared_key = true,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_names(&mut self, content: &[u8]) -> Result<(), HelloError> {
        let mut list = Cursor::new(whole(content, Cursor::vec16)?);
        if list.is_empty() {
            return Err(HelloError::WrongLength);
        }
        while !list.is_empty() {
            let kind = list.u8().ok_or(HelloError::CutShort)?;
            let bytes = list.vec16().ok_or(HelloError::CutShort)?;
            self.server_names.push(match HostName::from_bytes(bytes) {
                Ok(name) if kind == 0 => ServerName::Host(name),
                Ok(_) | Err(_) => ServerName::Invalid(printable(bytes, INVALID_NAME_SHOWN_MAX)),
            });
        }
        Ok(())
    }

    /// Adds what the hello says to `facts`.
    pub fn note(&self, source: NameSource, facts: &mut Facts) {
        let tls = facts.tls.get_or_insert_default();
        self.note_offers(tls);
        for name in &self.server_names {
            match name {
                ServerName::Host(name) => facts.add_name(name.clone(), source),
                ServerName::Invalid(text) => facts.add_anomaly(Anomaly::InvalidName(text.clone())),
            }
        }
        if self.server_names.len() > 1 {
            facts.add_anomaly(Anomaly::SeveralNames);
        }
    }

    fn note_offers(&self, tls: &mut TlsFacts) {
        tls.client_hello = true;
        tls.versions_offered.clone_from(&self.versions_offered);
        tls.alpn_offered.clone_from(&self.alpn);
        // A second hello must not hide what the first one did.
        tls.ech |= self.ech;
        tls.early_data |= self.early_data;
    }
}

/// Numbers of extensions that are read.
pub(crate) mod extension {
    /// RFC 6066, 3.
    pub(crate) const SERVER_NAME: u16 = 0;
    /// RFC 7301.
    pub(crate) const ALPN: u16 = 16;
    /// RFC 7250: certificates are then bare keys.
    pub(crate) const SERVER_CERTIFICATE_TYPE: u16 = 20;
    /// RFC 8446, 4.2.11.
    pub(crate) const PRE_SHARED_KEY: u16 = 41;
    /// RFC 8446, 4.2.10.
    pub(crate) const EARLY_DATA: u16 = 42;
    /// RFC 8446, 4.2.1.
    pub(crate) const SUPPORTED_VERSIONS: u16 = 43;
    /// RFC 9849.
    pub(crate) const ECH: u16 = 0xfe0d;
    /// draft-ietf-tls-esni up to 06.
    pub(crate) const ESNI: u16 = 0xffce;
}

/// Whether a number is one of those that mean nothing and are sent to keep servers tolerant
/// (RFC 8701).
pub(crate) const fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

/// The protocols of an ALPN extension (RFC 7301, 3.1).
pub(crate) fn read_alpn(content: &[u8]) -> Result<Vec<String>, HelloError> {
    let mut list = Cursor::new(whole(content, Cursor::vec16)?);
    let mut protocols = Vec::new();
    while !list.is_empty() {
        let protocol = list.vec8().ok_or(HelloError::CutShort)?;
        if protocol.is_empty() {
            return Err(HelloError::WrongLength);
        }
        let grease = matches!(protocol, &[a, b] if is_grease(u16::from_be_bytes([a, b])));
        if !grease && protocols.len() < ALPN_KEPT_MAX {
            protocols.push(printable(protocol, 255));
        }
    }
    Ok(protocols)
}

/// What `read` takes from `content`, if that leaves nothing.
fn whole<'a>(
    content: &'a [u8],
    read: impl FnOnce(&mut Cursor<'a>) -> Option<&'a [u8]>,
) -> Result<&'a [u8], HelloError> {
    let mut cursor = Cursor::new(content);
    let inner = read(&mut cursor).ok_or(HelloError::CutShort)?;
    if cursor.is_empty() { Ok(inner) } else { Err(HelloError::TrailingBytes) }
}

fn u16_list(bytes: &[u8]) -> Result<Vec<u16>, HelloError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(HelloError::WrongLength);
    }
    Ok(pairs.iter().map(|&pair| u16::from_be_bytes(pair)).collect())
}
