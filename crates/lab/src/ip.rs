//! IPv4 and IPv6 packets, whole or in fragments, and what stands directly on them.

use crate::bytes::{Put, checksum, len16, low8, low16, patch};
use std::net::IpAddr;

/// The protocol number of ICMP.
pub const ICMP: u8 = 1;
/// The protocol number of TCP.
pub const TCP: u8 = 6;
/// The protocol number of UDP.
pub const UDP: u8 = 17;
/// The protocol number of ICMPv6.
pub const ICMP_V6: u8 = 58;
/// The protocol number of the authentication header.
const AUTHENTICATION: u8 = 51;

/// What is free to choose in a packet's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Routers that the packet may still cross.
    pub ttl: u8,
    /// The identification that fragments share.
    pub id: u32,
    /// IPv4 options; padded with zeros to four bytes, cut at 40.
    pub options: Vec<u8>,
    /// IPv6 extension headers: their number and their content after the first two bytes, padded
    /// to eight bytes.
    pub extensions: Vec<(u8, Vec<u8>)>,
    /// The check value of an authentication header (RFC 4302), which stands behind all others; no
    /// such header where it is empty.
    pub authentication: Vec<u8>,
}

impl Default for Style {
    fn default() -> Self {
        Self { ttl: 64, id: 1, options: Vec::new(), extensions: Vec::new(), authentication: Vec::new() }
    }
}

/// An IPv4 or IPv6 packet (RFC 791, RFC 8200). Both addresses must be of one version; a mixed
/// pair is written as IPv6 with a mapped address.
#[must_use]
pub fn packet(source: IpAddr, target: IpAddr, protocol: u8, payload: &[u8], style: &Style) -> Vec<u8> {
    let (protocol, payload) = &authenticated(protocol, payload, &style.authentication);
    match (source, target) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let mut options = style.options.clone();
            options.truncate(40);
            options.resize(options.len().next_multiple_of(4), 0);
            let mut out = Vec::with_capacity(20 + options.len() + payload.len());
            out.u8(0x45 + low8(options.len() as u64 / 4)).u8(0);
            out.u16(len16(20 + options.len() + payload.len()));
            out.u16(low16(u64::from(style.id))).u16(0x4000);
            out.u8(style.ttl).u8(*protocol).u16(0);
            out.put(&source.octets()).put(&target.octets()).put(&options);
            let sum = checksum(&[&out]);
            patch(&mut out, 10, &sum.to_be_bytes());
            out.put(payload);
            out
        }
        (source, target) => {
            let (next, body) = extended(*protocol, payload, &style.extensions);
            let mut out = Vec::with_capacity(40 + body.len());
            out.u32(0x6000_0000).u16(len16(body.len())).u8(next).u8(style.ttl);
            out.put(&v6(source)).put(&v6(target)).put(&body);
            out
        }
    }
}

/// Cuts a packet into about `pieces` fragments. One that is too small to cut stays whole.
#[must_use]
pub fn fragments(packet: &[u8], pieces: usize, id: u32) -> Vec<Vec<u8>> {
    let version = packet.first().map_or(0, |byte| byte >> 4);
    let header = match (version, packet.first()) {
        (4, Some(first)) => usize::from(first & 0xf) * 4,
        (6, _) => 40,
        _ => return vec![packet.to_vec()],
    };
    let (Some(head), Some(body)) = (packet.get(..header), packet.get(header..)) else {
        return vec![packet.to_vec()];
    };
    let size = body.len().div_ceil(pieces.max(1)).next_multiple_of(8).max(8);
    let count = body.len().div_ceil(size);
    body.chunks(size)
        .enumerate()
        .map(|(index, chunk)| {
            let units = len16(index * size / 8);
            let more = u16::from(index + 1 < count);
            let mut out = head.to_vec();
            if version == 4 {
                patch(&mut out, 2, &len16(header + chunk.len()).to_be_bytes());
                patch(&mut out, 4, &low16(u64::from(id)).to_be_bytes());
                patch(&mut out, 6, &((more << 13) | units).to_be_bytes());
                patch(&mut out, 10, &[0, 0]);
                let sum = checksum(&[&out]);
                patch(&mut out, 10, &sum.to_be_bytes());
            } else {
                let next = head.get(6).copied().unwrap_or_default();
                patch(&mut out, 4, &len16(8 + chunk.len()).to_be_bytes());
                patch(&mut out, 6, &[44]);
                out.u8(next).u8(0).u16((units << 3) | more).u32(id);
            }
            out.put(chunk);
            out
        })
        .collect()
}

