//! From frames to flow records.

pub(crate) mod confined;
mod counts;
mod labels;
mod neighbours;
mod tunnels;

use crate::file::{Frame, PacketLabel};
use crate::flow::key::FlowKey;
use crate::flow::live::{Arrival, Live, Part};
use crate::flow::table::Table;
use crate::flow::{Control, Ended, FlowRecord, Tap};
use crate::names::Names;
use crate::packet::card::Card;
use crate::packet::encapsulation::{self, Carrier, Layer, Peeled};
use crate::packet::fragments::{Fragments, Joined, Lost, Outcome, Place};
use crate::packet::headers::{BYTES_BEHIND_MAX, Headers, Packet, hardware_addresses, is_for_one_card};
use crate::packet::ip::{self, IpPacket};
use crate::packet::transport::{self, Segment};
use crate::trailer;
use confined::{control, header_bytes, is_confined, is_discovery};
use counts::note;
use creance_model::{Endpoint, Timestamp, Transport};
use labels::Labels;
use neighbours::Neighbours;
use tunnels::Tunnels;

pub use counts::{Counts, Unread};

/// Layers within one another that are followed.
const DEPTH_MAX: u8 = 12;
/// Bytes that what was learnt of the flows in progress may take; beyond, flows are written down.
const KEPT_BYTES_MAX: usize = 32 << 20;
/// Bytes held for reassembly over all flows.
const HELD_BYTES_MAX: usize = 48 << 20;

/// The part of the capture that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub to: Timestamp,
}

/// Where finished flows go.
pub trait FlowSink {
    /// Takes a flow.
    ///
    /// # Errors
    /// Where it cannot be kept: the audit must then stop or say so.
    fn take(&mut self, record: Box<FlowRecord>) -> std::io::Result<()>;
}

impl FlowSink for Vec<Box<FlowRecord>> {
    fn take(&mut self, record: Box<FlowRecord>) -> std::io::Result<()> {
        self.push(record);
        Ok(())
    }
}

/// Turns frames into flow records, with bounded memory. Reads no clock: time is that of packets.
#[derive(Debug)]
pub struct Engine<S> {
    sink: S,
    window: Option<Window>,
    input: u32,
    flows: u64,
    table: Table,
    names: Names,
    fragments: Fragments,
    tunnels: Tunnels,
    labels: Labels,
    neighbours: Neighbours,
    /// Bytes held for reassembly, over all flows.
    held: usize,
    /// About how many bytes what was learnt of the flows in progress takes.
    kept: usize,
    counts: Counts,
    error: Option<std::io::Error>,
}

/// What stays the same for all layers of a frame.
#[derive(Debug, Clone, Copy)]
struct Context {
    at: Timestamp,
    part: Part,
    /// False where a part of the packet could go beyond the link.
    confined: bool,
    /// The link-layer addresses of the sender and the receiver.
    hardware: [Card; 2],
    /// `None` where it is not known any more.
    tap: Option<Tap>,
    label: Option<u32>,
    /// The tunnel that the frame came through so far; 0 is none.
    tunnel: u32,
    depth: u8,
    /// How many packets on the wire it took.
    packets: u64,
    /// Bytes of their headers that can carry data of their own.
    header_bytes: u64,
}

impl<S: FlowSink> Engine<S> {
    /// An engine for which the whole capture is judged.
    pub fn new(sink: S) -> Self {
        Self {
            sink,
            window: None,
            input: 0,
            flows: 0,
            table: Table::default(),
            names: Names::default(),
            fragments: Fragments::default(),
            tunnels: Tunnels::default(),
            labels: Labels::default(),
            neighbours: Neighbours::default(),
            held: 0,
            kept: 0,
            counts: Counts::default(),
            error: None,
        }
    }

    /// Judges this window from the next frame on; to be said before the first.
    pub const fn set_window(&mut self, window: Window) {
        self.window = Some(window);
    }

    /// Says that the frames that follow come from another input.
    pub fn next_input(&mut self, input: u32) {
        self.input = input;
        self.labels.next_input();
    }

    /// Takes a frame. `file_labels` are those of the file so far.
    ///
    /// # Errors
    /// Where a finished flow could not be kept.
    pub fn frame(&mut self, frame: &Frame<'_>, file_labels: &[PacketLabel]) -> std::io::Result<()> {
        self.packet(&Packet { frame: *frame, headers: Headers::of(frame).as_ref() }, file_labels)
    }

