//! The journal: where entries are put first, and durable.
//!
//! One file, `journal`: a head of 32 bytes (16 of magic, the version as u32, four bytes of zero,
//! the number of the first entry as u64, all little-endian), then entries, each with its length
//! as u32 and the first eight bytes of the SHA-256 of its number (u64) and its bytes. Room is
//! written with zeros ahead of the entries, so that a full disk shows before an entry needs the
//! room; a length of zero is the end.

use crate::error::LedgerError;
use crate::hash::Hash;
use crate::store;
use crate::tile::{ENTRY_BYTES_MAX, TILE_WIDTH};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"creance-journal\n";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 32;
const FRAME_BYTES: usize = 12;

/// Room is made in pieces of this many bytes.
const ROOM_BYTES: u64 = 1 << 20;

/// Room that only entries about what runs already may take, in bytes: some thousand ends of flows.
const RESERVE_BYTES: u64 = ROOM_BYTES / 2;

/// How much of what a crash left is kept beside the journal, in bytes.
const TORN_BYTES_MAX: u64 = 4 << 20;

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It lets something begin. Refused where room is low.
    Begin,
    /// It tells of what has happened. It may take the last room.
    Tell,
}

/// The journal of a log, open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    first: u64,
    /// The number of the next entry.
    next: u64,
    /// Where entries end that are durable.
    durable: u64,
    /// Where the room ends that was made.
    room: u64,
    /// Entries that are not written yet.
    pending: Vec<u8>,
    /// How many of them there are.
    pending_entries: u64,
    /// Why there was no more room when it was last asked for.
    low: Option<String>,
    /// Why nothing is known of the file any more.
    failed: Option<String>,
}

/// What was found at the end of a journal after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Torn {
    /// How many bytes belong to no whole entry.
    pub(crate) bytes: u64,
    /// The first of them, at most [`TORN_BYTES_MAX`].
    kept: Vec<u8>,
}

impl Journal {
    /// Begins a journal.
    pub(crate) fn create(folder: &Path, first: u64) -> Result<Self, LedgerError> {
        Self::begin(folder, first, first, &[])
    }

