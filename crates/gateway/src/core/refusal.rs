//! Why something is not let out.

use creance_model::{HostName, ServiceId};

/// Why, in one word for the ledger and a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The table says no.
    Denied,
    /// A station that nobody has named.
    UnknownStation,
    /// An address without a name, or one that was not given out.
    NoName,
    /// The service does not listen on this port.
    OtherPort,
    /// The flow's own hello or request has no name.
    NothingNamed,
    /// The flow names another host than was asked for.
    OtherName,
    /// Several names, or one that is none.
    OddName,
    /// Not the protocol that carries the service's name.
    OtherProtocol,
    /// Bytes that break the rules of their protocol.
    Malformed,
    /// The hello is too long.
    TooLong,
    /// No whole hello within the time.
    TooLate,
    /// A hidden name, where the service must show its own.
    Hidden,
    /// A request whose end cannot be told, so that the next one's name could not be seen.
    Endless,
    /// A question that is not one, or for something that is no host name.
    NoQuestion,
    /// More different names below one than are taken for ordinary.
    ManyLabels,
    /// More names than can be given addresses.
    ManyNames,
    /// More flows than can be open at a time.
    ManyFlows,
    /// The name leads to this machine itself, or to no single host.
    OwnAddress,
    /// The ledger cannot take an entry, so that nothing new may begin.
    NotRecorded,
}

impl Reason {
    /// The word in the ledger.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::UnknownStation => "unknown-station",
            Self::NoName => "no-name",
            Self::OtherPort => "other-port",
            Self::NothingNamed => "nothing-named",
            Self::OtherName => "other-name",
            Self::OddName => "odd-name",
            Self::OtherProtocol => "other-protocol",
            Self::Malformed => "malformed",
            Self::TooLong => "too-long",
            Self::TooLate => "too-late",
            Self::Hidden => "hidden",
            Self::Endless => "endless",
            Self::NoQuestion => "no-question",
            Self::ManyLabels => "many-labels",
            Self::ManyNames => "many-names",
            Self::ManyFlows => "many-flows",
            Self::OwnAddress => "own-address",
            Self::NotRecorded => "not-recorded",
        }
    }
}

/// What was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The name that it was about, where there is one: what was asked for, or else what the flow
    /// named.
    pub name: Option<HostName>,
    /// The service that it would have been.
    pub service: Option<ServiceId>,
}

impl Refusal {
    /// A refusal about no name.
    #[must_use]
    pub const fn of(reason: Reason) -> Self {
        Self { reason, name: None, service: None }
    }
}
