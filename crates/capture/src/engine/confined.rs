//! Where packets can go on the link, and whose cards they name.

use crate::packet::encapsulation::Layer;
use crate::packet::ip::IpPacket;
use creance_model::{Scope, scope};
use std::net::IpAddr;

/// The link-layer addresses of the sender and the receiver.
#[inline]
pub(super) fn hardware_addresses(layer: Layer, frame: &[u8]) -> [Option<[u8; 6]>; 2] {
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
pub(super) fn is_confined(packet: &IpPacket<'_>, link_group: bool) -> bool {
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
