//! Checks a log offline, with the public key alone.

use crate::checkpoint::{CHECKPOINT_BYTES_MAX, Checkpoint};
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::hash::Hash;
use crate::note::VerifierKey;
use crate::reader::Reader;
use crate::store;
use crate::tile::{Kind, TILE_WIDTH, Tile};
use crate::tiler::checkpoint_path;
use crate::tree::Builder;
use std::collections::BTreeMap;
use std::path::Path;

/// Problems that are listed; one damaged disk can have a million.
const PROBLEMS_MAX: usize = 100;

/// A checkpoint that was kept elsewhere, with what it is called in messages.
#[derive(Debug, Clone)]
pub struct Held {
    /// Where it comes from.
    pub name: String,
    /// The signed note.
    pub note: String,
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It has no checkpoint of its own.
    NoCheckpoint,
    /// A checkpoint is none, or the key did not sign it.
    BadCheckpoint {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// A checkpoint is that of another log.
    OtherLog {
        /// Which.
        name: String,
        /// The name that it bears.
        origin: String,
    },
    /// The log ends before a checkpoint: a tail was cut off, or an older state put back.
    Short {
        /// Which checkpoint.
        name: String,
        /// How many entries it signs for.
        signed: u64,
        /// How many there are.
        entries: u64,
    },
    /// The log holds other entries than those that a checkpoint signs for: an entry was changed,
    /// or there are two histories.
    OtherHistory {
        /// Which checkpoint.
        name: String,
        /// How many entries it signs for.
        signed: u64,
    },
    /// A tile that the log's own checkpoint promises is not there.
    MissingTile(Tile),
    /// A tile holds other hashes than its entries give.
    ChangedTile(Tile),
    /// The hash of an entry is not the one in its tile: one of the two was changed.
    ChangedEntry(u64),
    /// Bytes that are no entry of a version known here.
    UnknownEntry {
        /// Its number.
        number: u64,
        /// Why.
        why: String,
    },
    /// A file of the log cannot be read, so that what follows in it is not known.
    Unreadable(String),
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The log's name; none where it has no checkpoint.
    pub origin: Option<String>,
    /// How many entries could be read.
    pub entries: u64,
    /// How many of them the farthest checkpoint signs for that holds.
    pub signed: u64,
    /// What is wrong, as found; nothing where all is well.
    pub problems: Vec<Problem>,
    /// How many problems there are beyond those listed.
    pub problems_left_out: u64,
}

impl Verified {
    /// How many entries lie after the last checkpoint that holds. Nobody has signed for them:
    /// whoever can write the folder can change them unseen.
    #[must_use]
    pub const fn after_checkpoint(&self) -> u64 {
        self.entries.saturating_sub(self.signed)
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.problems_left_out += 1;
        }
    }
}

/// Checks a log against its own checkpoint and those that were kept elsewhere. Everything is
/// computed from the entries; of a file that cannot be read nothing is believed. `origin` is the
/// name that the log must bear; where none is given, the one that its checkpoint gives it.
///
/// # Errors
/// [`LedgerError`] where there is no log at all.
pub fn verify(
    folder: &Path,
    origin: Option<&str>,
    key: &VerifierKey,
    held: &[Held],
) -> Result<Verified, LedgerError> {
    let origin = origin.map(str::to_owned);
    let mut found = Verified { origin, entries: 0, signed: 0, problems: Vec::new(), problems_left_out: 0 };
    // The checkpoint first: a log that is written meanwhile has at least what it signs for.
    let path = checkpoint_path(folder);
    let own = match store::read_text(&path, CHECKPOINT_BYTES_MAX) {
        Ok(Some(note)) => open("its own checkpoint", &note, key, &mut found),
        Ok(None) => {
            found.add(Problem::NoCheckpoint);
            None
        }
        Err(error) => {
            found.add(Problem::Unreadable(error.to_string()));
            None
        }
    };
    let promised = own.as_ref().map_or(0, |(_, own)| own.size);
    let held = held.iter().filter_map(|held| open(&held.name, &held.note, key, &mut found));
    let all: Vec<(String, Checkpoint)> = own.into_iter().chain(held.collect::<Vec<_>>()).collect();
    let mut checkpoints = Vec::new();
    for (name, checkpoint) in all {
        let origin = found.origin.get_or_insert_with(|| checkpoint.origin.clone());
        if *origin == checkpoint.origin {
            checkpoints.push((name, checkpoint));
        } else {
            found.add(Problem::OtherLog { name, origin: checkpoint.origin });
        }
    }
    let mut walk = Walk { folder, promised, roots: BTreeMap::new() };
    for (_, checkpoint) in &checkpoints {
        walk.roots.insert(checkpoint.size, None);
    }
    walk.go(Reader::open(folder)?, &mut found);
    for (name, checkpoint) in checkpoints {
        let signed = checkpoint.size;
        match walk.roots.get(&signed).copied().flatten() {
            None => found.add(Problem::Short { name, signed, entries: found.entries }),
            Some(root) if root != checkpoint.root => found.add(Problem::OtherHistory { name, signed }),
            Some(_) => found.signed = found.signed.max(signed),
        }
    }
    Ok(found)
}

