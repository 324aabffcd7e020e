//! The rows: each a way in which an app may speak, with what is right for it.

use super::front::Front;
use super::right::Right;
use super::zone::Zone;

/// One row of the table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its name, which is also the first label of its host's name.
    pub(super) id: &'static str,
    /// What the lab's app is to do.
    pub(super) behaviour: &'static str,
    /// Whose host it asks for.
    pub(super) zone: Zone,
    /// Whose is the second name, where there is one.
    pub(super) other: Option<Zone>,
    /// Which address it goes to instead of asking for one.
    pub(super) address: Option<Address>,
    /// The port, where it is not the behaviour's own.
    pub(super) port: Option<u16>,
    /// How much it sends or asks for, in bytes, where that matters.
    pub(super) bytes: Option<u64>,
    /// What is right.
    pub(super) right: Right,
    /// The ways in which it can be tried.
    pub(super) fronts: &'static [Front],
    /// Whether what it does may be something that the kernel lacks, or that a jail says it lacks.
    pub(super) kernel: bool,
    /// Whether it takes seconds where it is refused, so that the quick selection goes without it.
    pub(super) slow: bool,
    /// What it is, for people.
    pub(super) says: &'static str,
}

/// An address that an app knows by heart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// The host's own, of IPv6.
    V6,
    /// That of a resolver.
    Resolver,
    /// That of the second name.
    Other,
}

use Front::{Connect, Http, Run, Socks, Transparent};
use Right::{Asked, First, FirstAlways, Named, Never, Open};
use Zone::{Denied, Plain, Quic, Shared, Strict, Tls, Tunnel, Unknown};

/// Where a stream goes by any way.
const STREAM: &[Front] = &[Run, Transparent, Connect, Socks];
/// What goes by none of the proxies.
const DIRECT: &[Front] = &[Run, Transparent];
const PROXIES: &[Front] = &[Connect, Socks];
const REQUEST: &[Front] = &[Run, Transparent, Connect, Http, Socks];
const PLAIN_PROXY: &[Front] = &[Http];
const JAIL: &[Front] = &[Run];
const LAN: &[Front] = &[Transparent];

impl Row {
    const fn new(
        id: &'static str,
        behaviour: &'static str,
        zone: Zone,
        right: Right,
        fronts: &'static [Front],
        says: &'static str,
    ) -> Self {
        Self {
            id,
            behaviour,
            zone,
            other: None,
            address: None,
            port: None,
            bytes: None,
            right,
            fronts,
            kernel: false,
            slow: false,
            says,
        }
    }

    const fn other(self, zone: Zone) -> Self {
        Self { other: Some(zone), ..self }
    }

    const fn at(self, address: Address) -> Self {
        Self { address: Some(address), ..self }
    }

    const fn port(self, port: u16) -> Self {
        Self { port: Some(port), ..self }
    }

    const fn bytes(self, bytes: u64) -> Self {
        Self { bytes: Some(bytes), ..self }
    }

    const fn of_the_kernel(self) -> Self {
        Self { kernel: true, ..self }
    }

    const fn slow(self) -> Self {
        Self { slow: true, ..self }
    }

    /// Whether its hello hides another name, or looks as if it did.
    pub(super) fn hides(&self) -> bool {
        matches!(self.behaviour, "ech" | "grease" | "quic-ech")
    }

    /// Whether its delivery crosses the uplink at all.
    pub(super) fn leaves(&self) -> bool {
        self.behaviour != "vsock"
    }
}

/// All rows.
pub(super) fn all() -> Vec<Row> {
    [names(), hellos(), requests(), plain(), datagrams(), questions(), kernel()].concat()
}

/// Their names, each once, in their order.
pub(super) fn ids() -> Vec<&'static str> {
    let mut ids = Vec::new();
    for row in all() {
        if !ids.contains(&row.id) {
            ids.push(row.id);
        }
    }
    ids
}

