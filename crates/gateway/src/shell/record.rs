//! The ledger, for tasks that wait without blocking a thread.

use crate::core::Refusal;
use crate::shell::clock::now;
use creance_ledger::{Checkpoint, Decided, Entry, Event, LedgerError, Pseudonym, Purpose, Refused, Writer};
use creance_model::{Endpoint, ServiceId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

/// Kinds of refusals that are told apart between two entries; more are counted together.
const KINDS_MAX: usize = 200;

/// Kinds of refusals that are told apart at once, and each second from then on, so that nobody
/// fills the disk with names that are made up.
const TOLD_APART: f64 = 600.0;
const TOLD_APART_EACH_SECOND: f64 = 1.0;

/// Decisions that are remembered as recorded.
const DECIDED_MAX: usize = 100_000;

/// How long an entry that nobody waits for is held back, so that it goes to the disk with others.
/// After a crash the ends of so long are missing, and their flows' bytes are not known.
const NOTED_WITHIN: Duration = Duration::from_millis(20);

/// Entries that are held back at a time.
const NOTES_MAX: usize = 256;

/// Why something is not in the ledger.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(Arc<LedgerError>);

/// Writes to the ledger.
#[derive(Debug)]
pub(super) struct Recorder {
    writer: Writer,
    /// Whether what was given goes to the disk once all that can be done now is done.
    going: AtomicBool,
    /// Entries that nobody waits for and that wait for others to go with.
    notes: AtomicUsize,
    refusals: Mutex<Refusals>,
    decided: Mutex<BTreeSet<(u64, Pseudonym, Option<ServiceId>)>>,
}

/// Refusals that are not recorded yet.
#[derive(Debug)]
struct Refusals {
    kinds: BTreeMap<Kind, Many>,
    /// How many kinds may still be told apart, and since when.
    budget: f64,
    since: Instant,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { kinds: BTreeMap::new(), budget: TOLD_APART, since: Instant::now() }
    }
}

impl Refusals {
    /// Whether another kind may be told apart.
    fn may_tell_apart(&mut self, now: Instant) -> bool {
        let more = now.duration_since(self.since).as_secs_f64() * TOLD_APART_EACH_SECOND;
        self.since = now;
        self.budget = (self.budget + more).min(TOLD_APART);
        let may = self.kinds.len() < KINDS_MAX && self.budget >= 1.0;
        if may {
            self.budget -= 1.0;
        }
        may
    }
}

/// Refusals that are alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    generation: u64,
    station: Option<Pseudonym>,
    service: Option<ServiceId>,
    name: Option<creance_model::HostName>,
    to: Option<Endpoint>,
    reason: &'static str,
}

#[derive(Debug)]
struct Many {
    count: u64,
    since: Timestamp,
    last: Timestamp,
}

/// An entry that is on its way to the disk.
pub(super) struct Pending(oneshot::Receiver<Result<u64, Arc<LedgerError>>>);

impl Pending {
    /// Waits until the entry is durable.
    pub(super) async fn durable(self) -> Result<u64, RecordError> {
        let gone = || Err(Arc::new(LedgerError::Failed("the thread that writes it has ended".to_owned())));
        self.0.await.unwrap_or_else(|_| gone()).map_err(RecordError)
    }
}

impl Recorder {
    pub(super) fn new(writer: Writer) -> Self {
        Self {
            writer,
            going: AtomicBool::new(false),
            notes: AtomicUsize::new(0),
            refusals: Mutex::default(),
            decided: Mutex::default(),
        }
    }

    /// Gives an entry about something that will begin once it is durable.
    pub(super) fn begin(self: &Arc<Self>, event: Event) -> Result<Pending, RecordError> {
        self.give(event, Purpose::Begin)
    }

    /// Gives an entry about something that has happened. Where it cannot be written the ledger is
    /// closed for what would begin, so that nothing follows that it does not explain.
    pub(super) fn tell(self: &Arc<Self>, event: Event) -> Result<Pending, RecordError> {
        self.give(event, Purpose::Tell)
    }

