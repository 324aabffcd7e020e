//! Heads of HTTP/1, and of HTTP/2 behind its preface.
#![no_main]

use creance_wire::stream::{Heads, inspect};
use creance_wire::{Facts, http};
use libfuzzer_sys::fuzz_target;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fuzz_target!(|bytes: &[u8]| {
    let _ = http::requests_in_segment(bytes, &mut Facts::default());
    for client in [bytes.to_vec(), [PREFACE, bytes].concat()] {
        let heads =
            Heads { client: &client, server: b"", server_port: 80, client_ended: true, server_ended: true };
        let _ = inspect(heads);
    }
});
