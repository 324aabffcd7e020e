//! The table that holds now, the flows that are open by it, and its change.

use crate::control::{FlowLine, FlowLines};
use crate::core::{Flow, Flows, Reason, Refusal, Table};
use crate::shell::clock::now;
use crate::shell::ending::Given;
use crate::shell::on_wire::{Ends, OnWire};
use crate::shell::record::{Pending, RecordError, Recorder};
use creance_ledger::{Event, FlowBytes, FlowEnd, FlowStarted, ModeChanged};
use creance_model::{Mode, ServiceId, Timestamp, Transport};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, RwLock, mpsc};
use tokio::time::Instant;

/// A flow over which nothing moves for so long is over (RFC 5382, 5).
const IDLE_AFTER: Duration = Duration::from_secs(2 * 3600 + 4 * 60);

/// Where tables are changed and flows begin and end.
#[derive(Debug)]
pub(super) struct Desk {
    inner: Mutex<Inner>,
    /// Held for writing while a change goes on: what begins meanwhile waits, and is decided anew.
    change: RwLock<()>,
    /// What may be on the wire now.
    wire: Arc<OnWire>,
}

#[derive(Debug)]
struct Inner {
    table: Arc<Table>,
    flows: Flows,
    open: BTreeMap<u64, Open>,
    /// Those of Creance's own, which any change cuts: what they are for is decided anew.
    own: BTreeMap<u64, Arc<Control>>,
    /// Whether nothing begins any more.
    ended: bool,
}

#[derive(Debug)]
struct Open {
    control: Arc<Control>,
    /// When it was last seen that it had moved anything.
    moved_at: Instant,
}

impl Open {
    fn moved(&self) -> u64 {
        self.control.moved.load(Ordering::Relaxed)
    }
}

/// What the desk tells a flow, and hears of it.
#[derive(Debug, Default)]
pub(super) struct Control {
    /// Bytes that it has moved.
    pub(super) moved: AtomicU64,
    /// What its connection to the host was given.
    pub(super) given: Given,
    /// As many of them as the ledger was last told of.
    told: AtomicU64,
    progress: Notify,
    /// Whether it must end, and as what.
    asked: Mutex<Option<FlowEnd>>,
    /// Whether it ended because it was asked to.
    revoked: AtomicBool,
    notify: Notify,
    done: Mutex<Option<mpsc::UnboundedSender<Over>>>,
}

impl Control {
    /// Waits until the ledger is to be told how far the flow is.
    pub(super) async fn progress(&self) {
        self.progress.notified().await;
    }

    /// Waits until the flow must end, and tells as what.
    pub(super) async fn cut(&self) -> FlowEnd {
        loop {
            let notified = self.notify.notified();
            if let Some(end) = *self.asked.lock().unwrap_or_else(PoisonError::into_inner) {
                return end;
            }
            notified.await;
        }
    }

    fn ask(&self, end: FlowEnd, done: mpsc::UnboundedSender<Over>) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        self.tell(end);
    }

    fn tell(&self, end: FlowEnd) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
        self.notify.notify_waiters();
        self.notify.notify_one();
    }
}

/// A flow that may leave. When it is dropped the flow is over.
#[derive(Debug)]
pub(super) struct Ticket {
    desk: Arc<Desk>,
    pub(super) number: u64,
    pub(super) control: Arc<Control>,
    ends: Ends,
    /// What left of it, where that is known.
    up: Option<u64>,
}

impl Ticket {
    /// Records the end of the flow, whose socket is closed by now.
    pub(super) fn end(mut self, recorder: &Arc<Recorder>, bytes: Option<(u64, u64)>, end: FlowEnd) {
        self.control.revoked.store(end == FlowEnd::Revoked, Ordering::Release);
        let (up, down) = (bytes.map(|(up, _)| up), bytes.map(|(_, down)| down));
        self.up = up;
        let bytes = FlowBytes { flow: self.number, up, down };
        // What cannot be written closes the ledger for what would begin.
        recorder.note(Event::FlowEnded { bytes, end });
    }
}

