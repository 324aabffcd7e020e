//! Lines for a terminal: harmless, no longer than it is wide, coloured where that is wanted.

use creance_model::Verdict;

use super::Style;
use crate::report::words;

/// How a piece of text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Bold,
    Soft,
    Good,
    Bad,
    Open,
}

impl Ink {
    /// The ink of a verdict.
    pub(super) fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Upheld => Self::Good,
            Verdict::Refuted => Self::Bad,
            Verdict::Inconclusive => Self::Open,
            Verdict::NotTested => Self::Soft,
        }
    }

    fn codes(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "1",
            Self::Soft => "2",
            Self::Good => "1;32",
            Self::Bad => "1;31",
            Self::Open => "1;33",
        }
    }
}

/// The text that is written, line by line.
pub(super) struct Screen {
    colour: bool,
    /// Columns that a line may fill.
    pub(super) width: usize,
    text: String,
}

impl Screen {
    pub(super) fn new(style: Style) -> Self {
        Self { colour: style.colour, width: style.width.clamp(60, 160), text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        self.line(&[(Ink::Bold, text)]);
    }

    /// One line of pieces, each harmless.
    pub(super) fn line(&mut self, pieces: &[(Ink, &str)]) {
        let plain = if self.colour { None } else { Some(Ink::Plain) };
        for (ink, text) in pieces {
            let codes = plain.unwrap_or(*ink).codes();
            let shown = words::harmless(text);
            if codes.is_empty() {
                self.text.push_str(&shown);
            } else {
                self.text.push_str(&format!("\u{1b}[{codes}m{shown}\u{1b}[0m"));
            }
        }
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// Prose, broken between words, at most so many lines; `lead` stands before the first line and
    /// the others are set in as far.
    pub(super) fn prose(&mut self, lead: (Ink, &str), ink: Ink, text: &str, lines_max: usize) {
        let indent = lead.1.chars().count();
        let lines = broken(&words::harmless(text), self.width.saturating_sub(indent).max(20), lines_max);
        let blank = " ".repeat(indent);
        for (index, line) in lines.iter().enumerate() {
            let lead = if index == 0 { lead } else { (Ink::Plain, blank.as_str()) };
            self.line(&[lead, (ink, line)]);
        }
    }
}

/// The text cut or filled to a column of so many characters.
pub(super) fn cell(text: &str, width: usize) -> String {
    let shown = words::cut(&words::harmless(text), width);
    format!("{shown:<width$}")
}

/// The same, set to the right.
pub(super) fn figure(text: &str, width: usize) -> String {
    format!("{:>width$}", words::cut(text, width))
}

fn broken(text: &str, width: usize, lines_max: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ').flat_map(|word| pieces(word, width)) {
        let is_last = lines.len() == lines_max;
        let Some(line) = lines.last_mut() else {
            break;
        };
        let used = line.chars().count();
        if used == 0 {
            line.push_str(&word);
        } else if used + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(&word);
        } else if is_last {
            *line = words::cut(&format!("{line} …"), width);
            break;
        } else {
            lines.push(word);
        }
    }
    lines
}

/// A word in pieces that fit a line.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    chars.chunks(width).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_breaks_between_words_and_ends_with_an_ellipsis() {
        assert_eq!(broken("one two three", 7, 5), ["one two", "three"]);
        assert_eq!(broken("one two three four", 7, 2), ["one two", "three …"]);
        assert_eq!(broken("abcdefghij", 4, 9), ["abcd", "efgh", "ij"]);
        assert_eq!(broken("", 4, 9), [""]);
    }

    #[test]
    fn cells_keep_their_width() {
        assert_eq!(cell("ab", 4), "ab  ");
        assert_eq!(cell("abcdef", 4), "abc…");
        assert_eq!(cell("\u{1b}[2J", 4).chars().count(), 4);
        assert_eq!(figure("1 B", 5), "  1 B");
    }
}
