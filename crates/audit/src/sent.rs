//! Which way a flow went, seen from the station.

use crate::question::Question;
use crate::stations::Stations;
use creance_capture::{FlowRecord, Started, Traffic, Volume};
use creance_catalogue::{Catalogue, is_public_name};
use creance_model::{Endpoint, HostName, PartyKind, Scope, Transport, scope};
use creance_wire::{Anomaly, Clarity, Protocol};
use std::net::IpAddr;

const TO_SINK: &str = "to a declared sink";
const PASSED_ON: &str = "a declared sink: it may be passed on";
const BEHIND_ONE_CARD: &str =
    "by a card that sends for several addresses, as an extender's does for all behind it";
const TO_EVERYONE: &str = "by link-layer broadcast: it may be the broadcast address of a small network";

/// What became of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The station sent packets to somewhere else.
    Left,
    /// It went to where nothing leaves from, in words.
    Stayed(&'static str),
    /// The station only received.
    InboundOnly,
    /// No station took part.
    NotOfStation,
}

/// A flow seen from its station.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) direction: Direction,
    pub(crate) station: Endpoint,
    pub(crate) remote: Endpoint,
    /// Whether the station is the flow's client.
    pub(crate) station_is_client: bool,
    /// Both ends are stations.
    pub(crate) both: bool,
    /// Why it may not have left a station although it counts as that. It then speaks against
    /// nothing, and leaves open what it would have spoken against.
    pub(crate) doubt: Option<&'static str>,
}

impl Seen {
    pub(crate) fn new(
        flow: &FlowRecord,
        stations: &Stations,
        question: &Question,
        catalogue: &Catalogue,
    ) -> Self {
        let ends = [flow.client.addr, flow.server.addr];
        let [client, server] = ends.map(|addr| stations.contains(addr));
        let [client_declared, server_declared] = ends.map(|addr| question.stations.contains(&addr));
        // Between two stations, the one that was declared is named, and what either sent was sent:
        // a station's card may send with any address, and to its own.
        let both = client && server;
        let station_is_client = if both { client_declared || !server_declared } else { client || !server };
        let (station, remote) =
            if station_is_client { (flow.client, flow.server) } else { (flow.server, flow.client) };
        let mut seen =
            Self { direction: Direction::Left, station, remote, station_is_client, both, doubt: None };
        let is_of_station = if station_is_client { client } else { server };
        seen.direction = if !is_of_station {
            Direction::NotOfStation
        } else if seen.sent(&flow.total()).packets == 0 {
            Direction::InboundOnly
        } else {
            let stayed = stayed(flow, remote, question, catalogue);
            let passed_on = stayed == Some(TO_SINK)
                && (stations.asked_to_pass_on(flow) || may_be_passed_on(flow, remote, question, catalogue));
            seen.doubt = if passed_on { Some(PASSED_ON) } else { doubt(flow, stations) };
            stayed.filter(|_| !passed_on).map_or(Direction::Left, Direction::Stayed)
        };
        seen
    }

    /// What the station sent.
    pub(crate) const fn sent(&self, traffic: &Traffic) -> Volume {
        if self.both {
            let mut all = traffic.up;
            all.merge(traffic.down);
            return all;
        }
        if self.station_is_client { traffic.up } else { traffic.down }
    }

    /// What the station received.
    pub(crate) const fn received(&self, traffic: &Traffic) -> Volume {
        if self.station_is_client { traffic.down } else { traffic.up }
    }

    /// Whether anything left within the judged window.
    pub(crate) fn left_in_window(&self, flow: &FlowRecord) -> bool {
        self.direction == Direction::Left && self.sent(&flow.window).packets > 0
    }

    /// Whether all that left within the window are TCP segments with nothing new in them of a
    /// connection that was opened before: its closing, keep-alives, or acknowledgements of what still
    /// comes in.
    pub(crate) fn only_empty_segments(&self, flow: &FlowRecord) -> bool {
        let before = self.sent(&flow.before).packets + self.received(&flow.before).packets;
        flow.transport == creance_model::Transport::Tcp
            && before > 0
            && self.sent(&flow.window).payload == self.sent(&flow.window).keepalive
            && !(flow.window.opened && self.station_is_client)
    }
}

