//! What a ledger tells: entries as the rest of the program knows them.
//!
//! An entry holds no personal name. Who a station belongs to stands behind a [`Pseudonym`].

mod v1;

use creance_model::{Endpoint, HostName, Mode, ServiceId, TextError, Timestamp, Transport};

/// A station by a word that tells nothing of the person: 1 to 40 of a to z, 0 to 9 and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(Box<str>);

impl Pseudonym {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Pseudonym {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        if is_word(text) {
            Ok(Self(text.into()))
        } else {
            Err(TextError { text: text.chars().take(80).collect(), what: "a pseudonym (such as `s-41c0`)" })
        }
    }
}

impl std::fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether a text is a word as pseudonyms and logs have: 1 to 40 of a to z, 0 to 9 and `-`.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// One line of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, by the clock of the machine that wrote it.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A process began to write.
    Opened {
        /// The program and its version.
        program: String,
    },
    /// A process ended in good order.
    Closed,
    /// After a crash: bytes behind the last whole entry were cut off. None of them was
    /// acknowledged, unless the file was changed by something else.
    Repaired {
        /// How many bytes, which are kept in a file beside the journal.
        bytes: u64,
    },
    /// From here on another table of decisions holds.
    ModeChanged(ModeChanged),
    /// What the table says of a service for a station; recorded where it is first asked for.
    Decided(Decided),
    /// A flow was let out; not one byte of it has left before this was durable.
    FlowStarted(FlowStarted),
    /// Bytes of a flow so far.
    FlowProgressed(FlowBytes),
    /// A flow is over.
    FlowEnded {
        /// Its bytes.
        bytes: FlowBytes,
        /// How it ended.
        end: FlowEnd,
    },
    /// Something was not let out.
    Refused(Refused),
    /// From here on this installation can never be held less strictly.
    Sealed {
        /// The loosest mode.
        mode: Mode,
        /// The only services that may be exempt.
        exempt: Vec<ServiceId>,
    },
    /// Something is wrong that a person must look at.
    Alarm {
        /// What, in words.
        what: String,
    },
}

/// A change of mode, which is a change of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModeChanged {
    /// The number of the table; it only grows.
    pub generation: u64,
    /// The mode before; none at the start.
    pub from: Option<Mode>,
    /// The mode from now on.
    pub to: Mode,
    /// Services exempt from Local Data.
    pub exempt: Vec<ServiceId>,
    /// Services granted in Restricted.
    pub granted: Vec<ServiceId>,
    /// How many flows were cut because of it.
    pub flows_cut: u64,
    /// When the last of them was reset. No byte of a cut flow has left after it.
    pub last_cut: Option<Timestamp>,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// By which table.
    pub generation: u64,
    /// For which station.
    pub station: Pseudonym,
    /// About which service; none is a host that the catalogue does not know.
    pub service: Option<ServiceId>,
    /// Whether it may leave.
    pub allowed: bool,
    /// The policies that determined it.
    pub policies: Vec<String>,
}

/// How the name of a flow was tied to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// By the name in a TLS hello.
    Tls,
    /// By the name in a QUIC Initial.
    Quic,
    /// By the name in an HTTP request.
    Http,
    /// By the address alone that was given out for the name.
    NameOnly,
    /// Creance's own: its resolver.
    Own,
}

/// The start of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowStarted {
    /// The flow's number within this log; never used again.
    pub flow: u64,
    /// By which table it was allowed.
    pub generation: u64,
    /// Whose it is; none is Creance's own.
    pub station: Option<Pseudonym>,
    /// Which service; none is a host that the catalogue does not know.
    pub service: Option<ServiceId>,
    /// Which name was asked for.
    pub name: Option<HostName>,
    /// How the name is tied to the flow.
    pub binding: Binding,
    /// Whether its hello hides another name (ECH), or looks as if it did. False also where nobody
    /// looked at a hello.
    pub blinded: bool,
    /// What carries it.
    pub transport: Transport,
    /// Creance's own end on the uplink.
    pub from: Endpoint,
    /// The far end.
    pub to: Endpoint,
}

/// Bytes of payload that were on the wire, once each: retransmissions do not count, nor what a
/// reset dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowBytes {
    /// The flow's number.
    pub flow: u64,
    /// Bytes that left; none where nobody knows, as after a crash.
    pub up: Option<u64>,
    /// Bytes that came; none where nobody knows.
    pub down: Option<u64>,
}

/// How a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowEnd {
    /// Both sides were done.
    Finished,
    /// One side broke it off.
    Broken,
    /// Nothing moved for too long.
    Idle,
    /// It was reset because a change of mode no longer allows it.
    Revoked,
    /// The process that carried it was gone; found when the log was opened again.
    Lost,
}

/// What was not let out. Refusals that are alike within a short time are one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// By which table.
    pub generation: u64,
    /// Whose it was.
    pub station: Option<Pseudonym>,
    /// Which service it would have been.
    pub service: Option<ServiceId>,
    /// Which name was asked for.
    pub name: Option<HostName>,
    /// Where it was to go, where no name is known.
    pub to: Option<Endpoint>,
    /// Why, in a word of the gateway's such as `no-name` or `denied`.
    pub reason: String,
    /// How many times.
    pub count: u64,
    /// The first of them; the entry's own time is the last.
    pub since: Timestamp,
}

/// Why bytes are no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no entry that is known here: {0}")]
pub struct EntryError(String);

impl Entry {
    /// As bytes of the log: JSON of version 1 (docs/ledger.md).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        v1::write(self)
    }

    /// From bytes of the log.
    ///
    /// # Errors
    /// [`EntryError`] where they are no entry, or one of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        v1::read(bytes).map_err(EntryError)
    }
}
