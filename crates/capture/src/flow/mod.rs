//! Flows: one conversation each, as it was seen on the wire.

mod compact;
pub(crate) mod control;
pub(crate) mod key;
pub(crate) mod live;
pub(crate) mod once;
mod prints;
mod questions;
pub(crate) mod record;
mod requests;
pub(crate) mod side;
pub(crate) mod table;

pub use control::Control;
pub use once::Unique;
pub use record::{Binding, Ended, FlowRecord, Queried, Started, Tap, Taps, Traffic, Tunnel, Volume};
