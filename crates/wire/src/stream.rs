//! What the two sides of a TCP connection have said so far.

use crate::protocol::{duml, mavlink, media, messaging, vpn};
use crate::{Anomaly, Facts, Protocol, dns, http, proxy, starttls, tls};

/// So many bytes of a side tell whether its protocol is one of ours.
const UNKNOWN_AFTER: usize = 64;
/// Tunnels within tunnels are followed this deep.
const DEPTH_MAX: u8 = 4;
/// Messages of DNS over TCP kept of one side.
const DNS_MESSAGES_MAX: usize = 1024;

/// The start of a connection, as far as it was reassembled without a gap.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// From the side that opened the connection.
    pub client: &'a [u8],
    /// From the side that answered.
    pub server: &'a [u8],
    /// The port that was connected to; a hint, never proof.
    pub server_port: u16,
    /// No more of the client's side will come (closed, a gap, or the limit was reached).
    pub client_ended: bool,
    /// No more of the server's side will come.
    pub server_ended: bool,
}

/// What to do with what comes next on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Nothing more can be learnt.
    Nothing,
    /// Call again when a side has at least this many bytes, or has ended. `usize::MAX` for a
    /// side whose further bytes would tell nothing.
    More {
        /// Bytes of the client's side.
        client: usize,
        /// Bytes of the server's side.
        server: usize,
    },
    /// Heads are read; from here what the client sends behind a body goes to
    /// [`crate::http::requests_in_segment`], since one connection may carry requests to
    /// several hosts.
    Requests {
        /// Bytes of a body that are still to come, where that is known.
        body_left: Option<u64>,
    },
}

/// What was learnt, and what would tell more.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Everything learnt from both heads.
    pub facts: Facts,
    /// Whole DNS messages of the client's side and of the server's, each in the order seen.
    pub dns: [Vec<dns::Message>; 2],
    /// What to do next.
    pub want: Want,
}

/// Looks at both heads, from their first bytes on.
///
/// A pure function of the heads: calling it again with longer ones starts from nothing. It never
/// asks for bytes that are there, nor for more of a side that has ended.
#[must_use]
pub fn inspect(heads: Heads<'_>) -> Inspection {
    let mut learnt = Learnt::default();
    let want = inspect_within(heads, &mut learnt);
    Inspection { facts: learnt.facts, dns: learnt.dns, want }
}

/// What the readers of a connection, and of the tunnels in it, add to.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    pub(crate) facts: Facts,
    pub(crate) dns: [Vec<dns::Message>; 2],
    depth: u8,
}

