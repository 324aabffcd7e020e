//! `creance conformance`: tries every way out that is known of through every way in, in every mode,
//! and judges by a tap at the far end and by whether the app was answered, never by the gateway's
//! word.

mod beside;
mod entries;
mod front;
mod group;
mod judge;
mod lab;
mod markdown;
mod peers;
mod report;
mod right;
mod rows;
mod running;
mod stage;
mod tap;
mod zone;

pub(crate) use front::{Front, Setting};

use crate::args::{Break, ConformanceArgs, StageArg};
use crate::terminal;
use anyhow::{Context, Result, bail};
use group::{Group, Id};
use judge::Verdict;
use lab::Lab;
use report::Report;
use rows::Row;
use std::collections::BTreeSet;
use std::time::Instant;

/// Groups that run at a time: most of an attempt is waiting.
const AT_ONCE: usize = 3;

pub(crate) fn run(args: &ConformanceArgs) -> Result<u8> {
    match (args.stage, &args.of) {
        (Some(StageArg::World), Some(path)) => return stage::world(path),
        (Some(StageArg::Cases), Some(path)) => return stage::cases(path),
        (Some(_), None) | (None, Some(_)) => bail!("a stage needs its file"),
        (None, None) => {}
    }
    if args.list {
        terminal::out(&report::list(&rows::all()));
        return Ok(0);
    }
    let lab = Lab::new()?;
    let started = now();
    let rows = selected(args);
    covers(&lab)?;
    let report = tried(args, &lab, &rows)?;
    terminal::out(&report.text(started.elapsed()));
    if let Some(path) = &args.out {
        let text = markdown::page(&report, args)?;
        std::fs::write(path, text).with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    Ok(report.status())
}

#[expect(clippy::disallowed_methods, reason = "how long it took is told to a person")]
fn now() -> Instant {
    Instant::now()
}

/// The rows of a selection.
fn selected(args: &ConformanceArgs) -> Vec<Row> {
    rows::all().into_iter().filter(|row| args.all || !row.slow).collect()
}

/// The groups of a selection: the quick one looks at every way in where lists decide, and at the
/// other modes through two ways in alone.
fn groups(args: &ConformanceArgs, rows: &[Row]) -> Vec<Group> {
    let fronts = if args.front.is_empty() { Front::ALL.to_vec() } else { args.front.clone() };
    let settings = if args.mode.is_empty() { Setting::ALL.to_vec() } else { args.mode.clone() };
    let quick = |front: Front, setting: Setting| {
        setting == Setting::Exempt
            || matches!(front, Front::Run | Front::Transparent)
            || !args.mode.is_empty()
    };
    let ids = fronts.iter().flat_map(|front| settings.iter().map(|setting| (*front, *setting)));
    let mut ids: BTreeSet<Id> = ids
        .filter(|(front, setting)| args.all || quick(*front, *setting))
        .map(|(front, setting)| Id::Gateway(front, setting))
        .collect();
    if args.peers {
        ids.extend([Front::Transparent, Front::Connect].map(|front| Id::Gateway(front, Setting::Exempt)));
    }
    ids.into_iter().map(|id| Group::new(id, rows)).collect()
}

/// A behaviour of the lab's that no row has would go unseen.
fn covers(lab: &Lab) -> Result<()> {
    let known: BTreeSet<&str> = rows::all().iter().map(|row| row.behaviour).collect();
    let behaviours = lab.behaviours()?;
    let missing: Vec<&str> =
        behaviours.iter().map(String::as_str).filter(|behaviour| !known.contains(behaviour)).collect();
    if behaviours.is_empty() || !missing.is_empty() {
        bail!(
            "of {} behaviours of the lab's app no row tries {:?}\nhint: build both programs from one source",
            behaviours.len(),
            missing
        );
    }
    Ok(())
}

fn tried(args: &ConformanceArgs, lab: &Lab, rows: &[Row]) -> Result<Report> {
    let mut groups = groups(args, rows);
    let controls: BTreeSet<Id> = groups.iter().map(|group| group.id.control()).collect();
    let controls: Vec<Group> = controls.into_iter().map(|id| Group::new(id, rows)).collect();
    let peers = if args.peers { peers::groups(rows) } else { Vec::new() };
    let all = [groups.clone(), controls.clone(), peers.clone()].concat();
    let addresses = lab.addresses(&group::names(&all))?;
    if args.sabotage == Some(Break::Expectation)
        && let Some(case) = groups.first_mut().and_then(|group| group.cases.first_mut())
    {
        case.due = case.due.inverted();
    }
    let first = groups.first().map(|group| group.id);
    let controls =
        running::in_parallel(&controls, AT_ONCE, |group| running::control(lab, group, &addresses))?;
    let controls: running::Controls = controls.into_iter().flatten().collect();
    let tried = running::in_parallel(&groups, AT_ONCE, |group| {
        let stray = args.sabotage == Some(Break::Packet) && first == Some(group.id);
        let tried = running::through(lab, group.clone(), &addresses, &controls, stray)?;
        terminal::note(&report::line(&tried));
        Ok(tried)
    })?;
    let beside = running::in_parallel(&peers, AT_ONCE, |group| {
        let Id::Peer(peer) = group.id else { bail!("this group has no peer") };
        Ok(peers::run(lab, group, peer, &addresses))
    })?;
    Ok(Report { tried, beside })
}

impl Report {
    /// 0 where all is right, 1 where something is wrong, 2 where something could not be found out
    /// that this machine should be able to tell.
    fn status(&self) -> u8 {
        let verdicts = || self.tried.iter().flat_map(|tried| &tried.verdicts);
        let wrong = verdicts().any(|verdict| matches!(verdict, Verdict::Wrong(_)));
        if wrong || self.tried.iter().any(|tried| !tried.strays.is_empty()) {
            return 1;
        }
        let proven = verdicts().any(|verdict| matches!(verdict, Verdict::Right(_)));
        let unproven = verdicts().any(|verdict| matches!(verdict, Verdict::Unproven(_)));
        if proven && !unproven { 0 } else { 2 }
    }
}
