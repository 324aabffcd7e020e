//! Frames: what a capture holds around a packet.

use crate::bytes::{Put, crc32, low8};
use std::net::IpAddr;

/// How packets are framed in a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Ethernet II.
    Ethernet,
    /// Ethernet with a VLAN tag (IEEE 802.1Q).
    Vlan(u16),
    /// Ethernet with a service tag and a customer tag (IEEE 802.1ad).
    QinQ(u16, u16),
    /// Linux cooked capture, version 1.
    CookedV1,
    /// Linux cooked capture, version 2.
    CookedV2,
    /// No frame at all.
    RawIp,
    /// BSD loopback: the address family in the byte order of a little-endian machine.
    Null,
    /// OpenBSD loopback: the address family in network byte order.
    Loop,
}

impl Link {
    /// The number that capture files give this framing (LINKTYPE_… of libpcap).
    #[must_use]
    pub const fn linktype(self) -> u32 {
        match self {
            Self::Ethernet | Self::Vlan(_) | Self::QinQ(..) => 1,
            Self::CookedV1 => 113,
            Self::CookedV2 => 276,
            Self::RawIp => 101,
            Self::Null => 0,
            Self::Loop => 108,
        }
    }

    /// The frame around an IP packet. Hardware addresses follow from the packet's addresses:
    /// a private address has its own card, every other one is reached over the router's.
    #[must_use]
    pub fn frame(self, packet: &[u8]) -> Vec<u8> {
        let six = packet.first().is_some_and(|byte| byte >> 4 == 6);
        let ethertype = if six { 0x86dd } else { 0x0800 };
        let (source, target) = addresses(packet);
        // What cooked captures say of the receiver: one card, all of the link, or a group.
        let kind = match card(target) {
            [0xff, ..] => 1,
            [first, ..] if first & 1 == 1 => 2,
            _ => 0,
        };
        let mut out = Vec::with_capacity(packet.len() + 32);
        match self {
            Self::Ethernet => out.put(&card(target)).put(&card(source)).u16(ethertype),
            Self::Vlan(tag) => {
                out.put(&card(target)).put(&card(source));
                out.u16(0x8100).u16(tag).u16(ethertype)
            }
            Self::QinQ(service, customer) => {
                out.put(&card(target)).put(&card(source));
                out.u16(0x88a8).u16(service).u16(0x8100).u16(customer).u16(ethertype)
            }
            Self::CookedV1 => {
                out.u16(kind.into()).u16(1).u16(6).put(&card(source)).u16(0);
                out.u16(ethertype)
            }
            Self::CookedV2 => {
                out.u16(ethertype).u16(0).u32(2).u16(1).u8(kind).u8(6);
                out.put(&card(source)).u16(0)
            }
            Self::RawIp => &mut out,
            Self::Null => out.put(&if six { 30_u32 } else { 2 }.to_le_bytes()),
            Self::Loop => out.u32(if six { 24 } else { 2 }),
        };
        out.put(packet);
        out
    }
}

/// An Ethernet frame of any type between two addresses' cards.
#[must_use]
pub fn ethernet(source: IpAddr, target: IpAddr, ethertype: u16, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put(&card(target)).put(&card(source)).u16(ethertype).put(body);
    out
}

/// An ARP request for `target` (RFC 826), IPv4 only; broadcast.
#[must_use]
pub fn arp(source: IpAddr, target: IpAddr) -> Vec<u8> {
    let octets = |addr| match addr {
        IpAddr::V4(addr) => addr.octets(),
        IpAddr::V6(_) => [0; 4],
    };
    let mut out = Vec::new();
    out.put(&[0xff; 6]).put(&card(source)).u16(0x0806);
    out.u16(1).u16(0x0800).u8(6).u8(4).u16(1);
    out.put(&card(source)).put(&octets(source));
    out.zeros(6).put(&octets(target)).zeros(18);
    out
}

/// The frame that PCAPdroid writes with its trailer on: empty hardware addresses, the packet,
/// zeros up to four bytes, then the mark 0x01072021, the user id of the app, its name in 20
/// bytes and the frame's check sum (PCAPdroid user guide, section "PCAPdroid trailer").
#[must_use]
pub fn pcapdroid(packet: &[u8], uid: i32, app: &str) -> Vec<u8> {
    let six = packet.first().is_some_and(|byte| byte >> 4 == 6);
    let mut out = Vec::new();
    out.zeros(12).u16(if six { 0x86dd } else { 0x0800 }).put(packet);
    out.resize(out.len().next_multiple_of(4), 0);
    let mut name = app.as_bytes().to_vec();
    name.truncate(19);
    name.resize(20, 0);
    out.u32(0x0107_2021).put(&uid.to_be_bytes()).put(&name);
    let sum = crc32(&out);
    out.put(&sum.to_le_bytes());
    out
}