    /// Takes a frame whose headers were read before.
    ///
    /// # Errors
    /// Where a finished flow could not be kept.
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>, file_labels: &[PacketLabel]) -> std::io::Result<()> {
        let frame = &packet.frame;
        self.counts.packets += 1;
        self.counts.wire_bytes += u64::from(frame.wire_len);
        if self.counts.first.is_none() {
            self.counts.first = Some(frame.at);
        }
        match self.counts.last {
            Some(last) if frame.at < last => self.counts.note_backward(frame.at, last),
            Some(_) | None => self.counts.last = Some(frame.at),
        }
        while let Some((live, ended)) = self.table.expire(frame.at, self.kept > KEPT_BYTES_MAX) {
            self.counts.flows_evicted += u64::from(ended == Ended::Evicted);
            self.emit(live, ended);
        }
        let layer = encapsulation::of_link_type(frame.link_type);
        let mut label = None;
        if let Some(place) = frame.label {
            label = self.labels.of_file(place, file_labels);
        }
        self.counts.ethernet_frames += u64::from(layer == Layer::Ethernet);
        let tap = Some(Tap { input: self.input, interface: frame.interface });
        if let Some(headers) = packet.headers {
            let arrival = Arrival {
                at: frame.at,
                part: self.part(frame.at),
                key: &headers.key,
                source_is_low: headers.source_is_low,
                segment: headers.segment(frame),
                packets: 1,
                wire_len: headers.wire_len as usize,
                header_bytes: 0,
                confined: headers.confined,
                discovery: false,
                control: Control::None,
                label,
                hardware: headers.hardware,
                tap,
            };
            self.arrive(&arrival, 0, false);
        } else {
            self.peel(layer, frame, label, tap);
        }
        match self.error.take() {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// A frame that is not ordinary, layer by layer.
    fn peel(&mut self, layer: Layer, frame: &Frame<'_>, label: Option<u32>, tap: Option<Tap>) {
        let mut context = Context {
            at: frame.at,
            part: self.part(frame.at),
            confined: true,
            hardware: [Card::NONE; 2],
            tap,
            label,
            tunnel: 0,
            depth: 0,
            packets: 1,
            header_bytes: 0,
        };
        let mut data = frame.data;
        let mut wire_len = frame.wire_len as usize;
        if layer == Layer::Ethernet
            && let Some((rest, found)) = trailer::split(data)
        {
            self.counts.trailers += 1;
            wire_len = wire_len.saturating_sub(data.len() - rest.len());
            data = rest;
            context.label = self.labels.keep(found).or(context.label);
        }
        context.hardware = hardware_addresses(layer, data);
        context.confined = !is_for_one_card(layer, data);
        self.layer(context, layer, data, wire_len);
    }

    /// Ends all flows. Returns the counts, the labels and the sink.
    ///
    /// # Errors
    /// Where a flow could not be kept.
    pub fn finish(mut self) -> std::io::Result<(Counts, Vec<PacketLabel>, S)> {
        self.fragments.finish();
        self.account_lost_fragments();
        for live in self.table.drain() {
            self.emit(live, Ended::WithCapture);
        }
        self.counts.names_forgotten = self.names.forgotten;
        match self.error {
            None => Ok((self.counts, self.labels.list, self.sink)),
            Some(error) => Err(error),
        }
    }

    const fn part(&self, at: Timestamp) -> Part {
        match self.window {
            Some(window) if at.0 < window.from.0 => Part::Before,
            Some(window) if at.0 > window.to.0 => Part::After,
            Some(_) | None => Part::Window,
        }
    }

    fn layer(&mut self, context: Context, layer: Layer, bytes: &[u8], wire_len: usize) {
        if context.depth >= DEPTH_MAX {
            self.unread(context, "more than 12 layers within one another", bytes.len());
            return;
        }
        let deeper = Context { depth: context.depth + 1, ..context };
        if layer == Layer::Ip {
            match ip::parse(bytes, wire_len) {
                Ok(packet) => {
                    let behind = wire_len.saturating_sub(packet.wire_len);
                    if behind > BYTES_BEHIND_MAX {
                        self.unread(context, "bytes behind an IP packet", behind);
                    }
                    self.ip(deeper, &packet);
                }
                Err(what) => self.unread(context, what, bytes.len()),
            }
            return;
        }
        match encapsulation::peel(layer, bytes) {
            Peeled::Inner(next, rest) => {
                self.layer(deeper, next, rest, wire_len.saturating_sub(bytes.len() - rest.len()))
            }
            Peeled::LinkOnly(name, message) => {
                match self.neighbours.take(name, context.hardware, message, context.at) {
                    Ok(()) => {
                        let one = self.counts_of(context, bytes.len());
                        note(&mut self.counts.link_only, name, &one);
                    }
                    Err(unusual) => self.unread(context, &unusual.named(name), bytes.len()),
                }
            }
            Peeled::Unread(name) => self.unread(context, &name, bytes.len()),
        }
    }

    fn ip(&mut self, context: Context, packet: &IpPacket<'_>) {
        if packet.fragment.is_none() {
            self.transport(context, packet, packet.payload, packet.payload_wire_len);
            return;
        }
        let confined = is_confined(packet, context.hardware[1]);
        let in_window = context.part == Part::Window;
        let (tunnel, cards) = (context.tunnel, context.hardware);
        let place = Place { at: context.at, in_window, confined, tunnel, cards };
        let outcome = self.fragments.add(packet, place);
        self.account_lost_fragments();
        match outcome {
            Outcome::Waiting => {}
            Outcome::Whole(joined) => self.joined(context, packet, &joined),
            Outcome::Impossible(what) => self.unread(context, what, packet.payload.len()),
        }
    }

    /// A packet that has become whole with its last fragment.
    fn joined(&mut self, context: Context, last: &IpPacket<'_>, joined: &Joined) {
        let part = if joined.in_window { Part::Window } else { context.part };
        let context = Context { part, packets: joined.packets, confined: joined.confined, ..context };
        let wire_len = usize::try_from(joined.wire_bytes).unwrap_or(usize::MAX);
        let whole = IpPacket {
            fragment: None,
            payload: &joined.bytes,
            payload_wire_len: joined.bytes.len(),
            wire_len,
            source_routed: joined.source_routed,
            ..*last
        };
        match ip::after_joining(whole) {
            Ok(whole) => self.transport(context, &whole, whole.payload, whole.payload_wire_len),
            Err(what) => self.unread(context, what, joined.bytes.len()),
        }
    }

    fn transport(&mut self, context: Context, packet: &IpPacket<'_>, bytes: &[u8], wire_len: usize) {
        let context = Context { header_bytes: header_bytes(packet, context.packets), ..context };
        if packet.source_routed {
            // It names its last address elsewhere, for the one that it is sent to first.
            self.unread(context, "source routing", bytes.len());
        }
        let tunnel = encapsulation::of_ip_protocol(packet.protocol);
        let segment = match transport::parse(packet.protocol, bytes, wire_len) {
            Ok(segment) => segment,
            Err(what) => {
                self.unread(context, what, bytes.len());
                // It still went from one address to another.
                let segment = Segment {
                    transport: Transport::Other(packet.protocol),
                    ports: [0, 0],
                    tcp: None,
                    payload: bytes,
                    payload_wire_len: wire_len,
                    surplus: 0,
                };
                self.flow(context, packet, segment, false);
                return;
            }
        };
        let tunnel = tunnel.map(|(layer, kind)| (layer, kind, bytes)).or_else(|| {
            let udp = segment.transport == Transport::Udp;
            let found = if udp { encapsulation::of_udp(segment.ports, segment.payload) } else { None };
            found.map(|(layer, kind)| (layer, kind, segment.payload))
        });
        self.flow(context, packet, segment, tunnel.is_some());
        if let Some((layer, kind, inner)) = tunnel {
            let carrier = Carrier { kind, source: packet.source, destination: packet.destination };
            let tunnel = self.tunnels.number(context.tunnel, carrier);
            let cut = wire_len.saturating_sub(bytes.len());
            self.layer(Context { tunnel, packets: 1, ..context }, layer, inner, inner.len() + cut);
        }
    }

    fn flow(&mut self, context: Context, packet: &IpPacket<'_>, segment: Segment<'_>, is_tunnel: bool) {
        let [from, to] = segment.ports;
        let source = Endpoint { addr: packet.source, port: from };
        let destination = Endpoint { addr: packet.destination, port: to };
        let (key, source_is_low) = FlowKey::new(segment.transport, source, destination, context.tunnel);
        let confined = context.confined && context.tunnel == 0 && is_confined(packet, context.hardware[1]);
        let arrival = Arrival {
            at: context.at,
            part: context.part,
            key: &key,
            source_is_low,
            segment,
            packets: context.packets,
            wire_len: packet.wire_len,
            header_bytes: context.header_bytes + segment.surplus as u64,
            confined,
            discovery: is_discovery(packet),
            control: control(packet),
            label: context.label,
            hardware: if context.tunnel == 0 { context.hardware } else { [Card::NONE; 2] },
            tap: context.tap,
        };
        self.arrive(&arrival, context.tunnel, is_tunnel);
    }

    /// A packet for the flow that it belongs to.
    #[inline]
    fn arrive(&mut self, arrival: &Arrival<'_>, tunnel: u32, is_tunnel: bool) {
        let (key, source_is_low) = (arrival.key, arrival.source_is_low);
        let room = HELD_BYTES_MAX.saturating_sub(self.held);
        let mut is_superseded = false;
        if let Some((place, live)) = self.table.find(key) {
            is_superseded = live.is_superseded_by(arrival);
            if !is_superseded {
                let (held, kept, was_over) = (live.held, live.kept, live.is_over);
                live.record.is_tunnel |= is_tunnel;
                live.take(arrival, live.client_is_low == source_is_low, &mut self.names, room);
                self.held = (self.held + live.held).saturating_sub(held);
                self.kept = (self.kept + live.kept).saturating_sub(kept);
                if live.is_over != was_over {
                    self.table.hasten(place);
                }
                return;
            }
        }
        if is_superseded && let Some(live) = self.table.remove(key) {
            self.emit(live, Ended::Closed);
        }
        self.open(arrival, tunnel, is_tunnel);
    }

    /// The first packet of a flow.
    fn open(&mut self, arrival: &Arrival<'_>, tunnel: u32, is_tunnel: bool) {
        let room = HELD_BYTES_MAX.saturating_sub(self.held);
        self.flows += 1;
        let mut live = Live::new(self.flows, self.input, arrival);
        let from_client = live.client_is_low == arrival.source_is_low;
        live.record.bindings = self.names.of(live.record.server.addr);
        live.record.tunnels = self.tunnels.chain(tunnel);
        live.record.is_tunnel = is_tunnel;
        live.take(arrival, from_client, &mut self.names, room);
        live.weigh();
        self.held += live.held;
        self.kept += live.kept;
        self.table.insert(*arrival.key, live);
    }

    fn emit(&mut self, live: Live, ended: Ended) {
        self.held = self.held.saturating_sub(live.held);
        self.kept = self.kept.saturating_sub(live.kept);
        self.counts.heads_given_up += u64::from(live.head_given_up);
        let record = live.finish(ended, &mut self.names);
        if let Err(error) = self.sink.take(record) {
            self.error.get_or_insert(error);
        }
    }

    fn account_lost_fragments(&mut self) {
        for lost in std::mem::take(&mut self.fragments.lost) {
            self.counts.fragments_lost += 1;
            let Lost { source, destination, protocol, place, wire_bytes, packets } = lost;
            let Place { at, in_window, tunnel, cards, .. } = place;
            let wire_len = usize::try_from(wire_bytes).unwrap_or(usize::MAX);
            let context = Context {
                at,
                part: if in_window { Part::Window } else { self.part(at) },
                confined: false,
                hardware: cards,
                tap: None,
                label: None,
                tunnel,
                depth: 0,
                packets,
                header_bytes: 0,
            };
            let packet = IpPacket {
                source,
                destination,
                protocol,
                hop_limit: 64,
                source_routed: false,
                fragment: None,
                payload: &[],
                payload_wire_len: wire_len,
                wire_len,
            };
            let segment = Segment {
                transport: Transport::Other(protocol),
                ports: [0, 0],
                tcp: None,
                payload: &[],
                payload_wire_len: wire_len,
                surplus: 0,
            };
            self.flow(context, &packet, segment, false);
        }
    }

    const fn counts_of(&self, context: Context, bytes: usize) -> Unread {
        Unread {
            packets: context.packets,
            bytes: bytes as u64,
            first_packet: self.counts.packets,
            in_window: if matches!(context.part, Part::Window) { context.packets } else { 0 },
        }
    }

    fn unread(&mut self, context: Context, name: &str, bytes: usize) {
        let one = self.counts_of(context, bytes);
        note(&mut self.counts.unread, name, &one);
    }
}
