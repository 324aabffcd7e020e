//! Who runs a host and what it takes: the service catalogue, parsed strictly and looked up by name.
//!
//! A [`Catalogue`] maps host names to services: one purpose of network traffic each, run by one
//! party. [`Catalogue::shipped`] is what this crate brings; an organisation lays its own entries
//! over it with [`Catalogue::overlay`], which counts them. A host that no entry covers stays
//! unknown; [`probable`] gathers evidence about it, which is never a match.
//!
//! Nothing here opens a file, reads a clock or panics on any input. The format is described in
//! `docs/catalogue.md`.

mod catalogue;
mod check;
mod date;
mod domain;
mod entry;
mod error;
mod field;
mod file;
mod hint;
mod lookup;
mod party;
mod pattern;
mod shipped;

pub use catalogue::{Catalogue, Change, Overlaid};
pub use check::{STALE_AFTER_MONTHS, Warning, WarningKind};
pub use date::{Date, DateError};
pub use domain::is_public_name;
pub use entry::{Binding, Grade, Origin, Service, ServiceHost, ServicePort, ServicePortError, Status};
pub use error::{CatalogueError, CatalogueErrors};
pub use hint::{Hint, HintKind, probable};
pub use lookup::{Lookup, Match, Opened, UnknownService};
pub use party::{Party, PartyId, PartyIdError};
pub use pattern::{HostPattern, PatternError};
pub use shipped::shipped_files;

/// The longest catalogue file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// The most files that one call reads.
pub const FILES_MAX: usize = 1000;

/// The most hosts that a catalogue holds, over all services.
pub const HOSTS_MAX: usize = 100_000;
