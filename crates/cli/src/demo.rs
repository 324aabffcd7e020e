//! `creance demo`: a flight in three modes, audited.
//!
//! The flight is played by `creance-lab`: a station with an app, and an internet, in network
//! namespaces. This program calls itself within, to run the gateway and the taps there ([`stage`]);
//! what they wrote is audited outside.

mod audits;
mod children;
mod needs;
mod page;
mod stage;
mod story;
mod verdict;

use crate::args::DemoArgs;
use anyhow::{Context, Result, bail};
use needs::{COMPARED, Folder, Programs};
use page::Page;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use story::ACTS;

/// Something was not as told.
const NOT_AS_TOLD: u8 = 1;

pub(crate) fn run(args: &DemoArgs) -> Result<u8> {
    let programs = Programs::find()?;
    if args.stage {
        stage::play(&Folder(args.out.clone()), programs, args.sabotage)?;
        return Ok(0);
    }
    let folder = Folder::make(&args.out)?;
    let page = Page::new();
    page.prose(
        "",
        "A flight with a ground-control app, in three modes. The app, the station and the internet are \
         played by Creance's lab on this machine, and nothing leaves it; the gateway, the tap and the audit \
         are the ones that you would use.",
    );
    page.prose("", "");
    page.prose("  ", "station (an app) -- creance gateway -- uplink -- creance tap -- the lab's internet");
    play(&folder, &programs, args.sabotage)?;
    let wrong = verdict::judge(&folder, &page)?;
    reports(&folder, &page, args.keep)?;
    page.prose("", "");
    if wrong.is_empty() {
        page.end(true, "Everything was as told.");
        return Ok(0);
    }
    page.end(false, "Not everything was as told:");
    for one in &wrong {
        page.prose("  · ", one);
    }
    Ok(NOT_AS_TOLD)
}

/// Has the lab run the stage.
fn play(folder: &Folder, programs: &Programs, sabotage: bool) -> Result<()> {
    let mut command = Command::new(&programs.lab);
    command.args(["internet", "--lan", "--"]).arg(&programs.creance);
    command.args(["demo", "--stage", "--out"]).arg(&folder.0);
    if sabotage {
        command.arg("--sabotage");
    }
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("`{}` cannot be started", programs.lab.display()))?;
    if !status.success() {
        bail!("the flight could not be played ({status}); what stopped it stands above");
    }
    Ok(())
}

/// Says where the reports lie, and takes away what they were made of where nobody wants it.
fn reports(folder: &Folder, page: &Page, keep: bool) -> Result<()> {
    page.heading("Reports");
    let report = |name: &str| folder.file(name).join("report.html");
    for act in &ACTS {
        page.prose(&format!("  {:<11} ", act.name), &report(act.name).display().to_string());
    }
    page.prose("  together    ", &report(COMPARED).display().to_string());
    if keep {
        let times = verdict::times(folder)?;
        if let Some((act, times)) = ACTS.iter().zip(&times).next_back() {
            let words = audits::judging(folder, act, times);
            let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            page.prose("  again       ", &words.join(" "));
        }
        return Ok(());
    }
    let captures = ACTS.iter().map(|act| folder.capture(act.name)).chain([folder.flight()]);
    for path in captures.collect::<Vec<PathBuf>>() {
        fs::remove_file(&path).with_context(|| format!("`{}` cannot be removed", path.display()))?;
    }
    let ledger = folder.ledger();
    fs::remove_dir_all(&ledger).with_context(|| format!("`{}` cannot be removed", ledger.display()))?;
    page.prose("  ", "With --keep the captures and the ledger stay as well, to be audited again by hand.");
    Ok(())
}
