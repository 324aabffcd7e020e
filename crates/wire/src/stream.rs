//! What the two sides of a TCP connection have said so far.

use crate::{Facts, dns};

/// The start of a connection, as far as it was reassembled without a gap.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// From the side that opened the connection.
    pub client: &'a [u8],
    /// From the side that answered.
    pub server: &'a [u8],
    /// The port that was connected to; a hint, never proof.
    pub server_port: u16,
    /// No more of the client's side will come (closed, a gap, or the limit was reached).
    pub client_ended: bool,
    /// No more of the server's side will come.
    pub server_ended: bool,
}

/// What to do with what comes next on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Nothing more can be learnt.
    Nothing,
    /// Call again when a side has at least this many bytes, or has ended. `usize::MAX` for a
    /// side whose further bytes would tell nothing.
    More {
        /// Bytes of the client's side.
        client: usize,
        /// Bytes of the server's side.
        server: usize,
    },
    /// Heads are read; from here each further in-order segment of the client goes to
    /// [`crate::http::request_in_segment`], since one connection may carry requests to
    /// several hosts.
    Requests,
}

/// What was learnt, and what would tell more.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Everything learnt from both heads.
    pub facts: Facts,
    /// Whole DNS messages, in the order seen on each side (client's first).
    pub dns: Vec<dns::Message>,
    /// What to do next.
    pub want: Want,
}
