//! A DNS message, and the questions of whether bytes look like one.
#![no_main]

use creance_wire::dns;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let message = dns::parse(bytes);
    if dns::is_plausible_query(bytes) || dns::is_plausible_response(bytes) {
        assert!(bytes.len() >= 12, "a header has twelve bytes");
    }
    drop(message);
});
