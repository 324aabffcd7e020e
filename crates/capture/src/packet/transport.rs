//! TCP and UDP headers (RFC 9293, 768).

use creance_model::Transport;

/// A transport packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub(crate) transport: Transport,
    pub(crate) ports: [u16; 2],
    pub(crate) tcp: Option<TcpHeader>,
    /// What was captured of the payload.
    pub(crate) payload: &'a [u8],
    /// How long the payload was on the wire.
    pub(crate) payload_wire_len: usize,
    /// How much of that stands behind the end of a datagram, where options have their place (RFC 9868).
    pub(crate) surplus: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TcpHeader {
    pub(crate) sequence: u32,
    pub(crate) acknowledged: u32,
    pub(crate) flags: u8,
}

impl TcpHeader {
    pub(crate) const fn syn(self) -> bool {
        self.flags & 0x02 != 0
    }
    pub(crate) const fn ack(self) -> bool {
        self.flags & 0x10 != 0
    }
    pub(crate) const fn fin(self) -> bool {
        self.flags & 0x01 != 0
    }
    pub(crate) const fn rst(self) -> bool {
        self.flags & 0x04 != 0
    }
}

/// Reads the transport's header. `wire_len` is the length of the IP payload on the wire.
#[inline]
pub(crate) fn parse(protocol: u8, bytes: &[u8], wire_len: usize) -> Result<Segment<'_>, &'static str> {
    match protocol {
        6 => tcp(bytes, wire_len),
        17 => udp(bytes, wire_len),
        1 | 58 => Ok(bare(Transport::Icmp, bytes, wire_len)),
        other => Ok(bare(Transport::Other(other), bytes, wire_len)),
    }
}

const fn bare(transport: Transport, bytes: &[u8], wire_len: usize) -> Segment<'_> {
    Segment { transport, ports: [0, 0], tcp: None, payload: bytes, payload_wire_len: wire_len, surplus: 0 }
}

#[inline]
fn tcp(bytes: &[u8], wire_len: usize) -> Result<Segment<'_>, &'static str> {
    let Some(head) = bytes.first_chunk::<20>() else { return Err("TCP header cut short") };
    let header_len = usize::from(head[12] >> 4) * 4;
    if header_len < 20 || header_len > wire_len {
        return Err("TCP header with an impossible length");
    }
    Ok(Segment {
        transport: Transport::Tcp,
        ports: [u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]])],
        tcp: Some(TcpHeader {
            sequence: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            acknowledged: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            flags: head[13],
        }),
        // Options may be cut off by the snap length; then nothing of the payload was captured.
        payload: bytes.get(header_len..).unwrap_or_default(),
        payload_wire_len: wire_len - header_len,
        surplus: 0,
    })
}

#[inline]
fn udp(bytes: &[u8], wire_len: usize) -> Result<Segment<'_>, &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else { return Err("UDP header cut short") };
    let claimed = usize::from(u16::from_be_bytes([head[4], head[5]]));
    // Zero: a jumbogram, or a datagram that the network card will split. Bytes beyond the claimed
    // length were on the wire all the same, so they count.
    if claimed != 0 && claimed < 8 {
        return Err("UDP header with an impossible length");
    }
    let data_len = if claimed == 0 { rest.len() } else { (claimed - 8).min(rest.len()) };
    Ok(Segment {
        transport: Transport::Udp,
        ports: [u16::from_be_bytes([head[0], head[1]]), u16::from_be_bytes([head[2], head[3]])],
        tcp: None,
        payload: rest.get(..data_len).unwrap_or_default(),
        payload_wire_len: wire_len.saturating_sub(8),
        surplus: if claimed == 0 { 0 } else { wire_len.saturating_sub(claimed) },
    })
}
