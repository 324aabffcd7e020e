//! What is sent beside what the ledger counts: other bytes in the place of the first ones, and with
//! resets.

use super::story::{MAPS, Story, at, end, speak, started};
use super::{finds, reconciliation, says, told, verdicts};
use creance_lab::{Side, Tcp};

#[test]
fn other_bytes_in_the_place_of_the_first_ones_leave_open() {
    let mut story = Story::honest();
    story.fetch(95_000, MAPS, 300, |tcp| {
        tcp.send(Side::Client, &[7; 1000]);
        tcp.back(Side::Client, 1000).send(Side::Client, &[8; 1000]);
        (1000, 0)
    });
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "sent bytes again that were not the same");
    assert_eq!(reconciliation(&report).agreeing_flows, 12);
}

#[test]
fn other_bytes_in_other_pieces_leave_open_where_they_are_many() {
    let resent = |times: u8| {
        let mut story = Story::honest();
        story.fetch(95_000, MAPS, 300, |tcp| {
            tcp.send_sizes(Side::Client, &[7; 1000], &[]);
            for number in 0..times {
                tcp.back(Side::Client, 900).send(Side::Client, &[number; 900]);
            }
            (1000, 0)
        });
        story.judge()
    };
    let report = resent(50);
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "sent more bytes again that cannot be compared");
    assert_eq!(verdicts(&resent(3))[0], "upheld");
}

#[test]
fn a_little_of_that_in_each_of_many_flows_leaves_open_too() {
    let mut story = Story::honest();
    for number in 0..40 {
        story.fetch(95_000 + number * 500, MAPS, 300, |tcp| {
            tcp.send_sizes(Side::Client, &[7; 1000], &[]);
            for number in 0..4 {
                tcp.back(Side::Client, 900).send(Side::Client, &[number; 900]);
            }
            (1000, 0)
        });
    }
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "144000 bytes were sent again");
    assert!(reconciliation(&report).disagreeing.is_empty(), "{}", told(&report));
}

#[test]
fn payload_with_a_reset_leaves_open() {
    let mut story = Story::honest();
    let (client, server) = (story.client(), end(MAPS.1, 443));
    story.lookup(94_000, MAPS.0, MAPS.1);
    let mut tcp = Tcp::new(&mut story.recorder, client, server, at(95_000));
    let bytes = speak(&mut tcp, MAPS.0, 300);
    tcp.send(Side::Client, &[7; 500]);
    // The same bytes again, with the flag of a reset.
    tcp.back(Side::Client, 500).reset_with(Side::Client, &[7; 500]);
    story.write(started(client, server, MAPS.0), (95_000, 95_500), (bytes.0 + 500, bytes.1));
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "sent payload with a reset");
}

#[test]
fn what_is_lost_and_sent_again_agrees() {
    let mut story = Story::honest();
    story.fetch(95_000, MAPS, 300, |tcp| {
        let mut sent = 0;
        for number in 0..100_u8 {
            tcp.send(Side::Client, &[number; 4_000]);
            sent += 4_000;
            if number % 3 == 0 {
                tcp.back(Side::Client, 4_000).send(Side::Client, &[number; 4_000]);
            }
            tcp.retransmit();
        }
        (sent, 0)
    });
    let report = story.judge();
    says(&report, "upheld", "upheld");
    let found = reconciliation(&report);
    assert_eq!(found.agreeing_flows, 13, "{}", told(&report));
    assert!(found.again_up_payload_bytes > 100_000);
}