/// Reads heads as one protocol: `None` where they are not that, and else what would tell more.
/// A reader that cannot decide yet adds nothing and asks for more.
type Reader = fn(Heads<'_>, &mut Learnt) -> Option<Want>;

/// The first that does not decline wins, so those that are surest come first.
const READERS: [Reader; 17] = [
    proxy::read_header,
    messaging::read_ssh,
    read_tls,
    http::read_http2,
    http::read_http1,
    proxy::read_socks5,
    proxy::read_socks4,
    starttls::read_postgres,
    starttls::read_xmpp,
    starttls::read_mail,
    messaging::read_mqtt,
    messaging::read_stun,
    media::read_rtmp,
    vpn::read_openvpn,
    mavlink::read_stream,
    duml::read_stream,
    read_dns,
];

fn inspect_within(heads: Heads<'_>, learnt: &mut Learnt) -> Want {
    if heads.client.is_empty() && heads.server.is_empty() {
        return heads.ask(1, 1);
    }
    READERS.iter().find_map(|reader| reader(heads, learnt)).unwrap_or_else(|| {
        let next = |has: usize| {
            if has < UNKNOWN_AFTER { has + 1 } else { usize::MAX }
        };
        heads.ask(next(heads.client.len()), next(heads.server.len()))
    })
}

impl<'a> Heads<'a> {
    /// Asks for so many bytes of each side; of a side that has them or has ended, for no more.
    pub(crate) const fn ask(self, client: usize, server: usize) -> Want {
        let client = due(client, self.client.len(), self.client_ended);
        let server = due(server, self.server.len(), self.server_ended);
        if client == usize::MAX && server == usize::MAX {
            Want::Nothing
        } else {
            Want::More { client, server }
        }
    }

    /// Asks for any more of the client's side.
    pub(crate) const fn ask_client(self) -> Want {
        self.ask(self.client.len() + 1, usize::MAX)
    }

    /// Asks for any more of the server's side.
    pub(crate) const fn ask_server(self) -> Want {
        self.ask(usize::MAX, self.server.len() + 1)
    }

    /// Asks for any more of either side.
    pub(crate) const fn ask_both(self) -> Want {
        self.ask(self.client.len() + 1, self.server.len() + 1)
    }

    /// Reads what a tunnel carries that starts after so many bytes of each side.
    pub(crate) fn inspect_inner(
        self,
        client_from: usize,
        server_from: usize,
        port: u16,
        learnt: &mut Learnt,
    ) -> Want {
        if learnt.depth >= DEPTH_MAX {
            learnt.facts.add_anomaly(Anomaly::NotFollowed);
            return Want::Nothing;
        }
        let inner = Heads {
            client: self.client.get(client_from..).unwrap_or_default(),
            server: self.server.get(server_from..).unwrap_or_default(),
            server_port: port,
            ..self
        };
        learnt.depth += 1;
        let want = inspect_within(inner, learnt);
        learnt.depth -= 1;
        match want {
            Want::More { client, server } => {
                self.ask(client.saturating_add(client_from), server.saturating_add(server_from))
            }
            Want::Nothing | Want::Requests { .. } => want,
        }
    }
}

const fn due(need: usize, has: usize, ended: bool) -> usize {
    if ended || need <= has { usize::MAX } else { need }
}

fn read_tls(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    // A server that speaks first speaks TLS only where the client's side is missing.
    if heads.client.is_empty() && !matches!(heads.server, [0x14..=0x17, ..]) {
        return None;
    }
    let want = match tls::read(heads.client, heads.server, &mut learnt.facts) {
        tls::Outcome::NotTls => return None,
        tls::Outcome::Needs { client, server } => heads.ask(client, server),
        tls::Outcome::Done => Want::Nothing,
    };
    let for_dns = |tls: &crate::TlsFacts| {
        heads.server_port == 853
            || tls.alpn.as_deref() == Some("dot")
            || tls.alpn_offered.iter().any(|alpn| alpn == "dot")
    };
    if learnt.facts.protocol() == Some(Protocol::Tls)
        && learnt.facts.tls.as_ref().is_some_and(|tls| for_dns(tls))
    {
        learnt.facts.add_layer(Protocol::DnsOverTls);
    }
    Some(want)
}

/// DNS over TCP: each message behind its length (RFC 1035, 4.2.2).
fn read_dns(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let usual_port = heads.server_port == 53;
    let first = match (heads.client, heads.server) {
        ([], server) => server,
        (client, _) => client,
    };
    match (framed(first), first) {
        (Some((_, Some(message))), _) => {
            if dns::parse(message).is_none_or(|message| !usual_port && !message.ordinary) {
                not_dns(usual_port, &mut learnt.facts);
                return None;
            }
        }
        // Elsewhere than at its port, only a question of ordinary size is waited for.
        (Some((length, None)), _) if usual_port || length <= 300 => {
            let need = length + 2;
            let want = match heads.client {
                [] => heads.ask(1, need),
                _ => heads.ask(need, usize::MAX),
            };
            return (want != Want::Nothing).then_some(want);
        }
        (None, [_]) => {
            let want = heads.ask_both();
            return (want != Want::Nothing).then_some(want);
        }
        _ => {
            not_dns(usual_port, &mut learnt.facts);
            return None;
        }
    }
    learnt.facts.add_layer(Protocol::Dns);
    let Learnt { facts, dns: [from_client, from_server], .. } = learnt;
    dns_messages(heads.client, heads.client_ended, from_client, facts);
    dns_messages(heads.server, heads.server_ended, from_server, facts);
    Some(heads.ask_both())
}

/// The length that a message stands behind, and the message where it is whole.
fn framed(bytes: &[u8]) -> Option<(usize, Option<&[u8]>)> {
    let [high, low, rest @ ..] = bytes else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    (length >= 12).then_some((length, rest.get(..length)))
}

fn not_dns(usual_port: bool, facts: &mut Facts) {
    if usual_port {
        facts.add_anomaly(Anomaly::Malformed(Protocol::Dns));
    }
}

fn dns_messages(bytes: &[u8], ended: bool, messages: &mut Vec<dns::Message>, facts: &mut Facts) {
    let mut cursor = crate::bytes::Cursor::new(bytes);
    for _ in 0..DNS_MESSAGES_MAX {
        if cursor.is_empty() {
            return;
        }
        let Some(message) = cursor.vec16() else {
            if ended {
                facts.add_anomaly(Anomaly::NotFollowed);
            }
            return;
        };
        let parsed = dns::parse(message);
        if parsed.as_ref().is_none_or(|message| message.malformed) {
            facts.add_anomaly(Anomaly::Malformed(Protocol::Dns));
        }
        messages.extend(parsed);
    }
    facts.add_anomaly(Anomaly::NotFollowed);
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
