//! Every encapsulation that is understood. To add one: a [`Layer`], an arm of [`peel`], and the
//! number that leads to it in one of the tables below.

use std::net::IpAddr;

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Ethernet,
    EtherType(u16),
    LinuxCooked,
    LinuxCooked2,
    Null,
    Ppp,
    PppoeSession,
    Mpls,
    Ip,
    Gre,
    Vxlan,
    Geneve,
    GtpUser,
    Teredo,
    Unread(u32),
}

/// One step inwards.
#[derive(Debug)]
pub(crate) enum Peeled<'a> {
    /// More layers within.
    Inner(Layer, &'a [u8]),
    /// Traffic that cannot leave the link by its nature: its name, and its bytes without the layer
    /// that carries it.
    LinkOnly(&'static str, &'a [u8]),
    /// Not understood: what it is called.
    Unread(String),
}

/// The layer that a link type starts with (<https://www.tcpdump.org/linktypes.html>).
#[inline]
pub(crate) const fn of_link_type(link_type: u32) -> Layer {
    match link_type {
        0 | 108 => Layer::Null,
        1 => Layer::Ethernet,
        9 | 50 => Layer::Ppp,
        // 12 and 14 are what some systems write for raw IP.
        12 | 14 | 101 | 228 | 229 => Layer::Ip,
        51 => Layer::PppoeSession,
        113 => Layer::LinuxCooked,
        276 => Layer::LinuxCooked2,
        other => Layer::Unread(other),
    }
}

/// The tunnel that an IP protocol number carries, with its name.
pub(crate) const fn of_ip_protocol(number: u8) -> Option<(Layer, &'static str)> {
    match number {
        4 => Some((Layer::Ip, "ipip")),
        41 => Some((Layer::Ip, "6in4")),
        47 => Some((Layer::Gre, "gre")),
        137 => Some((Layer::Mpls, "mpls")),
        _ => None,
    }
}

/// The tunnel that a UDP payload carries, by port and by its own header.
#[inline]
pub(crate) fn of_udp(ports: [u16; 2], payload: &[u8]) -> Option<(Layer, &'static str)> {
    let to = |port| ports.contains(&port);
    // VXLAN (RFC 7348): flags 0x08, reserved bytes zero.
    if (to(4789) || to(8472)) && matches!(payload, [0x08, 0, 0, 0, _, _, _, 0, _, ..]) {
        return Some((Layer::Vxlan, "vxlan"));
    }
    // Geneve (RFC 8926): version 0, and a protocol that can be read.
    if to(6081)
        && matches!(payload, [first, flags, kind @ ..] if first >> 6 == 0 && flags & 0x3f == 0
        && matches!(kind, [0x65, 0x58, ..] | [0x08, 0x00, ..] | [0x86, 0xdd, ..]))
    {
        return Some((Layer::Geneve, "geneve"));
    }
    // GTP version 1 with a user's packet (3GPP TS 29.281).
    if to(2152) && matches!(payload, [flags, 0xff, ..] if flags >> 5 == 1 && flags & 0x10 != 0) {
        return Some((Layer::GtpUser, "gtp"));
    }
    // Teredo (RFC 4380): IPv6, with or without an origin indication.
    let version6 = |bytes: &[u8]| bytes.len() >= 40 && bytes.first().is_some_and(|byte| byte >> 4 == 6);
    if to(3544) && (version6(payload) || matches!(payload, [0, 0 | 1, ..])) {
        return Some((Layer::Teredo, "teredo"));
    }
    None
}

const fn of_ether_type(number: u16) -> Option<Layer> {
    match number {
        0x0800 | 0x86dd => Some(Layer::Ip),
        0x8100 | 0x88a8 | 0x9100 => Some(Layer::EtherType(number)),
        0x8847 | 0x8848 => Some(Layer::Mpls),
        0x8864 => Some(Layer::PppoeSession),
        0x6558 => Some(Layer::Ethernet),
        _ => None,
    }
}

/// Protocols between neighbours, which no router forwards.
const fn link_only(ether_type: u16) -> Option<&'static str> {
    match ether_type {
        0x0806 => Some("ARP"),
        0x8035 => Some("RARP"),
        0x8809 => Some("Ethernet slow protocols"),
        0x8863 => Some("PPPoE discovery"),
        0x888e => Some("802.1X"),
        0x88cc => Some("LLDP"),
        0x88f7 => Some("PTP"),
        0x9000 => Some("Ethernet loopback test"),
        _ => None,
    }
}

