//! Flows of the wire, each with the entry that explains it.

use super::book::{Books, Start};
use super::host::{self, OfHost};
use super::log::LINGER;
use crate::report::reconciliation::Unexplained;
use crate::sent::{Direction, Seen};
use crate::text::rfc3339;
use creance_capture::{FlowRecord, Started};
use creance_model::{Duration, Endpoint, Timestamp, Transport};
use std::collections::{BTreeMap, BTreeSet};

/// How long before its first packet an entry may stand: a connection is opened right after.
const AHEAD_MAX: Duration = Duration::from_seconds(10);
/// An entry that comes no later than this after the first packet is said to be late; a later one
/// is another flow's.
const LATE_MAX: Duration = Duration::from_seconds(1);
/// Flows that are listed.
pub(super) const LISTED_MAX: usize = 1000;
/// Flow numbers kept of those that explain one entry.
const NUMBERS_MAX: usize = 8;

/// What the wire showed of a flow of the ledger.
#[derive(Debug, Clone, Default)]
pub(super) struct Met {
    /// Flows of the capture that are it, the first few: a capture may hold a long one in pieces.
    pub(super) numbers: Vec<u64>,
    pub(super) pieces: u64,
    pub(super) in_window: bool,
    /// The capture shows by itself that a name is hidden in it.
    pub(super) seen_hiding: bool,
    /// It was under way when the capture first saw it.
    pub(super) mid_stream: bool,
    /// Payload from the gateway and towards it, each byte once.
    pub(super) up: u64,
    pub(super) down: u64,
    /// How much of `down` a reset may have dropped on its way to whoever reads it.
    pub(super) down_doubtful: u64,
    pub(super) inexact: bool,
    /// Bytes from the gateway that came again otherwise than before, those that could not be
    /// compared, and those that came with a reset.
    pub(super) contradicting: u64,
    pub(super) uncompared: u64,
    pub(super) on_reset: u64,
    /// When the gateway last sent payload.
    pub(super) sent_last: Option<Timestamp>,
    /// By how much its entry came after its first packet.
    pub(super) late: Option<Duration>,
}

/// Why nothing explains a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    NoEntry,
    Late(Duration),
    Early(Duration),
    Second,
    AfterItsEnd,
    OpenedFromOutside,
    NoTransport,
}

impl Why {
    fn text(self) -> String {
        match self {
            Self::NoEntry => "the ledger has no entry for it".to_owned(),
            Self::Late(by) => {
                format!("the ledger's entry comes {:.3} s after its first packet", by.as_seconds())
            }
            Self::Early(by) => {
                format!("the ledger's entry is {:.3} s older than its first packet", by.as_seconds())
            }
            Self::Second => "another connection between the same ends has used its entry up".to_owned(),
            Self::AfterItsEnd => "the ledger says that it had ended".to_owned(),
            Self::OpenedFromOutside => "it was opened from outside, and the entry is of another".to_owned(),
            Self::NoTransport => "no entry can explain it: it is neither TCP nor UDP".to_owned(),
        }
    }
}

/// Flows that nothing explains, by what follows from them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) flows: u64,
    pub(super) up: u64,
}

/// Holds flows against the books as they are judged.
#[derive(Debug)]
pub(crate) struct Reconciler<'a> {
    pub(super) books: &'a Books,
    /// The cards that sent with the gateway's addresses: what else they send is the gateway's too.
    cards: BTreeSet<[u8; 6]>,
    pub(super) met: Vec<Met>,
    pub(super) wire_flows: u64,
    pub(super) explained: u64,
    /// Flows within tunnels, which are explained with the flow that carries them or not at all.
    pub(super) within_tunnels: u64,
    pub(super) of_others: u64,
    pub(super) host: BTreeMap<&'static str, OfHost>,
    /// Lowest numbers first.
    pub(super) unexplained: BTreeMap<u64, Unexplained>,
    /// Those that left in the judged time, those that left outside of it, and those to which the
    /// gateway did not say anything.
    pub(super) left_in_window: Tally,
    pub(super) left_outside: Tally,
    pub(super) came: Tally,
    /// Bytes that were sent again.
    pub(super) again: u64,
}

