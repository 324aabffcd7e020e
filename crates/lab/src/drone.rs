//! What aircraft and controllers say.

use crate::bytes::{Put, crc16_reflected, len16, low8, low16};

/// A MAVLink 2 heartbeat of a quadcopter (<https://mavlink.io/en/guide/serialization.html>).
#[must_use]
pub fn mavlink_heartbeat(number: u8) -> Vec<u8> {
    // Type 2 (quadrotor), autopilot 12 (PX4), then the version of the dialect.
    let payload = [0, 0, 0, 0, 2, 12, 81, 4, 3];
    let mut out = vec![0xfd, low8(payload.len() as u64), 0, 0, number, 1, 1, 0, 0, 0];
    out.put(&payload);
    // The checksum leaves out the first byte and ends with 50, which stands for this message.
    let mut summed = out.get(1..).unwrap_or_default().to_vec();
    summed.u8(50);
    let sum = crc16_reflected(0xffff, &summed);
    out.put(&sum.to_le_bytes());
    out
}

/// A DUML frame, as DJI's controllers and aircraft exchange them: start 0x55, length and version
/// in two bytes, a sum over these, sender, receiver, number, kind, command set, command, payload
/// and a sum over all. Little-endian.
#[must_use]
pub fn duml(number: u16, command_set: u8, command: u8, payload: &[u8]) -> Vec<u8> {
    let length = len16(13 + payload.len()) & 0x3ff;
    let mut out = vec![0x55];
    out.put(&(length | (1 << 10)).to_le_bytes());
    let head = crc8(&out);
    // From the app (2) to the flight controller (3), a request that wants an answer (0x40).
    out.u8(head).put(&[0x02, 0x03]).put(&number.to_le_bytes());
    out.put(&[0x40, command_set, command]).put(payload);
    let sum = crc16_reflected(0x3692, &out);
    out.put(&sum.to_le_bytes());
    out
}

/// A line of position as flight-log uploads carry it, for payloads in the open. The place is in
/// the middle of the Atlantic.
#[must_use]
pub fn position_json(step: u64) -> Vec<u8> {
    let (lat, lon) = (30.0 + f64::from(low16(step)) / 1e5, -40.0);
    format!("{{\"lat\":{lat:.5},\"lon\":{lon:.5},\"alt\":120.0}}").into_bytes()
}

/// The CRC-8 of DUML's header: polynomial 0x31, reflected, from 0x77.
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0x77, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x8c } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;

    #[test]
    fn frames_have_their_marks_and_sums() {
        // A frame that public descriptions of DUML give as an example.
        assert_eq!(crc8(&hex("550d04")), 0x33);
        let frame = duml(1, 0, 1, b"");
        assert_eq!(frame[..4], hex("550d0433"));
        assert_eq!(frame.len(), 13);
        assert_eq!(mavlink_heartbeat(7)[..10], hex("fd090000070101000000"));
        assert_eq!(mavlink_heartbeat(7).len(), 21);
    }
}
