//! A gateway between a network of stations and an uplink: the rules of the firewall, the heart
//! that keeps their holes open, the sockets, and who the stations are.
//!
//! The rules are static and deny: they are loaded before the network comes up, and stay when the
//! program ends. All that lets anything through needs a mark that is in a set, and the set's
//! elements live for three seconds; a program that hangs or dies renews them no more.

mod close;
mod counted;
mod frame;
mod heart;
mod kept;
mod link;
mod rules;
mod sockets;
mod source;
mod stations;
mod up;
mod watch;

pub use close::Closed;
pub use heart::{Health, Heart, Pulse};
pub use kept::{KeptError, KeptMode};
pub use rules::{Own, OwnError, Site, SiteError};
pub use sockets::{Ports, listeners};
pub use stations::{KnownBy, Neighbours, StationRule, StationRuleError};
pub use up::{Down, Up, UpError, up};
