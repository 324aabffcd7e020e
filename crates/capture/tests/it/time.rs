//! The judged window, and packet time that jumps.

use crate::support::{Run, at, pcap, read, recorder, run_recorded, server, station, whole};
use creance_capture::{Ended, Window};
use creance_lab::{Side, Udp};
use creance_model::Timestamp;

/// Datagrams of 10 bytes at the given milliseconds, in the order given, from one port.
fn datagrams(times: &[u64], window: Option<Window>) -> Run {
    let mut packets = Vec::new();
    for &millis in times {
        let mut recorder = recorder();
        Udp::new(&mut recorder, station(41_000), server(9999), at(millis)).send(Side::Client, &[7; 10]);
        packets.extend(recorder.finish());
    }
    read(&pcap(1, &packets)[..], window).unwrap()
}

#[test]
fn both_edges_belong_to_the_window() {
    let (from, to) = (at(1_000), at(2_000));
    let run = datagrams(&[999, 1_000, 1_500, 2_000, 2_001], Some(Window { from, to }));
    let flow = run.only();
    let packets = [flow.before, flow.window, flow.after, flow.total()].map(|part| part.up.packets);
    assert_eq!(packets, [1, 3, 1, 5]);
    assert_eq!([flow.before.up.payload, flow.window.up.payload, flow.after.up.payload], [10, 30, 10]);
    assert_eq!(flow.window.up.bytes, 3 * 38);
    // One nanosecond decides.
    let late = Timestamp(from.0 + 1);
    let flow = datagrams(&[1_000, 1_001], Some(Window { from: late, to })).only().clone();
    assert_eq!((flow.before.up.packets, flow.window.up.packets), (1, 1));
    let early = Timestamp(to.0 - 1);
    let flow = datagrams(&[1_999, 2_000], Some(Window { from, to: early })).only().clone();
    assert_eq!((flow.window.up.packets, flow.after.up.packets), (1, 1));
    // Without a window everything is judged.
    let flow = datagrams(&[1, 2], None).only().clone();
    assert_eq!((flow.window, flow.before.up.packets, flow.after.up.packets), (flow.total(), 0, 0));
}

#[test]
fn an_opening_counts_in_the_part_that_it_lies_in() {
    let mut recorder = recorder();
    creance_lab::Tcp::new(&mut recorder, station(41_000), server(443), at(0))
        .open()
        .until(at(5_000))
        .send(Side::Client, b"more");
    let window = Window { from: at(1_000), to: at(9_000) };
    let run = read(&pcap(1, &recorder.finish())[..], Some(window)).unwrap();
    let flow = run.only();
    assert_eq!((flow.before.opened, flow.window.opened, flow.total().opened), (true, false, true));
    assert_eq!(flow.window.up.payload, 4);
}

#[test]
fn what_is_not_understood_counts_in_the_window_too() {
    let mut recorder = recorder();
    for millis in [500, 1_000, 2_000, 2_500] {
        recorder.frame(at(millis), [&[2; 12][..], &[0x12, 0x34, 1]].concat());
    }
    let window = Window { from: at(1_000), to: at(2_000) };
    let run = read(&pcap(1, &recorder.finish())[..], Some(window)).unwrap();
    let unread = run.counts.unread["EtherType 0x1234"];
    assert_eq!((unread.packets, unread.in_window), (4, 2));
}

#[test]
fn a_silent_flow_ends_by_packet_time() {
    let run = datagrams(&[0, 179_999, 359_998], None);
    assert_eq!(run.only().total().up.packets, 3);
    let run = datagrams(&[0, 240_000, 241_000], None);
    let seen: Vec<_> = run.flows.iter().map(|flow| (flow.total().up.packets, flow.ended)).collect();
    assert_eq!(seen, [(1, Ended::Idle), (2, Ended::WithCapture)]);
}

#[test]
fn time_that_jumps_loses_no_packet() {
    let day = 86_400_000;
    for times in [
        vec![day, day + 1, 0, 1, 2, day + 2],
        vec![0, 1, 1_000 * day, 2, 3, 4],
        vec![500, 400, 300, 200, 100, 0],
        vec![0, 1_000 * day, 0, 1_000 * day, 0],
    ] {
        let run = datagrams(&times, None);
        let sum: u64 = run.flows.iter().map(|flow| whole(flow).packets).sum();
        assert_eq!((sum, run.counts.packets), (times.len() as u64, times.len() as u64));
        let first = run.flows.iter().map(|flow| flow.first).min();
        let last = run.flows.iter().map(|flow| flow.last).max();
        assert_eq!((first, last), (times.iter().min().map(|&t| at(t)), times.iter().max().map(|&t| at(t))));
        assert_eq!(run.counts.last, last);
    }
    assert_eq!(datagrams(&[5, 4, 6, 7, 3], None).counts.backward_times, 2);
    assert_eq!(datagrams(&[5, 5, 6], None).counts.backward_times, 0);
}

#[test]
fn a_recorder_puts_packets_in_order() {
    let mut recorder = recorder();
    Udp::new(&mut recorder, station(1), server(9), at(9)).send(Side::Client, b"x");
    Udp::new(&mut recorder, station(1), server(9), at(1)).send(Side::Client, b"x");
    assert_eq!(run_recorded(recorder).counts.backward_times, 0);
}
