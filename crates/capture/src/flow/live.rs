//! A flow while its packets come in.

mod tcp;

use super::control::Control;
use super::key::FlowKey;
use super::once::{Once, Unique};
use super::questions::{Heard, Questions};
use super::record::{Ended, FlowRecord, Started, Tap, Taps, Traffic};
use super::side::Side;
use crate::names::Names;
use crate::packet::card::Card;
use crate::packet::transport::Segment;
use creance_model::{Endpoint, Timestamp, Transport};
use creance_wire::{Anomaly, Direction, Facts, Protocol, datagram, stream};
use tcp::Tcp;

/// Datagrams of a flow that are looked at before it counts as not recognised.
const DATAGRAMS_SHOWN_MAX: u16 = 24;
/// Link-layer addresses kept of one side besides the first.
const OTHER_CARDS_MAX: usize = 8;

/// Which part of the capture a packet lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Before,
    Window,
    After,
}

/// One packet of a flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) at: Timestamp,
    pub(crate) part: Part,
    pub(crate) key: &'a FlowKey,
    /// Whether the sender is the lower end of the key.
    pub(crate) source_is_low: bool,
    pub(crate) segment: Segment<'a>,
    /// How many packets on the wire it took: more than one where it came in fragments.
    pub(crate) packets: u64,
    /// Length of the IP packet on the wire, headers of all its fragments included.
    pub(crate) wire_len: usize,
    /// Bytes of its headers that can carry data of their own.
    pub(crate) header_bytes: u64,
    /// It cannot go beyond the link.
    pub(crate) confined: bool,
    /// It is shaped like neighbour discovery.
    pub(crate) discovery: bool,
    /// What kind of ICMP it is, where it is some that hosts send by themselves.
    pub(crate) control: Control,
    pub(crate) label: Option<u32>,
    /// The link-layer addresses of the sender and the receiver.
    pub(crate) hardware: [Card; 2],
    pub(crate) tap: Option<Tap>,
}

impl Arrival<'_> {
    /// The sender and the receiver.
    fn ends(&self) -> [Endpoint; 2] {
        let [low, high] = self.key.ends();
        if self.source_is_low { [low, high] } else { [high, low] }
    }
}

#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) record: Box<FlowRecord>,
    /// Whether the client is the lower end of the flow's key.
    pub(crate) client_is_low: bool,
    /// Both sides have closed, or one has reset.
    pub(crate) is_over: bool,
    /// Bytes held for reassembly.
    pub(crate) held: usize,
    /// About how many bytes what was learnt takes.
    pub(crate) kept: usize,
    /// Its bytes were not read to the end since no memory was left for them.
    pub(crate) head_given_up: bool,
    state: State,
    questions: Questions,
    /// The link-layer addresses of client and server in the first packet.
    cards: [Card; 2],
    /// Those that packets for client and server were sent to at first.
    next_hops: [Card; 2],
}

#[derive(Debug)]
enum State {
    Tcp(Box<Tcp>),
    Udp(Box<Udp>),
    Plain,
}

#[derive(Debug)]
struct Udp {
    memory: datagram::Memory,
    want: datagram::Want,
    shown: u16,
}

impl Live {
    pub(crate) fn new(number: u64, input: u32, arrival: &Arrival<'_>) -> Self {
        let reversed = is_from_server(arrival);
        let ([source, destination], [sender, receiver]) = (arrival.ends(), arrival.hardware);
        let (client, server) = if reversed { (destination, source) } else { (source, destination) };
        let cards = if reversed { [receiver, sender] } else { [sender, receiver] };
        let tcp = arrival.segment.tcp;
        let state = match arrival.segment.transport {
            Transport::Tcp => State::Tcp(Box::new(Tcp {
                client: Side::default(),
                server: Side::default(),
                client_isn: None,
                want: stream::Want::More { client: 1, server: 1 },
                requests: None,
                client_read: 0,
                dns_heard: [0; 2],
                closed: [false; 2],
                once: Default::default(),
            })),
            Transport::Udp => State::Udp(Box::new(Udp {
                memory: datagram::Memory::default(),
                want: datagram::Want::More,
                shown: 0,
            })),
            Transport::Icmp | Transport::Other(_) => State::Plain,
        };
        let mut facts = Facts::default();
        match arrival.segment.transport {
            Transport::Icmp => facts.add_layer(Protocol::Icmp),
            Transport::Other(2) => facts.add_layer(Protocol::GroupMembership),
            Transport::Tcp | Transport::Udp | Transport::Other(_) => {}
        }
        let started = if tcp.is_some_and(|tcp| !tcp.syn()) { Started::MidStream } else { Started::AtStart };
        let record = Box::new(FlowRecord {
            number,
            input,
            transport: arrival.segment.transport,
            client,
            server,
            hardware: cards.map(Card::bytes),
            other_hardware: Default::default(),
            other_hardware_left_out: false,
            next_hops: [None; 2],
            next_hops_differ: false,
            taps: [Taps::None; 3],
            confined_to_link: true,
            is_discovery: true,
            control: arrival.control,
            unique: Default::default(),
            payload_last: [None; 2],
            reset_by: [false; 2],
            first: arrival.at,
            last: arrival.at,
            started,
            ended: Ended::WithCapture,
            before: Traffic::default(),
            window: Traffic::default(),
            after: Traffic::default(),
            tunnels: Vec::new(),
            is_tunnel: false,
            facts,
            certificates: Vec::new(),
            certificates_not_kept: false,
            queried: Vec::new(),
            queried_left_out: 0,
            unasked_answers: 0,
            bindings: Vec::new(),
            truncated_packets: 0,
            header_bytes: [0; 2],
            payload_max: [0; 2],
            unseen_acknowledged: 0,
            label: arrival.label,
            labels_differ: false,
        });
        Self {
            record,
            client_is_low: arrival.source_is_low != reversed,
            is_over: false,
            held: 0,
            kept: 0,
            head_given_up: false,
            state,
            questions: Questions::default(),
            cards,
            next_hops: [Card::NONE; 2],
        }
    }