/// One TCP segment (RFC 9293), without its addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment {
    /// The sender's port.
    pub from: u16,
    /// The receiver's port.
    pub to: u16,
    /// The number of the first byte.
    pub seq: u32,
    /// The number of the next byte expected from the other side.
    pub ack: u32,
    /// FIN 1, SYN 2, RST 4, PSH 8, ACK 16.
    pub flags: u8,
    /// Options; padded with zeros to four bytes, cut at 40.
    pub options: Vec<u8>,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Segment {
    /// The bytes, with the checksum over the given addresses.
    #[must_use]
    pub fn bytes(&self, source: IpAddr, target: IpAddr) -> Vec<u8> {
        let mut options = self.options.clone();
        options.truncate(40);
        options.resize(options.len().next_multiple_of(4), 0);
        let mut out = Vec::with_capacity(20 + options.len() + self.payload.len());
        out.u16(self.from).u16(self.to).u32(self.seq).u32(self.ack);
        out.u8(low8((5 + options.len() as u64 / 4) << 4)).u8(self.flags);
        out.u16(0xfaf0).u16(0).u16(0).put(&options).put(&self.payload);
        let sum = over(source, target, TCP, &out);
        patch(&mut out, 16, &sum.to_be_bytes());
        out
    }
}

/// A UDP datagram (RFC 768).
#[must_use]
pub fn udp(source: (IpAddr, u16), target: (IpAddr, u16), payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + payload.len());
    out.u16(source.1).u16(target.1);
    out.u16(len16(8 + payload.len())).u16(0).put(payload);
    let sum = match over(source.0, target.0, UDP, &out) {
        0 => 0xffff,
        sum => sum,
    };
    patch(&mut out, 6, &sum.to_be_bytes());
    out
}

/// An ICMP or ICMPv6 message, by the version of the addresses.
#[must_use]
pub fn icmp(source: IpAddr, target: IpAddr, kind: u8, code: u8, body: &[u8]) -> (u8, Vec<u8>) {
    let mut out = vec![kind, code, 0, 0];
    out.put(body);
    let (protocol, sum) = if source.is_ipv4() {
        (ICMP, checksum(&[&out]))
    } else {
        (ICMP_V6, over(source, target, ICMP_V6, &out))
    };
    patch(&mut out, 2, &sum.to_be_bytes());
    (protocol, out)
}

/// The checksum of `body` with the pseudo-header of its addresses.
fn over(source: IpAddr, target: IpAddr, protocol: u8, body: &[u8]) -> u16 {
    let mut pseudo = Vec::with_capacity(40);
    match (source, target) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            pseudo.put(&source.octets()).put(&target.octets());
            pseudo.u8(0).u8(protocol).u16(len16(body.len()));
        }
        (source, target) => {
            pseudo.put(&v6(source)).put(&v6(target));
            pseudo.u32(crate::bytes::low32(body.len() as u64)).u32(u32::from(protocol));
        }
    }
    checksum(&[&pseudo, body])
}

/// A payload behind an authentication header of a multiple of eight bytes, as IPv6 needs it.
fn authenticated(protocol: u8, payload: &[u8], check: &[u8]) -> (u8, Vec<u8>) {
    if check.is_empty() {
        return (protocol, payload.to_vec());
    }
    let length = (12 + check.len()).next_multiple_of(8);
    let mut out = vec![protocol, low8(length as u64 / 4 - 2), 0, 0];
    // The security association, and the number of the packet.
    out.u32(0x1000).u32(1).put(check);
    out.resize(length, 0);
    out.put(payload);
    (AUTHENTICATION, out)
}

