//! Apps that behave well or badly, one behaviour to a process. For tests of what stands between
//! them and a network.
//!
//! `creance-lab app BEHAVIOUR --host NAME [options]` prints one line and ends with 0 where
//! something was delivered, 1 where not, 2 where it could not be tried. Delivered means that the
//! far end answered, as far as the app can tell it from something on the way: the servers of the
//! [`crate::live`] internet sign what they say, and its resolver's addresses follow from the names.
//! Behaviours for which a signature has no place (a hello of a byte script, a datagram) take any
//! answer of the right kind, and say what came.
//!
//! Behaviours that go past the ordinary ways (multipath TCP, raw sockets, rings, QUIC, …) know the
//! host's address where no resolver answers, so that the absence of one does not hide a way out.
//!
//! What the kernel refuses with `EPERM` or `EACCES` was not delivered. What it says it does not
//! have could not be tried, which is also what a jail may pretend: a test has to compare with the
//! same behaviour outside.

mod datagrams;
mod dial;
mod hellos;
mod honest;
mod kernel;
mod options;
mod requests;

pub use options::{BehaveError, Options};

use std::io;

/// How an attempt ended, with what can be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer came.
    Delivered(String),
    /// None came.
    Not(String),
    /// The system lacks what the behaviour needs.
    Untried(String),
}

impl Outcome {
    /// The exit status: 0, 1, 2.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Delivered(_) => 0,
            Self::Not(_) => 1,
            Self::Untried(_) => 2,
        }
    }

    /// One line.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::Delivered(what) => format!("delivered: {what}"),
            Self::Not(why) => format!("not delivered: {why}"),
            Self::Untried(why) => format!("could not be tried: {why}"),
        }
    }

    /// Of a step whose failure means that nothing was delivered, but for one that was never taken
    /// because something was not told.
    fn of(result: io::Result<Self>) -> Self {
        result.unwrap_or_else(|error| {
            if error.kind() == io::ErrorKind::InvalidInput {
                Self::Untried(error.to_string())
            } else if error.kind() == io::ErrorKind::WouldBlock {
                Self::Not("no answer came in time".into())
            } else {
                Self::Not(error.to_string())
            }
        })
    }
}

type Behaviour = fn(&Options) -> Outcome;

/// All behaviours: name, what it is, the usual port, the function.
const BEHAVIOURS: [(&str, &str, u16, Behaviour); 47] = [
    ("https", "an honest request over TLS 1.3", 443, honest::https),
    ("ipv6", "the same over IPv6 alone", 443, honest::ipv6),
    ("small-records", "the same, its hello in records of 40 bytes", 443, honest::small_records),
    ("large-hello", "the same, its hello of more than 9 KB", 443, honest::large_hello),
    ("byte-by-byte", "the same, each byte in a segment of its own", 443, honest::byte_by_byte),
    ("other-sni", "asks DNS for the host, and names `--other` in the hello", 443, honest::other_sni),
    (
        "connect-then-other",
        "has a proxy connect to the host, and names `--other` in the hello",
        443,
        honest::connect_then_other,
    ),
    ("hard-coded", "connects to `--address` without asking DNS", 443, honest::hard_coded),
    ("doh", "asks 8.8.8.8 for the host over HTTPS", 443, honest::doh),
    (
        "upload",
        "posts `--bytes` bytes, or for `--for` seconds; says how many the far end confirmed",
        443,
        honest::upload,
    ),
    ("capitals", "the name in capitals, in DNS and in the hello", 443, hellos::capitals),
    ("old-tls", "a hello of TLS 1.0", 443, hellos::old_tls),
    ("no-sni", "a hello without a name", 443, hellos::no_sni),
    ("nul-name", "a name of `--other`, a NUL and the host", 443, hellos::nul_name),
    ("two-names", "a hello with two names, the host's first", 443, hellos::two_names),
    ("two-names-reversed", "a hello with two names, `--other` first", 443, hellos::two_names_reversed),
    ("ech", "a hello with another hidden inside", 443, hellos::ech),
    ("grease", "a hello that looks as if, as browsers send it", 443, hellos::grease),
    ("ssh-on-443", "another protocol where TLS is expected", 443, hellos::ssh),
    ("mptcp", "a hello over multipath TCP", 443, hellos::mptcp),
    ("fast-open", "a hello in the first packet of a connection", 443, hellos::fast_open),
    ("http", "a request in clear", 80, requests::http),
    ("http-other-host", "the same with `--other` in its Host header", 80, requests::http_other_host),
    (
        "http-second-host",
        "a second request on the connection names `--other`",
        80,
        requests::http_second_host,
    ),
    ("http-on-443", "a request in clear where TLS is expected", 443, requests::http_on_443),
    ("mqtt", "an MQTT session", 1883, requests::mqtt),
    ("ntrip", "a stream of corrections, for `--for` seconds", 2101, requests::ntrip),
    ("tcp", "bytes that are of no protocol", 7000, requests::tcp),
    ("dns", "asks the resolver", 53, datagrams::dns),
    ("dns-tcp", "asks the resolver over TCP", 53, datagrams::dns_tcp),
    ("dns-direct", "asks 8.8.8.8 (or `--address`)", 53, datagrams::dns_direct),
    ("dns-tunnel", "carries `--bytes` bytes out in labels below the host", 53, datagrams::dns_tunnel),
    ("dot", "asks 8.8.8.8 over TLS", 853, honest::dot),
    ("quic", "the first packets of QUIC with the host's name", 443, datagrams::quic),
    ("quic-split", "the same, the hello shuffled over frames", 443, datagrams::quic_split),
    ("quic-other", "the same, with `--other` in the hello", 443, datagrams::quic_other),
    ("quic-ech", "the same, another hello hidden inside", 443, datagrams::quic_ech),
    ("udp", "a datagram of no protocol", 8000, datagrams::udp),
    ("udp-hard-coded", "the same without asking DNS", 8000, datagrams::udp_hard_coded),
    ("icmp", "a ping that carries bytes", 0, kernel::icmp),
    ("raw", "a datagram by a raw IP socket", 8000, kernel::raw),
    ("af-packet", "a datagram in a frame of its own making", 8000, kernel::af_packet),
    ("vsock", "a socket to the machine's hypervisor (only to itself)", 8000, kernel::vsock),
    ("io-uring", "a connection by io_uring instead of system calls", 443, kernel::io_uring),
    ("nscd", "asks a Unix socket of the host's for the host", 0, kernel::nscd),
    ("unix-file", "the same, only by sockets in the file system", 0, kernel::unix_file),
    ("unix-abstract", "the same, only by sockets without a file", 0, kernel::unix_abstract),
];

/// Behaves as told. The line says what was tried and how it ended.
///
/// # Errors
/// Where the arguments are wrong.
pub fn run(args: &[String]) -> Result<(String, Outcome), BehaveError> {
    let Some((name, rest)) = args.split_first() else {
        return Err(BehaveError(format!("a behaviour is missing:\n{}", list())));
    };
    let found = BEHAVIOURS.iter().find(|(known, ..)| known == name);
    let Some((_, _, port, behaviour)) = found else {
        return Err(BehaveError(format!("`{name}` is no behaviour:\n{}", list())));
    };
    let options = Options::read(rest, *port)?;
    let outcome = behaviour(&options);
    Ok((format!("{name} {}: {}", options.host, outcome.line()), outcome))
}

/// All behaviours with what they do, a line each.
#[must_use]
pub fn list() -> String {
    BEHAVIOURS.iter().map(|(name, says, ..)| format!("  {name:<20} {says}\n")).collect()
}
