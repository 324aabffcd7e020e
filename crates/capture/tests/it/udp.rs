//! Datagrams: what DNS may tie to an address, and connections that QUIC starts anew.

use crate::support::{Run, at, end, ip, is_udp, names, recorder, run_recorded, server, station, visit};
use creance_capture::Binding;
use creance_lab::dns::{self, Record};
use creance_lab::quic::{self, Layout, Version};
use creance_lab::tls::Hello;
use creance_lab::{Recorder, Side, Tcp, Udp};
use creance_model::{Endpoint, HostName};
use creance_wire::Anomaly;

const NAME: &str = "a.example.com";

fn resolver() -> Endpoint {
    end("192.168.1.1", 53)
}

fn host(name: &str) -> HostName {
    HostName::parse(name).unwrap()
}

/// Datagrams of DNS, then a visit to the server.
fn told(talk: impl FnOnce(&mut Recorder)) -> Run {
    let mut recorder = recorder();
    talk(&mut recorder);
    visit(&mut recorder, 40_000, NAME, at(10_000));
    run_recorded(recorder)
}

/// The names tied to the server before the visit.
fn tied(run: &Run) -> Vec<&str> {
    let visits = run.to_port(443);
    visits[0].bindings.iter().map(|binding| binding.name.as_str()).collect()
}

fn unasked(run: &Run) -> u64 {
    run.flows.iter().filter(|flow| is_udp(flow)).map(|flow| flow.unasked_answers).sum()
}

fn addressed(name: &str) -> Vec<Record> {
    vec![Record::Address(name.into(), server(0).addr)]
}

#[test]
fn an_answer_to_a_question_ties() {
    let run = told(|recorder| {
        Udp::new(recorder, station(5000), resolver(), at(0))
            .send(Side::Client, &dns::query(7, NAME, dns::A))
            .send(Side::Server, &dns::answer(7, NAME, dns::A, &addressed(NAME)));
    });
    let expected = Binding {
        name: host(NAME),
        aliases: Vec::new(),
        resolver: resolver().addr,
        asked_by: station(0).addr,
        at: at(10),
    };
    assert_eq!(run.to_port(443)[0].bindings, [expected]);
    let questions = run.to_port(53);
    assert_eq!(unasked(&run), 0);
    let queried: Vec<_> =
        questions[0].queried.iter().map(|one| (one.text.as_str(), one.kind, one.in_window)).collect();
    assert_eq!(queried, [(NAME, 1, true)]);
}

#[test]
fn answers_that_nobody_asked_for_tie_nothing_and_are_counted() {
    let ask = |recorder: &mut Recorder, id, name: &str| {
        Udp::new(recorder, station(5000), resolver(), at(0))
            .send(Side::Client, &dns::query(id, name, dns::A));
    };
    let tell = |recorder: &mut Recorder, from, id, name: &str| {
        Udp::new(recorder, station(5000), from, at(100))
            .send(Side::Server, &dns::answer(id, name, dns::A, &addressed(name)));
    };
    let none = told(|recorder| tell(recorder, resolver(), 7, NAME));
    let other_id = told(|recorder| {
        ask(recorder, 7, NAME);
        tell(recorder, resolver(), 8, NAME);
    });
    let other_name = told(|recorder| {
        ask(recorder, 7, "b.example.com");
        tell(recorder, resolver(), 7, NAME);
    });
    let other_address = told(|recorder| {
        ask(recorder, 7, NAME);
        tell(recorder, end("192.168.1.66", 53), 7, NAME);
    });
    for run in [none, other_id, other_name, other_address] {
        assert_eq!((tied(&run), unasked(&run)), (vec![], 1));
    }
}

#[test]
fn an_answer_of_the_one_who_asks_ties_nothing() {
    let run = told(|recorder| {
        Udp::new(recorder, station(5000), resolver(), at(0))
            .send(Side::Client, &dns::query(7, NAME, dns::A))
            .send(Side::Client, &dns::answer(7, NAME, dns::A, &addressed(NAME)));
    });
    assert!(tied(&run).is_empty());
}

#[test]
fn aliases_lead_from_the_question_to_the_address() {
    let chain = |last: &str| {
        vec![
            Record::Alias(NAME.into(), "cdn.example.net".into()),
            Record::Alias("cdn.example.net".into(), "edge.example.org".into()),
            Record::Address(last.into(), server(0).addr),
        ]
    };
    let ask = |records: Vec<Record>| {
        told(|recorder| {
            Udp::new(recorder, station(5000), resolver(), at(0))
                .send(Side::Client, &dns::query(7, NAME, dns::A))
                .send(Side::Server, &dns::answer(7, NAME, dns::A, &records));
        })
    };
    let run = ask(chain("edge.example.org"));
    assert_eq!(tied(&run), [NAME]);
    let expected = [host("cdn.example.net"), host("edge.example.org")];
    assert_eq!(run.to_port(443)[0].bindings[0].aliases, expected);
    // An address of a name that the question does not lead to.
    assert!(tied(&ask(chain("bank.example.org"))).is_empty());
    // Aliases in a circle end.
    let mut circle = chain("edge.example.org");
    circle.push(Record::Alias("edge.example.org".into(), NAME.into()));
    assert_eq!(tied(&ask(circle)), [NAME]);
}

