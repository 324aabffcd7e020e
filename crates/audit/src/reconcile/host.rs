//! The few kinds of traffic that a host has of its own, whoever relays through it.

use creance_capture::{Control, FlowRecord};
use creance_model::Transport;
use creance_wire::Protocol;

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

/// Whether a kind of frame that no router forwards is one of the host's own.
pub(super) fn is_link_kind(name: &str) -> bool {
    LINK_KINDS.contains(&name)
}

/// Which of the host's own kinds a flow is; `None` where it is none of them.
pub(super) fn kind(flow: &FlowRecord) -> Option<&'static str> {
    if flow.header_bytes != [0; 2] && flow.control != Control::Membership {
        return None;
    }
    match flow.transport {
        Transport::Icmp if flow.is_discovery => Some("neighbour discovery"),
        Transport::Icmp if flow.control == Control::Error => Some("ICMP errors"),
        Transport::Icmp if flow.control == Control::Membership && flow.confined_to_link => {
            Some("membership in groups")
        }
        Transport::Other(2) if flow.confined_to_link => Some("membership in groups"),
        Transport::Udp if is_dhcp(flow) => Some("DHCP"),
        Transport::Tcp | Transport::Udp | Transport::Icmp | Transport::Other(_) => None,
    }
}

fn is_dhcp(flow: &FlowRecord) -> bool {
    let mut ports = [flow.client.port, flow.server.port];
    ports.sort_unstable();
    flow.facts.layers == [Protocol::Dhcp] && matches!(ports, [67 | 68, 67 | 68] | [546, 547])
}
