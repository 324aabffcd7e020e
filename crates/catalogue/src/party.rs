//! Who runs servers.

use crate::entry::Origin;
use creance_model::{Jurisdiction, PartyKind};
use std::fmt;

/// The id of a party, such as `dji`: lower-case letters, digits and `-`, at most 40 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId(Box<str>);

/// A text that is no party id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no party id; write lower-case letters, digits and `-`, such as `dji`")]
pub struct PartyIdError(String);

impl PartyId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PartyId {
    type Err = PartyIdError;
    fn from_str(text: &str) -> Result<Self, PartyIdError> {
        let fits = (1..=40).contains(&text.len())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits { Ok(Self(text.into())) } else { Err(PartyIdError(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Who runs servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The id.
    pub id: PartyId,
    /// The name that people know it by.
    pub name: String,
    /// How it stands to the operator.
    pub kind: PartyKind,
    /// The law that the party answers to, by the seat of the company; `None` where not known.
    /// Where a server stands is another matter.
    pub jurisdiction: Option<Jurisdiction>,
    /// Autonomous systems that the party runs for itself alone and rents to nobody. An address
    /// in one of them ties one of the party's names to the party. Networks of clouds and content
    /// networks are never listed, the party's own included: any tenant's machine stands there,
    /// so such an address ties nothing.
    pub asn: Vec<u32>,
    /// Who wrote the entry.
    pub origin: Origin,
}

impl Party {
    /// Whether the party runs the autonomous system for itself alone.
    #[must_use]
    pub fn owns_network(&self, asn: u32) -> bool {
        self.asn.contains(&asn)
    }
}
