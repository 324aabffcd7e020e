//! Reads a log: its bundles, then its journal. Works beside the process that writes it, and on a
//! copy that has no journal.

use crate::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use crate::error::LedgerError;
use crate::journal::Entries;
use crate::store;
use crate::tile::{ENTRY_BYTES_MAX, Kind, TILE_WIDTH, Tile, unpack};
use crate::tiler::checkpoint_path;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// The longest bundle, in bytes.
const BUNDLE_BYTES_MAX: u64 = TILE_WIDTH * (ENTRY_BYTES_MAX as u64 + 2);

/// The entries of a log in their order, as bytes.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    journal: Option<Entries>,
    /// Where entries come from the journal; the end, where there is none.
    journal_from: u64,
    next: u64,
    bundle: VecDeque<Vec<u8>>,
}

impl Reader {
    /// Opens a log at its first entry.
    ///
    /// # Errors
    /// [`LedgerError`] where there is no log, or a file of it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        let journal = Entries::open(folder)?;
        let journal_from = match &journal {
            Some(journal) => journal.first(),
            None => copied_size(folder)?,
        };
        Ok(Self { folder: folder.to_owned(), journal, journal_from, next: 0, bundle: VecDeque::new() })
    }

    /// The number of the entry that comes next.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Goes to an entry, forward. Bundles between are not read.
    ///
    /// # Errors
    /// [`LedgerError`] where a file cannot be read.
    pub fn skip_to(&mut self, number: u64) -> Result<(), LedgerError> {
        let bundle = number.min(self.journal_from) / TILE_WIDTH * TILE_WIDTH;
        if bundle > self.next {
            self.bundle.clear();
            self.next = bundle;
        }
        while self.next < number && self.read_next()?.is_some() {}
        Ok(())
    }

    /// The next entry with its number. After the last one none, also when asked again, until the
    /// log has one more.
    ///
    /// # Errors
    /// [`LedgerError`] where a bundle is missing or damaged.
    pub fn read_next(&mut self) -> Result<Option<(u64, Vec<u8>)>, LedgerError> {
        if self.next >= self.journal_from {
            let entry = self.read_journal()?;
            if entry.is_some() || !self.is_begun_anew()? {
                return Ok(entry);
            }
            return self.read_next();
        }
        if self.bundle.is_empty() {
            self.bundle = self.read_bundle()?;
        }
        let entry = self.bundle.pop_front();
        self.next += 1;
        Ok(entry.map(|entry| (self.next - 1, entry)))
    }

    fn read_journal(&mut self) -> Result<Option<(u64, Vec<u8>)>, LedgerError> {
        let Some(journal) = &mut self.journal else { return Ok(None) };
        while let Some((number, entry)) = journal.next_entry()? {
            if number >= self.next {
                self.next = number + 1;
                return Ok(Some((number, entry)));
            }
        }
        Ok(None)
    }

    /// Whether another journal stands in the place of the one that was read, which is read from
    /// now on.
    fn is_begun_anew(&mut self) -> Result<bool, LedgerError> {
        let Some(old) = &self.journal else { return Ok(false) };
        let Some(new) = Entries::open(&self.folder)?.filter(|new| new.first() > old.first()) else {
            return Ok(false);
        };
        self.journal_from = new.first();
        self.journal = Some(new);
        // An entry between the two journals is in a bundle, of which the first part was read.
        let next = self.next;
        self.next = next.min(self.journal_from) / TILE_WIDTH * TILE_WIDTH;
        self.bundle.clear();
        if next < self.journal_from {
            self.skip_to(next)?
        } else {
            self.next = next
        }
        Ok(true)
    }

    /// The bundle that begins with the next entry.
    fn read_bundle(&self) -> Result<VecDeque<Vec<u8>>, LedgerError> {
        let width = (self.journal_from - self.next).min(TILE_WIDTH);
        let tile = Tile { kind: Kind::Entries, index: self.next / TILE_WIDTH, width };
        let path = self.folder.join(tile.path());
        // A part gives way to the whole when more entries come.
        let (path, bytes) = match store::read(&path, BUNDLE_BYTES_MAX)? {
            Some(bytes) => (path, bytes),
            None => {
                let whole = self.folder.join(tile.full().path());
                let bytes = store::read(&whole, BUNDLE_BYTES_MAX)?
                    .ok_or_else(|| LedgerError::damaged(&path, "the tile is missing"))?;
                (whole, bytes)
            }
        };
        let entries = unpack(&bytes).filter(|entries| entries.len() as u64 >= width);
        let entries = entries.ok_or_else(|| LedgerError::damaged(&path, "it does not hold its entries"))?;
        let width = usize::try_from(width).unwrap_or(usize::MAX);
        Ok(entries.into_iter().take(width).map(<[u8]>::to_vec).collect())
    }
}

/// The size of a log that has no journal: what its checkpoint says. Whether that is signed is
/// for `verify` to tell.
fn copied_size(folder: &Path) -> Result<u64, LedgerError> {
    let path = checkpoint_path(folder);
    let note = store::read_text(&path, CHECKPOINT_BYTES_MAX)?.ok_or_else(|| {
        LedgerError::damaged(folder, "there is no log here: neither a journal nor a checkpoint")
    })?;
    Checkpoint::read(&note)
        .map(|checkpoint| checkpoint.size)
        .map_err(|source| LedgerError::Note { path, source })
}