/// Which name is asked for, and which is meant.
fn names() -> Vec<Row> {
    vec![
        Row::new("allowed", "https", Tls, Named, STREAM, "an allowed name"),
        Row::new("denied", "https", Denied, Open, STREAM, "a name of a service that is not on the list"),
        Row::new("unknown", "https", Unknown, Open, STREAM, "a name that nobody knows"),
        Row::new("other-port", "https", Tls, Open, STREAM, "an allowed name, at a port that is not listed")
            .port(8443),
        Row::new("ipv6", "ipv6", Tls, Named, DIRECT, "an allowed name over IPv6"),
        Row::new("ipv6-denied", "ipv6", Denied, Open, DIRECT, "a denied name over IPv6"),
        Row::new("v6-alone", "https", Tls, Named, STREAM, "an allowed name that has an IPv6 address alone"),
        Row::new("upload", "upload", Tls, Named, STREAM, "100 KB to an allowed name").bytes(100_000),
        Row::new("other-sni", "other-sni", Tls, Open, DIRECT, "asked for allowed, denied in the hello")
            .other(Denied),
        Row::new(
            "connect-then-other",
            "connect-then-other",
            Tls,
            Open,
            PROXIES,
            "asked for allowed, denied in the hello",
        )
        .other(Denied),
        Row::new(
            "other-allowed",
            "other-sni",
            Tls,
            Open,
            STREAM,
            "asked for one allowed name, another in the hello",
        )
        .other(Tls),
        Row::new(
            "denied-then-allowed",
            "other-sni",
            Denied,
            Open,
            STREAM,
            "asked for denied, allowed in the hello",
        )
        .other(Tls),
        Row::new("shared", "https", Shared, Named, STREAM, "an allowed name at an address that others share"),
        Row::new("shared-other", "other-sni", Shared, Open, STREAM, "the same, denied in the hello")
            .other(Zone::SharedDenied),
        Row::new("hard-coded", "hard-coded", Tls, Open, STREAM, "the address of an allowed name, by heart"),
        Row::new("hard-coded-v6", "hard-coded", Tls, Open, STREAM, "its IPv6 address, by heart")
            .at(Address::V6),
        Row::new(
            "hard-coded-denied",
            "hard-coded",
            Denied,
            Open,
            STREAM,
            "the address of a denied name, by heart",
        ),
        Row::new(
            "foreign-address",
            "hard-coded",
            Tls,
            Open,
            STREAM,
            "an allowed name at a denied one's address",
        )
        .other(Denied)
        .at(Address::Other),
        Row::new("doh", "doh", Tls, Open, STREAM, "DNS over HTTPS with a resolver known by heart")
            .at(Address::Resolver),
        Row::new("dot", "dot", Tls, Open, STREAM, "DNS over TLS with a resolver known by heart")
            .at(Address::Resolver),
    ]
}

/// How a hello is written.
fn hellos() -> Vec<Row> {
    vec![
        Row::new("capitals", "capitals", Tls, Named, STREAM, "the name in capitals"),
        Row::new("small-records", "small-records", Tls, Named, STREAM, "the hello in records of 40 bytes"),
        Row::new("large-hello", "large-hello", Tls, Named, STREAM, "a hello of more than 9 KB"),
        Row::new("byte-by-byte", "byte-by-byte", Tls, Named, STREAM, "each byte in a segment of its own"),
        Row::new("old-tls", "old-tls", Tls, Named, STREAM, "a hello of TLS 1.0"),
        Row::new("no-sni", "no-sni", Tls, Open, STREAM, "a hello without a name"),
        Row::new("nul-name", "nul-name", Tls, Open, STREAM, "denied, a NUL, and the allowed name")
            .other(Denied),
        Row::new("two-names", "two-names", Tls, Open, STREAM, "two names, the allowed one first")
            .other(Denied),
        Row::new(
            "two-names-reversed",
            "two-names-reversed",
            Tls,
            Open,
            STREAM,
            "two names, the denied one first",
        )
        .other(Denied),
        Row::new("ech", "ech", Tls, Named, STREAM, "another hello hidden inside (ECH)"),
        Row::new("grease", "grease", Tls, Named, STREAM, "a hello that looks as if (GREASE)"),
        Row::new("strict", "https", Strict, Named, STREAM, "a service that must show its names"),
        Row::new("strict-ech", "ech", Strict, Open, STREAM, "the same with ECH"),
        Row::new("strict-grease", "grease", Strict, Open, STREAM, "the same with GREASE"),
        Row::new("ssh-on-443", "ssh-on-443", Tls, Open, STREAM, "SSH where TLS is expected"),
        Row::new("http-on-443", "http-on-443", Tls, Open, STREAM, "HTTP where TLS is expected"),
        Row::new("mptcp", "mptcp", Tls, Named, DIRECT, "multipath TCP").of_the_kernel(),
        Row::new("mptcp-denied", "mptcp", Denied, Open, DIRECT, "multipath TCP to a denied name")
            .of_the_kernel(),
        Row::new("fast-open", "fast-open", Tls, Named, DIRECT, "the hello in the first packet"),
        Row::new("fast-open-denied", "fast-open", Denied, Open, DIRECT, "the same to a denied name"),
    ]
}

