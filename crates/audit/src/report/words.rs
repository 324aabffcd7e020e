//! How figures, times and verdicts are written for people, on the page and on the terminal alike.

use creance_model::Verdict;
use jiff::Timestamp;

use super::data::{Claim, Contact, Report, Ruling};
use super::reconciliation::Reconciliation;

/// What the requested claims came to; `None` where none was requested.
///
/// The verdict for the station counts, or the app's where that was asked for. What is not plainly upheld or refuted, a claim that
/// is requested and missing included, leaves the whole inconclusive.
pub(super) fn overall(report: &Report) -> Option<Verdict> {
    let requested = &report.question.requested_claims;
    let marked = report.claims.iter().filter(|claim| claim.requested || requested.contains(&claim.number));
    let mut verdicts: Vec<Verdict> = marked.map(|claim| verdict(&deciding(report, claim).verdict)).collect();
    if requested.iter().any(|number| report.claims.iter().all(|claim| claim.number != *number)) {
        verdicts.push(Verdict::Inconclusive);
    }
    if verdicts.is_empty() {
        None
    } else if verdicts.contains(&Verdict::Refuted) {
        Some(Verdict::Refuted)
    } else if verdicts.iter().all(|verdict| *verdict == Verdict::Upheld) {
        Some(Verdict::Upheld)
    } else {
        Some(Verdict::Inconclusive)
    }
}

/// The ruling that decides the exit status.
pub(super) fn deciding<'r>(report: &'r Report, claim: &'r Claim) -> &'r Ruling {
    if report.question.verdict_of == "app" { &claim.app } else { &claim.station }
}

/// The sentence that a reader must know first, and those that follow it.
///
/// The headline opens with a sentence for each requested claim. Where there are several, none of
/// them alone is the main verdict, so they are counted.
pub(super) fn main_sentence(report: &Report) -> (String, &[String]) {
    let requested: Vec<&Claim> = report.claims.iter().filter(|claim| claim.requested).collect();
    if requested.len() < 2 {
        return match report.headline.split_first() {
            Some((main, others)) => (main.clone(), others),
            None => ("No verdict was written.".to_owned(), &[]),
        };
    }
    let parts: Vec<String> = [Verdict::Refuted, Verdict::Inconclusive, Verdict::NotTested, Verdict::Upheld]
        .into_iter()
        .filter_map(|one| {
            let of = requested.iter().filter(|claim| verdict(&deciding(report, claim).verdict) == one);
            let number = of.count() as u64;
            (number > 0).then(|| format!("{} {one}", count(number)))
        })
        .collect();
    (
        format!("{} were requested: {}.", counted(requested.len() as u64, "claim"), parts.join(", ")),
        &report.headline,
    )
}

/// The verdict that a word of the report names; any word that is not known is inconclusive.
pub(super) fn verdict(word: &str) -> Verdict {
    word.parse().unwrap_or(Verdict::Inconclusive)
}

/// A sign that tells verdicts apart without colour.
pub(super) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Upheld => "✓",
        Verdict::Refuted => "✗",
        Verdict::Inconclusive => "?",
        Verdict::NotTested => "–",
    }
}

/// A sign for the decision of a mode: allowed, denied, or anything else.
pub(super) fn decision_sign(decision: &str) -> &'static str {
    match decision {
        "allowed" => "✓",
        "denied" => "✗",
        _ => "?",
    }
}

/// Bytes in decimal units with three figures, such as `1.23 MB`.
pub(super) fn bytes(count: u64) -> String {
    if count < 1000 {
        return format!("{count} B");
    }
    let mut unit_bytes: u64 = 1000;
    let mut unit = "kB";
    for larger in ["MB", "GB", "TB", "PB", "EB"] {
        // From here on three figures would round up to 1000 of the unit.
        if count < unit_bytes.saturating_mul(1000) - unit_bytes / 2 {
            break;
        }
        unit_bytes = unit_bytes.saturating_mul(1000);
        unit = larger;
    }
    // Rounded once from the exact count, to hundredths, tenths or wholes of the unit.
    let rounded =
        |parts: u128| (u128::from(count) * parts + u128::from(unit_bytes) / 2) / u128::from(unit_bytes);
    match (rounded(100), rounded(10)) {
        (hundredths @ ..1000, _) => {
            format!("{}.{:02} {unit}", hundredths / 100, hundredths % 100)
        }
        (_, tenths @ ..1000) => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        (_, _) => format!("{} {unit}", rounded(1)),
    }
}

