//! The audits of what the far tap wrote: the same commands that anyone can give by hand.

use super::needs::Folder;
use super::story::{Act, place};
use crate::args::{Arguments, AuditArgs, Command};
use crate::{audit, compare};
use anyhow::{Context, Result, bail};
use clap::Parser;
use creance_audit::report::data::Report;
use creance_model::Timestamp;
use std::ffi::OsString;
use std::path::Path;

/// When an act was played.
#[derive(Debug, Clone)]
pub(super) struct Times {
    pub(super) from: String,
    pub(super) to: String,
}

/// A moment as the audit reads it, to the nanosecond.
pub(super) fn moment(at: Timestamp) -> Result<String> {
    let at = jiff::Timestamp::from_nanosecond(i128::from(at.0)).context("the clock shows no time of ours")?;
    Ok(format!("{at:.9}"))
}

/// What the far tap saw in an act, by the act's own capture.
pub(super) fn seen(folder: &Folder, act: &Act) -> Result<Report> {
    let mut words = begun();
    words.push(folder.capture(act.name).into());
    words.extend(subject(folder));
    words.push("--no-digest".into());
    audit::reported(&parsed(words)?).with_context(|| format!("in the capture of {}", act.name))
}

/// The arguments that judge an act, from the capture of the whole flight and beside the ledger.
pub(super) fn judging(folder: &Folder, act: &Act, times: &Times) -> Vec<OsString> {
    let mut words = begun();
    words.push(folder.flight().into());
    words.extend(["--mode".into(), act.mode.to_string().into()]);
    if !act.listed.is_empty() {
        words.extend([act.option().into(), act.listed.join(",").into()]);
    }
    words.extend(["--window".into(), format!("{}..{}", times.from, times.to).into()]);
    words.extend(subject(folder));
    words.extend(["--ledger".into(), folder.ledger().into()]);
    words
}

/// Judges an act and writes its report to a folder of its name.
pub(super) fn judged(folder: &Folder, act: &Act, times: &Times) -> Result<Report> {
    let mut words = judging(folder, act, times);
    words.extend(["--out".into(), folder.file(act.name).into()]);
    audit::reported(&parsed(words)?).with_context(|| format!("in the audit of {}", act.name))
}

/// Sets the acts side by side, each by its own capture.
pub(super) fn compared(folder: &Folder, acts: &[Act], out: &Path) -> Result<()> {
    let mut words = begun();
    words.push("--compare".into());
    for act in acts {
        let mut pair = OsString::from(format!("{}=", act.name));
        pair.push(folder.capture(act.name));
        words.push(pair);
    }
    words.extend(subject(folder));
    words.extend(["--out".into(), out.into()]);
    compare::compared(&parsed(words)?).context("in the comparison of the acts").map(drop)
}

fn begun() -> Vec<OsString> {
    vec!["creance".into(), "audit".into()]
}

/// At the uplink every flow bears the gateway's address.
fn subject(folder: &Folder) -> [OsString; 7] {
    let quiet = "--quiet".into();
    [
        quiet,
        "--station".into(),
        place::GATEWAY.into(),
        "--resolver".into(),
        place::RESOLVER.into(),
        "--catalogue".into(),
        folder.catalogue().into(),
    ]
}

fn parsed(words: Vec<OsString>) -> Result<AuditArgs> {
    let Command::Audit(args) = Arguments::try_parse_from(words)?.command else {
        bail!("these are no arguments of an audit")
    };
    Ok(*args)
}
