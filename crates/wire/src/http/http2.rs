//! Requests of HTTP/2 with prior knowledge (RFC 9113).

use super::head;
use super::hpack::Decoder;
use crate::bytes::Cursor;
use crate::facts::{KEPT_MAX, NameSource};
use crate::stream::{Heads, Learnt, Want};
use crate::{Anomaly, Facts, Protocol, proxy};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEAD: usize = 9;
/// A header block larger than this is not read.
const BLOCK_MAX: usize = 65536;
const HEADERS: u8 = 1;
const PUSH_PROMISE: u8 = 5;
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
            return Some(further(heads, at + FRAME_HEAD));
        };
        let Some(payload) = ahead.take(length) else {
            if heads.client_ended {
                learnt.facts.add_anomaly(Anomaly::NotFollowed);
            }
            return Some(further(heads, at + FRAME_HEAD + length));
        };
        cursor = ahead;
        if requests.frame(kind, flags, payload, &mut learnt.facts).is_none() {
            learnt.facts.add_anomaly(Anomaly::Malformed(Protocol::Http2));
            return Some(Want::Nothing);
        }
    }
}

/// Asks for so many bytes of the client's side; where it has ended, what comes all the same is not
/// passed over.
const fn further(heads: Heads<'_>, client: usize) -> Want {
    match heads.ask(client, usize::MAX) {
        Want::Nothing => Want::Requests { body_left: None },
        want @ (Want::More { .. } | Want::Requests { .. }) => want,
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
            // A client promises nothing (8.4).
            (_, Some(_)) | (CONTINUATION | PUSH_PROMISE, None) => return None,
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
        fields.follow_rules().then_some(())
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

/// Whether a field may be sent (RFC 9113, 8.2.1).
fn is_field(name: &[u8], value: &[u8]) -> bool {
    let plain = |byte: &u8| matches!(byte, b'!'..=b'~') && !byte.is_ascii_uppercase() && *byte != b':';
    let name = name.strip_prefix(b":").unwrap_or(name);
    !name.is_empty() && name.iter().all(plain) && !value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'))
}

/// The fields that are kept of a request.
#[derive(Default)]
struct Fields {
    method: Option<Vec<u8>>,
    path: Option<Vec<u8>>,
    authority: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    /// Further fields of these names.
    others: Vec<Vec<u8>>,
    /// A field that does not belong into trailers.
    begins: bool,
    broken: bool,
    content_type: Option<String>,
    content_length: Option<u64>,
}

impl Fields {
    fn keep(&mut self, name: &[u8], value: &[u8]) {
        self.broken |= !is_field(name, value);
        self.begins |= name.starts_with(b":") || name == b"host";
        match name {
            b":method" => self.broken |= self.method.replace(value.to_vec()).is_some(),
            b":path" => self.broken |= self.path.replace(value.to_vec()).is_some(),
            b":authority" if self.authority.is_none() => self.authority = Some(value.to_vec()),
            b"host" if self.host.is_none() => self.host = Some(value.to_vec()),
            b":authority" | b"host" if self.others.len() < KEPT_MAX => self.others.push(value.to_vec()),
            b"content-type" => self.content_type = Some(head::media_type(value)),
            b"content-length" => {
                self.content_length = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
            }
            _ => {}
        }
    }

    /// Whether they are of a request, or of its trailers, as both must be (RFC 9113, 8.1, 8.2.1 and
    /// 8.3): who passes on what is broken may read another host in it.
    fn follow_rules(&self) -> bool {
        let path = self.path.as_deref().unwrap_or_default();
        !self.broken
            && match self.method.as_deref() {
                None => !self.begins,
                Some(b"CONNECT") => true,
                Some(_) => path.starts_with(b"/") || path == b"*",
            }
    }

    /// Adds the request. Trailers have no method and are none.
    fn record(&self, facts: &mut Facts) {
        let Some(method) = &self.method else {
            return;
        };
        let connect = method == b"CONNECT";
        if !self.others.is_empty() {
            facts.add_anomaly(Anomaly::SeveralNames);
        }
        let hosts = || {
            let all = [&self.authority, &self.host].into_iter().flatten().chain(&self.others);
            all.filter(|host| !host.is_empty())
        };
        facts.note_host(hosts().next().is_some());
        for host in hosts() {
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