/// The hardware address of the card that an address is reached at.
#[must_use]
pub fn card(addr: IpAddr) -> [u8; 6] {
    const ROUTER: [u8; 6] = [2, 0, 192, 168, 1, 1];
    match addr {
        IpAddr::V4(addr) => match addr.octets() {
            [255, 255, 255, 255] => [0xff; 6],
            [224..=239, b, c, d] => [1, 0, 0x5e, b & 0x7f, c, d],
            [192, 168, c, d] => [2, 0, 192, 168, c, d],
            [10, b, c, d] => [2, 0, 10, b, c, d],
            _ => ROUTER,
        },
        IpAddr::V6(addr) => match addr.octets() {
            [0xff, .., a, b, c, d] => [0x33, 0x33, a, b, c, d],
            // The lab gives a machine 192.168.1.N the IPv6 addresses that end in N.
            [0xfe, 0x80, .., d] | [0xfd, .., d] | [0x2a, 0x02, 0x08, .., d] => {
                [2, 0, 192, 168, 1, low8(u64::from(d))]
            }
            _ => ROUTER,
        },
    }
}

/// The addresses of a packet; unspecified where it is none.
fn addresses(packet: &[u8]) -> (IpAddr, IpAddr) {
    let four = |at: usize| {
        let octets: Option<[u8; 4]> = packet.get(at..at + 4).and_then(|b| b.try_into().ok());
        IpAddr::from(octets.unwrap_or_default())
    };
    let sixteen = |at: usize| {
        let octets: Option<[u8; 16]> = packet.get(at..at + 16).and_then(|b| b.try_into().ok());
        IpAddr::from(octets.unwrap_or_default())
    };
    if packet.first().is_some_and(|byte| byte >> 4 == 6) {
        (sixteen(8), sixteen(24))
    } else {
        (four(12), four(16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;
    use crate::ip::{self, Style};

    #[test]
    fn every_frame_ends_with_its_packet() {
        let (a, b) = ("192.168.1.23".parse().unwrap(), "52.29.63.1".parse().unwrap());
        let packet = ip::packet(a, b, ip::UDP, b"x", &Style::default());
        for (link, header) in [
            (Link::Ethernet, "0200c0a80101 0200c0a80117 0800"),
            (Link::Vlan(5), "0200c0a80101 0200c0a80117 8100 0005 0800"),
            (Link::QinQ(5, 6), "0200c0a80101 0200c0a80117 88a8 0005 8100 0006 0800"),
            (Link::CookedV1, "0000 0001 0006 0200c0a80117 0000 0800"),
            (Link::CookedV2, "0800 0000 00000002 0001 00 06 0200c0a80117 0000"),
            (Link::RawIp, ""),
            (Link::Null, "02000000"),
            (Link::Loop, "00000002"),
        ] {
            assert_eq!(link.frame(&packet), [hex(header), packet.clone()].concat(), "{link:?}");
        }
    }

    #[test]
    fn cooked_frames_tell_groups_from_single_cards() {
        let from = "192.168.1.23".parse().unwrap();
        for (to, kind) in [("192.168.1.1", 0), ("255.255.255.255", 1), ("224.0.0.251", 2)] {
            let packet = ip::packet(from, to.parse().unwrap(), ip::UDP, b"x", &Style::default());
            assert_eq!(Link::CookedV1.frame(&packet)[..2], [0, kind], "{to}");
            assert_eq!(Link::CookedV2.frame(&packet)[10], kind, "{to}");
        }
    }

    #[test]
    fn the_app_stands_in_the_last_32_bytes() {
        let packet = ip::packet(
            "10.0.0.1".parse().unwrap(),
            "10.0.0.2".parse().unwrap(),
            ip::UDP,
            b"xyz",
            &Style::default(),
        );
        let frame = pcapdroid(&packet, 10_123, "GO Fly");
        assert_eq!(frame.len() % 4, 0);
        let trailer = &frame[frame.len() - 32..];
        assert_eq!(trailer[..14], hex("01072021 0000278b 474f20466c79"));
        assert_eq!(trailer[28..], crc32(&frame[..frame.len() - 4]).to_le_bytes());
    }
}
