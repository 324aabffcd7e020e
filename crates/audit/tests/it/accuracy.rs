//! Every story of the lab is judged, and the verdicts are held against the truth.
//!
//! The table in docs/accuracy.md is made here, so that it cannot say what the program does not.

use crate::setup::{claim, judge, on_two_threads, question, root};
use creance_audit::report::data::Report;
use creance_lab::scenario::{self, Scenario};
use creance_model::Verdict;
use std::fmt::Write;

/// Claims of silence, which are judged in every story that has a mode.
const SILENCE: [u8; 2] = [12, 13];
/// What most stories are asked; the table leaves it out.
const USUAL: [&str; 3] = ["--mode local-data", "--window +60s..+120s", "--station 192.168.1.23"];

/// A story and what was said of it.
struct Judged {
    story: Scenario,
    report: Report,
}

#[test]
fn every_story_is_judged_as_the_lab_says_and_none_falsely_upheld() {
    let judged = judge_all();
    let false_upheld: Vec<String> = judged.iter().flat_map(Judged::falsely_upheld).collect();
    assert!(false_upheld.is_empty(), "upheld and not true:\n{}", false_upheld.join("\n"));
    let differences: Vec<String> = judged.iter().flat_map(Judged::differences).collect();
    let renewed = renew(&document(&judged));
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    renewed.unwrap();
}

fn judge_all() -> Vec<Judged> {
    let stories = scenario::all();
    let done = on_two_threads(
        &stories,
        60,
        |story| story.id.to_owned(),
        |knowledge, story| judge(story.bytes.clone(), &question(&story.args), knowledge).unwrap(),
    );
    let reports = done.into_iter().map(|done| done.result.unwrap());
    stories.into_iter().zip(reports).map(|(story, report)| Judged { story, report }).collect()
}

