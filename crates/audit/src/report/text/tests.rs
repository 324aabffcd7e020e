//! What a summary must and must not say.

use super::*;
use crate::report::sample;

const PLAIN: Style = Style { colour: false, width: 120 };

#[test]
fn the_verdict_stands_first_and_the_reasons_follow_with_their_flows() {
    let text = summary(&sample::report(), PLAIN);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("✗ REFUTED  2 claims were requested: 2 refuted."));
    assert!(
        text.contains("· 13: sync.example.net was sent to while denied (flows 4, 9 and 3 more)"),
        "{text}"
    );
    assert!(
        text.contains("✗ refuted      *13 Local Data sends nothing but its exemptions [app: inconclusive]"),
        "{text}"
    );
    assert!(text.contains("lowered by: packets lost are not known"), "{text}");
    assert!(text.contains("next: Capture to pcapng with dumpcap, which counts what it lost."), "{text}");
    assert!(text.lines().count() <= 60, "{}", text.lines().count());
}

#[test]
fn one_requested_claim_is_the_main_verdict_itself() {
    let mut report = sample::report();
    report.claims.retain(|claim| claim.number != 4);
    report.question.requested_claims = vec![13];
    report.headline.remove(0);
    let text = summary(&report, Style { colour: false, width: 160 });
    let start = "✗ REFUTED  Local Data sends nothing but its exemptions: refuted for the station: traffic left for 2 ";
    assert!(text.starts_with(start), "{text}");
    assert_eq!(text.matches("traffic left for 2 services").count(), 1, "{text}");
}

#[test]
fn a_reason_that_the_headline_does_not_tell_is_told() {
    let mut report = sample::report();
    report.headline.truncate(1);
    assert!(
        summary(&report, PLAIN).contains("  Claim 13: traffic left for 2 services that are not exempt\n")
    );
}

#[test]
fn contacts_stand_in_columns() {
    let text = summary(&sample::report(), PLAIN);
    let row = text.lines().find(|line| line.contains("Flight-log sync") && line.contains("1.23 MB")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>().join(" "),
        "✗ Flight-log sync Acme (first party) CN US flight-log, account tls 1.3 1.23 MB"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for report in [sample::report(), sample::hostile(), sample::empty()] {
        for width in [0, 60, 80, 120, 400] {
            let text = summary(&report, Style { colour: false, width });
            for line in text.lines() {
                assert!(line.chars().count() <= width.clamp(60, 160), "{width}: {line}");
            }
        }
    }
}

#[test]
fn without_colour_there_is_no_escape_and_with_it_only_ours() {
    for report in [sample::report(), sample::hostile(), sample::empty()] {
        let plain = summary(&report, PLAIN);
        assert!(plain.chars().all(|c| c == '\n' || !crate::report::words::is_harmful(c)), "{plain:?}");
        let coloured = summary(&report, Style { colour: true, ..PLAIN });
        assert!(coloured.contains('\u{1b}'));
        let mut stripped = coloured;
        for codes in ["0", "1", "2", "1;31", "1;32", "1;33"] {
            stripped = stripped.replace(&format!("\u{1b}[{codes}m"), "");
        }
        assert_eq!(stripped, plain);
    }
}

#[test]
fn a_requested_claim_that_was_not_tested_is_inconclusive() {
    let mut report = sample::report();
    for claim in &mut report.claims {
        claim.station.verdict = if claim.requested { "not tested" } else { "upheld" }.to_owned();
    }
    assert!(summary(&report, PLAIN).starts_with("? INCONCLUSIVE"));
}

#[test]
fn a_requested_claim_that_is_missing_is_never_upheld() {
    let mut report = sample::report();
    report.claims.clear();
    assert!(summary(&report, PLAIN).starts_with("? INCONCLUSIVE"));
}

#[test]
fn without_a_requested_claim_there_is_no_main_verdict() {
    assert!(summary(&sample::empty(), PLAIN).starts_with("– The capture holds no packets."));
}

#[test]
fn a_comparison_shows_differences_and_what_limits_it() {
    let text = comparison_summary(&sample::comparison(), PLAIN);
    assert!(text.contains("standard"), "{text}");
    let row = text.lines().find(|line| line.contains("Flight-log sync") && line.contains("1.23 MB")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>().join(" "), "Flight-log sync 1.23 MB – (−1.23 MB)");
    assert!(text.contains("· The captures last 12 and 9 minutes."), "{text}");
    assert!(!text.contains('\u{1b}'));
    for line in comparison_summary(&sample::comparison(), Style { colour: false, width: 60 }).lines() {
        assert!(line.chars().count() <= 60, "{line}");
    }
}
