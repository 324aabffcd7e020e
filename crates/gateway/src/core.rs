//! The decisions, without sockets or clocks: questions for names, the start of connections, and
//! what a change of the table stops.

mod book;
mod datagrams;
mod door;
mod flows;
mod questions;
mod refusal;
mod table;

pub use book::{Book, NAMES_MAX};
pub use datagrams::{DATAGRAMS_HELD_MAX, DatagramDoor};
pub use door::{Admission, Door, HEAD_BYTES_MAX, Step};
pub use flows::{Flow, Flows};
pub use questions::{Families, LABELS_MAX, Questions, Reply};
pub use refusal::{Reason, Refusal};
pub use table::{Held, Offer, Says, Table};