impl<'a> Reconciler<'a> {
    pub(crate) fn new(books: &'a Books, cards: BTreeSet<[u8; 6]>) -> Self {
        Self {
            books,
            cards,
            met: vec![Met::default(); books.starts.len()],
            wire_flows: 0,
            explained: 0,
            within_tunnels: 0,
            of_others: 0,
            host: BTreeMap::new(),
            unexplained: BTreeMap::new(),
            left_in_window: Tally::default(),
            left_outside: Tally::default(),
            came: Tally::default(),
            again: 0,
        }
    }

    /// Takes a flow of the capture.
    pub(crate) fn add(&mut self, flow: &FlowRecord, seen: &Seen) {
        if !flow.tunnels.is_empty() {
            self.within_tunnels += 1;
            return;
        }
        let Some(side) = self.side(flow, seen) else {
            self.of_others += 1;
            return;
        };
        self.wire_flows += 1;
        if let Some(own) = host::kind(flow, side.ends(flow), &self.books.addresses) {
            self.host.entry(own.name).or_insert_with(|| OfHost::new(own)).add(flow, |both| side.order(both));
            return;
        }
        match self.explain(flow, side) {
            Ok((place, late)) => {
                self.explained += 1;
                self.meet(place, late, flow, side);
            }
            Err(why) => self.note_unexplained(flow, side, why),
        }
    }

    /// Which end is the gateway's: that of the ledger, else that of a station or of its card.
    fn side(&self, flow: &FlowRecord, seen: &Seen) -> Option<Side> {
        let ours = |end: Endpoint| self.books.addresses.contains(&end.addr);
        if ours(flow.client) {
            Some(Side::Client)
        } else if ours(flow.server) {
            Some(Side::Server)
        } else if seen.direction != Direction::NotOfStation {
            Some(if seen.station_is_client { Side::Client } else { Side::Server })
        } else {
            let by_card = |card: Option<[u8; 6]>| card.is_some_and(|card| self.cards.contains(&card));
            let [client, server] = flow.hardware.map(by_card);
            if client { Some(Side::Client) } else { server.then_some(Side::Server) }
        }
    }

    /// The entry that explains a flow, with how late it is where it is.
    fn explain(&self, flow: &FlowRecord, side: Side) -> Result<(usize, Option<Duration>), Why> {
        if !matches!(flow.transport, Transport::Tcp | Transport::Udp) {
            return Err(Why::NoTransport);
        }
        let (own, other) = side.ends(flow);
        let none = Vec::new();
        let places = self.books.by_tuple.get(&(flow.transport, own, other)).unwrap_or(&none);
        let start = |place: usize| places.get(place).and_then(|at| self.start(*at as usize));
        let first = flow.first.after(self.books.clocks_within);
        let before = places.partition_point(|at| self.start(*at as usize).is_some_and(|it| it.at <= first));
        let earlier = before.checked_sub(1).and_then(|place| places.get(place).copied().zip(start(place)));
        let later = places.get(before).copied().zip(start(before));
        let refused = match earlier {
            None => Why::NoEntry,
            Some((place, start)) => match self.refuses(place as usize, start, flow, side) {
                None => return Ok((place as usize, None)),
                Some(why) => why,
            },
        };
        let Some((place, later)) = later else { return Err(refused) };
        let late = later.at.since(flow.first);
        let is_free = self.met.get(place as usize).is_some_and(|met| met.pieces == 0);
        if late <= LATE_MAX && is_free && refused != Why::OpenedFromOutside && !side.is_opened_by_other(flow)
        {
            return Ok((place as usize, Some(late)));
        }
        Err(if refused == Why::NoEntry { Why::Late(late) } else { refused })
    }

