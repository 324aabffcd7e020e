//! What the kernel offers and no library offers safely.
//!
//! The only crate with unsafe code: each function wraps one system call, takes descriptors that
//! the compiler knows to be open, and hands out what it made as an owner. Nothing here decides.
//! Linux alone.

pub mod calls;
mod descriptors;
mod mounts;
mod namespaces;
mod packet;
mod signals;
mod tcp;
mod unshare;

pub use descriptors::close_at_exec;
pub use mounts::{Attributes, set_attributes_below};
pub use namespaces::{Namespaces, leave_namespaces};
pub use packet::{PacketCounts, PacketKind, PacketReceived, PacketSocket, VlanTag};
pub use signals::{SignalMask, block_signals, die_of, restore_signals, unblock_signals};
pub use tcp::{TcpCounts, tcp_counts};
pub use unshare::{Unshare, unshare};
