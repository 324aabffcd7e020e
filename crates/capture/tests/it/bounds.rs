//! What is put out of memory is written down or counted.

use crate::support::{at, ip, pcap, read, recorder, run, run_recorded, server, station, whole};
use creance_capture::{Ended, Engine, Frame};
use creance_lab::ip::{self as packets, Segment, Style};
use creance_lab::link::Link;
use creance_model::{Endpoint, Timestamp};
use creance_wire::Anomaly;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};

/// The flows in progress that are kept at most.
const FLOWS_MAX: u32 = 60_000;

fn client(number: u32) -> Endpoint {
    let [_, a, b, c] = number.to_be_bytes();
    Endpoint { addr: IpAddr::V4(Ipv4Addr::new(10, a, b, c)), port: 5000 }
}

/// An IP packet with a TCP segment to the server.
fn segment(from: Endpoint, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let to = server(443);
    let segment =
        Segment { from: from.port, to: to.port, seq, flags, payload: payload.to_vec(), ..Segment::default() };
    packets::packet(from.addr, to.addr, packets::TCP, &segment.bytes(from.addr, to.addr), &Style::default())
}

fn frame(at: Timestamp, data: &[u8]) -> Frame<'_> {
    Frame { at, interface: 0, link_type: 101, data, wire_len: data.len() as u32, label: None }
}

#[test]
fn more_flows_than_are_kept_are_written_down() {
    let mut engine = Engine::new(Vec::new());
    let count = FLOWS_MAX + 5_000;
    for number in 0..count {
        let packet = segment(client(number), 1, 2, b"");
        engine.frame(&frame(at(u64::from(number) / 100), &packet), &[]).unwrap();
    }
    // The first flow was put out; what comes of it now is a flow of its own.
    let packet = segment(client(0), 2, 16, b"late");
    engine.frame(&frame(at(2_000), &packet), &[]).unwrap();
    let (counts, _, records) = engine.finish().unwrap();
    assert_eq!(counts.packets, u64::from(count) + 1);
    assert_eq!(records.iter().map(|flow| whole(flow).packets).sum::<u64>(), counts.packets);
    let evicted = records.iter().filter(|flow| flow.ended == Ended::Evicted).count();
    assert_eq!(evicted as u64, counts.flows_evicted);
    assert!((5_000..=5_010).contains(&evicted), "{evicted}");
    assert_eq!(records.len(), count as usize + 1);
    let numbers: HashSet<u64> = records.iter().map(|flow| flow.number).collect();
    assert_eq!(numbers.len(), records.len());
    let of_first: Vec<_> =
        records.iter().filter(|flow| flow.client == client(0)).map(|flow| flow.ended).collect();
    assert_eq!(of_first, [Ended::Evicted, Ended::WithCapture]);
}

#[test]
fn at_the_end_of_time_nothing_is_waited_for_in_vain() {
    let mut engine = Engine::new(Vec::new());
    for number in 0..10_u32 {
        engine.frame(&frame(Timestamp(i64::MAX), &segment(client(number), 1, 2, b"")), &[]).unwrap();
    }
    let (counts, _, records) = engine.finish().unwrap();
    assert_eq!((counts.packets, records.len()), (10, 10));
}

#[test]
fn connections_on_the_same_ports_at_one_moment_are_all_written_down() {
    let mut engine = Engine::new(Vec::new());
    let count = 5 * FLOWS_MAX;
    for number in 0..count {
        engine.frame(&frame(at(0), &segment(station(41_000), number * 1000, 2, b"")), &[]).unwrap();
    }
    let (counts, _, records) = engine.finish().unwrap();
    assert_eq!((records.len(), counts.flows_evicted), (count as usize, 0));
}

