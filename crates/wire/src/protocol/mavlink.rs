//! MAVLink 1 and 2 (its developer guide, "Serialization").

use super::checksum::crc16;
use crate::Protocol;
use crate::stream::{Heads, Learnt, Want};

const FRAME_MAX: usize = 280;
/// Frames of unknown messages that must follow each other before they count.
const CHAIN_MIN: usize = 3;

/// Messages of the common set and the byte that each adds to its checksum, so that sender and
/// receiver agree on its fields.
const CRC_EXTRA: [(u32, u8); 60] = [
    (0, 50),
    (1, 124),
    (2, 137),
    (4, 237),
    (11, 89),
    (20, 214),
    (21, 159),
    (22, 220),
    (23, 168),
    (24, 24),
    (26, 170),
    (27, 144),
    (29, 115),
    (30, 39),
    (31, 246),
    (32, 185),
    (33, 104),
    (35, 244),
    (36, 222),
    (39, 254),
    (40, 230),
    (42, 28),
    (43, 132),
    (44, 221),
    (46, 11),
    (47, 153),
    (51, 196),
    (62, 183),
    (65, 118),
    (66, 148),
    (69, 243),
    (70, 124),
    (73, 38),
    (74, 20),
    (75, 158),
    (76, 152),
    (77, 143),
    (83, 22),
    (85, 140),
    (87, 150),
    (105, 93),
    (109, 185),
    (110, 84),
    (111, 34),
    (116, 76),
    (125, 203),
    (126, 220),
    (132, 85),
    (136, 1),
    (137, 195),
    (141, 47),
    (147, 154),
    (148, 178),
    (230, 163),
    (231, 105),
    (241, 90),
    (242, 104),
    (245, 130),
    (253, 83),
    (300, 217),
];

/// Which MAVLink a datagram is, if any: its first frame's checksum holds, or frames of messages
/// that are not known here fill it.
pub(crate) fn recognise(payload: &[u8]) -> Option<Protocol> {
    let first = Frame::read(payload)?;
    match first.holds {
        Some(true) => Some(first.protocol),
        Some(false) => None,
        None => is_chain(payload, &first, true).then_some(first.protocol),
    }
}

/// Reads MAVLink over TCP, from whichever side speaks it.
pub(crate) fn read_stream(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    for side in [heads.client, heads.server] {
        if let Some(first) = Frame::read(side) {
            let is = first.holds.unwrap_or_else(|| is_chain(side, &first, false));
            if is {
                learnt.facts.add_layer(first.protocol);
                return Some(Want::Nothing);
            }
        }
    }
    let undecided = |side: &[u8]| {
        matches!(side, [0xfd | 0xfe, ..])
            && side.len() < FRAME_MAX * CHAIN_MIN
            && Frame::read(side).is_none_or(|frame| frame.holds.is_none())
    };
    let want = match (undecided(heads.client), undecided(heads.server)) {
        (true, true) => heads.ask_both(),
        (true, false) => heads.ask_client(),
        (false, true) => heads.ask_server(),
        (false, false) => return None,
    };
    (want != Want::Nothing).then_some(want)
}

struct Frame {
    protocol: Protocol,
    length: usize,
    sequence: u8,
    /// System and component.
    sender: (u8, u8),
    /// Whether the checksum holds; `None` for a message that is not known here.
    holds: Option<bool>,
}

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (protocol, head, message, signed, sequence, sender) = match bytes {
            [0xfe, _, sequence, system, component, message, ..] => {
                let message = u32::from(*message);
                (Protocol::Mavlink1, 6, message, false, *sequence, (*system, *component))
            }
            // Flags that must be understood: only the signature is assigned.
            [0xfd, _, must @ (0 | 1), _, sequence, system, component, a, b, c, ..] => {
                let message = u32::from_le_bytes([*a, *b, *c, 0]);
                let sender = (*system, *component);
                (Protocol::Mavlink2, 10, message, *must == 1, *sequence, sender)
            }
            _ => return None,
        };
        let payload = usize::from(*bytes.get(1)?);
        let sum_at = head + payload;
        let length = sum_at + 2 + if signed { 13 } else { 0 };
        let summed = bytes.get(1..sum_at)?.iter().copied();
        let sum = u16::from_le_bytes([*bytes.get(sum_at)?, *bytes.get(sum_at + 1)?]);
        bytes.get(..length)?;
        let holds = CRC_EXTRA
            .iter()
            .find(|(known, _)| *known == message)
            .map(|(_, extra)| crc16(summed.chain([*extra]), 0xffff) == sum);
        Some(Self { protocol, length, sequence, sender, holds })
    }
}