    /// Opens a journal; cuts off what a crash left behind its last whole entry.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Option<Torn>), LedgerError> {
        let path = path_in(folder);
        let mut entries = Entries::open(folder)?
            .ok_or_else(|| LedgerError::damaged(&path, "the log has tiles, but no journal"))?;
        while entries.next_entry()?.is_some() {}
        let torn = entries.torn()?;
        let fail = || LedgerError::file("write", &path);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(fail())?;
        if let Some(torn) = &torn {
            // Perhaps it is no crash's doing, and then it is evidence.
            store::put(&folder.join(format!("torn-{}", entries.next)), &torn.kept)?;
            file.set_len(entries.offset).and_then(|()| file.sync_all()).map_err(fail())?;
        }
        let room = file.metadata().map_err(fail())?.len();
        let mut journal = Self {
            path,
            file,
            first: entries.first,
            next: entries.next,
            durable: entries.offset,
            room,
            pending: Vec::new(),
            pending_entries: 0,
            low: None,
            failed: None,
        };
        journal.make_room();
        Ok((journal, torn))
    }

    /// The number of the next entry.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// How long the journal is, in bytes.
    pub(crate) const fn bytes(&self) -> u64 {
        self.durable
    }

    /// Why nothing new may begin, where that is so.
    pub(crate) fn closed(&self) -> Option<&str> {
        self.failed.as_deref().or(self.low.as_deref())
    }

    /// Takes an entry up, and gives its number. It is durable after [`Journal::commit`].
    pub(crate) fn append(&mut self, entry: &[u8], purpose: Purpose) -> Result<u64, LedgerError> {
        if let Some(why) = &self.failed {
            return Err(LedgerError::Failed(why.clone()));
        }
        if entry.is_empty() || entry.len() > ENTRY_BYTES_MAX {
            return Err(LedgerError::TooLong(entry.len()));
        }
        let end = self.durable + (self.pending.len() + FRAME_BYTES + entry.len()) as u64;
        let fits = |journal: &Self| match purpose {
            Purpose::Begin => journal.low.is_none() && end + RESERVE_BYTES <= journal.room,
            Purpose::Tell => end <= journal.room,
        };
        if !fits(self) {
            self.make_room();
        }
        if !fits(self) {
            return Err(LedgerError::NoRoom(
                self.low.clone().unwrap_or_else(|| "the disk is full".to_owned()),
            ));
        }
        frame(&mut self.pending, self.next, entry);
        self.pending_entries += 1;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Makes all entries durable that were taken up. Where that fails they are not in the log, and
    /// nothing more can be written until it is opened anew.
    pub(crate) fn commit(&mut self) -> Result<(), LedgerError> {
        if let Some(why) = &self.failed {
            return Err(LedgerError::Failed(why.clone()));
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        let written =
            self.file.write_all_at(&self.pending, self.durable).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.failed = Some(error.to_string());
            self.next -= self.pending_entries;
            return Err(LedgerError::file("write", &self.path)(error));
        }
        self.durable += self.pending.len() as u64;
        self.pending.clear();
        self.pending_entries = 0;
        Ok(())
    }

    /// Makes room ahead, where less than the reserve and as much again is left, or where there was
    /// none before.
    pub(crate) fn make_room(&mut self) {
        let end = self.durable + self.pending.len() as u64;
        if self.room >= end + 2 * RESERVE_BYTES {
            self.low = None;
            return;
        }
        let goal = (end + 2 * RESERVE_BYTES).div_ceil(ROOM_BYTES) * ROOM_BYTES;
        let zeros = vec![0; usize::try_from(goal - self.room).unwrap_or(0)];
        match self.file.write_all_at(&zeros, self.room).and_then(|()| self.file.sync_all()) {
            Ok(()) => {
                self.room = goal;
                self.low = None;
            }
            Err(error) => self.low = Some(error.to_string()),
        }
    }

    /// Leaves out what tiles hold: begins a new file with the entries from `first` on, which must
    /// begin a tile.
    pub(crate) fn shorten(&mut self, first: u64) -> Result<(), LedgerError> {
        if first <= self.first
            || first > self.next
            || !first.is_multiple_of(TILE_WIDTH)
            || !self.pending.is_empty()
        {
            return Ok(());
        }
        let folder = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        let mut kept = Vec::new();
        let mut entries =
            Entries::open(&folder)?.ok_or_else(|| LedgerError::damaged(&self.path, "the journal is gone"))?;
        while let Some((number, entry)) = entries.next_entry()? {
            if number >= first {
                frame(&mut kept, number, &entry);
            }
        }
        if entries.next != self.next {
            return Err(LedgerError::damaged(&self.path, "it holds other entries than were written"));
        }
        *self = Self::begin(&folder, first, self.next, &kept)?;
        Ok(())
    }

    /// Puts a journal in its place that holds these framed entries.
    fn begin(folder: &Path, first: u64, next: u64, framed: &[u8]) -> Result<Self, LedgerError> {
        let path = path_in(folder);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&first.to_le_bytes());
        bytes.extend_from_slice(framed);
        let durable = bytes.len() as u64;
        let rooms = (durable + 2 * RESERVE_BYTES).div_ceil(ROOM_BYTES) * ROOM_BYTES;
        bytes.resize(usize::try_from(rooms).unwrap_or(usize::MAX), 0);
        store::put(&path, &bytes)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(LedgerError::file("write", &path))?;
        Ok(Self {
            path,
            file,
            first,
            next,
            durable,
            room: rooms,
            pending: Vec::new(),
            pending_entries: 0,
            low: None,
            failed: None,
        })
    }
}

/// The entries of a journal in their order. It may be read while it is written.
#[derive(Debug)]
pub(crate) struct Entries {
    path: PathBuf,
    file: BufReader<File>,
    first: u64,
    next: u64,
    /// Where the next entry begins.
    offset: u64,
}

