//! Entries and logs that tests share.

use creance_ledger::{Directory, Entry, Event, FlowBytes, Log, Purpose, Reader};
use creance_model::Timestamp;
use std::path::{Path, PathBuf};

pub(crate) const NOW: Timestamp = Timestamp(1_772_000_000_123_456_000);

/// An entry that can be told from all others by its number.
pub(crate) fn numbered(number: u64) -> Entry {
    let bytes = FlowBytes { flow: number, up: Some(number * 3), down: None };
    Entry { at: NOW, event: Event::FlowProgressed(bytes) }
}

/// Takes up numbered entries.
pub(crate) fn fill(log: &mut Log, numbers: std::ops::Range<u64>) {
    for number in numbers {
        log.append(&numbered(number), Purpose::Tell).unwrap();
    }
}

/// The number of such an entry; none for others.
pub(crate) fn number_of(bytes: &[u8]) -> Option<u64> {
    let entry = Entry::from_bytes(bytes).unwrap();
    if let Event::FlowProgressed(bytes) = entry.event { Some(bytes.flow) } else { None }
}

/// A ledger with one log that was written and closed: `entries` entries and those that tell of
/// its beginning and end.
pub(crate) struct Written {
    pub(crate) home: tempfile::TempDir,
    pub(crate) directory: Directory,
}

impl Written {
    pub(crate) fn with(entries: u64) -> Self {
        let written = Self::empty();
        let mut log = written.open();
        fill(&mut log, 0..entries);
        log.close(NOW).unwrap();
        written
    }

    pub(crate) fn empty() -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = Directory::at(home.path().join("ledger"));
        Self { home, directory }
    }

    pub(crate) fn open(&self) -> Log {
        self.directory.open_log("gateway", "test 1", NOW).unwrap()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.directory.log_folder("gateway").unwrap()
    }
}

/// All entries of a log.
pub(crate) fn entries(folder: &Path) -> Vec<Vec<u8>> {
    let mut reader = Reader::open(folder).unwrap();
    std::iter::from_fn(|| reader.read_next().unwrap()).map(|(_, entry)| entry).collect()
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)
        } else {
            std::fs::copy(entry.path(), to).map(drop).unwrap()
        }
    }
}
