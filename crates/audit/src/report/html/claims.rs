//! The claims: an overview, then each with its verdicts, reasons and rows.

use maud::{Markup, html};

use super::parts::{self, Listed};
use crate::report::data::{Claim, Report, Ruling, Table};
use crate::report::words;

/// A claim's own table is folded on screen from this many rows on.
const OPEN_ROWS_MAX: usize = 25;

/// The overview and every claim that was tested or requested; the requested ones first.
pub(super) fn section(report: &Report, listed: Listed) -> Markup {
    let requested = report.claims.iter().filter(|claim| claim.requested);
    let others = report.claims.iter().filter(|claim| !claim.requested && is_tested(claim));
    let shown: Vec<&Claim> = requested.chain(others).collect();
    let app = report.question.app.as_deref();
    html! {
        section #claims {
            h2 { "Claims" }
            @if shown.is_empty() {
                p.none { "No claim was tested." }
            } @else {
                (overview(&shown))
                @for claim in shown { (article(claim, app, listed)) }
            }
        }
    }
}

/// The claims that were neither tested nor requested, with what would test them.
pub(super) fn not_tested(report: &Report) -> Markup {
    let untested: Vec<&Claim> =
        report.claims.iter().filter(|claim| !claim.requested && !is_tested(claim)).collect();
    html! {
        section #not-tested {
            h2 { "Claims not tested" }
            @if untested.is_empty() {
                p.none { "None: every claim was tested." }
            } @else {
                table {
                    caption { "Nothing is said of these, neither for nor against" }
                    (parts::headings(&["No.", "Statement", "What would test it"], &[]))
                    tbody {
                        @for claim in untested {
                            tr id={ "claim-" (claim.number) } {
                                th scope="row" { (claim.number) }
                                td { (parts::sentence(&claim.statement)) }
                                td { (parts::sentence(claim.station.would_decide.as_deref().unwrap_or(&claim.needs))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn is_tested(claim: &Claim) -> bool {
    [&claim.station, &claim.app].iter().any(|ruling| ruling.verdict != "not tested")
}

fn overview(claims: &[&Claim]) -> Markup {
    html! {
        table {
            caption { "What each claim came to; those that decide the exit status are marked “requested”" }
            (parts::headings(&["No.", "Statement", "Whole station", "App alone"], &[]))
            tbody {
                @for claim in claims {
                    tr {
                        th scope="row" { a href={ "#claim-" (claim.number) } { (claim.number) } }
                        td { (parts::sentence(&claim.statement)) @if claim.requested { " " small { "requested" } } }
                        td { (parts::badge(&claim.station.verdict)) }
                        td { (parts::badge(&claim.app.verdict)) }
                    }
                }
            }
        }
    }
}

fn article(claim: &Claim, app: Option<&str>, listed: Listed) -> Markup {
    html! {
        article id={ "claim-" (claim.number) } {
            h3 { "Claim " (claim.number) ": " (parts::sentence(&claim.statement)) }
            table.claim {
                caption { "Verdicts of claim " (claim.number) @if claim.requested { ", which was requested" } }
                tbody {
                    tr { th scope="row" { "Whole station" } td { (ruling(&claim.station, listed)) } }
                    tr {
                        th scope="row" { "App alone" @if let Some(app) = app { br; (parts::name(app)) } }
                        td { (ruling(&claim.app, listed)) }
                    }
                    @for variant in &claim.variants {
                        tr {
                            th scope="row" { (parts::name(&variant.name)) }
                            td { p { (parts::badge(&variant.verdict)) " " (parts::sentence(&variant.because)) } }
                        }
                    }
                    tr { th scope="row" { "Evidence it needs" } td { (parts::sentence(&claim.needs)) } }
                }
            }
            @if let Some(table) = &claim.table { (rows(claim.number, table)) }
        }
    }
}

fn ruling(ruling: &Ruling, listed: Listed) -> Markup {
    html! {
        p { (parts::badge(&ruling.verdict)) " " (parts::sentence(&ruling.because)) }
        @if !ruling.against.is_empty() { p.soft { "Against it:" } (parts::reasons(&ruling.against, listed)) }
        @if !ruling.open.is_empty() { p.soft { "Left open by:" } (parts::reasons(&ruling.open, listed)) }
        @if ruling.agreeing_flows > 0 { p.soft { (words::counted(ruling.agreeing_flows, "flow")) " found to agree." } }
        @if let Some(would) = &ruling.would_decide { p { span.soft { "What would decide it: " } (parts::sentence(would)) } }
    }
}

fn rows(number: u8, table: &Table) -> Markup {
    let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
    let table_markup = html! {
        div.scroll {
            table {
                caption { "What claim " (number) " rests on" }
                (parts::headings(&columns, &[]))
                tbody {
                    @for row in &table.rows { tr { @for cell in row { td { (parts::sentence(cell)) } } } }
                }
            }
        }
        @if table.left_out > 0 { p.soft { (words::counted(table.left_out, "more row")) " not listed." } }
    };
    html! {
        @if table.rows.is_empty() {
        } @else if table.rows.len() <= OPEN_ROWS_MAX {
            (table_markup)
        } @else {
            details {
                summary { "What claim " (number) " rests on: " (words::counted(table.rows.len() as u64, "row")) }
                (table_markup)
            }
        }
    }
}
