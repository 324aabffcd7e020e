//! What the kernel offers and no library offers safely.
//!
//! The only crate with unsafe code: each function wraps one system call, takes descriptors that
//! the compiler knows to be open, and hands out what it made as an owner. Nothing here decides.
//! Linux alone.

mod frame;
mod ring;
mod tcp;
mod unshare;

pub use frame::FrameSocket;
pub use ring::ring_exchange;
pub use tcp::{TcpCounts, tcp_counts};
pub use unshare::{Unshare, unshare};