fn extended(protocol: u8, payload: &[u8], extensions: &[(u8, Vec<u8>)]) -> (u8, Vec<u8>) {
    extensions.iter().rev().fold((protocol, payload.to_vec()), |(next, body), (number, content)| {
        let length = (content.len() + 2).next_multiple_of(8);
        let mut out = vec![next, low8(length as u64 / 8 - 1)];
        out.put(content);
        out.resize(length, 0);
        out.put(&body);
        (*number, out)
    })
}

const fn v6(addr: IpAddr) -> [u8; 16] {
    match addr {
        IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
        IpAddr::V6(addr) => addr.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;

    fn addr(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_packet_has_the_right_sums() {
        let (a, b) = (addr("192.168.1.23"), addr("52.29.63.1"));
        let inner = udp((a, 1000), (b, 53), b"odd");
        // The sum over everything that was summed, sum included, is zero.
        assert_eq!(over(a, b, UDP, &inner), 0);
        let whole = packet(a, b, UDP, &inner, &Style::default());
        assert_eq!(checksum(&[whole.get(..20).unwrap()]), 0);
        assert_eq!(whole.len(), 31);
        let segment = Segment { from: 1, to: 2, flags: 2, options: vec![2, 4, 5, 180], ..Segment::default() };
        let tcp = segment.bytes(a, b);
        assert_eq!(over(a, b, TCP, &tcp), 0);
        assert_eq!(tcp[12], 0x60);
        let (v6a, v6b) = (addr("2001:db8::1"), addr("2001:db8::2"));
        let (number, echo) = icmp(v6a, v6b, 128, 0, b"abcd");
        assert_eq!((number, over(v6a, v6b, ICMP_V6, &echo)), (ICMP_V6, 0));
    }

    #[test]
    fn fragments_join_to_the_packet() {
        let payload: Vec<u8> = (0..100).collect();
        for (source, target, header) in [("10.0.0.1", "10.0.0.2", 20), ("fd00::1", "fd00::2", 48)] {
            let whole = packet(addr(source), addr(target), UDP, &payload, &Style::default());
            let cut = fragments(&whole, 3, 7);
            assert_eq!(cut.len(), 3);
            let joined: Vec<u8> = cut.iter().flat_map(|piece| piece[header..].to_vec()).collect();
            assert_eq!(joined, payload);
        }
        let v4 =
            fragments(&packet(addr("10.0.0.1"), addr("10.0.0.2"), UDP, &payload, &Style::default()), 3, 7);
        assert_eq!(v4[0][4..8], hex("0007 2000"));
        assert_eq!(v4[2][4..8], hex("0007 000a"));
        assert_eq!(checksum(&[&v4[1][..20]]), 0);
    }

    #[test]
    fn extension_headers_chain() {
        let style = Style { extensions: vec![(0, vec![1, 4, 0, 0, 0, 0]), (60, vec![])], ..Style::default() };
        let bytes = packet(addr("fd00::1"), addr("fd00::2"), UDP, b"x", &style);
        assert_eq!(bytes[6], 0);
        assert_eq!(bytes[40..], hex("3c00010400000000 1100000000000000 78"));
    }

    #[test]
    fn an_authentication_header_stands_before_the_payload() {
        let style = Style { authentication: vec![7; 3], ..Style::default() };
        let four = packet(addr("10.0.0.1"), addr("10.0.0.2"), UDP, b"x", &style);
        assert_eq!((four[3], four[9]), (37, 51));
        assert_eq!(four[20..], hex("11020000 00001000 00000001 07070700 78"));
        let six = packet(addr("fd00::1"), addr("fd00::2"), UDP, b"x", &style);
        assert_eq!((six[6], &six[40..]), (51, &four[20..]));
    }
}
