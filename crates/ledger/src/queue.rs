//! Entries on their way to the thread that writes them.

use crate::error::LedgerError;
use crate::journal::Purpose;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Entries that may wait to be written; more are refused.
const WAITING_MAX: usize = 8192;

/// What is told to whoever gave an entry: its number once it is durable, or why it is not in the
/// log.
pub(crate) type Done = Box<dyn FnOnce(Result<u64, Arc<LedgerError>>) + Send>;

/// An entry that waits.
pub(crate) struct Given {
    pub(crate) bytes: Vec<u8>,
    pub(crate) purpose: Purpose,
    pub(crate) done: Done,
}

/// A wish that the journal leave out what full tiles hold; answered when that is done.
pub(crate) struct Shorten {
    pub(crate) first: u64,
    pub(crate) done: Sender<()>,
}

/// What waits, in its order.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    /// There is work, or will be none.
    work: Condvar,
    /// There is room.
    room: Condvar,
}

#[derive(Default)]
struct Inner {
    entries: Vec<Given>,
    shorten: Option<Shorten>,
    /// Whether the thread waits for work. To wake it costs a system call, which is spared while
    /// it is at work.
    asleep: bool,
    /// Whether nobody gives any more.
    ended: bool,
    /// Whether nobody takes any more.
    gone: bool,
}

impl Queue {
    /// Puts an entry in, for the next time that the thread wakes.
    pub(crate) fn put(&self, given: Given) -> Result<(), LedgerError> {
        let mut inner = self.lock();
        while inner.entries.len() >= WAITING_MAX && !inner.gone {
            // What has happened must be told: better late than not at all.
            if given.purpose == Purpose::Begin {
                return Err(LedgerError::NoRoom("more entries wait than can be written".to_owned()));
            }
            self.rouse(&mut inner);
            inner = self.room.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        if inner.gone {
            return Err(gone());
        }
        inner.entries.push(given);
        Ok(())
    }

    /// Asks for the journal to be made shorter. Where nobody writes any more the wish is dropped,
    /// with its sender.
    pub(crate) fn shorten(&self, wish: Shorten) {
        let mut inner = self.lock();
        if !inner.gone {
            inner.shorten = Some(wish);
            self.rouse(&mut inner);
        }
    }

    /// Wakes the thread, where it sleeps.
    pub(crate) fn wake(&self) {
        self.rouse(&mut self.lock());
    }

    /// Nothing more will be put in.
    pub(crate) fn end(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        self.rouse(&mut inner);
    }

    /// Waits until there is work; false once there will be none.
    pub(crate) fn wait(&self) -> bool {
        let mut inner = self.lock();
        while inner.entries.is_empty() && inner.shorten.is_none() {
            if inner.ended {
                return false;
            }
            inner.asleep = true;
            while inner.asleep {
                inner = self.work.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
        }
        true
    }

    /// Takes what there is to do.
    pub(crate) fn take(&self, entries: &mut Vec<Given>) -> Option<Shorten> {
        let mut inner = self.lock();
        std::mem::swap(&mut inner.entries, entries);
        let shorten = inner.shorten.take();
        drop(inner);
        self.room.notify_all();
        shorten
    }

    /// Nobody takes any more: what waits is dropped, and with it what those hear who gave it.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.gone = true;
        let dropped = (std::mem::take(&mut inner.entries), inner.shorten.take());
        drop(inner);
        drop(dropped);
        self.room.notify_all();
    }

    fn rouse(&self, inner: &mut Inner) {
        if std::mem::take(&mut inner.asleep) {
            self.work.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.lock().entries.len()).finish()
    }
}

pub(crate) fn gone() -> LedgerError {
    LedgerError::Failed("the thread that writes it has ended".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    fn given(purpose: Purpose) -> Given {
        Given { bytes: vec![1], purpose, done: Box::new(|_| ()) }
    }

    #[test]
    fn what_would_begin_is_refused_where_too_much_waits_and_what_has_happened_waits_for_room() {
        let queue = Arc::new(Queue::default());
        for _ in 0..WAITING_MAX {
            queue.put(given(Purpose::Begin)).unwrap();
        }
        assert!(matches!(queue.put(given(Purpose::Begin)), Err(LedgerError::NoRoom(_))));
        let (sender, told) = mpsc::channel();
        let other = Arc::clone(&queue);
        let thread = std::thread::spawn(move || sender.send(other.put(given(Purpose::Tell)).is_ok()));
        assert!(told.recv_timeout(Duration::from_millis(100)).is_err(), "there was no room");
        let mut taken = Vec::new();
        assert!(queue.wait());
        assert!(queue.take(&mut taken).is_none());
        assert_eq!(taken.len(), WAITING_MAX);
        assert!(told.recv_timeout(Duration::from_secs(10)).unwrap());
        thread.join().unwrap().unwrap();
        taken.clear();
        queue.end();
        assert!(queue.wait());
        queue.take(&mut taken);
        assert_eq!(taken.len(), 1, "what was put in before the end is taken");
        assert!(!queue.wait());
    }

    #[test]
    fn where_nobody_writes_any_more_whoever_waits_hears_of_it() {
        let queue = Queue::default();
        let (sender, heard) = mpsc::channel();
        let done: Done = Box::new(move |result| drop(sender.send(result)));
        queue.put(Given { bytes: vec![1], purpose: Purpose::Begin, done }).unwrap();
        queue.close();
        assert!(heard.recv().is_err(), "dropped, and not answered");
        assert!(matches!(queue.put(given(Purpose::Tell)), Err(LedgerError::Failed(_))));
        let (sender, done) = mpsc::channel();
        queue.shorten(Shorten { first: 1, done: sender });
        assert!(done.recv().is_err());
    }

    #[test]
    fn one_that_sleeps_wakes_when_it_is_told_to() {
        let queue = Arc::new(Queue::default());
        let other = Arc::clone(&queue);
        let (sender, took) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut taken = Vec::new();
            while other.wait() {
                other.take(&mut taken);
                sender.send(taken.drain(..).count()).unwrap();
            }
        });
        while !queue.lock().asleep {
            std::thread::yield_now();
        }
        queue.put(given(Purpose::Begin)).unwrap();
        queue.put(given(Purpose::Tell)).unwrap();
        assert!(took.recv_timeout(Duration::from_millis(50)).is_err());
        queue.wake();
        assert_eq!(took.recv_timeout(Duration::from_secs(10)), Ok(2), "both at once");
        queue.end();
        thread.join().unwrap();
    }
}
