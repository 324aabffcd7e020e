//! How much of what happened the captures show, and the captures themselves.

use maud::{Markup, html};

use super::parts::{self, Listed};
use crate::report::data::{Control, Counted, Coverage, Input, Interface};
use crate::report::words;

/// The section of the coverage; what lowers claims stands first.
pub(super) fn section(coverage: &Coverage, listed: Listed) -> Markup {
    html! {
        section #coverage {
            h2 { "Coverage" }
            (lowered(coverage))
            dl {
                (parts::property("Time", &span_of(coverage)))
                (parts::property("Amount", &html! {
                    (words::counted(coverage.packets, "packet")) ", " (parts::bytes(coverage.bytes)) ", "
                    (words::counted(coverage.flows, "flow"))
                }))
                (parts::property("Packets lost", &html! {
                    @match coverage.dropped {
                        Some(0) => "none",
                        Some(lost) => strong { (words::count(lost)) },
                        None => "not known, which is not the same as none",
                    }
                }))
                (parts::property("Cut short by the snap length", &none_or(coverage.truncated_packets, "packet")))
                (parts::property("Begun before the capture", &none_or(coverage.mid_stream_flows, "flow")))
                (parts::property("Put out of memory early", &none_or(coverage.evicted_flows, "flow")))
                (parts::property("Bytes acknowledged but not seen", &none_or(coverage.unseen_acknowledged, "acknowledgement")))
                (parts::property("Control before the window", &control(coverage.control_before)))
                (parts::property("Control after the window", &control(coverage.control_after)))
                (parts::property("Tunnels", &parts::listed(&coverage.tunnels, "none found")))
                (parts::property("What hides from an audit", &html! {
                    @if coverage.blinding.is_empty() { span.none { "nothing found" } }
                    (parts::reasons(&coverage.blinding, listed))
                }))
            }
            (counted("Not understood", "Traffic that was counted and not read", &coverage.unread))
            (counted("Between neighbours", "Traffic that no router forwards", &coverage.link_only))
            h3 { "What no capture of this kind can show" }
            (parts::listed(&coverage.not_covered, "nothing is named"))
        }
    }
}

/// The section of the captures, each with its digest.
pub(super) fn inputs(inputs: &[Input]) -> Markup {
    html! {
        section #inputs {
            h2 { "Inputs" }
            @if inputs.is_empty() { p.none { "No capture was read." } }
            @for input in inputs { (capture(input)) }
        }
    }
}

fn lowered(coverage: &Coverage) -> Markup {
    html! {
        div.lowered {
            @if coverage.lowered_by.is_empty() {
                p { "Nothing was found that lowers the claims about “all” or “nothing”." }
            } @else {
                h3 { "What lowers every claim about “all” or “nothing”" }
                (parts::listed(&coverage.lowered_by, ""))
            }
        }
    }
}

fn span_of(coverage: &Coverage) -> Markup {
    html! {
        @match (&coverage.first, &coverage.last) {
            (Some(first), Some(last)) => {
                (parts::time(first)) " to " (parts::time(last)) " UTC (" (words::duration(coverage.seconds)) ")"
            },
            _ => "no packets",
        }
    }
}

fn none_or(number: u64, noun: &str) -> Markup {
    html! { @if number == 0 { "none" } @else { strong { (words::counted(number, noun)) } } }
}

fn control(control: Control) -> Markup {
    html! {
        @if control.sent_packets == 0 && control.received_packets == 0 {
            "no traffic of the stations"
        } @else {
            (words::counted(control.sent_packets, "packet")) " sent, " (words::count(control.received_packets)) " received"
        }
    }
}

fn counted(title: &str, caption: &str, rows: &[Counted]) -> Markup {
    html! {
        @if !rows.is_empty() {
            h3 { (title) }
            table {
                caption { (caption) }
                (parts::headings(&["What", "Packets", "Bytes", "First packet"], &["Packets", "Bytes", "First packet"]))
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (parts::name(&row.name)) }
                            td.figure { (words::count(row.packets)) }
                            td.figure { (parts::bytes(row.bytes)) }
                            td.figure { (words::count(row.first_packet)) }
                        }
                    }
                }
            }
        }
    }
}

fn capture(input: &Input) -> Markup {
    let packing = if input.compression == "none" { "not packed" } else { &input.compression };
    html! {
        h3 { (parts::name(&input.name)) }
        dl {
            (parts::property("SHA-256", &html! {
                @match &input.sha256 {
                    Some(digest) => (parts::code(digest)),
                    None => strong { "not computed: this report does not prove which file it is about" },
                }
            }))
            (parts::property("File", &html! {
                (parts::name(&input.format)) ", " (parts::name(packing))
                @if let Some(bytes) = input.bytes { ", " (parts::bytes(bytes)) }
            }))
            (parts::property("Read to", &parts::name(&input.ending)))
            @if !input.comments.is_empty() { (parts::property("Comments", &parts::listed(&input.comments, ""))) }
            @if input.resolved_names > 0 {
                (parts::property("Name tables", &html! { (words::counted(input.resolved_names, "name")) ", not used: they are no evidence" }))
            }
            @if input.secrets > 0 {
                (parts::property("Secrets", &html! { (words::counted(input.secrets, "block")) ", not used" }))
            }
        }
        (interfaces(&input.interfaces))
    }
}

fn interfaces(interfaces: &[Interface]) -> Markup {
    html! {
        @if !interfaces.is_empty() {
            table {
                caption { "Interfaces" }
                (parts::headings(&["Name", "Link type", "Kept of a packet", "Packets", "Lost", "Filter"], &["Packets", "Lost"]))
                tbody {
                    @for interface in interfaces {
                        tr {
                            th scope="row" { (parts::name(interface.name.as_deref().unwrap_or("without a name"))) }
                            td { (interface.link_type) }
                            td { @match interface.snap_len_bytes { Some(most) => { (words::count(u64::from(most))) " bytes" }, None => "all" } }
                            td.figure { (words::count(interface.packets)) }
                            td.figure { @match interface.dropped { Some(lost) => (words::count(lost)), None => "not known" } }
                            td { @match &interface.filter { Some(filter) => (parts::code(filter)), None => span.none { "not stated" } } }
                        }
                    }
                }
            }
        }
    }
}
