//! Runs a gateway between two networks until it is told to end.

use crate::control::ControlSocket;
use crate::lan::heart::{Heart, Pulse};
use crate::lan::rules::{Site, SiteError, out_mark};
use crate::lan::sockets::{Ports, listeners};
use crate::lan::watch::{Alarm, Watch};
use crate::shell::{Compose, Config, Gateway, Keep, Summary, Uplink, block_on, raise_limit, signalled};
use creance_ledger::{Checkpoint, LedgerError};
use creance_model::Mode;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

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
    /// Where each change of mode is kept.
    pub keep: Arc<dyn Keep>,
}

/// A gateway that has ended.
#[derive(Debug)]
pub struct Down {
    /// The mode that held at the end.
    pub mode: Mode,
    /// What became of everything.
    pub summary: Summary,
    /// Whether the ledger could be closed.
    pub closed: Result<Checkpoint, LedgerError>,
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

/// Runs a gateway. `announce` is called once stations come through, and `tell` with what a person
/// must look at.
///
/// # Errors
/// [`UpError`]; what was loaded of the rules stays, and drops everything.
pub fn up(up: Up, announce: impl FnOnce(), tell: impl Fn(&str)) -> Result<Down, UpError> {
    let Up { site, ports, config, control, compose, keep } = up;
    site.check()?;
    let uplink = site.is_there()?;
    let fail = |what| move |source| UpError::Io { what, source };
    raise_limit();
    let mark = out_mark().map_err(fail("the gateway has no mark"))?;
    let config = Config { uplink: Some(Uplink { mark, device: site.uplink.clone() }), ..config };
    // First everything is closed; then it listens; the holes come last.
    site.load(&ports)?;
    let listeners = listeners(&ports, &site.lan).map_err(fail("the gateway cannot listen"))?;
    let run = async {
        let gateway = Gateway::start(config).await.map_err(fail("the ledger cannot be written"))?;
        let pulse = Pulse::default();
        let (alarms, mut heard) = mpsc::unbounded_channel();
        let interface = (uplink, site.uplink.as_str());
        let watch = Watch::start(interface, gateway.on_wire(), site.own.clone(), move |alarm| {
            let _ = alarms.send(alarm);
        });
        let watch = watch.map_err(fail("the uplink cannot be watched"))?;
        let heart = Heart::start(pulse.clone(), mark).map_err(UpError::Heart)?;
        announce();
        let listening = async {
            while let Some(alarm) = heard.recv().await {
                sound(&gateway, &pulse, &alarm, &tell);
            }
            std::future::pending().await
        };
        let told = async {
            tokio::select! {
                result = signalled() => result,
                never = listening => never,
                never = gateway.tell_of_ledger(&tell) => match never {},
            }
        };
        let ended = gateway.control(control, compose, Some(keep), told);
        let beats = pulse.clone();
        let (asked, health, seen) = (gateway.clone(), heart.health(), watch.seen());
        let tick = move || {
            beats.beat();
            asked.trouble(health.trouble());
            asked.watched(seen.lock().unwrap_or_else(PoisonError::into_inner).clone());
        };
        let served = gateway.serve(listeners, tick, ended).await;
        drop((heart, watch));
        let mode = gateway.mode().0.to;
        let (summary, closed) = gateway.close(Duration::ZERO).await;
        served.map_err(fail("the gateway cannot listen"))?;
        Ok(Down { mode, summary, closed })
    };
    let result = block_on(run).map_err(fail("there is no runtime"))?;
    site.unload(&ports)?;
    result
}

/// Records an alarm. Where nothing should leave, what left without an explanation is a reason to
/// let nothing more through; so is not to see whether it does.
fn sound(gateway: &Gateway, pulse: &Pulse, alarm: &Alarm, tell: &impl Fn(&str)) {
    let text = alarm.to_string();
    gateway.alarm(&text);
    tell(&format!("ALARM: {text}"));
    let strict = gateway.mode().0.to <= Mode::LocalData;
    if strict && !matches!(alarm, Alarm::Lost(_)) {
        let closed = pulse.stop(&format!("after an alarm: {text}"));
        let how = closed.err().map_or_else(String::new, |error| format!(" (within seconds: {error})"));
        tell(&format!(
            "nothing is let through any more{how}; started again it begins anew, in the same mode"
        ));
    }
}
