//! Heads of HTTP/1 requests and answers (RFC 9112).

use crate::facts::{HttpRequest, NameSource};
use crate::{Anomaly, Facts};
use creance_model::HostName;
use std::net::IpAddr;

/// A head larger than this is not read further.
pub(super) const HEAD_MAX: usize = 65536;
const HEADERS_MAX: usize = 256;
const PATH_MAX: usize = 200;
const QUERY_KEYS_MAX: usize = 16;
const SHOWN_MAX: usize = 100;

/// What stands at the front of bytes.
pub(super) enum Parsed<'a> {
    /// A whole head, and its length.
    Whole(Head<'a>, usize),
    /// The start of one.
    Partial,
    /// Not a head.
    Broken,
}

/// What a request's head says.
pub(super) struct Head<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    hosts: Vec<&'a [u8]>,
    content_type: Option<String>,
    pub(super) body: Body,
    pub(super) upgrade: bool,
    pub(super) ntrip: bool,
}

/// How far the body reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
    /// Two statements that do not agree, so that reader and server may see different requests.
    Ambiguous,
}

/// Where a text that names a host leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Name(HostName),
    Address(IpAddr),
    Invalid(String),
}

/// Reads the head of a request.
pub(super) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let bytes = bytes.get(..HEAD_MAX).unwrap_or(bytes);
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => match Head::from(&request) {
            Some(head) => Parsed::Whole(head, length),
            None => Parsed::Broken,
        },
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_MAX => Parsed::Partial,
        Ok(httparse::Status::Partial) | Err(_) => Parsed::Broken,
    }
}

/// The status, the length of the head and that of the body of an answer; `Ok(None)` where more
/// bytes are needed.
pub(super) fn parse_answer(bytes: &[u8]) -> Result<Option<(u16, usize, Body)>, httparse::Error> {
    let bytes = bytes.get(..HEAD_MAX).unwrap_or(bytes);
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut answer = httparse::Response::new(&mut headers);
    match answer.parse(bytes)? {
        httparse::Status::Complete(length) => {
            let body = body(answer.headers);
            Ok(Some((answer.code.unwrap_or(0), length, body)))
        }
        httparse::Status::Partial if bytes.len() < HEAD_MAX => Ok(None),
        httparse::Status::Partial => Err(httparse::Error::TooManyHeaders),
    }
}

fn values<'h>(headers: &'h [httparse::Header<'_>], name: &'static str) -> impl Iterator<Item = &'h [u8]> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.trim_ascii())
}

fn body(headers: &[httparse::Header<'_>]) -> Body {
    let mut lengths = values(headers, "content-length").map(|value| {
        let digits = value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
        text.parse::<u64>().ok()
    });
    let first = lengths.next();
    let agree = lengths.all(|length| Some(length) == first);
    let mut codings = values(headers, "transfer-encoding");
    match (first, codings.next(), codings.next()) {
        (None, None, _) => Body::Length(0),
        (Some(Some(length)), None, _) if agree => Body::Length(length),
        (None, Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Body::Chunked,
        _ => Body::Ambiguous,
    }
}

impl<'a> Head<'a> {
    fn from<'h>(request: &httparse::Request<'h, 'a>) -> Option<Self> {
        let headers = &*request.headers;
        let first_is = |name: &str, test: &dyn Fn(&[u8]) -> bool| {
            headers.iter().any(|header| header.name.eq_ignore_ascii_case(name) && test(header.value))
        };
        let ntrip_agent =
            |value: &[u8]| value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"NTRIP"));
        Some(Self {
            method: request.method?,
            target: request.path?,
            hosts: headers
                .iter()
                .filter(|header| header.name.eq_ignore_ascii_case("host"))
                .map(|header| header.value.trim_ascii())
                .take(8)
                .collect(),
            content_type: values(headers, "content-type").next().map(media_type),
            body: body(headers),
            upgrade: first_is("upgrade", &|_| true),
            ntrip: first_is("ntrip-version", &|_| true)
                || first_is("user-agent", &ntrip_agent)
                || first_is("source-agent", &ntrip_agent),
        })
    }

    /// Host and port that the target itself names, for CONNECT and the absolute form.
    pub(super) fn proxy_target(&self) -> Option<(Host, Option<u16>)> {
        if self.method == "CONNECT" {
            return Some(authority(self.target.as_bytes()));
        }
        let (scheme, rest) = self.target.split_once("://")?;
        let plain = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, port) = authority(rest.get(..end)?.as_bytes());
        let usual = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
        plain.then_some((host, port.or(Some(usual))))
    }

    /// Adds names and the head to `facts`.
    pub(super) fn record(&self, facts: &mut Facts) {
        let target = self.proxy_target().map(|(host, _)| host);
        facts.note_host(target.is_some() || self.hosts.iter().any(|text| !text.is_empty()));
        if let Some(host) = &target {
            add_host(host, NameSource::HttpProxyTarget, facts);
        }
        if self.hosts.len() > 1 {
            facts.add_anomaly(Anomaly::SeveralNames);
        }
        // An empty `Host` is lawful where the target has no authority (RFC 9110, 7.2).
        for text in self.hosts.iter().filter(|text| !text.is_empty()) {
            let (host, _) = authority(text);
            add_host(&host, NameSource::HttpHost, facts);
            if target.as_ref().is_some_and(|target| *target != host) {
                facts.add_anomaly(Anomaly::NamesDiffer);
            }
        }
        if self.body == Body::Ambiguous {
            facts.add_anomaly(Anomaly::Malformed(crate::Protocol::Http));
        }
        facts.add_request(request(
            self.method,
            self.target,
            self.content_type.clone(),
            match self.body {
                Body::Length(0) | Body::Chunked | Body::Ambiguous => None,
                Body::Length(length) => Some(length),
            },
        ));
    }
}

