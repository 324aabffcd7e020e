//! What was learnt of one conversation.

use crate::Protocol;
use creance_model::HostName;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// At most this many names, requests or anomalies are kept for one conversation; more are
/// counted in [`Facts::left_out`].
pub(crate) const KEPT_MAX: usize = 32;

/// Which side of a conversation spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From the side that opened the conversation.
    FromClient,
    /// From the side that answered.
    FromServer,
}

/// Where a name was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NameSource {
    /// `server_name` in a TLS hello.
    TlsHello,
    /// `server_name` in the hello within QUIC.
    QuicHello,
    /// `server_name` in a DTLS hello.
    DtlsHello,
    /// `Host` or `:authority` of a request in clear.
    HttpHost,
    /// The host in the address of an RTSP request in clear. Later ones are not read.
    RtspAddress,
    /// The host that an HTTP proxy was asked for, by CONNECT or an absolute target.
    HttpProxyTarget,
    /// The host that a SOCKS proxy was asked for.
    SocksTarget,
}

/// A host name that a conversation claimed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeenName {
    /// The name.
    pub name: HostName,
    /// Where it stood.
    pub source: NameSource,
}

/// Where a proxy was asked to connect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProxyTarget {
    /// By name.
    Name(HostName, u16),
    /// By address.
    Address(IpAddr, u16),
}

/// What was learnt of TLS or DTLS, on its own or within QUIC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// Whether a whole client hello was read.
    pub client_hello: bool,
    /// Versions that the client offered, as on the wire (0x0304 is TLS 1.3), without GREASE.
    pub versions_offered: Vec<u16>,
    /// Application protocols that the client offered.
    pub alpn_offered: Vec<String>,
    /// Whether the client sent an `encrypted_client_hello` extension. Real use and GREASE look
    /// alike, so the visible name may then not be the true one.
    pub ech: bool,
    /// Whether the client sent early data (0-RTT).
    pub early_data: bool,
    /// The version that the server chose, as on the wire.
    pub version: Option<u16>,
    /// The cipher suite that the server chose.
    pub cipher: Option<u16>,
    /// The application protocol that the server chose, where visible.
    pub alpn: Option<String>,
    /// The server's certificates in DER, leaf first, as sent. Empty where they are hidden
    /// (TLS 1.3), resumed or not captured.
    pub certificates: Vec<Vec<u8>>,
    /// The signed key exchange, where there is one in clear.
    pub key_exchange: Option<SignedKeyExchange>,
    /// Whether an earlier session was resumed, so that no certificate was due.
    pub resumed: bool,
    /// Alerts in clear: who sent it, and its description code (RFC 8446, 6).
    pub alerts: Vec<(Direction, u8)>,
}

/// A server's key exchange with its signature, not judged yet: that costs more than all else
/// that is learnt of a conversation, so the caller chooses whether and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedKeyExchange {
    pub(crate) scheme: u16,
    #[serde(with = "at_once")]
    pub(crate) message: Vec<u8>,
    #[serde(with = "at_once")]
    pub(crate) signature: Vec<u8>,
}

/// Bytes that are written down and read at once instead of one by one.
mod at_once {
    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;
    use std::fmt;

    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }
}

impl TlsFacts {
    fn held(&self) -> usize {
        let texts = self.alpn_offered.iter().map(|text| size_of::<String>() + text.len());
        let certificates = self.certificates.iter().map(|der| size_of::<Vec<u8>>() + der.len());
        let exchange =
            self.key_exchange.as_ref().map_or(0, |signed| signed.message.len() + signed.signature.len());
        texts.sum::<usize>() + certificates.sum::<usize>() + exchange + self.versions_offered.len() * 2
    }
}

impl SignedKeyExchange {
    /// Whether the signature was made over this conversation's randoms by the key of the leaf
    /// certificate: proof that the server holds that key, and that the certificate was not merely
    /// replayed. `None` where the algorithm is not supported.
    #[must_use]
    pub fn is_proven_by(&self, leaf: &[u8]) -> Option<bool> {
        crate::tls::proof::judge(self, leaf)
    }
}

/// The head of one HTTP request in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// The path, without the query, shortened to 200 bytes.
    pub path: String,
    /// The names (not the values) of the query's parameters, at most 16.
    pub query_keys: Vec<String>,
    /// The media type of the body, where said.
    pub content_type: Option<String>,
    /// The length of the body in bytes, where said.
    pub content_length: Option<u64>,
}

impl HttpRequest {
    fn held(&self) -> usize {
        let keys = self.query_keys.iter().map(|key| size_of::<String>() + key.len());
        let media = self.content_type.as_ref().map_or(0, String::len);
        size_of::<Self>() + self.method.len() + self.path.len() + media + keys.sum::<usize>()
    }
}

