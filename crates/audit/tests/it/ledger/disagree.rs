//! Every way in which the wire and the ledger may not agree.

use super::story::{GATEWAY, LOGS, MAPS, ROUTER, Story, at, end, ip, speak, started};
use super::{finds, reconciliation, says, told, verdicts};
use creance_lab::{Side, Tcp, Udp, app, dns, ip as packets};
use creance_ledger::{Event, FlowEnd};
use creance_model::{Mode, Transport};

/// The words of why the one unexplained flow is so.
#[track_caller]
fn unexplained(story: Story, why: &str) {
    let report = story.judge();
    says(&report, "refuted", "refuted");
    let list = &reconciliation(&report).unexplained;
    assert!(list.len() == 1 && list[0].why.contains(why), "{}", told(&report));
}

#[test]
fn a_flow_without_an_entry_refutes() {
    let mut story = Story::honest();
    let flow = story.flow_at(70_060);
    story.forget(flow);
    unexplained(story, "no entry");
}

#[test]
fn one_without_an_entry_outside_of_the_window_leaves_the_first_claim_open() {
    let mut story = Story::honest();
    let flow = story.flow_at(2_060);
    story.forget(flow);
    says(&story.judge(), "inconclusive", "upheld");
}

#[test]
fn one_byte_more_on_the_wire_refutes_the_ledger() {
    let mut story = Story::honest();
    let flow = story.flow_at(70_060);
    *story.ends().find(|(bytes, _)| bytes.flow == flow).unwrap().0.up.as_mut().unwrap() -= 1;
    let report = story.judge();
    says(&report, "refuted", "inconclusive");
    let list = &reconciliation(&report).disagreeing;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].wire_up_payload_bytes, list[0].ledger_up_payload_bytes.map(|bytes| bytes + 1));
    assert!(list[0].what.contains("more payload on the wire"), "{}", told(&report));
}

#[test]
fn a_byte_that_the_wire_lacks_leaves_open() {
    for (up, down) in [(1, 0), (0, 1)] {
        let mut story = Story::honest();
        let flow = story.flow_at(70_060);
        let bytes = story.ends().find(|(bytes, _)| bytes.flow == flow).unwrap().0;
        *bytes.up.as_mut().unwrap() += up;
        *bytes.down.as_mut().unwrap() += down;
        let report = story.judge();
        says(&report, "inconclusive", if up == 1 { "inconclusive" } else { "upheld" });
        assert_eq!(reconciliation(&report).disagreeing.len(), 1);
    }
}

#[test]
fn less_that_came_by_the_ledger_than_on_the_wire_leaves_open() {
    let mut story = Story::honest();
    let flow = story.flow_at(70_060);
    *story.ends().find(|(bytes, _)| bytes.flow == flow).unwrap().0.down.as_mut().unwrap() -= 1;
    says(&story.judge(), "inconclusive", "upheld");
}

#[test]
fn bytes_before_the_first_one_count() {
    let mut story = Story::honest();
    story.fetch(95_000, MAPS, 300, |tcp| {
        tcp.back(Side::Client, 5_000).send(Side::Client, &[6; 100]).gap(Side::Client, 4_900);
        (0, 0)
    });
    let report = story.judge();
    assert_eq!(verdicts(&report)[0], "refuted", "{}", told(&report));
    finds(&report, "sent more payload");
}

#[test]
fn bytes_far_ahead_count() {
    let mut story = Story::honest();
    story.fetch(95_000, MAPS, 300, |tcp| {
        tcp.gap(Side::Client, 1 << 30).send(Side::Client, &[6; 100]).back(Side::Client, (1 << 30) + 100);
        (0, 0)
    });
    finds(&story.judge(), "sent more payload");
}

#[test]
fn a_reset_excuses_nothing_that_left() {
    let mut story = Story::honest();
    let (client, server) = (story.client(), end(MAPS.1, 443));
    let mut tcp = Tcp::new(&mut story.recorder, client, server, at(95_000));
    let bytes = speak(&mut tcp, MAPS.0, 300);
    tcp.send_sizes(Side::Client, &[1; 700], &[700]).reset(Side::Server);
    story.write(started(client, server, MAPS.0), (95_000, 95_500), bytes);
    finds(&story.judge(), "sent more payload");
}

