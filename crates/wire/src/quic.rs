//! QUIC Initial packets (RFC 9000, 9001, 9369 and the drafts) and the hello within them.

/// Handshakes in progress on one flow.
#[derive(Debug, Default)]
pub struct Handshakes {}

/// Whether a datagram starts with a QUIC long-header packet that may open a new handshake.
#[must_use]
pub fn starts_handshake(payload: &[u8]) -> bool {
    let _ = payload;
    false
}
