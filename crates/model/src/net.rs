//! Addresses and how far packets to them can go.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// The address; IPv4-mapped IPv6 stays as it was on the wire.
    pub addr: IpAddr,
    /// The port; 0 where the transport has none.
    pub port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.addr {
            IpAddr::V4(addr) => write!(f, "{addr}:{}", self.port),
            IpAddr::V6(addr) => write!(f, "[{addr}]:{}", self.port),
        }
    }
}

/// What carries a flow's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP or ICMPv6.
    Icmp,
    /// Another IP protocol, by its number.
    Other(u8),
}

impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp => f.pad("tcp"),
            Self::Udp => f.pad("udp"),
            Self::Icmp => f.pad("icmp"),
            Self::Other(number) => write!(f, "ip-{number}"),
        }
    }
}

/// How far a packet to an address can go by the address alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// The host itself.
    Loopback,
    /// Broadcast and multicast that no router forwards.
    LinkGroup,
    /// A single host on the link (169.254/16, fe80::/10).
    LinkUnicast,
    /// Multicast that a router may forward.
    WideGroup,
    /// Addresses that are not routed between networks of different owners (RFC 1918, 6598, 4193).
    Private,
    /// Documentation, benchmarking and reserved ranges.
    Reserved,
    /// Everything else.
    Global,
}

/// The scope of an address.
#[must_use]
#[inline]
pub fn scope(addr: IpAddr) -> Scope {
    match addr {
        IpAddr::V4(addr) => scope_v4(addr),
        IpAddr::V6(addr) => scope_v6(addr),
    }
}

#[inline]
fn scope_v4(addr: Ipv4Addr) -> Scope {
    match addr.octets() {
        [127, ..] => Scope::Loopback,
        [255, 255, 255, 255] | [224, 0, 0, _] => Scope::LinkGroup,
        [224..=239, ..] => Scope::WideGroup,
        [169, 254, ..] => Scope::LinkUnicast,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Scope::Private,
        [0, ..]
        | [192, 0, 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [198, 18..=19, ..]
        | [240..=255, ..] => Scope::Reserved,
        _ => Scope::Global,
    }
}

fn scope_v6(addr: Ipv6Addr) -> Scope {
    if let Some(v4) = addr.to_ipv4_mapped() {
        return scope_v4(v4);
    }
    match addr.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Scope::Loopback,
        [0, 0, 0, 0, 0, 0, 0, 0] | [0x2001, 0xdb8, ..] => Scope::Reserved,
        // The low four bits of the second byte are the multicast scope (RFC 4291, 2.7).
        [first, ..] if first >> 8 == 0xff => match first & 0xf {
            0..=2 => Scope::LinkGroup,
            _ => Scope::WideGroup,
        },
        [first, ..] if first & 0xffc0 == 0xfe80 => Scope::LinkUnicast,
        [first, ..] if first & 0xfe00 == 0xfc00 => Scope::Private,
        _ => Scope::Global,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_link_counts_as_the_link() {
        for (text, expected) in [
            ("224.0.0.251", Scope::LinkGroup),
            ("255.255.255.255", Scope::LinkGroup),
            ("239.255.255.250", Scope::WideGroup),
            ("192.168.1.255", Scope::Private),
            ("8.8.8.8", Scope::Global),
            ("ff02::fb", Scope::LinkGroup),
            ("ff05::2", Scope::WideGroup),
            ("fe80::1", Scope::LinkUnicast),
            ("fd00::1", Scope::Private),
            ("::ffff:10.0.0.1", Scope::Private),
            ("2606:4700::1", Scope::Global),
        ] {
            assert_eq!(scope(text.parse().unwrap()), expected, "{text}");
        }
    }
}
