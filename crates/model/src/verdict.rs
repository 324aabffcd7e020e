//! What an audit decides.

use serde::{Deserialize, Serialize};

/// What an audit says of a claim.
///
/// `Upheld` needs positive evidence; where evidence is absent the verdict is `Inconclusive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The evidence shows that the claim holds.
    Upheld,
    /// The evidence could not decide it.
    Inconclusive,
    /// The evidence shows that the claim does not hold.
    Refuted,
    /// Nothing in this audit could test it.
    NotTested,
}

crate::words!(Verdict, UnknownVerdict, "verdict", {
    Upheld => "upheld",
    Inconclusive => "inconclusive",
    Refuted => "refuted",
    NotTested => "not tested",
});

/// The number of a claim in docs/claims.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClaimId(pub u8);

impl std::fmt::Display for ClaimId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
