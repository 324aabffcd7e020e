//! Where the ledger and the wire agree, whatever the wire does beside.

use super::story::{GATEWAY, MAPS, ROUTER, Story, at, end, ip, speak, started};
use super::{finds, reconciliation, says, told, verdicts};
use creance_audit::report::data::Report;
use creance_lab::tls::{self, Ech, Hello};
use creance_lab::{Side, Tcp, Udp, app, ip as packets};
use creance_model::{Duration, Mode, Transport};

#[test]
fn what_is_written_down_to_the_byte_is_upheld() {
    let report = Story::honest().judge();
    says(&report, "upheld", "upheld");
    let found = reconciliation(&report);
    assert_eq!(
        (found.wire_flows, found.explained_flows, found.ledger_flows, found.agreeing_flows),
        (12, 12, 12, 12)
    );
    assert_eq!(found.wire_up_payload_bytes, found.ledger_up_payload_bytes);
    assert!(found.wire_up_payload_bytes > 6 * 700);
    assert_eq!(found.gateway_addresses, [GATEWAY]);
    assert!(found.findings.is_empty() && found.unexplained.is_empty() && found.disagreeing.is_empty());
    assert_eq!(found.host.iter().map(|kind| kind.kind.as_str()).collect::<Vec<_>>(), ["ARP"]);
    assert_eq!((found.modes.len(), found.modes[0].mode.as_str()), (1, "local-data"));
}

#[test]
fn silence_with_an_empty_ledger_is_upheld() {
    let mut story = Story::empty();
    for millis in [2_000, 150_000] {
        story.visit(millis, MAPS, 100);
    }
    says(&story.judge(), "inconclusive", "upheld");
}

#[test]
fn a_ledger_never_lifts_a_verdict() {
    let mut story = Story::honest();
    story.visit(80_000, super::story::LOGS, 5_000);
    let report = story.judge();
    assert_eq!(verdicts(&report)[1], "refuted", "{}", told(&report));
    // Without the ledger the wire says the same.
    let mut story = Story::honest();
    story.visit(80_000, super::story::LOGS, 5_000);
    assert_eq!(verdicts(&story.judge_alone())[1], "refuted");
}

#[test]
fn what_is_sent_again_counts_once() {
    let mut story = Story::honest();
    story.fetch(95_000, MAPS, 300, |tcp| {
        tcp.send(Side::Client, &[7; 1000]).retransmit().retransmit();
        // A part of it again with more behind, and the ends of segments again.
        tcp.back(Side::Client, 400).send(Side::Client, &[7; 900]);
        tcp.send(Side::Server, &[8; 5000]).back(Side::Server, 1500).send(Side::Server, &[8; 1500]);
        tcp.send_reversed(Side::Client, &[9; 3000], 5);
        (1000 + 500 + 3000, 5000)
    });
    let report = story.judge();
    assert_eq!(verdicts(&report)[1], "upheld", "{}", told(&report));
    let found = reconciliation(&report);
    assert_eq!((found.agreeing_flows, found.again_up_payload_bytes), (13, 2400), "{}", told(&report));
}

#[test]
fn keep_alives_and_numbers_that_come_round_count_nothing() {
    let mut story = Story::honest();
    story.fetch(95_000, MAPS, 300, |tcp| {
        tcp.keep_alive(Side::Client, 0).keep_alive(Side::Server, 0);
        (0, 0)
    });
    assert_eq!(reconciliation(&story.judge()).agreeing_flows, 13);
}

#[test]
fn what_a_reset_drops_is_nobodys() {
    for read in [0, 700] {
        let mut story = Story::honest();
        let (client, server) = (story.client(), end(MAPS.1, 443));
        story.lookup(94_000, MAPS.0, MAPS.1);
        let mut tcp = Tcp::new(&mut story.recorder, client, server, at(95_000));
        let (up, down) = speak(&mut tcp, MAPS.0, 300);
        // The gateway resets while 700 bytes are on their way to it.
        tcp.reset(Side::Client).send_sizes(Side::Server, &[1; 700], &[700]);
        story.write(started(client, server, MAPS.0), (95_000, 95_500), (up, down + read));
        let report = story.judge();
        assert_eq!(reconciliation(&report).agreeing_flows, 14, "{read}: {}", told(&report));
    }
}