/// Requests in clear.
fn requests() -> Vec<Row> {
    vec![
        Row::new("http", "http", Zone::Http, Named, REQUEST, "a request in clear"),
        Row::new("http-denied", "http", Denied, Open, REQUEST, "the same to a denied name"),
        Row::new("http-unknown", "http", Unknown, Open, REQUEST, "the same to a name that nobody knows"),
        Row::new(
            "http-other-host",
            "http-other-host",
            Zone::Http,
            Open,
            STREAM,
            "a denied name in its Host header",
        )
        .other(Denied),
        // Such a proxy is told one name by the request itself, so that the other is a lie in every mode.
        Row::new(
            "http-other-host",
            "http-other-host",
            Zone::Http,
            Never,
            PLAIN_PROXY,
            "a denied name in its Host header",
        )
        .other(Denied),
        Row::new(
            "http-second-host",
            "http-second-host",
            Zone::Http,
            First,
            STREAM,
            "a second request names a denied host",
        )
        .other(Denied),
        Row::new(
            "http-second-host",
            "http-second-host",
            Zone::Http,
            FirstAlways,
            PLAIN_PROXY,
            "a second request names a denied host",
        )
        .other(Denied),
    ]
}

/// Streams that do not name their host.
fn plain() -> Vec<Row> {
    vec![
        Row::new("mqtt", "mqtt", Plain, Named, STREAM, "MQTT to a service that is bound by its name alone"),
        Row::new("mqtt-denied", "mqtt", Denied, Open, STREAM, "MQTT to a denied name"),
        Row::new(
            "ntrip",
            "ntrip",
            Plain,
            Named,
            STREAM,
            "corrections from a service that is bound by its name alone",
        ),
        Row::new("tcp", "tcp", Plain, Named, STREAM, "bytes of no protocol to such a service"),
        Row::new("tcp-other-port", "tcp", Plain, Open, STREAM, "the same at a port that is not listed")
            .port(7001),
    ]
}

/// Datagrams.
fn datagrams() -> Vec<Row> {
    vec![
        Row::new("quic", "quic", Quic, Named, DIRECT, "QUIC to a service that speaks it"),
        Row::new("quic-split", "quic-split", Quic, Named, DIRECT, "the same, the hello shuffled over frames"),
        Row::new("quic-denied", "quic", Denied, Open, DIRECT, "QUIC to a denied name"),
        Row::new("quic-not-listed", "quic", Tls, Open, DIRECT, "QUIC to a service that does not list it"),
        Row::new(
            "quic-other",
            "quic-other",
            Quic,
            Open,
            DIRECT,
            "QUIC, asked for allowed, denied in the hello",
        )
        .other(Denied),
        Row::new("quic-ech", "quic-ech", Quic, Named, DIRECT, "QUIC with another hello hidden inside"),
        Row::new("strict-quic", "quic", Strict, Named, DIRECT, "QUIC to a service that must show its names"),
        Row::new("strict-quic-ech", "quic-ech", Strict, Open, DIRECT, "the same with ECH"),
        Row::new(
            "udp",
            "udp",
            Plain,
            Named,
            DIRECT,
            "a datagram to a service that is bound by its name alone",
        ),
        Row::new("udp-denied", "udp", Denied, Open, DIRECT, "a datagram to a denied name"),
        Row::new("udp-on-443", "udp", Quic, Open, DIRECT, "a datagram of no protocol where QUIC is expected")
            .port(443),
        Row::new(
            "udp-hard-coded",
            "udp-hard-coded",
            Plain,
            Open,
            DIRECT,
            "a datagram to an address known by heart",
        ),
    ]
}

