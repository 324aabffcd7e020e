//! What is counted besides flows.

use creance_model::Timestamp;
use std::collections::BTreeMap;

/// Different things that are not understood, counted by name.
const UNREAD_KINDS_MAX: usize = 256;

/// Packets of one kind that are not part of any flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unread {
    /// How many.
    pub packets: u64,
    /// Bytes captured of them.
    pub bytes: u64,
    /// The number of the first such packet, counted from 1 over all inputs.
    pub first_packet: u64,
    /// How many of them lie within the judged window.
    pub in_window: u64,
}

impl Unread {
    const fn merge(&mut self, other: &Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.in_window += other.in_window;
    }
}

/// What the engine counted besides flows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets, over all inputs.
    pub packets: u64,
    /// Bytes of packets on the wire.
    pub wire_bytes: u64,
    /// The first moment of any packet.
    pub first: Option<Timestamp>,
    /// The last moment of any packet.
    pub last: Option<Timestamp>,
    /// Packets whose time is before that of an earlier packet.
    pub backward_times: u64,
    /// The largest step backward in time, in nanoseconds.
    pub backward_nanos_max: u64,
    /// Ethernet frames.
    pub ethernet_frames: u64,
    /// Ethernet frames with a trailer that names an app.
    pub trailers: u64,
    /// What was not understood, by name. It may have carried anything.
    pub unread: BTreeMap<String, Unread>,
    /// Traffic between neighbours that no router forwards, by name.
    pub link_only: BTreeMap<String, Unread>,
    /// IP packets that never became whole; their bytes are flows of their own.
    pub fragments_lost: u64,
    /// Flows put out of memory to make room while they may still have been in use.
    pub flows_evicted: u64,
    /// Names tied to addresses that were forgotten to make room.
    pub names_forgotten: u64,
    /// Flows whose bytes were not read since no memory was left for them.
    pub heads_given_up: u64,
}

/// Counts packets of one kind.
pub(super) fn note(kinds: &mut BTreeMap<String, Unread>, name: &str, one: &Unread) {
    if let Some(known) = kinds.get_mut(name) {
        return known.merge(one);
    }
    let name = if kinds.len() < UNREAD_KINDS_MAX { name } else { "other" };
    let first = Unread { first_packet: one.first_packet, ..Unread::default() };
    kinds.entry(name.to_owned()).or_insert(first).merge(one);
}

impl Counts {
    /// Notes a packet whose time is before that of the packet before it.
    pub(super) fn note_backward(&mut self, at: Timestamp, last: Timestamp) {
        self.backward_times += 1;
        self.backward_nanos_max = self.backward_nanos_max.max(last.since(at).0);
    }
}
