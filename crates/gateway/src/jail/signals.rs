//! Signals that the front hears while the app runs.

use creance_sys::die_of;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The terminal's, which the app had from the terminal itself.
    Terminal,
    /// One to hand on to the app, by its number.
    HandOn(i32),
}

/// Hears the signals that would end this process. Those that were ignored before stay ignored, as
/// under `nohup`.
pub struct Signals(Vec<(i32, Signal)>);

impl Signals {
    /// Begins to hear.
    ///
    /// # Errors
    /// Where the runtime has no signals.
    pub fn new() -> io::Result<Self> {
        let ignored = ignored();
        let kinds =
            [SignalKind::interrupt(), SignalKind::quit(), SignalKind::terminate(), SignalKind::hangup()];
        let heard = kinds
            .into_iter()
            .filter(|kind| ignored & bit(kind.as_raw_value()) == 0)
            .map(|kind| Ok((kind.as_raw_value(), signal(kind)?)));
        Ok(Self(heard.collect::<io::Result<_>>()?))
    }

    /// The next signal.
    pub async fn next(&mut self) -> Heard {
        poll_fn(|context| {
            for (number, signal) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    let terminal =
                        [SignalKind::interrupt(), SignalKind::quit()].map(|kind| kind.as_raw_value());
                    return Poll::Ready(if terminal.contains(number) {
                        Heard::Terminal
                    } else {
                        Heard::HandOn(*number)
                    });
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Ends this process by the signal that the app died of; where the signal ends none, returns the
/// status that shells give for it.
#[must_use]
pub fn die_as(signal: i32) -> u8 {
    // Where it cannot be done, the status says the same.
    let _ = die_of(signal);
    u8::try_from(signal).map_or(u8::MAX, |signal| signal.saturating_add(128))
}

/// The signals that this process ignores, a bit each.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

fn bit(signal: i32) -> u64 {
    u32::try_from(signal - 1).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0)
}