    /// Whether the packet opens another connection on the same ports.
    pub(crate) fn is_superseded_by(&self, arrival: &Arrival<'_>) -> bool {
        let (State::Tcp(tcp), Some(header)) = (&self.state, arrival.segment.tcp) else { return false };
        header.syn()
            && !header.ack()
            && (self.is_over
                || self.record.total().up.payload > 0
                || tcp.client_isn.is_some_and(|isn| isn != header.sequence)
                || self.record.started == Started::MidStream)
    }

    /// Counts a packet and reads what it brings. `room` is how many more bytes may be held.
    #[inline]
    pub(crate) fn take(&mut self, arrival: &Arrival<'_>, from_client: bool, names: &mut Names, room: usize) {
        self.count(arrival, from_client);
        self.note_cards(arrival, from_client);
        let cut = arrival.segment.payload.len() < arrival.segment.payload_wire_len;
        if cut {
            self.record.truncated_packets += 1;
        }
        let direction = if from_client { Direction::FromClient } else { Direction::FromServer };
        match &mut self.state {
            State::Tcp(_) => self.take_tcp(arrival, direction, cut, names, room),
            State::Udp(udp) if matches!(udp.want, datagram::Want::Nothing) => {}
            State::Udp(_) => self.take_udp(arrival, direction, names),
            State::Plain => {}
        }
    }

    /// Reads what is left and gives the record.
    pub(crate) fn finish(mut self, ended: Ended, names: &mut Names) -> Box<FlowRecord> {
        if let State::Tcp(tcp) = &mut self.state {
            for side in [&mut tcp.client, &mut tcp.server] {
                side.broken |= side.has_gap();
                side.ended = true;
            }
            let at = (self.record.last, Part::Window);
            if matches!(tcp.want, stream::Want::More { .. }) {
                self.inspect_stream(at.0, at.1, names, true);
            }
        }
        if let State::Tcp(tcp) = &self.state
            && self.record.facts.protocol() == Some(Protocol::Dns)
            && self.record.total().up.payload > (tcp.client_read + tcp.client.again) as u64
        {
            // Segments beside the stream, or sent again with other bytes.
            self.record.facts.add_anomaly(Anomaly::MoreThanAQuestion);
        }
        if let State::Tcp(tcp) = &self.state {
            self.record.unique = tcp.once.each_ref().map(Once::result);
        } else {
            let total = self.record.total();
            self.record.unique =
                [total.up, total.down].map(|sent| Unique { bytes: sent.payload, ..Unique::default() });
        }
        if let State::Udp(udp) = &self.state
            && udp.memory.misses_hello()
        {
            self.record.facts.add_anomaly(Anomaly::HeadMissing);
        }
        if !self.is_over {
            self.record.ended = ended;
        }
        self.record
    }

    #[inline]
    fn count(&mut self, arrival: &Arrival<'_>, from_client: bool) {
        let keepalive = u64::from(self.is_keepalive(arrival, from_client));
        let record = &mut self.record;
        let (bytes, payload) = (arrival.wire_len as u64, arrival.segment.payload_wire_len as u64);
        let opens = arrival.segment.tcp.is_some_and(|tcp| tcp.syn() && !tcp.ack());
        let part = match arrival.part {
            Part::Before => &mut record.before,
            Part::Window => &mut record.window,
            Part::After => &mut record.after,
        };
        let volume = if from_client { &mut part.up } else { &mut part.down };
        volume.add(arrival.packets, bytes, payload, keepalive);
        part.opened |= opens;
        let [before, window, after] = &mut record.taps;
        let taps = match arrival.part {
            Part::Before => before,
            Part::Window => window,
            Part::After => after,
        };
        if let Some(tap) = arrival.tap {
            taps.add(tap);
        }
        let [from_the_client, from_the_server] = &mut record.header_bytes;
        *(if from_client { from_the_client } else { from_the_server }) += arrival.header_bytes;
        let [of_client, of_server] = &mut record.payload_max;
        let largest = if from_client { of_client } else { of_server };
        *largest = (*largest).max(u32::try_from(payload).unwrap_or(u32::MAX));
        if payload > 0 {
            let [of_client, of_server] = &mut record.payload_last;
            let last = if from_client { of_client } else { of_server };
            *last = Some(last.map_or(arrival.at, |last| last.max(arrival.at)));
        }
        record.first = record.first.min(arrival.at);
        record.last = record.last.max(arrival.at);
        record.confined_to_link &= arrival.confined;
        record.is_discovery &= arrival.discovery;
        if record.control != arrival.control {
            record.control = Control::None;
        }
        // A packet without a label may be anybody's.
        record.labels_differ |= record.label != arrival.label;
        record.label = record.label.or(arrival.label);
    }