/// Whether frames of one sender follow each other with rising sequence numbers, and fill `bytes`
/// where `to_the_end`.
fn is_chain(bytes: &[u8], first: &Frame, to_the_end: bool) -> bool {
    let (mut at, mut sequence, mut count) = (first.length, first.sequence, 1);
    while let Some(frame) = bytes.get(at..).and_then(Frame::read) {
        let step = frame.sequence.wrapping_sub(sequence);
        let fits = frame.protocol == first.protocol
            && frame.sender == first.sender
            && (1..=16).contains(&step)
            && frame.holds != Some(false);
        if !fits {
            return false;
        }
        at += frame.length;
        sequence = frame.sequence;
        count += 1;
    }
    count >= CHAIN_MIN && (!to_the_end || at == bytes.len())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A frame of version 1 with a checksum that fits `extra`.
    pub(crate) fn frame_v1(sequence: u8, message: u8, payload: &[u8], extra: u8) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        let mut frame = vec![0xfe, length, sequence, 1, 1, message];
        frame.extend(payload);
        let sum = crc16(frame[1..].iter().copied().chain([extra]), 0xffff);
        frame.extend(sum.to_le_bytes());
        frame
    }

    fn frame_v2(sequence: u8, message: u32, payload: &[u8], extra: u8, signed: bool) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        let mut frame = vec![0xfd, length, u8::from(signed), 0, sequence, 1, 1];
        frame.extend(&message.to_le_bytes()[..3]);
        frame.extend(payload);
        let sum = crc16(frame[1..].iter().copied().chain([extra]), 0xffff);
        frame.extend(sum.to_le_bytes());
        if signed {
            frame.extend([7; 13]);
        }
        frame
    }

    #[test]
    fn heartbeats_are_told_by_their_checksum() {
        let beat = frame_v1(0, 0, &[0, 0, 0, 0, 2, 3, 0x51, 4, 3], 50);
        assert_eq!(recognise(&beat), Some(Protocol::Mavlink1));
        let beat2 = frame_v2(9, 0, &[0, 0, 0, 0, 2, 3, 0x51, 4, 3], 50, true);
        assert_eq!(recognise(&beat2), Some(Protocol::Mavlink2));
        let mut bad = beat.clone();
        bad[9] ^= 1;
        assert_eq!(recognise(&bad), None, "checksum does not hold");
        assert_eq!(recognise(&beat[..16]), None, "cut");
        assert_eq!(recognise(&frame_v1(0, 0, &[0; 9], 51)), None, "other fields");
    }

    #[test]
    fn unknown_messages_need_a_chain() {
        let frames: Vec<Vec<u8>> = (0..3).map(|n| frame_v2(n, 999, &[n; 5], 1, false)).collect();
        assert_eq!(recognise(&frames[0]), None);
        assert_eq!(recognise(&frames[..2].concat()), None);
        assert_eq!(recognise(&frames.concat()), Some(Protocol::Mavlink2));
        let mut tail = frames.concat();
        tail.push(0);
        assert_eq!(recognise(&tail), None, "does not fill the datagram");
        let same = [&frames[0][..], &frames[0], &frames[0]].concat();
        assert_eq!(recognise(&same), None, "sequence stands still");
    }
}
