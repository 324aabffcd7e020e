//! DNS messages (RFC 1035, 2782, 3596, 9460), and mDNS and LLMNR, which share the format.

use creance_model::HostName;
use std::net::IpAddr;

/// A name asked about. DNS names may hold bytes that host names do not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueryName {
    /// A host name.
    Host(HostName),
    /// The root.
    Root,
    /// Another name, its labels joined by dots, with bytes other than printable ASCII escaped as `\ddd`.
    Other(String),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name.
    pub name: QueryName,
    /// The type of record asked for (1 is A, 28 AAAA, 65 HTTPS).
    pub kind: u16,
}

/// What an answer ties together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// `name` has this address (A, AAAA, or a hint of SVCB and HTTPS).
    Address {
        /// The owner name.
        name: HostName,
        /// The address.
        addr: IpAddr,
        /// Seconds that it may be remembered.
        ttl_seconds: u32,
    },
    /// `name` is another name for `target` (CNAME, DNAME, SVCB or HTTPS target).
    Alias {
        /// The owner name.
        name: HostName,
        /// What it stands for.
        target: HostName,
    },
    /// `name` publishes keys for encrypted hellos (HTTPS or SVCB with `ech`).
    EchKeys {
        /// The owner name.
        name: HostName,
    },
}

/// A DNS message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Ties an answer to its question.
    pub id: u16,
    /// Whether it is an answer.
    pub response: bool,
    /// The response code (0 is no error, 3 no such name).
    pub rcode: u8,
    /// Whether the message says of itself that it was shortened.
    pub truncated: bool,
    /// Whether parsing stopped before the end; what was read until then is kept.
    pub malformed: bool,
    /// The questions, at most 16.
    pub questions: Vec<Question>,
    /// What the answers tie together, at most 128.
    pub answers: Vec<Answer>,
}
