//! Requests of HTTP/2 with prior knowledge (RFC 9113).

use super::head;
use super::hpack::Decoder;
use crate::bytes::Cursor;
use crate::facts::NameSource;
use crate::stream::{Heads, Learnt, Want};
use crate::{Anomaly, Facts, Protocol, proxy};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEAD: usize = 9;
/// A header block larger than this is not read.
const BLOCK_MAX: usize = 65536;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// Reads the requests of a client that starts with HTTP/2's preface.
pub(crate) fn read(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let Some(frames) = heads.client.strip_prefix(PREFACE) else {
        let maybe = !heads.client.is_empty() && PREFACE.starts_with(heads.client);
        let want = heads.ask(PREFACE.len(), usize::MAX);
        return (maybe && want != Want::Nothing).then_some(want);
    };
    learnt.facts.add_layer(Protocol::Http2);
    let mut requests = Requests::default();
    let mut cursor = Cursor::new(frames);
    loop {
        let at = heads.client.len() - cursor.len();
        let mut ahead = cursor;
        let Some((length, kind, flags)) = frame_head(&mut ahead) else {
            if heads.client_ended && !cursor.is_empty() {
                learnt.facts.add_anomaly(Anomaly::NotFollowed);
            }
            return Some(heads.ask(at + FRAME_HEAD, usize::MAX));
        };
        let Some(payload) = ahead.take(length) else {
            if heads.client_ended {
                learnt.facts.add_anomaly(Anomaly::NotFollowed);
            }
            return Some(heads.ask(at + FRAME_HEAD + length, usize::MAX));
        };
        cursor = ahead;
        if requests.frame(kind, flags, payload, &mut learnt.facts).is_none() {
            learnt.facts.add_anomaly(Anomaly::Malformed(Protocol::Http2));
            return Some(Want::Nothing);
        }
    }
}

/// Length, type and flags (RFC 9113, 4.1).
fn frame_head(cursor: &mut Cursor<'_>) -> Option<(usize, u8, u8)> {
    let length = usize::try_from(cursor.u24()?).ok()?;
    let kind = cursor.u8()?;
    let flags = cursor.u8()?;
    cursor.skip(4)?;
    Some((length, kind, flags))
}

struct Requests {
    decoder: Decoder,
    /// A header block that continues in the next frame.
    open: Option<Vec<u8>>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { decoder: Decoder::new(), open: None }
    }
}

impl Requests {
    /// Takes one frame. `None` where it breaks the rules.
    fn frame(&mut self, kind: u8, flags: u8, payload: &[u8], facts: &mut Facts) -> Option<()> {
        let block = match (kind, self.open.take()) {
            (HEADERS, None) => fragment(flags, payload)?.to_vec(),
            (CONTINUATION, Some(mut block)) => {
                block.extend(payload);
                block
            }
            // Nothing may stand between the parts of a header block (RFC 9113, 4.3).
            (_, Some(_)) | (CONTINUATION, None) => return None,
            (_, None) => return Some(()),
        };
        if block.len() > BLOCK_MAX {
            return None;
        }
        if flags & END_HEADERS == 0 {
            self.open = Some(block);
            return Some(());
        }
        let mut fields = Fields::default();
        self.decoder.decode(&block, |name, value| fields.keep(name, value))?;
        fields.record(facts);
        Some(())
    }
}

/// The header block within a HEADERS frame, without padding and priority.
fn fragment(flags: u8, payload: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(payload);
    let padding = if flags & PADDED != 0 { cursor.u8()? } else { 0 };
    if flags & PRIORITY != 0 {
        cursor.skip(5)?;
    }
    let length = cursor.len().checked_sub(padding.into())?;
    cursor.take(length)
}

/// The fields that are kept of a request.
#[derive(Default)]
struct Fields {
    method: Option<Vec<u8>>,
    path: Option<Vec<u8>>,
    hosts: Vec<Vec<u8>>,
    content_type: Option<String>,
    content_length: Option<u64>,
}

impl Fields {
    fn keep(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b":method" => self.method = Some(value.to_vec()),
            b":path" => self.path = Some(value.to_vec()),
            b":authority" | b"host" if self.hosts.len() < 8 => self.hosts.push(value.to_vec()),
            b"content-type" => self.content_type = Some(head::media_type(value)),
            b"content-length" => {
                self.content_length = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
            }
            _ => {}
        }
    }

    /// Adds the request. Trailers have no method and are none.
    fn record(&self, facts: &mut Facts) {
        let Some(method) = &self.method else {
            return;
        };
        let connect = method == b"CONNECT";
        facts.note_host(self.hosts.iter().any(|host| !host.is_empty()));
        for host in self.hosts.iter().filter(|host| !host.is_empty()) {
            let (host, port) = head::authority(host);
            if connect {
                proxy::note(Protocol::HttpProxy, facts);
                proxy::add_target(&host, port.unwrap_or(0), facts);
                head::add_host(&host, NameSource::HttpProxyTarget, facts);
                facts.add_anomaly(Anomaly::NotFollowed);
            } else {
                head::add_host(&host, NameSource::HttpHost, facts);
            }
        }
        let path = self.path.as_deref().unwrap_or_default();
        facts.add_request(head::request(
            &head::shown(method),
            &String::from_utf8_lossy(path),
            self.content_type.clone(),
            self.content_length,
        ));
    }
}
