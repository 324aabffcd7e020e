//! What a stranger on the path could read of a flow.

use crate::mode::{LABEL_BYTES_MAX, TIMES_MAX};
use creance_capture::{FlowRecord, Queried};
use creance_model::{Category, Scope, scope};
use creance_wire::{Anomaly, Clarity, Facts, Protocol};
use std::net::IpAddr;

/// How a flow's payload was protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protection {
    /// Encrypted.
    Encrypted,
    /// In clear.
    Cleartext,
    /// In clear by its nature, and of no app.
    ClearByNature,
    /// Encrypted, with anything within.
    Tunnel,
    /// No payload.
    Nothing,
    /// Not recognised.
    Unknown,
}

pub(crate) fn protection(flow: &FlowRecord) -> Protection {
    let facts = &flow.facts;
    let by_datagrams = matches!(facts.protocol(), Some(Protocol::Quic | Protocol::Dtls));
    let broken = facts.anomalies.iter().any(|anomaly| {
        matches!(anomaly, Anomaly::Malformed(_) | Anomaly::QuicNotOpened)
            // Of a further connection on the same ports perhaps, which nobody saw begin.
            || by_datagrams && *anomaly == Anomaly::HeadMissing
    });
    match facts.protocol().map(Protocol::clarity) {
        Some(Clarity::Cleartext) => Protection::Cleartext,
        // What stands in headers is in clear, whatever they lead to.
        _ if flow.header_bytes != [0; 2] => Protection::Unknown,
        // A broken hello may have been no hello.
        Some(Clarity::Encrypted) if broken || lacks_hello(facts) || answers_itself(flow) => {
            Protection::Unknown
        }
        Some(Clarity::Encrypted)
            if facts.tls.as_ref().and_then(|tls| tls.cipher).is_some_and(hides_nothing) =>
        {
            Protection::Cleartext
        }
        Some(Clarity::Encrypted) => Protection::Encrypted,
        Some(Clarity::ClearByNature) if broken || carries_more(flow) => Protection::Unknown,
        Some(Clarity::ClearByNature) => Protection::ClearByNature,
        Some(Clarity::Tunnel) => Protection::Tunnel,
        None if flow.is_tunnel => Protection::ClearByNature,
        None if flow.total().up.payload + flow.total().down.payload == 0 => Protection::Nothing,
        None => Protection::Unknown,
    }
}

/// Whether both sides have one card: then nobody else needs to have answered.
fn answers_itself(flow: &FlowRecord) -> bool {
    let [client, server] = flow.hardware;
    client.is_some() && client == server
}

/// Whether this looks like TLS or QUIC and nobody has greeted: records are easily made.
fn lacks_hello(facts: &Facts) -> bool {
    matches!(facts.protocol(), Some(Protocol::Tls | Protocol::Dtls | Protocol::Quic))
        && facts.tls.as_ref().is_none_or(|tls| !tls.client_hello && tls.version.is_none())
}

/// Whether a cipher suite encrypts nothing (IANA's list of TLS cipher suites: NULL ciphers).
const fn hides_nothing(cipher: u16) -> bool {
    matches!(
        cipher,
        0x0000..=0x0002
            | 0x002c..=0x002e
            | 0x003b
            | 0x0047
            | 0x00b0
            | 0x00b1
            | 0x00b4
            | 0x00b5
            | 0x00b8
            | 0x00b9
            | 0xc001
            | 0xc006
            | 0xc00b
            | 0xc010
            | 0xc015
            | 0xc039..=0xc03b
            | 0xc0b4
            | 0xc0b5
    )
}

