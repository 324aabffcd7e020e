//! A table of places whose header fits: behind it the format itself is what must hold.
#![no_main]

use creance_residency::Table;
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const MAGIC_AND_VERSION: usize = 12;

fuzz_target!(|bytes: &[u8]| {
    let _ = Table::parse(bytes);
    let Some(start) = Table::shipped_bytes().get(..MAGIC_AND_VERSION) else { return };
    let length = (MAGIC_AND_VERSION + 12 + bytes.len()) as u32;
    let whole = [start, &length.to_le_bytes(), &checksum(bytes).to_le_bytes(), bytes].concat();
    let Ok(table) = Table::parse(&whole) else { return };
    for address in [IpAddr::V4(Ipv4Addr::new(52, 29, 63, 1)), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let _ = table.locate(address, &[], None);
    }
});

/// The sum of the format, so that inputs get past it.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |total: u64, word: u64| (total ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let start = 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
    bytes.chunks(8).fold(start, |total, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(total, u64::from_le_bytes(word))
    })
}
