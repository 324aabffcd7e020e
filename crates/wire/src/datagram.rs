//! The payload of one UDP datagram.

use crate::protocol::{background, duml, mavlink, media, vpn};
use crate::proxy::note;
use crate::{Anomaly, Direction, Facts, Protocol, dns, dtls, quic};
use creance_model::{Endpoint, Scope, scope};

/// What is remembered between the datagrams of one UDP flow. Bounded.
#[derive(Debug, Default)]
pub struct Memory {
    /// QUIC handshakes in progress, at most a few.
    pub quic: quic::Handshakes,
    /// DTLS hello fragments, at most one hello of 16 KiB.
    pub dtls: dtls::Reassembly,
    media: media::Memory,
    openvpn: Option<vpn::Opening>,
}

impl Memory {
    /// The memory that it takes besides its own size, in bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.quic.held() + self.dtls.held()
    }

    /// Whether a datagram must be shown although nothing was expected any more.
    #[must_use]
    pub fn may_start_handshake(&self, payload: &[u8]) -> bool {
        self.quic.may_start(payload)
    }

    /// Whether a hello was begun that was not read to its end.
    #[must_use]
    pub fn misses_hello(&self) -> bool {
        self.quic.misses_hello()
    }
}

/// One datagram.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// By the side that opened the flow or the one that answered.
    pub direction: Direction,
    /// The payload; may be cut short by the capture.
    pub payload: &'a [u8],
    /// The length that the datagram had on the wire, without the UDP header.
    pub wire_len: usize,
}

/// What to do with the next datagram of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Every datagram must be looked at: DNS, and handshakes, which are given up after some hundred
    /// datagrams.
    All,
    /// Nothing is decided yet; show the next ones, as long as the caller cares to, and then as for
    /// `Handshakes`.
    More,
    /// Nothing more is expected, but a datagram that starts a new handshake must still be shown:
    /// those for which [`Memory::may_start_handshake`] is true.
    Handshakes,
    /// Nothing more can be learnt.
    Nothing,
}

/// What was learnt from one datagram.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The DNS message that it is. Multicast DNS and LLMNR are left out: anyone on the link may
    /// answer them, so they tie no name to an address.
    pub dns: Option<dns::Message>,
    /// What to do next.
    pub want: Want,
}

/// Looks at one datagram and adds what it tells to the flow's `facts`.
pub fn inspect(datagram: Datagram<'_>, memory: &mut Memory, facts: &mut Facts) -> Inspection {
    if let Some(inspection) = name_service(datagram, facts) {
        return inspection;
    }
    let before = facts.layers.iter().copied().find(|protocol| is_of_one_kind(*protocol));
    let want = recognise(datagram, memory, facts);
    let is_other = match want {
        None => !datagram.payload.is_empty() && !datagram.is_cut(),
        Some(_) => facts.protocol() != before,
    };
    if let Some(protocol) = before.filter(|_| is_other) {
        facts.add_anomaly(Anomaly::Malformed(protocol));
    } else if want.is_none() && is_beside_stun(datagram, facts) {
        facts.add_anomaly(Anomaly::Malformed(Protocol::Stun));
    }
    let every = before.is_some() || datagram.has_port(53);
    Inspection {
        dns: None,
        want: want.filter(|_| !every).unwrap_or(if every { Want::All } else { Want::More }),
    }
}

/// Whether a datagram is neither STUN nor what STUN shares its ports with: media begin with 128 to
/// 191, channels of TURN with 64 to 79 (RFC 7983).
fn is_beside_stun(datagram: Datagram<'_>, facts: &Facts) -> bool {
    facts.protocol() == Some(Protocol::Stun)
        && !datagram.is_cut()
        && datagram.payload.first().is_some_and(|first| !matches!(first, 64..=79 | 128..=191))
}

/// Whether all datagrams of a conversation are of this protocol once one is, so that another may be
/// anything: time, and what finds neighbours.
const fn is_of_one_kind(protocol: Protocol) -> bool {
    matches!(
        protocol,
        Protocol::Ntp
            | Protocol::Ssdp
            | Protocol::Dhcp
            | Protocol::Mdns
            | Protocol::Llmnr
            | Protocol::NetbiosNs
    )
}

impl Datagram<'_> {
    const fn has_port(&self, port: u16) -> bool {
        self.source.port == port || self.destination.port == port
    }

    const fn is_between(&self, one: u16, other: u16) -> bool {
        self.has_port(one) && self.has_port(other)
    }

    /// Whether it stays on the link or in the network next to it, by its addresses alone.
    fn is_near(&self) -> bool {
        [self.source, self.destination]
            .iter()
            .all(|end| !matches!(scope(end.addr), Scope::Global | Scope::Reserved))
            || matches!(scope(self.destination.addr), Scope::LinkGroup)
    }

    fn is_for_group(&self) -> bool {
        matches!(scope(self.destination.addr), Scope::LinkGroup | Scope::WideGroup)
    }

    const fn is_cut(&self) -> bool {
        self.payload.len() < self.wire_len
    }
}

