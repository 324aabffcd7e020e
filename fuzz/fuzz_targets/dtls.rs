//! A few datagrams of one DTLS flow, each with a length of two bytes before it.
#![no_main]

use creance_wire::{Direction, Facts, dtls};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut memory, mut facts) = (dtls::Reassembly::default(), Facts::default());
    let mut rest = bytes;
    while let Some(([low, high], after)) = rest.split_first_chunk::<2>() {
        let direction = if high & 0x80 == 0 { Direction::FromClient } else { Direction::FromServer };
        let length = usize::from(u16::from_le_bytes([*low, high & 0x7f])).min(after.len());
        let (datagram, others) = after.split_at(length);
        let _ = dtls::read(datagram, direction, &mut memory, &mut facts);
        rest = others;
    }
});