/// A flow that was asked to end has ended.
#[derive(Debug, Clone, Copy)]
struct Over {
    at: Timestamp,
    /// Whether it was because it was asked to.
    revoked: bool,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut inner = self.desk.lock();
        inner.flows.close(self.number);
        inner.open.remove(&self.number);
        inner.own.remove(&self.number);
        drop(inner);
        self.desk.wire.end(&self.ends, self.up, Instant::now());
        if let Some(done) = self.control.done.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = done.send(Over { at: now(), revoked: self.control.revoked.load(Ordering::Acquire) });
        }
    }
}

/// Why a flow of Creance's own is not opened.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum OwnError {
    /// What it is for may not leave any more.
    #[error("what it is for may not leave any more")]
    Denied,
    /// The ledger takes no entry for it.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// A change of the table, as its entry tells it.
#[derive(Debug, Clone)]
pub struct Change {
    /// The mode from now on.
    pub to: Mode,
    /// Services exempt from Local Data.
    pub exempt: Vec<ServiceId>,
    /// Services granted in Restricted.
    pub granted: Vec<ServiceId>,
}

impl Desk {
    pub(super) fn new(table: Table) -> Self {
        let inner = Inner {
            table: Arc::new(table),
            flows: Flows::starting_at(1),
            open: BTreeMap::new(),
            own: BTreeMap::new(),
            ended: false,
        };
        Self { inner: Mutex::new(inner), change: RwLock::new(()), wire: Arc::default() }
    }

    /// What may be on the wire now.
    pub(super) const fn wire(&self) -> &Arc<OnWire> {
        &self.wire
    }

    /// The table that holds now.
    pub(super) fn table(&self) -> Arc<Table> {
        Arc::clone(&self.lock().table)
    }

    /// Opens a flow, and gives its entry to the ledger, with its number and that of the table. Not
    /// one packet of it may leave before the entry is durable.
    pub(super) async fn open(
        self: &Arc<Self>,
        recorder: &Arc<Recorder>,
        flow: Flow,
        started: FlowStarted,
    ) -> Result<(Ticket, Pending), Refusal> {
        let _steady = self.change.read().await;
        let (service, name) = (flow.service.clone(), flow.name.clone());
        let refusal = |reason| Refusal { reason, name: name.clone(), service: service.clone() };
        let mut inner = self.lock();
        if inner.ended {
            return Err(refusal(Reason::NotRecorded));
        }
        let table = Arc::clone(&inner.table);
        let number = inner.flows.open(&table, flow).map_err(refusal)?;
        let control = Arc::new(Control::default());
        inner.open.insert(number, Open { control: Arc::clone(&control), moved_at: Instant::now() });
        drop(inner);
        // What a connection was given is counted, and what a datagram's socket was is not.
        let given = (started.transport == Transport::Tcp).then_some(&control);
        let ends = self.wire.begin(number, &started, given);
        let ticket = Ticket { desk: Arc::clone(self), number, control, ends, up: None };
        let generation = table.generation();
        match recorder.begin(Event::FlowStarted(FlowStarted { flow: number, generation, ..started })) {
            Ok(pending) => Ok((ticket, pending)),
            Err(_) => Err(refusal(Reason::NotRecorded)),
        }
    }

    /// Opens a flow of Creance's own, for one that may leave: not where it may not any more, since
    /// the question would tell its name.
    pub(super) async fn open_own(
        self: &Arc<Self>,
        recorder: &Arc<Recorder>,
        asked_for: &Flow,
        started: FlowStarted,
    ) -> Result<(Ticket, Pending), OwnError> {
        let _steady = self.change.read().await;
        let control = Arc::new(Control::default());
        let (number, generation) = {
            let mut inner = self.lock();
            if inner.ended || !asked_for.may_leave(&inner.table) {
                return Err(OwnError::Denied);
            }
            let number = inner.flows.number();
            inner.own.insert(number, Arc::clone(&control));
            (number, inner.table.generation())
        };
        let ends = self.wire.begin(number, &started, None);
        let ticket = Ticket { desk: Arc::clone(self), number, control, ends, up: None };
        let event = Event::FlowStarted(FlowStarted { flow: number, generation, ..started });
        Ok((ticket, recorder.begin(event)?))
    }

