//! One log: a folder with a journal, tiles and a checkpoint, written by one process at a time.

use crate::checkpoint::Checkpoint;
use crate::entry::{Entry, Event};
use crate::error::LedgerError;
use crate::journal::{Journal, Purpose};
use crate::note::SigningKey;
use crate::store::Pending;
use crate::tile::TILE_WIDTH;
use crate::tiler::{self, Tiler};
use creance_model::Timestamp;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A journal is begun anew when it is longer than this, in bytes.
const JOURNAL_BYTES_MAX: u64 = 16 << 20;

/// A log that is open for writing. While it lives no other process can write it.
#[derive(Debug)]
pub struct Log {
    pub(crate) journal: Journal,
    pub(crate) tiler: Tiler,
    pub(crate) lock: File,
}

impl Log {
    /// Opens a log, or begins it where the folder is not there, and records that it did. What a
    /// crash left behind the last whole entry is cut off, kept in a file beside, and recorded.
    ///
    /// The key bears the log's name. `program` is who writes, with its version.
    ///
    /// # Errors
    /// [`LedgerError`]; among them that another process writes this log, and that there are fewer
    /// entries than the log has signed for.
    pub fn open(folder: &Path, key: SigningKey, program: &str, now: Timestamp) -> Result<Self, LedgerError> {
        let mut pending = Pending::default();
        pending.make_folder(folder)?;
        pending.settle()?;
        let lock = lock(folder)?;
        let signed = tiler::signed(folder, &key)?;
        let is_new = signed.is_none() && !folder.join("journal").exists() && !folder.join("tile").exists();
        let (journal, torn) =
            if is_new { (Journal::create(folder, 0)?, None) } else { Journal::open(folder)? };
        if let Some(signed) = signed.filter(|signed| signed.size > journal.next()) {
            return Err(LedgerError::RolledBack {
                path: folder.to_owned(),
                entries: journal.next(),
                signed: signed.size,
            });
        }
        let tiler = Tiler::open(folder, key)?;
        let mut log = Self { journal, tiler, lock };
        if let Some(torn) = torn {
            log.append(&Entry { at: now, event: Event::Repaired { bytes: torn.bytes } }, Purpose::Tell)?;
        }
        let opened = Event::Opened { program: program.to_owned() };
        log.append(&Entry { at: now, event: opened }, Purpose::Tell)?;
        log.commit()?;
        // From its first moment a log has a checkpoint. On a full disk it comes later.
        let _ = log.checkpoint();
        Ok(log)
    }

    /// How many entries there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.journal.next()
    }

    /// Why nothing new may begin, where that is so: a full or failed disk.
    #[must_use]
    pub fn closed(&self) -> Option<&str> {
        self.journal.closed()
    }

    /// Takes an entry up, and gives its number. It is durable after [`Log::commit`].
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::is_no_room`] where it would let something begin and the
    /// disk is full.
    pub fn append(&mut self, entry: &Entry, purpose: Purpose) -> Result<u64, LedgerError> {
        self.journal.append(&entry.to_bytes(), purpose)
    }

    /// Makes all entries durable that were taken up.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing can be written after it until the log is opened anew.
    pub fn commit(&mut self) -> Result<(), LedgerError> {
        self.journal.commit()
    }

    /// Commits, writes the tiles, and signs for all entries.
    ///
    /// # Errors
    /// [`LedgerError`]. The entries are safe in the journal, and the next try begins where this
    /// one ended.
    pub fn checkpoint(&mut self) -> Result<Checkpoint, LedgerError> {
        self.commit()?;
        self.tiler.follow(self.journal.next())?;
        let checkpoint = self.tiler.checkpoint()?;
        if is_long(self.journal.bytes()) {
            self.journal.shorten(full(checkpoint.size))?;
            self.tiler.reopen()?;
        }
        Ok(checkpoint)
    }

    /// Records the end, and signs for everything.
    ///
    /// # Errors
    /// [`LedgerError`]; the log is as after a crash then, and loses nothing.
    pub fn close(mut self, now: Timestamp) -> Result<Checkpoint, LedgerError> {
        self.append(&Entry { at: now, event: Event::Closed }, Purpose::Tell)?;
        self.checkpoint()
    }
}

/// Whether a journal of so many bytes should be begun anew.
pub(crate) const fn is_long(bytes: u64) -> bool {
    bytes > JOURNAL_BYTES_MAX
}

/// How many of so many entries are in full tiles.
pub(crate) const fn full(size: u64) -> u64 {
    size / TILE_WIDTH * TILE_WIDTH
}

fn lock(folder: &Path) -> Result<File, LedgerError> {
    let path = folder.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(LedgerError::file("write", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(LedgerError::file("lock", &path)(error)),
    }
}
