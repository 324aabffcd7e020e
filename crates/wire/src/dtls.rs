//! DTLS hellos (RFC 6347, 9147).

/// Fragments of a hello.
#[derive(Debug, Default)]
pub struct Reassembly {}
