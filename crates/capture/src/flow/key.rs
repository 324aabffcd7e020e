//! What makes two packets belong to one flow.

use creance_model::{Endpoint, Transport};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address as two numbers, in the order of its bytes: put together and compared in registers,
/// since it is made for every packet.
type Halves = [u64; 2];

/// Set in a key's context where its addresses are of IPv6.
const V6: u64 = 1 << 16;

/// The two ends in an order of their own, so that both directions have the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlowKey {
    low: Halves,
    high: Halves,
    ports: u32,
    /// The transport's number, the address family and the tunnel.
    context: u64,
}

impl Hash for FlowKey {
    /// Number by number: an array would be hashed as a text of unknown length.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        for number in self.low.into_iter().chain(self.high) {
            state.write_u64(number);
        }
        state.write_u64(self.context);
        state.write_u32(self.ports);
    }
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
        let (a, family) = halves(source.addr);
        let (b, _) = halves(destination.addr);
        let forward = (a, source.port) <= (b, destination.port);
        let number = match transport {
            Transport::Tcp => 6,
            Transport::Udp => 17,
            Transport::Icmp => 1,
            Transport::Other(number) => 256 | u64::from(number),
        };
        let context = u64::from(tunnel) << 32 | family | number;
        let (low, high, ports) = if forward {
            (a, b, u32::from(source.port) << 16 | u32::from(destination.port))
        } else {
            (b, a, u32::from(destination.port) << 16 | u32::from(source.port))
        };
        (Self { low, high, ports, context }, forward)
    }

    /// The lower end and the higher one.
    pub(crate) fn ends(&self) -> [Endpoint; 2] {
        let [a, b, c, d] = self.ports.to_be_bytes();
        [
            Endpoint { addr: self.addr(self.low), port: u16::from_be_bytes([a, b]) },
            Endpoint { addr: self.addr(self.high), port: u16::from_be_bytes([c, d]) },
        ]
    }

    fn addr(&self, [high, low]: Halves) -> IpAddr {
        if self.context & V6 == 0 {
            let [a, b, c, d, ..] = high.to_be_bytes();
            return Ipv4Addr::new(a, b, c, d).into();
        }
        Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into()
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves of it")]
const fn halves(addr: IpAddr) -> (Halves, u64) {
    match addr {
        IpAddr::V4(addr) => ([(addr.to_bits() as u64) << 32, 0], 0),
        IpAddr::V6(addr) => ([(addr.to_bits() >> 64) as u64, addr.to_bits() as u64], V6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_have_one_key_that_tells_its_ends() {
        let addrs = ["0.0.0.0", "10.0.0.1", "10.0.0.2", "255.255.255.255"];
        let addrs6 = ["::", "::1", "a00:1::", "2001:db8::1", "2001:db8::2:0:0:0:1"];
        for list in [&addrs[..], &addrs6] {
            let ends: Vec<Endpoint> = list
                .iter()
                .flat_map(|addr| [0, 443].map(|port| Endpoint { addr: addr.parse().unwrap(), port }))
                .collect();
            for (place, source) in ends.iter().enumerate() {
                for destination in &ends[place..] {
                    let (key, forward) = FlowKey::new(Transport::Udp, *source, *destination, 7);
                    assert!(forward);
                    assert_eq!(key.ends(), [*source, *destination]);
                    let (back, forward) = FlowKey::new(Transport::Udp, *destination, *source, 7);
                    assert_eq!((back, forward), (key, source == destination));
                    assert_ne!(FlowKey::new(Transport::Tcp, *source, *destination, 7).0, key);
                    assert_ne!(FlowKey::new(Transport::Udp, *source, *destination, 8).0, key);
                }
            }
        }
    }
}
