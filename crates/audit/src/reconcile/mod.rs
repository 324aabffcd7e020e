//! What a gateway wrote of itself, beside what the wire shows.
//!
//! Every flow at the gateway's uplink must be explained by one entry that stood before its first
//! packet, and the bytes of both must agree. A ledger is the gateway's own word: it lowers
//! verdicts and never lifts one.

mod book;
mod findings;
mod finish;
mod host;
mod kinds;
mod log;
mod matching;
mod periods;

pub(crate) use findings::Ledgered;
pub(crate) use matching::Reconciler;

pub use book::Books;
pub use log::{LogFiles, LogSource};
