//! Sockets in files that the kernel's list does not lead to: bound by a name that is relative to
//! a folder that the list does not tell, renamed since, or with another name beside.
//!
//! They are looked for from outside of the jail, where the folders of other processes can be read.

use crate::jail::JailError;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The most entries of a home that are looked at.
const ENTRIES_MAX: usize = 500_000;

/// A socket that can be connected to or that takes datagrams: it listens, or has no connection.
const LISTENS: &str = "00010000";
const UNCONNECTED: &str = "01";

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Strays {
    /// Files that are sockets.
    pub(super) found: BTreeSet<PathBuf>,
    /// Whether there was more to look at than is looked at.
    pub(super) cut: bool,
}

/// Looks for what the list does not lead to: in the current folders of all processes that can be
/// read, and in the home.
pub(super) fn find(list: &str, home: Option<&Path>) -> Result<Strays, JailError> {
    let (relative, astray) = unclear(list);
    let mut strays = Strays::default();
    if !relative.is_empty() {
        let processes = fs::read_dir("/proc").map_err(JailError::doing("listing the host's processes"))?;
        let folders: BTreeSet<PathBuf> = processes
            .flatten()
            .filter_map(|process| fs::read_link(process.path().join("cwd")).ok())
            .collect();
        let at = folders.iter().flat_map(|folder| relative.iter().map(|name| folder.join(name)));
        strays.found.extend(at.filter_map(|path| path.canonicalize().ok()).filter(|path| is_socket(path)));
    }
    if let Some(home) = home.filter(|_| astray || !relative.is_empty()) {
        strays.cut = !walk(home, ENTRIES_MAX, &mut strays.found);
    }
    Ok(strays)
}

/// The names that are relative, and whether any path leads elsewhere than to its socket.
fn unclear(list: &str) -> (BTreeSet<&str>, bool) {
    let mut relative = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut astray = false;
    for line in list.lines().skip(1) {
        let mut rest = line;
        let mut field = || {
            let (field, after) = rest.trim_start().split_once(' ')?;
            rest = after;
            Some(field)
        };
        let fields: Option<[&str; 6]> =
            (|| Some([field()?, field()?, field()?, field()?, field()?, field()?]))();
        let Some([_, _, _, flags, _, state]) = fields else { continue };
        let Some((_, name)) = rest.trim_start().split_once(' ') else { continue };
        if name.starts_with('@') || (flags != LISTENS && state != UNCONNECTED) {
            continue;
        }
        if !name.starts_with('/') {
            relative.insert(name);
            continue;
        }
        // Whoever bound a path anew left the one before under another name, if at all.
        astray |= !seen.insert(name);
        astray |= match fs::symlink_metadata(name) {
            Ok(found) => !found.file_type().is_socket() || found.nlink() > 1,
            Err(_) => true,
        };
    }
    (relative, astray)
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// Adds the sockets below a folder; whether all of it was looked at. A folder that cannot be read
/// now the app could make readable, so that it counts as not looked at.
fn walk(folder: &Path, entries_max: usize, found: &mut BTreeSet<PathBuf>) -> bool {
    let mut whole = true;
    let mut left = entries_max;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            whole = false;
            continue;
        };
        for entry in entries {
            let Some(fewer) = left.checked_sub(1) else { return false };
            left = fewer;
            let Ok(entry) = entry else {
                whole = false;
                continue;
            };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_socket() => {
                    found.insert(entry.path());
                }
                Ok(_) => {}
                Err(_) => whole = false,
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn names_that_lead_nowhere_are_told_from_those_that_do() {
        let head = "Num       RefCount Protocol Flags    Type St Inode Path\n";
        let listed = |name: &str| format!("{head}0000: 00000002 00000000 00010000 0001 01 20 {name}\n");
        assert_eq!(unclear(&listed("a b.sock")), (BTreeSet::from(["a b.sock"]), false));
        assert_eq!(unclear(&listed("/nowhere/at all.sock")), (BTreeSet::new(), true));
        assert_eq!(unclear(&listed("@abstract")), (BTreeSet::new(), false));
        let connected = format!("{head}0000: 00000003 00000000 00000000 0001 03 20 old.sock\n");
        assert_eq!(unclear(&connected), (BTreeSet::new(), false));
        let unnamed = format!("{head}0000: 00000003 00000000 00000000 0001 01 20\n");
        assert_eq!(unclear(&unnamed), (BTreeSet::new(), false));
    }

    #[test]
    fn a_walk_finds_sockets_and_says_where_it_was_cut() {
        let home = std::env::temp_dir().join(format!("creance-strays-{}", std::process::id()));
        fs::create_dir_all(home.join("a/b")).unwrap();
        let _listener = UnixListener::bind(home.join("a/b/s")).unwrap();
        let mut found = BTreeSet::new();
        assert!(walk(&home, 3, &mut found));
        assert_eq!(found, BTreeSet::from([home.join("a/b/s")]));
        assert!(!walk(&home, 2, &mut BTreeSet::new()));
        fs::remove_dir_all(&home).unwrap();
    }
}
