//! Folders that are shut and can be opened again: what lies below them is out of reach only until
//! somebody does.

use rustix::process::geteuid;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The folder of this user's own that keeps them from a path. None where nothing does, or where it
/// is another user's: then an app of this user's cannot open it either.
pub(super) fn above(path: &Path) -> Option<PathBuf> {
    let mut folders: Vec<&Path> = path.ancestors().skip(1).collect();
    folders.reverse();
    let is_shut = |folder: &&Path| {
        // To find a folder in itself takes the right to search it.
        fs::metadata(folder.join(".")).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    };
    let folder = folders.into_iter().find(is_shut)?;
    let owner = fs::metadata(folder).ok()?.uid();
    (owner == geteuid().as_raw()).then(|| folder.to_owned())
}
