//! IPv4 and IPv6 headers (RFC 791, 8200).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IP packet without its headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IpPacket<'a> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) protocol: u8,
    pub(crate) hop_limit: u8,
    /// It asks to be sent on from its destination to another address.
    pub(crate) source_routed: bool,
    /// Set where this is one part of a packet.
    pub(crate) fragment: Option<Fragment>,
    /// What was captured of the payload.
    pub(crate) payload: &'a [u8],
    /// How long the payload was on the wire.
    pub(crate) payload_wire_len: usize,
    /// How long the whole packet was on the wire.
    pub(crate) wire_len: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) id: u32,
    /// In bytes.
    pub(crate) offset: usize,
    pub(crate) more: bool,
}

/// Reads the headers. `wire_len` is the length of `bytes` as they were on the wire, padding
/// included.
#[inline]
pub(crate) fn parse(bytes: &[u8], wire_len: usize) -> Result<IpPacket<'_>, &'static str> {
    match bytes.first().map(|byte| byte >> 4) {
        Some(4) => v4(bytes, wire_len),
        Some(6) => v6(bytes, wire_len),
        Some(_) => Err("neither IPv4 nor IPv6"),
        None => Err("an empty IP packet"),
    }
}

#[inline]
fn v4(bytes: &[u8], wire_len: usize) -> Result<IpPacket<'_>, &'static str> {
    let Some(head) = bytes.first_chunk::<20>() else { return Err("IPv4 header cut short") };
    let header_len = usize::from(head[0] & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([head[2], head[3]]));
    // Zero: the system hands a larger segment to the network card, which will split it.
    let total = if total == 0 { wire_len } else { total };
    if header_len < 20 || total < header_len {
        return Err("IPv4 header with impossible lengths");
    }
    let end = total.min(bytes.len());
    let payload = bytes.get(header_len..end).ok_or("IPv4 header cut short")?;
    let flags = u16::from_be_bytes([head[6], head[7]]);
    let offset = usize::from(flags & 0x1fff) * 8;
    let more = flags & 0x2000 != 0;
    let fragment = (more || offset > 0).then(|| Fragment {
        id: u16::from_be_bytes([head[4], head[5]]).into(),
        offset,
        more,
    });
    let address = |at: usize| {
        let octets =
            head.get(at..at + 4).and_then(|slice| <[u8; 4]>::try_from(slice).ok()).unwrap_or_default();
        IpAddr::V4(Ipv4Addr::from(octets))
    };
    unwrap_authentication(IpPacket {
        source: address(12),
        destination: address(16),
        protocol: head[9],
        hop_limit: head[8],
        source_routed: routes_on(bytes.get(20..header_len).unwrap_or_default()),
        fragment,
        payload,
        payload_wire_len: total - header_len,
        wire_len: total,
    })
}

/// Whether IPv4 options hold a loose or strict source route.
fn routes_on(mut options: &[u8]) -> bool {
    loop {
        options = match options {
            [131 | 137, ..] => return true,
            [1, rest @ ..] => rest,
            [2..=255, length @ 2..=255, ..] => options.get(usize::from(*length)..).unwrap_or_default(),
            _ => return false,
        };
    }
}

fn v6(bytes: &[u8], wire_len: usize) -> Result<IpPacket<'_>, &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<40>() else { return Err("IPv6 header cut short") };
    let claimed = usize::from(u16::from_be_bytes([head[4], head[5]]));
    // Zero: a jumbogram, or a segment that the network card will split.
    let length = if claimed == 0 { wire_len.saturating_sub(40) } else { claimed };
    let address = |at: usize| {
        let octets =
            head.get(at..at + 16).and_then(|slice| <[u8; 16]>::try_from(slice).ok()).unwrap_or_default();
        IpAddr::V6(Ipv6Addr::from(octets))
    };
    let packet = IpPacket {
        source: address(8),
        destination: address(24),
        protocol: head[6],
        hop_limit: head[7],
        source_routed: false,
        fragment: None,
        payload: rest.get(..length.min(rest.len())).unwrap_or_default(),
        payload_wire_len: length,
        wire_len: 40 + length,
    };
    pass_extensions(packet)
}

