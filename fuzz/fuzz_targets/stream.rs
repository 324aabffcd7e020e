//! Whatever a TCP connection may say: two bytes where the input is cut in two, two for the port,
//! one for which sides have ended.
#![no_main]

use creance_wire::stream::{Heads, Want, inspect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(([a, b, c, d, ended], heads)) = bytes.split_first_chunk::<5>() else { return };
    let (client, server) = heads.split_at(usize::from(u16::from_le_bytes([*a, *b])).min(heads.len()));
    let heads = Heads {
        client,
        server,
        server_port: u16::from_le_bytes([*c, *d]),
        client_ended: ended & 1 != 0,
        server_ended: ended & 2 != 0,
    };
    let inspection = inspect(heads);
    // Asking for what is there already would call again without end.
    if let Want::More { client: more_client, server: more_server } = inspection.want {
        let waits_for_client = !heads.client_ended && more_client > client.len();
        let waits_for_server = !heads.server_ended && more_server > server.len();
        assert!(waits_for_client || waits_for_server, "{:?}", inspection.want);
    }
});
