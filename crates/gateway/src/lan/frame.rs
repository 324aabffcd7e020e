//! What a frame on the uplink is, as far as the watch must know.

use crate::lan::rules::Own;
use crate::shell::{Ends, Left, Look, Wrong};
use creance_model::{Endpoint, Transport};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tokio::time::Instant;

/// Heads of IPv6 that are followed.
const HEADS_MAX: usize = 8;

/// The shortest frame of Ethernet, in bytes, with a tag: up to it zeros may follow a packet.
const FRAME_BYTES_MIN: usize = 64;

/// How packets stand in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Ethernet,
    /// Bare, as on links without addresses of their own.
    Bare,
}

impl Framing {
    /// That of a kind of link (ARPHRD_…).
    pub(super) const fn of(hardware: u16) -> Self {
        match hardware {
            // Point-to-point, raw IP, tunnels of IP, and what has no kind.
            512 | 519 | 768 | 769 | 776 | 778 | 0xfffe => Self::Bare,
            _ => Self::Ethernet,
        }
    }
}

/// A frame that left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// Its first bytes, and how long it is in all.
    pub(super) head: &'a [u8],
    pub(super) length: usize,
    /// At most so many of it are on the link, as the card counts them.
    pub(super) pieces: u64,
}

/// What is wrong with a frame, where something is.
pub(super) fn wrong(
    frame: &Frame<'_>,
    framing: Framing,
    wire: &mut Look<'_>,
    own: &[Own],
    now: Instant,
) -> Option<String> {
    let (kind, at) = match framing {
        Framing::Ethernet => network(frame.head).unwrap_or((0, 0)),
        Framing::Bare => bare(frame.head),
    };
    let bytes = frame.head.get(at..).unwrap_or_default();
    let length = frame.length.saturating_sub(at);
    let packet = match kind {
        // ARP, and who may use the link (EAPOL).
        0x0806 | 0x888e => return None,
        0x0800 => ipv4(bytes, length),
        0x86dd => ipv6(bytes, length),
        _ => return Some(format!("a frame of type {kind:#06x}")),
    };
    let Some(packet) = packet else { return Some(format!("a broken packet of type {kind:#06x}")) };
    // What fills a short frame is not said of a long one.
    let packet = if frame.length > FRAME_BYTES_MIN { packet.with_trailer(length) } else { packet };
    match against(&packet, wire, now)? {
        Wrong::Unexplained if is_the_machines(&packet, own) => None,
        Wrong::Unexplained => Some(packet.to_string()),
        other @ (Wrong::More { .. } | Wrong::Again { .. }) => Some(other.to_string()),
    }
}

/// What is wrong with a packet by the ledger.
fn against(packet: &Packet, wire: &mut Look<'_>, now: Instant) -> Option<Wrong> {
    match packet.what {
        What::Of { transport, from, to, left } => {
            let ends = Ends {
                transport,
                from: Endpoint { addr: packet.from, port: from },
                to: Endpoint { addr: packet.to, port: to },
            };
            wire.take(&ends, left, now)
        }
        What::Part if matches!(packet.protocol, 6 | 17) && wire.explains_part(packet.from, packet.to) => None,
        What::Part | What::Icmp(_) | What::Other => Some(Wrong::Unexplained),
    }
}

/// The few kinds of packets that the machine itself sends, and the rules let pass.
fn is_the_machines(packet: &Packet, own: &[Own]) -> bool {
    match (packet.protocol, &packet.what) {
        // Its address: DHCP.
        (17, What::Of { from: 68, to: 67, .. } | What::Of { from: 546, to: 547, .. }) => true,
        // Neighbours and routers, and which groups it hears.
        (58, What::Icmp(133 | 135 | 136 | 143)) | (2, _) => true,
        (_, What::Of { to, .. }) => own.iter().any(|own| own.is(packet.to, *to, packet.protocol == 17)),
        _ => false,
    }
}

struct Packet {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    what: What,
    /// How long it says that it is, in bytes.
    length: usize,
}

enum What {
    Of {
        transport: Transport,
        from: u16,
        to: u16,
        left: Left,
    },
    Icmp(u8),
    /// A later part of a packet, which has no ports.
    Part,
    Other,
}

impl Packet {
    /// What follows a packet in its frame has left with it.
    fn with_trailer(mut self, room: usize) -> Self {
        let trailer = room.saturating_sub(self.length) as u64;
        if let What::Of { left: Left::Datagram(payload) | Left::Segment { payload, .. }, .. } = &mut self.what
        {
            *payload = payload.saturating_add(trailer);
        }
        self
    }
}

