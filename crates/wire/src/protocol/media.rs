//! RTP and RTCP (RFC 3550) and RTMP (Adobe's specification of 2012).

use crate::bytes::Cursor;
use crate::stream::{Heads, Learnt, Want};
use crate::{Direction, Protocol};

/// RTMP's first two messages of a side: a version byte and 1536 bytes.
const RTMP_START: usize = 1537;

/// What is remembered of packets that may be RTP or RTCP, for each direction.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    from_client: Seen,
    from_server: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    rtp: Option<Rtp>,
    /// The source of the last packet that may be RTCP.
    rtcp: Option<u32>,
}

/// The head of a packet that may be RTP.
#[derive(Debug, Clone, Copy)]
struct Rtp {
    kind: u8,
    sequence: u16,
    source: u32,
}

/// Tells RTP and RTCP by packets that agree: two of one source whose sequence goes on, or a report
/// that is followed by the description of the same source.
pub(crate) fn recognise(payload: &[u8], direction: Direction, memory: &mut Memory) -> Option<Protocol> {
    let seen = match direction {
        Direction::FromClient => &mut memory.from_client,
        Direction::FromServer => &mut memory.from_server,
    };
    if let Some(rtcp) = rtcp(payload) {
        let again = seen.rtcp.replace(rtcp.source) == Some(rtcp.source);
        return (again || rtcp.described).then_some(Protocol::Rtcp);
    }
    let now = rtp(payload)?;
    let before = seen.rtp.replace(now)?;
    let step = now.sequence.wrapping_sub(before.sequence);
    let goes_on = before.source == now.source && before.kind == now.kind && (1..=50).contains(&step);
    goes_on.then_some(Protocol::Rtp)
}

fn rtp(payload: &[u8]) -> Option<Rtp> {
    let mut cursor = Cursor::new(payload);
    let first = cursor.u8()?;
    let kind = cursor.u8()? & 0x7f;
    let packet = Rtp {
        kind,
        sequence: cursor.u16()?,
        source: {
            cursor.skip(4)?;
            cursor.u32()?
        },
    };
    // Types that were assigned to codecs (up to 34) and the dynamic ones from 96 on.
    let known = kind <= 34 || kind >= 96;
    if first >> 6 != 2 || !known || packet.source == 0 {
        return None;
    }
    cursor.skip(usize::from(first & 0xf) * 4)?;
    if first & 0x10 != 0 {
        cursor.skip(2)?;
        let words = cursor.u16()?;
        cursor.skip(usize::from(words) * 4)?;
    }
    (!cursor.is_empty()).then_some(packet)
}

struct Rtcp {
    source: u32,
    /// A report followed by a description of its own source.
    described: bool,
}

/// Packets of RTCP that fill the datagram.
fn rtcp(payload: &[u8]) -> Option<Rtcp> {
    let mut cursor = Cursor::new(payload);
    let mut first: Option<(u8, u32)> = None;
    let mut described = false;
    while !cursor.is_empty() {
        let head = cursor.u8()?;
        let kind = cursor.u8()?;
        let words = usize::from(cursor.u16()?);
        let body = cursor.take(words * 4)?;
        if head >> 6 != 2 || !(200..=207).contains(&kind) {
            return None;
        }
        let source = Cursor::new(body).u32();
        match first {
            None => first = Some((kind, source?)),
            Some((200 | 201, reporter)) => described |= kind == 202 && source == Some(reporter),
            Some(_) => {}
        }
    }
    first.map(|(_, source)| Rtcp { source, described })
}

/// Reads RTMP: both sides start with version 3 and 1536 bytes of which four are zero, or the
/// client's echo of the server's time shows that they understood each other.
pub(crate) fn read_rtmp(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    if !matches!((heads.client, heads.server), ([3, ..], [] | [3, ..])) {
        return None;
    }
    if heads.client.len() < RTMP_START || heads.server.len() < RTMP_START {
        let want = heads.ask(RTMP_START, RTMP_START);
        return (want != Want::Nothing).then_some(want);
    }
    let zero = heads.client.get(5..9) == Some(&[0; 4]);
    let echoed = heads.client.get(RTMP_START..RTMP_START + 4) == heads.server.get(1..5);
    if zero || echoed {
        learnt.facts.add_layer(Protocol::Rtmp);
        return Some(Want::Nothing);
    }
    let want = heads.ask(RTMP_START + 4, usize::MAX);
    (want != Want::Nothing).then_some(want)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, source: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 96];
        packet.extend(sequence.to_be_bytes());
        packet.extend([0, 0, 1, 0]);
        packet.extend(source.to_be_bytes());
        packet.extend([0x55; 20]);
        packet
    }

    fn tell(packets: &[Vec<u8>]) -> Option<Protocol> {
        let mut memory = Memory::default();
        packets.iter().filter_map(|packet| recognise(packet, Direction::FromClient, &mut memory)).last()
    }

    #[test]
    fn rtp_needs_two_packets_that_agree() {
        assert_eq!(tell(&[packet(9, 7)]), None);
        assert_eq!(tell(&[packet(65535, 7), packet(0, 7)]), Some(Protocol::Rtp));
        assert_eq!(tell(&[packet(9, 7), packet(10, 8)]), None, "another source");
        assert_eq!(tell(&[packet(9, 7), packet(9, 7)]), None, "the sequence stands still");
        assert_eq!(tell(&[packet(9, 7), packet(900, 7)]), None, "too far on");
    }

    #[test]
    fn rtcp_needs_a_description_or_a_second_packet() {
        let report = vec![0x80, 201, 0, 1, 1, 2, 3, 4];
        let described = [&report[..], &[0x81, 202, 0, 2, 1, 2, 3, 4, 1, 1, b'a', 0]].concat();
        assert_eq!(tell(std::slice::from_ref(&report)), None);
        assert_eq!(tell(&[report.clone(), report]), Some(Protocol::Rtcp));
        assert_eq!(tell(std::slice::from_ref(&described)), Some(Protocol::Rtcp));
        assert_eq!(tell(&[described[..18].to_vec()]), None, "cut");
    }
}
