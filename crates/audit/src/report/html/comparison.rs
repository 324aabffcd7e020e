//! Captures side by side: bytes and their differences, verdicts, and what limits the comparison.

use maud::{Markup, html};

use super::parts;
use crate::report::data::{Comparison, ComparisonRow, Report};
use crate::report::words;

/// The whole page of a comparison.
pub(super) fn page(comparison: &Comparison) -> Markup {
    let body = html! {
        header {
            div.masthead { span { "Creance audit: comparison" } span { (comparison.schema) } }
            h1 { (words::counted(comparison.names.len() as u64, "capture")) " side by side" }
        }
        main {
            (caveats(comparison))
            (captures(comparison))
            section { h2 { "Differences" } (parts::listed(&comparison.differences, "None was found: each has the same contacts.")) }
            (verdicts(comparison))
            (rows(comparison))
        }
        footer {
            p {
                "Differences are against the first capture. What one capture has and another has not may be chance: "
                "what was not seen in a run is not shown to be absent. Each capture has a report of its own."
            }
        }
    };
    parts::document(&words::cut(&format!("Creance comparison: {}", comparison.names.join(", ")), 150), &body)
}

fn caveats(comparison: &Comparison) -> Markup {
    html! {
        @if !comparison.caveats.is_empty() {
            div.lowered { h2.plain { "What limits this comparison" } (parts::listed(&comparison.caveats, "")) }
        }
    }
}

/// Each name with its report, where there is one.
fn named(comparison: &Comparison) -> impl Iterator<Item = (&str, Option<&Report>)> {
    comparison.names.iter().enumerate().map(|(index, name)| (name.as_str(), comparison.reports.get(index)))
}

fn captures(comparison: &Comparison) -> Markup {
    html! {
        section {
            h2 { "Captures" }
            table {
                caption { "What was captured under each name" }
                (parts::headings(
                    &["Name", "Mode", "Verdict", "Files and their SHA-256", "Begins (UTC)", "Lasts", "Packets lost"],
                    &["Lasts", "Packets lost"],
                ))
                tbody { @for (name, report) in named(comparison) { tr {
                    th scope="row" { strong { (parts::name(name)) } }
                    @match report {
                        Some(report) => (capture(report)),
                        None => td colspan="6" { "without a report" },
                    }
                } } }
            }
        }
    }
}

fn capture(report: &Report) -> Markup {
    let coverage = &report.coverage;
    html! {
        td { (report.question.mode.as_deref().unwrap_or("none")) }
        td { @match words::overall(report) {
            Some(verdict) => (parts::badge(verdict.as_str())),
            None => span.none { "none requested" },
        } }
        td { @for input in &report.inputs {
            div { (parts::name(&input.name)) " " (parts::code(input.sha256.as_deref().unwrap_or("no digest"))) }
        } }
        td { @match &coverage.first { Some(first) => (parts::time(first)), None => "no packets" } }
        td.figure { (words::duration(coverage.seconds)) }
        td.figure { @match coverage.dropped { Some(lost) => (words::count(lost)), None => "not known" } }
    }
}

fn verdicts(comparison: &Comparison) -> Markup {
    let tested = |number: u8| {
        comparison.reports.iter().flat_map(|report| &report.claims).any(|claim| {
            claim.number == number
                && (claim.station.verdict != "not tested" || claim.app.verdict != "not tested")
        })
    };
    let mut claims: Vec<(u8, &str)> = Vec::new();
    for claim in comparison.reports.iter().flat_map(|report| &report.claims) {
        if tested(claim.number) && claims.iter().all(|(number, _)| *number != claim.number) {
            claims.push((claim.number, &claim.statement));
        }
    }
    claims.sort_unstable();
    html! {
        section {
            h2 { "Verdicts" }
            @if claims.is_empty() {
                p.none { "No claim was tested in any of them." }
            } @else {
                div.scroll { table {
                    caption { "Each claim in each capture: whole station, then app alone where it has another verdict" }
                    thead { tr {
                        th scope="col" { "No." } th scope="col" { "Statement" }
                        @for name in &comparison.names { th scope="col" { (parts::name(name)) } }
                    } }
                    tbody { @for (number, statement) in claims { tr {
                        th scope="row" { (number) }
                        td { (parts::name(statement)) }
                        @for (_, report) in named(comparison) { td { (verdict(report, number)) } }
                    } } }
                } }
            }
        }
    }
}

fn verdict(report: Option<&Report>, number: u8) -> Markup {
    let claim = report.and_then(|report| report.claims.iter().find(|claim| claim.number == number));
    html! {
        @match claim {
            Some(claim) => {
                (parts::badge(&claim.station.verdict))
                @if claim.app.verdict != claim.station.verdict { div.soft { "app: " (parts::badge(&claim.app.verdict)) } }
            },
            None => span.none { "absent" },
        }
    }
}

fn rows(comparison: &Comparison) -> Markup {
    html! {
        section.wide {
            h2 { "Contacts" }
            @if comparison.rows.is_empty() {
                p.none { "None of the captures has a contact." }
            } @else {
                div.scroll { table {
                    caption { "Bytes sent to each contact in each capture, and the difference against the first" }
                    thead { tr {
                        th scope="col" { "Contact" } th scope="col" { "Party" }
                        @for name in &comparison.names { th.figure scope="col" { (parts::name(name)) } }
                    } }
                    tbody { @for row in &comparison.rows { (contact(row, comparison.names.len())) } }
                } }
            }
        }
    }
}

fn contact(row: &ComparisonRow, captures: usize) -> Markup {
    html! {
        tr {
            th scope="row" {
                (parts::name(&row.name))
                @if row.id != row.name { " " (parts::code(&row.id)) }
                div.soft { (parts::name(&row.kind)) }
            }
            td { @match &row.party { Some(party) => (parts::name(party)), None => span.none { "not known" } } }
            @for index in 0..captures {
                td.figure {
                    @match row.up_bytes.get(index).copied().flatten() {
                        Some(bytes) => (parts::bytes(bytes)),
                        None => span.none { "not contacted" },
                    }
                    @if index > 0 && let Some(delta) = row.delta_up_bytes.get(index) {
                        div.soft title={ (delta) " bytes" } { (words::difference(*delta)) }
                    }
                }
            }
        }
    }
}