impl std::fmt::Display for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}, protocol {}", self.from, self.to, self.protocol)?;
        match self.what {
            What::Of { from, to, .. } => write!(f, ", port {from} to {to}"),
            What::Icmp(kind) => write!(f, ", type {kind}"),
            What::Part | What::Other => Ok(()),
        }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unexplained => f.write_str("nothing explains it"),
            Self::More { flow, ends, left, told } => {
                write!(f, "flow {flow} ({ends}): {left} bytes left, the ledger has {told}")
            }
            Self::Again { flow, ends } => {
                write!(f, "another connection between the ends of flow {flow} ({ends})")
            }
        }
    }
}

/// The type of an Ethernet frame, tags taken off, and where its payload begins.
fn network(frame: &[u8]) -> Option<(u16, usize)> {
    let mut at = 12;
    for _ in 0..3 {
        let kind = two(frame, at)?;
        at += 2;
        if !matches!(kind, 0x8100 | 0x88a8) {
            return Some((kind, at));
        }
        at += 2;
    }
    None
}

fn bare(frame: &[u8]) -> (u16, usize) {
    match frame.first().map(|first| first >> 4) {
        Some(4) => (0x0800, 0),
        Some(6) => (0x86dd, 0),
        _ => (0, 0),
    }
}

/// A packet at the start of so many bytes of which the first few are given.
fn ipv4(bytes: &[u8], room: usize) -> Option<Packet> {
    let head = usize::from(bytes.first()? & 0xf) * 4;
    // It does not say how long it is where the card cuts up more than it can say.
    let length = Some(usize::from(two(bytes, 2)?)).filter(|length| *length > 0).unwrap_or(room);
    let place = two(bytes, 6)?;
    let protocol = *bytes.get(9)?;
    let from: [u8; 4] = *bytes.get(12..)?.first_chunk()?;
    let to: [u8; 4] = *bytes.get(16..)?.first_chunk()?;
    let rest = bytes.get(head..)?;
    let (is_part, more_follow) = (place & 0x1fff != 0, place & 0x2000 != 0);
    let what = what(protocol, rest, length.saturating_sub(head), is_part, more_follow)?;
    Some(Packet { from: Ipv4Addr::from(from).into(), to: Ipv4Addr::from(to).into(), protocol, what, length })
}

/// The same for IPv6.
fn ipv6(bytes: &[u8], room: usize) -> Option<Packet> {
    let said = usize::from(two(bytes, 4)?);
    let length = if said == 0 { room } else { said + 40 };
    let from: [u8; 16] = *bytes.get(8..)?.first_chunk()?;
    let to: [u8; 16] = *bytes.get(24..)?.first_chunk()?;
    let (mut protocol, mut head) = (*bytes.get(6)?, 40);
    let (mut is_part, mut more_follow) = (false, false);
    for _ in 0..HEADS_MAX {
        match protocol {
            // Options and routes: how long they are is said in words of eight bytes.
            0 | 43 | 60 => {
                protocol = *bytes.get(head)?;
                head += (usize::from(*bytes.get(head + 1)?) + 1) * 8;
            }
            44 => {
                let place = two(bytes, head + 2)?;
                (is_part, more_follow) = (place & 0xfff8 != 0, place & 1 != 0);
                protocol = *bytes.get(head)?;
                head += 8;
                if is_part {
                    break;
                }
            }
            _ => break,
        }
    }
    let what = what(protocol, bytes.get(head..)?, length.saturating_sub(head), is_part, more_follow)?;
    Some(Packet { from: Ipv6Addr::from(from).into(), to: Ipv6Addr::from(to).into(), protocol, what, length })
}

/// What a packet carries in so many bytes of which the first few are given; none where its head is
/// not whole.
fn what(protocol: u8, bytes: &[u8], length: usize, is_part: bool, more_follow: bool) -> Option<What> {
    let payload = |head: usize| length.saturating_sub(head) as u64;
    Some(match protocol {
        _ if is_part => What::Part,
        6 => {
            let head = usize::from(bytes.get(12)? >> 4) * 4;
            let number = u32::from_be_bytes(*bytes.get(4..)?.first_chunk()?);
            let opens = bytes.get(13)? & 2 != 0;
            let left = Left::Segment { number, opens, payload: payload(head) };
            What::Of { transport: Transport::Tcp, from: two(bytes, 0)?, to: two(bytes, 2)?, left }
        }
        17 => {
            // The first part of a datagram tells how long the whole is.
            let said = if more_follow { usize::from(two(bytes, 4)?) } else { 0 };
            let left = Left::Datagram(payload(8).max(said.saturating_sub(8) as u64));
            What::Of { transport: Transport::Udp, from: two(bytes, 0)?, to: two(bytes, 2)?, left }
        }
        1 | 58 => What::Icmp(*bytes.first()?),
        _ => What::Other,
    })
}

fn two(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests;