#[test]
fn heads_are_given_up_at_the_limit_of_memory() {
    let mut engine = Engine::new(Vec::new());
    // Each flow waits for a byte that never comes and holds 60 segments behind it.
    let payload = [0x55; 1400];
    let flows = 700_u32;
    let mut packets = 0;
    for number in 0..flows {
        let from = client(number);
        engine.frame(&frame(at(0), &segment(from, 0, 2, b"")), &[]).unwrap();
        for index in 0..60 {
            let packet = segment(from, 2 + index * 1400, 16, &payload);
            engine.frame(&frame(at(0), &packet), &[]).unwrap();
        }
        packets += 61;
    }
    let (counts, _, records) = engine.finish().unwrap();
    // 48 MiB by 60 segments of 1400 bytes each, and the list of what is missing; a little of it is
    // held by what compares segments that come again.
    let least = u64::from(flows - (48 << 20) / (60 * 1400 + 64));
    assert!((least..=least + 8).contains(&counts.heads_given_up), "{} of {least}", counts.heads_given_up);
    assert_eq!(records.iter().map(|flow| whole(flow).packets).sum::<u64>(), packets);
    assert!(records.iter().all(|flow| flow.facts.anomalies.contains(&Anomaly::NotFollowed)));
}

#[test]
fn flows_that_hold_much_are_written_down_before_they_are_many() {
    let mut engine = Engine::new(Vec::new());
    let resolver = server(53);
    let label = "x".repeat(50);
    let (flows, questions) = (400_u32, 200_u16);
    for number in 0..flows {
        let from = client(number);
        for id in 0..questions {
            let name = format!("n{id}.{label}.{label}.{label}.test");
            let question = creance_lab::dns::query(id, &name, 1);
            let datagram = packets::udp((from.addr, from.port), (resolver.addr, resolver.port), &question);
            let packet =
                packets::packet(from.addr, resolver.addr, packets::UDP, &datagram, &Style::default());
            engine.frame(&frame(at(0), &packet), &[]).unwrap();
        }
    }
    let (counts, _, records) = engine.finish().unwrap();
    // A question takes between 350 bytes and 1 KiB, of which 32 MiB are kept.
    let evicted = counts.flows_evicted;
    assert!((1..u64::from(flows)).contains(&evicted), "{evicted}");
    let asked: usize = records.iter().map(|flow| flow.queried.len()).sum();
    assert_eq!(asked, flows as usize * usize::from(questions));
    assert_eq!(records.iter().map(|flow| whole(flow).packets).sum::<u64>(), counts.packets);
}

#[test]
fn names_of_what_is_not_understood_are_bounded() {
    let mut recorder = recorder();
    for kind in 0x4000..0x4200_u16 {
        let frame = creance_lab::link::ethernet(ip("192.168.1.23"), ip("52.29.63.1"), kind, b"x");
        recorder.frame(at(u64::from(kind)), frame);
    }
    let run = run_recorded(recorder);
    assert_eq!(run.counts.unread.len(), 257);
    assert_eq!(run.counts.unread["other"].packets, 256);
    assert_eq!(run.counts.unread.values().map(|one| one.packets).sum::<u64>(), 512);
}

#[test]
fn fragments_in_progress_are_bounded_and_accounted() {
    let mut recorder = creance_lab::Recorder::new(Link::RawIp, 1);
    let datagram = packets::udp((ip("192.168.1.23"), 1), (ip("52.29.63.1"), 2), &[1; 100]);
    let whole_packet =
        packets::packet(ip("192.168.1.23"), ip("52.29.63.1"), packets::UDP, &datagram, &Style::default());
    for id in 0..2_000 {
        let first = packets::fragments(&whole_packet, 2, id).swap_remove(0);
        recorder.frame(at(u64::from(id)), first);
    }
    let run = run(&pcap(101, &recorder.finish()));
    assert_eq!(run.counts.fragments_lost, 2_000);
    assert_eq!(run.flows.iter().map(|flow| whole(flow).packets).sum::<u64>(), 2_000);
}

#[test]
fn the_flood_loses_nothing() {
    let mut file = Vec::new();
    let flows = 3_000;
    creance_lab::flood::write(flows, 8_000_000, &mut file).unwrap();
    let run = read(&file[..], None).unwrap();
    assert_eq!(run.flows.iter().map(|flow| whole(flow).packets).sum::<u64>(), run.counts.packets);
    let visits = run.to_port(443);
    assert_eq!(visits.len() as u64, flows);
    assert!(visits.iter().all(|flow| flow.facts.names.len() == 1 && flow.bindings.len() == 1));
    let closed = visits.iter().filter(|flow| flow.ended == Ended::Closed).count();
    assert_eq!(closed as u64, flows / 2);
}
