//! From a captured frame to a transport packet.

pub(crate) mod card;
pub(crate) mod encapsulation;
pub(crate) mod fragments;
pub(crate) mod headers;
pub(crate) mod ip;
pub(crate) mod transport;
