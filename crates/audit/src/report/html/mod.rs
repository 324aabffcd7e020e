//! The report as one HTML file: no script, nothing from outside, made to be read and printed.
//!
//! Whatever a capture holds may stand in a report. maud escapes markup; `finish` writes out the
//! characters that would reorder or hide text, over the whole page, so that no place is forgotten;
//! and names are cut where they are longer than any honest one.

mod claims;
mod comparison;
mod contacts;
mod coverage;
mod lists;
mod page;
mod parts;
mod picture;
mod question;
mod reconciliation;
mod style;
mod timeline;

#[cfg(test)]
mod tests;

use super::data::{Comparison, Report};
use super::words;

/// The page of a report. The same report gives the same bytes.
#[must_use]
pub fn page(report: &Report) -> String {
    finish(page::page(report))
}

/// The page that sets captures side by side. The same comparison gives the same bytes.
#[must_use]
pub fn comparison_page(comparison: &Comparison) -> String {
    finish(comparison::page(comparison))
}

fn finish(markup: maud::PreEscaped<String>) -> String {
    let page = markup.into_string();
    let mut shown = String::with_capacity(page.len());
    let mut rest = page.as_str();
    // Nearly all of a page is plain ASCII, which is taken over as it stands.
    while let Some(place) = rest.bytes().position(|byte| !matches!(byte, b' '..=b'~' | b'\n')) {
        let (plain, other) = rest.split_at(place);
        shown.push_str(plain);
        let mut chars = other.chars();
        if let Some(c) = chars.next() {
            if words::is_harmful(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
        }
        rest = chars.as_str();
    }
    shown.push_str(rest);
    shown
}
