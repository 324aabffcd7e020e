//! The order of the page: the verdict first, then what was asked, what was seen, and the details.

use maud::{Markup, html};

use super::parts::{self, Listed};
use super::{claims, contacts, coverage, lists, picture, question, reconciliation, timeline};
use crate::report::data::{Producer, Report};
use crate::report::words;

/// The whole page of a report.
pub(super) fn page(report: &Report) -> Markup {
    let listed = Listed(lists::last_listed_flow(report));
    let body = html! {
        header {
            div.masthead { span { "Creance audit" } span { (period(report)) } }
            (headline(report))
            (contents(report))
        }
        main {
            (question::section(&report.question))
            section #picture {
                h2 { "Where the bytes went" }
                (picture::figure(report))
                (timeline::figure(report))
            }
            (claims::section(report, listed))
            (contacts::section(report, listed))
            (coverage::section(&report.coverage, listed))
            @if let Some(found) = &report.reconciliation { (reconciliation::section(found, listed)) }
            (coverage::inputs(&report.inputs))
            (lists::stayed(&report.stayed))
            (lists::hosts(report))
            (claims::not_tested(report))
            (made(&report.producer, report.schema))
            (lists::flows(report))
        }
    };
    parts::document(&title(report), &body)
}

/// The main verdict in a sign, a word, a colour and a sentence, then what else must be known first.
pub(super) fn headline(report: &Report) -> Markup {
    let overall = words::overall(report);
    let (main, others) = words::main_sentence(report);
    html! {
        div class={ "headline " (overall.map_or("", parts::class)) } {
            @match overall {
                Some(verdict) => (parts::badge(verdict.as_str())),
                None => span.verdict.not-tested { "No claim was requested" },
            }
            h1 { (parts::sentence(&main)) }
            @for sentence in others { p { (parts::sentence(sentence)) } }
        }
    }
}

fn contents(report: &Report) -> Markup {
    let with_ledger = report.reconciliation.is_some();
    let places = [
        ("question", "What was asked"),
        ("picture", "Where the bytes went"),
        ("claims", "Claims"),
        ("contacts", "Contacts"),
        ("coverage", "Coverage"),
        ("reconciliation", "Reconciliation with the ledger"),
        ("inputs", "Inputs"),
        ("stayed", "What stayed"),
        ("hosts", "Hosts"),
        ("not-tested", "Not tested"),
        ("made", "How this was made"),
        ("flows", "Flows"),
    ];
    let places = places.into_iter().filter(|(id, _)| *id != "reconciliation" || with_ledger);
    html! {
        nav aria-label="Contents" { ol { @for (id, text) in places { li { a href={ "#" (id) } { (text) } } } } }
    }
}

fn period(report: &Report) -> Markup {
    let coverage = &report.coverage;
    html! {
        @match (&coverage.first, &coverage.last) {
            (Some(first), Some(last)) => { (parts::time(first)) " to " (parts::time(last)) " UTC" },
            _ => "no packets",
        }
    }
}

fn title(report: &Report) -> String {
    let files: Vec<&str> = report.inputs.iter().map(|input| input.name.as_str()).collect();
    let verdict = words::overall(report).map_or("no claim requested", |verdict| verdict.as_str());
    words::cut(&format!("Creance audit: {verdict}: {}", files.join(", ")), 150)
}

fn made(producer: &Producer, schema: &str) -> Markup {
    html! {
        section #made {
            h2 { "How this was made" }
            p {
                "Made by " (producer.name) " " (producer.version) ", schema " (schema)
                ", from the captures named above and nothing else. The same inputs give the same bytes. "
                "Sizes are counted on the wire from the IP header on, in decimal units; times are UTC."
            }
            p { "Catalogue SHA-256 " (parts::code(&producer.catalogue_sha256)) }
            p { "Residency data of " (producer.geo_date) ", SHA-256 " (parts::code(&producer.geo_sha256)) }
            @if !producer.overlays.is_empty() {
                p { "Catalogue entries added or changed: " (parts::joined(&producer.overlays, "none")) }
            }
            @if !producer.policies.is_empty() {
                p { "Policies added: " (parts::joined(&producer.policies, "none")) }
            }
        }
    }
}
