//! Packets inside packets.

use crate::bytes::{Put, len16, low32};
use crate::ip::{self, Style};
use std::net::IpAddr;

/// A way to carry a packet inside another. Outer addresses: the sender's, then the receiver's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tunnel {
    /// Generic routing encapsulation (RFC 2784, with a key by RFC 2890).
    Gre(IpAddr, IpAddr, Option<u32>),
    /// VXLAN on UDP port 4789 (RFC 7348), with its network number.
    Vxlan(IpAddr, IpAddr, u32),
    /// IPv4 in IPv4 (RFC 2003), IPv6 in IPv4 (RFC 4213), either in IPv6 (RFC 2473).
    IpInIp(IpAddr, IpAddr),
}

impl Tunnel {
    /// The outer packet around `inner`. `outbound` false swaps the outer addresses.
    #[must_use]
    pub fn wrap(self, inner: &[u8], outbound: bool, id: u32) -> Vec<u8> {
        let style = Style { id, ..Style::default() };
        let six = inner.first().is_some_and(|byte| byte >> 4 == 6);
        let (near, far, protocol, body) = match self {
            Self::Gre(near, far, key) => {
                let mut body = Vec::new();
                body.u16(if key.is_some() { 0x2000 } else { 0 });
                body.u16(if six { 0x86dd } else { 0x0800 });
                if let Some(key) = key {
                    body.u32(key);
                }
                body.put(inner);
                (near, far, 47, body)
            }
            Self::Vxlan(near, far, network) => {
                let mut body = Vec::new();
                body.u32(0x0800_0000).u32(network << 8);
                body.put(&crate::link::Link::Ethernet.frame(inner));
                let (from, to) = if outbound { (near, far) } else { (far, near) };
                let port = 49152 + len16(inner.len()) % 1000;
                (near, far, ip::UDP, ip::udp((from, port), (to, 4789), &body))
            }
            Self::IpInIp(near, far) => (near, far, if six { 41 } else { 4 }, inner.to_vec()),
        };
        let (from, to) = if outbound { (near, far) } else { (far, near) };
        ip::packet(from, to, protocol, &body, &style)
    }
}

/// A WireGuard handshake initiation (type 1, 148 bytes) or, with `counter`, a data message
/// (type 4) of `size` sealed bytes. The sealed parts are noise.
#[must_use]
pub fn wireguard(counter: Option<u64>, size: usize) -> Vec<u8> {
    let mut noise = crate::bytes::Sequence::new(counter.unwrap_or(u64::MAX));
    let mut out = Vec::new();
    match counter {
        None => out.put(&[1, 0, 0, 0]).put(&noise.bytes(144)),
        Some(counter) => out
            .put(&[4, 0, 0, 0])
            .u32(low32(noise.next()))
            .put(&counter.to_le_bytes())
            .put(&noise.bytes(size)),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_packet_stands_unchanged_behind_its_headers() {
        let (a, b): (IpAddr, IpAddr) = ("192.168.1.2".parse().unwrap(), "45.33.0.1".parse().unwrap());
        let inner = ip::packet(a, b, ip::UDP, b"inner", &Style::default());
        for (tunnel, offset, number) in [
            (Tunnel::Gre(a, b, None), 24, 47),
            (Tunnel::Gre(a, b, Some(5)), 28, 47),
            (Tunnel::Vxlan(a, b, 7), 50, 17),
            (Tunnel::IpInIp(a, b), 20, 4),
        ] {
            let outer = tunnel.wrap(&inner, true, 9);
            assert_eq!((&outer[offset..], outer[9]), (&inner[..], number), "{tunnel:?}");
        }
    }
}
