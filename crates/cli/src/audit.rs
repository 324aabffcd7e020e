//! `creance audit`.

use crate::args::{AuditArgs, Subject};
use crate::knowledge::known;
use crate::progress::Progress;
use crate::{inputs, knowledge, terminal};
use anyhow::{Context, Result, bail};
use creance_audit::report::data::{Report, Ruling};
use creance_audit::report::{html, text};
use creance_audit::{Baseline, Knowledge, LogFiles, Question, Reading, audit};
use creance_model::{Duration, ServiceId, Verdict};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

const UPHELD: u8 = 0;
const REFUTED: u8 = 1;
const INCONCLUSIVE: u8 = 3;

pub(crate) fn run(args: &AuditArgs) -> Result<u8> {
    if !args.compare.is_empty() {
        return crate::compare::run(args);
    }
    let report = reported(args)?;
    if !args.quiet {
        terminal::out(&text::summary(&report, style()));
    }
    if let Some(folder) = &args.out {
        terminal::note(&format!("The report lies in `{}`.", folder.join("report.html").display()));
    }
    Ok(exit_status(&report, args.verdict_of))
}

/// Audits what the arguments name, and writes the report where they say so.
pub(crate) fn reported(args: &AuditArgs) -> Result<Report> {
    let Asked { question, knowledge, baseline } = asked(args)?;
    let out = args.out.as_deref();
    if let Some(folder) = out {
        make_folder(folder)?;
    }
    let report = one(args, &args.files, &question, &knowledge, baseline.as_ref(), out)?;
    if let Some(folder) = out {
        write_report(folder, &report)?;
    }
    Ok(report)
}

/// What arguments ask, and what it is answered with.
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) knowledge: Knowledge,
    pub(crate) baseline: Option<Baseline>,
}

/// Reads what arguments ask, and what they name beside the captures.
pub(crate) fn asked(args: &AuditArgs) -> Result<Asked> {
    let knowledge = knowledge::knowledge(args.catalogue.as_deref(), &args.policy, args.geo.as_deref())?;
    known(&knowledge.catalogue, &args.exempt, "--exempt")?;
    known(&knowledge.catalogue, &args.grant, "--grant")?;
    if let Some(wide) = args.local.iter().find(|network| network.is_wide()) {
        bail!(
            "--local {wide}: more than a site's network; what goes there would all count as stayed\nhint: name the address of the aircraft's link or of your own hub"
        );
    }
    let question = question(args);
    warn_of_lists_without_mode(args);
    crate::policy::note_misspelt(&knowledge.catalogue, &knowledge.policies);
    let baseline = baseline(args, &question, &knowledge)?;
    Ok(Asked { question, knowledge, baseline })
}

/// Audits captures that are parts of one recording.
pub(crate) fn one(
    args: &AuditArgs,
    files: &[PathBuf],
    question: &Question,
    knowledge: &Knowledge,
    baseline: Option<&Baseline>,
    out: Option<&Path>,
) -> Result<Report> {
    let mut reading = read(args, files, question)?;
    if let Some(folder) = &args.ledger {
        reading.read_ledger(&log_files(args, folder)?).context("the ledger cannot be read")?;
    }
    let mut file = match out.map(|folder| folder.join("flows.tsv")) {
        Some(path) => {
            Some(File::create(&path).with_context(|| format!("`{}` cannot be written", path.display()))?)
        }
        None => None,
    };
    let lines = file.as_mut().map(|file| file as &mut dyn Write);
    audit(&mut reading, question, knowledge, baseline, lines).context("the audit could not be finished")
}

pub(crate) fn style() -> text::Style {
    text::Style { colour: terminal::colour(), width: terminal::width() }
}

pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_file() {
        bail!("`{}` is a file; --out needs a folder, which is made where it is not there", folder.display());
    }
    fs::create_dir_all(folder).with_context(|| format!("the folder `{}` cannot be made", folder.display()))
}

/// Writes a file whole or not at all, so that no reader takes half a report for one.
pub(crate) fn write_whole(path: &Path, content: &str) -> Result<()> {
    // A name of its own for each file: two may be written side by side.
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let cannot = || format!("`{}` cannot be written", path.display());
    let mut file = File::create(&partial).with_context(cannot)?;
    file.write_all(content.as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)?;
    fs::rename(&partial, path).with_context(cannot)
}

