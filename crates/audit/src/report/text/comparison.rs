//! The summary of a comparison.

use super::Style;
use super::screen::{Ink, Screen, cell, figure};
use crate::report::data::{Comparison, ComparisonRow};
use crate::report::words;

const ROWS_MAX: usize = 25;
const DIFFERENCES_MAX: usize = 8;
const CAVEATS_MAX: usize = 5;
const FIGURE_WIDTH: usize = 20;

/// Captures side by side in at most about 60 lines.
#[must_use]
pub fn comparison_summary(comparison: &Comparison, style: Style) -> String {
    let mut screen = Screen::new(style);
    let captures = words::counted(comparison.names.len() as u64, "capture");
    screen.prose(
        (Ink::Plain, ""),
        Ink::Bold,
        &format!("{captures} side by side: {}", comparison.names.join(", ")),
        2,
    );
    verdicts(&mut screen, comparison);
    texts(&mut screen, "Differences", &comparison.differences, DIFFERENCES_MAX);
    rows(&mut screen, comparison);
    texts(&mut screen, "What limits this comparison", &comparison.caveats, CAVEATS_MAX);
    screen.into_text()
}

fn verdicts(screen: &mut Screen, comparison: &Comparison) {
    for (name, report) in comparison.names.iter().zip(&comparison.reports) {
        let name = cell(name, 16);
        let (main, _) = words::main_sentence(report);
        match words::overall(report) {
            Some(verdict) => {
                let lead = format!("  {name} {} {:<12} ", words::sign(verdict), verdict.as_str());
                screen.prose((Ink::of(verdict), &lead), Ink::Plain, &main, 1);
            }
            None => screen.prose((Ink::Soft, &format!("  {name} – ")), Ink::Plain, &main, 1),
        }
    }
}

fn texts(screen: &mut Screen, heading: &str, texts: &[String], max: usize) {
    if texts.is_empty() {
        return;
    }
    screen.heading(heading);
    for text in texts.iter().take(max) {
        screen.prose((Ink::Plain, "  · "), Ink::Plain, text, 2);
    }
    let more = texts.iter().skip(max).count();
    if more > 0 {
        screen.line(&[(Ink::Soft, &format!("  … {more} more"))]);
    }
}

/// As many captures as the terminal has room for; the page has all.
fn rows(screen: &mut Screen, comparison: &Comparison) {
    if comparison.rows.is_empty() {
        return;
    }
    let room = screen.width.saturating_sub(26) / (FIGURE_WIDTH + 1);
    let shown = comparison.names.len().min(room.max(1));
    let name_width = screen.width.saturating_sub(2 + shown * (FIGURE_WIDTH + 1));
    screen.heading("Bytes sent, and the difference against the first");
    let names: Vec<String> = comparison
        .names
        .iter()
        .take(shown)
        .map(|name| figure(&words::harmless(name), FIGURE_WIDTH))
        .collect();
    screen.line(&[(Ink::Soft, &format!("  {} {}", cell("contact", name_width), names.join(" ")))]);
    for row in comparison.rows.iter().take(ROWS_MAX) {
        let figures: Vec<String> =
            (0..shown).map(|index| figure(&amount(row, index), FIGURE_WIDTH)).collect();
        screen.line(&[(Ink::Plain, &format!("  {} {}", cell(&row.name, name_width), figures.join(" ")))]);
    }
    let (contacts, captures) =
        (comparison.rows.iter().skip(ROWS_MAX).count(), comparison.names.len() - shown);
    if contacts > 0 {
        screen.line(&[(Ink::Soft, &format!("  … {}", words::counted(contacts as u64, "more contact")))]);
    }
    if captures > 0 {
        screen.line(&[(
            Ink::Soft,
            &format!(
                "  … {} that this terminal has no room for",
                words::counted(captures as u64, "more capture")
            ),
        )]);
    }
}

fn amount(row: &ComparisonRow, index: usize) -> String {
    let bytes = row.up_bytes.get(index).copied().flatten().map_or_else(|| "–".to_owned(), words::bytes);
    match row.delta_up_bytes.get(index) {
        Some(delta) if index > 0 => format!("{bytes} ({})", words::difference(*delta)),
        Some(_) | None => bytes,
    }
}
