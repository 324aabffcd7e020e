//! The ledger: the append-only, tamper-evident record of what was decided and what left.
//!
//! Entries go to a journal first and are durable there before anything follows from them. From
//! the journal come tiles and signed checkpoints in published formats (c2sp.org/tlog-tiles,
//! tlog-checkpoint, signed-note), which any program that knows those can check. One process
//! writes a log at a time; an installation has one key and any number of logs.
//!
//! Nothing here reads a clock: moments are parameters.

mod checkpoint;
mod directory;
mod entry;
mod error;
mod hash;
mod journal;
mod log;
mod note;
mod queue;
mod reader;
mod store;
mod tile;
mod tiler;
mod tree;
mod verify;
mod writer;

pub use checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
pub use directory::Directory;
pub use entry::{
    Binding, Decided, Entry, EntryError, Event, FlowBytes, FlowEnd, FlowStarted, ModeChanged, Pseudonym,
    Refused,
};
pub use error::LedgerError;
pub use hash::Hash;
pub use journal::Purpose;
pub use log::Log;
pub use note::{NoteError, SigningKey, VerifierKey};
pub use reader::Reader;
pub use tile::{ENTRY_BYTES_MAX, Kind, TILE_WIDTH, Tile, unpack};
pub use tree::{Builder, Written};
pub use verify::{Held, Problem, Verified, verify};
pub use writer::{Pace, Writer};
