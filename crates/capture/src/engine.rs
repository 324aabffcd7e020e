//! From frames to flow records.

use crate::file::{Frame, PacketLabel};
use crate::flow::key::FlowKey;
use crate::flow::live::{Arrival, Live, Part};
use crate::flow::table::Table;
use crate::flow::{Ended, FlowRecord, Tunnel};
use crate::names::Names;
use crate::packet::encapsulation::{self, Carrier, Layer, Peeled};
use crate::packet::fragments::{Fragments, Lost, Outcome};
use crate::packet::ip::{self, IpPacket};
use crate::packet::transport::{self, Segment};
use crate::trailer;
use creance_model::{Endpoint, Scope, Timestamp, Transport, scope};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Layers within one another that are followed.
const DEPTH_MAX: u8 = 12;
/// Different tunnels that are told apart.
const TUNNELS_MAX: usize = 4096;
/// Different things that are not understood, counted by name.
const UNREAD_KINDS_MAX: usize = 256;
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
    /// Packets whose time is before that of the packet before them.
    pub backward_times: u64,
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
    tunnels: HashMap<(u32, Carrier), u32>,
    carriers: Vec<(u32, Carrier)>,
    labels: Vec<PacketLabel>,
    label_index: HashMap<PacketLabel, u32>,
    file_labels: Vec<Option<u32>>,
    held: usize,
    counts: Counts,
    error: Option<std::io::Error>,
}

