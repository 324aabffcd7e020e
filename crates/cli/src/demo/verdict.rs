//! Whether everything was as told: by the wire at the far end, and by what the ledger says beside it.

use super::audits::{self, Times};
use super::needs::{COMPARED, Folder};
use super::page::Page;
use super::story::{ACTS, ATTEMPTS, Act};
use anyhow::{Context, Result};
use creance_audit::report::data::{Claim, Contact, Report};
use creance_audit::report::reconciliation::Reconciliation;
use creance_audit::report::text::reconciled;
use creance_model::{ServiceId, Verdict};
use serde_json::Value;
use std::fs;

/// The claim that everything that left is explained.
const EXPLAINED: u8 = 1;

/// Audits all acts, shows what comes of it, and lists what is not as it was told.
pub(super) fn judge(folder: &Folder, page: &Page) -> Result<Vec<String>> {
    page.heading("What the audit says of the far tap's capture, with the gateway's ledger beside it");
    let times = times(folder)?;
    let mut wrong = Vec::new();
    let mut first = None;
    for (act, times) in ACTS.iter().zip(&times) {
        let report = audits::judged(folder, act, times)?;
        show(page, act, &report);
        wrong.extend(held(act, &report)?);
        // The ledger is held against the whole flight each time.
        wrong.extend(explained(&report).filter(|why| !wrong.contains(why)).into_iter().collect::<Vec<_>>());
        first.get_or_insert(report);
    }
    // Of this one no mode was asked, so that it tells of the ledger and the wire alone.
    let report = first.context("nothing was played")?;
    wrong.extend(cut(&report));
    if let Some(found) = &report.reconciliation {
        let (verdict, word) =
            if agree(found) { (Verdict::Upheld, "agrees") } else { (Verdict::Refuted, "differs") };
        page.judged("ledger", verdict, word, &reconciled(found));
    }
    audits::compared(folder, &ACTS, &folder.file(COMPARED))?;
    Ok(wrong)
}

/// When the acts were played, by the stage's own notes.
pub(super) fn times(folder: &Folder) -> Result<Vec<Times>> {
    let path = folder.story();
    let cannot = || format!("`{}` does not say when the acts were", path.display());
    let story: Value = serde_json::from_slice(&fs::read(&path).with_context(cannot)?).with_context(cannot)?;
    let acts = story.get("acts").and_then(Value::as_array).with_context(cannot)?;
    let text = |act: &Value, key: &str| act.get(key).and_then(Value::as_str).map(str::to_owned);
    let times: Option<Vec<Times>> =
        acts.iter().map(|act| Some(Times { from: text(act, "from")?, to: text(act, "to")? })).collect();
    times.filter(|times| times.len() == ACTS.len()).with_context(cannot)
}

fn show(page: &Page, act: &Act, report: &Report) {
    let mut whose = act.name;
    for claim in act.claim.iter().filter_map(|number| claim(report, *number)) {
        page.verdict(whose, &claim.station.verdict, &sentence(claim));
        whose = "";
    }
    if act.claim.is_none() {
        let headline = report.headline.first().map_or("", String::as_str);
        page.prose(&format!("  {whose:<11} "), headline);
        whose = "";
    }
    if let Some(claim) = claim(report, EXPLAINED) {
        page.verdict(whose, &claim.station.verdict, &sentence(claim));
    }
}

fn sentence(claim: &Claim) -> String {
    let because = format!("{}: {}", claim.statement, claim.station.because);
    format!("{} {because}", claim.number)
}

fn claim(report: &Report, number: u8) -> Option<&Claim> {
    report.claims.iter().find(|claim| claim.number == number)
}

/// Whether what left in the act is what its mode lets out, and all of it.
fn held(act: &Act, report: &Report) -> Result<Vec<String>> {
    let left: Vec<&Contact> = report.contacts.iter().filter(|contact| contact.window_up_bytes > 0).collect();
    let mut wrong = Vec::new();
    let Some(number) = act.claim else {
        let names = |name: &&str| !left.iter().any(|contact| contact.hosts.iter().any(|host| host == name));
        let missing: Vec<&str> = ATTEMPTS.iter().filter_map(|attempt| attempt.seen).filter(names).collect();
        if !missing.is_empty() {
            wrong.push(format!("{}: the far tap did not see {}", act.name, missing.join(", ")));
        }
        return Ok(wrong);
    };
    match claim(report, number) {
        Some(claim) if claim.station.verdict == Verdict::Upheld.as_str() => {}
        Some(claim) => wrong.push(format!("{}: claim {number} is {}", act.name, claim.station.verdict)),
        None => wrong.push(format!("{}: claim {number} was not decided", act.name)),
    }
    let services = act.services()?;
    let is_let_out = |contact: &Contact| {
        contact.kind == "resolver"
            || (contact.kind == "service" && services.iter().any(|id| contact.id == id.as_str()))
    };
    let strangers = left.iter().filter(|contact| !is_let_out(contact));
    let strangers: Vec<&str> = strangers.map(|contact| contact.name.as_str()).collect();
    if !strangers.is_empty() {
        wrong.push(format!("{}: what the mode forbids left: {}", act.name, strangers.join(", ")));
    }
    let is_missing = |id: &&ServiceId| !left.iter().any(|contact| contact.id == id.as_str());
    wrong.extend(services.iter().filter(is_missing).map(|id| format!("{}: {id} did not leave", act.name)));
    Ok(wrong)
}

/// Why the ledger and the wire do not agree, where they do not.
fn explained(report: &Report) -> Option<String> {
    let Some(found) = &report.reconciliation else {
        return Some("nothing was held against the ledger".to_owned());
    };
    if agree(found) {
        return None;
    }
    let why = found.findings.first().map_or_else(|| reconciled(found), |finding| finding.text.clone());
    Some(format!("the ledger and the wire: {why}"))
}

fn agree(found: &Reconciliation) -> bool {
    found.findings.is_empty()
        && found.unexplained.is_empty()
        && found.disagreeing.is_empty()
        && found.agreeing_flows > 0
}

/// Whether each change to a stricter mode cut what was open, and nothing of it left afterwards.
fn cut(report: &Report) -> Vec<String> {
    let modes = report.reconciliation.as_ref().map(|found| found.modes.as_slice()).unwrap_or_default();
    let tightened = ACTS.iter().filter(|act| act.claim.is_some()).map(|act| {
        let mode = act.mode.to_string();
        match modes.iter().find(|period| period.mode == mode) {
            None => Some(format!("{}: the ledger does not say that it ever held", act.name)),
            Some(period) if period.flows_cut == 0 => Some(format!("{}: its change cut no flow", act.name)),
            Some(period) if period.sent_after_cut > 0 => {
                Some(format!("{}: payload of a flow that was cut left afterwards", act.name))
            }
            Some(_) => None,
        }
    });
    tightened.flatten().collect()
}
