//! Protocols that are neither TLS nor HTTP.

use super::SIGN;
use crate::bytes::{Put, Sequence};
use std::io::{self, Read, Write};
use std::time::Duration;

/// How often, and how long apart, a caster sends corrections.
const CORRECTIONS: u32 = 600;
const CORRECTION: Duration = Duration::from_millis(100);
/// The largest request to a caster, in bytes.
const REQUEST_BYTES_MAX: usize = 8192;

/// A stream of which some was read already.
pub(super) struct Begun<'a, S> {
    stream: &'a mut S,
    begun: io::Cursor<Vec<u8>>,
}

impl<'a, S: Read + Write> Begun<'a, S> {
    pub(super) const fn new(stream: &'a mut S, begun: Vec<u8>) -> Self {
        Self { stream, begun: io::Cursor::new(begun) }
    }
}

impl<S: Read> Read for Begun<'_, S> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let taken = self.begun.read(out)?;
        if taken > 0 || out.is_empty() { Ok(taken) } else { self.stream.read(out) }
    }
}

impl<S: Write> Write for Begun<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Answers MQTT as a broker that takes everything, and gives back what is anything else.
pub(super) fn any(stream: &mut (impl Read + Write), begun: Vec<u8>, delay: Duration) -> io::Result<()> {
    let mut stream = Begun::new(stream, begun);
    let mut buffer = vec![0; 16 << 10];
    let mut broker = None;
    loop {
        let read = stream.read(&mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        let Some(first) = bytes.first() else { return Ok(()) };
        let broker = *broker.get_or_insert(*first == 0x10);
        std::thread::sleep(delay);
        match mqtt(bytes) {
            Some(answer) if broker => stream.write_all(&answer)?,
            // A publication without an answer.
            None if broker => {}
            Some(_) | None => stream.write_all(bytes)?,
        }
        stream.flush()?;
    }
}

/// What a broker answers to a packet (MQTT 3.1.1, section 3): to a connection, a publication that
/// wants one, a subscription, a sign of life.
fn mqtt(packet: &[u8]) -> Option<Vec<u8>> {
    let id = || packet.get(2..4).unwrap_or(&[0, 1]).to_vec();
    match packet.first()? >> 4 {
        1 => Some(vec![0x20, 2, 0, 0]),
        3 if packet.first()? & 6 == 2 => {
            let name = usize::from(u16::from_be_bytes(*packet.get(2..)?.first_chunk()?));
            let id = packet.get(4 + name..6 + name)?;
            Some([&[0x40, 2], id].concat())
        }
        8 => Some([vec![0x90, 3], id(), vec![0]].concat()),
        12 => Some(vec![0xd0, 0]),
        _ => None,
    }
}

/// A caster of corrections: the request's head, then frames as RTCM 3 has them, ten a second.
pub(super) fn ntrip(stream: &mut (impl Read + Write), delay: Duration) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < REQUEST_BYTES_MAX {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.extend(byte);
    }
    std::thread::sleep(delay);
    stream.write_all(format!("ICY 200 OK\r\nServer: {SIGN}\r\n\r\n").as_bytes())?;
    let mut noise = Sequence::new(3);
    for _ in 0..CORRECTIONS {
        let mut frame = vec![0xd3];
        frame.sized(2, |body| {
            body.put(&noise.bytes(120));
        });
        frame.put(&noise.bytes(3));
        stream.write_all(&frame)?;
        std::thread::sleep(CORRECTION);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_answers_what_wants_an_answer() {
        assert_eq!(mqtt(&crate::app::mqtt_connect("a", "b")), Some(vec![0x20, 2, 0, 0]));
        assert_eq!(mqtt(b"\x32\x07\x00\x01t\x12\x34xx"), Some(vec![0x40, 2, 0x12, 0x34]));
        assert_eq!(mqtt(b"\x30\x05\x00\x01txx"), None);
        assert_eq!(mqtt(b"\xc0\x00"), Some(vec![0xd0, 0]));
    }
}
