//! Keeps the holes of the firewall open while the program does its work, and no longer.

use crate::lan::rules::beat;
use crate::programs::feed;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a hole stays open when it is not renewed.
pub(super) const LIVES: Duration = Duration::from_secs(3);

/// How often it is renewed.
const BEATS_EVERY: Duration = Duration::from_millis(800);

/// Shows that the program does its work: whoever relays beats it.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Shows it once.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Renews the holes, on a thread of its own. When it is dropped they close.
#[derive(Debug)]
pub struct Heart {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    failed: Arc<Mutex<Option<String>>>,
}

impl Heart {
    /// Begins, with one beat at once. From then on it beats as long as `pulse` does.
    ///
    /// # Errors
    /// Why the first one failed, for people.
    pub fn start(pulse: Pulse) -> Result<Self, String> {
        renew()?;
        let (stop, stopped) = mpsc::channel();
        let failed = Arc::new(Mutex::new(None));
        let told = Arc::clone(&failed);
        let work = move || {
            let mut seen = 0;
            while stopped.recv_timeout(BEATS_EVERY) == Err(RecvTimeoutError::Timeout) {
                let now = pulse.0.load(Ordering::Relaxed);
                let alive = std::mem::replace(&mut seen, now) != now;
                let result = if alive { renew() } else { Err("it does not relay any more".to_owned()) };
                *told.lock().unwrap_or_else(PoisonError::into_inner) = result.err();
            }
        };
        let thread = std::thread::Builder::new().name("heart".to_owned()).spawn(work);
        let thread = thread.map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(Self { stop: Some(stop), thread: Some(thread), failed })
    }

    /// Why the holes are not renewed, where they are not.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn renew() -> Result<(), String> {
    feed("nft", "nftables", &["-f", "-"], &beat(LIVES.as_secs())).map_err(|error| error.to_string())
}
