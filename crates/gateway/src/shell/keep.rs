//! Keeps the mode that holds, for the next start after a crash.

use crate::control::Wanted;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long is waited for the disk: what tightens must not wait for it for ever.
const KEPT_WITHIN: Duration = Duration::from_secs(5);

/// Where a mode is kept. Turns only grow: what comes with an earlier one than the last is too late,
/// and is not done.
pub trait Keep: Send + Sync + Debug {
    /// Keeps a mode, for certain once this returns.
    ///
    /// # Errors
    /// Why it is not kept, for people.
    fn keep(&self, turn: u64, wanted: &Wanted) -> Result<(), String>;

    /// Forgets what was kept.
    ///
    /// # Errors
    /// Why it is not forgotten, for people.
    fn forget(&self, turn: u64) -> Result<(), String>;
}

/// Keeps modes without holding up anything else.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    keep: Option<Arc<dyn Keep>>,
    turns: AtomicU64,
}

impl Keeper {
    pub(super) fn new(keep: Option<Arc<dyn Keep>>) -> Self {
        Self { keep, turns: AtomicU64::new(1) }
    }

    /// Keeps a mode, where modes are kept.
    pub(super) async fn keep(&self, wanted: &Wanted) -> Result<(), String> {
        let wanted = wanted.clone();
        self.on_disk(move |keep, turn| keep.keep(turn, &wanted)).await
    }

    /// Forgets what was kept.
    pub(super) async fn forget(&self) -> Result<(), String> {
        self.on_disk(|keep, turn| keep.forget(turn)).await
    }

    async fn on_disk(
        &self,
        work: impl FnOnce(&dyn Keep, u64) -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        let Some(keep) = self.keep.clone() else { return Ok(()) };
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        match timeout(KEPT_WITHIN, spawn_blocking(move || work(&*keep, turn))).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("the disk does not answer within {} s", KEPT_WITHIN.as_secs())),
        }
    }
}
