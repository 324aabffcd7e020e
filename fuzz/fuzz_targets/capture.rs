//! A capture file from its first byte to flow records: packed or not, pcap and pcapng.
#![no_main]

use creance_capture::{Engine, FlowRecord, Reader, Source};
use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, Read};

/// What is unpacked of an input at most: a small one may unpack to gigabytes.
const UNPACKED_BYTES_MAX: u64 = 1 << 22;

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::new(Cursor::new(bytes.to_vec()), false) else { return };
    let Ok(mut reader) = Reader::new(source.take(UNPACKED_BYTES_MAX)) else { return };
    let mut engine = Engine::new(Vec::<Box<FlowRecord>>::new());
    let mut packets = 0;
    while let Some(frame) = reader.next_frame() {
        packets += 1;
        engine.frame(&frame, &[]).expect("a list takes every flow");
    }
    let counts = engine.finish().expect("a list takes every flow").0;
    assert_eq!(counts.packets, packets);
});
