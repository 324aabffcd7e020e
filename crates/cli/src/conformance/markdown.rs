//! The page that is kept beside the source.

use super::beside;
use super::front::{Front, Setting};
use super::group::Id;
use super::judge::Verdict;
use super::report::Report;
use super::right::Due;
use crate::args::ConformanceArgs;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The whole page. It has no date of its own: it is of the versions that it names.
pub(super) fn page(report: &Report, args: &ConformanceArgs) -> Result<String> {
    let path = "/proc/sys/kernel/osrelease";
    let kernel = std::fs::read_to_string(path).with_context(|| format!("`{path}` cannot be read"))?;
    let mut text = format!(
        "# Conformance\n\n\
         What `creance conformance{}{}` found: each way in which an app may speak, through each way into a \
         gateway, in each mode. What counts is what passed a tap at the far end of the uplink, and whether the \
         app was answered; the gateway's own word does not. Each attempt was also made without a gateway, where \
         it has to be delivered: else what a gateway withholds would prove nothing.\n\n\
         creance {}, kernel {}. {}\n\n",
        if args.all { " --all" } else { "" },
        if args.peers { " --peers" } else { "" },
        env!("CARGO_PKG_VERSION"),
        kernel.trim(),
        counts(report),
    );
    text.push_str(LEGEND);
    text.push_str(&table(report));
    text.push_str(&not_tried(report));
    text.push_str(&peers(report));
    Ok(text)
}

const LEGEND: &str = "\
A cell has a letter for each mode, in this order: offline, local-data with nothing exempt, local-data with the \
allowed services exempt, restricted with them granted, standard.\n\n\
- `D` delivered: the app was answered and the tap saw its bytes; but for standard, under no name but the one that \
  was asked for\n\
- `x` withheld: the app was not answered, and not one packet of it passed the tap, nor a question for a name of it\n\
- `a` answered by the gateway, and nothing passed the tap\n\
- `1` of two requests on a connection the first was delivered, and nothing of the second passed\n\
- `!` wrong; `?` not tried or not proven; `·` not part of this selection\n\n\
What no attempt explains among the packets of a group makes the whole group wrong. In standard everything may \
leave, whatever it says; what a jail or a gateway does not carry in any mode (pings, raw sockets of a jailed app) \
stays withheld there as well.\n\n";

fn counts(report: &Report) -> String {
    let verdicts = || report.tried.iter().flat_map(|tried| &tried.verdicts);
    let count = |wanted: fn(&Verdict) -> bool| verdicts().filter(|verdict| wanted(verdict)).count();
    format!(
        "{} attempts in {} groups: {} right, {} wrong, {} not proven, {} not tried; {} flows that no attempt explains.",
        verdicts().count(),
        report.tried.len(),
        count(|verdict| matches!(verdict, Verdict::Right(_))),
        count(|verdict| matches!(verdict, Verdict::Wrong(_))),
        count(|verdict| matches!(verdict, Verdict::Unproven(_))),
        count(|verdict| matches!(verdict, Verdict::NotTried(_))),
        report.tried.iter().map(|tried| tried.strays.len()).sum::<usize>(),
    )
}

fn table(report: &Report) -> String {
    let mut text = format!("| what | {} |\n", Front::ALL.map(|front| front.to_string()).join(" | "));
    text.push_str("|---|---|---|---|---|---|\n");
    for row in super::rows::ids() {
        let found = report.tried.iter().flat_map(|tried| &tried.group.cases).find(|case| case.row.id == row);
        let Some(case) = found else { continue };
        let cells = Front::ALL.map(|front| cell(report, row, front)).join(" | ");
        let _ = writeln!(text, "| {}: {} | {cells} |", row, case.row.says);
    }
    text
}

/// A letter for each mode, or nothing where the way in does not have it.
fn cell(report: &Report, row: &str, front: Front) -> String {
    let has = super::rows::all().iter().any(|known| known.id == row && known.fronts.contains(&front));
    if !has {
        return String::new();
    }
    let letters: String = Setting::ALL.iter().map(|setting| letter(report, row, front, *setting)).collect();
    format!("`{letters}`")
}

fn letter(report: &Report, row: &str, front: Front, setting: Setting) -> char {
    let group = report.tried.iter().find(|tried| tried.group.id == Id::Gateway(front, setting));
    let verdict = group.and_then(|tried| {
        let mut cases = tried.group.cases.iter().zip(&tried.verdicts);
        cases.find(|(case, _)| case.row.id == row).map(|(_, verdict)| verdict)
    });
    match verdict {
        None => '·',
        Some(Verdict::Right(Due::Delivered | Due::DeliveredAnyhow)) => 'D',
        Some(Verdict::Right(Due::Withheld)) => 'x',
        Some(Verdict::Right(Due::Answered)) => 'a',
        Some(Verdict::Right(Due::FirstAlone)) => '1',
        Some(Verdict::Wrong(_)) => '!',
        Some(Verdict::NotTried(_) | Verdict::Unproven(_)) => '?',
    }
}

fn not_tried(report: &Report) -> String {
    let mut lines: BTreeSet<String> = BTreeSet::new();
    for tried in &report.tried {
        for (case, verdict) in tried.group.cases.iter().zip(&tried.verdicts) {
            if let Verdict::NotTried(why) | Verdict::Unproven(why) = verdict {
                lines.insert(format!("- {}: {why}", case.row.id));
            }
        }
    }
    if lines.is_empty() {
        return "\nNothing of the selection was left out.\n".to_owned();
    }
    format!("\nNot tried:\n\n{}\n", lines.into_iter().collect::<Vec<_>>().join("\n"))
}

fn peers(report: &Report) -> String {
    let (headings, rows) = beside::rows(report);
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n## Beside other proxies\n\n{PEERS}| {} |\n", headings.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(headings.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
    for beside in &report.beside {
        let title = beside.peer.title();
        let _ = match &beside.version {
            Ok(version) => writeln!(text, "- {title}: version {version}"),
            Err(why) => writeln!(text, "- {title}: not tried: {}", why.replace('\n', " ")),
        };
    }
    text
}

const PEERS: &str = "\
The same hellos in the same small internet, against other proxies that were told to allow names below one domain. \
HAProxy, nginx, sniproxy and Squid peek/splice are led what a station sends to port 443; Squid CONNECT is asked to \
connect. Creance is in local-data with the services exempt, through the way in that is alike. They decide by the \
hello alone: what a station asked DNS for is none of their business, so that rows about that are shown and not held \
against them.\n\n\
- `D` delivered; `x` withheld\n\
- `led` the app was answered, by the host that its hello names and not by the one that it went to\n\
- `x, but seen at the tap` the app was not answered, and something of it passed all the same\n\n";