#[test]
fn what_was_acknowledged_before_a_reset_had_come() {
    let mut story = Story::honest();
    let (client, server) = (story.client(), end(MAPS.1, 443));
    let mut tcp = Tcp::new(&mut story.recorder, client, server, at(95_000));
    let bytes = speak(&mut tcp, MAPS.0, 300);
    tcp.send(Side::Server, &[1; 700]).reset(Side::Client);
    story.write(started(client, server, MAPS.0), (95_000, 95_500), bytes);
    finds(&story.judge(), "another amount of payload");
}

#[test]
fn a_second_connection_needs_a_second_entry() {
    let mut story = Story::honest();
    let (client, server) = (story.client(), end(MAPS.1, 443));
    let mut bytes = (0, 0);
    for millis in [75_000, 80_000] {
        story.lookup(millis - 1000, MAPS.0, MAPS.1);
        let mut tcp = Tcp::new(&mut story.recorder, client, server, at(millis));
        bytes = speak(&mut tcp, MAPS.0, 300);
        tcp.close();
    }
    story.write(started(client, server, MAPS.0), (75_000, 85_000), bytes);
    unexplained(story, "used its entry up");
}

#[test]
fn an_entry_that_comes_later_explains_nothing() {
    let mut story = Story::honest();
    let moment = at(70_059);
    *story.starts().find(|(at, _)| **at == moment).unwrap().0 = at(73_000);
    let flow = story.flow_at(73_001);
    let event = story
        .entries
        .iter_mut()
        .find(|(_, event)| matches!(event, Event::FlowEnded { bytes, .. } if bytes.flow == flow));
    event.unwrap().0 = at(74_000);
    unexplained(story, "after its first packet");
}

#[test]
fn one_that_comes_a_little_late_is_told_and_leaves_open() {
    let mut story = Story::honest();
    let moment = at(70_059);
    *story.starts().find(|(at, _)| **at == moment).unwrap().0 = at(70_061);
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    assert!(reconciliation(&report).disagreeing[0].what.contains("by 0.001000 s"), "{}", told(&report));
}

#[test]
fn an_entry_that_is_too_old_explains_nothing() {
    let mut story = Story::honest();
    let moment = at(90_059);
    *story.starts().find(|(at, _)| **at == moment).unwrap().0 = at(79_000);
    unexplained(story, "older than its first packet");
}

#[test]
fn an_entry_that_has_ended_explains_nothing_more() {
    let mut story = Story::honest();
    story.args = "--mode local-data --window +60s..+420s --station 10.77.0.2 --exempt mapbox.tiles".into();
    story.arp(600_000);
    let (client, server) = (story.client(), end(MAPS.1, 5000));
    Udp::new(&mut story.recorder, client, server, at(80_000)).send(Side::Client, &[1; 300]);
    Udp::new(&mut story.recorder, client, server, at(400_000)).send(Side::Client, &[1; 300]);
    let start = creance_ledger::FlowStarted { transport: Transport::Udp, ..started(client, server, MAPS.0) };
    story.write(start, (80_000, 90_000), (300, 0));
    let report = story.judge();
    let list = &reconciliation(&report).unexplained;
    assert!(list.len() == 1 && list[0].why.contains("had ended"), "{}", told(&report));
}

#[test]
fn a_connection_from_outside_is_not_the_one_of_the_entry() {
    let mut story = Story::honest();
    let (own, far) = (story.client(), end(MAPS.1, 443));
    let mut tcp = Tcp::new(&mut story.recorder, far, own, at(95_000));
    tcp.open().send(Side::Server, &[1; 300]).close();
    story.write(started(own, far, MAPS.0), (95_000, 96_000), (300, 0));
    let report = story.judge();
    let list = &reconciliation(&report).unexplained;
    assert!(list.len() == 1 && list[0].why.contains("opened from outside"), "{}", told(&report));
}

#[test]
fn what_only_comes_is_listed_and_leaves_the_first_claim_open() {
    let mut story = Story::honest();
    let mut tcp = Tcp::new(&mut story.recorder, end("45.77.140.9", 6666), end(GATEWAY, 22), at(95_000));
    tcp.open_unanswered(&[], b"");
    let report = story.judge();
    says(&report, "inconclusive", "upheld");
    assert_eq!(reconciliation(&report).unexplained[0].sent_packets, 0);
}

