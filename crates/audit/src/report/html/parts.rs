//! What all parts of the page are made of.

use creance_model::Verdict;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use super::style::STYLE;
use crate::report::data::Reason;
use crate::report::words;

/// The most characters shown of a name, an address or a comment; report.json holds the whole.
const NAME_CHARS_MAX: usize = 300;
/// The most characters shown of a sentence.
const SENTENCE_CHARS_MAX: usize = 2000;

/// Flow numbers that lead to a row of this page: those up to this one are listed.
#[derive(Clone, Copy)]
pub(super) struct Listed(pub(super) Option<u64>);

/// A document with its head; the policy forbids whatever could come from outside.
pub(super) fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                meta name="referrer" content="no-referrer";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

/// A verdict as a sign, a word and a colour.
pub(super) fn badge(word: &str) -> Markup {
    let verdict = words::verdict(word);
    html! {
        span class={ "verdict " (class(verdict)) } {
            span aria-hidden="true" { (words::sign(verdict)) " " } (word)
        }
    }
}

/// The class that colours a verdict.
pub(super) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Upheld => "upheld",
        Verdict::Refuted => "refuted",
        Verdict::Inconclusive => "inconclusive",
        Verdict::NotTested => "not-tested",
    }
}

/// Bytes in a readable unit, with the exact count on hovering.
pub(super) fn bytes(count: u64) -> Markup {
    html! { data value=(count) title={ (words::count(count)) " bytes" } { (words::bytes(count)) } }
}

/// A time to the second, with the exact one on hovering.
pub(super) fn time(text: &str) -> Markup {
    html! { time title=(text) { (words::time(text)) } }
}

/// A name from a capture, set apart from the text around it.
pub(super) fn name(text: &str) -> Markup {
    shown(text, NAME_CHARS_MAX)
}

/// A sentence that may hold names from a capture.
pub(super) fn sentence(text: &str) -> Markup {
    shown(text, SENTENCE_CHARS_MAX)
}

fn shown(text: &str, chars_max: usize) -> Markup {
    let chars = text.chars().count();
    html! {
        bdi { (words::cut(text, chars_max)) }
        @if chars > chars_max { " " small { "(" (words::count(chars as u64)) " characters)" } }
    }
}

/// The same as an identifier, in a fixed pitch.
pub(super) fn code(text: &str) -> Markup {
    html! { code { (name(text)) } }
}

/// Items after one another; what is said of none of them where there are none.
pub(super) fn joined(items: &[String], none: &str) -> Markup {
    html! {
        @if items.is_empty() { span.none { (none) } }
        @for (index, item) in items.iter().enumerate() { @if index > 0 { ", " } (name(item)) }
    }
}

/// Items below one another; what is said of none of them where there are none.
pub(super) fn listed(items: &[String], none: &str) -> Markup {
    html! {
        @if items.is_empty() {
            span.none { (none) }
        } @else {
            ul { @for item in items { li { (sentence(item)) } } }
        }
    }
}

/// Reasons with their flows; nothing where there are none.
pub(super) fn reasons(reasons: &[Reason], listed: Listed) -> Markup {
    html! {
        @if !reasons.is_empty() {
            ul.reasons {
                @for reason in reasons {
                    li { (sentence(&reason.text)) (flows(&reason.flow_numbers, reason.flows, listed)) }
                }
            }
        }
    }
}

/// Flow numbers, each leading to its row where the page has it.
pub(super) fn flows(numbers: &[u64], flows: u64, listed: Listed) -> Markup {
    let more = flows.saturating_sub(numbers.len() as u64);
    html! {
        @if !numbers.is_empty() {
            span.flows {
                " " (if numbers.len() == 1 && more == 0 { "flow" } else { "flows" }) " "
                @for (index, number) in numbers.iter().enumerate() {
                    @if index > 0 { ", " }
                    (flow(*number, listed))
                }
                @if more > 0 { " and " (words::count(more)) " more" }
            }
        } @else if more > 0 {
            span.flows { " " (words::counted(more, "flow")) }
        }
    }
}

fn flow(number: u64, listed: Listed) -> Markup {
    html! {
        @if listed.0.is_some_and(|last| number <= last) {
            a href={ "#flow-" (number) } { (number) }
        } @else {
            (number)
        }
    }
}

/// A row of a list of properties; nothing where the value is empty.
pub(super) fn property(term: &str, value: &impl Render) -> Markup {
    html! { div { dt { (term) } dd { (value) } } }
}

/// Headings of columns. Those named in `figures` are set to the right.
pub(super) fn headings(columns: &[&str], figures: &[&str]) -> Markup {
    html! {
        thead { tr {
            @for column in columns {
                th scope="col" class=[figures.contains(column).then_some("figure")] { (name(column)) }
            }
        } }
    }
}
