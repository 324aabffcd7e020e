//! A stream of many small conversations, for tests of memory.

use crate::link::Link;
use crate::pcap::Pcap;
use crate::talk::client_port;
use crate::tls::{self, Hello};
use crate::{Packet, Recorder, Side, Tcp, Udp, dns};
use creance_model::{Duration, Endpoint, Timestamp};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

/// Conversations that run side by side.
const BATCH: u64 = 500;
/// Where the times start: 2026-05-04T09:00:00Z.
const START: Timestamp = Timestamp(1_777_885_200_000_000_000);

/// Writes a nanosecond pcap of `flows` conversations (a question to DNS and a TLS connection
/// each, every name and client endpoint its own, half of them never closed) and about `bytes`
/// bytes, in batches of 500 that overlap in time. Returns the bytes written.
///
/// # Errors
/// Where the output cannot be written.
pub fn write(flows: u64, bytes: u64, out: &mut (impl Write + ?Sized)) -> io::Result<u64> {
    let format = Pcap { nanoseconds: true, ..Pcap::new(1) };
    out.write_all(&format.header())?;
    let mut written = 24;
    let mut first = 0;
    while first < flows {
        let count = BATCH.min(flows - first);
        // What is still to be written, spread over what is still to come.
        let share = bytes.saturating_sub(written) / (flows - first);
        let packets = batch(first, count, share);
        let mut buffer = Vec::new();
        for packet in &packets {
            format.record(&mut buffer, packet.at.0, &packet.bytes);
        }
        out.write_all(&buffer)?;
        written += buffer.len() as u64;
        first += count;
    }
    Ok(written)
}

fn batch(first: u64, count: u64, share: u64) -> Vec<Packet> {
    let mut recorder = Recorder::new(Link::Ethernet, first);
    let start = START.after(Duration(first * 100_000));
    for number in first..first + count {
        let at = start.after(Duration((number - first) * 100_000));
        flow(&mut recorder, number, at, share);
    }
    recorder.finish()
}

/// What one conversation costs without any data, in bytes of the file.
const BARE: u64 = 1900;

fn flow(recorder: &mut Recorder, number: u64, at: Timestamp, share: u64) {
    let name = format!("h{number:09}.flood.example.com");
    let [_, _, _, _, _, a, b, c] = number.to_be_bytes();
    let client = |port| Endpoint { addr: IpAddr::V4(Ipv4Addr::new(10, a, b, c)), port };
    let server = IpAddr::V4(Ipv4Addr::new(52, 29, b, c));
    let resolver = Endpoint { addr: IpAddr::V4(Ipv4Addr::new(10, 255, 255, 1)), port: 53 };
    let id = crate::bytes::low16(number);
    let answer = [dns::Record::Address(name.clone(), server)];
    Udp::new(recorder, client(client_port(number)), resolver, at)
        .send(Side::Client, &dns::query(id, &name, dns::A))
        .send(Side::Server, &dns::answer(id, &name, dns::A, &answer));
    let hello = Hello::new(&name);
    let mut noise = crate::bytes::Sequence::new(number);
    let data = usize::try_from(share.saturating_sub(BARE)).unwrap_or_default();
    // Headers of packets and records take about a twentieth.
    let data = tls::application_data(&mut noise, data - data / 20);
    let mut tcp =
        Tcp::new(recorder, client(client_port(number * 7)), Endpoint { addr: server, port: 443 }, at);
    tcp.wait(Duration(30_000_000)).open();
    tcp.send(Side::Client, &tls::handshake(tls::V1_0, &hello.message(), 16384));
    tcp.send(Side::Server, &tls::flight_1_3(&hello, 300));
    if !data.is_empty() {
        tcp.send(Side::Client, &data);
    }
    if number.is_multiple_of(2) {
        tcp.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_about_what_was_asked() {
        for (flows, bytes) in [(600, 2_000_000), (20, 1_000_000)] {
            let mut out = Vec::new();
            let written = write(flows, bytes, &mut out).unwrap();
            assert_eq!(written, out.len() as u64);
            assert!(written > bytes * 8 / 10 && written < bytes * 12 / 10, "{written} of {bytes}");
            let names = (0..flows).filter(|n| {
                let name = format!("h{n:09}");
                out.windows(name.len()).filter(|w| *w == name.as_bytes()).count() >= 3
            });
            assert_eq!(names.take(20).count(), 20);
        }
    }
}
