//! `creance mode`.

use crate::args::ModeArgs;
use crate::table::{counted, table};
use crate::terminal::{self, printable};
use crate::{held, summary};
use anyhow::{Context, Result, bail};
use creance_gateway::control::{
    Answer, Difference, FlowLines, Request, Status, Wanted, Watched, ask, running,
};
use creance_model::{Mode, ServiceId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lines of one kind that are shown.
const LINES_MAX: usize = 20;

/// It was not changed.
const NOT_CHANGED: u8 = 1;

pub(crate) fn run(args: &ModeArgs) -> Result<u8> {
    let Some(mode) = args.mode else {
        if !args.lists.exempt.is_empty() || !args.lists.grant.is_empty() {
            bail!("--exempt and --grant need a mode\nhint: `creance mode local-data --exempt SERVICE`");
        }
        return show_all();
    };
    let path = chosen(args.at.as_deref())?;
    change(&path, &held::wanted(mode, &args.lists), args)
}

/// Shows what runs.
pub(crate) fn show_all() -> Result<u8> {
    let folder = held::sockets()?;
    let paths = running(&folder);
    if paths.is_empty() {
        bail!("no gateway and no run of this user is there (looked in `{}`)", folder.display());
    }
    for path in paths {
        match ask(&path, &Request::Status {}) {
            Ok(Answer::Status(status)) => terminal::out(&printable(&shown(&name(&path), &status))),
            Ok(Answer::Refused { why }) => terminal::note(&format!("warning: `{}`: {why}", name(&path))),
            Ok(_) => terminal::note(&format!("warning: `{}` answers something else", name(&path))),
            Err(error) => terminal::note(&format!("warning: {error}")),
        }
    }
    Ok(0)
}

fn chosen(at: Option<&str>) -> Result<PathBuf> {
    let folder = held::sockets()?;
    let paths = running(&folder);
    let names = || paths.iter().map(|path| name(path)).collect::<Vec<_>>().join(", ");
    match (at, paths.as_slice()) {
        (_, []) => bail!("no gateway and no run of this user is there (looked in `{}`)", folder.display()),
        (None, [path]) => Ok(path.clone()),
        (None, _) => bail!("several run: {}\nhint: --at NAME tells which", names()),
        (Some(at), _) => paths
            .iter()
            .find(|path| name(path) == at)
            .cloned()
            .with_context(|| format!("`{at}` does not run; there are: {}", names())),
    }
}

fn name(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn change(path: &Path, wanted: &Wanted, args: &ModeArgs) -> Result<u8> {
    let difference = match ask(path, &Request::WouldChange { wanted: wanted.clone() })? {
        Answer::WouldChange(difference) => difference,
        Answer::Refused { why } => return Ok(refused(&why)),
        Answer::Status(_) | Answer::Changed { .. } | Answer::Down { .. } => {
            bail!("the gateway answers something else than it was asked")
        }
    };
    terminal::note(&differs(&difference, wanted));
    if args.dry_run {
        return Ok(0);
    }
    if !args.yes && !terminal::agreed("Change?")? {
        terminal::note("not changed");
        return Ok(NOT_CHANGED);
    }
    let request = Request::Change { wanted: wanted.clone(), generation: Some(difference.generation) };
    match ask(path, &request)? {
        Answer::Changed { generation, flows_cut, micros, not_kept } => {
            terminal::note(&format!(
                "{} holds (table {generation}); {} cut within {}.{:03} ms",
                wanted.mode,
                counted(usize::try_from(flows_cut).unwrap_or(usize::MAX), "flow"),
                micros / 1000,
                micros % 1000
            ));
            if let Some(why) = not_kept {
                terminal::note(&format!(
                    "warning: it is not kept over a restart: {why}\nhint: make room, and change once more"
                ));
            }
            Ok(0)
        }
        Answer::Refused { why } => Ok(refused(&why)),
        Answer::Status(_) | Answer::WouldChange(_) | Answer::Down { .. } => {
            bail!("the gateway answers something else than it was asked")
        }
    }
}

/// Says that nothing was changed, and why.
fn refused(why: &str) -> u8 {
    terminal::note(&format!("not changed: {why}"));
    NOT_CHANGED
}

/// What a change does, before it is made.
fn differs(difference: &Difference, wanted: &Wanted) -> String {
    let mut text = format!("{} -> {}\n", mode_text(&difference.now), mode_text(wanted));
    let services = |of: &[(String, Option<ServiceId>)]| -> BTreeMap<String, Vec<String>> {
        let mut by = BTreeMap::<String, Vec<String>>::new();
        for (station, service) in of {
            let word =
                service.as_ref().map_or_else(|| "hosts that nobody knows".to_owned(), ToString::to_string);
            by.entry(station.clone()).or_default().push(word);
        }
        by
    };
    for (verb, of) in [("stops", &difference.stops), ("opens", &difference.opens)] {
        for (station, services) in services(of) {
            let shown = services.iter().take(LINES_MAX).cloned().collect::<Vec<_>>().join(", ");
            let more = services.len().saturating_sub(LINES_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            text.push_str(&format!(
                "  {verb} for {station}: {}: {shown}{more}\n",
                counted(services.len(), "service")
            ));
        }
    }
    match difference.cuts.all {
        0 => text.push_str("  cuts no flow\n"),
        number => {
            text.push_str(&format!("  cuts {}:\n", counted(number, "flow")));
            text.push_str(&flows(&difference.cuts));
        }
    }
    text
}

fn shown(name: &str, status: &Status) -> String {
    let mut text = format!(
        "{name}: {} (table {}, process {}, {})\n",
        mode_text(&status.now),
        status.generation,
        status.pid,
        counted(status.flows.all, "open flow")
    );
    if let Some(why) = &status.closed {
        text.push_str(&format!("  nothing new begins: {why}\n"));
    }
    if let Some(watched) = &status.watched {
        text.push_str(&seen(watched));
    }
    if status.flows.all > 0 {
        text.push_str(&flows(&status.flows));
    }
    text
}

/// What the gateway's own watch saw, which is its own word.
fn seen(watched: &Watched) -> String {
    let mut text = format!(
        "  uplink, self-observed: {} reconciled, {} up, {} unexplained, {} missed, counters {}\n",
        counted(usize::try_from(watched.flows).unwrap_or(usize::MAX), "flow"),
        counted(usize::try_from(watched.bytes).unwrap_or(usize::MAX), "byte"),
        watched.unexplained,
        counted(usize::try_from(watched.lost).unwrap_or(usize::MAX), "frame"),
        if watched.counters.is_empty() { "not compared yet" } else { &watched.counters },
    );
    if watched.fewer > 0 {
        let ends = counted(usize::try_from(watched.fewer).unwrap_or(usize::MAX), "flow");
        text.push_str(&format!("  of {ends} less left than the ledger says, as where the link drops some\n"));
    }
    if let Some(why) = &watched.one_by_one {
        text.push_str(&format!("  frames are looked at one by one, which costs more: {why}\n"));
    }
    if let Some(why) = &watched.blind {
        text.push_str(&format!("  the uplink is not watched any more: {why}\n"));
    }
    text
}

fn flows(flows: &FlowLines) -> String {
    let rows: Vec<[String; 4]> = flows
        .lines
        .iter()
        .take(LINES_MAX)
        .map(|line| {
            let name = line.name.as_deref().unwrap_or("(no name)");
            [
                line.station.clone(),
                line.service.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string),
                format!("{name}:{}", line.port),
                line.moved.to_string(),
            ]
        })
        .collect();
    let mut text = table(["station", "service", "to", "bytes so far"], &rows);
    if flows.all > LINES_MAX {
        text.push_str(&format!("  and {} more\n", flows.all - LINES_MAX));
    }
    text.push_str(&summary::hidden(flows.blinded));
    text
}

pub(crate) fn mode_text(wanted: &Wanted) -> String {
    let list = |word: &str, list: &[ServiceId]| {
        let ids: Vec<&str> = list.iter().map(ServiceId::as_str).collect();
        if ids.is_empty() { String::new() } else { format!(", {word} {}", ids.join(", ")) }
    };
    match wanted.mode {
        Mode::LocalData => format!("local-data{}", list("exempt", &wanted.exempt)),
        Mode::Restricted => format!("restricted{}", list("granted", &wanted.granted)),
        mode @ (Mode::Offline | Mode::Standard) => mode.to_string(),
    }
}
