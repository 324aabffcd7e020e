//! Requests of HTTP/1 as they stand in a client's side, and what is close to it: NTRIP and RTSP.

use super::head::{self, Body, Head, Parsed};
use crate::facts::{KEPT_MAX, NameSource};
use crate::stream::{Heads, Learnt, Want};
use crate::{Anomaly, Facts, Protocol, proxy};

/// A request line longer than this is not waited for.
const LINE_MAX: usize = 8192;
const METHOD_MAX: usize = 24;
/// Refused CONNECTs on one connection that are followed.
const CONNECTS_MAX: usize = 8;
const METHODS: [&[u8]; 9] =
    [b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"PATCH", b"TRACE"];

/// Reads both heads as HTTP/1, NTRIP or RTSP.
pub(crate) fn read(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    if heads.client.is_empty() {
        return read_answer_alone(heads, learnt);
    }
    if heads.client.starts_with(b"HTTP/1.") {
        return Some(read_swapped(heads, learnt));
    }
    match Line::read(heads.client) {
        Line::Other => None,
        Line::Partial { method } => match heads.ask_client() {
            Want::Nothing if method => {
                learnt.facts.add_layer(Protocol::Http);
                learnt.facts.add_anomaly(Anomaly::NotFollowed);
                Some(Want::Nothing)
            }
            Want::Nothing => None,
            want @ (Want::More { .. } | Want::Requests { .. }) => Some(want),
        },
        Line::Rtsp { method, target } => {
            learnt.facts.add_layer(Protocol::Rtsp);
            if let Some((_, rest)) = target.split_once("://") {
                let end = rest.find(['/', '?']).unwrap_or(rest.len());
                let (host, _) = head::authority(rest.get(..end)?.as_bytes());
                head::add_host(&host, NameSource::RtspAddress, &mut learnt.facts);
            }
            learnt.facts.add_request(head::request(method, target, None, None));
            Some(Want::Nothing)
        }
        Line::Source { mount } => read_source(heads, mount, learnt),
        Line::Broken => {
            learnt.facts.add_layer(Protocol::Http);
            learnt.facts.add_anomaly(Anomaly::Malformed(Protocol::Http));
            Some(Want::Requests { body_left: None })
        }
        Line::Http => Some(read_requests(heads, learnt)),
    }
}

/// Adds the requests that stand in a segment which starts with one. Returns how much of the last
/// one's body is still to come, where that is known.
pub(super) fn segment(segment: &[u8], facts: &mut Facts) -> Option<u64> {
    let mut at = 0;
    for _ in 0..KEPT_MAX {
        let rest = segment.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Some(0);
        }
        let Line::Http = Line::read(rest) else { break };
        match head::parse(rest) {
            Parsed::Whole(head, length) => {
                note_request(&head, facts);
                if head.method == "CONNECT" {
                    break;
                }
                match after_body(segment, at + length, head.body) {
                    Some(next) => at = next,
                    None => return still_to_come(segment, at + length, head.body),
                }
            }
            Parsed::Partial => {
                note_cut(rest, facts);
                return None;
            }
            Parsed::Broken => {
                facts.add_anomaly(Anomaly::Malformed(Protocol::Http));
                return None;
            }
        }
    }
    // What is no request here may be one a little further on.
    facts.add_anomaly(Anomaly::NotFollowed);
    None
}

/// How much of a body that starts at `at` lies beyond `bytes`; `None` where its length is not said.
fn still_to_come(bytes: &[u8], at: usize, body: Body) -> Option<u64> {
    let here = bytes.len().checked_sub(at)? as u64;
    match body {
        Body::Length(length) => length.checked_sub(here),
        Body::Chunked | Body::Ambiguous => None,
    }
}

