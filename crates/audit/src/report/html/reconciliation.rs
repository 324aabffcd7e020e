//! What the ledger and the wire say of each other.

use maud::{Markup, html};

use super::parts::{self, Listed};
use crate::report::reconciliation::{Disagreeing, LogChecked, ModePeriod, Reconciliation, Unexplained};
use crate::report::words;

/// Rows that are shown of a list; report.json has more.
const ROWS_MAX: usize = 200;

/// The section; what follows for the claims stands first.
pub(super) fn section(found: &Reconciliation, listed: Listed) -> Markup {
    html! {
        section #reconciliation {
            h2 { "Reconciliation with the ledger" }
            p { (parts::sentence(&words::reconciled(found))) }
            @if !found.findings.is_empty() {
                ul.reasons {
                    @for finding in &found.findings {
                        li {
                            (parts::sentence(&finding.text))
                            " (" (effect(&finding.refutes, &finding.leaves_open)) ")"
                            (parts::flows(&finding.flow_numbers, finding.flow_numbers.len() as u64, listed))
                        }
                    }
                }
            }
            (figures(found))
            (logs(&found.logs))
            (unexplained(&found.unexplained, found.unexplained_left_out, listed))
            (disagreeing(&found.disagreeing, found.disagreeing_left_out, listed))
            (modes(&found.modes, found.modes_left_out))
            (host(found))
        }
    }
}

fn figures(found: &Reconciliation) -> Markup {
    html! {
        dl {
            (parts::property("Flows of the gateway on the wire", &html! {
                (words::count(found.wire_flows)) ", " (words::count(found.explained_flows)) " explained by an entry"
            }))
            (parts::property("Flows of the ledger", &html! {
                (words::count(found.ledger_flows)) ", " (words::count(found.agreeing_flows)) " agree with the wire, "
                (words::count(found.silent_flows)) " with 0 bytes are not on it"
            }))
            (parts::property("Payload from the gateway", &both(found.wire_up_payload_bytes, found.ledger_up_payload_bytes)))
            (parts::property("Payload towards it", &both(found.wire_down_payload_bytes, found.ledger_down_payload_bytes)))
            (parts::property("Sent again", &parts::bytes(found.again_up_payload_bytes)))
            (parts::property("Flows of other hosts", &words::count(found.other_hosts_flows)))
            (parts::property("Flows within tunnels", &words::count(found.tunnelled_flows)))
            (parts::property("The gateway’s addresses", &parts::joined(&found.gateway_addresses, "none is named")))
            (parts::property("Clocks apart by at most", &format!("{} s", found.clocks_within_seconds)))
            (parts::property("Key", &if found.key_was_given {
                "given by whoever asked"
            } else {
                "the one beside the logs, which whoever can change them can change as well"
            }))
        }
    }
}

fn effect(refutes: &[u8], opens: &[u8]) -> String {
    let list = |claims: &[u8]| claims.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    match (refutes, opens) {
        (refutes, []) => format!("against claims {}", list(refutes)),
        ([], opens) => format!("leaves open claims {}", list(opens)),
        (refutes, opens) => format!("against claims {}, leaves open {}", list(refutes), list(opens)),
    }
}

fn both(wire: u64, ledger: u64) -> Markup {
    html! { (words::count(wire)) " bytes on the wire, " (words::count(ledger)) " by the ledger" }
}

fn figure(bytes: Option<u64>, none: &str) -> Markup {
    html! { @match bytes { Some(bytes) => (words::count(bytes)), None => (none) } }
}

fn left_out(rows: usize, further: u64) -> Markup {
    let more = (rows.saturating_sub(ROWS_MAX) as u64).saturating_add(further);
    html! { @if more > 0 { p { "And " (words::count(more)) " more." } } }
}

fn logs(logs: &[LogChecked]) -> Markup {
    const COLUMNS: [&str; 9] =
        ["Log", "Sound", "Entries", "Signed for", "From", "To", "Before the capture", "After it", "Problems"];
    html! {
        table {
            caption { "The logs" }
            (parts::headings(&COLUMNS, &["Entries", "Signed for", "Before the capture", "After it"]))
            tbody { @for log in logs { tr {
                td { (parts::name(&log.name)) }
                td { (if log.sound { "yes" } else { "no: nothing of it was believed" }) }
                td.figure { (words::count(log.entries)) }
                td.figure { (words::count(log.signed_entries)) }
                td { @if let Some(first) = &log.first { (parts::time(first)) } }
                td { @if let Some(last) = &log.last { (parts::time(last)) } }
                td.figure { (words::count(log.entries_before)) }
                td.figure { (words::count(log.entries_after)) }
                td { (parts::listed(&log.problems, "none")) (left_out(0, log.problems_left_out)) }
            } } }
        }
    }
}

