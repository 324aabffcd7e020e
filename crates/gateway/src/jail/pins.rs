//! Folders and files of the host's that the app must not reach, or must not change.

use crate::jail::JailError;
use creance_sys::{Attributes, set_attributes_below};
use rustix::mount::{MountFlags, mount, mount_bind, mount_bind_recursive};
use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt};
use std::path::{Path, PathBuf};

/// The most sockets in files that are covered; a host with more is not one that this was made for.
const SOCKETS_MAX: usize = 2048;

/// Makes a folder where it is missing, lest the app make one that is taken for it later.
pub(super) fn make(folder: &Path) -> Result<(), JailError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(JailError::doing(format_args!("making the folder `{}`", folder.display())))
}

/// Binds each folder above the paths onto itself: the place of a mount cannot be renamed or
/// removed, and with a folder above, what is covered would move. Each once and the uppermost
/// first, since each brings along what is mounted below it.
pub(super) fn hold_ancestors<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Result<(), JailError> {
    let ancestors: BTreeSet<&Path> = paths.flat_map(|path| path.ancestors().skip(1)).collect();
    for folder in ancestors.into_iter().filter(|folder| *folder != Path::new("/")) {
        mount_bind_recursive(folder, folder)
            .map_err(JailError::doing(format_args!("holding `{}` in its place", folder.display())))?;
    }
    Ok(())
}

/// Covers a folder by one that is empty.
pub(super) fn close(folder: &Path) -> Result<(), JailError> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY;
    mount("creance", folder, "tmpfs", flags, c"mode=0,size=4k")
        .map_err(JailError::doing(format_args!("covering `{}`", folder.display())))
}

/// Lets a file or a folder be read and not changed or replaced.
pub(super) fn keep(path: &Path) -> Result<(), JailError> {
    let what = || JailError::doing::<io::Error>(format!("protecting `{}`", path.display()));
    mount_bind_recursive(path, path).map_err(|error| what()(error.into()))?;
    let name = CString::new(path.as_os_str().as_bytes()).map_err(|error| what()(error.into()))?;
    set_attributes_below(&name, Attributes::ReadOnly).map_err(what())
}

/// Covers each socket in a file, of those that the kernel lists (`/proc/net/unix`) and of others.
pub(super) fn cover_sockets(list: &str, others: &[PathBuf]) -> Result<(), JailError> {
    let mut paths = sockets(list);
    paths.extend_from_slice(others);
    paths.sort();
    paths.dedup();
    if paths.len() > SOCKETS_MAX {
        return Err(JailError::new(format!(
            "the jail could not be made: {} sockets in files would have to be covered, and at most \
             {SOCKETS_MAX} are",
            paths.len()
        )));
    }
    for path in paths {
        // One that is gone, or that this user cannot reach, the app cannot reach either.
        if fs::metadata(&path).is_ok_and(|found| found.file_type().is_socket()) {
            cover(&path)?;
        }
    }
    Ok(())
}

/// Puts a device that takes everything and gives nothing in a file's place.
pub(super) fn cover(path: &Path) -> Result<(), JailError> {
    mount_bind("/dev/null", path).map_err(JailError::doing(format_args!("covering `{}`", path.display())))
}

/// The paths of the sockets that the kernel lists. One that is not absolute is relative to a folder
/// that nobody tells; abstract ones, with `@`, belong to the host's network.
fn sockets(list: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = list
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(" /").map(|(_, path)| PathBuf::from(format!("/{path}"))))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_in_files_are_found_also_with_spaces_and_each_once() {
        let list = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000: 00000002 00000000 00010000 0001 01 20 /home/a b/agent.sock\n\
            0000: 00000003 00000000 00000000 0001 03 21\n\
            0000: 00000002 00000000 00010000 0001 01 22 @/tmp/.X11-unix/X0\n\
            0000: 00000003 00000000 00000000 0001 03 23 /home/a b/agent.sock\n\
            0000: 00000002 00000000 00010000 0001 01 24 relative.sock\n";
        assert_eq!(sockets(list), [PathBuf::from("/home/a b/agent.sock")]);
    }
}
