//! What a host sends of itself, and what is more than that.

use super::story::{GATEWAY, ROUTER, Story, at, end, ip};
use super::{finds, reconciliation, says, told, verdicts};
use creance_lab::{Side, Udp, app, ip as packets};

/// Both claims are open, and these words say why.
#[track_caller]
fn open(story: Story, words: &str) {
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, words);
}

/// A thousand frames between neighbours in twenty seconds.
fn neighbours(group: [u8; 6], ethertype: u16, body: &[u8]) -> Story {
    let mut story = Story::honest();
    for number in 0..1_000 {
        let mut frame = creance_lab::link::ethernet(ip(GATEWAY), ip(ROUTER), ethertype, body);
        frame[..6].copy_from_slice(&group);
        story.recorder.frame(at(95_000 + number * 20), frame);
    }
    story
}

#[test]
fn slow_protocols_with_text_of_their_own_leave_open() {
    let text = b"SECRET-FLIGHT-LOG".repeat(60);
    open(neighbours([1, 0x80, 0xc2, 0, 0, 2], 0x8809, &text), "Ethernet slow protocols of an unusual kind");
    // In the place that link aggregation reserves.
    let mut aggregation = vec![0; 110];
    for (at, bytes) in [(0, &[1, 1, 1, 20][..]), (22, &[2, 20]), (42, &[3, 16]), (60, &text[..50])] {
        aggregation[at..at + bytes.len()].copy_from_slice(bytes);
    }
    let story = neighbours([1, 0x80, 0xc2, 0, 0, 2], 0x8809, &aggregation);
    open(story, "1000 packets that no entry can explain: Ethernet slow protocols of an unusual kind");
}

#[test]
fn link_discovery_that_comes_too_often_leaves_open() {
    let text = b"SECRET-FLIGHT-LOG".repeat(27);
    let body =
        [&[2, 7, 4, 2, 0, 10, 77, 0, 2, 4, 2, 7, 49, 6, 2, 0, 120, 0xff, 0xd0][..], &text[..450]].concat();
    let story = neighbours([1, 0x80, 0xc2, 0, 0, 14], 0x88cc, &body);
    open(story, "LLDP more often than is usual");
    // Once in half a minute it is the host's own.
    let mut story = Story::honest();
    for millis in (1_000..180_000).step_by(30_000) {
        let mut frame = creance_lab::link::ethernet(ip(GATEWAY), ip(ROUTER), 0x88cc, &body);
        frame[..6].copy_from_slice(&[1, 0x80, 0xc2, 0, 0, 14]);
        story.recorder.frame(at(millis), frame);
    }
    says(&story.judge(), "upheld", "upheld");
}

#[test]
fn each_of_the_hosts_own_kinds_has_a_bound() {
    let discover = app::dhcp_discover([2, 0, 10, 77, 0, 2], "gateway");
    let dhcp = |times: u64| {
        let mut story = Story::honest();
        for number in 0..times {
            let ends = (end(GATEWAY, 68), end("255.255.255.255", 67));
            Udp::new(&mut story.recorder, ends.0, ends.1, at(95_000 + number * 10))
                .send(Side::Client, &discover);
        }
        story
    };
    open(dhcp(2_000), "the gateway sent 2000 packets of DHCP");
    says(&dhcp(8).judge(), "upheld", "upheld");
    // The wire alone leaves no claim upheld where errors go to the internet.
    let errors = |times: u64| {
        let mut story = Story::honest();
        for number in 0..times {
            let (kind, body) = packets::icmp(ip(GATEWAY), ip("45.77.140.9"), 3, 3, &[3; 500]);
            let ends = (ip(GATEWAY), ip("45.77.140.9"));
            story.recorder.ip(at(95_000 + number * 10), ends, kind, &body, true);
        }
        story.judge()
    };
    finds(&errors(1_000), "the gateway sent 1000 packets of ICMP errors");
    let report = errors(10);
    assert!(reconciliation(&report).findings.is_empty(), "{}", told(&report));
}

#[test]
fn what_is_no_ordinary_message_of_the_hosts_own_kinds_needs_an_entry() {
    let mut story = Story::honest();
    let discover = app::dhcp_discover([2, 0, 10, 77, 0, 2], "gateway");
    Udp::new(&mut story.recorder, end(GATEWAY, 68), end(ROUTER, 67), at(95_000))
        .send(Side::Client, &[discover, b"SECRET-FLIGHT-LOG".repeat(30)].concat());
    let report = story.judge();
    says(&report, "refuted", "refuted");
    assert_eq!(reconciliation(&report).unexplained.len(), 1, "{}", told(&report));
    // Discovery of a neighbour that is none.
    let mut story = Story::honest();
    let (from, to) = (ip("fe80::17"), ip("2001:db8:7::9"));
    let (number, solicitation) = packets::icmp(from, to, 135, 0, &[0; 20]);
    story.recorder.ttl = 255;
    story.recorder.from_card = Some(ip(GATEWAY));
    story.recorder.ip(at(95_000), (from, to), number, &solicitation, true);
    let report = story.judge();
    assert_eq!(verdicts(&report)[0], "refuted", "{}", told(&report));
    assert_eq!(reconciliation(&report).unexplained.len(), 1, "{}", told(&report));
}
