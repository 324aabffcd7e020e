//! What holds a station: catalogue, policies and lists, made into the table that a gateway looks
//! up in.

use crate::args::Lists;
use crate::policy::{note_misspelt, warn_of_idle_lists};
use crate::{knowledge, terminal};
use anyhow::{Context, Result, bail};
use creance_audit::service_facts;
use creance_catalogue::Catalogue;
use creance_gateway::control::Wanted;
use creance_gateway::core::{Held, Table};
use creance_gateway::jail::Ledgers;
use creance_gateway::seal::{Seal, SealError};
use creance_gateway::shell::{Change, Compose, Refused, Server};
use creance_ledger::{Directory, Entry, Event, Pace, Pseudonym, Purpose, Writer};
use creance_model::{Mode, ServiceId, Timestamp};
use creance_policy::{Policies, ServiceFacts};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The number of the first table.
const FIRST_GENERATION: u64 = 1;

/// The longest file with the system's resolvers, in bytes.
const RESOLVERS_BYTES_MAX: u64 = 64 << 10;

/// Makes tables for stations.
pub(crate) struct Composer {
    catalogue: Arc<Catalogue>,
    policies: Policies,
    facts: Vec<ServiceFacts>,
    stations: Vec<Pseudonym>,
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").field("stations", &self.stations).finish_non_exhaustive()
    }
}

impl Composer {
    pub(crate) fn new(catalogue: Option<&Path>, rules: &[PathBuf], stations: Vec<Pseudonym>) -> Result<Self> {
        let catalogue = knowledge::catalogue(catalogue)?;
        let policies = knowledge::policies(rules)?;
        note_misspelt(&catalogue, &policies);
        let facts = catalogue.services().map(|service| service_facts(&catalogue, service)).collect();
        Ok(Self { catalogue: Arc::new(catalogue), policies, facts, stations })
    }

    /// The first table, with what the ledger says of it. What the seal does not let be is recorded
    /// in `log` and refused.
    pub(crate) fn first(&self, mode: Mode, lists: &Lists, log: &Writer) -> Result<(Table, Change)> {
        let wanted = wanted(mode, lists);
        warn_of_idle_lists(Some(mode), lists);
        let table = self.compose(FIRST_GENERATION, &wanted).map_err(|refused| {
            if refused.sealed {
                let event = Event::Alarm { what: refused.why.clone() };
                let entry = Entry { at: now(), event };
                if let Err(error) = log.record_and_wait(&entry, Purpose::Tell) {
                    terminal::note(&format!("warning: the ledger could not be told: {error}"));
                }
            }
            anyhow::Error::msg(refused.why)
        })?;
        let Wanted { mode, exempt, granted } = wanted;
        Ok((table, Change { to: mode, exempt, granted }))
    }

    /// The first table of another mode than the one that is asked for.
    pub(crate) fn first_of(&self, wanted: &Wanted) -> Result<Table, Refused> {
        self.compose(FIRST_GENERATION, wanted)
    }

    /// The services that the catalogue has, of these.
    pub(crate) fn known(&self, services: &[ServiceId]) -> Vec<ServiceId> {
        services.iter().filter(|id| self.catalogue.service(id).is_some()).cloned().collect()
    }

    fn table(&self, generation: u64, wanted: &Wanted, seal: Option<Mode>) -> Table {
        let exempt: BTreeSet<ServiceId> = wanted.exempt.iter().cloned().collect();
        let granted: BTreeSet<ServiceId> = wanted.granted.iter().cloned().collect();
        let held = |station: &Pseudonym| Held {
            station: station.clone(),
            mode: wanted.mode,
            rows: self.policies.matrix(station.as_str(), wanted.mode, seal, &self.facts, &exempt, &granted),
        };
        let held = self.stations.iter().map(held).collect();
        let strict = self.catalogue.services().filter(|service| service.strict);
        let strict = strict.map(|service| service.id.clone()).collect();
        Table::new(generation, Arc::clone(&self.catalogue), held, strict)
    }
}