/// Takes one layer off.
pub(crate) fn peel(layer: Layer, bytes: &[u8]) -> Peeled<'_> {
    let short = || Peeled::Unread(format!("{layer:?} header cut short"));
    let inner = match layer {
        Layer::Ethernet => match bytes {
            [_, _, _, _, _, _, _, _, _, _, _, _, a, b, rest @ ..] => Some(by_ether_type(*a, *b, rest)),
            _ => None,
        },
        // Behind a VLAN tag: its control word, then the type of what follows.
        Layer::EtherType(_) => match bytes {
            [_, _, a, b, rest @ ..] => Some(by_ether_type(*a, *b, rest)),
            _ => None,
        },
        Layer::LinuxCooked => match bytes.split_at_checked(14) {
            Some((_, [a, b, rest @ ..])) => Some(by_ether_type(*a, *b, rest)),
            _ => None,
        },
        Layer::LinuxCooked2 => match (bytes, bytes.get(20..)) {
            ([a, b, ..], Some(rest)) => Some(by_ether_type(*a, *b, rest)),
            _ => None,
        },
        Layer::Null => null(bytes),
        Layer::Ppp => ppp(bytes),
        Layer::PppoeSession => bytes.get(6..).and_then(ppp),
        Layer::Mpls => mpls(bytes),
        Layer::Gre => gre(bytes),
        Layer::Vxlan => bytes.get(8..).map(|rest| Peeled::Inner(Layer::Ethernet, rest)),
        Layer::Geneve => geneve(bytes),
        Layer::GtpUser => gtp(bytes),
        Layer::Teredo => teredo(bytes),
        Layer::Ip => None,
        Layer::Unread(number) => Some(Peeled::Unread(format!("link type {number}"))),
    };
    inner.unwrap_or_else(short)
}

fn by_ether_type(a: u8, b: u8, rest: &[u8]) -> Peeled<'_> {
    let number = u16::from_be_bytes([a, b]);
    if let Some(layer) = of_ether_type(number) {
        return Peeled::Inner(layer, rest);
    }
    if let Some(name) = link_only(number) {
        return Peeled::LinkOnly(name, rest);
    }
    match (number, rest) {
        // Below 1536 it is a length, and an LLC header follows.
        (0..=1500, [0x42, 0x42, ..]) => Peeled::LinkOnly("spanning tree", rest),
        (0..=1500, [0xaa, 0xaa, 0x03, 0, 0, 0, a, b, rest @ ..]) => by_ether_type(*a, *b, rest),
        (0..=1500, [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, ..]) => {
            Peeled::LinkOnly("Cisco link protocols", rest)
        }
        (0..=1500, [dsap, ..]) => Peeled::Unread(format!("LLC 0x{dsap:02x}")),
        _ => Peeled::Unread(format!("EtherType 0x{number:04x}")),
    }
}

/// The address family stands in the byte order of the machine that captured.
fn null(bytes: &[u8]) -> Option<Peeled<'_>> {
    let (family, rest) = bytes.split_first_chunk::<4>()?;
    let family = u32::from_le_bytes(*family).min(u32::from_be_bytes(*family));
    Some(match family {
        // AF_INET, and AF_INET6 as different systems number it.
        2 | 10 | 24 | 28 | 30 => Peeled::Inner(Layer::Ip, rest),
        other => Peeled::Unread(format!("address family {other}")),
    })
}

fn ppp(bytes: &[u8]) -> Option<Peeled<'_>> {
    let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
    // The first byte of a two-byte protocol is even, that of a compressed one odd.
    let (protocol, rest) = match bytes {
        [a, rest @ ..] if a & 1 == 1 => (u16::from(*a), rest),
        [a, b, rest @ ..] => (u16::from_be_bytes([*a, *b]), rest),
        _ => return None,
    };
    Some(match protocol {
        0x0021 | 0x0057 => Peeled::Inner(Layer::Ip, rest),
        0x0281 | 0x0283 => Peeled::Inner(Layer::Mpls, rest),
        0x8000..=0xffff => Peeled::LinkOnly("PPP control", rest),
        other => Peeled::Unread(format!("PPP protocol 0x{other:04x}")),
    })
}

fn mpls(bytes: &[u8]) -> Option<Peeled<'_>> {
    let mut rest = bytes;
    for _ in 0..16 {
        let (label, inner) = rest.split_first_chunk::<4>()?;
        rest = inner;
        if label[2] & 1 == 1 {
            return Some(match rest {
                [first, ..] if matches!(first >> 4, 4 | 6) => Peeled::Inner(Layer::Ip, rest),
                // A pseudowire control word, then Ethernet (RFC 4448).
                [0, _, _, _, ethernet @ ..] => Peeled::Inner(Layer::Ethernet, ethernet),
                _ => Peeled::Unread("MPLS payload".into()),
            });
        }
    }
    Some(Peeled::Unread("MPLS with more than 16 labels".into()))
}

