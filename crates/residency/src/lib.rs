//! Where an address stands: a stack of evidence from cloud ranges, registries and name tokens.
//!
//! [`Table::locate`] gathers the evidence and says what follows from it. An audit rests a claim
//! only on [`Residency::presence`] or [`Residency::certain_country`]: a registry's country says
//! where a company is registered (it says US for servers in Frankfurt and Seoul), an anycast
//! address is in no country, and contradicting evidence decides nothing.
//!
//! An address tells where the machine stands that answers, on the day of the data
//! ([`Table::dates`]). It does not tell where that machine sends what it received, and nothing
//! about the law that its owner is under.
//!
//! The table is part of the program; nothing here opens a file or a socket.

mod conclusion;
mod cursor;
mod error;
mod evidence;
mod hint;
mod locate;
mod mmdb;
mod place;
mod ranges;
mod special;
mod table;

pub use conclusion::{Certainty, Conclusion, Presence, Residency};
pub use error::{MmdbError, TableError};
pub use evidence::Evidence;
pub use mmdb::Mmdb;
pub use place::{Place, PlaceKind};
pub use table::{ATTRIBUTION, Dates, Network, Spread, Table};
