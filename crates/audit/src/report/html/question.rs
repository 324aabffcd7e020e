//! What was asked: the mode, what it lets out, the stations and the window.

use maud::{Markup, html};

use super::parts;
use crate::report::data::{Allowance, Question};
use crate::report::words;

/// The section of the question.
pub(super) fn section(question: &Question) -> Markup {
    html! {
        section #question {
            h2 { "What was asked" }
            dl {
                (parts::property("Mode", &mode(question)))
                (parts::property("Claims that decide", &claims(question)))
                @if !question.forbidden_jurisdictions.is_empty() {
                    (parts::property("Must not be contacted", &parts::joined(&question.forbidden_jurisdictions, "")))
                }
                (parts::property("Stations", &stations(question)))
                @if let Some(app) = &question.app { (parts::property("App judged apart", &parts::name(app))) }
                (parts::property("Judged window", &window(question)))
                (parts::property("Counts as stayed", &html! {
                    "link-local broadcast and multicast" @for sink in &question.local { ", " (parts::code(sink)) }
                }))
                @if !question.baselines.is_empty() {
                    (parts::property("Baselines without the app", &parts::joined(&question.baselines, "")))
                }
            }
            (allowances("Exempt from Local Data", &question.exempt))
            (allowances("Granted in Restricted", &question.granted))
        }
    }
}

fn mode(question: &Question) -> Markup {
    let nothing_exempt = question.exempt.is_empty() && question.granted.is_empty();
    html! {
        @match &question.mode {
            Some(mode) => {
                strong { (parts::name(mode)) }
                @if nothing_exempt { ", with no exemption and no grant" }
            },
            None => span.none { "none was claimed" },
        }
    }
}

fn claims(question: &Question) -> Markup {
    html! {
        @if question.requested_claims.is_empty() { span.none { "none was requested" } }
        @for (index, number) in question.requested_claims.iter().enumerate() {
            @if index > 0 { ", " }
            a href={ "#claim-" (number) } { (number) }
        }
    }
}

fn stations(question: &Question) -> Markup {
    html! {
        @if question.stations.is_empty() { span.none { "none was found" } }
        @for station in &question.stations {
            div { (parts::code(&station.address)) " " span.soft { (parts::name(&station.how)) } }
        }
    }
}

fn window(question: &Question) -> Markup {
    html! {
        @match &question.window {
            Some(window) => {
                (parts::time(&window.from)) " to " (parts::time(&window.to)) " UTC ("
                (words::duration(window.seconds)) ")"
            },
            None => "all of the capture",
        }
    }
}

fn allowances(title: &str, allowances: &[Allowance]) -> Markup {
    html! {
        @if !allowances.is_empty() {
            table {
                caption { (title) ": every service that was let out, and all that this opens" }
                (parts::headings(&["Service", "Let out by", "Takes, with all services on its hosts", "Also opens"], &[]))
                tbody {
                    @for allowance in allowances {
                        tr {
                            th scope="row" { (parts::code(&allowance.service)) }
                            td { (parts::name(&allowance.origin)) }
                            td { (parts::joined(&allowance.takes, "nothing but the address")) }
                            td { (parts::joined(&allowance.also_opens, "nothing else")) }
                        }
                    }
                }
            }
        }
    }
}
