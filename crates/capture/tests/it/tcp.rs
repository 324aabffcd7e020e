//! Connections as captures really have them.

use crate::support::{at, end, hello, names, recorder, run_recorded, server, station, visit, whole};
use creance_capture::{Ended, FlowRecord, Started};
use creance_lab::ip::{self, Segment};
use creance_lab::tls::{self, Hello};
use creance_lab::{Recorder, Side, Tcp, app};
use creance_model::Duration;
use creance_wire::Anomaly;

const SYN: u8 = 2;
const ACK: u8 = 16;

/// The only flow of a connection to port 443.
fn flow_of(talk: impl FnOnce(&mut Tcp<'_>)) -> FlowRecord {
    let mut recorder = recorder();
    talk(&mut Tcp::new(&mut recorder, station(40_000), server(443), at(0)));
    run_recorded(recorder).only().clone()
}

/// One segment, from the station unless `back`.
fn segment(recorder: &mut Recorder, millis: u64, back: bool, numbers: (u32, u32), flags: u8, payload: &[u8]) {
    let (from, to) = if back { (server(443), station(40_000)) } else { (station(40_000), server(443)) };
    let segment = Segment {
        from: from.port,
        to: to.port,
        seq: numbers.0,
        ack: numbers.1,
        flags,
        options: Vec::new(),
        payload: payload.to_vec(),
    };
    let bytes = segment.bytes(from.addr, to.addr);
    recorder.ip(at(millis), (from.addr, to.addr), ip::TCP, &bytes, !back);
}

#[test]
fn a_hello_out_of_order_or_sent_twice_is_read() {
    let name = "order.example.com";
    let plain = flow_of(|tcp| {
        tcp.open().send(Side::Client, &hello(name));
    });
    let reversed = flow_of(|tcp| {
        tcp.open().send_reversed(Side::Client, &hello(name), 7);
    });
    let twice = flow_of(|tcp| {
        tcp.open().send_sizes(Side::Client, &hello(name), &[50, 60]).retransmit().retransmit();
    });
    for flow in [&plain, &reversed, &twice] {
        assert_eq!(names(flow), [name]);
        assert!(flow.facts.anomalies.is_empty(), "{:?}", flow.facts.anomalies);
        assert_eq!((flow.started, flow.ended), (Started::AtStart, Ended::WithCapture));
        assert_eq!(flow.unseen_acknowledged, 0);
    }
    let length = hello(name).len() as u64;
    assert_eq!((plain.total().up.payload, reversed.total().up.payload), (length, length));
    assert_eq!(twice.total().up.payload, length + 2 * (length - 110));
}

#[test]
fn contradicting_segments_show() {
    let (first, second) = (hello("one.example.com"), hello("two.example.com"));
    assert_eq!(first.len(), second.len());
    let mut recorder = recorder();
    segment(&mut recorder, 0, false, (100, 0), SYN, b"");
    segment(&mut recorder, 1, true, (900, 101), SYN | ACK, b"");
    segment(&mut recorder, 2, false, (101, 901), ACK, &first[..first.len() - 1]);
    segment(&mut recorder, 3, false, (101, 901), ACK, &second);
    let run = run_recorded(recorder);
    assert_eq!(names(run.only()), ["one.example.com"]);
    assert_eq!(run.only().facts.anomalies, [Anomaly::ContradictingSegments]);
}

#[test]
fn a_gap_in_the_hello_shows() {
    let name = "gap.example.com";
    let flow = flow_of(|tcp| {
        let bytes = hello(name);
        tcp.open().send_sizes(Side::Client, &bytes[..60], &[]).gap(Side::Client, 100);
        tcp.send(Side::Client, &bytes[160..]).close();
    });
    assert!(names(&flow).is_empty());
    assert!(flow.facts.anomalies.contains(&Anomaly::NotFollowed), "{:?}", flow.facts);
}

#[test]
fn acknowledged_bytes_that_are_not_there_are_counted_once_a_hole() {
    let flow = flow_of(|tcp| {
        tcp.open().send(Side::Client, &hello("hole.example.com"));
        tcp.gap(Side::Client, 5_000).acknowledge(Side::Server).acknowledge(Side::Server);
        tcp.gap(Side::Server, 700).acknowledge(Side::Client);
    });
    assert_eq!(flow.unseen_acknowledged, 2);
}

#[test]
fn bytes_that_keep_alive_are_told_from_others() {
    let flow = flow_of(|tcp| {
        tcp.open().keep_alive(Side::Client, 0).send(Side::Client, b"abc");
        tcp.keep_alive(Side::Client, b'x').keep_alive(Side::Server, 0).send(Side::Client, b"d").retransmit();
    });
    let (up, down) = (flow.total().up, flow.total().down);
    // A last byte that is sent again looks the same, and is nothing new.
    assert_eq!((up.payload, up.keepalive), (7, 3));
    assert_eq!((down.payload, down.keepalive), (1, 1));
    let flow = flow_of(|tcp| {
        tcp.keep_alive(Side::Client, 0).send(Side::Client, b"ab").retransmit();
    });
    assert_eq!(flow.total().up.keepalive, 0, "what was sent before is not known");
}

#[test]
fn ports_used_again_are_another_flow() {
    let mut recorder = recorder();
    visit(&mut recorder, 40_000, "one.example.com", at(0));
    visit(&mut recorder, 40_000, "two.example.com", at(5_000));
    // This one is never closed, and another follows all the same.
    Tcp::new(&mut recorder, station(40_001), server(443), at(0))
        .open()
        .send(Side::Client, &hello("three.example.com"));
    visit(&mut recorder, 40_001, "four.example.com", at(5_000));
    let run = run_recorded(recorder);
    let mut seen: Vec<_> = run.flows.iter().flat_map(names).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["four.example.com", "one.example.com", "three.example.com", "two.example.com"]);
    assert!(run.flows.iter().all(|flow| flow.facts.anomalies.is_empty()));
    assert_eq!(run.flows.iter().map(|flow| whole(flow).packets).sum::<u64>(), run.counts.packets);
}

