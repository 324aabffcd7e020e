//! `creance run`.

use crate::args::{HomeArg, RunArgs};
use crate::held::{self, Composer};
use crate::{ledger, summary, terminal};
use anyhow::{Context, Result, anyhow, bail};
use creance_gateway::control::ControlSocket;
use creance_gateway::jail::{Ended, Held, Hold, Home, Known, Spec, die_as, hold};
use creance_gateway::shell::{Config, Stations};
use creance_ledger::Pseudonym;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// This station's name in the ledger: it is the one that this program runs on.
const STATION: &str = "this";

/// All that comes is the app's.
#[derive(Debug)]
struct This(Pseudonym);

impl Stations for This {
    fn station(&self, _address: IpAddr) -> Pseudonym {
        self.0.clone()
    }
}

pub(crate) fn run(args: &RunArgs) -> Result<u8> {
    let station: Pseudonym = STATION.parse()?;
    let composer = Composer::new(args.catalogue.as_deref(), &args.rules, vec![station.clone()])?;
    let ledger = args.ledger.clone().map_or_else(ledger::own_folder, Ok)?;
    unturned(&ledger)?;
    let (log, writer) = held::log(&ledger, "run")?;
    // From here on nobody begins a ledger where the app would reach it.
    let known = held::ledgers()?.known()?;
    let spec = spec(args, &known)?;
    let (table, mode) = composer.first(args.mode, &args.lists, &writer)?;
    if args.gui {
        terminal::note(
            "note: --gui lets the app reach display and sound: through X11 it can read what you type and type \
             into other windows, through sound hear the microphone, and through either reach what they can",
        );
    }
    if creance_gateway::jail::user() == 0 && !args.quiet {
        terminal::note("note: as root, the app can write your home and nothing else of this system");
    }
    if !args.quiet && !whole_identity(&std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default()) {
        terminal::note("note: within a user namespace, as here, a seal of this machine cannot be seen");
    }
    let config = Config {
        table,
        mode,
        stations: Arc::new(This(station)),
        ledger: writer,
        resolvers: held::resolvers(&args.resolver)?,
        uplink: None,
    };
    let held = hold(Hold { spec: &spec, config, control: control(), compose: Arc::new(composer) })
        .context("the jail could not be held")?;
    let Held { ended, summary, refused_packets, closed } = held;
    if let (Some(summary), Some((mode, closed))) = (summary, closed) {
        if !args.quiet {
            terminal::note(&summary::text(&summary, mode.as_str(), &log, refused_packets));
        }
        if let Err(error) = closed {
            terminal::note(&format!("warning: the ledger could not be closed: {error}"));
        }
    }
    match ended {
        Ended::Exited(status) => Ok(status),
        Ended::Killed(signal) => Ok(die_as(signal)),
        Ended::Failed(error) => {
            let status = error.status();
            terminal::error(&anyhow!(error));
            Ok(status)
        }
    }
}

/// Whether every user is who they are outside, as the kernel lists it (`/proc/self/uid_map`): only
/// then has nobody without rights made another view of the machine's files.
fn whole_identity(map: &str) -> bool {
    map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
}

/// Where the mode can be changed while the app runs. Without it the app runs all the same.
fn control() -> Option<ControlSocket> {
    let name = format!("run-{}", std::process::id());
    let made = held::sockets().and_then(|folder| Ok(ControlSocket::make(&folder, &name)?));
    match made {
        Ok(socket) => Some(socket),
        Err(error) => {
            terminal::note(&format!("note: `creance mode` cannot reach this run: {error:#}"));
            None
        }
    }
}

/// What is jailed, and what of Creance's own is out of its reach.
fn spec(args: &RunArgs, known: &Known) -> Result<Spec> {
    let mut spec = Spec::new(args.app.clone());
    spec.home = match args.home {
        HomeArg::Shared => Home::Shared,
        HomeArg::Private => Home::Private,
    };
    spec.gui = args.gui;
    let state = ledger::own_folder()?;
    let state = state.parent().unwrap_or(&state);
    let sockets = held::sockets().ok();
    let sockets = sockets.as_deref().filter(|folder| made(folder).is_ok());
    let mut closed: Vec<PathBuf> = Vec::new();
    for folder in [Some(state), args.ledger.as_deref(), sockets].into_iter().flatten() {
        closed.push(made(folder)?);
    }
    closed.extend_from_slice(known.folders());
    spec.closed = closed;
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
    let folder = unturned(folder)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(failed)?;
    folder.canonicalize().with_context(failed)
}

/// A folder with no link in its path that the app could turn elsewhere.
fn unturned(folder: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(folder)
        .with_context(|| format!("the folder `{}` cannot be found", folder.display()))?;
    // The app could put another link in its place, and what is behind that would be taken for ours.
    if let Some(link) = folder.ancestors().find(|at| at.is_symlink() && is_own(at)) {
        bail!(
            "`{}` is a symbolic link of yours, and Creance's own folder `{}` lies behind it: an app could \
             turn it elsewhere\nhint: name the folder itself, by XDG_STATE_HOME or --ledger",
            link.display(),
            folder.display()
        );
    }
    Ok(folder)
}

/// Whether a link is this user's; nobody else's app can turn it.
fn is_own(link: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let uid = creance_gateway::jail::user();
    // Root's app can write nothing but its home.
    let home = || std::env::var_os("HOME").is_some_and(|home| link.starts_with(home));
    let parent = link.parent().and_then(|parent| parent.metadata().ok());
    parent.is_none_or(|parent| parent.uid() == uid && (uid != 0 || home()))
}
