//! What stayed, every host name, and the first flows.

use maud::{Markup, html};

use super::parts;
use crate::report::data::{Flow, Report, Stayed};
use crate::report::words;

/// The most flows on the page; report.json and flows.tsv hold more.
const FLOWS_MAX: usize = 200;

/// The number of the last flow that [`flows`] lists.
pub(super) fn last_listed_flow(report: &Report) -> Option<u64> {
    report.flows.iter().take(FLOWS_MAX).map(|flow| flow.number).max()
}

/// The section of traffic that did not leave.
pub(super) fn stayed(rows: &[Stayed]) -> Markup {
    html! {
        section #stayed {
            h2 { "What stayed" }
            @if rows.is_empty() {
                p.none { "No traffic was counted as stayed." }
            } @else {
                table {
                    caption { "Traffic on the link or to declared sinks; all else counts as left" }
                    (parts::headings(&["Where to, and why it stays", "Flows", "Sent"], &["Flows", "Sent"]))
                    tbody {
                        @for row in rows {
                            tr {
                                th scope="row" { (parts::name(&row.what)) }
                                td.figure { (words::count(row.flows)) }
                                td.figure { (parts::bytes(row.up_bytes)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The section of host names.
pub(super) fn hosts(report: &Report) -> Markup {
    let total = report.hosts_left_out.saturating_add(report.hosts.len() as u64);
    html! {
        section #hosts {
            h2 { "Hosts" }
            @if report.hosts.is_empty() {
                p.none { "No host name was seen." }
            } @else {
                details open[report.hosts.len() <= 40] {
                    summary { (words::counted(total, "host name")) " seen" }
                    table {
                        caption { "Every host name, and where it was seen" }
                        (parts::headings(&["Name", "Seen in"], &[]))
                        tbody {
                            @for host in &report.hosts {
                                tr { th scope="row" { (parts::code(&host.name)) } td { (parts::joined(&host.sources, "")) } }
                            }
                        }
                    }
                    @if report.hosts_left_out > 0 { p.soft { (words::count(report.hosts_left_out)) " more are not listed." } }
                }
            }
        }
    }
}

/// The section of flows.
pub(super) fn flows(report: &Report) -> Markup {
    let total = report.flows_left_out.saturating_add(report.flows.len() as u64);
    let shown = report.flows.len().min(FLOWS_MAX);
    html! {
        section #flows.wide {
            h2 { "Flows" }
            @if report.flows.is_empty() {
                p.none { "No flow is listed." }
            } @else {
                p { "The first " (words::count(shown as u64)) " of " (words::count(total)) ". All of them stand in flows.tsv." }
                details {
                    summary { "The first " (words::counted(shown as u64, "flow")) }
                    div.scroll {
                        table.fixed {
                            caption { "Flows by number, as the reasons above name them" }
                            colgroup { @for width in [5, 9, 24, 24, 16, 8, 7, 7] { col style={ "width:" (width) "%" }; } }
                            (parts::headings(
                                &["No.", "Direction", "Ends", "Names and services", "Protocols and notes", "Decision", "Sent", "Received"],
                                &["Sent", "Received"],
                            ))
                            tbody { @for flow in report.flows.iter().take(FLOWS_MAX) { (row(flow)) } }
                        }
                    }
                }
            }
        }
    }
}

fn row(flow: &Flow) -> Markup {
    html! {
        tr id={ "flow-" (flow.number) } {
            th scope="row" { (flow.number) }
            td { (parts::name(&flow.direction)) }
            td {
                (parts::code(&flow.station)) " " (parts::name(&flow.transport)) " " (parts::code(&flow.remote))
                div.soft { (parts::time(&flow.first)) " to " (parts::time(&flow.last)) }
            }
            td {
                @for name in &flow.names { div { (parts::code(name)) } }
                div.soft { (parts::joined(&flow.services, "no service")) }
                @if let Some(app) = &flow.app { div.soft { "app " (parts::name(app)) } }
            }
            td {
                (parts::joined(&flow.protocols, "not known"))
                @if !flow.notes.is_empty() { div.soft { (parts::listed(&flow.notes, "")) } }
            }
            td { @if let Some(decision) = &flow.decision { (words::decision_sign(decision)) " " (parts::name(decision)) } }
            td.figure { (parts::bytes(flow.up_bytes)) }
            td.figure { (parts::bytes(flow.down_bytes)) }
        }
    }
}
