//! Where packets can go on the link.

use crate::flow::Control;
use crate::packet::card::Card;
use crate::packet::ip::IpPacket;
use creance_model::{Scope, scope};
use std::net::IpAddr;

/// The largest question or answer of neighbour discovery that is taken for one, in bytes.
const DISCOVERY_BYTES_MAX: usize = 64;
/// The largest message of a router's that is taken for one, in bytes.
const ROUTER_BYTES_MAX: usize = 256;
/// The largest error of ICMP, with its header (RFC 1812, 4.3.2.3; RFC 4443, 2.4), in bytes.
const ERROR_BYTES_MAX: [usize; 2] = [576, 1280];

/// Whether no router forwards the packet: link-scope groups, multicast with no hops left,
/// neighbour discovery on the link, and broadcast of the link layer to an address that can only be
/// a directed broadcast. A frame for a single card is for that card, whatever address it names.
#[inline]
pub(crate) fn is_confined(packet: &IpPacket<'_>, receiver: Card) -> bool {
    let link_group = receiver.is_group();
    let scope = scope(packet.destination);
    match scope {
        Scope::LinkGroup => link_group || receiver.is_none(),
        Scope::WideGroup => packet.hop_limit <= 1 && (link_group || receiver.is_none()),
        Scope::Private => link_group && is_directed_broadcast(packet.destination),
        Scope::LinkUnicast => {
            is_discovery(packet) || (link_group && is_directed_broadcast(packet.destination))
        }
        Scope::Loopback | Scope::Reserved | Scope::Global => false,
    }
}

/// Whether a packet is shaped like neighbour discovery (RFC 4861, 7.1: the receiver discards it
/// unless the hop limit shows that no router touched it).
#[inline]
pub(super) fn is_discovery(packet: &IpPacket<'_>) -> bool {
    packet.protocol == 58
        && packet.hop_limit == 255
        && header_bytes(packet, 1) == 0
        && match packet.payload {
            [133 | 135 | 136, ..] => packet.payload_wire_len <= DISCOVERY_BYTES_MAX,
            [134 | 137, ..] => packet.payload_wire_len <= ROUTER_BYTES_MAX,
            _ => false,
        }
}

/// What kind of ICMP a packet is, where it is some that hosts send by themselves.
pub(super) fn control(packet: &IpPacket<'_>) -> Control {
    let [error_max, error6_max] = ERROR_BYTES_MAX;
    match (packet.protocol, packet.payload) {
        // What cannot be reached, what took too long, a parameter that makes no sense.
        (1, [3 | 11 | 12, ..]) if packet.wire_len <= error_max => Control::Error,
        (58, [1..=4, ..]) if packet.wire_len <= error6_max => Control::Error,
        (58, [130..=132 | 143, ..]) if packet.hop_limit == 1 => Control::Membership,
        _ => Control::None,
    }
}

/// Bytes of IP options, extension headers and authentication headers: whatever stands between the
/// plain headers of so many packets and what they carry. They can carry data of their own.
pub(super) fn header_bytes(packet: &IpPacket<'_>, packets: u64) -> u64 {
    let plain = match packet.source {
        IpAddr::V4(_) => 20,
        IpAddr::V6(_) if packets > 1 => 48,
        IpAddr::V6(_) => 40,
    };
    let (whole, payload) = (packet.wire_len as u64, packet.payload_wire_len as u64);
    whole.saturating_sub(payload).saturating_sub(plain * packets)
}

const fn is_directed_broadcast(addr: IpAddr) -> bool {
    matches!(addr, IpAddr::V4(addr) if addr.octets()[3] == 255)
}