    /// Whether a segment keeps a connection alive by a byte in the place of the last one that was sent.
    fn is_keepalive(&self, arrival: &Arrival<'_>, from_client: bool) -> bool {
        let (State::Tcp(tcp), Some(header)) = (&self.state, arrival.segment.tcp) else { return false };
        let side = if from_client { &tcp.client } else { &tcp.server };
        let plain = !header.syn() && !header.fin() && !header.rst();
        plain && arrival.segment.payload_wire_len == 1 && side.seen_of(header.sequence) == Some(1)
    }

    fn note_cards(&mut self, arrival: &Arrival<'_>, from_client: bool) {
        let record = &mut self.record;
        let [sender, receiver] = arrival.hardware;
        let [client, server] = &mut self.cards;
        // Some framings name the sender alone; the asker's own card is none that answers.
        self.questions.strange_answer |= !from_client && !sender.is_none() && sender == *client;
        let own = if from_client { client } else { server };
        if own.is_none() && !sender.is_none() {
            *own = sender;
            record.hardware = self.cards.map(Card::bytes);
        } else if *own != sender
            && let Some(other) = sender.bytes()
        {
            let [of_client, of_server] = &mut record.other_hardware;
            let others = if from_client { of_client } else { of_server };
            if !others.contains(&other) {
                let room = others.len() < OTHER_CARDS_MAX;
                record.other_hardware_left_out |= !room;
                others.extend(room.then_some(other));
            }
            self.questions.strange_answer |= !from_client;
        }
        let [to_client, to_server] = &mut self.next_hops;
        let next_hop = if from_client { to_server } else { to_client };
        if *next_hop == receiver || receiver.is_none() {
            return;
        }
        if next_hop.is_none() {
            *next_hop = receiver;
            record.next_hops = self.next_hops.map(Card::bytes);
        } else {
            record.next_hops_differ = true;
        }
    }

    fn take_udp(&mut self, arrival: &Arrival<'_>, direction: Direction, names: &mut Names) {
        let State::Udp(udp) = &mut self.state else { return };
        let payload = arrival.segment.payload;
        if udp.want == datagram::Want::More && udp.shown >= DATAGRAMS_SHOWN_MAX {
            udp.want = datagram::Want::Handshakes;
        }
        match udp.want {
            datagram::Want::Nothing => return,
            datagram::Want::Handshakes if !udp.memory.may_start_handshake(payload) => return,
            datagram::Want::More | datagram::Want::Handshakes | datagram::Want::All => {}
        }
        udp.shown = udp.shown.saturating_add(1);
        let [source, destination] = arrival.ends();
        let inspection = datagram::inspect(
            datagram::Datagram {
                source,
                destination,
                direction,
                payload,
                wire_len: arrival.segment.payload_wire_len,
            },
            &mut udp.memory,
            &mut self.record.facts,
        );
        udp.want = inspection.want;
        if let Some(message) = inspection.dns {
            let (at, part) = (arrival.at, arrival.part);
            let heard = Heard { message: &message, direction, cards: arrival.hardware, at, part };
            self.questions.take(&heard, &mut self.record, names);
        }
        self.weigh();
    }

    /// Finds out how much memory what was learnt takes.
    pub(crate) fn weigh(&mut self) {
        let memory = match &self.state {
            State::Udp(udp) => udp.memory.held(),
            State::Tcp(_) | State::Plain => 0,
        };
        self.kept = memory + self.questions.held() + self.record.held();
    }
}

/// Whether the first packet seen of a flow came from the side that answers.
fn is_from_server(arrival: &Arrival<'_>) -> bool {
    if let Some(tcp) = arrival.segment.tcp.filter(|tcp| tcp.syn()) {
        return tcp.ack();
    }
    let [from, to] = arrival.segment.ports;
    let is_service = |port: u16| {
        port != 0 && (port < 1024 || matches!(port, 1883 | 8883 | 1935 | 5353 | 5355 | 8080 | 8443 | 8554))
    };
    is_service(from) && !is_service(to)
}