/// A difference of bytes with its sign, such as `+1.23 MB`; `±0` where there is none.
pub(super) fn difference(delta: i64) -> String {
    match delta {
        0 => "±0".to_owned(),
        1.. => format!("+{}", bytes(delta.unsigned_abs())),
        _ => format!("−{}", bytes(delta.unsigned_abs())),
    }
}

/// A whole number with its thousands set apart, such as `12,345`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, such as `1 flow` or `12 flows`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A length of time, such as `12 min 3 s`; `0 s` for what is no length.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds <= 0.0 {
        return "0 s".to_owned();
    }
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds * 1000.0);
    }
    if seconds < 60.0 {
        let text = format!("{seconds:.1}");
        return format!("{} s", text.strip_suffix(".0").unwrap_or(&text));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "finite, positive; saturates"
    )]
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours == 0 {
        format!("{minutes} min {rest} s")
    } else {
        format!("{} h {minutes} min {rest} s", count(hours))
    }
}

/// A time of the report to the second, such as `2026-05-04 10:20:30`; where it is none, its first characters.
pub(super) fn time(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => time.to_string().chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect(),
        Err(_) => cut(text, 40),
    }
}

/// Seconds from one time of the report to another; `None` where either is no time.
pub(super) fn seconds_between(from: &str, to: &str) -> Option<f64> {
    let from: Timestamp = from.parse().ok()?;
    let to: Timestamp = to.parse().ok()?;
    Some(to.duration_since(from).as_secs_f64())
}

/// What the catalogue says that a contact takes, for where it says nothing.
pub(super) fn takes_none(contact: &Contact) -> &'static str {
    if contact.kind.ends_with("service") { "the address only" } else { "not known" }
}

/// The party of a contact with its kind, such as `DJI (first party)`.
pub(super) fn party(contact: &Contact) -> String {
    let name = contact.party.as_deref().unwrap_or("not known");
    match contact.party_kind.as_deref() {
        Some(kind @ ("first" | "third")) => format!("{name} ({kind} party)"),
        Some(kind) => format!("{name} ({kind})"),
        None => name.to_owned(),
    }
}

