//! A made-up reconciliation for tests, with an item in every list.

use super::reconciliation::*;

/// A ledger that does not agree with the wire.
pub(super) fn reconciliation() -> Reconciliation {
    with_texts("a flow of no entry", "gateway")
}

/// The same with one text in every place that an input can reach.
pub(super) fn with_texts(text: &str, log: &str) -> Reconciliation {
    let at = "2026-05-04T10:20:31Z";
    Reconciliation {
        logs: vec![LogChecked {
            name: log.into(),
            sound: true,
            entries: 12,
            signed_entries: 10,
            first: Some(at.into()),
            last: Some(at.into()),
            entries_before: 1,
            entries_after: 2,
            problems: vec![text.into()],
            problems_left_out: 3,
        }],
        key_was_given: true,
        clocks_within_seconds: 0.002,
        gateway_addresses: vec!["192.0.2.7".into()],
        ledger_flows: 4,
        agreeing_flows: 2,
        silent_flows: 1,
        wire_flows: 5,
        explained_flows: 3,
        other_hosts_flows: 6,
        tunnelled_flows: 7,
        wire_up_payload_bytes: 1_234_568,
        wire_down_payload_bytes: 20,
        ledger_up_payload_bytes: 1_234_567,
        ledger_down_payload_bytes: 20,
        again_up_payload_bytes: 1400,
        findings: vec![LedgerFinding {
            text: text.into(),
            refutes: vec![1],
            leaves_open: vec![12, 13],
            flow_numbers: vec![4],
        }],
        unexplained: vec![Unexplained {
            flow: 4,
            first: at.into(),
            transport: "tcp".into(),
            gateway: text.into(),
            remote: text.into(),
            sent_packets: 9,
            up_payload_bytes: 10,
            down_payload_bytes: 11,
            in_window: false,
            why: text.into(),
        }],
        unexplained_left_out: 2,
        disagreeing: vec![Disagreeing {
            log: log.into(),
            ledger_flow: 9,
            flow_numbers: vec![4],
            started: at.into(),
            transport: "udp".into(),
            gateway: text.into(),
            remote: text.into(),
            name: Some(text.into()),
            service: Some(text.into()),
            wire_up_payload_bytes: Some(1_234_568),
            ledger_up_payload_bytes: Some(1_234_567),
            wire_down_payload_bytes: None,
            ledger_down_payload_bytes: None,
            what: text.into(),
        }],
        disagreeing_left_out: 0,
        host: vec![HostKind { kind: "ARP".into(), flows: 0, packets: 3, bytes: 126 }],
        modes: vec![ModePeriod {
            log: log.into(),
            from: at.into(),
            to: None,
            mode: "local-data".into(),
            generation: 2,
            exempt: vec![text.into()],
            granted: vec![],
            flows_cut: 1,
            last_cut: Some(at.into()),
            cut_flows_in_capture: 1,
            sent_after_cut: 0,
        }],
        modes_left_out: 0,
    }
}