/// RFC 2784, 2890 and, as version 1, RFC 2637.
fn gre(bytes: &[u8]) -> Option<Peeled<'_>> {
    let ([flags, low, a, b], mut rest) = bytes.split_first_chunk::<4>()?;
    let protocol = u16::from_be_bytes([*a, *b]);
    let mut optional = 0;
    for (bit, count) in [(0x80, 4), (0x20, 4), (0x10, 4)] {
        if flags & bit != 0 {
            optional += count;
        }
    }
    if low & 0x07 == 1 && low & 0x80 != 0 {
        optional += 4;
    }
    rest = rest.get(optional..)?;
    Some(match (protocol, rest) {
        (0x880b, []) => Peeled::LinkOnly("GRE acknowledgement", &[]),
        (0x880b, _) => Peeled::Inner(Layer::Ppp, rest),
        // ERSPAN type II (8 bytes) and, with no sequence number, type I.
        (0x88be, _) if flags & 0x10 != 0 => Peeled::Inner(Layer::Ethernet, rest.get(8..)?),
        (0x88be, _) => Peeled::Inner(Layer::Ethernet, rest),
        _ => match by_ether_type(*a, *b, rest) {
            Peeled::Unread(what) => Peeled::Unread(format!("GRE {what}")),
            other @ (Peeled::Inner(..) | Peeled::LinkOnly(..)) => other,
        },
    })
}

fn geneve(bytes: &[u8]) -> Option<Peeled<'_>> {
    let [first, _, a, b, ..] = bytes else { return None };
    let rest = bytes.get(8 + usize::from(first & 0x3f) * 4..)?;
    Some(by_ether_type(*a, *b, rest))
}

fn gtp(bytes: &[u8]) -> Option<Peeled<'_>> {
    let flags = *bytes.first()?;
    let mut start = 8;
    if flags & 0x07 != 0 {
        let mut next = *bytes.get(11)?;
        start = 12;
        while next != 0 {
            let words = usize::from(*bytes.get(start)?);
            if words == 0 {
                return None;
            }
            next = *bytes.get(start + words * 4 - 1)?;
            start += words * 4;
        }
    }
    bytes.get(start..).map(|rest| Peeled::Inner(Layer::Ip, rest))
}

fn teredo(bytes: &[u8]) -> Option<Peeled<'_>> {
    let mut rest = bytes;
    for _ in 0..2 {
        match rest {
            [0, 0, ..] => rest = rest.get(8..)?,
            [0, 1, client, auth, ..] => rest = rest.get(13 + usize::from(*client) + usize::from(*auth)..)?,
            _ => break,
        }
    }
    Some(Peeled::Inner(Layer::Ip, rest))
}

/// A tunnel that a packet came through, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Carrier {
    pub(crate) kind: &'static str,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(peeled: &Peeled<'_>) -> Option<(Layer, usize)> {
        match peeled {
            Peeled::Inner(layer, rest) => Some((*layer, rest.len())),
            Peeled::LinkOnly(..) | Peeled::Unread(_) => None,
        }
    }

    #[test]
    fn each_header_leads_to_what_it_carries() {
        let mut ethernet = vec![0; 12];
        ethernet.extend([0x81, 0x00, 0x00, 0x05, 0x08, 0x00, 0x45]);
        assert_eq!(layer(&peel(Layer::Ethernet, &ethernet)), Some((Layer::EtherType(0x8100), 5)));
        assert_eq!(layer(&peel(Layer::EtherType(0x8100), &ethernet[14..])), Some((Layer::Ip, 1)));
        assert_eq!(layer(&peel(Layer::Null, &[2, 0, 0, 0, 0x45])), Some((Layer::Ip, 1)));
        assert_eq!(layer(&peel(Layer::Null, &[0, 0, 0, 30, 0x60])), Some((Layer::Ip, 1)));
        assert_eq!(layer(&peel(Layer::Gre, &[0x20, 0, 8, 0, 1, 2, 3, 4, 0x45])), Some((Layer::Ip, 1)));
        assert_eq!(layer(&peel(Layer::Mpls, &[0, 0, 0, 0, 0, 0, 1, 0, 0x45])), Some((Layer::Ip, 1)));
        assert_eq!(
            layer(&peel(Layer::PppoeSession, &[0x11, 0, 0, 1, 0, 3, 0, 0x21, 0x45])),
            Some((Layer::Ip, 1))
        );
        assert!(matches!(peel(Layer::Unread(147), &[]), Peeled::Unread(name) if name == "link type 147"));
        assert!(matches!(by_ether_type(0x12, 0x34, &[]), Peeled::Unread(name) if name == "EtherType 0x1234"));
        assert!(matches!(by_ether_type(0x08, 0x06, &[]), Peeled::LinkOnly("ARP", [])));
    }

    #[test]
    fn a_port_alone_makes_no_tunnel() {
        assert!(of_udp([1, 4789], b"hello, this is no vxlan").is_none());
        assert!(of_udp([1, 4789], &[8, 0, 0, 0, 0, 0, 7, 0, 1]).is_some());
        assert!(of_udp([1, 53], &[8, 0, 0, 0, 0, 0, 7, 0, 1]).is_none());
    }
}
