//! `creance run`.

use crate::args::{HomeArg, RunArgs};
use crate::policy::{note_misspelt, warn_of_idle_lists};
use crate::{knowledge, ledger, terminal};
use anyhow::{Context, Result, anyhow, bail};
use creance_audit::service_facts;
use creance_gateway::core::{Held, Table};
use creance_gateway::jail::{Ended, Home, Spec, die_as, hold_offline};
use creance_model::Mode;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// This station's name in the ledger: it is the one that this program runs on.
const STATION: &str = "this";

/// The number of the first table.
const FIRST_GENERATION: u64 = 1;

pub(crate) fn run(args: &RunArgs) -> Result<u8> {
    let table = table(args)?;
    let spec = spec(args)?;
    if args.gui {
        terminal::note(
            "note: --gui lets the app reach display and sound: through X11 it can read what you type and type \
             into other windows, through sound hear the microphone, and through either reach what they can",
        );
    }
    if table.mode(&STATION.parse()?) != Mode::Offline {
        bail!(
            "mode {} needs a relay, which this build does not have\nhint: --mode offline lets nothing out",
            args.mode
        );
    }
    match hold_offline(&spec).context("the jail could not be held")? {
        Ended::Exited(status) => Ok(status),
        Ended::Killed(signal) => Ok(die_as(signal)),
        Ended::Failed(error) => {
            let status = error.status();
            terminal::error(&anyhow!(error));
            Ok(status)
        }
    }
}

/// What may leave, by the policies.
fn table(args: &RunArgs) -> Result<Table> {
    let catalogue = knowledge::catalogue(args.catalogue.as_deref())?;
    knowledge::known(&catalogue, &args.lists.exempt, "--exempt")?;
    knowledge::known(&catalogue, &args.lists.grant, "--grant")?;
    let policies = knowledge::policies(&args.rules)?;
    note_misspelt(&catalogue, &policies);
    warn_of_idle_lists(Some(args.mode), &args.lists);
    let facts: Vec<_> = catalogue.services().map(|service| service_facts(&catalogue, service)).collect();
    let exempt: BTreeSet<_> = args.lists.exempt.iter().cloned().collect();
    let granted: BTreeSet<_> = args.lists.grant.iter().cloned().collect();
    let rows = policies.matrix(STATION, args.mode, None, &facts, &exempt, &granted);
    let held = Held { station: STATION.parse()?, mode: args.mode, rows };
    Ok(Table::new(FIRST_GENERATION, Arc::new(catalogue), vec![held], BTreeSet::new()))
}

/// What is jailed, and what of Creance's own is out of its reach.
fn spec(args: &RunArgs) -> Result<Spec> {
    let mut spec = Spec::new(args.app.clone());
    spec.home = match args.home {
        HomeArg::Shared => Home::Shared,
        HomeArg::Private => Home::Private,
    };
    spec.gui = args.gui;
    let state = ledger::own_folder()?;
    let state = state.parent().unwrap_or(&state);
    let sockets = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("creance"));
    for folder in [Some(state), args.ledger.as_deref(), sockets.as_deref()].into_iter().flatten() {
        spec.closed.push(made(folder)?);
    }
    spec.kept.push(std::env::current_exe().context("this program's own file cannot be found")?);
    for path in args.rules.iter().chain(&args.catalogue) {
        spec.kept.push(path.canonicalize().with_context(|| format!("`{}` cannot be found", path.display()))?);
    }
    Ok(spec)
}

/// A folder without symbolic links in its path; made where it is missing, lest the app make it.
fn made(folder: &Path) -> Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let failed = || format!("the folder `{}` cannot be made", folder.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(failed)?;
    folder.canonicalize().with_context(failed)
}