/// What a first line says.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    /// `METHOD target HTTP/1.x`.
    Http,
    /// `METHOD target RTSP/1.0`.
    Rtsp { method: &'a str, target: &'a str },
    /// NTRIP's `SOURCE password mount`.
    Source { mount: &'a str },
    /// A method and a target of HTTP, but not its line (HTTP/0.9 too).
    Broken,
    /// It may become any of these; `method`: a method and a target of HTTP stand there.
    Partial { method: bool },
    /// None of these.
    Other,
}

impl<'a> Line<'a> {
    fn read(bytes: &'a [u8]) -> Self {
        let bytes = match bytes {
            [b'\r', b'\n', rest @ ..] => rest,
            _ => bytes,
        };
        let method_len = bytes
            .iter()
            .take(METHOD_MAX + 1)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            .count();
        let (method, after) = bytes.split_at_checked(method_len).unwrap_or_default();
        match after {
            [] if method_len <= METHOD_MAX => return Self::Partial { method: false },
            [b' ', ..] if (1..=METHOD_MAX).contains(&method_len) => {}
            _ => return Self::Other,
        }
        let known = METHODS.contains(&method) && has_target(method, after);
        let window = bytes.get(..LINE_MAX).unwrap_or(bytes);
        let Some(end) = window.iter().position(|&b| b == b'\n') else {
            // Control bytes are in no request line, so there is nothing to wait for.
            let control = window.iter().any(|&b| b < 0x20 && b != b'\r');
            return match (control, bytes.len() < LINE_MAX, known) {
                (false, true, method) => Self::Partial { method },
                (_, _, true) => Self::Broken,
                (_, _, false) => Self::Other,
            };
        };
        let line = window.get(..end).unwrap_or_default().trim_ascii_end();
        let mut words = line.split(|&b| b == b' ');
        let version = words.next_back().unwrap_or_default();
        let text = std::str::from_utf8(line).ok();
        let target = text.and_then(|line| line.split(' ').nth(1));
        match (std::str::from_utf8(method), target) {
            _ if version.starts_with(b"HTTP/1.") => Self::Http,
            (Ok(method), Some(target)) if version == b"RTSP/1.0" => Self::Rtsp { method, target },
            (Ok("SOURCE"), Some(_)) => {
                Self::Source { mount: text.and_then(|line| line.split(' ').next_back()).unwrap_or("") }
            }
            _ if known && !is_other_version(version) => Self::Broken,
            _ => Self::Other,
        }
    }
}

/// Whether a target of HTTP follows the method.
fn has_target(method: &[u8], after: &[u8]) -> bool {
    let target = after.trim_ascii_start();
    [&b"/"[..], b"http://", b"https://"].iter().any(|start| target.starts_with(start))
        || (method == b"CONNECT" && target.contains(&b':'))
}

/// Whether a word is the version of some other protocol, such as `SIP/2.0`.
fn is_other_version(word: &[u8]) -> bool {
    let Some(slash) = word.iter().position(|&b| b == b'/') else {
        return false;
    };
    let (name, version) = word.split_at_checked(slash).unwrap_or_default();
    !name.is_empty()
        && name != b"HTTP"
        && name.iter().all(u8::is_ascii_uppercase)
        && matches!(version, [b'/', b'0'..=b'9', ..])
}

