//! Services and their hosts.

use crate::date::Date;
use crate::party::PartyId;
use crate::pattern::HostPattern;
use creance_model::{Category, ServiceId, Transport};
use std::fmt;

/// One purpose of network traffic, run by one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The id; its first part is the party's id.
    pub id: ServiceId,
    /// The party that runs it.
    pub party: PartyId,
    /// The name that people know it by.
    pub name: String,
    /// What it is for, in one sentence.
    pub purpose: String,
    /// What it takes, sorted. Empty: nothing but the station's address. `unknown`: nobody has
    /// said.
    pub takes: Vec<Category>,
    /// Whether it is in use.
    pub status: Status,
    /// Whether it must show its names itself: a gateway then refuses a hello that may hide another
    /// name (ECH, or what looks like it).
    pub strict: bool,
    /// What else a reader should know.
    pub note: Option<String>,
    /// Its hosts, in the order of the files.
    pub hosts: Vec<ServiceHost>,
    /// Who wrote the entry.
    pub origin: Origin,
}

/// A host, or all hosts below a name, that a service uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceHost {
    /// The names that the entry covers.
    pub pattern: HostPattern,
    /// Where the service listens, at least one, no port twice on one transport.
    pub ports: Vec<ServicePort>,
    /// How well the entry is founded.
    pub grade: Grade,
    /// Who says so.
    pub source: String,
    /// The oldest sighting that the source implies.
    pub first_seen: Option<Date>,
    /// The newest sighting that the source implies.
    pub last_seen: Option<Date>,
    /// Who wrote the entry.
    pub origin: Origin,
}

impl ServiceHost {
    /// Where the service listens on this port, or `None` where it does not.
    #[must_use]
    pub fn port(&self, transport: Transport, port: u16) -> Option<&ServicePort> {
        self.ports.iter().find(|listed| listed.transport == transport && listed.port == port)
    }
}

/// A port that a service listens on, and what binds a name to a flow there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServicePort {
    /// The port; never 0.
    pub port: u16,
    /// TCP or UDP.
    pub transport: Transport,
    /// What binds the name.
    pub binding: Binding,
}

/// A text that names no port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no port; write port, transport and binding, as in `443/tcp tls`, `80/tcp http`, `443/udp quic`, `123/udp name-only`"
)]
pub struct ServicePortError(String);

impl ServicePort {
    /// What an entry without `ports` has: TLS on TCP port 443.
    pub const HTTPS: Self = Self { port: 443, transport: Transport::Tcp, binding: Binding::Tls };
}

impl std::str::FromStr for ServicePort {
    type Err = ServicePortError;
    fn from_str(text: &str) -> Result<Self, ServicePortError> {
        let read = || {
            let (at, binding) = text.split_once(' ')?;
            let (port, transport) = at.split_once('/')?;
            if port.starts_with('+') {
                return None;
            }
            let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
            let binding = binding.parse::<Binding>().ok()?;
            let transport = match transport {
                "tcp" => Transport::Tcp,
                "udp" => Transport::Udp,
                _ => return None,
            };
            let possible = match binding {
                Binding::Tls | Binding::Http => transport == Transport::Tcp,
                Binding::Quic => transport == Transport::Udp,
                Binding::NameOnly => true,
            };
            possible.then_some(Self { port, transport, binding })
        };
        read().ok_or_else(|| ServicePortError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for ServicePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.port, self.transport, self.binding)
    }
}

/// Who wrote an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// It came with Creance.
    Shipped,
    /// It stands in this file of the operator's.
    Overlay(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped => f.pad("shipped"),
            Self::Overlay(file) => f.pad(file),
        }
    }
}

/// Implements the words of an enum that catalogue files use.
macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that files and reports use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    let shown: String = text.chars().take(80).collect();
                    let words: Vec<_> = Self::ALL.iter().map(|value| value.as_str()).collect();
                    format!("`{shown}` is none of {}", words.join(", "))
                })
            }
        }
    };
}

/// What binds a name to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binding {
    /// The server name of a TLS hello.
    Tls,
    /// The server name of the TLS hello inside a QUIC Initial.
    Quic,
    /// The host of a cleartext HTTP request.
    Http,
    /// Nothing in the flow: the name is known from the lookup alone.
    NameOnly,
}

words!(Binding { Tls => "tls", Quic => "quic", Http => "http", NameOnly => "name-only" });

/// How well an entry is founded. Ordered from the best to the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Named in an audit or by the maker.
    A,
    /// A literal in the app's or its SDK's code.
    B,
    /// One third-party list.
    C,
}

words!(Grade { A => "A", B => "B", C => "C" });

/// Whether a service is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// In use, as far as known.
    Active,
    /// Apps of today should not contact it.
    Retired,
    /// A test system of the maker's: a released app should not contact it.
    Staging,
}

words!(Status { Active => "active", Retired => "retired", Staging => "staging" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_name_a_port_a_transport_and_a_possible_binding() {
        for text in ["443/tcp tls", "80/tcp http", "443/udp quic", "1883/tcp name-only"] {
            assert_eq!(text.parse::<ServicePort>().unwrap().to_string(), text);
        }
        for text in [
            "443",
            "443/tcp",
            "0/tcp tls",
            "65536/tcp tls",
            "+1/tcp tls",
            "443/udp tls",
            "443/tcp quic",
            "53/udp http",
            "443/sctp tls",
            "443/tcp  tls",
            "443/tcp tls ",
            "",
        ] {
            assert!(text.parse::<ServicePort>().is_err(), "{text}");
        }
    }
}
