//! A small internet for tests and demonstrations: captures made packet by packet, and one that
//! runs, with apps that behave well or badly.
//!
//! The captures are deterministic: the same calls give the same bytes. Nothing of them is ever
//! sent: addresses and names are only bytes in files. What the [`live`] internet sends stays in
//! namespaces without a link to the machine's network. The crate knows nothing of the crates that
//! read captures, so that a mistake made there is not made here too.
//!
//! From the bottom up: [`ip`], [`tunnel`] and [`link`] make packets and frames, [`dns`], [`tls`],
//! [`quic`], [`app`] and [`drone`] make what they carry, a [`Recorder`] collects them with
//! their times, [`Tcp`] and [`Udp`] hold conversations on it, [`pcap`] and [`pcapng`] write files,
//! and [`scenario`] tells whole stories that an audit must judge rightly. On Linux there are also
//! the [`live`] internet, the apps of [`behave`], and the load of [`speed`] for measurements.

pub mod app;
#[cfg(target_os = "linux")]
pub mod behave;
pub mod bytes;
pub mod dns;
pub mod drone;
pub mod flood;
pub mod ip;
pub mod link;
#[cfg(target_os = "linux")]
pub mod live;
pub mod merge;
pub mod pcap;
pub mod pcapng;
pub mod quic;
pub mod read;
mod recorder;
pub mod sample;
pub mod scenario;
#[cfg(target_os = "linux")]
pub mod speed;
mod talk;
pub mod tls;
pub mod tunnel;

pub use recorder::{Packet, Recorder};
pub use talk::{Side, Tcp, Udp};
