//! Whatever a UDP flow may say: two bytes for the server's port, then datagrams, each with a
//! length of two bytes before it.
#![no_main]

use creance_model::Endpoint;
use creance_wire::datagram::{Datagram, Memory, inspect};
use creance_wire::{Direction, Facts};
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr};

fuzz_target!(|bytes: &[u8]| {
    let Some((port, mut rest)) = bytes.split_first_chunk::<2>() else { return };
    let client = Endpoint { addr: IpAddr::V4(Ipv4Addr::new(192, 168, 1, 23)), port: 40_000 };
    let server =
        Endpoint { addr: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)), port: u16::from_le_bytes(*port) };
    let (mut memory, mut facts) = (Memory::default(), Facts::default());
    while let Some(([low, high], after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes([*low, high & 0x7f])).min(after.len());
        let (payload, others) = after.split_at(length);
        let (source, destination, direction) = if high & 0x80 == 0 {
            (client, server, Direction::FromClient)
        } else {
            (server, client, Direction::FromServer)
        };
        let datagram = Datagram { source, destination, direction, payload, wire_len: payload.len() };
        let _ = inspect(datagram, &mut memory, &mut facts);
        rest = others;
    }
});
