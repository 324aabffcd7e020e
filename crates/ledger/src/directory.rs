//! Where an installation keeps its ledger: one key, and a folder for each log.

use crate::entry::is_word;
use crate::error::LedgerError;
use crate::hash::Hash;
use crate::log::Log;
use crate::note::{SigningKey, VerifierKey};
use crate::store;
use creance_model::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The longest file with a key, in bytes.
const KEY_BYTES_MAX: u64 = 1000;

/// A ledger's folder: `key`, which signs and is its owner's alone; `key.pub`, for whoever checks;
/// and `logs/`.
#[derive(Debug, Clone)]
pub struct Directory {
    folder: PathBuf,
}

impl Directory {
    /// A ledger at a folder, which need not be there yet.
    #[must_use]
    pub const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The key that signs; made where there is none.
    ///
    /// # Errors
    /// [`LedgerError`] where it cannot be read, or no new one be made and kept.
    pub fn key(&self) -> Result<SigningKey, LedgerError> {
        let path = self.folder.join("key");
        let key = match self.read_key(&path)? {
            Some(key) => key,
            None => self.make_key(&path)?,
        };
        let public = self.folder.join("key.pub");
        if !public.exists() {
            store::put(&public, format!("{}\n", key.verifier()).as_bytes())?;
        }
        Ok(key)
    }

    fn make_key(&self, path: &Path) -> Result<SigningKey, LedgerError> {
        if self.folder.join("logs").exists() || self.folder.join("key.pub").exists() {
            // A new key would sign a second history in the name of the first.
            return Err(LedgerError::damaged(path, "the key is gone, and there are logs that it signed"));
        }
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| LedgerError::Random)?;
        let note = |source| LedgerError::Note { path: path.to_owned(), source };
        let id = SigningKey::from_seed("creance", seed).map_err(note)?.verifier().to_string();
        let id: String = Hash::of(&[id.as_bytes()]).to_string().chars().take(16).collect();
        let key = SigningKey::from_seed(&format!("creance/{id}"), seed).map_err(note)?;
        let made = self.folder.join(format!("key.{}", std::process::id()));
        store::put(&made, format!("{}\n", key.secret_text()).as_bytes())?;
        // Two processes may begin at once: the first one's key is the key.
        let linked = std::fs::hard_link(&made, path);
        let removed = std::fs::remove_file(&made);
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(LedgerError::file("write", path)(error));
            }
            _ => removed.map_err(LedgerError::file("remove", &made))?,
        }
        self.read_key(path)?.ok_or_else(|| LedgerError::damaged(path, "the key is gone"))
    }

    /// The key that checks, as `key.pub` has it.
    ///
    /// # Errors
    /// [`LedgerError`] where it cannot be read.
    pub fn verifier(&self) -> Result<VerifierKey, LedgerError> {
        let path = self.folder.join("key.pub");
        let text = store::read_text(&path, KEY_BYTES_MAX)?
            .ok_or_else(|| LedgerError::damaged(&path, "there is no key here"))?;
        text.trim_end().parse().map_err(|source| LedgerError::Note { path, source })
    }

    /// Opens a log for writing, and begins it where it is not there.
    ///
    /// # Errors
    /// [`LedgerError`]; among them that another process writes it.
    pub fn open_log(&self, name: &str, program: &str, now: Timestamp) -> Result<Log, LedgerError> {
        let folder = self.log_folder(name)?;
        let key = self.key()?;
        let own = format!("{}/{name}", key.verifier().name());
        let key = key.named(&own).map_err(|source| LedgerError::Note { path: folder.clone(), source })?;
        Log::open(&folder, key, program, now)
    }

    /// Where a log of this name lies.
    ///
    /// # Errors
    /// [`LedgerError::Name`] where no log can have it.
    pub fn log_folder(&self, name: &str) -> Result<PathBuf, LedgerError> {
        if is_word(name) {
            Ok(self.folder.join("logs").join(name))
        } else {
            Err(LedgerError::Name(name.chars().take(80).collect()))
        }
    }

    /// The names of all logs, in the order of the alphabet.
    ///
    /// # Errors
    /// [`LedgerError`] where the folder cannot be read.
    pub fn logs(&self) -> Result<Vec<String>, LedgerError> {
        let folder = self.folder.join("logs");
        let fail = || LedgerError::file("read", &folder);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fail()(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(fail())?;
            names.extend(
                entry.file_name().into_string().ok().filter(|name| is_word(name) && entry.path().is_dir()),
            );
        }
        names.sort();
        Ok(names)
    }

    fn read_key(&self, path: &Path) -> Result<Option<SigningKey>, LedgerError> {
        store::read_text(path, KEY_BYTES_MAX)?
            .map(|text| text.trim_end().parse())
            .transpose()
            .map_err(|source| LedgerError::Note { path: path.to_owned(), source })
    }
}