#[test]
fn other_ends_and_other_transports_are_other_flows() {
    let change: [fn(&mut creance_ledger::FlowStarted); 4] = [
        |started| started.from.port += 1,
        |started| started.to.port += 1,
        |started| started.to.addr = ip("13.249.9.11"),
        |started| started.transport = Transport::Udp,
    ];
    for change in change {
        let mut story = Story::honest();
        let moment = at(70_059);
        change(story.starts().find(|(at, _)| **at == moment).unwrap().1);
        let report = story.judge();
        says(&report, "refuted", "refuted");
        finds(&report, "not on the wire");
    }
}

#[test]
fn a_flow_that_the_wire_lacks_leaves_open() {
    let mut story = Story::honest();
    let client = story.client();
    story.write(started(client, end(MAPS.1, 443), MAPS.0), (95_000, 96_000), (10, 0));
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "not on the wire");
    assert_eq!(reconciliation(&report).disagreeing[0].wire_up_payload_bytes, None);
}

#[test]
fn bytes_that_nobody_knows_are_never_equal() {
    let mut story = Story::honest();
    let flow = story.flow_at(70_060);
    let (bytes, how) = story.ends().find(|(bytes, _)| bytes.flow == flow).unwrap();
    (bytes.up, bytes.down, *how) = (None, None, FlowEnd::Lost);
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "the gateway was gone");
    assert_eq!(reconciliation(&report).agreeing_flows, 11);
}

#[test]
fn a_flow_without_an_end_is_not_equal() {
    let mut story = Story::honest();
    let flow = story.flow_at(70_060);
    story.entries.retain(|(_, event)| !matches!(event, Event::FlowEnded { bytes, .. } if bytes.flow == flow));
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "has no end in the ledger");
}

#[test]
fn pings_raw_packets_and_groups_are_not_the_hosts_own() {
    let unexplained = |packet: fn(&mut Story)| {
        let mut story = Story::honest();
        packet(&mut story);
        let report = story.judge();
        assert_eq!(verdicts(&report)[0], "refuted", "{}", told(&report));
        assert_eq!(reconciliation(&report).unexplained.len(), 1, "{}", told(&report));
    };
    let icmp = |story: &mut Story, kind: u8, bytes: usize| {
        let (number, body) = packets::icmp(ip(GATEWAY), ip("45.77.140.9"), kind, 0, &vec![3; bytes]);
        story.recorder.ip(at(95_000), (ip(GATEWAY), ip("45.77.140.9")), number, &body, true);
    };
    // An echo, a reply, a time stamp.
    unexplained(|story| {
        let (number, body) = packets::icmp(ip(GATEWAY), ip("45.77.140.9"), 8, 0, &[3; 56]);
        story.recorder.ip(at(95_000), (ip(GATEWAY), ip("45.77.140.9")), number, &body, true);
    });
    unexplained(|story| {
        story.recorder.ip(at(95_000), (ip(GATEWAY), ip("45.77.140.9")), 253, &[3; 56], true);
    });
    // Names on the link, which anyone there may read.
    unexplained(|story| {
        let text = dns::query(0, "_adb._tcp.local", dns::PTR);
        let (from, to) = (end(GATEWAY, 5353), end("224.0.0.251", 5353));
        Udp::new(&mut story.recorder, from, to, at(95_000)).send(Side::Client, &text);
    });
    // The same with another address of the gateway's card.
    unexplained(|story| {
        let text = dns::query(0, "_adb._tcp.local", dns::PTR);
        let (from, to) = (end("fe80::17", 5353), end("ff02::fb", 5353));
        story.recorder.from_card = Some(ip(GATEWAY));
        Udp::new(&mut story.recorder, from, to, at(95_000)).send(Side::Client, &text);
    });
    // DHCP's ports do not make DHCP.
    unexplained(|story| {
        let (from, to) = (end(GATEWAY, 68), end(ROUTER, 67));
        Udp::new(&mut story.recorder, from, to, at(95_000)).send(Side::Client, &[1; 300]);
    });
    unexplained(|story| {
        let discover = app::dhcp_discover([2, 0, 10, 77, 0, 2], "gateway");
        let (from, to) = (end(GATEWAY, 4444), end(ROUTER, 4445));
        Udp::new(&mut story.recorder, from, to, at(95_000)).send(Side::Client, &discover);
    });
    // An error that is longer than any may be.
    let mut story = Story::honest();
    icmp(&mut story, 3, 900);
    assert_eq!(reconciliation(&story.judge()).unexplained.len(), 1);
    let mut story = Story::honest();
    icmp(&mut story, 3, 100);
    assert_eq!(reconciliation(&story.judge()).unexplained.len(), 0);
}

