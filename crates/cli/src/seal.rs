//! `creance seal`.

use crate::args::SealArgs;
use crate::table::listed;
use crate::{held, knowledge, ledger, terminal};
use anyhow::{Context, Result, bail};
use creance_gateway::seal::Seal;
use creance_ledger::{Directory, Entry, Event, Purpose};
use creance_model::ServiceId;
use std::collections::BTreeSet;

/// It was not sealed.
const NOT_SEALED: u8 = 1;

pub(crate) fn run(args: &SealArgs) -> Result<u8> {
    let found = Seal::of_installation()?;
    let Some(mode) = args.mode else {
        match found {
            Some(seal) => terminal::out(&shown(&seal)),
            None => terminal::out("not sealed\n"),
        }
        return Ok(0);
    };
    if !rustix::process::geteuid().is_root() {
        bail!("only root can seal: what another user writes that user can change\nhint: sudo creance seal …");
    }
    let catalogue = knowledge::catalogue(args.catalogue.as_deref())?;
    knowledge::known(&catalogue, &args.exempt, "--exempt")?;
    let exempt: BTreeSet<ServiceId> = args.exempt.iter().cloned().collect();
    let seal = Seal::new(mode, &exempt, &catalogue)?;
    if let Some(found) = &found {
        // What is sealed may be sealed tighter.
        let ids: Vec<ServiceId> = exempt.iter().cloned().collect();
        found.allows(mode, &ids, &catalogue).context("it is sealed already")?;
    }
    terminal::note(&shown(&seal));
    terminal::note(
        "There is no undo: starting over means a new installation with an empty ledger and an empty vault.",
    );
    if !args.yes && !terminal::agreed("Seal?")? {
        terminal::note("not sealed");
        return Ok(NOT_SEALED);
    }
    let folder = args.ledger.clone().map_or_else(ledger::own_folder, Ok)?;
    let (log, writer) = held::log(&folder, "seal")?;
    let key = Directory::at(folder).key()?;
    let event = Event::Sealed { mode, exempt: exempt.into_iter().collect() };
    writer
        .record_and_wait(&Entry { at: held::now(), event }, Purpose::Begin)
        .context("the ledger could not be told, and without it nothing is sealed")?;
    seal.put(&key).context("the seal could not be written; it is not sealed")?;
    writer.close(held::now()).context("the ledger could not be closed")?;
    terminal::note(&format!("sealed; ledger log `{log}`. Keep its checkpoint and the key elsewhere."));
    Ok(0)
}

fn shown(seal: &Seal) -> String {
    let mut text = format!("sealed to {}\n", seal.mode);
    for (service, hosts) in &seal.exempt {
        text.push_str(&format!("  exempt {service}: {}\n", listed(hosts)));
    }
    text
}
