//! The modes that a station can be held to.

use serde::{Deserialize, Serialize};

/// How much of a station's traffic may leave. Ordered from the strictest to the loosest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing moves, not even Creance's own traffic.
    Offline,
    /// Nothing of the station's leaves, apart from a list of exempt services.
    LocalData,
    /// Nothing leaves but the services that the operator granted.
    Restricted,
    /// Everything may leave, and all of it is recorded.
    Standard,
}

crate::words!(Mode, UnknownMode, "mode", {
    Offline => "offline",
    LocalData => "local-data",
    Restricted => "restricted",
    Standard => "standard",
});
