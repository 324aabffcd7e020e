//! What a person reads: short lines on standard output.

use crate::terminal::{self, printable};
use creance_model::Verdict;

/// Lines of one piece of prose.
const LINES_MAX: usize = 5;

const BOLD: &str = "1";
const SOFT: &str = "2";
const GOOD: &str = "1;32";
const BAD: &str = "1;31";
const OPEN: &str = "1;33";

/// The page, line by line.
pub(super) struct Page {
    colour: bool,
    width: usize,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { colour: terminal::colour(), width: terminal::width().min(110) }
    }

    pub(super) fn heading(&self, text: &str) {
        terminal::out(&format!("\n{}\n", self.ink(BOLD, text)));
    }

    /// Prose behind a lead, broken between words and set in as far as the lead is wide.
    pub(super) fn prose(&self, lead: &str, text: &str) {
        self.set(lead, lead.chars().count(), text);
    }

    /// A verdict, by its word, with what was judged and why.
    pub(super) fn verdict(&self, whose: &str, word: &str, text: &str) {
        let verdict = word.parse().unwrap_or(Verdict::Inconclusive);
        self.judged(whose, verdict, word, text);
    }

    /// The same with another word for the verdict.
    pub(super) fn judged(&self, whose: &str, verdict: Verdict, word: &str, text: &str) {
        let (sign, codes) = match verdict {
            Verdict::Upheld => ("✓", GOOD),
            Verdict::Refuted => ("✗", BAD),
            Verdict::NotTested => ("–", SOFT),
            Verdict::Inconclusive => ("?", OPEN),
        };
        let lead = format!("  {whose:<11} {}", self.ink(codes, &format!("{sign} {word:<13}")));
        self.set(&lead, 29, text);
    }

    /// What ends the page: whether everything was as told.
    pub(super) fn end(&self, is_good: bool, text: &str) {
        let (sign, codes) = if is_good { ("✓", GOOD) } else { ("✗", BAD) };
        self.set(&format!("{} ", self.ink(codes, sign)), 2, text);
    }

    /// A line of another program's, no longer than the page is wide.
    pub(super) fn quoted(&self, line: &str) {
        let room = self.width.saturating_sub(4);
        let shown = match line.char_indices().nth(room) {
            Some(_) => line.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
            None => line.to_owned(),
        };
        terminal::out(&format!("  {}\n", self.ink(SOFT, &format!("| {}", printable(&shown)))));
    }

    fn set(&self, lead: &str, indent: usize, text: &str) {
        let room = self.width.saturating_sub(indent).max(20);
        let mut lead = lead.to_owned();
        for line in broken(&printable(text), room) {
            terminal::out(&format!("{lead}{line}\n"));
            lead = " ".repeat(indent);
        }
    }

    fn ink(&self, codes: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{codes}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The text in at most [`LINES_MAX`] lines; what is more ends in an ellipsis.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let has_room = lines.len() < LINES_MAX;
        let Some(line) = lines.last_mut() else { continue };
        let needed = line.chars().count() + 1 + word.chars().count();
        if line.is_empty() {
            line.push_str(word);
        } else if needed <= room {
            line.push(' ');
            line.push_str(word);
        } else if has_room {
            lines.push(word.to_owned());
        } else {
            line.push_str(" …");
            break;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_between_words_and_bounded() {
        assert_eq!(broken("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(broken("", 4), [""]);
        let long = broken(&"word ".repeat(100), 9);
        assert_eq!(long.len(), LINES_MAX);
        assert_eq!(long.last().map(String::as_str), Some("word word …"));
    }
}
