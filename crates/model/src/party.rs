//! Who runs a server.

use serde::{Deserialize, Serialize};

/// How the party that runs a server stands to the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyKind {
    /// The maker of the drone or of its ground app.
    First,
    /// Anyone else.
    Third,
    /// The maker of the station's operating system.
    Platform,
    /// The operator's own.
    Operator,
}

crate::words!(PartyKind, UnknownPartyKind, "kind of party", {
    First => "first",
    Third => "third",
    Platform => "platform",
    Operator => "operator",
});