/// DNS and its relatives: multicast DNS, LLMNR and the NetBIOS name service.
fn name_service(datagram: Datagram<'_>, facts: &mut Facts) -> Option<Inspection> {
    let payload = datagram.payload;
    let near = |port| datagram.has_port(port) && datagram.is_near();
    let relative = if near(5353) {
        Some(Protocol::Mdns)
    } else if near(5355) {
        Some(Protocol::Llmnr)
    } else {
        None
    };
    if let Some(protocol) = relative
        && dns::parse(payload).is_some_and(|message| datagram.is_for_group() || message.is_of_link())
    {
        note(protocol, facts);
        return Some(Inspection { dns: None, want: Want::All });
    }
    if datagram.has_port(137) && background::is_netbios_ns(payload) {
        note(Protocol::NetbiosNs, facts);
        return Some(Inspection { dns: None, want: Want::All });
    }
    let usual_port = datagram.has_port(53);
    // Whoever is asked alone for a name that is not the link's may well ask on.
    let known = relative.is_some() || facts.layers.contains(&Protocol::Dns);
    let message = dns::parse(payload).filter(|message| usual_port || known || message.ordinary);
    let Some(message) = message else {
        if (usual_port || known) && !payload.is_empty() {
            facts.add_anomaly(Anomaly::Malformed(Protocol::Dns));
        }
        return None;
    };
    note(Protocol::Dns, facts);
    if message.malformed {
        facts.add_anomaly(if datagram.is_cut() {
            Anomaly::NotFollowed
        } else {
            Anomaly::Malformed(Protocol::Dns)
        });
    }
    Some(Inspection { dns: Some(message), want: Want::All })
}

/// Everything else, surest first.
fn recognise(datagram: Datagram<'_>, memory: &mut Memory, facts: &mut Facts) -> Option<Want> {
    let Datagram { payload, wire_len, direction, .. } = datagram;
    if payload.is_empty() {
        return None;
    }
    if background::is_stun(payload, wire_len) {
        // What STUN opens the way for follows in the same flow.
        note(Protocol::Stun, facts);
        if background::is_turn(payload) {
            note(Protocol::Turn, facts);
        }
        return Some(Want::More);
    }
    let quic = match quic::read(payload, direction, &mut memory.quic, facts) {
        quic::Outcome::NotQuic => None,
        quic::Outcome::Needs => Some(Want::All),
        quic::Outcome::Done => Some(Want::Handshakes),
    };
    if quic.is_some() {
        note_dns_over_quic(datagram, facts);
        return quic;
    }
    match dtls::read(payload, direction, &mut memory.dtls, facts) {
        dtls::Outcome::NotDtls => {}
        dtls::Outcome::Needs => return Some(Want::All),
        // Media may share the flow with the handshake that keys it.
        dtls::Outcome::Done if facts.layers.contains(&Protocol::Stun) => return Some(Want::More),
        dtls::Outcome::Done => return Some(Want::Nothing),
    }
    let protocol = by_its_bytes(datagram).or_else(|| by_memory(datagram, memory))?;
    note(protocol, facts);
    let shared = matches!(protocol, Protocol::Rtp | Protocol::Rtcp | Protocol::Stun);
    Some(if is_of_one_kind(protocol) {
        Want::All
    } else if shared {
        Want::More
    } else {
        Want::Nothing
    })
}

fn note_dns_over_quic(datagram: Datagram<'_>, facts: &mut Facts) {
    let offered =
        facts.tls.as_ref().is_some_and(|tls| tls.alpn_offered.iter().any(|alpn| alpn.starts_with("doq")));
    if offered || datagram.has_port(853) {
        note(Protocol::DnsOverQuic, facts);
    }
}

/// Protocols that one datagram gives away.
fn by_its_bytes(datagram: Datagram<'_>) -> Option<Protocol> {
    let Datagram { payload, wire_len, .. } = datagram;
    let stun_port = [3478, 3479, 19302].iter().any(|port| datagram.has_port(*port));
    let at_port = |port, is: bool, protocol| (datagram.has_port(port) && is).then_some(protocol);
    if vpn::is_wireguard(payload, wire_len) {
        return Some(Protocol::WireGuard);
    }
    if datagram.is_between(67, 68) || datagram.is_between(67, 67) {
        return background::is_dhcp(payload).then_some(Protocol::Dhcp);
    }
    if datagram.is_between(546, 547) || datagram.is_between(547, 547) {
        return background::is_dhcp6(payload).then_some(Protocol::Dhcp);
    }
    at_port(123, background::is_ntp(payload, wire_len), Protocol::Ntp)
        .or_else(|| {
            let from_its_port = datagram.source.port == 1900;
            background::is_ssdp(payload, from_its_port).then_some(Protocol::Ssdp)
        })
        .or_else(|| mavlink::recognise(payload))
        .or_else(|| duml::starts_with_frame(payload).then_some(Protocol::Duml))
        .or_else(|| (stun_port && background::is_classic_stun(payload)).then_some(Protocol::Stun))
        .or_else(|| vpn::is_plain_opening(payload).then_some(Protocol::OpenVpn))
}

/// Protocols that take two datagrams to tell.
fn by_memory(datagram: Datagram<'_>, memory: &mut Memory) -> Option<Protocol> {
    let payload = datagram.payload;
    match datagram.direction {
        Direction::FromClient => {
            memory.openvpn = vpn::Opening::read(payload).or(memory.openvpn);
        }
        Direction::FromServer => {
            let opening = memory.openvpn;
            if opening.is_some_and(|it| it.is_answered_by(payload, datagram.source.port)) {
                return Some(Protocol::OpenVpn);
            }
        }
    }
    media::recognise(payload, datagram.direction, &mut memory.media)
}

#[cfg(test)]
mod tests;
