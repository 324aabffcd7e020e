//! Makes tiles and checkpoints of what the journal holds.

use crate::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use crate::error::LedgerError;
use crate::hash::Hash;
use crate::journal::Entries;
use crate::note::SigningKey;
use crate::store::{self, Pending};
use crate::tile::{Kind, TILE_WIDTH, Tile};
use crate::tree::{Builder, Written, root_of};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Follows the journal, and writes what follows from it.
#[derive(Debug)]
pub(crate) struct Tiler {
    folder: PathBuf,
    key: SigningKey,
    entries: Entries,
    builder: Builder,
    /// Full tiles that could not be written yet: those of one entry at most.
    unwritten: VecDeque<Written>,
    pending: Pending,
    /// The size of the last checkpoint.
    signed: Option<u64>,
}

impl Tiler {
    /// Goes on where the journal of the log begins. The key bears the log's name.
    pub(crate) fn open(folder: &Path, key: SigningKey) -> Result<Self, LedgerError> {
        let entries = journal(folder)?;
        let signed = signed(folder, &key)?.map(|checkpoint| checkpoint.size);
        let builder = resume(folder, entries.first() / TILE_WIDTH)?;
        Ok(Self {
            folder: folder.to_owned(),
            key,
            entries,
            builder,
            unwritten: VecDeque::new(),
            pending: Pending::default(),
            signed,
        })
    }

    /// How many entries are in tiles, full or not.
    pub(crate) const fn size(&self) -> u64 {
        self.builder.size()
    }

    /// Takes up the entries of the journal as far as `size`, and writes the tiles that are full
    /// with them.
    pub(crate) fn follow(&mut self, size: u64) -> Result<(), LedgerError> {
        self.write_full()?;
        while self.builder.size() < size {
            let (_, entry) = self
                .entries
                .next_entry()?
                .ok_or_else(|| LedgerError::damaged(&self.folder, "the journal lost entries"))?;
            self.unwritten.extend(self.builder.push(&entry));
            self.write_full()?;
        }
        Ok(())
    }

    fn write_full(&mut self) -> Result<(), LedgerError> {
        while let Some((tile, bytes)) = self.unwritten.front() {
            let path = self.folder.join(tile.path());
            self.pending.put(&path, bytes)?;
            // That the parts of it are gone matters to nobody, so neither does it whether it worked.
            let _ = std::fs::remove_dir_all(path.with_added_extension("p"));
            self.unwritten.pop_front();
        }
        Ok(())
    }

    /// Writes the tiles that are not full, then signs for everything that was taken up. Nothing
    /// is written where nothing is new.
    pub(crate) fn checkpoint(&mut self) -> Result<Checkpoint, LedgerError> {
        let checkpoint = Checkpoint {
            origin: self.key.verifier().name().to_owned(),
            size: self.builder.size(),
            root: self.builder.root(),
        };
        if self.signed != Some(checkpoint.size) {
            self.write_full()?;
            for (tile, bytes) in self.builder.partial() {
                self.pending.put(&self.folder.join(tile.path()), &bytes)?;
            }
            // A checkpoint promises its tiles: they come first.
            self.pending.settle()?;
            store::put(&checkpoint_path(&self.folder), checkpoint.sign(&self.key).as_bytes())?;
            self.signed = Some(checkpoint.size);
        }
        Ok(checkpoint)
    }

    /// Reads the journal anew, which was shortened to what is not in full tiles.
    pub(crate) fn reopen(&mut self) -> Result<(), LedgerError> {
        let mut entries = journal(&self.folder)?;
        while entries.next() < self.builder.size() {
            entries
                .next_entry()?
                .ok_or_else(|| LedgerError::damaged(&self.folder, "the journal lost entries"))?;
        }
        self.entries = entries;
        Ok(())
    }
}

/// The checkpoint that a log signed last.
pub(crate) fn signed(folder: &Path, key: &SigningKey) -> Result<Option<Checkpoint>, LedgerError> {
    let path = checkpoint_path(folder);
    let Some(note) = store::read_text(&path, CHECKPOINT_BYTES_MAX)? else { return Ok(None) };
    match Checkpoint::open(&note, key.verifier()) {
        Ok(checkpoint) if checkpoint.origin == key.verifier().name() => Ok(Some(checkpoint)),
        Ok(other) => Err(LedgerError::damaged(&path, format!("this is of another log, `{}`", other.origin))),
        Err(source) => Err(LedgerError::Note { path, source }),
    }
}

pub(crate) fn checkpoint_path(folder: &Path) -> PathBuf {
    folder.join("checkpoint")
}

fn journal(folder: &Path) -> Result<Entries, LedgerError> {
    Entries::open(folder)?.ok_or_else(|| LedgerError::damaged(folder, "the journal is gone"))
}

/// The right edge of the tree after so many full tiles of entries, from the tiles on the disk.
fn resume(folder: &Path, full_tiles: u64) -> Result<Builder, LedgerError> {
    let mut levels = vec![Vec::new()];
    let mut below = full_tiles;
    for level in 0_u8.. {
        if below == 0 {
            break;
        }
        // What stands in the last tile of the level above are roots of the last tiles of this one.
        let standing = below % TILE_WIDTH;
        let roots: Result<Vec<Hash>, LedgerError> =
            (below - standing..below).map(|index| root_of_tile(folder, level, index)).collect();
        levels.push(roots?);
        below /= TILE_WIDTH;
    }
    Ok(Builder::after(full_tiles, levels))
}

fn root_of_tile(folder: &Path, level: u8, index: u64) -> Result<Hash, LedgerError> {
    let path = folder.join(Tile { kind: Kind::Hashes(level), index, width: TILE_WIDTH }.path());
    let bytes_max = TILE_WIDTH * Hash::BYTES as u64;
    let bytes =
        store::read(&path, bytes_max)?.ok_or_else(|| LedgerError::damaged(&path, "the tile is missing"))?;
    let hashes: Vec<Hash> = bytes.chunks(Hash::BYTES).filter_map(Hash::from_bytes).collect();
    if hashes.len() as u64 != TILE_WIDTH {
        return Err(LedgerError::damaged(&path, "the tile is cut short"));
    }
    Ok(root_of(&hashes))
}
