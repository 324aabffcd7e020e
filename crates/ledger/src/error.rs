//! Why a log could not be opened, written or read.

use crate::note::NoteError;
use std::path::{Path, PathBuf};

/// Why something on a ledger failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// A file or folder.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried: `read`, `write`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Another process writes this log.
    #[error("{}: another process writes this log", .0.display())]
    InUse(PathBuf),
    /// A file that does not hold what it should.
    #[error("{}: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Fewer entries than the log itself has signed for.
    #[error(
        "{}: {entries} entries, but its own checkpoint tells of {signed}: the log was cut or put back\n\
         hint: `creance ledger verify` tells what is left; move the log's folder away, keep it, and begin a new one",
        path.display()
    )]
    RolledBack {
        /// The log's folder.
        path: PathBuf,
        /// How many entries there are.
        entries: u64,
        /// How many there were.
        signed: u64,
    },
    /// A key or a note.
    #[error("{}", path.display())]
    Note {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: NoteError,
    },
    /// A name that no log can have.
    #[error("`{0}` cannot name a log: 1 to 40 of a to z, 0 to 9 and `-`")]
    Name(String),
    /// An entry that is too long.
    #[error("an entry of {0} bytes is too long; at most 65535")]
    TooLong(usize),
    /// No room for entries about new flows.
    #[error("no room for the ledger, so nothing new may begin: {0}")]
    NoRoom(String),
    /// An earlier write failed, after which nothing is known of the file.
    #[error("the ledger failed to write and must be opened anew: {0}")]
    Failed(String),
    /// Randomness for a new key.
    #[error("the system gives no random bytes for a key")]
    Random,
}

impl LedgerError {
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }

    pub(crate) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.into() }
    }

    /// Whether nothing new may begin, but what runs may still be recorded.
    #[must_use]
    pub const fn is_no_room(&self) -> bool {
        matches!(self, Self::NoRoom(_))
    }
}