fn read_requests(heads: Heads<'_>, learnt: &mut Learnt) -> Want {
    let client = heads.client;
    let mut at = 0;
    let mut upgraded = false;
    while at < client.len() {
        let rest = client.get(at..).unwrap_or_default();
        if at > 0 {
            match Line::read(rest) {
                Line::Http => {}
                Line::Partial { .. } if !heads.client_ended => return heads.ask_client(),
                Line::Rtsp { .. }
                | Line::Source { .. }
                | Line::Broken
                | Line::Partial { .. }
                | Line::Other => {
                    // Where a request asked for another protocol, this may be it, and name a host.
                    learnt.facts.add_anomaly(if upgraded {
                        Anomaly::NotFollowed
                    } else {
                        Anomaly::Malformed(Protocol::Http)
                    });
                    return Want::Requests { body_left: None };
                }
            }
        }
        match head::parse(rest) {
            Parsed::Whole(head, length) => {
                if head.method == "CONNECT" && at == 0 {
                    return read_connect(heads, learnt);
                }
                note_request(&head, &mut learnt.facts);
                if head.method == "CONNECT" {
                    learnt.facts.add_anomaly(Anomaly::NotFollowed);
                    return Want::Requests { body_left: None };
                }
                if at == 0 && !head.ntrip && is_icy(heads.server) {
                    learnt.facts.layers.clear();
                    learnt.facts.add_layer(Protocol::Ntrip);
                }
                upgraded |= head.upgrade;
                match after_body(client, at + length, head.body) {
                    Some(next) => at = next,
                    None => {
                        let body_left = still_to_come(client, at + length, head.body);
                        return Want::Requests { body_left };
                    }
                }
            }
            Parsed::Partial if heads.client_ended => {
                note_cut(rest, &mut learnt.facts);
                return Want::Nothing;
            }
            Parsed::Partial => return heads.ask_client(),
            Parsed::Broken => {
                learnt.facts.add_layer(Protocol::Http);
                learnt.facts.add_anomaly(Anomaly::Malformed(Protocol::Http));
                return Want::Requests { body_left: None };
            }
        }
    }
    Want::Requests { body_left: Some(0) }
}

/// Adds a request's layers, names and head.
fn note_request(head: &Head<'_>, facts: &mut Facts) {
    if let Some((host, port)) = head.proxy_target() {
        proxy::note(Protocol::HttpProxy, facts);
        proxy::add_target(&host, port.unwrap_or(0), facts);
    }
    if head.ntrip {
        proxy::note(Protocol::Ntrip, facts);
    } else if head.method != "CONNECT" {
        proxy::note(Protocol::Http, facts);
    }
    head.record(facts);
}

/// Adds what the whole lines of a head tell whose end is missing.
fn note_cut(bytes: &[u8], facts: &mut Facts) {
    facts.add_anomaly(Anomaly::NotFollowed);
    let lines = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let mut closed = bytes.get(..lines).unwrap_or_default().to_vec();
    closed.extend(b"\r\n");
    if let Parsed::Whole(head, _) = head::parse(&closed) {
        note_request(&head, facts);
    } else {
        proxy::note(Protocol::Http, facts);
    }
}

/// The place after a body that starts at `at`, where that is within `bytes`.
fn after_body(bytes: &[u8], at: usize, body: Body) -> Option<usize> {
    match body {
        Body::Length(length) => {
            let end = at.checked_add(usize::try_from(length).ok()?)?;
            (end <= bytes.len()).then_some(end)
        }
        Body::Chunked => after_chunks(bytes, at),
        Body::Ambiguous => None,
    }
}

/// The place after a body in chunks (RFC 9112, 7.1), trailers included.
fn after_chunks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let rest = bytes.get(at..)?;
        match httparse::parse_chunk_size(rest).ok()? {
            httparse::Status::Complete((line, 0)) => {
                let trailers = rest.get(line..)?;
                let end = match trailers {
                    [b'\r', b'\n', ..] => 2,
                    _ => trailers.windows(4).position(|w| w == b"\r\n\r\n")? + 4,
                };
                return Some(at + line + end);
            }
            httparse::Status::Complete((line, size)) => {
                let size = usize::try_from(size).ok()?;
                at = at.checked_add(line)?.checked_add(size)?.checked_add(2)?;
            }
            httparse::Status::Partial => return None,
        }
    }
}

