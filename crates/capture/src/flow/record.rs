//! What is kept of a flow.

use super::compact;
use super::control::Control;
use super::once::Unique;
use creance_model::{Endpoint, HostName, Timestamp, Transport};
use creance_wire::Facts;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Packets and bytes in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Packets, fragments counted one by one.
    pub packets: u64,
    /// Bytes on the wire, IP headers included.
    pub bytes: u64,
    /// Bytes of payload within the transport, retransmissions included.
    pub payload: u64,
    /// How many of these came as keep-alives of TCP (RFC 9293, 3.8.4): single bytes in the place of
    /// the last one that was sent.
    pub keepalive: u64,
}

impl Volume {
    pub(crate) const fn add(&mut self, packets: u64, bytes: u64, payload: u64, keepalive: u64) {
        self.packets += packets;
        self.bytes += bytes;
        self.payload += payload;
        self.keepalive += keepalive;
    }

    /// Adds another volume.
    pub const fn merge(&mut self, other: Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.payload += other.payload;
        self.keepalive += other.keepalive;
    }
}

/// Both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// From the client to the server.
    pub up: Volume,
    /// From the server to the client.
    pub down: Volume,
    /// Whether a packet opened the conversation (a TCP SYN without ACK).
    pub opened: bool,
}

impl Traffic {
    const fn merge(&mut self, other: Self) {
        self.up.merge(other.up);
        self.down.merge(other.down);
        self.opened |= other.opened;
    }
}

/// Where frames were taken from the wire: an interface of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tap {
    /// Which input.
    pub input: u32,
    /// The interface's index in that input's `FileFacts::interfaces`.
    pub interface: u32,
}

/// Which taps saw something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Taps {
    /// None did.
    #[default]
    None,
    /// One.
    One(Tap),
    /// More than one.
    Several,
}

impl Taps {
    pub(crate) fn add(&mut self, tap: Tap) {
        *self = match *self {
            Self::None => Self::One(tap),
            Self::One(known) if known == tap => Self::One(known),
            Self::One(_) | Self::Several => Self::Several,
        };
    }
}

/// How a flow's first packet looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Started {
    /// With its first packet, as far as one can tell.
    AtStart,
    /// In the middle: what was said before is not in the capture.
    MidStream,
}

/// How a flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// Closed by both sides.
    Closed,
    /// Reset.
    Reset,
    /// Silent for so long that it was taken for ended.
    Idle,
    /// The capture ended first.
    WithCapture,
    /// Put out of memory to make room; what came after is a flow of its own.
    Evicted,
}

/// A tunnel that a flow came through.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tunnel {
    /// What kind, such as `gre`.
    pub kind: String,
    /// One end, as in the first packet's source.
    pub source: IpAddr,
    /// The other end.
    pub destination: IpAddr,
}

/// A name that DNS in the capture tied to an address before the flow began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The name that was asked for.
    pub name: HostName,
    /// The names that it was led through, in order, without itself.
    pub aliases: Vec<HostName>,
    /// Who answered.
    pub resolver: IpAddr,
    /// Who had asked.
    pub asked_by: IpAddr,
    /// When the answer came.
    pub at: Timestamp,
}

impl Binding {
    /// About how much memory it takes, in bytes.
    pub(crate) fn held(&self) -> usize {
        let aliases = self.aliases.iter().map(|alias| size_of::<HostName>() + alias.as_str().len());
        size_of::<Self>() + self.name.as_str().len() + aliases.sum::<usize>()
    }
}

