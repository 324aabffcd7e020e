//! What came of it, for people.

use super::front::{Front, Setting};
use super::group::Id;
use super::judge::Verdict;
use super::right::Due;
use super::rows::Row;
use super::running::Tried;
use crate::args::ConformanceArgs;
use crate::table::{counted, table};
use crate::terminal::printable;
use std::fmt::Write as _;
use std::time::Duration;

/// The most packets that are shown of those that are nobody's, for each group.
const STRAYS_MAX: usize = 20;

/// All that was tried.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) tried: Vec<Tried>,
    pub(super) all: bool,
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
    /// What is wrong and what was not tried, then one line.
    pub(super) fn text(&self, took: Duration) -> String {
        let mut text = String::new();
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

    /// The table of a file.
    pub(super) fn markdown(&self, args: &ConformanceArgs) -> String {
        let _ = (args, self.all);
        let mut text = String::from("| row | ");
        for front in Front::ALL {
            let _ = write!(text, "{front} | ");
        }
        text.push_str("what |\n|---|---|---|---|---|---|---|\n");
        let mut seen: Vec<&str> = Vec::new();
        let cases = self.tried.iter().flat_map(|tried| &tried.group.cases);
        for case in cases {
            if seen.contains(&case.row.id) {
                continue;
            }
            seen.push(case.row.id);
            let _ = write!(text, "| {} |", case.row.id);
            for front in Front::ALL {
                let cell: String =
                    Setting::ALL.iter().map(|setting| self.cell(case.row.id, front, *setting)).collect();
                let _ = write!(text, " `{cell}` |");
            }
            let _ = writeln!(text, " {} |", case.row.says);
        }
        text
    }

    /// One letter.
    fn cell(&self, row: &str, front: Front, setting: Setting) -> char {
        let group = self.tried.iter().find(|tried| tried.group.id == Id::Gateway(front, setting));
        let verdict = group.and_then(|tried| {
            let cases = tried.group.cases.iter().zip(&tried.verdicts);
            cases.into_iter().find(|(case, _)| case.row.id == row).map(|(_, verdict)| verdict)
        });
        match verdict {
            None => ' ',
            Some(Verdict::Right(Due::Delivered | Due::DeliveredAnyhow)) => 'D',
            Some(Verdict::Right(Due::Withheld)) => 'x',
            Some(Verdict::Right(Due::Answered)) => 'a',
            Some(Verdict::Right(Due::FirstAlone)) => '1',
            Some(Verdict::Wrong(_)) => '!',
            Some(Verdict::NotTried(_) | Verdict::Unproven(_)) => '?',
        }
    }
}