#[test]
fn frames_of_a_kind_that_no_host_has_leave_open() {
    let mut story = Story::honest();
    // Reverse ARP is long gone.
    let frame = creance_lab::link::ethernet(ip(GATEWAY), ip(ROUTER), 0x8035, &[0; 28]);
    story.recorder.frame(at(95_000), frame);
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "that no entry can explain: RARP");
}

#[test]
fn the_ledgers_own_word_against_the_mode_refutes() {
    // The wire alone cannot tell that the tiles were fetched for another service.
    let mut story = Story::honest();
    let moment = at(70_059);
    story.starts().find(|(at, _)| **at == moment).unwrap().1.service = "dji.flysafe".parse().ok();
    let report = story.judge();
    says(&report, "upheld", "refuted");
    finds(&report, "the ledger itself says that it let out what local-data forbids");
}

#[test]
fn a_resolver_of_ones_own_is_silent_too_where_nothing_is_exempt() {
    let mut story = Story::empty();
    story.args = "--mode local-data --window +60s..+120s --station 10.77.0.2".into();
    for millis in [2_000, 150_000] {
        story.visit(millis, MAPS, 100);
    }
    story.lookup(90_000, MAPS.0, MAPS.1);
    let report = story.judge();
    assert_eq!(verdicts(&report)[1], "refuted", "{}", told(&report));
    finds(&report, "Creance's own resolver");
}

#[test]
fn another_mode_in_the_judged_time_leaves_open() {
    let mut story = Story::honest();
    story.mode(100_000, 2, Mode::Standard, 0, None);
    story.mode(125_000, 3, Mode::LocalData, 0, None);
    for (at, started) in story.starts() {
        started.generation = if *at > self::at(125_000) { 3 } else { 1 };
    }
    let report = story.judge();
    says(&report, "upheld", "inconclusive");
    finds(&report, "the mode was standard, not local-data");
}

#[test]
fn a_table_that_no_longer_held_let_nothing_out() {
    let mut story = Story::honest();
    story.mode(125_000, 2, Mode::LocalData, 0, None);
    let report = story.judge();
    says(&report, "inconclusive", "upheld");
    finds(&report, "a table that no longer held");
}

#[test]
fn a_change_that_cut_more_than_the_ledger_ends_leaves_open() {
    let mut story = Story::honest();
    story.mode(170_000, 2, Mode::Offline, 3, Some(169_990));
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "cut 3 flows, and ends 0 flows");
}

#[test]
fn a_capture_that_begins_in_the_middle_says_so() {
    let mut story = Story::honest();
    let (client, server) = (story.client(), end(MAPS.1, 443));
    let mut tcp = Tcp::new(&mut story.recorder, client, server, at(3_000));
    tcp.send(Side::Client, &[1; 500]).close();
    story.entries.retain(|(moment, _)| *moment > at(1_000));
    story.write(started(client, server, MAPS.0), (1_000, 4_000), (9_000, 0));
    // Entries before the first packet.
    story.entries.iter_mut().for_each(|(moment, event)| {
        if matches!(event, Event::FlowStarted(started) if started.from == client) {
            *moment = at(0);
            moment.0 -= 60_000_000_000;
        }
    });
    story.lookup(500, LOGS.0, LOGS.1);
    let report = story.judge();
    let found = reconciliation(&report);
    assert!(found.logs[0].entries_before >= 1);
    assert!(found.disagreeing[0].what.contains("reaches beyond the capture"), "{}", told(&report));
    assert!(found.unexplained.is_empty(), "{}", told(&report));
}