/// Why a flow that is no sink's may not have left a station.
fn doubt(flow: &FlowRecord, stations: &Stations) -> Option<&'static str> {
    let sides = [(flow.client.addr, flow.total().up), (flow.server.addr, flow.total().down)];
    let mut senders = sides.iter().filter(|(addr, sent)| sent.packets > 0 && stations.contains(*addr));
    if senders.all(|(addr, _)| stations.shared.contains(addr)) {
        return Some(BEHIND_ONE_CARD);
    }
    stations.is_broadcast(flow).then_some(TO_EVERYONE)
}

/// Why a flow stayed, where it did. Names, proxies and tunnels are relayed wherever their server
/// stands, so declaring it makes no sink of it.
fn stayed(
    flow: &FlowRecord,
    remote: Endpoint,
    question: &Question,
    catalogue: &Catalogue,
) -> Option<&'static str> {
    // The name of somebody else's service means that the sink would pass it on.
    let listed_elsewhere = |name: &HostName| {
        let lookup = catalogue.lookup(name);
        lookup.matches().iter().any(|found| found.party.kind != PartyKind::Operator)
    };
    if flow.is_tunnel {
        return None;
    }
    // On a wire, a frame for the loopback address went to somebody else's card.
    if scope(remote.addr) == Scope::Loopback && flow.hardware[0].is_none() {
        return Some("within the station itself");
    }
    let relays = flow.facts.layers.iter().any(|&layer| relays(layer)) || !flow.facts.proxy_targets.is_empty();
    if flow.confined_to_link {
        return Some("link-scope broadcast or multicast");
    }
    // Packets that carry others, and conversations whose start is missing, may be relayed.
    let opaque = matches!(flow.transport, Transport::Other(4 | 41 | 47 | 50 | 51 | 94 | 97 | 115 | 137));
    let public = || flow.facts.names.iter().any(|seen| listed_elsewhere(&seen.name));
    if question.is_local(remote.addr) && !relays && !opaque && !public() {
        return Some(TO_SINK);
    }
    None
}

/// Whether the operator lists a name as one of its own services.
fn is_own(name: &HostName, catalogue: &Catalogue) -> bool {
    let lookup = catalogue.lookup(name);
    lookup.matches().iter().any(|found| found.party.kind == PartyKind::Operator)
}

/// Whether a conversation with a sink may be one that it relays: its start is missing, it is for a
/// public name or for an address that is no sink's, or a name in it may have been missed.
fn may_be_passed_on(flow: &FlowRecord, sink: Endpoint, question: &Question, catalogue: &Catalogue) -> bool {
    let facts = &flow.facts;
    let public = |name: &HostName| is_public_name(name) && !is_own(name, catalogue);
    let elsewhere =
        |addr: &IpAddr| *addr != sink.addr && scope(*addr) != Scope::Loopback && !question.is_local(*addr);
    let hidden = facts.left_out > 0
        || facts.tls.as_ref().is_some_and(|tls| tls.ech)
        || facts.anomalies.iter().any(|anomaly| *anomaly != Anomaly::CertificatesTooLarge);
    is_unread(flow)
        || hidden
        || facts.names.iter().any(|seen| public(&seen.name))
        || facts.addresses.iter().any(elsewhere)
}

fn is_unread(flow: &FlowRecord) -> bool {
    flow.started == Started::MidStream && flow.facts.layers.is_empty()
}

fn relays(protocol: Protocol) -> bool {
    let resolves = matches!(protocol, Protocol::Dns | Protocol::DnsOverTls | Protocol::DnsOverQuic);
    let proxies = matches!(protocol, Protocol::HttpProxy | Protocol::Socks4 | Protocol::Socks5);
    resolves || proxies || protocol.clarity() == Clarity::Tunnel
}
