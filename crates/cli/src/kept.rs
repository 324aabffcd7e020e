//! The mode that a gateway held last, at its next start.

use crate::held::Composer;
use crate::mode::mode_text;
use crate::{ledger, terminal};
use anyhow::{Context, Result};
use creance_gateway::control::Wanted;
use creance_gateway::core::Table;
use creance_gateway::lan::KeptMode;
use creance_gateway::shell::{Change, Compose, Keep};
use creance_model::{Mode, ServiceId};

/// Where this user's gateway keeps its mode.
pub(crate) fn of_user() -> Result<KeptMode> {
    let ledger = ledger::own_folder().context("there is no folder to keep the mode in")?;
    let state = ledger.parent().context("there is no folder to keep the mode in")?;
    Ok(KeptMode::of(state))
}

/// What holds at the start: what is asked for, unless that lets out anything that the mode before
/// would not. What holds is kept before this returns.
pub(crate) fn or_stricter(
    composer: &Composer,
    keep: &KeptMode,
    asked: Table,
    change: Change,
) -> Result<(Table, Change)> {
    let kept = match keep.read() {
        Ok(None) => None,
        Ok(Some(kept)) => Some(known(composer, &kept)),
        Err(error) => {
            terminal::note(&format!(
                "warning: nobody knows which mode held before this start, so that offline holds: {error}\n\
                 hint: `creance mode {}` puts in force what is asked for; `creance gateway down` forgets the \
                 mode before",
                words(&change)
            ));
            let offline = Wanted { mode: Mode::Offline, exempt: Vec::new(), granted: Vec::new() };
            // The file stays as it is until somebody decides.
            return start(composer, offline);
        }
    };
    let held = match kept {
        Some(kept) => Some(start(composer, composer.instead(&kept).unwrap_or(kept))?),
        None => None,
    };
    let (table, change) = match held {
        // Two modes may let out the same today, and not with tomorrow's catalogue.
        Some((table, before)) if change.to > before.to || asked.lets_out_beyond(&table) => {
            let (kept, asked) = (mode_text(&wanted(&before)), mode_text(&wanted(&change)));
            terminal::note(&format!(
                "note: {kept} holds, as before this start: {asked}, which is asked for, is looser\n\
                 hint: `creance mode {}` loosens it; `creance gateway down` forgets the mode before",
                words(&change)
            ));
            (table, before)
        }
        _ => (asked, change),
    };
    keep.keep(0, &wanted(&change)).map_err(|why| {
        anyhow::anyhow!("the mode cannot be kept over a restart, so that nothing is let through: {why}")
    })?;
    Ok((table, change))
}

fn start(composer: &Composer, wanted: Wanted) -> Result<(Table, Change)> {
    let table = composer.first_of(&wanted).map_err(|refused| anyhow::Error::msg(refused.why))?;
    let Wanted { mode, exempt, granted } = wanted;
    Ok((table, Change { to: mode, exempt, granted }))
}

fn wanted(change: &Change) -> Wanted {
    Wanted { mode: change.to, exempt: change.exempt.clone(), granted: change.granted.clone() }
}

/// A mode as `creance mode` takes it.
fn words(change: &Change) -> String {
    let list = |option: &str, list: &[ServiceId]| {
        let ids: Vec<&str> = list.iter().map(ServiceId::as_str).collect();
        if ids.is_empty() { String::new() } else { format!(" {option} {}", ids.join(",")) }
    };
    format!("{}{}{}", change.to, list("--exempt", &change.exempt), list("--grant", &change.granted))
}

/// A mode without the services that the catalogue has no more.
fn known(composer: &Composer, kept: &Wanted) -> Wanted {
    let known = |list: &[ServiceId]| {
        let known = composer.known(list);
        for gone in list.iter().filter(|id| !known.contains(id)) {
            terminal::note(&format!(
                "note: {gone} was let out before this start, and the catalogue has it no more: it is left out"
            ));
        }
        known
    };
    Wanted { mode: kept.mode, exempt: known(&kept.exempt), granted: known(&kept.granted) }
}
