//! Putting IP packets together from their fragments, within bounds.

use super::card::Card;
use super::ip::IpPacket;
use creance_model::{Duration, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// Packets in progress.
const PACKETS_MAX: usize = 512;
/// Bytes held for packets in progress.
const BYTES_MAX: usize = 8 << 20;
/// The largest IP packet.
const PACKET_BYTES_MAX: usize = 65_535;
/// How long the rest of a packet is waited for (RFC 8200, 4.5: 60 s).
const PATIENCE: Duration = Duration::from_seconds(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    id: u32,
    tunnel: u32,
    /// Whoever sends others' fragments does not make them whole, nor who gets a part of them.
    cards: [Card; 2],
}

/// Where a fragment was seen; for the whole packet, where its first one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: Timestamp,
    /// Whether any fragment lies within the judged window.
    pub(crate) in_window: bool,
    /// Whether no fragment can go beyond the link.
    pub(crate) confined: bool,
    /// The tunnel that it came through; 0 is none.
    pub(crate) tunnel: u32,
    /// The link-layer addresses of the sender and the receiver.
    pub(crate) cards: [Card; 2],
}

#[derive(Debug)]
struct Partial {
    place: Place,
    bytes: Vec<u8>,
    /// Which bytes are there: sorted ranges that do not touch.
    have: Vec<(usize, usize)>,
    total: Option<usize>,
    /// Parts of it were cut short by the snap length, or overlap each other with other bytes.
    spoilt: bool,
    /// Bytes on the wire, headers included.
    wire_bytes: u64,
    /// Fragments seen.
    packets: u64,
    source_routed: bool,
}

/// A packet that was given up: its bytes left all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) place: Place,
    pub(crate) wire_bytes: u64,
    /// Fragments seen.
    pub(crate) packets: u64,
}

/// A packet that is whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    /// What followed the headers that each fragment has.
    pub(crate) bytes: Vec<u8>,
    /// Bytes of all fragments on the wire, headers included.
    pub(crate) wire_bytes: u64,
    /// Fragments that it took.
    pub(crate) packets: u64,
    /// Whether any of them lies within the judged window.
    pub(crate) in_window: bool,
    /// Whether none of them can go beyond the link.
    pub(crate) confined: bool,
    /// Whether any of them asks to be sent on.
    pub(crate) source_routed: bool,
}

/// What became of a fragment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// More is needed.
    Waiting,
    /// The packet is whole.
    Whole(Joined),
    /// The fragment cannot be part of any packet.
    Impossible(&'static str),
}

/// Packets in progress.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    partial: HashMap<Key, Partial, foldhash::fast::RandomState>,
    order: VecDeque<Key>,
    bytes: usize,
    /// Packets that were given up since this was last emptied.
    pub(crate) lost: Vec<Lost>,
}

impl Fragments {
    /// Adds a fragment.
    pub(crate) fn add(&mut self, packet: &IpPacket<'_>, place: Place) -> Outcome {
        let Some(fragment) = packet.fragment else { return Outcome::Impossible("not a fragment") };
        let end = fragment.offset + packet.payload_wire_len;
        if end > PACKET_BYTES_MAX {
            return Outcome::Impossible("IP fragment beyond the largest packet");
        }
        let key = Key {
            source: packet.source,
            destination: packet.destination,
            protocol: packet.protocol,
            id: fragment.id,
            tunnel: place.tunnel,
            cards: place.cards,
        };
        // The identification is unique among all packets between two hosts (RFC 8200, 4.5).
        let key = if packet.source.is_ipv6() { Key { protocol: 44, ..key } } else { key };
        self.make_room(place.at);
        let partial = self.partial.entry(key).or_insert_with(|| {
            self.order.push_back(key);
            Partial {
                place,
                bytes: Vec::new(),
                have: Vec::new(),
                total: None,
                spoilt: false,
                wire_bytes: 0,
                packets: 0,
                source_routed: false,
            }
        });
        let before = partial.bytes.len();
        partial.wire_bytes += packet.wire_len as u64;
        partial.packets += 1;
        partial.source_routed |= packet.source_routed;
        partial.place.in_window |= place.in_window;
        partial.place.confined &= place.confined;
        partial.add(packet.payload, fragment.offset, end, fragment.more);
        self.bytes += partial.bytes.len() - before;
        if !partial.is_whole() {
            return Outcome::Waiting;
        }
        self.order.retain(|other| *other != key);
        let Some(partial) = self.partial.remove(&key) else { return Outcome::Waiting };
        self.bytes -= partial.bytes.len();
        if partial.spoilt {
            self.lost.push(lost(key, &partial));
            return Outcome::Waiting;
        }
        Outcome::Whole(Joined {
            bytes: partial.bytes,
            wire_bytes: partial.wire_bytes,
            packets: partial.packets,
            in_window: partial.place.in_window,
            confined: partial.place.confined,
            source_routed: partial.source_routed,
        })
    }

    /// Gives up what never became whole, at the end of the capture.
    pub(crate) fn finish(&mut self) {
        for key in std::mem::take(&mut self.order) {
            if let Some(partial) = self.partial.remove(&key) {
                self.lost.push(lost(key, &partial));
            }
        }
        self.bytes = 0;
    }

    fn make_room(&mut self, now: Timestamp) {
        while let Some(key) = self.order.front() {
            let crowded = self.order.len() >= PACKETS_MAX || self.bytes >= BYTES_MAX;
            let old = self.partial.get(key).is_none_or(|partial| now.since(partial.place.at) > PATIENCE);
            if !crowded && !old {
                break;
            }
            if let Some(partial) = self.partial.remove(key) {
                self.bytes -= partial.bytes.len();
                let key = *key;
                self.lost.push(lost(key, &partial));
            }
            self.order.pop_front();
        }
    }
}

const fn lost(key: Key, partial: &Partial) -> Lost {
    let Key { source, destination, protocol, .. } = key;
    let Partial { place, wire_bytes, packets, .. } = *partial;
    Lost { source, destination, protocol, place, wire_bytes, packets }
}

impl Partial {
    fn add(&mut self, payload: &[u8], start: usize, end: usize, more: bool) {
        if payload.len() < end - start || self.have.len() > 256 {
            self.spoilt = true;
        }
        if !more {
            self.spoilt |= self.total.is_some_and(|total| total != end);
            self.total = Some(end);
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        for &(from, to) in &self.have {
            let (from, to) = (from.max(start), to.min(end));
            let overlap = from..to;
            if from < to && self.bytes.get(overlap) != payload.get(from - start..to - start) {
                self.spoilt = true;
            }
        }
        if let Some(place) = self.bytes.get_mut(start..start + payload.len().min(end - start)) {
            place.copy_from_slice(payload.get(..place.len()).unwrap_or_default());
        }
        self.have.push((start, end));
        self.have.sort_unstable();
        self.have = self.have.iter().fold(Vec::new(), |mut joined: Vec<(usize, usize)>, &(from, to)| {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
            joined
        });
    }

    fn is_whole(&self) -> bool {
        matches!((self.have.as_slice(), self.total), ([(0, end)], Some(total)) if *end == total)
    }
}