/// What stays the same for all layers of a frame.
#[derive(Debug, Clone, Copy)]
struct Context {
    at: Timestamp,
    part: Part,
    /// Sent to a group of the link layer.
    link_group: bool,
    /// The link-layer addresses of the sender and the receiver.
    hardware: [Option<[u8; 6]>; 2],
    label: Option<u32>,
    /// The tunnel that the frame came through so far; 0 is none.
    tunnel: u32,
    depth: u8,
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
            tunnels: HashMap::new(),
            carriers: Vec::new(),
            labels: Vec::new(),
            label_index: HashMap::new(),
            file_labels: Vec::new(),
            held: 0,
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
        self.file_labels.clear();
    }

    /// Takes a frame. `file_labels` are those of the file so far.
    ///
    /// # Errors
    /// Where a finished flow could not be kept.
    #[inline]
    pub fn frame(&mut self, frame: &Frame<'_>, file_labels: &[PacketLabel]) -> std::io::Result<()> {
        self.counts.packets += 1;
        self.counts.wire_bytes += u64::from(frame.wire_len);
        if self.counts.first.is_none() {
            self.counts.first = Some(frame.at);
        }
        match self.counts.last {
            Some(last) if frame.at < last => self.counts.backward_times += 1,
            Some(_) | None => self.counts.last = Some(frame.at),
        }
        while let Some((live, ended)) = self.table.expire(frame.at) {
            self.counts.flows_evicted += u64::from(ended == Ended::Evicted);
            self.emit(live, ended);
        }
        let layer = encapsulation::of_link_type(frame.link_type);
        let mut label = None;
        if let Some(place) = frame.label {
            label = self.label_of_file(place, file_labels);
        }
        let mut data = frame.data;
        let mut wire_len = frame.wire_len as usize;
        if layer == Layer::Ethernet {
            if let Some((rest, found)) = trailer::split(data) {
                wire_len = wire_len.saturating_sub(data.len() - rest.len());
                data = rest;
                label = self.label(found).or(label);
            }
        }
        let hardware = hardware_addresses(layer, data);
        let link_group = hardware[1].is_some_and(|[first, ..]| first & 1 == 1);
        let context = Context {
            at: frame.at,
            part: self.part(frame.at),
            link_group,
            hardware,
            label,
            tunnel: 0,
            depth: 0,
        };
        self.layer(context, layer, data, wire_len);
        match self.error.take() {
            None => Ok(()),
            Some(error) => Err(error),
        }
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
            None => Ok((self.counts, self.labels, self.sink)),
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
                Ok(packet) => self.ip(deeper, &packet),
                Err(what) => self.unread(context, what, bytes.len()),
            }
            return;
        }
        match encapsulation::peel(layer, bytes) {
            Peeled::Inner(next, rest) => {
                self.layer(deeper, next, rest, wire_len.saturating_sub(bytes.len() - rest.len()))
            }
            Peeled::LinkOnly(name) => {
                let one = self.counts_of(context, bytes.len());
                note(&mut self.counts.link_only, name, &one);
            }
            Peeled::Unread(name) => self.unread(context, &name, bytes.len()),
        }
    }

    fn ip(&mut self, context: Context, packet: &IpPacket<'_>) {
        if packet.fragment.is_none() {
            self.transport(context, packet, packet.payload, packet.payload_wire_len);
            return;
        }
        match self.fragments.add(packet, context.at) {
            Outcome::Waiting => self.account_lost_fragments(),
            Outcome::Whole(bytes) => {
                let whole = IpPacket { fragment: None, wire_len: bytes.len() + 20, ..*packet };
                self.transport(context, &whole, &bytes, bytes.len());
            }
            Outcome::Impossible(what) => self.unread(context, what, packet.payload.len()),
        }
    }

    fn transport(&mut self, context: Context, packet: &IpPacket<'_>, bytes: &[u8], wire_len: usize) {
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
            let tunnel = self.tunnel(context.tunnel, carrier);
            let cut = wire_len.saturating_sub(bytes.len());
            self.layer(Context { tunnel, ..context }, layer, inner, inner.len() + cut);
        }
    }

    #[inline]
    fn flow(&mut self, context: Context, packet: &IpPacket<'_>, segment: Segment<'_>, is_tunnel: bool) {
        let [from, to] = segment.ports;
        let source = Endpoint { addr: packet.source, port: from };
        let destination = Endpoint { addr: packet.destination, port: to };
        let (key, source_is_low) = FlowKey::new(segment.transport, source, destination, context.tunnel);
        let confined = is_confined(packet, context.link_group && context.tunnel == 0);
        let arrival = Arrival {
            at: context.at,
            part: context.part,
            segment,
            source,
            destination,
            wire_len: packet.wire_len,
            confined,
            label: context.label,
        };
        if self.table.find(&key).is_some_and(|live| live.is_superseded_by(&arrival)) {
            if let Some(live) = self.table.remove(&key) {
                self.emit(live, Ended::Closed);
            }
        }
        let room = HELD_BYTES_MAX.saturating_sub(self.held);
        if let Some(live) = self.table.find(&key) {
            let before = live.held;
            live.record.is_tunnel |= is_tunnel;
            live.take(&arrival, live.client_is_low == source_is_low, &mut self.names, room);
            self.held = (self.held + live.held).saturating_sub(before);
            return;
        }
        self.flows += 1;
        let mut live = Live::new(self.flows, self.input, &arrival, source_is_low);
        live.record.bindings = self.names.of(live.record.server.addr);
        live.record.tunnels = self.tunnel_chain(context.tunnel);
        live.record.is_tunnel = is_tunnel;
        if context.tunnel == 0 {
            let [sender, receiver] = context.hardware;
            let from_client = live.client_is_low == source_is_low;
            live.record.hardware = if from_client { [sender, receiver] } else { [receiver, sender] };
        }
        live.take(&arrival, live.client_is_low == source_is_low, &mut self.names, room);
        self.held += live.held;
        self.table.insert(key, live);
    }

    fn emit(&mut self, live: Live, ended: Ended) {
        self.held = self.held.saturating_sub(live.held);
        let record = live.finish(ended, &mut self.names);
        if let Err(error) = self.sink.take(record) {
            self.error.get_or_insert(error);
        }
    }

    fn tunnel(&mut self, within: u32, carrier: Carrier) -> u32 {
        // Both directions are one tunnel.
        let carrier = if carrier.source <= carrier.destination {
            carrier
        } else {
            Carrier { source: carrier.destination, destination: carrier.source, ..carrier }
        };
        if let Some(&id) = self.tunnels.get(&(within, carrier)) {
            return id;
        }
        if self.carriers.len() >= TUNNELS_MAX {
            // Beyond the bound tunnels are no longer told apart; their outer flows still are.
            return u32::MAX;
        }
        self.carriers.push((within, carrier));
        let id = u32::try_from(self.carriers.len()).unwrap_or(u32::MAX);
        self.tunnels.insert((within, carrier), id);
        id
    }

    fn tunnel_chain(&self, mut id: u32) -> Vec<Tunnel> {
        let mut chain = Vec::new();
        while let Some(&(within, carrier)) =
            (id as usize).checked_sub(1).and_then(|place| self.carriers.get(place))
        {
            chain.push(Tunnel {
                kind: carrier.kind.to_owned(),
                source: carrier.source,
                destination: carrier.destination,
            });
            id = within;
        }
        chain.reverse();
        chain
    }

    fn account_lost_fragments(&mut self) {
        for lost in std::mem::take(&mut self.fragments.lost) {
            self.counts.fragments_lost += 1;
            let Lost { source, destination, protocol, at, wire_bytes } = lost;
            let wire_len = usize::try_from(wire_bytes).unwrap_or(usize::MAX);
            let context = Context {
                at,
                part: self.part(at),
                link_group: false,
                hardware: [None; 2],
                label: None,
                tunnel: 0,
                depth: 0,
            };
            let packet = IpPacket {
                source,
                destination,
                protocol,
                hop_limit: 64,
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
            };
            self.flow(context, &packet, segment, false);
        }
    }

    fn label_of_file(&mut self, place: u32, file_labels: &[PacketLabel]) -> Option<u32> {
        let place = place as usize;
        if let Some(known) = self.file_labels.get(place) {
            return *known;
        }
        while self.file_labels.len() <= place {
            let label = file_labels.get(self.file_labels.len()).cloned();
            let index = label.and_then(|label| self.label(label));
            self.file_labels.push(index);
        }
        self.file_labels.get(place).copied().flatten()
    }

    fn label(&mut self, label: PacketLabel) -> Option<u32> {
        if let Some(&index) = self.label_index.get(&label) {
            return Some(index);
        }
        if self.labels.len() >= 4096 {
            return None;
        }
        let index = u32::try_from(self.labels.len()).ok()?;
        self.labels.push(label.clone());
        self.label_index.insert(label, index);
        Some(index)
    }

    const fn counts_of(&self, context: Context, bytes: usize) -> Unread {
        Unread {
            packets: 1,
            bytes: bytes as u64,
            first_packet: self.counts.packets,
            in_window: matches!(context.part, Part::Window) as u64,
        }
    }

    fn unread(&mut self, context: Context, name: &str, bytes: usize) {
        let one = self.counts_of(context, bytes);
        note(&mut self.counts.unread, name, &one);
    }
}

