//! What makes two packets belong to one flow.

use creance_model::{Endpoint, Transport};
use std::net::IpAddr;

/// The two ends in an order of their own, so that both directions have the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FlowKey {
    low: [u8; 16],
    high: [u8; 16],
    ports: u32,
    /// The transport's number, the address family and the tunnel.
    context: u64,
}

impl FlowKey {
    /// The key, and whether `source` is its lower end.
    #[inline]
    pub(crate) fn new(
        transport: Transport,
        source: Endpoint,
        destination: Endpoint,
        tunnel: u32,
    ) -> (Self, bool) {
        let (a, a6) = bytes(source.addr);
        let (b, _) = bytes(destination.addr);
        let forward = (a, source.port) <= (b, destination.port);
        let number = match transport {
            Transport::Tcp => 6,
            Transport::Udp => 17,
            Transport::Icmp => 1,
            Transport::Other(number) => 256 | u64::from(number),
        };
        let context = u64::from(tunnel) << 32 | u64::from(a6) << 16 | number;
        let (low, high, ports) = if forward {
            (a, b, u32::from(source.port) << 16 | u32::from(destination.port))
        } else {
            (b, a, u32::from(destination.port) << 16 | u32::from(source.port))
        };
        (Self { low, high, ports, context }, forward)
    }
}

#[inline]
const fn bytes(addr: IpAddr) -> ([u8; 16], bool) {
    match addr {
        IpAddr::V4(addr) => {
            let [a, b, c, d] = addr.octets();
            ([a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], false)
        }
        IpAddr::V6(addr) => (addr.octets(), true),
    }
}
