//! Captures in gzip and Zstandard, whole and cut.

use crate::support::{Run, at, names, pcap, read, recorder, visit};
use creance_capture::{Compression, Ending, InputDigest, Source};
use ring::digest;
use std::io::{Cursor, Write};

fn capture() -> Vec<u8> {
    let mut recorder = recorder();
    for number in 0..200_u16 {
        visit(&mut recorder, 40_000 + number, &format!("h{number}.example.com"), at(u64::from(number) * 300));
    }
    pcap(1, &recorder.finish())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A frame of raw blocks (RFC 8878, 3.1.1): one segment, its size in four bytes, no checksum.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd_with(bytes, &[])
}

/// The same with a checksum, if there is one.
fn zstd_with(bytes: &[u8], sum: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, if sum.is_empty() { 0xa0 } else { 0xa4 }];
    out.extend((bytes.len() as u32).to_le_bytes());
    let count = bytes.chunks(100_000).count();
    for (index, block) in bytes.chunks(100_000).enumerate() {
        let head = (block.len() as u32) << 3 | u32::from(index + 1 == count);
        out.extend(&head.to_le_bytes()[..3]);
        out.extend(block);
    }
    out.extend(sum);
    out
}

fn unpack(packed: &[u8]) -> (Run, Compression, InputDigest) {
    let mut source = Source::new(Cursor::new(packed.to_vec()), true).unwrap();
    let run = read(&mut source, None).unwrap();
    let compression = source.compression();
    (run, compression, source.finish().unwrap().unwrap())
}

fn digest_of(bytes: &[u8]) -> InputDigest {
    let sha256 = digest::digest(&digest::SHA256, bytes).as_ref().try_into().unwrap();
    InputDigest { sha256, bytes: bytes.len() as u64 }
}

#[test]
fn packing_changes_nothing_but_the_digest() {
    let plain = capture();
    let (expected, none, digest) = unpack(&plain);
    assert_eq!((none, digest), (Compression::None, digest_of(&plain)));
    assert_eq!(expected.flows.len(), 200);
    let frames = [zstd(&plain[..5000]), zstd(&plain[5000..])].concat();
    let members = [gzip(&plain[..5000]), gzip(&plain[5000..])].concat();
    for (packed, kind) in [
        (gzip(&plain), Compression::Gzip),
        (members, Compression::Gzip),
        (zstd(&plain), Compression::Zstandard),
        (frames, Compression::Zstandard),
    ] {
        let (run, compression, digest) = unpack(&packed);
        assert_eq!((compression, digest), (kind, digest_of(&packed)));
        assert_eq!(run.facts.ending, Ending::Complete);
        assert_eq!((run.flows, run.counts), (expected.flows.clone(), expected.counts.clone()));
    }
}

#[test]
fn a_cut_stream_gives_what_came_before_the_cut_and_the_digest_of_what_is_there() {
    let plain = capture();
    for packed in [gzip(&plain), zstd(&plain), [gzip(&plain[..9000]), gzip(&plain[9000..])].concat()] {
        let cut = &packed[..packed.len() * 3 / 4];
        let (run, _, digest) = unpack(cut);
        assert_eq!(digest, digest_of(cut));
        let Ending::Unreadable { offset, .. } = run.facts.ending else { panic!("{:?}", run.facts.ending) };
        assert!(offset > 0 && (offset as usize) < plain.len());
        assert!(run.flows.len() > 20 && run.flows.len() < 200, "{}", run.flows.len());
        assert_eq!(names(&run.flows[0]), ["h0.example.com"]);
    }
}

#[test]
fn a_stream_whose_check_sum_is_wrong_is_not_complete() {
    let mut packed = gzip(&capture());
    let sum = packed.len() - 8;
    packed[sum] ^= 1;
    for packed in [packed, zstd_with(&capture(), &[1, 2, 3, 4])] {
        let (run, _, digest) = unpack(&packed);
        assert!(matches!(run.facts.ending, Ending::Unreadable { .. }), "{:?}", run.facts.ending);
        assert_eq!(run.flows.len(), 200);
        assert_eq!(digest, digest_of(&packed));
    }
    // XXH64 of no bytes, its lower half (RFC 8878, 3.1.1).
    let empty = [0x28, 0xb5, 0x2f, 0xfd, 0x24, 0, 1, 0, 0, 0x99, 0xe9, 0xd8, 0x51];
    let (run, ..) = unpack(&[&empty[..], &zstd(&capture())].concat());
    assert_eq!((run.facts.ending, run.flows.len()), (Ending::Complete, 200));
}
