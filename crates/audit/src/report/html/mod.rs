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
    for c in page.chars() {
        if c != '\n' && words::is_harmful(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}
