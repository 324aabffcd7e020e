//! Watches the uplink from this machine: what leaves must be of a flow that the ledger has, no more
//! of it than the ledger says, or of the few kinds that the machine itself sends; and the interface
//! must not have sent more than was seen. It sees what the kernel hands to the card, and so does not
//! replace a tap at the far end.

use crate::control::Watched;
use crate::lan::counted::{Counted, most};
use crate::lan::frame::{Framing, wrong};
use crate::lan::link::{Amount, Link};
use crate::lan::rules::Own;
use crate::lan::source::Source;
use crate::shell::{OnWire, Wrong};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked whether to end, in nanoseconds.
const LOOKED_EVERY_NS: i64 = 200_000_000;

/// How often figures are compared.
const COMPARED_EVERY: Duration = Duration::from_secs(1);

/// How often a loss is told, where there are more.
const LOSS_TOLD_EVERY: Duration = Duration::from_secs(60);

/// Alarms that differ and are told one by one; of more only that there are.
const ALARMS_MAX: usize = 100;

/// What was seen on the uplink that nothing explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alarm {
    /// A packet left.
    Unexplained(String),
    /// More left of a flow than the ledger says.
    More(String),
    /// The interface has sent more than was seen.
    Past(Amount),
    /// Not all of it was seen.
    Lost(u64),
    /// It is not watched any more.
    Blind(String),
}

impl std::fmt::Display for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unexplained(what) => write!(f, "nothing explains what left on the uplink: {what}"),
            Self::More(what) => write!(f, "more left on the uplink than the ledger says: {what}"),
            Self::Past(Amount { frames: 0, bytes }) => {
                write!(f, "the uplink has sent {bytes} bytes more than were seen to leave")
            }
            Self::Past(Amount { frames, .. }) => write!(
                f,
                "the uplink has sent {frames} frames more than were seen to leave: they went past the watch"
            ),
            Self::Lost(count) => write!(f, "{count} frames on the uplink were not looked at in time"),
            Self::Blind(why) => write!(f, "the uplink is not watched any more: {why}"),
        }
    }
}

/// What a watch has seen so far, for whoever asks.
pub(super) type Seen = Arc<Mutex<Watched>>;

/// A watch, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    seen: Seen,
}

