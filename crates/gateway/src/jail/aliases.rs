//! Other places at which the host's mounts show a folder that an app must not reach.

use crate::jail::{JailError, shut};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Places that are covered at most.
const PLACES_MAX: usize = 1024;

/// A mount of the host's, as the kernel lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mount {
    id: u64,
    /// Which file system it shows.
    device: String,
    /// Which folder of it.
    root: PathBuf,
    /// Where.
    at: PathBuf,
}

/// The folders with all places at which they, or what is in them, are shown once more. `list` is
/// the kernel's (`/proc/self/mountinfo`).
///
/// # Errors
/// Where a place cannot be covered.
pub(super) fn with_aliases(folders: &[PathBuf], list: &[u8]) -> Result<Vec<PathBuf>, JailError> {
    let mounts = read(list).ok_or_else(|| {
        JailError::new("the jail could not be made: the kernel's list of mounts is not understood")
    })?;
    let mut all: BTreeSet<PathBuf> = folders.iter().cloned().collect();
    for folder in folders {
        for (place, original) in places(folder, &mounts)? {
            match is_same(&place, &original).map_err(JailError::doing(format_args!(
                "looking at `{}`, where `{}` may be shown once more",
                place.display(),
                original.display()
            )))? {
                Shown::No => {}
                Shown::Folder => drop(all.insert(place)),
                Shown::File => {
                    return Err(JailError::new(format!(
                        "the jail could not be made: `{}` shows `{}` once more, which the app must not reach",
                        place.display(),
                        original.display()
                    ))
                    .hint("unmount it, or have the ledger elsewhere"));
                }
            }
        }
    }
    if all.len() > PLACES_MAX {
        return Err(JailError::new(format!(
            "the jail could not be made: Creance's own folders are shown at {} places, and at most {PLACES_MAX} \
             are covered",
            all.len()
        )));
    }
    // What lies within a folder that is covered is covered with it, and no longer there.
    let mut places: Vec<PathBuf> = all.into_iter().collect();
    places.dedup_by(|inner, outer| inner.starts_with(outer));
    Ok(places)
}

/// Where a folder, and what is mounted within it, may be shown once more, each with what it would
/// be there.
fn places(folder: &Path, mounts: &[Mount]) -> Result<Vec<(PathBuf, PathBuf)>, JailError> {
    let what = || JailError::doing::<io::Error>(format!("finding the mount of `{}`", folder.display()));
    let id = match statx(CWD, folder, AtFlags::empty(), StatxFlags::MNT_ID) {
        Ok(found) if found.stx_mask & StatxFlags::MNT_ID.bits() != 0 => found.stx_mnt_id,
        Ok(_) => return Err(what()(ErrorKind::Unsupported.into())),
        // It is made later, and shown nowhere.
        Err(rustix::io::Errno::NOENT) => return Ok(Vec::new()),
        Err(error) => return Err(what()(error.into())),
    };
    let own = mounts.iter().find(|mount| mount.id == id).ok_or_else(|| what()(ErrorKind::NotFound.into()))?;
    let below = folder.strip_prefix(&own.at).map_err(|_| what()(ErrorKind::NotFound.into()))?;
    // The folder itself, and the mounts within it, which another mount of theirs shows as well.
    let mut hidden = vec![(own, joined(&own.root, below), folder.to_owned())];
    let within = mounts.iter().filter(|mount| mount.at.starts_with(folder) && mount.at != folder);
    hidden.extend(within.map(|mount| (mount, mount.root.clone(), mount.at.clone())));
    let mut places = Vec::new();
    for (of, root, original) in hidden {
        for mount in mounts.iter().filter(|mount| mount.device == of.device) {
            if let Ok(below) = root.strip_prefix(&mount.root) {
                places.push((joined(&mount.at, below), original.clone()));
            } else if let Ok(inner) = mount.root.strip_prefix(&root) {
                places.push((mount.at.clone(), joined(&original, inner)));
            }
        }
    }
    places.retain(|(place, _)| !place.starts_with(folder));
    Ok(places)
}

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Something else, or out of this user's reach and so of the app's.
    No,
    Folder,
    File,
}

/// Why a place cannot be looked at that this user, and so the app, does not reach.
const OUT_OF_REACH: [ErrorKind; 3] =
    [ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::PermissionDenied];

fn is_same(place: &Path, original: &Path) -> io::Result<Shown> {
    let found = |path: &Path| match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if OUT_OF_REACH.contains(&error.kind()) => match shut::above(path) {
            // The app could open it.
            Some(_) => Err(error),
            None => Ok(None),
        },
        Err(error) => Err(error),
    };
    let (Some(place), Some(original)) = (found(place)?, found(original)?) else { return Ok(Shown::No) };
    Ok(match (place.dev(), place.ino()) == (original.dev(), original.ino()) {
        false => Shown::No,
        true if place.is_dir() => Shown::Folder,
        true => Shown::File,
    })
}

/// A path without the slash that joining nothing would leave.
fn joined(path: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() { path.to_owned() } else { path.join(below) }
}

/// Reads the kernel's list (proc(5), `/proc/PID/mountinfo`).
fn read(list: &[u8]) -> Option<Vec<Mount>> {
    let lines = list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mount = |line: &[u8]| {
        let mut words = line.split(|byte| *byte == b' ');
        let id = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        let device = std::str::from_utf8(words.nth(1)?).ok()?.to_owned();
        Some(Mount { id, device, root: path(words.next()?)?, at: path(words.next()?)? })
    };
    lines.map(mount).collect()
}

/// A path as the list writes it: a few bytes as a backslash and three octal digits.
fn path(word: &[u8]) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, after)) = rest.split_first() {
        if *first == b'\\' {
            let (digits, after) = after.split_at_checked(3)?;
            let digits = std::str::from_utf8(digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 8).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list_is_read_with_spaces_in_names() {
        let list = b"36 35 98:0 /home/a\\040b /mnt/c\\134d rw,noatime shared:1 - ext3 /dev/root rw\n";
        let mount =
            Mount { id: 36, device: "98:0".to_owned(), root: "/home/a b".into(), at: "/mnt/c\\d".into() };
        assert_eq!(read(list), Some(vec![mount]));
        for wrong in ["x 35 98:0 / / rw", "36 35 98:0 /", "36 35 98:0 / /a\\04 rw", "36 35 98:0 / /a\\999 rw"]
        {
            assert_eq!(read(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_folder_without_another_mount_is_at_its_own_place_alone() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().canonicalize().unwrap();
        let (a, b) = (place.join("a"), place.join("a/b"));
        fs::create_dir_all(&b).unwrap();
        let list = fs::read("/proc/self/mountinfo").unwrap();
        let found = with_aliases(&[b, a.clone(), place.join("missing")], &list).unwrap();
        assert_eq!(found, [a, place.join("missing")]);
        assert!(with_aliases(&[place.join("a")], b"what\n").is_err());
        assert!(with_aliases(&[place.join("a")], b"").is_err(), "a list without the folder's own mount");
    }
}
