//! The payload of one UDP datagram.

use crate::{Direction, Facts, dns, quic};
use creance_model::Endpoint;

/// What is remembered between the datagrams of one UDP flow. Bounded.
#[derive(Debug, Default)]
pub struct Memory {
    /// QUIC handshakes in progress, at most a few.
    pub quic: quic::Handshakes,
    /// DTLS hello fragments, at most one hello of 16 KiB.
    pub dtls: crate::dtls::Reassembly,
}

/// One datagram.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// By the side that opened the flow or the one that answered.
    pub direction: Direction,
    /// The payload; may be cut short by the capture.
    pub payload: &'a [u8],
    /// The length that the datagram had on the wire, without the UDP header.
    pub wire_len: usize,
}

/// What to do with the next datagram of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Every datagram must be looked at (DNS).
    All,
    /// Nothing is decided yet; show the next ones, as long as the caller cares to.
    More,
    /// The protocol is known and nothing more is expected, but a datagram that starts a new
    /// handshake must still be shown: those for which [`crate::quic::starts_handshake`] is true.
    Handshakes,
    /// Nothing more can be learnt.
    Nothing,
}

/// What was learnt from one datagram.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// What this datagram added to the flow's facts.
    pub dns: Option<dns::Message>,
    /// What to do next.
    pub want: Want,
}

/// Looks at one datagram and adds what it tells to the flow's `facts`.
pub fn inspect(datagram: Datagram<'_>, memory: &mut Memory, facts: &mut Facts) -> Inspection {
    let _ = (datagram, memory, facts);
    Inspection {
        dns: None,
        want: Want::Nothing,
    }
}
