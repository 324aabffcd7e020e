//! Frames of every kind, with what is said of them.

use super::*;
use crate::shell::OnWire;

const TO: [u8; 4] = [203, 0, 113, 9];

/// A frame with a packet of IPv4 behind so many tags.
fn frame(tags: usize, protocol: u8, to: [u8; 4], rest: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 12];
    for _ in 0..tags {
        frame.extend_from_slice(&[0x81, 0, 0, 7]);
    }
    let length = u16::try_from(20 + rest.len()).unwrap().to_be_bytes();
    frame.extend_from_slice(&[
        8, 0, 0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1,
    ]);
    frame.extend_from_slice(&to);
    frame.extend_from_slice(rest);
    frame
}

/// From port 256 to 443, with eight bytes of options and a payload.
fn tcp(flags: u8, payload: usize) -> Vec<u8> {
    let mut rest = vec![1, 0, 1, 187, 0, 0, 0, 5, 0, 0, 0, 0, 0x70, flags];
    rest.resize(28 + payload, 0);
    rest
}

fn says(frame: &[u8]) -> Option<String> {
    let own = ["192.0.2.123:123/udp".parse().unwrap()];
    let frame = Frame { head: frame, length: frame.len(), pieces: 1 };
    wrong(&frame, Framing::Ethernet, &mut OnWire::default().look(), &own, Instant::now())
}

/// What the packet of a frame carries.
fn left(frame: &[u8], length: usize) -> Left {
    let (kind, at) = network(frame).unwrap();
    let (bytes, room) = (&frame[at..], length - at);
    let packet = if kind == 0x0800 { ipv4(bytes, room) } else { ipv6(bytes, room) };
    let packet = packet.unwrap();
    let packet = if length > FRAME_BYTES_MIN { packet.with_trailer(room) } else { packet };
    let What::Of { left, .. } = packet.what else { panic!("{packet}") };
    left
}

#[test]
fn what_the_machine_itself_sends_needs_no_entry_and_all_else_does() {
    assert_eq!(says(&frame(0, 17, [255; 4], &[0, 68, 0, 67, 0, 8, 0, 0])), None);
    assert_eq!(says(&frame(0, 17, [192, 0, 2, 123], &[1, 0, 0, 123, 0, 8, 0, 0])), None);
    let mut other = tcp(2, 0);
    other[2..4].copy_from_slice(&[0, 123]);
    assert!(says(&frame(0, 6, [192, 0, 2, 123], &other)).is_some(), "another transport");
    assert_eq!(says(&[&[0; 12][..], &[8, 6, 0, 1]].concat()), None);
    for tags in 0..3 {
        let said = says(&frame(tags, 6, TO, &tcp(2, 0))).unwrap();
        assert_eq!(said, "192.0.2.1 to 203.0.113.9, protocol 6, port 256 to 443");
    }
    assert_eq!(says(&frame(0, 1, TO, &[8, 0])).unwrap(), "192.0.2.1 to 203.0.113.9, protocol 1, type 8");
    assert!(says(&frame(0, 47, TO, &[])).unwrap().ends_with("protocol 47"));
    assert_eq!(says(&[0; 14]).unwrap(), "a frame of type 0x0000");
    assert!(says(&[0; 3]).is_some() && says(&frame(0, 6, TO, &[])[..20]).is_some());
    assert_eq!(says(&frame(0, 6, TO, &[1, 0, 1, 187])).unwrap(), "a broken packet of type 0x0800");
}

#[test]
fn heads_of_ipv6_are_followed_to_the_ports() {
    let mut frame = vec![0; 12];
    frame.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 0, 64]);
    frame.extend_from_slice(&[0x20; 32]);
    // Options, then the first part of a datagram of 3000 bytes.
    frame
        .extend_from_slice(&[44, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 9, 0, 53, 1, 187, 11, 192, 0, 0]);
    let said = says(&frame).unwrap();
    assert!(said.ends_with("protocol 17, port 53 to 443"), "{said}");
    assert_eq!(left(&frame, frame.len()), Left::Datagram(3000));
    let solicit = [0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 58, 255];
    let frame = [&[0; 12][..], &solicit, &[0x20; 32], &[135, 0]].concat();
    assert_eq!(says(&frame), None);
}

#[test]
fn payload_is_what_stands_behind_all_heads_and_before_the_end() {
    let segment = |payload| Left::Segment { number: 5, opens: false, payload };
    for payload in [0, 1, 1000] {
        let frame = frame(1, 6, TO, &tcp(0x10, payload));
        assert_eq!(left(&frame, frame.len()), segment(payload as u64));
    }
    let opens = frame(0, 6, TO, &tcp(2, 9));
    assert_eq!(left(&opens, opens.len()), Left::Segment { number: 5, opens: true, payload: 9 });
    // A short frame is filled up, and what follows a packet in a longer one has left.
    let short = frame(0, 6, TO, &tcp(0x10, 0));
    assert_eq!(left(&short, 64), segment(0));
    assert_eq!(left(&short, 200), segment(200 - short.len() as u64));
    let datagram = frame(0, 17, TO, &[1, 0, 1, 187, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(left(&datagram, datagram.len()), Left::Datagram(10));
}

#[test]
fn what_is_larger_than_a_packet_can_say_is_as_long_as_its_frame() {
    let mut large = frame(0, 6, TO, &tcp(0x10, 0));
    large[16..18].copy_from_slice(&[0, 0]);
    assert_eq!(
        left(&large, large.len() + 180_000),
        Left::Segment { number: 5, opens: false, payload: 180_000 }
    );
    let mut large = vec![0; 12];
    large.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6, 64]);
    large.extend_from_slice(&[0x20; 32]);
    large.extend_from_slice(&tcp(0x10, 0));
    assert_eq!(
        left(&large, large.len() + 180_000),
        Left::Segment { number: 5, opens: false, payload: 180_000 }
    );
}

#[test]
fn links_without_addresses_carry_bare_packets() {
    let packet = frame(0, 1, TO, &[8, 0]).split_off(14);
    let bare = Frame { head: &packet, length: packet.len(), pieces: 1 };
    let says = |framing| wrong(&bare, framing, &mut OnWire::default().look(), &[], Instant::now()).unwrap();
    assert!(says(Framing::of(519)).ends_with("protocol 1, type 8"));
    assert!(says(Framing::of(1)).starts_with("a frame of type"));
}