    fn start(&self, place: usize) -> Option<&'a Start> {
        self.books.starts.get(place)
    }

    /// Why an entry that stands before a flow's first packet is not the flow's.
    fn refuses(&self, place: usize, start: &Start, flow: &FlowRecord, side: Side) -> Option<Why> {
        let met = self.met.get(place)?;
        if side.is_opened_by_other(flow) {
            return Some(Why::OpenedFromOutside);
        }
        let is_opened = flow.total().opened;
        // A connection that was closed does not go on; one that is opened again needs an entry.
        if is_opened && met.pieces > 0 {
            return Some(Why::Second);
        }
        let tolerance = self.books.clocks_within;
        if start.end.as_ref().is_some_and(|end| end.at.after(LINGER).after(tolerance) < flow.first) {
            return Some(Why::AfterItsEnd);
        }
        // What was under way before the capture began shows as late as it likes.
        let was_running = self.books.span.is_some_and(|span| start.at < span.first) && !is_opened;
        let ahead = flow.first.since(start.at);
        let is_old = ahead.0 > AHEAD_MAX.0.saturating_add(tolerance.0);
        (met.pieces == 0 && is_old && !was_running).then_some(Why::Early(ahead))
    }

    fn meet(&mut self, place: usize, late: Option<Duration>, flow: &FlowRecord, side: Side) {
        let Some(met) = self.met.get_mut(place) else { return };
        let total = flow.total();
        let [up, down] = side.order(flow.unique);
        let [sent, _] = side.order([total.up.payload, total.down.payload]);
        let [sent_last, _] = side.order(flow.payload_last);
        self.again += sent.saturating_sub(up.bytes);
        if met.numbers.len() < NUMBERS_MAX {
            met.numbers.push(flow.number);
        }
        met.mid_stream |= met.pieces == 0 && flow.started == Started::MidStream;
        met.seen_hiding |= flow.facts.tls.as_ref().is_some_and(|tls| tls.ech);
        met.pieces += 1;
        met.in_window |= is_in_window(flow);
        met.up += up.bytes;
        met.down += down.bytes;
        met.down_doubtful += if flow.reset_by == [false; 2] { 0 } else { down.unacknowledged };
        met.inexact |= up.inexact || down.inexact;
        met.contradicting += up.contradicting;
        met.uncompared += up.uncompared;
        met.on_reset += up.on_reset;
        met.sent_last = met.sent_last.max(sent_last);
        met.late = met.late.max(late);
    }

    fn note_unexplained(&mut self, flow: &FlowRecord, side: Side, why: Why) {
        let [up, down] = side.order(flow.unique);
        let total = flow.total();
        let [sent, _] = side.order([total.up, total.down]);
        let in_window = is_in_window(flow);
        let tally = match (sent.packets, in_window) {
            (0, _) => &mut self.came,
            (_, true) => &mut self.left_in_window,
            (_, false) => &mut self.left_outside,
        };
        tally.flows += 1;
        tally.up += up.bytes;
        if self.unexplained.len() >= LISTED_MAX
            && self.unexplained.last_key_value().is_some_and(|(last, _)| flow.number > *last)
        {
            return;
        }
        let (own, remote) = side.ends(flow);
        let one = Unexplained {
            flow: flow.number,
            first: rfc3339(flow.first),
            transport: flow.transport.to_string(),
            gateway: own.to_string(),
            remote: remote.to_string(),
            sent_packets: sent.packets,
            up_payload_bytes: up.bytes,
            down_payload_bytes: down.bytes,
            in_window,
            why: why.text(),
        };
        self.unexplained.insert(flow.number, one);
        if self.unexplained.len() > LISTED_MAX {
            self.unexplained.pop_last();
        }
    }
}

fn is_in_window(flow: &FlowRecord) -> bool {
    flow.window.up.packets + flow.window.down.packets > 0
}

/// Which end of a flow is the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

impl Side {
    /// The gateway's end and the other one.
    const fn ends(self, flow: &FlowRecord) -> (Endpoint, Endpoint) {
        match self {
            Self::Client => (flow.client, flow.server),
            Self::Server => (flow.server, flow.client),
        }
    }

    /// What is the client's and the server's, as the gateway's and the other's.
    fn order<T>(self, [client, server]: [T; 2]) -> [T; 2] {
        match self {
            Self::Client => [client, server],
            Self::Server => [server, client],
        }
    }

    /// Whether the far end opened the connection.
    fn is_opened_by_other(self, flow: &FlowRecord) -> bool {
        self == Self::Server && flow.total().opened
    }
}