fn open(name: &str, note: &str, key: &VerifierKey, found: &mut Verified) -> Option<(String, Checkpoint)> {
    match Checkpoint::open(note, key) {
        Ok(checkpoint) => Some((name.to_owned(), checkpoint)),
        Err(error) => {
            found.add(Problem::BadCheckpoint { name: name.to_owned(), why: error.to_string() });
            None
        }
    }
}

/// One reading of a log from end to end.
struct Walk<'a> {
    folder: &'a Path,
    /// How many entries the log's own checkpoint signs for: it has tiles for them.
    promised: u64,
    /// The roots at the sizes that are asked for, as far as the log goes.
    roots: BTreeMap<u64, Option<Hash>>,
}

impl Walk<'_> {
    fn go(&mut self, mut reader: Reader, found: &mut Verified) {
        let mut builder = Builder::default();
        loop {
            if let Some(root) = self.roots.get_mut(&builder.size()) {
                *root = Some(builder.root());
            }
            if builder.size() == self.promised {
                for (tile, bytes) in builder.partial() {
                    self.compare(tile, &bytes, found);
                }
            }
            let (number, entry) = match reader.read_next() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    found.add(Problem::Unreadable(error.to_string()));
                    break;
                }
            };
            if let Err(error) = Entry::from_bytes(&entry) {
                found.add(Problem::UnknownEntry { number, why: error.to_string() });
            }
            for (tile, bytes) in builder.push(&entry) {
                if builder.size() <= self.promised {
                    self.compare(tile, &bytes, found);
                }
            }
        }
        found.entries = builder.size();
    }

    /// Holds a tile against what its entries give.
    fn compare(&self, tile: Tile, expected: &[u8], found: &mut Verified) {
        let read =
            |tile: Tile| store::read(&self.folder.join(tile.path()), expected.len() as u64 + (1 << 24));
        let bytes = match read(tile) {
            // A part gives way to the whole when more entries come.
            Ok(None) => read(tile.full()).map(|whole| {
                whole.map(|mut whole| {
                    whole.truncate(expected.len());
                    whole
                })
            }),
            other => other,
        };
        match bytes {
            Ok(None) => found.add(Problem::MissingTile(tile)),
            Ok(Some(bytes)) if bytes == expected => {}
            Ok(Some(bytes)) => match tile.kind {
                Kind::Hashes(0) if bytes.len() == expected.len() => {
                    let pairs = bytes.chunks(Hash::BYTES).zip(expected.chunks(Hash::BYTES));
                    for (number, _) in
                        (tile.index * TILE_WIDTH..).zip(pairs).filter(|(_, (is, should))| is != should)
                    {
                        found.add(Problem::ChangedEntry(number));
                    }
                }
                Kind::Hashes(_) | Kind::Entries => found.add(Problem::ChangedTile(tile)),
            },
            Err(error) => found.add(Problem::Unreadable(error.to_string())),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoCheckpoint => f.write_str("it has no checkpoint: nobody has signed for any entry"),
            Self::BadCheckpoint { name, why } => write!(f, "{name}: {why}"),
            Self::OtherLog { name, origin } => write!(f, "{name}: it is of another log, `{origin}`"),
            Self::Short { name, signed, entries } => write!(
                f,
                "{name} signs for {signed} entries, and there are {entries}: a tail was cut off, or an \
                 older state put back"
            ),
            Self::OtherHistory { name, signed } => write!(
                f,
                "{name} signs for {signed} other entries than stand here: an entry was changed, or there \
                 are two histories"
            ),
            Self::MissingTile(tile) => write!(f, "{} is missing", tile.path().display()),
            Self::ChangedTile(tile) => write!(f, "{} was changed", tile.path().display()),
            Self::ChangedEntry(number) => {
                write!(f, "entry {number} and its hash in the tiles do not agree: one of the two was changed")
            }
            Self::UnknownEntry { number, why } => write!(f, "entry {number}: {why}"),
            Self::Unreadable(why) => write!(f, "{why}; what follows is not known"),
        }
    }
}