impl Watch {
    /// Begins to watch an interface.
    pub(super) fn start(
        (index, name): (u32, &str),
        wire: Arc<OnWire>,
        own: Vec<Own>,
        alarm: impl Fn(Alarm) + Send + 'static,
    ) -> io::Result<Self> {
        let (source, one_by_one) = Source::open(index)?;
        let link = Link::of(index)?;
        let kind = link.state()?.kind;
        wire.watch();
        let seen = Seen::default();
        lock(&seen).one_by_one = one_by_one;
        let stop = Arc::new(AtomicBool::new(false));
        let now = Instant::now();
        let mut eye = Eye {
            framing: source.framing(),
            source,
            wire,
            own,
            link,
            not_counted: not_counted(name, kind.as_deref()),
            counted: Counted::new(now),
            most: Amount::default(),
            unseen: false,
            lost: 0,
            lost_told: None,
            next: now + COMPARED_EVERY,
            told: BTreeSet::new(),
            seen: Arc::clone(&seen),
            alarm: Box::new(alarm),
        };
        let stopped = Arc::clone(&stop);
        let work = move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Err(error) = eye.look() {
                    let why = error.to_string();
                    lock(&eye.seen).blind = Some(why.clone());
                    (eye.alarm)(Alarm::Blind(why));
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(work)?;
        Ok(Self { stop, thread: Some(thread), seen })
    }

    /// What it has seen so far, for whoever asks.
    pub(super) fn seen(&self) -> Seen {
        Arc::clone(&self.seen)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Why what an interface counts is not what was handed to it, where that is so.
fn not_counted(name: &str, kind: Option<&str>) -> Option<String> {
    let is_wireless = Path::new("/sys/class/net").join(name).join("phy80211").exists();
    match kind {
        _ if is_wireless => Some("it is wireless, and counts what its driver sends by itself".to_owned()),
        Some("bond") => Some("it is a bond, and counts what its members send".to_owned()),
        _ => None,
    }
}

/// The thread that watches.
struct Eye {
    source: Source,
    framing: Framing,
    wire: Arc<OnWire>,
    own: Vec<Own>,
    link: Link,
    not_counted: Option<String>,
    counted: Counted,
    /// The most that the interface can have counted of what was seen since it was last asked.
    most: Amount,
    /// Whether something may have left unseen since then.
    unseen: bool,
    lost: u64,
    lost_told: Option<Instant>,
    next: Instant,
    told: BTreeSet<String>,
    seen: Seen,
    alarm: Box<dyn Fn(Alarm) + Send>,
}

impl Eye {
    /// Looks at what waits, compares what is due, and waits for more.
    fn look(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let has_more = match self.frames(now) {
            Ok(has_more) => has_more,
            // The interface went down, and may come up again.
            Err(error) if error.kind() == io::ErrorKind::NetworkDown => {
                self.unseen = true;
                false
            }
            Err(error) => return Err(error),
        };
        // Also under a load that leaves no moment without frames: then above all.
        if now >= self.next {
            self.next = now + COMPARED_EVERY;
            self.compare(now)?;
        }
        if has_more { Ok(()) } else { self.wait() }
    }

    /// Looks at some of the frames that wait; false where there are no more.
    fn frames(&mut self, now: Instant) -> io::Result<bool> {
        let Self { source, framing, wire, own, most: sum, .. } = self;
        let mut found = Vec::new();
        let mut look = wire.look();
        let taken = source.take(|frame, tagged| {
            let length = if tagged { frame.length.saturating_add(4) } else { frame.length };
            *sum = sum.and(most(length, frame.pieces));
            if let Some(what) = wrong(frame, *framing, &mut look, own, now) {
                found.push(what);
            }
        });
        drop(look);
        for what in found {
            self.unexplained(Alarm::Unexplained(what));
        }
        taken
    }

    /// Holds the figures of flows that have ended against what left, and those of the interface.
    fn compare(&mut self, now: Instant) -> io::Result<()> {
        let lost = u64::from(self.source.counts()?.dropped);
        if lost > 0 {
            self.unseen = true;
            self.wire.missed();
        }
        self.lost += lost;
        if self.lost > 0 && self.lost_told.is_none_or(|told| now.duration_since(told) >= LOSS_TOLD_EVERY) {
            self.lost_told = Some(now);
            (self.alarm)(Alarm::Lost(std::mem::take(&mut self.lost)));
        }
        for wrong in self.wire.compare(now) {
            self.unexplained(match wrong {
                Wrong::More { .. } => Alarm::More(wrong.to_string()),
                Wrong::Unexplained | Wrong::Again { .. } => Alarm::Unexplained(wrong.to_string()),
            });
        }
        let state = self.link.state().map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::NODEV) => io::Error::other("the interface is gone"),
            _ => error,
        })?;
        let (most, unseen) = (std::mem::take(&mut self.most), std::mem::take(&mut self.unseen));
        let past = match self.not_counted {
            Some(_) => None,
            None => self.counted.look(now, &state, most, unseen),
        };
        let sums = self.wire.sums();
        {
            let mut seen = lock(&self.seen);
            seen.lost += lost;
            (seen.flows, seen.bytes, seen.fewer) = (sums.flows, sums.bytes, sums.fewer);
            seen.past += past.map_or(0, |past| past.frames.max(1));
            seen.counters = match &self.not_counted {
                Some(why) => format!("not compared: {why}"),
                None if seen.past > 0 => format!("{} frames more than were seen", seen.past),
                None if self.counted.is_compared() => "agree".to_owned(),
                None => "not compared yet".to_owned(),
            };
        }
        if let Some(past) = past {
            self.unexplained(Alarm::Past(past));
        }
        Ok(())
    }

    fn unexplained(&mut self, alarm: Alarm) {
        lock(&self.seen).unexplained += 1;
        if self.told.len() < ALARMS_MAX && self.told.insert(alarm.to_string()) {
            (self.alarm)(alarm);
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let limit = Timespec { tv_sec: 0, tv_nsec: LOOKED_EVERY_NS };
        let mut set = [PollFd::new(&self.source, PollFlags::IN)];
        match poll(&mut set, Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [polled] = set;
        if polled.revents().contains(PollFlags::ERR) {
            match socket_error(&self.source)? {
                Ok(()) => {}
                Err(Errno::NETDOWN) => self.unseen = true,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn lock(seen: &Seen) -> std::sync::MutexGuard<'_, Watched> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