/// Adds a host as a name, as an address that stands in its place, or as an anomaly where it is
/// neither. Proxies' targets are kept elsewhere.
pub(super) fn add_host(host: &Host, source: NameSource, facts: &mut Facts) {
    match host {
        Host::Name(name) => facts.add_name(name.clone(), source),
        Host::Invalid(text) => facts.add_anomaly(Anomaly::InvalidName(text.clone())),
        Host::Address(addr) if matches!(source, NameSource::HttpHost | NameSource::RtspAddress) => {
            facts.add_address(*addr);
        }
        Host::Address(_) => {}
    }
}

/// Host and port of `user@host:port`; what names the user is dropped.
pub(super) fn authority(text: &[u8]) -> (Host, Option<u16>) {
    let text = text.rsplit(|&byte| byte == b'@').next().unwrap_or(text);
    let invalid = || Host::Invalid(shown(text));
    let printable = std::str::from_utf8(text).ok();
    let Some(printable) = printable else {
        return (invalid(), None);
    };
    let (host, port) = match printable.rsplit_once(':') {
        // A colon within brackets, or one of several without, belongs to an IPv6 address.
        Some((host, port)) if !port.contains(']') && (host.ends_with(']') || !host.contains(':')) => {
            (host, Some(port))
        }
        _ => (printable, None),
    };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let port = match port {
        None | Some("") => None,
        Some(digits) => match digits.parse() {
            Ok(port) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(port),
            _ => return (invalid(), None),
        },
    };
    let host = match bare.unwrap_or(host).parse::<IpAddr>() {
        Ok(addr) => Host::Address(addr),
        Err(_) => HostName::from_bytes(host.as_bytes()).map_or_else(|_| invalid(), Host::Name),
    };
    (host, port)
}

/// A request from its parts; the values of query parameters are not kept.
pub(super) fn request(
    method: &str,
    target: &str,
    content_type: Option<String>,
    content_length: Option<u64>,
) -> HttpRequest {
    let after_authority = match target.split_once("://") {
        Some((_, rest)) => rest.find(['/', '?']).map_or("/", |at| rest.get(at..).unwrap_or("/")),
        None => target,
    };
    let (path, query) = after_authority.split_once('?').unwrap_or((after_authority, ""));
    HttpRequest {
        method: method.chars().take(SHOWN_MAX).collect(),
        path: shortened(path, PATH_MAX),
        query_keys: query
            .split(['&', ';'])
            .map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key))
            .filter(|key| !key.is_empty())
            .take(QUERY_KEYS_MAX)
            .map(|key| shortened(key, SHOWN_MAX))
            .collect(),
        content_type,
        content_length,
    }
}

/// A media type without its parameters.
pub(super) fn media_type(value: &[u8]) -> String {
    let end = value.iter().position(|&b| b == b';').unwrap_or(value.len());
    shown(value.get(..end).unwrap_or(value).trim_ascii()).to_ascii_lowercase()
}

/// The first `bytes_max` bytes, cut at a character.
fn shortened(text: &str, bytes_max: usize) -> String {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text).to_owned()
}

/// Bytes as printable text, shortened.
pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes.iter().take(SHOWN_MAX).flat_map(|&byte| std::ascii::escape_default(byte)).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_split_and_secrets_dropped() {
        let name = |text| Host::Name(HostName::parse(text).unwrap());
        let addr = |text: &str| Host::Address(text.parse().unwrap());
        for (text, host, port) in [
            ("Example.com", name("example.com"), None),
            ("example.com:8080", name("example.com"), Some(8080)),
            ("user:secret@example.com", name("example.com"), None),
            ("192.0.2.1:80", addr("192.0.2.1"), Some(80)),
            ("[2001:db8::1]:443", addr("2001:db8::1"), Some(443)),
            ("2001:db8::1", addr("2001:db8::1"), None),
            ("a b", Host::Invalid("a b".into()), None),
            ("a:99999", Host::Invalid("a:99999".into()), None),
            ("a\0b", Host::Invalid("a\\x00b".into()), None),
        ] {
            assert_eq!(authority(text.as_bytes()), (host, port), "{text}");
        }
    }

    #[test]
    fn requests_keep_names_and_not_values() {
        let kept = request("GET", "http://u:p@h.test/a/b?sn=1&lat=2;flag&=x", None, None);
        assert_eq!(kept.path, "/a/b");
        assert_eq!(kept.query_keys, ["sn", "lat", "flag"]);
        assert_eq!(request("GET", &"é".repeat(300), None, None).path.len(), 200);
        let keys = vec!["k=v"; 100].join("&");
        assert_eq!(request("GET", &format!("/?{keys}"), None, None).query_keys.len(), 16);
    }
}
