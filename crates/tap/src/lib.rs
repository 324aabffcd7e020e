//! Records every frame of an interface into a pcapng file: with the kernel's times and directions,
//! and with the kernel's count of what was lost. Sends nothing.
//!
//! Frames wait in the kernel until they are read, and in a queue of fixed length until they are
//! written. Where the disk is slower than the link the queue fills, reading waits, and the kernel
//! counts what it has no more room for: nothing is lost without being counted.

mod counters;
mod error;
mod pcapng;
mod record;
mod writing;

pub use counters::{Compared, Counters};
pub use error::TapError;
pub use record::{Ended, Request, Stop, Summary, record};
