//! Writes a log for a program with many flows: entries of all of them are made durable together,
//! and tiles and checkpoints follow on a thread of their own.

use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, Event};
use crate::error::LedgerError;
use crate::journal::{Journal, Purpose};
use crate::log::{Log, full, is_long};
use crate::queue::{Done, Given, Queue, Shorten, gone};
use crate::tiler::Tiler;
use creance_model::Timestamp;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the thread that makes tiles is asked to look until it has enough to do.
const LOOKS_IN_PACE: u64 = 16;

/// Requests that may wait for the thread that makes tiles.
const REQUESTS_MAX: usize = 16;

/// How often tiles and checkpoints are made.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// After this time at the latest, where anything is new.
    pub every: Duration,
    /// After so many entries.
    pub entries: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { every: Duration::from_secs(10), entries: 4096 }
    }
}

enum Request {
    /// There is something new.
    Look,
    /// Sign now.
    Checkpoint(Sender<Result<Checkpoint, LedgerError>>),
    /// There will be nothing new.
    Stop,
}

/// What the thread of the journal tells the others.
#[derive(Debug, Default)]
struct State {
    /// How many entries are durable.
    size: AtomicU64,
    /// In a journal of how many bytes.
    bytes: AtomicU64,
    /// Why nothing new may begin.
    closed: Mutex<Option<String>>,
}

impl State {
    fn take(&self, journal: &Journal) {
        self.size.store(journal.next(), Ordering::Release);
        self.bytes.store(journal.bytes(), Ordering::Release);
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = journal.closed().map(str::to_owned);
    }
}

/// A log that is being written. When it is dropped without [`Writer::close`], the log is as after
/// a crash and loses nothing.
#[derive(Debug)]
pub struct Writer {
    queue: Arc<Queue>,
    requests: SyncSender<Request>,
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
    _lock: File,
}

impl Writer {
    /// Begins to write.
    ///
    /// # Errors
    /// [`LedgerError`] where no thread can be started.
    pub fn start(log: Log, pace: Pace) -> Result<Self, LedgerError> {
        let Log { journal, tiler, lock } = log;
        let queue = Arc::new(Queue::default());
        let (requests, asked) = mpsc::sync_channel(REQUESTS_MAX);
        let state = Arc::new(State::default());
        state.take(&journal);
        let keeper = Keeper {
            looked: journal.next(),
            look_after: pace.entries.div_ceil(LOOKS_IN_PACE),
            journal,
            requests: requests.clone(),
            state: Arc::clone(&state),
        };
        let follower = Follower { tiler, queue: Arc::clone(&queue), state: Arc::clone(&state), pace };
        let taken = Closing(Arc::clone(&queue));
        let threads = vec![
            spawn("tiles", move || follower.run(&asked))?,
            // Last: where no thread can be started, this one would not hear of it.
            spawn("ledger", move || keeper.run(&taken.0))?,
        ];
        Ok(Self { queue, requests, state, threads, _lock: lock })
    }

    /// Gives an entry to be written. `done` hears its number once it is durable, on the thread
    /// that writes, so that it must not wait for anything; where that thread ends before, it is
    /// dropped.
    ///
    /// # Errors
    /// [`LedgerError::NoRoom`] where too many entries wait, and [`LedgerError::Failed`] where the
    /// log is closed; `done` is not called then.
    pub fn record(
        &self,
        entry: &Entry,
        purpose: Purpose,
        done: impl FnOnce(Result<u64, Arc<LedgerError>>) + Send + 'static,
    ) -> Result<(), LedgerError> {
        self.put(entry, purpose, done)?;
        self.wake();
        Ok(())
    }

    /// As [`Writer::record`], but leaves it to [`Writer::wake`] to have it written, so that what
    /// comes soon goes to the disk with it.
    ///
    /// # Errors
    /// As [`Writer::record`].
    pub fn put(
        &self,
        entry: &Entry,
        purpose: Purpose,
        done: impl FnOnce(Result<u64, Arc<LedgerError>>) + Send + 'static,
    ) -> Result<(), LedgerError> {
        self.queue.put(Given { bytes: entry.to_bytes(), purpose, done: Box::new(done) })
    }

    /// Has written what was put in.
    pub fn wake(&self) {
        self.queue.wake();
    }

    /// Gives an entry and waits until it is durable.
    ///
    /// # Errors
    /// Why it is not in the log.
    pub fn record_and_wait(&self, entry: &Entry, purpose: Purpose) -> Result<u64, Arc<LedgerError>> {
        let (sender, receiver) = mpsc::channel();
        self.record(entry, purpose, move |result| drop(sender.send(result))).map_err(Arc::new)?;
        receiver.recv().unwrap_or_else(|_| Err(Arc::new(gone())))
    }

