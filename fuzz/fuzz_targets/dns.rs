//! A DNS message, and what is said of it.
#![no_main]

use creance_wire::dns;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let message = dns::parse(bytes);
    assert!(message.is_none() || bytes.len() >= 12, "a header has twelve bytes");
    assert!(message.is_none_or(|it| it.ordinary || !it.bare), "a bare question is an ordinary one");
});
