//! The sockets of display and sound, which are shown only where that was asked for.

use crate::jail::environment::runtime;
use rustix::fs::{Mode, OFlags, open};
use std::env;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// A file that is taken along past the folders that cover it.
pub(super) struct Taken {
    /// What holds it.
    pub(super) held: OwnedFd,
    /// Where it is put.
    pub(super) at: PathBuf,
}

/// What there is of display and sound, held before it is covered.
pub(super) fn take(uid: u32) -> Vec<Taken> {
    let ours = PathBuf::from(runtime(uid));
    let theirs = env::var_os("XDG_RUNTIME_DIR").map_or_else(|| ours.clone(), PathBuf::from);
    let mut wanted = Vec::new();
    if let Some(name) = env::var_os("WAYLAND_DISPLAY") {
        let path = theirs.join(&name);
        let at = if PathBuf::from(&name).is_absolute() { path.clone() } else { ours.join(&name) };
        wanted.push((path, at));
    }
    if let Some(number) = env::var("DISPLAY").ok().as_deref().and_then(local_display) {
        let path = PathBuf::from(format!("/tmp/.X11-unix/X{number}"));
        wanted.push((path.clone(), path));
    }
    if let Some(path) = env::var_os("XAUTHORITY").map(PathBuf::from) {
        wanted.push((path.clone(), path));
    }
    for name in ["pulse/native", "pipewire-0"] {
        wanted.push((theirs.join(name), ours.join(name)));
    }
    wanted
        .into_iter()
        // What is not there is not shown.
        .filter_map(|(path, at)| {
            let held = open(&path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
            Some(Taken { held, at })
        })
        .collect()
}

/// The number of a display of this host's, such as 0 of `:0.0`.
fn local_display(name: &str) -> Option<u32> {
    let number = name.strip_prefix("unix").unwrap_or(name).strip_prefix(':')?;
    number.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_displays_of_this_host_have_a_socket() {
        assert_eq!(
            ["", ":0", ":12.1", "unix:3", "far:0", ":x"].map(local_display),
            [None, Some(0), Some(12), Some(3), None, None]
        );
    }
}
