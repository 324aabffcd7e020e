//! Closes a machine before anything runs on it, or after.

use crate::lan::heart::LIVES;
use crate::lan::rules::{Site, SiteError};
use crate::lan::sockets::Ports;
use crate::programs::feed;
use std::thread::sleep;
use std::time::Duration;

/// How often it is looked whether holes are still open.
const LOOKED_EVERY: Duration = Duration::from_millis(200);

/// How long holes may stay open that nobody renews, and some more.
const OUTLIVED_AFTER: Duration = LIVES.saturating_add(Duration::from_secs(1));

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Everything is dropped.
    Everything,
    /// A gateway runs and renews its holes, which were let be.
    ButForAGateway,
}

impl Site {
    /// Loads the rules that drop everything, unless a gateway runs here, whose own they are. Done
    /// again it changes nothing. Holes that nobody renews are waited for, some seconds.
    ///
    /// # Errors
    /// [`SiteError::Program`] where the rules cannot be loaded.
    pub fn close(&self, ports: &Ports) -> Result<Closed, SiteError> {
        self.check()?;
        let mut waited = Duration::ZERO;
        while has_holes() {
            if waited >= OUTLIVED_AFTER {
                return Ok(Closed::ButForAGateway);
            }
            sleep(LOOKED_EVERY);
            waited += LOOKED_EVERY;
        }
        self.load_rules(ports)?;
        Ok(Closed::Everything)
    }
}

/// Whether the firewall has holes. Where its rules are not there it has none of ours; where it
/// cannot be asked it cannot be told either.
fn has_holes() -> bool {
    let listed = feed("nft", "nftables", &["list", "set", "inet", "creance", "alive"], "");
    listed.is_ok_and(|set| set.contains("elements"))
}
