//! Runs a gateway between two networks until it is told to end.

use crate::control::ControlSocket;
use crate::lan::heart::{Heart, Pulse};
use crate::lan::rules::{Site, SiteError};
use crate::lan::sockets::{Ports, listeners};
use crate::shell::{Compose, Config, Gateway, Summary, block_on, raise_limit, signalled};
use creance_ledger::{Checkpoint, LedgerError};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What a gateway runs with.
#[derive(Debug)]
pub struct Up {
    /// Where it stands.
    pub site: Site,
    /// Where it listens.
    pub ports: Ports,
    /// What it decides by.
    pub config: Config,
    /// Where it is asked.
    pub control: ControlSocket,
    /// How it changes.
    pub compose: Arc<dyn Compose>,
}

/// Why a gateway does not run. Nothing is let through then.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// Its place.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The holes could not be opened.
    #[error("the firewall's holes cannot be opened: {0}")]
    Heart(String),
    /// Something that the system refuses.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// Runs a gateway. `announce` is called once stations come through.
///
/// # Errors
/// [`UpError`]; what was loaded of the rules stays, and drops everything.
pub fn up(up: Up, announce: impl FnOnce()) -> Result<(Summary, Result<Checkpoint, LedgerError>), UpError> {
    let Up { site, ports, config, control, compose } = up;
    site.check()?;
    site.is_there()?;
    let fail = |what| move |source| UpError::Io { what, source };
    raise_limit();
    // First everything is closed; then it listens; the holes come last.
    site.load(&ports)?;
    let listeners = listeners(&ports).map_err(fail("the gateway cannot listen"))?;
    let run = async {
        let gateway = Gateway::start(config).await.map_err(fail("the ledger cannot be written"))?;
        let pulse = Pulse::default();
        let heart = Heart::start(pulse.clone()).map_err(UpError::Heart)?;
        announce();
        let ended = gateway.control(control, compose, signalled());
        let served = gateway.serve(listeners, move || pulse.beat(), ended).await;
        drop(heart);
        let summary = gateway.close(Duration::ZERO).await;
        served.map_err(fail("the gateway cannot listen"))?;
        Ok(summary)
    };
    let result = block_on(run).map_err(fail("there is no runtime"))?;
    site.unload(&ports)?;
    result
}