impl Entries {
    /// Opens a log's journal; none where it has none.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>, LedgerError> {
        let path = path_in(folder);
        let mut file = match File::open(&path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LedgerError::file("read", &path)(error)),
        };
        let mut head = [0; HEAD_BYTES];
        file.read_exact(&mut head).map_err(LedgerError::file("read", &path))?;
        let (magic, rest) = head.split_at(MAGIC.len());
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let (version, first) = rest.split_at(8);
        if magic != MAGIC {
            return Err(LedgerError::damaged(&path, "this is no journal of a ledger"));
        }
        if number(version) != u64::from(VERSION) {
            return Err(LedgerError::damaged(
                &path,
                format!("version {} is not known here", number(version)),
            ));
        }
        let first = number(first);
        if !first.is_multiple_of(TILE_WIDTH) {
            return Err(LedgerError::damaged(&path, "its first entry does not begin a tile"));
        }
        Ok(Some(Self { path, file, first, next: first, offset: HEAD_BYTES as u64 }))
    }

    /// The number of the first entry in the file.
    pub(crate) const fn first(&self) -> u64 {
        self.first
    }

    /// The number of the entry that comes next.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// The next whole entry with its number. After the last one none, also when asked again, until
    /// there is one more.
    pub(crate) fn next_entry(&mut self) -> Result<Option<(u64, Vec<u8>)>, LedgerError> {
        let mut entry = self.read_frame()?;
        if entry.is_none() {
            // What was read ahead may be older than what stands there now.
            self.seek()?;
            entry = self.read_frame()?;
        }
        let Some(entry) = entry else {
            self.seek()?;
            return Ok(None);
        };
        self.offset += (FRAME_BYTES + entry.len()) as u64;
        self.next += 1;
        Ok(Some((self.next - 1, entry)))
    }

    /// Goes to where the next entry begins, and forgets what was read ahead.
    fn seek(&mut self) -> Result<(), LedgerError> {
        let place = self.file.seek(SeekFrom::Start(self.offset));
        place.map(drop).map_err(LedgerError::file("read", &self.path))
    }

    /// What stands behind the last whole entry and is not zero.
    pub(crate) fn torn(&mut self) -> Result<Option<Torn>, LedgerError> {
        self.seek()?;
        let fail = || LedgerError::file("read", &self.path);
        let mut kept = Vec::new();
        (&mut self.file).take(TORN_BYTES_MAX).read_to_end(&mut kept).map_err(fail())?;
        let mut bytes = written(&kept);
        let mut before = kept.len() as u64;
        let mut piece = vec![0; 1 << 16];
        loop {
            let read = self.file.read(&mut piece).map_err(fail())?;
            let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
            if written(piece) > 0 {
                bytes = before + written(piece);
            }
            before += read as u64;
        }
        kept.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        Ok((bytes > 0).then_some(Torn { bytes, kept }))
    }

    fn read_frame(&mut self) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut whole = |buffer: &mut [u8]| match self.file.read_exact(buffer) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(LedgerError::file("read", &self.path)(error)),
        };
        let (mut length, mut check) = ([0; 4], [0; 8]);
        if !whole(&mut length)? || !whole(&mut check)? {
            return Ok(None);
        }
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length == 0 || length > ENTRY_BYTES_MAX {
            return Ok(None);
        }
        let mut entry = vec![0; length];
        let is_whole = whole(&mut entry)? && check == check_of(self.next, &entry);
        Ok(is_whole.then_some(entry))
    }
}

/// How many bytes there are up to the last one that is not zero.
fn written(bytes: &[u8]) -> u64 {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
}

fn frame(bytes: &mut Vec<u8>, number: u64, entry: &[u8]) {
    // At most 65535, which `append` has seen to.
    bytes.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(0).to_le_bytes());
    bytes.extend_from_slice(&check_of(number, entry));
    bytes.extend_from_slice(entry);
}

fn check_of(number: u64, entry: &[u8]) -> [u8; 8] {
    let hash = Hash::of(&[&number.to_le_bytes(), entry]);
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    [a, b, c, d, e, f, g, h]
}

fn path_in(folder: &Path) -> PathBuf {
    folder.join("journal")
}
