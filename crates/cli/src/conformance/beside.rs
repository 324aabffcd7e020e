//! This program's gateway and other proxies, side by side.

use super::front::{Front, Setting};
use super::group::{Case, Id};
use super::judge::Verdict;
use super::report::Report;
use super::right::Due;

/// The headings, and a line for each row that any peer was given; no line where there is no peer.
pub(super) fn rows(report: &Report) -> (Vec<String>, Vec<Vec<String>>) {
    let mut headings = vec!["row".to_owned(), "right".to_owned(), "Creance".to_owned()];
    headings.extend(report.beside.iter().map(|beside| beside.peer.title().to_owned()));
    let mut seen: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for (case, verdict) in own(report) {
        let of_peers: Vec<Option<&str>> = report
            .beside
            .iter()
            .map(|beside| beside.did.iter().find(|(row, _)| row == case.row.id).map(|(_, did)| did.as_str()))
            .collect();
        if seen.contains(&case.row.id) || of_peers.iter().all(Option::is_none) {
            continue;
        }
        seen.push(case.row.id);
        let mut line = vec![case.row.says.to_owned(), letter(case.due).to_owned()];
        line.push(match verdict {
            Verdict::Right(due) => letter(*due).to_owned(),
            Verdict::Wrong(_) => "wrong".to_owned(),
            Verdict::NotTried(_) | Verdict::Unproven(_) => "?".to_owned(),
        });
        line.extend(of_peers.into_iter().map(|did| did.unwrap_or_default().to_owned()));
        lines.push(line);
    }
    (headings, lines)
}

/// What was tried where lists decide, as peers know them.
fn own(report: &Report) -> impl Iterator<Item = (&Case, &Verdict)> {
    let like = [Front::Transparent, Front::Connect].map(|front| Id::Gateway(front, Setting::Exempt));
    let groups = report.tried.iter().filter(move |tried| like.contains(&tried.group.id));
    groups.flat_map(|tried| tried.group.cases.iter().zip(&tried.verdicts))
}

const fn letter(due: Due) -> &'static str {
    match due {
        Due::Delivered | Due::DeliveredAnyhow => "D",
        Due::Withheld => "x",
        Due::Answered => "a",
        Due::FirstAlone => "1",
    }
}