#[test]
fn ports_used_again_after_an_opening_that_was_not_captured_are_another_flow() {
    let mut recorder = recorder();
    segment(&mut recorder, 1, true, (900, 101), SYN | ACK, b"");
    segment(&mut recorder, 2, false, (101, 901), ACK, &hello("one.example.com"));
    segment(&mut recorder, 3, false, (70_000, 0), SYN, b"");
    segment(&mut recorder, 4, true, (90_000, 70_001), SYN | ACK, b"");
    segment(&mut recorder, 5, false, (70_001, 90_001), ACK, &hello("two.example.com"));
    let run = run_recorded(recorder);
    let seen: Vec<_> = run.flows.iter().map(names).collect();
    assert_eq!(seen, [["one.example.com"], ["two.example.com"]]);
}

#[test]
fn an_answer_captured_before_its_opening_is_one_flow() {
    let mut recorder = recorder();
    segment(&mut recorder, 0, true, (900, 101), SYN | ACK, b"");
    segment(&mut recorder, 1, false, (100, 0), SYN, b"");
    segment(&mut recorder, 2, false, (101, 901), ACK, &hello("late.example.com"));
    let run = run_recorded(recorder);
    let flow = run.only();
    assert_eq!((flow.client, flow.server), (station(40_000), server(443)));
    assert_eq!((flow.started, names(flow)), (Started::AtStart, vec!["late.example.com"]));
    assert_eq!((flow.total().up.packets, flow.total().down.packets, flow.total().opened), (2, 1, true));
}

#[test]
fn a_connection_seen_from_its_middle_says_so() {
    let flow = flow_of(|tcp| {
        tcp.send(Side::Server, b"\x17\x03\x03\x00\x05hello").send(Side::Client, b"\x17\x03\x03\x00\x05again");
    });
    assert_eq!((flow.started, flow.client, flow.server), (Started::MidStream, station(40_000), server(443)));
    assert!(!flow.total().opened && names(&flow).is_empty());
    assert_eq!((flow.total().up.payload, flow.total().down.payload), (10, 10));
}

#[test]
fn the_end_is_told() {
    let ended = |talk: &dyn Fn(&mut Tcp<'_>)| {
        flow_of(|tcp| {
            tcp.open();
            talk(tcp);
        })
        .ended
    };
    assert_eq!(ended(&|_| {}), Ended::WithCapture);
    assert_eq!(ended(&|tcp| _ = tcp.close()), Ended::Closed);
    assert_eq!(ended(&|tcp| _ = tcp.reset(Side::Server)), Ended::Reset);
    assert_eq!(ended(&|tcp| _ = tcp.reset(Side::Client)), Ended::Reset);
}

#[test]
fn data_in_the_opening_is_read() {
    let bytes = hello("early.example.com");
    let answered = flow_of(|tcp| {
        tcp.open_with(&[34, 2], &bytes);
    });
    let alone = flow_of(|tcp| {
        tcp.open_unanswered(&[34, 2], &bytes);
    });
    for flow in [answered, alone] {
        assert_eq!((names(&flow), flow.total().up.payload), (vec!["early.example.com"], bytes.len() as u64));
    }
}

#[test]
fn a_second_host_on_one_connection_is_told() {
    let mut recorder = recorder();
    Tcp::new(&mut recorder, station(40_000), server(80), at(0))
        .open()
        .send(Side::Client, &app::http_request("GET", "one.example.com", "/a", 0))
        .send(Side::Server, &app::http_response("200 OK", 5_000))
        .wait(Duration::from_seconds(2))
        .send(Side::Client, &app::http_request("POST", "two.example.com", "/b", 10))
        .close();
    let run = run_recorded(recorder);
    let flow = run.only();
    assert_eq!(names(flow), ["one.example.com", "two.example.com"]);
    assert_eq!(flow.facts.anomalies, [Anomaly::NamesDiffer]);
    let requests: Vec<_> =
        flow.facts.requests.iter().map(|one| (one.method.as_str(), one.path.as_str())).collect();
    assert_eq!(requests, [("GET", "/a"), ("POST", "/b")]);
}

#[test]
fn certificates_are_read_across_segments() {
    let hello = Hello::old("old.example.com", tls::V1_2);
    let chain = creance_lab::tls::Chain(vec![vec![0x30; 900], vec![0x31; 1200]]);
    let mut recorder = recorder();
    Tcp::new(&mut recorder, station(40_000), end("52.29.63.1", 443), at(0))
        .open()
        .send(Side::Client, &tls::handshake(tls::V1_0, &hello.message(), 16384))
        .send_sizes(Side::Server, &tls::flight_1_2(&hello, &chain, false), &[100, 700, 3])
        .close();
    let run = run_recorded(recorder);
    let tls = run.only().facts.tls.as_ref().unwrap();
    assert_eq!(tls.certificates, chain.0);
}