    /// Takes up an entry about something that has happened and nobody waits for. It comes before
    /// any that is given later, and to the disk soon: a disk writes one by one as slowly as many
    /// together.
    pub(super) fn note(self: &Arc<Self>, event: Event) {
        // Where that fails the ledger is closed for what would begin.
        let _ = self.writer.put(&Entry { at: now(), event }, Purpose::Tell, |_| ());
        match self.notes.fetch_add(1, Ordering::Relaxed) + 1 {
            1 => {
                let recorder = Arc::clone(self);
                tokio::spawn(async move {
                    sleep(NOTED_WITHIN).await;
                    recorder.wake();
                });
            }
            NOTES_MAX.. => self.wake(),
            _ => {}
        }
    }

    fn wake(&self) {
        self.notes.store(0, Ordering::Relaxed);
        self.writer.wake();
    }

    fn give(self: &Arc<Self>, event: Event, purpose: Purpose) -> Result<Pending, RecordError> {
        let (sender, receiver) = oneshot::channel();
        let entry = Entry { at: now(), event };
        self.writer
            .put(&entry, purpose, move |result| drop(sender.send(result)))
            .map_err(|error| RecordError(Arc::new(error)))?;
        // What other flows are about to give goes with it: it is their turn before that of a task
        // that begins now.
        if !self.going.swap(true, Ordering::Relaxed) {
            let recorder = Arc::clone(self);
            tokio::spawn(async move {
                recorder.going.store(false, Ordering::Relaxed);
                recorder.writer.wake();
            });
        }
        Ok(Pending(receiver))
    }

    /// Why nothing new may begin, where that is so.
    pub(super) fn closed(&self) -> Option<String> {
        self.writer.closed()
    }

    /// Records what the table says of a service for a station, the first time that it is asked.
    pub(super) fn decided(self: &Arc<Self>, decided: Decided) {
        let key = (decided.generation, decided.station.clone(), decided.service.clone());
        let mut known = self.decided.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= DECIDED_MAX || !known.insert(key) {
            return;
        }
        drop(known);
        let _ = self.tell(Event::Decided(decided));
    }

    /// Counts a refusal; it is recorded with those that are like it.
    pub(super) fn refused(
        &self,
        generation: u64,
        station: Option<&Pseudonym>,
        refusal: &Refusal,
        to: Option<Endpoint>,
    ) {
        let kind = Kind {
            generation,
            station: station.cloned(),
            service: refusal.service.clone(),
            name: refusal.name.clone(),
            to: if refusal.name.is_some() { None } else { to },
            reason: refusal.reason.word(),
        };
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let known = refusals.kinds.contains_key(&kind);
        let kind = if known || refusals.may_tell_apart(Instant::now()) {
            kind
        } else {
            Kind { service: None, name: None, to: None, ..kind }
        };
        let at = now();
        let many = refusals.kinds.entry(kind).or_insert(Many { count: 0, since: at, last: at });
        many.count += 1;
        many.last = at;
    }

    /// Records the refusals that were counted.
    pub(super) fn flush(self: &Arc<Self>) {
        let refusals =
            std::mem::take(&mut self.refusals.lock().unwrap_or_else(PoisonError::into_inner).kinds);
        for (kind, many) in refusals {
            let _ = self.tell(Event::Refused(Refused {
                generation: kind.generation,
                station: kind.station,
                service: kind.service,
                name: kind.name,
                to: kind.to,
                reason: kind.reason.to_owned(),
                count: many.count,
                since: many.since,
            }));
        }
    }

    /// Records the end, and signs. What is given later is not recorded.
    pub(super) async fn close(self: &Arc<Self>) -> Result<Checkpoint, LedgerError> {
        self.flush();
        if let Ok(pending) = self.tell(Event::Closed) {
            let _ = pending.durable().await;
        }
        self.writer.checkpoint()
    }
}
