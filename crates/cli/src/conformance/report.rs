//! What came of it, for people.

use super::judge::Verdict;
use super::peers::Beside;
use super::rows::Row;
use super::running::Tried;
use crate::table::{counted, table};
use crate::terminal::printable;
use std::fmt::Write as _;
use std::time::Duration;

/// The most packets that are shown of those that are nobody's, for each group.
const STRAYS_MAX: usize = 20;

/// All that was tried.
#[derive(Debug)]
pub(super) struct Report {
    /// By group.
    pub(super) tried: Vec<Tried>,
    /// What other proxies did.
    pub(super) beside: Vec<Beside>,
}

/// All rows, one to a line.
pub(super) fn list(rows: &[Row]) -> String {
    let rows: Vec<[String; 4]> = rows
        .iter()
        .map(|row| {
            let fronts: Vec<&str> = row.fronts.iter().map(|front| front.as_str()).collect();
            [row.id.to_owned(), row.behaviour.to_owned(), fronts.join(","), row.says.to_owned()]
        })
        .collect();
    table(["row", "behaviour", "through", "what"], &rows)
}

/// A group, in a line.
pub(super) fn line(tried: &Tried) -> String {
    let count =
        |wanted: fn(&Verdict) -> bool| tried.verdicts.iter().filter(|verdict| wanted(verdict)).count();
    let mut text = format!(
        "{}: {} right, {} wrong, {} not proven, {} not tried",
        tried.group.id.word(),
        count(|verdict| matches!(verdict, Verdict::Right(_))),
        count(|verdict| matches!(verdict, Verdict::Wrong(_))),
        count(|verdict| matches!(verdict, Verdict::Unproven(_))),
        count(|verdict| matches!(verdict, Verdict::NotTried(_))),
    );
    if !tried.strays.is_empty() {
        let _ =
            write!(text, "; {} passed the tap that no attempt explains", counted(tried.strays.len(), "flow"));
    }
    text
}

impl Report {
    /// The table of the peers; nothing where none was asked for.
    fn side_by_side(&self) -> String {
        let (headings, rows) = super::beside::rows(self);
        if rows.is_empty() {
            return String::new();
        }
        let lines: Vec<String> = std::iter::once(&headings).chain(&rows).map(|row| row.join("\t")).collect();
        let mut text = columns(&lines);
        for peer in &self.beside {
            let _ = match &peer.version {
                Ok(version) => writeln!(text, "{} {version}", peer.peer.title()),
                Err(why) => writeln!(text, "{}: not tried: {why}", peer.peer.title()),
            };
        }
        text.push('\n');
        text
    }

    /// What is wrong and what was not tried, then one line.
    pub(super) fn text(&self, took: Duration) -> String {
        let mut text = self.side_by_side();
        let mut not_tried: Vec<(String, String)> = Vec::new();
        let mut unproven = Vec::new();
        let (mut right, mut wrong) = (0, 0);
        for tried in &self.tried {
            for (case, verdict) in tried.group.cases.iter().zip(&tried.verdicts) {
                match verdict {
                    Verdict::Right(_) => right += 1,
                    Verdict::Wrong(what) => {
                        wrong += 1;
                        let group = tried.group.id.word();
                        let due = case.due.as_str();
                        let _ = writeln!(
                            text,
                            "wrong: {} in {group}, which has to be {due}: {what}",
                            case.row.id
                        );
                    }
                    Verdict::Unproven(why) => unproven.push((case.row.id.to_owned(), why.clone())),
                    Verdict::NotTried(why) => not_tried.push((case.row.id.to_owned(), why.clone())),
                }
            }
            for stray in tried.strays.iter().take(STRAYS_MAX) {
                let _ =
                    writeln!(text, "wrong: in {}, explained by no attempt: {stray}", tried.group.id.word());
            }
            wrong += tried.strays.len();
        }
        for list in [&mut not_tried, &mut unproven] {
            list.sort();
            list.dedup();
        }
        for (row, why) in &unproven {
            let _ = writeln!(text, "not proven: {row}: {why}");
        }
        for (row, why) in &not_tried {
            let _ = writeln!(text, "not tried: {row}: {why}");
        }
        let _ = writeln!(
            text,
            "{right} right, {wrong} wrong, {} not proven, {} not tried, in {} and {} s",
            unproven.len(),
            not_tried.len(),
            counted(self.tried.len(), "group"),
            took.as_secs(),
        );
        printable(&text)
    }
}

/// Lines whose parts, between tabs, stand below each other.
fn columns(lines: &[String]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for line in lines {
        for (at, part) in line.split('\t').enumerate() {
            let width = part.chars().count();
            match widths.get_mut(at) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (part, width) in line.split('\t').zip(&widths) {
            let _ = write!(row, "  {part:<width$}");
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}