/// Reads on in a packet that was put together: what its fragments carried may start with further
/// headers.
pub(crate) fn after_joining(packet: IpPacket<'_>) -> Result<IpPacket<'_>, &'static str> {
    let packet =
        if packet.source.is_ipv6() { pass_extensions(packet)? } else { unwrap_authentication(packet)? };
    if packet.fragment.is_some() { Err("IP fragments within fragments") } else { Ok(packet) }
}

/// Passes over IPv6 extension headers, up to those that only the whole of a fragmented packet has.
fn pass_extensions(mut packet: IpPacket<'_>) -> Result<IpPacket<'_>, &'static str> {
    for _ in 0..16 {
        let header_len = match packet.protocol {
            // Hop-by-hop, routing, destination options, mobility, HIP, shim6.
            0 | 43 | 60 | 135 | 139 | 140 => {
                let Some(&words) = packet.payload.get(1) else {
                    return Err("IPv6 extension header cut short");
                };
                8 + usize::from(words) * 8
            }
            44 => {
                let Some([_, _, a, b, id @ ..]) = packet.payload.first_chunk::<8>() else {
                    return Err("IPv6 fragment header cut short");
                };
                let word = u16::from_be_bytes([*a, *b]);
                let (offset, more) = (usize::from(word & 0xfff8), word & 1 == 1);
                if offset > 0 || more {
                    packet.fragment = Some(Fragment { id: u32::from_be_bytes(*id), offset, more });
                }
                8
            }
            _ => return unwrap_authentication(packet),
        };
        packet.source_routed |= packet.protocol == 43 && packet.payload.get(3).is_some_and(|&left| left > 0);
        step(&mut packet, header_len)?;
        if packet.fragment.is_some() {
            return Ok(packet);
        }
    }
    Err("IPv6 with more than 16 extension headers")
}

/// Passes over an authentication header (RFC 4302), which hides nothing.
fn unwrap_authentication(mut packet: IpPacket<'_>) -> Result<IpPacket<'_>, &'static str> {
    if packet.protocol == 51 && packet.fragment.is_none() {
        let Some(&words) = packet.payload.get(1) else { return Err("authentication header cut short") };
        step(&mut packet, (usize::from(words) + 2) * 4)?;
    }
    Ok(packet)
}

fn step(packet: &mut IpPacket<'_>, header_len: usize) -> Result<(), &'static str> {
    let next = *packet.payload.first().ok_or("extension header cut short")?;
    packet.payload = packet.payload.get(header_len..).ok_or("extension header cut short")?;
    packet.payload_wire_len = packet.payload_wire_len.saturating_sub(header_len);
    packet.protocol = next;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4_packet(total: u16, fragment: u16) -> Vec<u8> {
        let mut bytes = vec![0x45, 0];
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 9]);
        bytes.extend(fragment.to_be_bytes());
        bytes.extend([64, 17, 0, 0, 10, 0, 0, 1, 8, 8, 8, 8, 1, 2, 3, 4]);
        bytes
    }

    #[test]
    fn padding_is_cut_and_a_zero_length_is_taken_from_the_wire() {
        assert_eq!(parse(&v4_packet(22, 0), 24).unwrap().payload, [1, 2]);
        assert_eq!(parse(&v4_packet(0, 0), 24).unwrap().payload_wire_len, 4);
        assert!(parse(&v4_packet(19, 0), 24).is_err());
        let part = parse(&v4_packet(24, 0x2003), 24).unwrap().fragment.unwrap();
        assert_eq!(part, Fragment { id: 9, offset: 24, more: true });
    }

    #[test]
    fn extension_headers_are_passed_over() {
        let mut bytes = vec![0x60, 0, 0, 0, 0, 17, 0, 64];
        bytes.extend([0; 32]);
        // Hop-by-hop, then a fragment header of a packet that is whole, then UDP.
        bytes.extend([44, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([17, 0, 0, 0, 0, 0, 0, 1]);
        bytes.push(7);
        let packet = parse(&bytes, bytes.len()).unwrap();
        assert_eq!((packet.protocol, packet.payload, packet.fragment), (17, &[7_u8][..], None));
        bytes.truncate(50);
        assert!(parse(&bytes, 57).is_err());
    }
}