#[test]
fn the_same_ends_may_come_again_with_an_entry_of_their_own() {
    let mut story = Story::honest();
    let (client, server) = (story.client(), end(MAPS.1, 443));
    for millis in [75_000, 100_000] {
        story.lookup(millis - 1000, MAPS.0, MAPS.1);
        let mut tcp = Tcp::new(&mut story.recorder, client, server, at(millis));
        let bytes = speak(&mut tcp, MAPS.0, 300);
        tcp.close();
        story.write(started(client, server, MAPS.0), (millis, millis + 400), bytes);
    }
    let report = story.judge();
    says(&report, "upheld", "upheld");
    assert_eq!(reconciliation(&report).agreeing_flows, 16);
}

#[test]
fn datagrams_count_whole_also_after_a_long_pause() {
    let mut story = Story::empty();
    let (client, server) = (story.client(), end(MAPS.1, 5000));
    let mut udp = Udp::new(&mut story.recorder, client, server, at(1_000));
    udp.send(Side::Client, &[1; 300]).send(Side::Server, &[2; 30]);
    // Longer than a silent flow is held in memory: another flow of the capture, the same one here.
    story.arp(600_000);
    let mut udp = Udp::new(&mut story.recorder, client, server, at(500_000));
    udp.send(Side::Server, &[2; 30]).send(Side::Client, &[1; 300]).send(Side::Client, &[1; 300]);
    let start = creance_ledger::FlowStarted { transport: Transport::Udp, ..started(client, server, MAPS.0) };
    story.write(start, (1_000, 520_000), (900, 60));
    let report = story.judge();
    let found = reconciliation(&report);
    assert_eq!(
        (found.wire_flows, found.explained_flows, found.agreeing_flows),
        (2, 2, 1),
        "{}",
        told(&report)
    );
}

#[test]
fn six_is_as_good_as_four() {
    let mut story = Story::honest();
    let (client, server) = (end("2a02:810:1:1::17", 50_000), end("2a02:810:2::1", 443));
    let mut tcp = Tcp::new(&mut story.recorder, client, server, at(95_000));
    let bytes = speak(&mut tcp, MAPS.0, 300);
    tcp.close();
    story.write(started(client, server, MAPS.0), (95_000, 96_000), bytes);
    let report = story.judge();
    let found = reconciliation(&report);
    assert_eq!(
        (found.wire_flows, found.explained_flows, found.agreeing_flows),
        (13, 13, 13),
        "{}",
        told(&report)
    );
}

#[test]
fn an_entry_that_was_never_used_holds_nothing_up() {
    let mut story = Story::honest();
    let client = story.client();
    story.write(started(client, end(MAPS.1, 443), MAPS.0), (95_000, 96_000), (0, 0));
    let report = story.judge();
    says(&report, "upheld", "upheld");
    assert_eq!(reconciliation(&report).silent_flows, 1);
}

#[test]
fn the_hosts_own_few_kinds_need_no_entry() {
    let mut story = Story::honest();
    let discover = app::dhcp_discover([2, 0, 10, 77, 0, 2], "gateway");
    Udp::new(&mut story.recorder, end(GATEWAY, 68), end(ROUTER, 67), at(76_000))
        .send(Side::Client, &discover);
    let (number, unreachable) = packets::icmp(ip(GATEWAY), ip(ROUTER), 3, 3, &[0; 32]);
    story.recorder.ip(at(77_000), (ip(GATEWAY), ip(ROUTER)), number, &unreachable, true);
    let (from, to) = (ip("fe80::17"), ip("ff02::1:ff00:1"));
    let (number, solicitation) = packets::icmp(from, to, 135, 0, &[0; 20]);
    story.recorder.ttl = 255;
    story.recorder.from_card = Some(ip(GATEWAY));
    story.recorder.ip(at(78_000), (from, to), number, &solicitation, true);
    let report = story.judge();
    let found = reconciliation(&report);
    let kinds: Vec<&str> = found.host.iter().map(|kind| kind.kind.as_str()).collect();
    assert_eq!(kinds, ["DHCP", "ICMP errors", "neighbour discovery", "ARP"], "{}", told(&report));
    assert!(found.unexplained.is_empty(), "{}", told(&report));
}