    /// Asks the flows that have moved bytes since they were last asked to tell the ledger, and
    /// those that have not for long to end.
    pub(super) fn ask_progress(&self) {
        let now = Instant::now();
        self.wire.forget(now);
        for open in self.lock().open.values_mut() {
            let moved = open.moved();
            if open.control.told.swap(moved, Ordering::Relaxed) != moved {
                open.moved_at = now;
                open.control.progress.notify_one();
            } else if now.duration_since(open.moved_at) > IDLE_AFTER {
                open.control.tell(FlowEnd::Idle);
            }
        }
    }

    /// How many flows are open.
    pub(super) fn flows(&self) -> usize {
        self.lock().open.len()
    }

    /// The flows that another table would stop.
    pub(super) fn stopped_by(&self, table: &Table) -> FlowLines {
        let inner = self.lock();
        let moved = |number| inner.open.get(&number).map_or(0, Open::moved);
        let stopped = inner.flows.stopped_by(table).into_iter();
        stopped.map(|(number, flow)| FlowLine::of(flow, moved(number))).collect()
    }

    /// The flows that are open.
    pub(super) fn lines(&self) -> FlowLines {
        let inner = self.lock();
        let moved = |number| inner.open.get(&number).map_or(0, Open::moved);
        inner.flows.all().map(|(number, flow)| FlowLine::of(flow, moved(number))).collect()
    }

    /// Puts another table in force: what it does not allow is cut, and the entry says when the
    /// last of it was. Gives the number of flows that were cut.
    ///
    /// # Errors
    /// Where the entry cannot be written. The new table is in force all the same, and as long as
    /// the ledger takes no entries no flow begins.
    pub(super) async fn change(
        &self,
        recorder: &Arc<Recorder>,
        table: Table,
        change: Change,
        from: Option<Mode>,
    ) -> Result<u64, RecordError> {
        let _alone = self.change.write().await;
        let generation = table.generation();
        let (flows_cut, last_cut) = cut(self.put(table), FlowEnd::Revoked).await;
        let event = Event::ModeChanged(ModeChanged {
            generation,
            from,
            to: change.to,
            exempt: change.exempt,
            granted: change.granted,
            flows_cut,
            last_cut,
        });
        recorder.tell(event)?.durable().await?;
        Ok(flows_cut)
    }

    /// Cuts everything that is open, and lets nothing more begin.
    pub(super) async fn cut_all(&self) {
        let _alone = self.change.write().await;
        let open = self.end();
        // It is not a change of mode that ends them, but the gateway itself.
        cut(open, FlowEnd::Broken).await;
    }

    /// Takes a table, and gives what must end by it: the flows that it does not allow, and all that
    /// is Creance's own.
    fn put(&self, table: Table) -> Vec<Arc<Control>> {
        let mut inner = self.lock();
        inner.table = Arc::new(table);
        let table = Arc::clone(&inner.table);
        let stopped: Vec<u64> =
            inner.flows.stopped_by(&table).into_iter().map(|(number, _)| number).collect();
        let open = stopped.iter().filter_map(|number| inner.open.get(number)).map(|open| &open.control);
        let open = open.chain(inner.own.values());
        open.map(Arc::clone).collect()
    }

    fn end(&self) -> Vec<Arc<Control>> {
        let mut inner = self.lock();
        inner.ended = true;
        inner.open.values().map(|open| &open.control).chain(inner.own.values()).map(Arc::clone).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts flows, and gives how many ended because of it, and when the last of them was over.
async fn cut(open: Vec<Arc<Control>>, end: FlowEnd) -> (u64, Option<Timestamp>) {
    let (sender, mut done) = mpsc::unbounded_channel();
    for control in &open {
        control.ask(end, sender.clone());
    }
    // Whatever has ended meanwhile lets go of its end of the channel.
    drop((sender, open));
    let (mut count, mut last) = (0, None);
    while let Some(Over { at, revoked }) = done.recv().await {
        count += u64::from(revoked);
        last = last.max(Some(at));
    }
    (count, last)
}