/// Where a contact's servers stand: conclusions, each once, in their order.
pub(super) fn places(contact: &Contact) -> Vec<&str> {
    let mut seen = Vec::new();
    for place in &contact.places {
        let word = place.country.as_deref().unwrap_or(&place.conclusion);
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}

/// Flow numbers as a list that says how many are not in it.
pub(super) fn flow_list(numbers: &[u64], flows: u64) -> String {
    let listed: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let more = flows.saturating_sub(numbers.len() as u64);
    match (listed.is_empty(), more) {
        (true, 0) => String::new(),
        (true, more) => counted(more, "flow"),
        (false, 0) => format!("{} {}", if listed.len() == 1 { "flow" } else { "flows" }, listed.join(", ")),
        (false, more) => format!("flows {} and {} more", listed.join(", "), count(more)),
    }
}

/// How a reconciliation came out, in one sentence.
pub(super) fn reconciled(found: &Reconciliation) -> String {
    let unexplained = found.unexplained.len() as u64 + found.unexplained_left_out;
    let disagreeing = found.disagreeing.len() as u64 + found.disagreeing_left_out;
    if unexplained == 0 && disagreeing == 0 {
        let bytes = found.wire_up_payload_bytes.saturating_add(found.wire_down_payload_bytes);
        let but = match found.findings.len() as u64 {
            0 => String::new(),
            findings => format!(", but not in everything: {} below", counted(findings, "finding")),
        };
        return format!(
            "The ledger and the wire agree on {} and {} of payload{but}.",
            counted(found.explained_flows, "flow"),
            counted(bytes, "byte"),
        );
    }
    format!(
        "The ledger and the wire do not agree in everything: {} on the wire without an entry, and {} of the ledger not the same on the wire.",
        counted(unexplained, "flow"),
        counted(disagreeing, "flow"),
    )
}

/// The text with every character that could command a terminal, reorder what is read or hide
/// itself written out, such as `\u{202e}`.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// At most `max` characters of the text, the last an ellipsis where some were cut.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// Controls, direction marks and overrides, invisible characters, interlinear marks and tags.
pub(super) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reconciliation_that_differs_in_no_flow_tells_of_its_other_findings() {
        let mut found = crate::report::sample_ledger::reconciliation();
        found.unexplained.clear();
        found.disagreeing.clear();
        (found.unexplained_left_out, found.disagreeing_left_out) = (0, 0);
        let findings = counted(found.findings.len() as u64, "finding");
        let said = reconciled(&found);
        assert!(said.ends_with(&format!(" of payload, but not in everything: {findings} below.")), "{said}");
        found.findings.clear();
        assert!(reconciled(&found).ends_with(" of payload."));
        found.unexplained_left_out = 1;
        assert!(reconciled(&found).contains("1 flow on the wire without an entry"));
    }

    #[test]
    fn bytes_have_three_figures_and_round_into_the_next_unit() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (12_345, "12.3 kB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (1_234_567_890, "1.23 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (count, text) in cases {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(difference(-1500), "−1.50 kB");
        assert_eq!(difference(0), "±0");
        assert_eq!(difference(i64::MIN), "−9.22 EB");
    }

    #[test]
    fn lengths_and_counts_are_readable() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(123), "123");
        assert_eq!(duration(0.04), "40 ms");
        assert_eq!(duration(30.0), "30 s");
        assert_eq!(duration(12.25), "12.2 s");
        assert_eq!(duration(723.2), "12 min 3 s");
        assert_eq!(duration(7384.0), "2 h 3 min 4 s");
        assert_eq!(duration(f64::NAN), "0 s");
        assert_eq!(counted(1, "flow"), "1 flow");
    }

    #[test]
    fn times_lose_their_fraction_and_what_is_no_time_stays() {
        assert_eq!(time("2026-05-04T10:20:30.123456789Z"), "2026-05-04 10:20:30");
        assert_eq!(time("about noon"), "about noon");
        assert_eq!(seconds_between("2026-05-04T10:00:00Z", "2026-05-04T10:01:30.5Z"), Some(90.5));
        assert_eq!(seconds_between("2026-05-04T10:00:00Z", "later"), None);
    }

    #[test]
    fn an_unknown_word_is_never_upheld() {
        assert_eq!(verdict("upheld"), Verdict::Upheld);
        assert_eq!(verdict("Upheld!"), Verdict::Inconclusive);
        assert_eq!(verdict(""), Verdict::Inconclusive);
    }

    #[test]
    fn what_commands_a_terminal_or_reorders_text_is_written_out() {
        assert_eq!(
            harmless("a\u{1b}[31m\u{9b}b\u{202e}c\n\t\u{200b}"),
            "a\\u{1b}[31m\\u{9b}b\\u{202e}c\\u{a}\\u{9}\\u{200b}"
        );
        assert_eq!(harmless("żółw 東京"), "żółw 東京");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }

    #[test]
    fn flow_numbers_say_how_many_are_missing() {
        assert_eq!(flow_list(&[3], 1), "flow 3");
        assert_eq!(flow_list(&[3, 7], 2), "flows 3, 7");
        assert_eq!(flow_list(&[3, 7], 1200), "flows 3, 7 and 1,198 more");
        assert_eq!(flow_list(&[], 0), "");
        assert_eq!(flow_list(&[], 2), "2 flows");
    }
}
