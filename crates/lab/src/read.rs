//! A small reader of capture files, for [`crate::merge`]: packets and nothing else.

/// One packet of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Nanoseconds since 1970.
    pub nanos: i64,
    /// The framing (LINKTYPE_…).
    pub linktype: u32,
    /// What was kept of the packet.
    pub bytes: &'a [u8],
}

/// Why a file could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Neither of the two kinds.
    #[error("it is neither pcap nor pcapng (compressed files must be unpacked first)")]
    NotACapture,
}

/// The packets of a file, up to the first thing that makes no sense.
///
/// # Errors
/// Where the first bytes are not those of a capture.
pub fn packets(file: &[u8]) -> Result<Vec<Seen<'_>>, ReadError> {
    match file.first_chunk() {
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => Ok(pcapng(file)),
        Some([0xa1, 0xb2, 0xc3, 0xd4]) => Ok(pcap(file, true, 1000)),
        Some([0xd4, 0xc3, 0xb2, 0xa1]) => Ok(pcap(file, false, 1000)),
        Some([0xa1, 0xb2, 0x3c, 0x4d]) => Ok(pcap(file, true, 1)),
        Some([0x4d, 0x3c, 0xb2, 0xa1]) => Ok(pcap(file, false, 1)),
        Some(_) | None => Err(ReadError::NotACapture),
    }
}

fn pcap(file: &[u8], big: bool, scale: i64) -> Vec<Seen<'_>> {
    let linktype = four(file, 20, big).unwrap_or_default() & 0xffff;
    let mut out = Vec::new();
    let mut at = 24;
    while let (Some(seconds), Some(fraction), Some(length)) =
        (four(file, at, big), four(file, at + 4, big), four(file, at + 8, big))
    {
        let Some(bytes) = file.get(at + 16..at + 16 + length as usize) else {
            break;
        };
        let nanos = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * scale;
        out.push(Seen { nanos, linktype, bytes });
        at += 16 + length as usize;
    }
    out
}

fn pcapng(file: &[u8]) -> Vec<Seen<'_>> {
    let mut out = Vec::new();
    let mut big = false;
    let mut interfaces: Vec<(u32, u64)> = Vec::new();
    let mut at = 0;
    while let Some(kind) = four(file, at, big) {
        if kind == 0x0a0d_0d0a {
            big = four(file, at + 8, true) == Some(0x1a2b_3c4d);
            interfaces.clear();
        }
        let Some(length) = four(file, at + 4, big).map(|length| length as usize) else {
            break;
        };
        let Some(block) = file.get(at..at + length) else {
            break;
        };
        if length < 12 {
            break;
        }
        let first = interfaces.first().copied();
        match kind {
            1 => interfaces.extend(interface(block, big)),
            6 => out.extend(enhanced(block, big, &interfaces)),
            3 => out.extend(four(block, 8, big).zip(first).map(|(size, (linktype, _))| {
                let room = block.get(12..length - 4).unwrap_or_default();
                Seen { nanos: 0, linktype, bytes: room.get(..size as usize).unwrap_or(room) }
            })),
            _ => {}
        }
        at += length.next_multiple_of(4);
    }
    out
}

fn enhanced<'a>(block: &'a [u8], big: bool, interfaces: &[(u32, u64)]) -> Option<Seen<'a>> {
    let (linktype, per_second) = *interfaces.get(four(block, 8, big)? as usize)?;
    let units = (u128::from(four(block, 12, big)?) << 32) | u128::from(four(block, 16, big)?);
    let nanos = units * 1_000_000_000 / u128::from(per_second.max(1));
    let length = four(block, 20, big)? as usize;
    Some(Seen {
        nanos: i64::try_from(nanos).unwrap_or(i64::MAX),
        linktype,
        bytes: block.get(28..28 + length)?,
    })
}

/// An interface's framing and its units per second.
fn interface(block: &[u8], big: bool) -> Option<(u32, u64)> {
    let linktype = u32::from(two(block, 8, big)?);
    let mut per_second = 1_000_000;
    let mut at = 16;
    while let (Some(code), Some(length)) = (two(block, at, big), two(block, at + 2, big)) {
        match (code, block.get(at + 4)) {
            (0, _) => break,
            (9, Some(power)) if power & 0x80 != 0 => per_second = 1 << (power & 0x3f),
            (9, Some(power)) => per_second = 10_u64.pow(u32::from(*power).min(18)),
            _ => {}
        }
        at += 4 + usize::from(length).next_multiple_of(4);
    }
    Some((linktype, per_second))
}

fn four(bytes: &[u8], at: usize, big: bool) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
}

fn two(bytes: &[u8], at: usize, big: bool) -> Option<u16> {
    let two = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(if big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Packet;
    use crate::pcap::Pcap;
    use crate::pcapng::{Interface, PcapNg};
    use creance_model::Timestamp;

    #[test]
    fn what_was_written_is_read() {
        let written: Vec<Packet> = (0..3_u8)
            .map(|n| Packet {
                at: Timestamp(1_000_000_000 + i64::from(n) * 1000),
                interface: 0,
                bytes: vec![n; usize::from(n) + 60],
                comment: Some("x".into()),
                process: None,
                lost: None,
            })
            .collect();
        let mut files = Vec::new();
        for big_endian in [false, true] {
            for nanoseconds in [false, true] {
                files.push(Pcap { big_endian, nanoseconds, ..Pcap::new(1) }.write(&written));
            }
            let mut file = PcapNg::new(vec![Interface { digits: 9, ..Interface::lossless(1, 3) }]);
            file.big_endian = big_endian;
            files.push(file.write(&written));
        }
        for file in files {
            let read = packets(&file).unwrap();
            assert_eq!(read.len(), 3);
            for (seen, packet) in read.iter().zip(&written) {
                assert_eq!((seen.nanos, seen.bytes), (packet.at.0, &packet.bytes[..]));
            }
            assert_eq!(packets(&file[..file.len() - 100]).unwrap()[0].bytes, written[0].bytes);
        }
        assert_eq!(packets(b"hello"), Err(ReadError::NotACapture));
    }
}