fn note(kinds: &mut BTreeMap<String, Unread>, name: &str, one: &Unread) {
    let name = if kinds.contains_key(name) || kinds.len() < UNREAD_KINDS_MAX { name } else { "other" };
    let entry = kinds
        .entry(name.to_owned())
        .or_insert(Unread { first_packet: one.first_packet, ..Unread::default() });
    entry.packets += one.packets;
    entry.bytes += one.bytes;
    entry.in_window += one.in_window;
}

#[inline]
fn hardware_addresses(layer: Layer, frame: &[u8]) -> [Option<[u8; 6]>; 2] {
    match (layer, frame.split_first_chunk::<6>()) {
        (Layer::Ethernet, Some((to, rest))) => [rest.first_chunk().copied(), Some(*to)],
        // Linux cooked captures have the sender's alone; its length stands before it.
        (Layer::LinuxCooked, Some((head, rest))) if head[5] == 6 => [rest.first_chunk().copied(), None],
        _ => [None; 2],
    }
}

/// Whether no router forwards the packet: link-scope groups, multicast with no hops left,
/// neighbour discovery, and broadcast of the link layer to an address that can only be a directed
/// broadcast.
fn is_confined(packet: &IpPacket<'_>, link_group: bool) -> bool {
    // RFC 4861, 7.1: discarded unless the hop limit shows that no router has touched it.
    if packet.protocol == 58 && packet.hop_limit == 255 && matches!(packet.payload, [133..=137, ..]) {
        return true;
    }
    match scope(packet.destination) {
        Scope::LinkGroup => true,
        Scope::WideGroup => packet.hop_limit <= 1,
        Scope::Private | Scope::LinkUnicast => link_group && is_directed_broadcast(packet.destination),
        Scope::Loopback | Scope::Reserved | Scope::Global => false,
    }
}

const fn is_directed_broadcast(addr: IpAddr) -> bool {
    matches!(addr, IpAddr::V4(addr) if addr.octets()[3] == 255)
}
