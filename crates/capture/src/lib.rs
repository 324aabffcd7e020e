//! pcap and pcapng files, encapsulations, the flow table and bounded reassembly.
//!
//! Bytes come in at the front ([`Source`], [`Reader`], [`Ahead`]), packets go through the [`Engine`], and
//! flow records come out into a [`FlowSink`], usually a [`Spill`]. Memory is bounded whatever the
//! input: what is put out of memory is either written down or counted in [`Counts`].

mod ahead;
mod certificates;
mod engine;
mod file;
mod flow;
mod names;
mod packet;
mod source;
mod spill;
mod trailer;

pub use ahead::{Ahead, Batch, CaptureRead};
pub use certificates::CertificateStore;
pub use engine::{Counts, Engine, FlowSink, Unread, Window};
pub use file::{
    Ending, FileFacts, Format, Frame, Interface, OpenError, PACKET_BYTES_MAX, PacketLabel, Reader,
};
pub use flow::{
    Binding, Control, Ended, FlowRecord, Queried, Started, Tap, Taps, Traffic, Tunnel, Unique, Volume,
};
pub use packet::headers::Packet;
pub use source::{Compression, InputDigest, Source};
pub use spill::{Flows, Spill};
