//! The report for a terminal: the verdict first, why, whom the stations talked to, what limits it.
//!
//! Whatever a capture holds may stand in a report. Every text goes through `screen::Screen`,
//! which writes out the characters that could command the terminal.

mod comparison;
mod screen;
mod summary;

#[cfg(test)]
mod tests;

pub use comparison::comparison_summary;
pub use summary::summary;

use crate::report::reconciliation::Reconciliation;
use crate::report::words;

/// How a reconciliation came out, in one sentence.
#[must_use]
pub fn reconciled(found: &Reconciliation) -> String {
    words::reconciled(found)
}

/// A number of bytes in three figures with a unit of powers of 1000, such as `12.3 kB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    words::bytes(count)
}

/// How a summary is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences colour it. Without, the text holds no escape byte.
    pub colour: bool,
    /// Columns of the terminal; less than 60 counts as 60, more than 160 as 160.
    pub width: usize,
}