/// CONNECT, the proxy's answer, and what follows within.
fn read_connect(heads: Heads<'_>, learnt: &mut Learnt) -> Want {
    let (mut at, mut answered) = (0, 0);
    for _ in 0..CONNECTS_MAX {
        let rest = heads.client.get(at..).unwrap_or_default();
        let (head, length) = match head::parse(rest) {
            Parsed::Whole(head, length) if head.method == "CONNECT" => (head, length),
            Parsed::Partial if rest.is_empty() || !heads.client_ended => {
                return heads.ask_client();
            }
            Parsed::Whole(..) | Parsed::Partial | Parsed::Broken => break,
        };
        note_request(&head, &mut learnt.facts);
        at += length;
        let port = head.proxy_target().and_then(|(_, port)| port).unwrap_or(0);
        let answer = heads.server.get(answered..).unwrap_or_default();
        match head::parse_answer(answer) {
            Ok(Some((200..=299, length, _))) => {
                return heads.inspect_inner(at, answered + length, port, learnt);
            }
            Ok(Some((_, length, body))) => match after_body(heads.server, answered + length, body) {
                Some(end) => answered = end,
                None => return heads.ask_server(),
            },
            // The server's side was not captured; what the client sent within still tells.
            Ok(None) if answer.is_empty() && heads.server_ended => {
                return heads.inspect_inner(at, answered, port, learnt);
            }
            Ok(None) => return heads.ask_server(),
            Err(_) => {
                learnt.facts.add_anomaly(Anomaly::Malformed(Protocol::HttpProxy));
                return Want::Nothing;
            }
        }
    }
    learnt.facts.add_anomaly(Anomaly::NotFollowed);
    Want::Requests { body_left: None }
}

/// An answer without its request: the client's side is missing.
fn read_answer_alone(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    if !heads.server.starts_with(b"HTTP/1.") {
        return None;
    }
    if heads.client_ended {
        learnt.facts.add_layer(Protocol::Http);
        learnt.facts.add_anomaly(Anomaly::HeadMissing);
    }
    Some(heads.ask_client())
}

/// An answer where the client should speak: the capture began midway, and the side that was taken
/// for the server asks.
fn read_swapped(heads: Heads<'_>, learnt: &mut Learnt) -> Want {
    learnt.facts.add_layer(Protocol::Http);
    learnt.facts.add_anomaly(Anomaly::HeadMissing);
    if Line::read(heads.server) != Line::Http {
        return heads.ask_server();
    }
    let swapped = Heads {
        client: heads.server,
        server: heads.client,
        client_ended: heads.server_ended,
        server_ended: heads.client_ended,
        ..heads
    };
    match read_requests(swapped, learnt) {
        Want::More { client, server } => heads.ask(server, client),
        Want::Nothing => Want::Nothing,
        // Later requests come from the side that is not shown further.
        Want::Requests { .. } => {
            learnt.facts.add_anomaly(Anomaly::NotFollowed);
            Want::Nothing
        }
    }
}

/// Whether a server answers as NTRIP 1 does, and not as internet radio with its `icy-` headers.
fn is_icy(server: &[u8]) -> bool {
    let start = server.get(..512).unwrap_or(server);
    start.starts_with(b"ICY 200") && !start.windows(4).any(|w| w == b"icy-")
}

/// NTRIP 1: a station that delivers corrections (`SOURCE password mount`).
fn read_source(heads: Heads<'_>, mount: &str, learnt: &mut Learnt) -> Option<Want> {
    let start = heads.client.get(..1024).unwrap_or(heads.client);
    let agent = start.windows(5).any(|word| word.eq_ignore_ascii_case(b"NTRIP"));
    let answered =
        [&b"OK\r\n"[..], b"ICY 200", b"ERROR - "].iter().any(|answer| heads.server.starts_with(answer));
    if !agent && !answered {
        if heads.server.len() >= 8 || start.len() == 1024 {
            return None;
        }
        let want = heads.ask_both();
        return (want != Want::Nothing).then_some(want);
    }
    learnt.facts.add_layer(Protocol::Ntrip);
    // The password stands before the mount point and is not kept.
    learnt.facts.add_request(head::request("SOURCE", mount, None, None));
    Some(Want::Nothing)
}