/// 0, 1 or 3 by the verdicts of the requested claims.
pub(crate) fn exit_status(report: &Report, subject: Subject) -> u8 {
    let verdicts: Vec<&str> = report
        .claims
        .iter()
        .filter(|claim| claim.requested)
        .map(|claim| {
            let ruling: &Ruling = match subject {
                Subject::Station => &claim.station,
                Subject::App => &claim.app,
            };
            ruling.verdict.as_str()
        })
        .collect();
    if verdicts.contains(&Verdict::Refuted.as_str()) {
        REFUTED
    } else if verdicts.iter().all(|verdict| *verdict == Verdict::Upheld.as_str()) {
        UPHELD
    } else {
        INCONCLUSIVE
    }
}

fn write_report(folder: &Path, report: &Report) -> Result<()> {
    let write_json = || {
        let json = serde_json::to_string_pretty(report).context("the report cannot be written as JSON")?;
        write_whole(&folder.join("report.json"), &(json + "\n"))
    };
    // Side by side, since both wait for the disk.
    std::thread::scope(|scope| {
        let page = std::thread::Builder::new()
            .name("page".into())
            .spawn_scoped(scope, || write_whole(&folder.join("report.html"), &html::page(report)))
            .context("no thread can be started")?;
        let written = write_json();
        let page = page.join().unwrap_or_else(|_| bail!("`report.html` could not be made"));
        written.and(page)
    })
}

fn read(args: &AuditArgs, files: &[PathBuf], question: &Question) -> Result<Reading> {
    let (inputs, total) = inputs::open(files, !args.no_digest)?;
    let progress = Progress::new(total, args.quiet);
    let reading = Reading::new(inputs, question.window, None, &mut |bytes| progress.at(bytes));
    progress.done();
    Ok(reading?)
}

/// The logs that the captures are held against.
fn log_files(args: &AuditArgs, folder: &Path) -> Result<LogFiles> {
    let desk = crate::ledger::Desk::new(Some(folder))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a minute")]
    let clocks_within = Duration((args.clocks_within * 1e9) as u64);
    Ok(LogFiles {
        logs: desk.sources(&args.log)?,
        key: desk.key(args.ledger_key.as_deref())?,
        key_was_given: args.ledger_key.is_some(),
        held: crate::ledger::held(&args.against)?,
        clocks_within,
    })
}

fn baseline(args: &AuditArgs, question: &Question, knowledge: &Knowledge) -> Result<Option<Baseline>> {
    if args.baseline.is_empty() {
        return Ok(None);
    }
    let without_window = Question { window: None, ..question.clone() };
    let mut readings = Vec::new();
    for file in &args.baseline {
        readings.push(read(args, std::slice::from_ref(file), &without_window)?);
    }
    Ok(Some(Baseline::new(&mut readings, &without_window, knowledge)?))
}

fn question(args: &AuditArgs) -> Question {
    let listed = |services: &[ServiceId], origin: &str| -> BTreeMap<ServiceId, String> {
        services.iter().map(|id| (id.clone(), origin.to_owned())).collect()
    };
    Question {
        mode: args.mode,
        exempt: listed(&args.exempt, "--exempt"),
        granted: listed(&args.grant, "--grant"),
        forbidden_jurisdictions: args.forbid_jurisdiction.iter().copied().collect(),
        claims: args.claim.iter().copied().collect(),
        verdict_of_app: args.verdict_of == Subject::App,
        stations: args.station.iter().copied().collect(),
        local: args.local.clone(),
        resolvers: args.resolver.iter().copied().collect(),
        app: args.app.clone(),
        window: args.window,
    }
}

fn warn_of_lists_without_mode(args: &AuditArgs) {
    use creance_model::Mode;
    if !args.exempt.is_empty() && args.mode != Some(Mode::LocalData) {
        terminal::note("note: --exempt has a meaning in --mode local-data alone; it exempts nothing here");
    }
    if !args.grant.is_empty() && args.mode != Some(Mode::Restricted) {
        terminal::note("note: --grant has a meaning in --mode restricted alone; it grants nothing here");
    }
}