/// A name that was asked for within a DNS flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queried {
    /// The name, where it is a host name.
    pub host: Option<HostName>,
    /// The name as text, whatever it is.
    pub text: String,
    /// The type of record asked for.
    pub kind: u16,
    /// Whether it was asked within the judged window.
    pub in_window: bool,
    /// How often it was asked.
    pub times: u32,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRecord {
    /// Counted from 1 in the order of first packets, over all inputs.
    pub number: u64,
    /// The input in which it began.
    pub input: u32,
    /// What carries it.
    pub transport: Transport,
    /// The side that opened it, or was seen first.
    #[serde(with = "compact::end")]
    pub client: Endpoint,
    /// The side that answered.
    #[serde(with = "compact::end")]
    pub server: Endpoint,
    /// The link-layer addresses of client and server in the first packet that has them. Beyond a
    /// router that is the router's.
    #[serde(with = "compact::cards")]
    pub hardware: [Option<[u8; 6]>; 2],
    /// Further link-layer addresses that sent packets for the client, and for the server, at most
    /// eight each.
    pub other_hardware: [Vec<[u8; 6]>; 2],
    /// Whether there were more of them.
    pub other_hardware_left_out: bool,
    /// The link-layer addresses that packets for the client, and for the server, were sent to.
    #[serde(with = "compact::cards")]
    pub next_hops: [Option<[u8; 6]>; 2],
    /// Whether packets for one of them went to more than one link-layer address.
    pub next_hops_differ: bool,
    /// The taps that saw it before the judged window, in it, and after it.
    pub taps: [Taps; 3],
    /// Whether every packet so far from either side went to a group on the link (link-layer
    /// broadcast or multicast, or IP multicast with a hop limit of 1).
    pub confined_to_link: bool,
    /// Whether every packet is shaped like neighbour discovery (RFC 4861), wherever it went.
    pub is_discovery: bool,
    /// What kind of ICMP every packet of it is, where it is some that hosts send by themselves.
    pub control: Control,
    /// The payload of client and server, each byte once: TCP by sequence numbers, all else as it is.
    pub unique: [Unique; 2],
    /// When client and server last sent payload.
    pub payload_last: [Option<Timestamp>; 2],
    /// Whether client and server broke it off by a reset.
    pub reset_by: [bool; 2],
    /// The first packet.
    pub first: Timestamp,
    /// The last packet.
    pub last: Timestamp,
    /// How it began.
    pub started: Started,
    /// How it ended.
    pub ended: Ended,
    /// What of it lies before the judged window.
    #[serde(with = "compact::traffic")]
    pub before: Traffic,
    /// What of it lies within the judged window.
    pub window: Traffic,
    /// What of it lies after the judged window.
    #[serde(with = "compact::traffic")]
    pub after: Traffic,
    /// The tunnels that it came through, outermost first.
    pub tunnels: Vec<Tunnel>,
    /// Whether it carries other flows, which are listed on their own.
    pub is_tunnel: bool,
    /// What was learnt from its bytes.
    pub facts: Facts,
    /// Bytes of IP options, extension headers and authentication headers that the client's packets
    /// had, and the server's, and bytes behind the ends of their datagrams (RFC 9868): they can
    /// carry data of their own.
    pub header_bytes: [u64; 2],
    /// The most payload that a packet of the client's had, and one of the server's, in bytes.
    pub payload_max: [u32; 2],
    /// The server's certificates, by their place in the store, leaf first.
    pub certificates: Vec<u32>,
    /// Whether the server sent certificates that the store had no room for.
    pub certificates_not_kept: bool,
    /// Names asked for, where this is DNS.
    pub queried: Vec<Queried>,
    /// Names asked for that are more than is kept.
    pub queried_left_out: u64,
    /// DNS answers that fit no question of this flow; they tie nothing.
    pub unasked_answers: u64,
    /// Names that DNS tied to the server's address before.
    pub bindings: Vec<Binding>,
    /// Packets cut short by the snap length.
    pub truncated_packets: u64,
    /// Acknowledgements of bytes that are not in the capture: the capture has lost packets.
    pub unseen_acknowledged: u64,
    /// The app that the capture names, as an index into its labels.
    pub label: Option<u32>,
    /// Whether packets of the flow name different apps.
    pub labels_differ: bool,
}

impl FlowRecord {
    /// All its traffic.
    #[inline]
    #[must_use]
    pub const fn total(&self) -> Traffic {
        let mut total = self.window;
        total.merge(self.before);
        total.merge(self.after);
        total
    }

    /// About how much memory it takes besides its own size, in bytes.
    pub(crate) fn held(&self) -> usize {
        let queried = self.queried.iter().map(|asked| {
            size_of::<Queried>() + asked.text.len() + asked.host.as_ref().map_or(0, |it| it.as_str().len())
        });
        let cards = self.other_hardware.iter().map(|cards| cards.capacity() * size_of::<[u8; 6]>());
        self.facts.held()
            + queried.sum::<usize>()
            + self.bindings.iter().map(Binding::held).sum::<usize>()
            + cards.sum::<usize>()
    }
}
