//! ICMP that hosts send by themselves.

use serde::{Deserialize, Serialize};

/// A kind of ICMP that a host sends without anyone asking it to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    /// None of the others.
    #[default]
    None,
    /// An error about a packet (RFC 792, RFC 4443), no longer than such a one may be.
    Error,
    /// Membership in groups of IPv6 (RFC 2710, RFC 3810), which no router forwards.
    Membership,
}
