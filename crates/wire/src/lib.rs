//! From bytes to facts: DNS, TLS, QUIC, HTTP and the names of other protocols.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no global state, and no
//! panic on any input. The audit and the gateway both name hosts through this crate, so its
//! parsers are strict: what is not understood is reported as an [`Anomaly`], never repaired.
//!
//! Two entrances: [`stream::inspect`] for what the two sides of a TCP connection have said so
//! far, and [`datagram::inspect`] for the payload of a UDP datagram.

pub mod bytes;
pub mod certificate;
pub mod datagram;
pub mod dns;
pub mod dtls;
mod facts;
mod fragments;
pub mod http;
pub mod protocol;
pub mod proxy;
pub mod quic;
pub mod starttls;
pub mod stream;
mod text;
pub mod tls;

pub use facts::{
    Anomaly, Direction, Facts, HttpRequest, NameSource, ProxyTarget, SeenName, SignedKeyExchange, TlsFacts,
};
pub use protocol::{Clarity, Protocol};
