//! The classic format, in its four kinds.

use crate::support::{at, hello, names, recorder, run, server, station, visit};
use creance_capture::{Ending, Format};
use creance_lab::pcap::Pcap;
use creance_lab::{Side, Tcp};
use creance_model::Timestamp;

#[test]
fn four_kinds_of_file_give_the_same_flows() {
    let mut recorder = recorder();
    visit(&mut recorder, 40_000, "a.example.com", at(0));
    visit(&mut recorder, 40_001, "b.example.com", at(500));
    let packets = recorder.finish();
    let mut seen = Vec::new();
    for (big_endian, nanoseconds) in [(false, false), (false, true), (true, false), (true, true)] {
        let run = run(&Pcap { big_endian, nanoseconds, ..Pcap::new(1) }.write(&packets));
        let expected = if nanoseconds { Format::PcapNanoseconds } else { Format::PcapMicroseconds };
        assert_eq!((run.facts.format, &run.facts.ending), (expected, &Ending::Complete));
        assert_eq!(run.facts.interfaces[0].packets, packets.len() as u64);
        assert_eq!(run.facts.interfaces[0].dropped, None);
        assert_eq!(names(&run.flows[0]), ["a.example.com"]);
        assert_eq!(names(&run.flows[1]), ["b.example.com"]);
        seen.push((run.flows, run.counts));
    }
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[1], seen[3]);
    // Every moment in these captures is a whole microsecond.
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn nanoseconds_are_kept() {
    let mut recorder = recorder();
    recorder.frame(Timestamp(1_234_567_891), vec![0; 60]);
    let packets = recorder.finish();
    let first = |nanoseconds| run(&Pcap { nanoseconds, ..Pcap::new(1) }.write(&packets)).counts.first;
    assert_eq!(first(true), Some(Timestamp(1_234_567_891)));
    assert_eq!(first(false), Some(Timestamp(1_234_567_000)));
}

#[test]
fn packets_cut_by_the_snap_length_count_with_their_length_on_the_wire() {
    let mut recorder = recorder();
    Tcp::new(&mut recorder, station(40_000), server(443), at(0))
        .open()
        .send(Side::Client, &hello("cut.example.com"));
    let packets = recorder.finish();
    let whole = run(&Pcap::new(1).write(&packets));
    let cut = run(&Pcap { snaplen: 96, ..Pcap::new(1) }.write(&packets));
    assert_eq!(whole.only().total(), cut.only().total());
    assert_eq!((whole.facts.truncated_packets, cut.facts.truncated_packets), (0, 1));
    assert_eq!(cut.only().truncated_packets, 1);
    assert_eq!(cut.facts.interfaces[0].snap_len, 96);
    assert_eq!(names(whole.only()), ["cut.example.com"]);
    assert!(names(cut.only()).is_empty());
    assert!(cut.only().facts.anomalies.contains(&creance_wire::Anomaly::NotFollowed));
}
