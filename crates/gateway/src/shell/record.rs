//! The ledger, for tasks that wait without blocking a thread.

use crate::core::Refusal;
use crate::shell::clock::now;
use creance_ledger::{Checkpoint, Decided, Entry, Event, LedgerError, Pseudonym, Purpose, Refused, Writer};
use creance_model::{Endpoint, ServiceId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Kinds of refusals that are told apart between two entries; more are counted together.
const KINDS_MAX: usize = 200;

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
    /// What has happened and nobody waits for, in its order.
    notes: Mutex<Vec<Entry>>,
    refusals: Mutex<BTreeMap<Kind, Many>>,
    decided: Mutex<BTreeSet<(u64, Pseudonym, Option<ServiceId>)>>,
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
        Self { writer, notes: Mutex::default(), refusals: Mutex::default(), decided: Mutex::default() }
    }

    /// Gives an entry about something that will begin once it is durable.
    pub(super) fn begin(&self, event: Event) -> Result<Pending, RecordError> {
        self.give(event, Purpose::Begin)
    }

    /// Gives an entry about something that has happened. Where it cannot be written the ledger is
    /// closed for what would begin, so that nothing follows that it does not explain.
    pub(super) fn tell(&self, event: Event) -> Result<Pending, RecordError> {
        self.give(event, Purpose::Tell)
    }

    /// Takes up an entry about something that has happened and nobody waits for. It comes before
    /// any that is given later, and to the disk soon: a disk writes one by one as slowly as many
    /// together.
    pub(super) fn note(self: &Arc<Self>, event: Event) {
        let mut notes = self.notes();
        notes.push(Entry { at: now(), event });
        let count = notes.len();
        drop(notes);
        if count >= NOTES_MAX {
            self.give_notes();
        } else if count == 1 {
            let recorder = Arc::clone(self);
            tokio::spawn(async move {
                sleep(NOTED_WITHIN).await;
                recorder.give_notes();
            });
        }
    }

    fn give_notes(&self) {
        // Held until all are given, so that none that comes later overtakes them.
        let mut notes = self.notes();
        for entry in notes.drain(..) {
            // Where that fails the ledger is closed for what would begin.
            let _ = self.writer.record(&entry, Purpose::Tell, |_| ());
        }
    }

    fn notes(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, event: Event, purpose: Purpose) -> Result<Pending, RecordError> {
        self.give_notes();
        let (sender, receiver) = oneshot::channel();
        let entry = Entry { at: now(), event };
        self.writer
            .record(&entry, purpose, move |result| drop(sender.send(result)))
            .map_err(|error| RecordError(Arc::new(error)))?;
        Ok(Pending(receiver))
    }

    /// Why nothing new may begin, where that is so.
    pub(super) fn closed(&self) -> Option<String> {
        self.writer.closed()
    }

    /// Records what the table says of a service for a station, the first time that it is asked.
    pub(super) fn decided(&self, decided: Decided) {
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
        let kind = if refusals.len() < KINDS_MAX || refusals.contains_key(&kind) {
            kind
        } else {
            Kind { service: None, name: None, to: None, ..kind }
        };
        let at = now();
        let many = refusals.entry(kind).or_insert(Many { count: 0, since: at, last: at });
        many.count += 1;
        many.last = at;
    }

    /// Records the refusals that were counted.
    pub(super) fn flush(&self) {
        let refusals = std::mem::take(&mut *self.refusals.lock().unwrap_or_else(PoisonError::into_inner));
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
    pub(super) async fn close(&self) -> Result<Checkpoint, LedgerError> {
        self.flush();
        if let Ok(pending) = self.tell(Event::Closed) {
            let _ = pending.durable().await;
        }
        self.writer.checkpoint()
    }
}
