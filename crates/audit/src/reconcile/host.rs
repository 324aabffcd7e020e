//! The few kinds of traffic that a host has of its own, whoever relays through it, and how much of
//! each is ordinary.

use crate::claims::count;
use crate::report::reconciliation::HostKind;
use creance_capture::{Control, FlowRecord, Volume, Window};
use creance_model::{Endpoint, Scope, Transport, scope};
use creance_wire::Protocol;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Traffic between neighbours that is a host's or its switch's own, by the names that captures'
/// counts give it. What else there is between neighbours explains nothing.
const LINK_KINDS: &[&str] = &[
    "ARP",
    "802.1X",
    "PPPoE discovery",
    "PPP control",
    "LLDP",
    "Ethernet slow protocols",
    "spanning tree",
    "Cisco link protocols",
];
/// Nanoseconds of a minute.
const MINUTE_NANOS: u64 = 60_000_000_000;
/// The largest message of DHCP, in bytes: what fits the packet that everyone takes (RFC 2131, 2).
const DHCP_BYTES_MAX: u32 = 548;
/// The largest report of membership, in bytes.
const MEMBERSHIP_BYTES_MAX: u32 = 256;
/// Bytes of headers with which a packet asks routers to look at it (RFC 2113, RFC 2711).
const ALERT_BYTES: u64 = 8;

/// Whether a kind of frame that no router forwards is one of the host's own.
pub(super) fn is_link_kind(name: &str) -> bool {
    LINK_KINDS.contains(&name)
}

/// A kind of the host's own, and what it sends of that in a minute at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) name: &'static str,
    pub(super) minute_max: u64,
    /// Bytes of IP packets.
    pub(super) minute_bytes_max: u64,
}

const DISCOVERY: Own = Own { name: "neighbour discovery", minute_max: 60, minute_bytes_max: 60 * 104 };
/// Linux answers a sender once a second at most.
const ERRORS: Own = Own { name: "ICMP errors", minute_max: 30, minute_bytes_max: 8_192 };
const MEMBERSHIP: Own = Own { name: "membership in groups", minute_max: 30, minute_bytes_max: 4_096 };
/// Asked for again after 4, 8, 16 and 32 s (RFC 2131, 4.1).
const DHCP: Own = Own { name: "DHCP", minute_max: 10, minute_bytes_max: 10 * 576 };

/// What the host sent of a kind of its own.
#[derive(Debug, Clone)]
pub(super) struct OfHost {
    own: Own,
    pub(super) all: HostKind,
    /// Packets and bytes that it sent: in all, and within the judged time.
    sent: [[u64; 2]; 2],
}

impl OfHost {
    pub(super) fn new(own: Own) -> Self {
        Self { own, all: HostKind::named(own.name), sent: [[0; 2]; 2] }
    }

    /// Adds a flow. `order` puts the host's direction first.
    pub(super) fn add(&mut self, flow: &FlowRecord, order: impl Fn([Volume; 2]) -> [Volume; 2]) {
        let total = flow.total();
        self.all.flows += 1;
        self.all.packets += total.up.packets + total.down.packets;
        self.all.bytes += total.up.bytes + total.down.bytes;
        for ([packets, bytes], of) in self.sent.iter_mut().zip([&total, &flow.window]) {
            let [sent, _] = order([of.up, of.down]);
            *packets += sent.packets;
            *bytes += sent.bytes;
        }
    }

    /// What it sent beyond what is ordinary, in words. The judged time is held to that by itself, so
    /// that silence around it makes no room within.
    pub(super) fn excess(&self, whole: Option<Window>, judged: Option<Window>) -> Option<String> {
        let spans = [(judged.or(whole), "in the judged time"), (whole, "in all")];
        spans.into_iter().zip(self.sent.iter().rev()).find_map(|((span, when), [packets, bytes])| {
            // What is rare may come together: a minute that has begun has room for all of its own.
            let minutes = span.map_or(0, |span| span.to.since(span.from).0 / MINUTE_NANOS) + 1;
            let too_many = *packets > self.own.minute_max * minutes;
            (too_many || *bytes > self.own.minute_bytes_max * minutes).then(|| {
                format!(
                    "the gateway sent {} of {} with {} {when}, more than a host does by itself: no entry explains the rest",
                    count(*packets, "packet"),
                    self.own.name,
                    count(*bytes, "byte")
                )
            })
        })
    }
}

/// Which of the host's own kinds a flow is; `None` where it is none of them, or no ordinary one.
/// `own` is the host's end, and `addresses` are those that it has.
pub(super) fn kind(
    flow: &FlowRecord,
    (own, other): (Endpoint, Endpoint),
    addresses: &BTreeSet<IpAddr>,
) -> Option<Own> {
    let is_membership = flow.control == Control::Membership;
    let total = flow.total();
    let packets = [total.up.packets, total.down.packets];
    let alerts = |(bytes, packets): (&u64, u64)| is_membership && *bytes <= packets * ALERT_BYTES;
    if flow.header_bytes != [0; 2] && !flow.header_bytes.iter().zip(packets).all(alerts) {
        return None;
    }
    let is_up_to = |bytes: u32| flow.payload_max.iter().all(|max| *max <= bytes);
    match flow.transport {
        Transport::Icmp if flow.is_discovery => is_on_link(own, other, addresses).then_some(DISCOVERY),
        Transport::Icmp if flow.control == Control::Error => Some(ERRORS),
        Transport::Icmp if is_membership && flow.confined_to_link => {
            is_up_to(MEMBERSHIP_BYTES_MAX).then_some(MEMBERSHIP)
        }
        Transport::Other(2) if flow.confined_to_link => is_up_to(MEMBERSHIP_BYTES_MAX).then_some(MEMBERSHIP),
        Transport::Udp if is_dhcp(flow) => is_up_to(DHCP_BYTES_MAX).then_some(DHCP),
        Transport::Tcp | Transport::Udp | Transport::Icmp | Transport::Other(_) => None,
    }
}

fn is_dhcp(flow: &FlowRecord) -> bool {
    let mut ports = [flow.client.port, flow.server.port];
    ports.sort_unstable();
    flow.facts.layers == [Protocol::Dhcp] && matches!(ports, [67 | 68, 67 | 68] | [546, 547])
}

/// Whether neighbour discovery is for the link: to one of its addresses or groups, or to an address
/// of the network of one of the host's.
fn is_on_link(own: Endpoint, other: Endpoint, addresses: &BTreeSet<IpAddr>) -> bool {
    let network = |addr: IpAddr| match addr {
        IpAddr::V6(addr) => Some(addr.to_bits() >> 64),
        IpAddr::V4(_) => None,
    };
    matches!(scope(other.addr), Scope::LinkGroup | Scope::LinkUnicast)
        || std::iter::once(&own.addr)
            .chain(addresses)
            .any(|addr| network(*addr).is_some() && network(*addr) == network(other.addr))
}