/// Whether a flow of a protocol that carries little has more payload than that protocol needs, or
/// was recognised by its first datagrams alone and may carry anything.
fn carries_more(flow: &FlowRecord) -> bool {
    let (payload, back) = (flow.total().up.payload, flow.total().down.payload);
    // The largest packet, since small ones would hide it in an average.
    let [largest, largest_back] = flow.payload_max;
    match flow.facts.protocol() {
        // Without extensions and keys a packet has 48 bytes (RFC 5905).
        Some(Protocol::Ntp) => largest.max(largest_back) > 48,
        // A request of ICE, with its names and check sums (RFC 8445), stays below.
        Some(Protocol::Stun) => payload.max(back) > 8 << 10 || largest.max(largest_back) > 160,
        // What an echo carries is free to choose.
        Some(Protocol::Icmp | Protocol::GroupMembership) => {
            [flow.client.addr, flow.server.addr].iter().any(|addr| scope(*addr) == Scope::Global)
        }
        Some(Protocol::Dns) => {
            // Whoever asks from the internet is answered by nobody near by.
            is_far_asker(flow.client.addr)
                || !flow.facts.anomalies.is_empty()
                || flow.queried_left_out > 0
                || flow.queried.iter().any(is_odd)
        }
        // Discovery is for those near by.
        Some(_) => {
            let group = matches!(scope(flow.server.addr), Scope::LinkGroup | Scope::WideGroup);
            let is_far = scope(flow.server.addr) == Scope::Global;
            payload.max(back) > 64 << 10 || is_far || (is_far_asker(flow.client.addr) && !group)
        }
        None => false,
    }
}

/// Whether somebody in the internet asks. By IPv6 a station has an address of the internet itself.
fn is_far_asker(client: IpAddr) -> bool {
    client.is_ipv4() && scope(client) == Scope::Global
}

/// Whether a question may carry more than a name that is looked up.
fn is_odd(queried: &Queried) -> bool {
    let long = queried.text.split('.').any(|label| label.len() > LABEL_BYTES_MAX);
    // A, NS, CNAME, SOA, PTR, MX, AAAA, SRV, SVCB, HTTPS.
    !matches!(queried.kind, 1 | 2 | 5 | 6 | 12 | 15 | 28 | 33 | 64 | 65) || long || queried.times > TIMES_MAX
}

/// Protocols as a reader knows them, outermost first, such as `http-proxy, tls 1.2`.
pub(crate) fn describe(facts: &Facts) -> Vec<String> {
    facts
        .layers
        .iter()
        .map(|layer| match version_of(*layer, facts) {
            Some(version) => format!("{} {}", layer.name(), version_name(version)),
            None => layer.name().to_owned(),
        })
        .collect()
}

/// The same at the end of a text, with commas between them.
pub(crate) fn push_protocols(text: &mut String, facts: &Facts) {
    for (place, layer) in facts.layers.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(layer.name());
        if let Some(version) = version_of(*layer, facts) {
            text.push(' ');
            text.push_str(&version_name(version));
        }
    }
}

/// The version of a layer, where it has one that was chosen.
fn version_of(layer: Protocol, facts: &Facts) -> Option<u16> {
    let has_version = matches!(layer, Protocol::Tls | Protocol::Quic | Protocol::Dtls);
    facts.tls.as_ref().filter(|_| has_version)?.version
}

/// The name of a TLS or DTLS version on the wire.
pub(crate) fn version_name(version: u16) -> String {
    match version {
        0x0002 => "SSL 2.0".into(),
        0x0300 => "SSL 3.0".into(),
        0x0301 => "1.0".into(),
        0x0302 => "1.1".into(),
        0x0303 => "1.2".into(),
        0x0304 => "1.3".into(),
        0xfeff => "DTLS 1.0".into(),
        0xfefd => "DTLS 1.2".into(),
        0xfefc => "DTLS 1.3".into(),
        0x7f00..=0x7fff => format!("1.3 draft {}", version & 0xff),
        other => format!("0x{other:04x}"),
    }
}

