//! Keeps the holes of the firewall open while the program does its work, and no longer.

use crate::lan::rules::{CLOSED, beat};
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
pub struct Pulse(Arc<Life>);

#[derive(Debug, Default)]
struct Life {
    beats: AtomicU64,
    /// Why it beats no more.
    stopped: Mutex<Option<String>>,
}

impl Pulse {
    /// Shows it once.
    pub fn beat(&self) {
        self.0.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Closes the holes at once, and for good.
    ///
    /// # Errors
    /// Where they cannot be closed at once; they close by themselves soon after.
    pub(super) fn stop(&self, why: &str) -> Result<(), String> {
        self.0.stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| why.to_owned());
        close()
    }

    fn stopped(&self) -> Option<String> {
        self.0.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Renews the holes, on a thread of its own. When it is dropped they close.
#[derive(Debug)]
pub struct Heart {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    failed: Health,
}

/// Why holes are not renewed, where they are not.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<Option<String>>>);

impl Health {
    /// Why, in words.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Heart {
    /// Begins, with one beat at once. From then on it beats as long as `pulse` does.
    ///
    /// # Errors
    /// Why the first one failed, for people.
    pub fn start(pulse: Pulse) -> Result<Self, String> {
        renew()?;
        let (stop, stopped) = mpsc::channel();
        let failed = Health::default();
        let told = failed.clone();
        let work = move || {
            let mut seen = 0;
            while stopped.recv_timeout(BEATS_EVERY) == Err(RecvTimeoutError::Timeout) {
                let now = pulse.0.beats.load(Ordering::Relaxed);
                let alive = std::mem::replace(&mut seen, now) != now;
                let result = match pulse.stopped() {
                    // It may have been renewing while it was stopped.
                    Some(why) => Err(close().err().unwrap_or(why)),
                    None if alive => renew(),
                    None => Err("it does not relay any more".to_owned()),
                };
                *told.0.lock().unwrap_or_else(PoisonError::into_inner) = result.err();
            }
        };
        let thread = std::thread::Builder::new().name("heart".to_owned()).spawn(work);
        let thread = thread.map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(Self { stop: Some(stop), thread: Some(thread), failed })
    }

    /// How it goes, for whoever asks.
    #[must_use]
    pub fn health(&self) -> Health {
        self.failed.clone()
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

fn close() -> Result<(), String> {
    feed("nft", "nftables", &["-f", "-"], CLOSED).map(drop).map_err(|error| error.to_string())
}

fn renew() -> Result<(), String> {
    feed("nft", "nftables", &["-f", "-"], &beat(LIVES.as_secs())).map(drop).map_err(|error| error.to_string())
}
