//! What the kernel offers and no library offers safely.
//!
//! The only crate with unsafe code: each function wraps one system call, takes descriptors that
//! the compiler knows to be open, and hands out what it made as an owner. Nothing here decides.
//! Linux alone.

pub mod calls;
mod datagram;
mod descriptors;
mod frame;
mod mounts;
mod namespaces;
mod packet;
mod packet_ring;
mod ring;
mod signals;
mod tcp;

pub use datagram::{Datagram, receive, tell_destinations};
pub use descriptors::close_at_exec;
pub use frame::FrameSocket;
pub use mounts::{Attributes, set_attributes_below, set_writable};
pub use namespaces::{Namespaces, leave_namespaces};
pub use packet::{PacketCounts, PacketKind, PacketReceived, PacketSocket, VlanTag};
pub use packet_ring::{PacketRing, RingFrame};
pub use ring::ring_exchange;
pub use signals::{SignalMask, block_signals, die_of, restore_signals, unblock_signals};
pub use tcp::{TcpCounts, queued, tcp_counts};
