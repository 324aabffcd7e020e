//! Folders with ledgers outside of Creance's own folder: each jail covers them, and none begins
//! within reach of an app that runs.
//!
//! A jail covers what is known when it is made. So whoever begins a ledger in another folder makes
//! it known first, on the disk, and may do so only while no jail runs: a jail holds a lock together
//! with others, and to make a folder known takes it alone.

use crate::jail::shut;
use ring::digest::{SHA256, digest};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of records within the state folder.
const FOLDER: &str = "ledgers";

/// The file that is locked.
const LOCK: &str = "lock";

/// The ending of a record's name.
const RECORD: &str = "folder";

/// Folders that are known at a time. Those that are gone make room.
const FOLDERS_MAX: usize = 256;

/// Folders with ledgers that are known to a user's jails.
#[derive(Debug, Clone)]
pub struct Ledgers {
    state: PathBuf,
}

/// What a jail must cover. While this lives nobody begins a ledger in a folder that is not among it.
#[derive(Debug)]
pub struct Known {
    folders: Vec<PathBuf>,
    _lock: File,
}

impl Known {
    /// The folders, without symbolic links.
    #[must_use]
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }
}

/// Why a folder is not known, or not all are.
#[derive(Debug, thiserror::Error)]
pub enum LedgersError {
    /// An app runs that would reach it.
    #[error(
        "an app that runs in a jail could reach `{0}`, which was no ledger when it started\nhint: end it \
         first, or leave --ledger out, or name a folder that had a ledger before"
    )]
    InReach(PathBuf),
    /// To cover it would hide more than a ledger.
    #[error(
        "`{0}` holds your home, and no app could run beside a ledger there\nhint: name a folder of its own"
    )]
    TooWide(PathBuf),
    /// An app could open what keeps it from a ledger now.
    #[error(
        "`{folder}` is shut, and an app could open it and reach `{below}`, which cannot be covered now\n\
         hint: `chmod u+rwx` it first, or take away what is below it"
    )]
    Shut {
        /// What is shut.
        folder: PathBuf,
        /// What lies below it.
        below: PathBuf,
    },
    /// There are too many.
    #[error(
        "{FOLDERS_MAX} folders have ledgers\nhint: take away those that are done with, or leave --ledger out"
    )]
    TooMany,
    /// A record is no record.
    #[error(
        "`{0}` does not tell which folder has a ledger\nhint: begin a ledger there again, and remove the file"
    )]
    Damaged(PathBuf),
    /// Something about a file went wrong.
    #[error("`{path}` cannot be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> LedgersError {
    let path = path.to_owned();
    move |source| LedgersError::File { path, source }
}

impl Ledgers {
    /// Those of a state folder, which every jail covers with all that is in it.
    #[must_use]
    pub fn of(state: &Path) -> Self {
        Self { state: state.to_owned() }
    }

    /// Makes a folder known before a ledger begins there, and makes the folder where it is missing.
    ///
    /// # Errors
    /// [`LedgersError`]; then no ledger may begin there.
    pub fn add(&self, ledger: &Path, home: Option<&Path>) -> Result<(), LedgersError> {
        let was_there = ledger.is_dir();
        make(&self.records())?;
        make(ledger)?;
        let state = self.state.canonicalize().map_err(failed(&self.state))?;
        let ledger = ledger.canonicalize().map_err(failed(ledger))?;
        if ledger.starts_with(&state) {
            return Ok(());
        }
        if home.and_then(|home| home.canonicalize().ok()).is_some_and(|home| home.starts_with(&ledger)) {
            return Err(LedgersError::TooWide(ledger));
        }
        let record = Record::of(&ledger)?;
        let path = self.records().join(record.name());
        // Known already, and the same folder: every jail that runs has covered it.
        if was_there && fs::read(&path).is_ok_and(|bytes| bytes == record.to_bytes()) {
            return Ok(());
        }
        let lock = self.lock()?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LedgersError::InReach(ledger)),
            Err(TryLockError::Error(error)) => return Err(failed(&self.records())(error)),
        }
        if !path.exists() {
            self.make_room()?;
        }
        self.put(&path, &record.to_bytes())
    }

    /// The folders that are known, for a jail; they stay the only ones while what is given lives.
    ///
    /// # Errors
    /// [`LedgersError`]; then no jail may begin.
    pub fn known(&self) -> Result<Known, LedgersError> {
        open(&self.records().join(LOCK))?;
        make(&self.records())?;
        let lock = self.lock()?;
        lock.lock_shared().map_err(failed(&self.records()))?;
        let mut folders = Vec::new();
        for path in self.list()? {
            let record = Record::read(&path)?;
            match record.path.canonicalize() {
                Ok(folder) if folder.is_dir() => folders.push(folder),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                // What another user keeps this one from, the app does not reach either.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => open(&record.path)?,
                Err(error) => return Err(failed(&record.path)(error)),
            }
        }
        folders.sort();
        folders.dedup();
        Ok(Known { folders, _lock: lock })
    }

    fn records(&self) -> PathBuf {
        self.state.join(FOLDER)
    }

    fn lock(&self) -> Result<File, LedgersError> {
        let path = self.records().join(LOCK);
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed(&path))
    }

    fn list(&self) -> Result<Vec<PathBuf>, LedgersError> {
        let records = self.records();
        let entries = fs::read_dir(&records).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let paths = entries.map_err(failed(&records))?.into_iter().map(|entry| entry.path());
        let mut paths: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|extension| extension == RECORD)).collect();
        paths.sort();
        Ok(paths)
    }

    /// Where there are as many as there may be, those that are gone go.
    fn make_room(&self) -> Result<(), LedgersError> {
        let paths = self.list()?;
        if paths.len() < FOLDERS_MAX {
            return Ok(());
        }
        let mut left = paths.len();
        for path in paths {
            if !Record::read(&path)?.path.exists() {
                fs::remove_file(&path).map_err(failed(&path))?;
                left -= 1;
            }
        }
        if left < FOLDERS_MAX { Ok(()) } else { Err(LedgersError::TooMany) }
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), LedgersError> {
        let new = path.with_extension("new");
        let put = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, path)?;
            File::open(self.records())?.sync_all()
        };
        put().map_err(failed(path))
    }
}