fn unexplained(list: &[Unexplained], further: u64, listed: Listed) -> Markup {
    const FIGURES: [&str; 3] = ["Packets sent", "Payload sent", "Payload received"];
    const COLUMNS: [&str; 8] =
        ["Flow", "First packet", "Gateway", "Other end", FIGURES[0], FIGURES[1], FIGURES[2], "Why"];
    html! {
        @if !list.is_empty() {
            table {
                caption { "On the wire and not in the ledger" }
                (parts::headings(&COLUMNS, &FIGURES))
                tbody { @for one in list.iter().take(ROWS_MAX) { tr {
                    td { (parts::flows(&[one.flow], 1, listed)) }
                    td { (parts::time(&one.first)) }
                    td { (one.transport) " " (parts::code(&one.gateway)) }
                    td { (parts::code(&one.remote)) }
                    td.figure { (words::count(one.sent_packets)) }
                    td.figure { (words::count(one.up_payload_bytes)) }
                    td.figure { (words::count(one.down_payload_bytes)) }
                    td { (parts::sentence(&one.why)) @if !one.in_window { ", outside of the window" } }
                } } }
            }
            (left_out(list.len(), further))
        }
    }
}

fn disagreeing(list: &[Disagreeing], further: u64, listed: Listed) -> Markup {
    const FIGURES: [&str; 4] = ["Sent, wire", "Sent, ledger", "Received, wire", "Received, ledger"];
    const COLUMNS: [&str; 9] =
        ["Entry", "Started", "Gateway", "Other end", FIGURES[0], FIGURES[1], FIGURES[2], FIGURES[3], "What"];
    html! {
        @if !list.is_empty() {
            table {
                caption { "In the ledger, and not the same on the wire" }
                (parts::headings(&COLUMNS, &FIGURES))
                tbody { @for one in list.iter().take(ROWS_MAX) { tr {
                    td {
                        (parts::name(&one.log)) " " (one.ledger_flow)
                        (parts::flows(&one.flow_numbers, one.flow_numbers.len() as u64, listed))
                    }
                    td { (parts::time(&one.started)) }
                    td { (one.transport) " " (parts::code(&one.gateway)) }
                    td { (parts::code(&one.remote)) @if let Some(name) = &one.name { " " (parts::name(name)) } }
                    td.figure { (figure(one.wire_up_payload_bytes, "not seen")) }
                    td.figure { (figure(one.ledger_up_payload_bytes, "not known")) }
                    td.figure { (figure(one.wire_down_payload_bytes, "not seen")) }
                    td.figure { (figure(one.ledger_down_payload_bytes, "not known")) }
                    td { (parts::sentence(&one.what)) }
                } } }
            }
            (left_out(list.len(), further))
        }
    }
}

fn modes(list: &[ModePeriod], further: u64) -> Markup {
    const COLUMNS: [&str; 8] =
        ["Log", "From", "Until", "Mode", "Exempt or granted", "Flows cut", "Last reset", "Sent after it"];
    html! {
        @if !list.is_empty() {
            table {
                caption { "The modes that held, by the ledger" }
                (parts::headings(&COLUMNS, &["Flows cut", "Sent after it"]))
                tbody { @for one in list { tr {
                    td { (parts::name(&one.log)) }
                    td { (parts::time(&one.from)) }
                    td { @if let Some(to) = &one.to { (parts::time(to)) } @else { "the end" } }
                    td { (one.mode) }
                    td { (parts::joined(&[one.exempt.clone(), one.granted.clone()].concat(), "none")) }
                    td.figure { (words::count(one.flows_cut)) }
                    td { @if let Some(cut) = &one.last_cut { (parts::time(cut)) } }
                    td.figure { (words::count(one.sent_after_cut)) " of " (words::count(one.cut_flows_in_capture)) }
                } } }
            }
            (left_out(0, further))
        }
    }
}

fn host(found: &Reconciliation) -> Markup {
    html! {
        @if !found.host.is_empty() {
            table {
                caption { "The host’s own traffic, which needs no entry" }
                (parts::headings(&["Kind", "Flows", "Packets", "Bytes"], &["Flows", "Packets", "Bytes"]))
                tbody { @for kind in &found.host { tr {
                    td { (parts::name(&kind.kind)) }
                    td.figure { (words::count(kind.flows)) }
                    td.figure { (words::count(kind.packets)) }
                    td.figure { (words::count(kind.bytes)) }
                } } }
            }
        }
    }
}
