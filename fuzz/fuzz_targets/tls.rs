//! Both heads of a TLS connection: the first two bytes say where the input is cut in two.
#![no_main]

use creance_wire::{Facts, tls};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, heads)) = bytes.split_first_chunk::<2>() else { return };
    let (client, server) = heads.split_at(usize::from(u16::from_le_bytes(*cut)).min(heads.len()));
    let mut facts = Facts::default();
    let once = tls::read(client, server, &mut facts);
    let mut again = Facts::default();
    assert_eq!(once, tls::read(client, server, &mut again), "the same heads tell the same");
    assert_eq!(facts, again);
});