/// A folder, and which it is: another one may be put in its place.
struct Record {
    device: u64,
    inode: u64,
    path: PathBuf,
}

impl Record {
    fn of(folder: &Path) -> Result<Self, LedgersError> {
        let found = fs::metadata(folder).map_err(failed(folder))?;
        Ok(Self { device: found.dev(), inode: found.ino(), path: folder.to_owned() })
    }

    fn name(&self) -> String {
        let mut name = String::new();
        for byte in digest(&SHA256, self.path.as_os_str().as_bytes()).as_ref() {
            let _ = write!(name, "{byte:02x}");
        }
        format!("{name}.{RECORD}")
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {}\n", self.device, self.inode).into_bytes();
        bytes.extend_from_slice(self.path.as_os_str().as_bytes());
        bytes
    }

    fn read(path: &Path) -> Result<Self, LedgersError> {
        let bytes = fs::read(path).map_err(failed(path))?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let parsed = end.and_then(|end| {
            let (head, rest) = bytes.split_at_checked(end)?;
            let (device, inode) = std::str::from_utf8(head).ok()?.split_once(' ')?;
            let folder = PathBuf::from(OsString::from_vec(rest.get(1..)?.to_vec()));
            let record = Self { device: device.parse().ok()?, inode: inode.parse().ok()?, path: folder };
            record.path.is_absolute().then_some(record)
        });
        let record = parsed.ok_or_else(|| LedgersError::Damaged(path.to_owned()))?;
        // A name that is another folder's is a piece of something else.
        if path.file_name().is_some_and(|name| name == record.name().as_str()) {
            Ok(record)
        } else {
            Err(LedgersError::Damaged(path.to_owned()))
        }
    }
}

/// Whether nothing of this user's own shuts a path.
fn open(path: &Path) -> Result<(), LedgersError> {
    match shut::above(path) {
        Some(folder) => Err(LedgersError::Shut { folder, below: path.to_owned() }),
        None => Ok(()),
    }
}

fn make(folder: &Path) -> Result<(), LedgersError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        home: tempfile::TempDir,
        ledgers: Ledgers,
    }

    impl Place {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let ledgers = Ledgers::of(&home.path().join("state"));
            Self { home, ledgers }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.home.path().canonicalize().unwrap().join(name)
        }

        fn add(&self, name: &str) -> Result<(), LedgersError> {
            self.ledgers.add(&self.path(name), None)
        }
    }

    #[test]
    fn a_folder_is_known_to_every_later_jail_as_long_as_it_is_there() {
        let place = Place::new();
        place.add("a b").unwrap();
        place.add("state/ledger").unwrap();
        place.add("c").unwrap();
        assert_eq!(place.ledgers.known().unwrap().folders(), [place.path("a b"), place.path("c")]);
        fs::remove_dir(place.path("c")).unwrap();
        assert_eq!(place.ledgers.known().unwrap().folders(), [place.path("a b")]);
    }

    #[test]
    fn while_a_jail_runs_only_what_it_covers_may_have_a_ledger() {
        let place = Place::new();
        place.add("a").unwrap();
        place.add("gone").unwrap();
        fs::remove_dir(place.path("gone")).unwrap();
        let known = place.ledgers.known().unwrap();
        let other = place.ledgers.known().unwrap();
        place.add("a").unwrap();
        for name in ["b", "gone"] {
            assert!(matches!(place.add(name), Err(LedgersError::InReach(_))), "{name}");
        }
        // Another folder in the place of the one that is covered is not covered.
        fs::rename(place.path("a"), place.path("aside")).unwrap();
        fs::create_dir(place.path("a")).unwrap();
        assert!(matches!(place.add("a"), Err(LedgersError::InReach(_))));
        drop(known);
        assert!(place.add("b").is_err(), "the other still runs");
        drop(other);
        place.add("b").unwrap();
        place.add("a").unwrap();
    }

    #[test]
    fn a_record_that_tells_nothing_keeps_a_jail_from_beginning() {
        let place = Place::new();
        place.add("a").unwrap();
        let record = place.ledgers.list().unwrap().remove(0);
        let whole = fs::read(&record).unwrap();
        for end in 0..whole.len() {
            fs::write(&record, &whole[..end]).unwrap();
            assert!(matches!(place.ledgers.known(), Err(LedgersError::Damaged(_))), "{end}");
        }
        // It is mended by whoever begins a ledger there.
        place.add("a").unwrap();
        assert_eq!(place.ledgers.known().unwrap().folders(), [place.path("a")]);
    }

    #[test]
    fn folders_that_are_gone_make_room_and_a_home_is_none() {
        let place = Place::new();
        for number in 0..FOLDERS_MAX {
            place.add(&format!("{number}")).unwrap();
        }
        assert!(matches!(place.add("more"), Err(LedgersError::TooMany)));
        fs::remove_dir(place.path("7")).unwrap();
        place.add("more").unwrap();
        let home = place.path("home/me");
        fs::create_dir_all(&home).unwrap();
        for wide in ["home", "home/me"] {
            let added = place.ledgers.add(&place.path(wide), Some(&home));
            assert!(matches!(added, Err(LedgersError::TooWide(_))), "{wide}");
        }
    }
}
