//! Files that are no captures, or not whole.

use crate::blocks::LITTLE;
use crate::support::{at, pcap, read, recorder, run, visit};
use creance_capture::{Ending, OpenError, PACKET_BYTES_MAX};

fn capture() -> Vec<u8> {
    let mut recorder = recorder();
    visit(&mut recorder, 40_000, "a.example.com", at(0));
    pcap(1, &recorder.finish())
}

/// Where each packet of a pcap starts.
fn starts(file: &[u8]) -> Vec<usize> {
    let mut starts = vec![24];
    while let Some(length) = file.get(starts[starts.len() - 1] + 8..).and_then(|rest| rest.first_chunk()) {
        starts.push(starts[starts.len() - 1] + 16 + u32::from_le_bytes(*length) as usize);
    }
    starts
}

#[test]
fn what_is_no_capture_is_refused_with_its_reason() {
    assert!(matches!(read(&b""[..], None), Err(OpenError::Empty)));
    assert!(matches!(read(&[0xd4, 0xc3][..], None), Err(OpenError::HeaderCut { bytes: 24 })));
    assert!(matches!(read(&capture()[..23], None), Err(OpenError::HeaderCut { bytes: 24 })));
    match read(&b"<html>not one</html>"[..], None) {
        Err(OpenError::NotACapture { start }) => assert_eq!(start, "3c 68 74 6d 6c 3e 6e 6f"),
        other => panic!("{other:?}"),
    }
    let mut version = capture();
    version[4] = 9;
    assert!(matches!(read(&version[..], None), Err(OpenError::Header(_))));
    let alone = run(&capture()[..24]);
    assert_eq!((alone.facts.ending, alone.flows.len()), (Ending::Complete, 0));
}

#[test]
fn a_cut_anywhere_is_told_with_the_packet_it_hits() {
    let file = capture();
    let starts = starts(&file);
    assert_eq!(*starts.last().unwrap(), file.len());
    for cut in 24..file.len() {
        let whole = starts.iter().filter(|&&start| start <= cut).count() - 1;
        let run = run(&file[..cut]);
        let expected = if starts.contains(&cut) {
            Ending::Complete
        } else {
            Ending::CutShort { offset: starts[whole] as u64 }
        };
        assert_eq!((run.facts.ending, run.counts.packets), (expected, whole as u64), "cut at {cut}");
    }
}

#[test]
fn a_cut_block_is_told_too() {
    let head = [LITTLE.section(&[]), LITTLE.interface(1, &[])].concat();
    let packet = LITTLE.packet(0, 0, &[0; 60], &[]);
    let file = [head.clone(), packet.clone(), packet.clone()].concat();
    let second = (head.len() + packet.len()) as u64;
    for cut in second as usize + 1..file.len() {
        let run = run(&file[..cut]);
        assert_eq!(run.facts.ending, Ending::CutShort { offset: second }, "cut at {cut}");
        assert_eq!(run.counts.packets, 1);
    }
    let big = LITTLE.block(10, &vec![0; 5 << 20]);
    let run = run(&[head.clone(), big[..1000].to_vec()].concat());
    assert_eq!(run.facts.ending, Ending::CutShort { offset: head.len() as u64 });
}

#[test]
fn impossible_lengths_are_damage_at_their_place() {
    let mut file = capture();
    let place = starts(&file)[3];
    for claim in [PACKET_BYTES_MAX as u32 + 1, u32::MAX] {
        file[place + 8..place + 12].copy_from_slice(&claim.to_le_bytes());
        let run = run(&file);
        let Ending::Damaged { offset, what } = run.facts.ending else { panic!("{:?}", run.facts.ending) };
        assert_eq!((offset, run.counts.packets), (place as u64, 3));
        assert!(what.contains(&claim.to_string()), "{what}");
    }
    // The longest that is believed, with hardly any bytes behind it: cut short, not damaged.
    file[place + 8..place + 12].copy_from_slice(&(PACKET_BYTES_MAX as u32).to_le_bytes());
    assert_eq!(run(&file).facts.ending, Ending::CutShort { offset: place as u64 });
}

#[test]
fn blocks_that_contradict_themselves_are_damage_at_their_place() {
    let head = [LITTLE.section(&[]), LITTLE.interface(1, &[])].concat();
    let offset_of = |block: Vec<u8>| match run(&[head.clone(), block].concat()).facts.ending {
        Ending::Damaged { offset, .. } => offset as usize,
        ref other @ (Ending::Complete | Ending::CutShort { .. } | Ending::Unreadable { .. }) => {
            panic!("{other:?}")
        }
    };
    let packet = LITTLE.packet(0, 0, &[0; 60], &[]);
    let with = |at: usize, value: u32| {
        let mut block = packet.clone();
        block[at..at + 4].copy_from_slice(&value.to_le_bytes());
        block
    };
    for block in [
        with(4, 8),
        with(4, 93),
        with(4, u32::MAX - 3),
        with(packet.len() - 4, 8),
        with(8, 1),
        with(20, 61 + 60),
        with(20, u32::MAX),
        LITTLE.block(6, &[0; 4]),
        LITTLE.block(1, &[1, 0]),
        [LITTLE.u32(0x0a0d_0d0a), LITTLE.u32(28), LITTLE.u32(7), vec![0; 16]].concat(),
    ] {
        assert_eq!(offset_of(block), head.len());
    }
}

#[test]
fn blocks_too_large_to_be_read_are_passed_over() {
    let large = LITTLE.block(4, &vec![0; 5 << 20]);
    let packet = LITTLE.packet(0, 0, &[0; 60], &[]);
    let run = run(&[LITTLE.section(&[]), LITTLE.interface(1, &[]), large, packet].concat());
    assert_eq!((run.facts.ending, run.facts.unknown_blocks), (Ending::Complete, 1));
    assert_eq!(run.counts.packets, 1);
}

/// Gives bytes and remembers the most that it was ever asked for.
struct Asked<'a> {
    bytes: &'a [u8],
    most: usize,
}

impl std::io::Read for &mut Asked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.most = self.most.max(buffer.len());
        self.bytes.read(buffer)
    }
}

#[test]
fn a_large_claim_makes_no_large_buffer() {
    let mut file = capture();
    let place = starts(&file)[3];
    let head = [LITTLE.section(&[]), LITTLE.interface(1, &[])].concat();
    let mut files = Vec::new();
    for claim in [PACKET_BYTES_MAX as u32, 1 << 30, u32::MAX - 3] {
        file[place + 8..place + 12].copy_from_slice(&claim.to_le_bytes());
        files.push(file.clone());
        for kind in [1, 4, 6, 10, 99] {
            files.push([head.clone(), LITTLE.u32(kind), LITTLE.u32(claim), vec![0; 100]].concat());
        }
    }
    for file in files {
        let mut input = Asked { bytes: &file, most: 0 };
        let run = read(&mut input, None).unwrap();
        assert_ne!(run.facts.ending, Ending::Complete);
        assert!(input.most <= PACKET_BYTES_MAX + 16, "{} bytes asked for", input.most);
    }
}