/// What hides names or content of a flow from an audit.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a few of many protocols; a new one is of no interest here"
)]
pub(crate) fn blinding(flow: &FlowRecord) -> Vec<&'static str> {
    let facts = &flow.facts;
    let mut list = Vec::new();
    if facts.tls.as_ref().is_some_and(|tls| tls.ech) {
        list.push("ECH: the visible name may not be the true one");
    }
    for layer in &facts.layers {
        match layer {
            Protocol::DnsOverTls => list.push("DNS over TLS: the names asked for are hidden"),
            Protocol::DnsOverQuic => list.push("DNS over QUIC: the names asked for are hidden"),
            Protocol::GoogleQuic => {
                list.push("Google QUIC: names and content are hidden in its later versions")
            }
            _ if layer.clarity() == Clarity::Tunnel => list.push("a tunnel: what is within is hidden"),
            _ => {}
        }
    }
    let doh = facts.names.iter().any(|seen| is_doh_host(seen.name.as_str()));
    if doh {
        list.push("DNS over HTTPS (by its host): the names asked for are hidden");
    }
    for anomaly in &facts.anomalies {
        match anomaly {
            Anomaly::QuicNotOpened => list.push("QUIC that could not be opened: its name is hidden"),
            Anomaly::NotFollowed | Anomaly::HeadMissing => {
                list.push("bytes missing where a name may have stood")
            }
            Anomaly::InvalidName(_)
            | Anomaly::SeveralNames
            | Anomaly::NamesDiffer
            | Anomaly::Malformed(_)
            | Anomaly::CertificatesTooLarge
            | Anomaly::MoreThanAQuestion
            | Anomaly::ContradictingSegments => {}
        }
    }
    list
}

/// Hosts that serve DNS over HTTPS, as their operators publish them.
fn is_doh_host(host: &str) -> bool {
    const HOSTS: [&str; 12] = [
        "dns.google",
        "dns64.dns.google",
        "cloudflare-dns.com",
        "mozilla.cloudflare-dns.com",
        "chrome.cloudflare-dns.com",
        "one.one.one.one",
        "dns.quad9.net",
        "doh.opendns.com",
        "dns.adguard-dns.com",
        "dns.nextdns.io",
        "dns.alidns.com",
        "doh.pub",
    ];
    HOSTS.contains(&host)
}

/// Kinds of data that the wire itself shows a flow to carry.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a few of many protocols; a new one is of no interest here"
)]
pub(crate) fn seen_categories(facts: &Facts) -> Vec<(Category, &'static str)> {
    let mut seen = Vec::new();
    for layer in &facts.layers {
        match layer {
            Protocol::Ntp => seen.push((Category::Time, "NTP")),
            Protocol::Rtmp => seen.push((Category::Livestream, "RTMP")),
            Protocol::Rtsp => seen.push((Category::Livestream, "RTSP")),
            Protocol::Rtp => seen.push((Category::Livestream, "RTP")),
            Protocol::Ntrip => seen.push((Category::Rtk, "NTRIP")),
            Protocol::Mavlink1 | Protocol::Mavlink2 => seen.push((Category::Telemetry, "MAVLink")),
            Protocol::Duml => seen.push((Category::Telemetry, "DUML")),
            _ => {}
        }
    }
    for request in &facts.requests {
        let body = request.content_length.unwrap_or(0) > 0;
        let media =
            |prefix| body && request.content_type.as_deref().is_some_and(|kind| kind.starts_with(prefix));
        if media("image/") || media("video/") {
            seen.push((Category::Media, "a picture or video in an HTTP body"));
        }
        if media("audio/") {
            seen.push((Category::Audio, "sound in an HTTP body"));
        }
        seen.extend(request.query_keys.iter().filter_map(|key| of_query_key(key)));
    }
    seen.sort_unstable();
    seen.dedup();
    seen
}

fn of_query_key(key: &str) -> Option<(Category, &'static str)> {
    let key = key.to_ascii_lowercase();
    Some(match key.as_str() {
        "lat" | "lng" | "lon" | "latitude" | "longitude" => {
            (Category::Location, "coordinates in an HTTP query")
        }
        "sn" | "serial" | "serial_number" | "imei" | "uuid" | "device_id" | "deviceid" | "android_id" => {
            (Category::DeviceId, "a device's mark in an HTTP query")
        }
        "email" | "user" | "username" | "account" | "phone" => {
            (Category::Account, "an account in an HTTP query")
        }
        "password" | "passwd" | "token" | "access_token" => {
            (Category::Credentials, "credentials in an HTTP query")
        }
        _ => return None,
    })
}