/// Questions for names.
fn questions() -> Vec<Row> {
    vec![
        Row::new("dns", "dns", Tls, Asked, DIRECT, "a question for an allowed name"),
        Row::new("dns-denied", "dns", Denied, Asked, DIRECT, "a question for a denied name"),
        Row::new("dns-tcp", "dns-tcp", Tls, Asked, DIRECT, "the question over TCP"),
        Row::new("dns-direct", "dns-direct", Tls, Never, DIRECT, "a question to a resolver known by heart")
            .at(Address::Resolver),
        Row::new("dns-tunnel", "dns-tunnel", Tunnel, Never, DIRECT, "3 KB in names below an allowed one")
            .bytes(3000),
        Row::new("dns-tunnel-denied", "dns-tunnel", Denied, Never, DIRECT, "the same below a denied one")
            .bytes(300),
    ]
}

/// Ways past the ordinary sockets.
fn kernel() -> Vec<Row> {
    vec![
        Row::new("icmp", "icmp", Tls, Never, DIRECT, "a ping that carries bytes").of_the_kernel().slow(),
        Row::new("raw", "raw", Plain, Named, LAN, "a datagram by a raw socket"),
        Row::new("raw-denied", "raw", Denied, Open, LAN, "the same to a denied name").slow(),
        Row::new("raw", "raw", Plain, Never, JAIL, "a datagram by a raw socket").of_the_kernel(),
        Row::new("af-packet", "af-packet", Plain, Open, LAN, "a datagram in a frame of its own making")
            .slow(),
        Row::new("af-packet", "af-packet", Plain, Never, JAIL, "a datagram in a frame of its own making")
            .of_the_kernel(),
        Row::new("io-uring", "io-uring", Tls, Named, LAN, "a connection by io_uring").of_the_kernel(),
        Row::new("io-uring", "io-uring", Tls, Never, JAIL, "a connection by io_uring").of_the_kernel(),
        Row::new("vsock", "vsock", Tls, Never, JAIL, "a socket to the hypervisor (to itself alone)")
            .of_the_kernel(),
        Row::new("nscd", "nscd", Tls, Never, JAIL, "a name asked of a Unix socket of the host's")
            .of_the_kernel(),
        Row::new("unix-file", "unix-file", Tls, Never, JAIL, "the same, only by a socket in the file system")
            .of_the_kernel(),
        Row::new(
            "unix-abstract",
            "unix-abstract",
            Tls,
            Never,
            JAIL,
            "the same, only by a socket without a file",
        )
        .of_the_kernel(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_row_is_tried_once_in_each_way() {
        let mut seen = BTreeSet::new();
        for row in all() {
            for front in row.fronts {
                assert!(seen.insert((row.id, *front)), "{} {front}", row.id);
            }
        }
    }

    /// A gateway takes more names below one wildcard for a tunnel.
    #[test]
    fn no_wildcard_has_more_names_than_are_ordinary() {
        let mut below: BTreeMap<(Front, &str), usize> = BTreeMap::new();
        for row in all().iter().filter(|row| row.zone != Zone::Tunnel) {
            for front in row.fronts {
                *below.entry((*front, row.zone.suffix())).or_default() += 1;
            }
        }
        assert!(below.values().all(|count| *count < creance_gateway::core::LABELS_MAX), "{below:?}");
    }
}
