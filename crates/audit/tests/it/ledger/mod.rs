//! A gateway's ledger beside the wire: where they agree, and every way in which they may not.

mod again;
mod agree;
mod disagree;
mod logs;
mod own;
mod story;

use crate::setup::claim;
use creance_audit::report::data::Report;
use creance_audit::report::reconciliation::Reconciliation;

pub(crate) fn reconciliation(report: &Report) -> &Reconciliation {
    report.reconciliation.as_ref().unwrap()
}

/// The verdicts of claims 1 and 13.
pub(crate) fn verdicts(report: &Report) -> [String; 2] {
    [1, 13].map(|number| claim(report, number).station.verdict.clone())
}

/// Everything that was found, to be shown where a test fails.
pub(crate) fn told(report: &Report) -> String {
    let found = reconciliation(report);
    let because = [1, 13].map(|number| claim(report, number).station.because.clone());
    format!("{because:#?} {:#?} {:#?} {:#?}", found.findings, found.unexplained, found.disagreeing)
}

/// Both verdicts are these.
#[track_caller]
pub(crate) fn says(report: &Report, one: &str, thirteen: &str) {
    assert_eq!(verdicts(report), [one, thirteen], "{}", told(report));
}

/// Something was found that has these words.
#[track_caller]
pub(crate) fn finds(report: &Report, words: &str) {
    let found = reconciliation(report);
    assert!(found.findings.iter().any(|finding| finding.text.contains(words)), "{}", told(report));
}