impl Compose for Composer {
    fn compose(&self, generation: u64, wanted: &Wanted) -> Result<Table, Refused> {
        let misspelt = |error: anyhow::Error| Refused { why: error.to_string(), sealed: false };
        knowledge::known(&self.catalogue, &wanted.exempt, "--exempt").map_err(misspelt)?;
        knowledge::known(&self.catalogue, &wanted.granted, "--grant").map_err(misspelt)?;
        // Read each time: what runs is held by a seal that came later as well.
        let sealed = |error: SealError| Refused { why: error.to_string(), sealed: true };
        let seal = match Seal::of_installation() {
            Ok(seal) => seal,
            // No seal asks for more than this, so that one that cannot be relied on must not keep a
            // gateway from closing.
            Err(_) if wanted.mode == Mode::Offline => {
                return Ok(self.table(generation, wanted, Some(Mode::Offline)));
            }
            Err(error) => return Err(sealed(error)),
        };
        if let Some(seal) = &seal {
            seal.allows(wanted.mode, &wanted.exempt, &self.catalogue).map_err(sealed)?;
        }
        Ok(self.table(generation, wanted, seal.map(|seal| seal.mode)))
    }

    fn instead(&self, now: &Wanted) -> Option<Wanted> {
        let strict = |mode| Some(Wanted { mode, exempt: Vec::new(), granted: Vec::new() });
        match Seal::of_installation() {
            Ok(None) => None,
            Ok(Some(seal)) if seal.allows(now.mode, &now.exempt, &self.catalogue).is_ok() => None,
            Ok(Some(seal)) => strict(seal.mode),
            Err(_) if now.mode == Mode::Offline => None,
            Err(_) => strict(Mode::Offline),
        }
    }
}

/// A mode with its lists, each service once.
pub(crate) fn wanted(mode: Mode, lists: &Lists) -> Wanted {
    let once = |list: &[ServiceId]| list.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    Wanted { mode, exempt: once(&lists.exempt), granted: once(&lists.grant) }
}

/// The ledgers that this user's jails cover.
pub(crate) fn ledgers() -> Result<Ledgers> {
    let own = crate::ledger::own_folder()?;
    Ok(Ledgers::of(own.parent().context("there is no folder for Creance's own files")?))
}

fn make_known(ledger: &Path) -> Result<()> {
    let own = crate::ledger::own_folder()?;
    // Root may have another user's HOME: what is root's alone is not theirs to cover, and a folder of
    // root's among theirs would keep them out.
    let owner = own.ancestors().find_map(|folder| Some(fs::metadata(folder).ok()?.uid()));
    if rustix::process::geteuid().is_root() && owner != Some(0) {
        return Ok(());
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    Ok(ledgers()?.add(ledger, home.as_deref())?)
}

/// Opens a log of its own for a process, and gives its name. No app that runs reaches it, nor one
/// that starts later.
pub(crate) fn log(ledger: &Path, kind: &str) -> Result<(String, Writer)> {
    make_known(ledger).with_context(|| format!("there can be no ledger at `{}`", ledger.display()))?;
    let now = now();
    let name = format!("{kind}-{}-{}", now.seconds(), std::process::id());
    let program = concat!("creance ", env!("CARGO_PKG_VERSION"));
    let open = || -> Result<Writer> {
        let log = Directory::at(ledger.to_owned()).open_log(&name, program, now)?;
        Ok(Writer::start(log, Pace::default())?)
    };
    let writer = open().with_context(|| {
        format!("the ledger at `{}` cannot be written, and without it nothing may leave", ledger.display())
    })?;
    Ok((name, writer))
}

/// The resolvers that are given, or else the system's.
pub(crate) fn resolvers(given: &[Server]) -> Result<Vec<Server>> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let path = Path::new("/etc/resolv.conf");
    let size = fs::metadata(path).map(|found| found.len());
    let text = match size {
        Ok(size) if size <= RESOLVERS_BYTES_MAX => fs::read_to_string(path).unwrap_or_default(),
        Ok(_) | Err(_) => String::new(),
    };
    let servers: Vec<Server> =
        text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse().ok()).collect();
    if servers.is_empty() {
        terminal::note(
            "note: `/etc/resolv.conf` names no resolver, so that no name can be reached; `--resolver` names one",
        );
    }
    Ok(servers)
}

/// Where this user's gateways are asked.
pub(crate) fn sockets() -> Result<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/run/creance"));
    }
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("XDG_RUNTIME_DIR").filter(|path| path.is_absolute()) {
        return Ok(folder.join("creance"));
    }
    let ledger = crate::ledger::own_folder()?;
    match ledger.parent() {
        Some(state) => Ok(state.join("sockets")),
        None => bail!("there is no folder for the control socket\nhint: set XDG_RUNTIME_DIR"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a log and its entries have the moment of their making")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
