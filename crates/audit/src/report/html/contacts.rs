//! Whom the stations talked to: one row each.

use maud::{Markup, html};

use super::parts::{self, Listed};
use crate::report::data::{Contact, Report};
use crate::report::words;

const COLUMNS: [&str; 9] = [
    "Who",
    "Jurisdiction",
    "Where its servers stand, and how that is known",
    "Takes, says the catalogue",
    "Seen in clear on the wire",
    "Protection",
    "Decision",
    "Sent",
    "Received",
];

/// The section of the contacts.
pub(super) fn section(report: &Report, listed: Listed) -> Markup {
    let has_window = report.question.window.is_some();
    let has_mode = report.question.mode.is_some();
    html! {
        section #contacts.wide {
            h2 { "Contacts" }
            @if report.contacts.is_empty() {
                p.none { "No contact was seen." }
            } @else {
                p {
                    "A party’s jurisdiction is the law it answers to; where its servers stand is another matter. "
                    "What the catalogue says that a service takes is not what was seen to be sent: most of it is encrypted."
                }
                (left_out(report))
                div.scroll {
                    table.fixed.contacts {
                        caption { "Whom the stations talked to, by bytes sent, most first" }
                        colgroup {
                            @for width in [22, 7, 19, 11, 10, 9, 8, 7, 7] { col style={ "width:" (width) "%" }; }
                        }
                        (parts::headings(&COLUMNS, &["Sent", "Received"]))
                        tbody { @for contact in &report.contacts { (row(contact, has_window, has_mode, listed)) } }
                    }
                }
            }
        }
    }
}

fn left_out(report: &Report) -> Markup {
    let rest = report.contacts_left_out;
    html! {
        @if rest.flows > 0 || rest.up_bytes > 0 || rest.down_bytes > 0 {
            p {
                "Not listed one by one: " (words::counted(rest.flows, "more flow")) ", with "
                (parts::bytes(rest.up_bytes)) " sent and " (parts::bytes(rest.down_bytes)) " received."
            }
        }
    }
}

fn row(contact: &Contact, has_window: bool, has_mode: bool, listed: Listed) -> Markup {
    html! {
        tr {
            th scope="row" { (who(contact, listed)) }
            td { @match &contact.jurisdiction { Some(law) => (parts::name(law)), None => span.none { "not known" } } }
            td { (places(contact)) }
            td { (parts::joined(&contact.takes, words::takes_none(contact))) }
            td {
                @if contact.seen.is_empty() { span.none { "nothing" } }
                @else { span.clear { (parts::joined(&contact.seen, "")) } }
            }
            td { (parts::joined(&contact.protocols, "not known")) }
            td { (decision(contact, has_mode)) }
            td.figure { (parts::bytes(contact.up_bytes)) @if has_window { (in_window(contact.window_up_bytes)) } }
            td.figure { (parts::bytes(contact.down_bytes)) @if has_window { (in_window(contact.window_down_bytes)) } }
        }
    }
}

fn who(contact: &Contact, listed: Listed) -> Markup {
    html! {
        strong { (parts::name(&contact.name)) }
        @if contact.id != contact.name { " " (parts::code(&contact.id)) }
        div.soft { (parts::name(&contact.kind)) ", party: " (parts::name(&words::party(contact))) }
        @if let Some(purpose) = &contact.purpose { div { (parts::name(purpose)) } }
        @if !contact.hints.is_empty() {
            div { em { "Not a fact: " } (parts::joined(&contact.hints, "")) }
        }
        @if contact.hosts.iter().any(|host| *host != contact.id) {
            div { @for host in &contact.hosts { (parts::code(host)) " " } }
        }
        div.soft {
            "Name tied by: " (parts::joined(&contact.ties, "nothing")) "."
            @if !contact.apps.is_empty() { " Apps: " (parts::joined(&contact.apps, "")) "." }
        }
        div.soft {
            (parts::time(&contact.first)) " to " (parts::time(&contact.last))
            (parts::flows(&contact.flow_numbers, contact.flows, listed))
        }
    }
}

fn places(contact: &Contact) -> Markup {
    html! {
        @if contact.places.is_empty() { span.none { "not known" } }
        @for place in &contact.places {
            div {
                strong { (parts::name(place.country.as_deref().unwrap_or(&place.conclusion))) }
                " " (parts::code(&place.address))
                div.soft { (parts::joined(&place.evidence, "no evidence")) }
            }
        }
    }
}

fn decision(contact: &Contact, has_mode: bool) -> Markup {
    html! {
        @match &contact.decision {
            Some(decision) => {
                span class={ "verdict " (decision_class(decision)) } {
                    span aria-hidden="true" { (words::decision_sign(decision)) " " } (decision)
                }
                @if !contact.policies.is_empty() { div.soft { "by " (parts::joined(&contact.policies, "")) } }
            },
            None => span.none { @if has_mode { "none made" } @else { "no mode" } },
        }
    }
}

/// The class that colours a decision; a word that is not known is not taken for allowed.
pub(super) fn decision_class(decision: &str) -> &'static str {
    match decision {
        "allowed" => "upheld",
        "denied" => "refuted",
        _ => "inconclusive",
    }
}

fn in_window(count: u64) -> Markup {
    html! { div.soft { (parts::bytes(count)) br; "in window" } }
}
