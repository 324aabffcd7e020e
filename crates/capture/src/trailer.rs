//! The trailer that PCAPdroid puts behind each Ethernet frame to name the app
//! (<https://emanuele-f.github.io/PCAPdroid/advanced_features.html>): a magic number, the Android
//! user id, twenty bytes of name, and a frame check sequence, big-endian.

use crate::file::PacketLabel;

const MAGIC: [u8; 4] = [0x01, 0x07, 0x20, 0x21];
const BYTES: usize = 32;

/// Splits the trailer off a frame, where there is one.
pub(crate) fn split(frame: &[u8]) -> Option<(&[u8], PacketLabel)> {
    let (rest, trailer) = find(frame)?;
    let (uid, trailer) = trailer.split_first_chunk::<4>()?;
    let name: Vec<u8> = trailer.iter().take(20).copied().take_while(|&byte| byte != 0).collect();
    let name: String = String::from_utf8_lossy(&name).chars().filter(|c| !c.is_control()).collect();
    let uid = i32::from_be_bytes(*uid);
    let label = PacketLabel {
        app: (!name.is_empty()).then_some(name),
        id: u32::try_from(uid).ok(),
        ..PacketLabel::default()
    };
    Some((rest, label))
}

/// Whether a frame has a trailer.
#[inline]
pub(crate) fn is_in(frame: &[u8]) -> bool {
    find(frame).is_some()
}

/// The frame without its trailer, and the trailer behind its magic number.
#[inline]
fn find(frame: &[u8]) -> Option<(&[u8], &[u8])> {
    // Bytes of the packet itself are no trailer, whatever an app has put there. Asked first, since
    // the end of a frame is seldom in the processor's cache.
    let end = packet_end(frame)?;
    let (rest, trailer) = frame.split_at_checked(frame.len().checked_sub(BYTES)?)?;
    if end > rest.len() {
        return None;
    }
    Some((rest, trailer.strip_prefix(&MAGIC)?))
}

/// Where the IP packet in an Ethernet frame ends, by its own length.
#[inline]
fn packet_end(frame: &[u8]) -> Option<usize> {
    let (header, packet) = frame.split_at_checked(14)?;
    let length = |at: usize| Some(usize::from(u16::from_be_bytes(*packet.get(at..)?.first_chunk()?)));
    match header {
        [.., 0x08, 0x00] => Some(14 + length(2)?),
        [.., 0x86, 0xdd] => Some(14 + 40 + length(4)?),
        _ => None,
    }
}