#[test]
fn dns_over_tcp_ties_too() {
    let run = told(|recorder| {
        Tcp::new(recorder, station(5000), resolver(), at(0))
            .open()
            .send(Side::Client, &dns::over_tcp(&dns::query(7, NAME, dns::A)))
            .send(Side::Server, &dns::over_tcp(&dns::answer(7, NAME, dns::A, &addressed(NAME))))
            .close();
    });
    assert_eq!(tied(&run), [NAME]);
}

#[test]
fn announcements_on_the_link_tie_nothing() {
    let run = told(|recorder| {
        Udp::new(recorder, end("192.168.1.9", 5353), end("224.0.0.251", 5353), at(0))
            .send(Side::Client, &dns::announcement(&addressed("printer.local")));
    });
    assert!(tied(&run).is_empty());
    let announced = run.to_port(5353);
    assert!(announced[0].confined_to_link);
}

#[test]
fn names_are_tied_only_from_the_answer_on() {
    let mut recorder = recorder();
    visit(&mut recorder, 40_000, NAME, at(0));
    Udp::new(&mut recorder, station(5000), resolver(), at(5_000))
        .send(Side::Client, &dns::query(7, NAME, dns::A))
        .send(Side::Server, &dns::answer(7, NAME, dns::A, &addressed(NAME)));
    visit(&mut recorder, 40_001, NAME, at(6_000));
    let run = run_recorded(recorder);
    let counts: Vec<_> = run.to_port(443).iter().map(|flow| flow.bindings.len()).collect();
    assert_eq!(counts, [0, 1]);
}

/// The first datagrams of a connection of QUIC.
fn quic_hello(name: &str, number: u64) -> Vec<Vec<u8>> {
    let (target, source) = (quic::connection_id(number), quic::connection_id(number + 1));
    let hello = Hello::for_quic(name, &source).message();
    quic::client_datagrams(Version::V1, &target, &source, &hello, Layout::TwoDatagrams(80)).unwrap()
}

#[test]
fn a_second_connection_of_quic_on_the_same_ports_is_told() {
    let mut recorder = recorder();
    let mut noise = creance_lab::bytes::Sequence::new(3);
    let mut udp = Udp::new(&mut recorder, station(5000), server(443), at(0));
    for datagram in quic_hello("one.example.com", 10) {
        udp.send(Side::Client, &datagram);
    }
    for _ in 0..60 {
        udp.send(Side::Client, &quic::short(&mut noise, &quic::connection_id(10), 200));
        udp.send(Side::Server, &quic::short(&mut noise, &quic::connection_id(11), 200));
    }
    for datagram in quic_hello("two.example.com", 20) {
        udp.send(Side::Client, &datagram);
    }
    let run = run_recorded(recorder);
    assert_eq!(names(run.only()), ["one.example.com", "two.example.com"]);
    assert!(run.only().facts.anomalies.contains(&Anomaly::NamesDiffer));
    assert_eq!(run.only().total().up.packets, 64);
}

#[test]
fn errors_about_a_packet_are_a_flow_of_their_own() {
    let mut recorder = recorder();
    visit(&mut recorder, 40_000, NAME, at(0));
    let quoted = recorder.clone().finish()[0].bytes[14..].to_vec();
    let (from, to) = (ip("192.168.1.1"), station(0).addr);
    let (number, body) = creance_lab::ip::icmp(from, to, 3, 1, &[&[0; 4][..], &quoted].concat());
    recorder.ip(at(1), (from, to), number, &body, false);
    let run = run_recorded(recorder);
    assert_eq!(run.flows.len(), 2);
    assert_eq!(run.flows.iter().filter(|flow| names(flow) == [NAME]).count(), 1);
}

#[test]
fn a_hello_is_found_behind_anything_and_missed_where_it_does_not_end() {
    let (target, source) = (quic::connection_id(1), quic::connection_id(2));
    let hello = Hello::for_quic(NAME, &source).message();
    let parts =
        quic::client_datagrams(Version::V1, &target, &source, &hello, Layout::TwoDatagrams(60)).unwrap();
    let after_noise = |parts: &[Vec<u8>]| {
        let mut recorder = recorder();
        let mut udp = Udp::new(&mut recorder, station(5000), server(443), at(0));
        for number in 0..40 {
            udp.send(Side::Client, &[number; 50]);
        }
        for part in parts {
            udp.send(Side::Client, part);
        }
        run_recorded(recorder).only().facts.clone()
    };
    let found = after_noise(&parts);
    assert_eq!(found.names.iter().map(|seen| seen.name.as_str()).collect::<Vec<_>>(), [NAME]);
    assert_eq!(found.anomalies, []);
    assert_eq!(after_noise(&parts[..1]).anomalies, [Anomaly::HeadMissing]);
}
