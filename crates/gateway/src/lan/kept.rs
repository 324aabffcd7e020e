//! The mode that a gateway held last, in a file: so that a crash, a kill or a boot loosens nothing.

use crate::control::Wanted;
use crate::shell::Keep;
use creance_model::{Mode, ServiceId};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file's name in the state folder.
const NAME: &str = "gateway-mode.json";

/// The longest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

const VERSION: u32 = 1;

/// The file as it stands on the disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    mode: Mode,
    exempt: Vec<ServiceId>,
    granted: Vec<ServiceId>,
}

/// Where the mode is kept.
#[derive(Debug)]
pub struct KeptMode {
    path: PathBuf,
    /// The turn of the last that was written.
    last: Mutex<u64>,
}

/// Why nobody knows what was kept.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` cannot be relied on: {why}")]
pub struct KeptError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl KeptMode {
    /// The one of a state folder.
    #[must_use]
    pub fn of(state: &Path) -> Self {
        Self { path: state.join(NAME), last: Mutex::default() }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was kept; none where nothing was.
    ///
    /// # Errors
    /// [`KeptError`] where something was, and nobody knows what.
    pub fn read(&self) -> Result<Option<Wanted>, KeptError> {
        let wrong = |why: String| KeptError { path: self.path.clone(), why };
        let bytes = match read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let Written { version, mode, exempt, granted } =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if version != VERSION {
            return Err(wrong(format!("version {version}, and this program knows version {VERSION}")));
        }
        Ok(Some(Wanted { mode, exempt, granted }))
    }

    fn write(&self, wanted: &Wanted) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if !folder.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            folder.parent().map_or(Ok(()), sync)?;
        }
        let Wanted { mode, exempt, granted } = wanted.clone();
        let bytes = serde_json::to_vec(&Written { version: VERSION, mode, exempt, granted })?;
        let new = self.path.with_added_extension("new");
        let put = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        put().inspect_err(|_| drop(fs::remove_file(&new)))?;
        sync(folder)
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.path.parent().map_or(Ok(()), sync),
        }
    }

    /// Does something unless a later turn was taken before.
    fn in_turn(&self, turn: u64, work: impl FnOnce() -> io::Result<()>) -> Result<(), String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if turn < *last {
            return Err("it was overtaken by a later change".to_owned());
        }
        *last = turn;
        work().map_err(|error| format!("`{}`: {error}", self.path.display()))
    }
}

impl Keep for KeptMode {
    fn keep(&self, turn: u64, wanted: &Wanted) -> Result<(), String> {
        self.in_turn(turn, || self.write(wanted))
    }

    fn forget(&self, turn: u64) -> Result<(), String> {
        self.in_turn(turn, || self.remove())
    }
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A file that is one, and not longer than such a file can be.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(mode: Mode, exempt: &[&str]) -> Wanted {
        Wanted { mode, exempt: exempt.iter().map(|id| id.parse().unwrap()).collect(), granted: vec![] }
    }

    #[test]
    fn what_is_kept_is_read_again_until_it_is_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("a/b");
        let kept = KeptMode::of(&state);
        assert_eq!(kept.read().unwrap(), None);
        kept.keep(1, &wanted(Mode::LocalData, &["a.maps"])).unwrap();
        let text = fs::read_to_string(kept.path()).unwrap();
        assert_eq!(text, r#"{"version":1,"mode":"local-data","exempt":["a.maps"],"granted":[]}"#);
        assert_eq!(KeptMode::of(&state).read().unwrap(), Some(wanted(Mode::LocalData, &["a.maps"])));
        assert!(kept.keep(0, &wanted(Mode::Standard, &[])).is_err(), "what comes too late is not kept");
        assert_eq!(kept.read().unwrap().unwrap().mode, Mode::LocalData);
        kept.forget(2).unwrap();
        kept.forget(3).unwrap();
        assert_eq!(kept.read().unwrap(), None);
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "nothing is left beside it");
    }

    #[test]
    fn what_cannot_be_relied_on_is_no_mode() {
        let home = tempfile::tempdir().unwrap();
        let kept = KeptMode::of(home.path());
        kept.keep(1, &wanted(Mode::Standard, &[])).unwrap();
        let whole = fs::read(kept.path()).unwrap();
        for end in 0..whole.len() {
            fs::write(kept.path(), &whole[..end]).unwrap();
            assert!(kept.read().is_err(), "torn at {end}");
        }
        for text in [
            r#"{"version":2,"mode":"standard","exempt":[],"granted":[]}"#,
            r#"{"version":1,"mode":"standard","exempt":[],"granted":[],"more":1}"#,
            r#"{"version":1,"mode":"open","exempt":[],"granted":[]}"#,
        ] {
            fs::write(kept.path(), text).unwrap();
            assert!(kept.read().is_err(), "{text}");
        }
        fs::remove_file(kept.path()).unwrap();
        fs::create_dir(kept.path()).unwrap();
        assert!(kept.read().is_err(), "a folder");
        assert!(kept.keep(2, &wanted(Mode::Offline, &[])).is_err());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "no piece stays");
        fs::remove_dir(kept.path()).unwrap();
        std::os::unix::fs::symlink("/dev/null", kept.path()).unwrap();
        assert!(kept.read().is_err(), "a link");
    }
}
