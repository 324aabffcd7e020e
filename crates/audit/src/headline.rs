//! What a reader must know first.

use crate::claims::count;
use crate::report::data::{Claim, Report};
use creance_model::Verdict;

/// One sentence for each requested claim, then what qualifies it.
pub(crate) fn headline(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report
        .claims
        .iter()
        .filter(|claim| claim.requested)
        .map(|claim| verdict_line(report, claim))
        .collect();
    if lines.is_empty() {
        let services =
            report.contacts.iter().filter(|contact| contact.kind.ends_with("service")).count() as u64;
        let unknown =
            report.contacts.iter().filter(|contact| contact.kind.starts_with("unknown")).count() as u64;
        lines.push(format!(
            "No claim was asked for: the capture shows contact with {} of the catalogue and {} that it does not know.",
            count(services, "service"),
            count(unknown, "host")
        ));
    }
    for (what, list) in [("exempt", &report.question.exempt), ("granted", &report.question.granted)] {
        if !list.is_empty() {
            let names: Vec<String> =
                list.iter().map(|one| format!("{} ({})", one.service, one.origin)).collect();
            lines.push(format!("{} {what}: {}.", count(list.len() as u64, "service"), names.join(", ")));
        }
    }
    if !report.producer.overlays.is_empty() {
        let entries = match report.producer.overlays.len() {
            1 => "1 entry".to_owned(),
            number => format!("{number} entries"),
        };
        lines.push(format!("The catalogue was changed by {entries} of overlays."));
    }
    if !report.coverage.lowered_by.is_empty() {
        lines.push(format!(
            "What the capture does not show lowers the verdicts: {}.",
            report.coverage.lowered_by.join("; ")
        ));
    }
    lines
}

fn verdict_line(report: &Report, claim: &Claim) -> String {
    let app = report.question.app.as_deref().unwrap_or("the app alone");
    let mut rulings = [("the station", &claim.station), (app, &claim.app)];
    if report.question.verdict_of == "app" {
        rulings.reverse();
    }
    let [(whose, first), (other, second)] = rulings;
    let mut line = format!("“{}” is {} for {whose}: {}.", claim.statement, first.verdict, first.because);
    if first.verdict != second.verdict {
        line.push_str(&format!(" For {other} it is {}: {}.", second.verdict, second.because));
    }
    for variant in &claim.variants {
        line.push_str(&format!(" {}: {}.", capital(&variant.name), variant.verdict));
    }
    if first.verdict == Verdict::Upheld.as_str() {
        line.push_str(" Radios that the tap does not see are not covered.");
    }
    line
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