/// Something that does not fit, and that a verdict may have to heed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Anomaly {
    /// A name that is not a valid host name, as printable text, shortened.
    InvalidName(String),
    /// More than one `server_name`, or a list with more than one entry.
    SeveralNames,
    /// Two places of one conversation name different hosts, or one of them none.
    NamesDiffer,
    /// Bytes that break the rules of the protocol they claim to be.
    Malformed(Protocol),
    /// The start of a conversation is cut off, so that its head could not be read.
    HeadMissing,
    /// The conversation went on past the bytes that are kept.
    NotFollowed,
    /// QUIC packets that could not be opened although they claim a version that is public.
    QuicNotOpened,
    /// Certificates larger than what is kept.
    CertificatesTooLarge,
    /// A DNS question that carries more than a question, or an answer that the asker sent.
    MoreThanAQuestion,
    /// Two TCP segments brought different bytes for the same place; the first was believed.
    ContradictingSegments,
}

/// What was learnt of one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The protocols that were recognised, outermost first: an HTTP proxy that carries TLS is
    /// `[HttpProxy, Tls]`. Empty: not recognised.
    pub layers: Vec<Protocol>,
    /// The names that it claimed, in the order seen, without repetitions.
    pub names: Vec<SeenName>,
    /// The addresses that requests in clear gave in place of a name, without repetitions.
    pub addresses: Vec<IpAddr>,
    /// Where proxies were asked to connect.
    pub proxy_targets: Vec<ProxyTarget>,
    /// TLS, where there was any. Boxed, since it is half as large as all the rest.
    pub tls: Option<Box<TlsFacts>>,
    /// Requests in clear, the first few.
    pub requests: Vec<HttpRequest>,
    /// What does not fit.
    pub anomalies: Vec<Anomaly>,
    /// How many names, requests or anomalies were more than is kept.
    pub left_out: u32,
}

impl Facts {
    /// The innermost protocol that was recognised.
    #[inline]
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        self.layers.last().copied()
    }

    /// About how much memory they take besides their own size, in bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        let names = self.names.iter().map(|seen| size_of::<SeenName>() + seen.name.as_str().len());
        let anomalies = self.anomalies.iter().map(|anomaly| match anomaly {
            Anomaly::InvalidName(text) => size_of::<Anomaly>() + text.len(),
            Anomaly::SeveralNames
            | Anomaly::NamesDiffer
            | Anomaly::Malformed(_)
            | Anomaly::HeadMissing
            | Anomaly::NotFollowed
            | Anomaly::QuicNotOpened
            | Anomaly::CertificatesTooLarge
            | Anomaly::MoreThanAQuestion
            | Anomaly::ContradictingSegments => size_of::<Anomaly>(),
        });
        let targets = self.proxy_targets.len() * (size_of::<ProxyTarget>() + 64)
            + self.addresses.len() * size_of::<IpAddr>();
        names.sum::<usize>()
            + anomalies.sum::<usize>()
            + targets
            + self.requests.iter().map(HttpRequest::held).sum::<usize>()
            + self.tls.as_ref().map_or(0, |tls| tls.held())
    }

    /// Adds a layer unless it is already the innermost.
    pub fn add_layer(&mut self, protocol: Protocol) {
        if self.layers.last() != Some(&protocol) && self.layers.len() < 8 {
            self.layers.push(protocol);
        }
    }

    /// Adds a name, once, and notes where it contradicts what was seen before.
    pub fn add_name(&mut self, name: HostName, source: NameSource) {
        if self.names.iter().any(|seen| seen.name != name) || !self.addresses.is_empty() {
            self.add_anomaly(Anomaly::NamesDiffer);
        }
        let seen = SeenName { name, source };
        if !self.names.contains(&seen) {
            push_bounded(&mut self.names, seen, &mut self.left_out);
        }
    }

    /// Adds an address that a request gives in place of a name, once, and notes where it contradicts
    /// what was seen before.
    pub fn add_address(&mut self, addr: IpAddr) {
        if !self.names.is_empty() || self.addresses.iter().any(|seen| *seen != addr) {
            self.add_anomaly(Anomaly::NamesDiffer);
        }
        if !self.addresses.contains(&addr) {
            push_bounded(&mut self.addresses, addr, &mut self.left_out);
        }
    }

    /// Notes a request, before it is added, of which is known whether it says for whom it is. One that
    /// names nobody beside others that do may be for anybody.
    pub fn note_host(&mut self, named: bool) {
        let others_named = !self.names.is_empty() || !self.addresses.is_empty();
        if !self.requests.is_empty() && named != others_named {
            self.add_anomaly(Anomaly::NamesDiffer);
        }
    }

    /// Adds an anomaly, once.
    pub fn add_anomaly(&mut self, anomaly: Anomaly) {
        if !self.anomalies.contains(&anomaly) {
            push_bounded(&mut self.anomalies, anomaly, &mut self.left_out);
        }
    }

    /// Adds a request.
    pub fn add_request(&mut self, request: HttpRequest) {
        push_bounded(&mut self.requests, request, &mut self.left_out);
    }
}

fn push_bounded<T>(list: &mut Vec<T>, item: T, left_out: &mut u32) {
    if list.len() < KEPT_MAX {
        list.push(item);
    } else {
        *left_out = left_out.saturating_add(1);
    }
}