/// Writes the document anew where that is asked for, and otherwise compares it.
fn renew(document: &str) -> Result<(), String> {
    let path = root().join("docs/accuracy.md");
    if std::env::var_os("CREANCE_RENEW").is_some() {
        std::fs::write(&path, document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let Some(line) = (1..).zip(document.lines().zip(written.lines().chain(std::iter::repeat("")))).find_map(
        |(number, (new, old))| (new != old).then(|| format!("line {number} is\n{old}\nand should be\n{new}")),
    ) else {
        let same = document == written;
        return if same { Ok(()) } else { Err(stale("it is longer than it should be")) };
    };
    Err(stale(&line))
}

fn stale(why: &str) -> String {
    format!(
        "docs/accuracy.md is not what the program says: {why}\n\
         renew it with `CREANCE_RENEW=1 cargo test -p creance-audit accuracy`, and read what changed"
    )
}

impl Judged {
    fn said(&self, number: u8) -> Verdict {
        claim(&self.report, number).station.verdict.parse().unwrap()
    }

    fn because(&self, number: u8) -> &str {
        &claim(&self.report, number).station.because
    }

    /// Claims that the story does not list as upheld and that were upheld all the same.
    fn falsely_upheld(&self) -> Vec<String> {
        let listed = self.story.expected.iter().filter(|(_, verdict)| *verdict != Verdict::Upheld);
        let listed = listed.map(|(number, _)| *number);
        let others = SILENCE.into_iter().filter(|number| {
            !self.story.expected.contains(&(*number, Verdict::Upheld)) && !self.story.honest
        });
        let mut numbers: Vec<u8> = listed.chain(others).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let upheld = numbers.into_iter().filter(|number| self.said(*number) == Verdict::Upheld);
        upheld.map(|number| format!("{}: claim {number}: {}", self.story.id, self.because(number))).collect()
    }

    fn differences(&self) -> Vec<String> {
        let wrong = self.story.expected.iter().filter(|(number, verdict)| self.said(*number) != *verdict);
        wrong
            .map(|(number, verdict)| {
                let (said, why) = (self.said(*number), self.because(*number));
                format!("{}: claim {number} is {said} and should be {verdict}: {why}", self.story.id)
            })
            .collect()
    }

    /// A line of the table for each claim that the story lists.
    fn rows(&self) -> String {
        let mut rows = String::new();
        for (number, expected) in &self.story.expected {
            let said = self.said(*number);
            let mark = if said == *expected { "" } else { " (!)" };
            writeln!(
                rows,
                "| `{}` | {} | {} | {number} | {expected} | {said}{mark} | {} |",
                self.story.id,
                cell(self.story.says),
                asked(&self.story.args),
                cell(self.because(*number)),
            )
            .unwrap();
        }
        rows
    }
}

/// The arguments but for the usual ones.
fn asked(args: &[String]) -> String {
    let pairs = args.chunks(2).map(|pair| pair.join(" "));
    let words: Vec<String> = pairs.filter(|pair| !USUAL.contains(&pair.as_str())).collect();
    let missing = USUAL.iter().filter(|usual| usual.starts_with("--window"));
    let without = missing.filter(|usual| !args.join(" ").contains(*usual)).map(|_| "no window".to_owned());
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).chain(without).collect();
    words.join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn document(judged: &[Judged]) -> String {
    let (honest, others): (Vec<_>, Vec<_>) = judged.iter().partition(|judged| judged.story.honest);
    let upheld = |number: &(u8, Verdict)| number.1 == Verdict::Upheld;
    let claims = |list: &[&Judged]| list.iter().map(|judged| judged.story.expected.len()).sum::<usize>();
    let held: usize = honest
        .iter()
        .map(|judged| {
            judged.story.expected.iter().filter(|one| upheld(one) && judged.said(one.0) == one.1).count()
        })
        .sum();
    let to_hold: usize =
        honest.iter().map(|judged| judged.story.expected.iter().filter(|one| upheld(one)).count()).sum();
    let lies: usize = others.iter().filter(|judged| !judged.falsely_upheld().is_empty()).count();
    let differences: usize = judged.iter().map(|judged| judged.differences().len()).sum();
    let all = claims(&honest) + claims(&others);
    let mut text = format!(
        "{INTRO}\n| | |\n|---|---|\n\
         | stories | {} |\n\
         | **false `upheld`**: stories that must not be upheld, and are | **{lies} of {}** |\n\
         | honest claims that are upheld | {held} of {to_hold} |\n\
         | claims decided exactly as the story says | {} of {all} |\n",
        judged.len(),
        others.len(),
        all - differences,
    );
    text.push_str(ASKED);
    for (heading, list) in [(HONEST, honest), (LIES, others)] {
        text.push_str(heading);
        text.push_str("| story | what it shows | asked | claim | should be | is | because |\n|---|---|---|---|---|---|---|\n");
        text.extend(list.iter().map(|judged| judged.rows()));
    }
    text
}

const INTRO: &str = "# How right the verdicts are

The lab makes captures packet by packet, so that their truth is known: stations that kept to their mode, stations that only seem to, and recordings that cannot show it. Here is what the audit says of each. The worst fault is a false `upheld`; the second worst would be to uphold nothing at all.

This file is made by a test, which fails where it and the program disagree. The stories are ours, so they show what we thought of and nothing else; how many server names are found in captures that others made is compared with tshark's by `make names`.
";

const ASKED: &str = "
Unless a row says otherwise, what is asked is `--mode local-data --window +60s..+120s --station 192.168.1.23`: the second of three minutes was to be Local Data without exemptions. Verdicts are the station's. [claims.md](claims.md) says what each claim is.
";

const HONEST: &str = "
## Honest stories
The claim holds and the capture can show it, so anything but `upheld` would be a failure.

";

const LIES: &str = "
## Lies, leaks, and captures that cannot show it
`upheld` would be false. Whether it is `refuted` or `inconclusive` says how much could be seen: a flow that certainly breaks the mode refutes it, one that might be allowed leaves it open.

";