    /// Why nothing new may begin, where that is so: a full or failed disk.
    #[must_use]
    pub fn closed(&self) -> Option<String> {
        self.state.closed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signs for everything that is durable now.
    ///
    /// # Errors
    /// [`LedgerError`]; the entries are safe all the same.
    pub fn checkpoint(&self) -> Result<Checkpoint, LedgerError> {
        let (sender, receiver) = mpsc::channel();
        self.requests.send(Request::Checkpoint(sender)).map_err(|_| gone())?;
        receiver.recv().unwrap_or_else(|_| Err(gone()))
    }

    /// Records the end, after everything that was given before, and signs.
    ///
    /// # Errors
    /// [`LedgerError`]; the log is as after a crash then, and loses nothing.
    pub fn close(self, now: Timestamp) -> Result<Checkpoint, LedgerError> {
        let closed = Entry { at: now, event: Event::Closed };
        self.record_and_wait(&closed, Purpose::Tell)
            .map_err(|error| LedgerError::Failed(error.to_string()))?;
        self.checkpoint()
    }
}

/// What was given before is written; the end is not recorded, and nothing is signed.
impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.end();
        let _ = self.requests.send(Request::Stop);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LedgerError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| LedgerError::Failed(format!("no thread could be started: {error}")))
}

/// The thread that owns the journal. It ends when nobody can give entries any more.
struct Keeper {
    journal: Journal,
    requests: SyncSender<Request>,
    state: Arc<State>,
    /// How many entries there were when the other thread was last asked to look.
    looked: u64,
    /// After so many more it is asked again.
    look_after: u64,
}

/// Whoever waits hears of it when the thread ends, however it does.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Keeper {
    fn run(mut self, queue: &Queue) {
        let mut entries = Vec::new();
        let mut waiting = Vec::new();
        // What came meanwhile goes together: the more there is to do, the more at once.
        while queue.wait() {
            let shorten = queue.take(&mut entries);
            for Given { bytes, purpose, done } in entries.drain(..) {
                match self.journal.append(&bytes, purpose) {
                    Ok(number) => waiting.push((number, done)),
                    Err(error) => done(Err(Arc::new(error))),
                }
            }
            self.settle(&mut waiting);
            if let Some(Shorten { first, done }) = shorten {
                // Where that failed the longer journal stays, and loses nothing.
                let _ = self.journal.shorten(first);
                let _ = done.send(());
            }
            self.journal.make_room();
            self.state.take(&self.journal);
        }
    }

    /// Makes durable what was taken up, and tells those who wait.
    fn settle(&mut self, waiting: &mut Vec<(u64, Done)>) {
        let committed = self.journal.commit().map_err(Arc::new);
        self.state.take(&self.journal);
        for (number, done) in waiting.drain(..) {
            done(committed.clone().map(|()| number));
        }
        // Each time that it is asked costs a turn of a thread; by the clock it looks by itself.
        let size = self.journal.next();
        if size.saturating_sub(self.looked) >= self.look_after {
            self.looked = size;
            // Where requests wait already, one of them looks.
            let _ = self.requests.try_send(Request::Look);
        }
    }
}

/// The thread that makes tiles and checkpoints.
struct Follower {
    tiler: Tiler,
    queue: Arc<Queue>,
    state: Arc<State>,
    pace: Pace,
}

impl Follower {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long since the last checkpoint; nothing recorded depends on it"
    )]
    fn run(mut self, requests: &Receiver<Request>) {
        let mut last = Instant::now();
        loop {
            match requests.recv_timeout(self.pace.every.saturating_sub(last.elapsed())) {
                Ok(Request::Checkpoint(done)) => {
                    let _ = done.send(self.sign());
                    last = Instant::now();
                    continue;
                }
                Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Request::Look) => {
                    let new = self.state.size.load(Ordering::Acquire).saturating_sub(self.tiler.size());
                    if new < self.pace.entries {
                        continue;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            // A full disk is told of by the journal; the next try begins where this one ended.
            let signed = self.sign().is_ok();
            last = Instant::now();
            if signed && is_long(self.state.bytes.load(Ordering::Acquire)) && self.shorten().is_err() {
                return;
            }
        }
    }

    fn sign(&mut self) -> Result<Checkpoint, LedgerError> {
        self.tiler.follow(self.state.size.load(Ordering::Acquire))?;
        self.tiler.checkpoint()
    }

    fn shorten(&mut self) -> Result<(), LedgerError> {
        let (sender, receiver) = mpsc::channel();
        self.queue.shorten(Shorten { first: full(self.tiler.size()), done: sender });
        receiver.recv().map_err(|_| gone())?;
        self.tiler.reopen()
    }
}