#[test]
fn clocks_may_differ_by_as_much_as_is_declared() {
    let shifted = |within: u64| {
        let mut story = Story::honest();
        story.entries.iter_mut().for_each(|(at, _)| at.0 += 5_000_000);
        story.clocks_within = Duration(within);
        story.judge()
    };
    says(&shifted(5_000_000), "upheld", "upheld");
    let report = shifted(3_000_000);
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "has its entry after its first packet");
    assert_eq!(reconciliation(&report).explained_flows, 12);
}

#[test]
fn a_flow_that_was_cut_is_silent_after_the_last_reset() {
    let cut = |last: u64| {
        let mut story = Story::honest();
        let (client, server) = (story.client(), end(MAPS.1, 443));
        let mut tcp = Tcp::new(&mut story.recorder, client, server, at(160_000));
        let (up, down) = speak(&mut tcp, MAPS.0, 300);
        tcp.until(at(161_000)).send(Side::Client, &[5; 800]).reset(Side::Client);
        let bytes = (Some(up + 800), Some(down));
        let over = creance_ledger::FlowEnd::Revoked;
        story.write_as(started(client, server, MAPS.0), (160_000, 161_100), bytes, over);
        story.mode(161_200, 2, Mode::Offline, 1, Some(last));
        story.judge()
    };
    let report = cut(161_050);
    says(&report, "upheld", "upheld");
    let found = reconciliation(&report);
    assert_eq!((found.modes[1].cut_flows_in_capture, found.modes[1].sent_after_cut), (1, 0));
    let report = cut(160_999);
    assert_eq!(verdicts(&report)[1], "refuted", "{}", told(&report));
    assert_eq!(reconciliation(&report).modes[1].sent_after_cut, 1);
}

/// The claims that hang on a name, in the order of their numbers.
fn named(report: &Report) -> Vec<(u8, String)> {
    let hang = [1, 2, 4, 12, 13, 15];
    let claims = report.claims.iter().filter(|claim| hang.contains(&claim.number));
    claims.map(|claim| (claim.number, claim.station.verdict.clone())).collect()
}

#[test]
fn a_name_that_the_ledger_says_was_hidden_leaves_open_what_hangs_on_it() {
    let before = named(&Story::honest().judge());
    let upheld: Vec<u8> =
        before.iter().filter(|(_, verdict)| verdict == "upheld").map(|(number, _)| *number).collect();
    assert!(upheld.contains(&1) && upheld.contains(&2) && upheld.contains(&13), "{before:?}");
    let mut story = Story::honest();
    let flow = story.flow_at(70_060);
    story.starts().find(|(_, started)| started.flow == flow).unwrap().1.blinded = true;
    let report = story.judge();
    for (number, verdict) in named(&report).into_iter().filter(|(number, _)| upheld.contains(number)) {
        assert_eq!(verdict, "inconclusive", "claim {number}\n{}", told(&report));
    }
    finds(&report, "the ledger says that a flow (tcp to ");
    // The bytes agree all the same.
    assert_eq!(reconciliation(&report).agreeing_flows, 12);
    let claim = report.claims.iter().find(|claim| claim.number == 13).unwrap();
    assert!(claim.station.because.contains("hid its inner name (ECH)"), "{}", claim.station.because);

    // Outside of the judged time it says nothing of what is judged.
    let mut story = Story::honest();
    let flow = story.flow_at(2_060);
    story.starts().find(|(_, started)| started.flow == flow).unwrap().1.blinded = true;
    says(&story.judge(), "upheld", "upheld");
}

#[test]
fn a_name_that_the_capture_shows_to_be_hidden_is_not_told_of_twice() {
    let mut story = Story::honest();
    let (client, server) = (story.client(), end(MAPS.1, 443));
    story.lookup(94_000, MAPS.0, MAPS.1);
    let mut tcp = Tcp::new(&mut story.recorder, client, server, at(95_000));
    tcp.open();
    let hello = Hello { ech: Ech::Real, ..Hello::new(MAPS.0) };
    let first = tls::handshake(tls::V1_0, &hello.message(), 16384);
    tcp.send(Side::Client, &first).close();
    let start = creance_ledger::FlowStarted { blinded: true, ..started(client, server, MAPS.0) };
    story.write(start, (95_000, 95_200), (first.len() as u64, 0));
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    assert!(reconciliation(&report).findings.is_empty(), "{}", told(&report));
}
