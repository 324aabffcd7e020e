//! Files that are whole or not there, also after the power was cut.

use crate::error::LedgerError;
use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Files put down, and the folders that must still be told of them.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    folders: BTreeSet<PathBuf>,
}

impl Pending {
    /// Puts a file in its place with its bytes on the disk. That it stands there is certain after
    /// [`Pending::settle`].
    pub(crate) fn put(&mut self, path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        self.make_folder(folder)?;
        let beside = path.with_added_extension("new");
        let write = |file: &mut File| file.write_all(bytes).and_then(|()| file.sync_all());
        let put = create(&beside)
            .and_then(|mut file| write(&mut file))
            .and_then(|()| std::fs::rename(&beside, path));
        if let Err(error) = put {
            // On a full disk the piece would keep others from their room.
            let _ = std::fs::remove_file(&beside);
            return Err(LedgerError::file("write", path)(error));
        }
        self.folders.insert(folder.to_owned());
        Ok(())
    }

    /// Makes a folder with those above it.
    pub(crate) fn make_folder(&mut self, folder: &Path) -> Result<(), LedgerError> {
        if folder.as_os_str().is_empty() || folder.is_dir() {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.make_folder(above)?;
            self.folders.insert(above.to_owned());
        }
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(LedgerError::file("make", folder)(error))
            }
            _ => Ok(()),
        }
    }

    /// Makes sure of the folders.
    pub(crate) fn settle(&mut self) -> Result<(), LedgerError> {
        while let Some(folder) = self.folders.first() {
            let shown = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(shown)
                .and_then(|folder| folder.sync_all())
                .map_err(LedgerError::file("write", shown))?;
            self.folders.pop_first();
        }
        Ok(())
    }
}

/// Puts one file in its place, for certain.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
    let mut pending = Pending::default();
    pending.put(path, bytes)?;
    pending.settle()
}

/// A new file that its owner alone can read, in the place of an old one.
pub(crate) fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A file of at most so many bytes; none where it is not there.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, LedgerError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LedgerError::file("read", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(LedgerError::file("read", path))?;
    if bytes.len() as u64 > bytes_max {
        return Err(LedgerError::damaged(path, format!("more than the {bytes_max} bytes that it may have")));
    }
    Ok(Some(bytes))
}

/// A text of at most so many bytes; none where it is not there.
pub(crate) fn read_text(path: &Path, bytes_max: u64) -> Result<Option<String>, LedgerError> {
    read(path, bytes_max)?
        .map(|bytes| String::from_utf8(bytes).map_err(|_| LedgerError::damaged(path, "it is no text")))
        .transpose()
}
