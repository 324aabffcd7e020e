//! What the app sees of the host's devices.

use crate::jail::files::{bind, fresh};
use crate::jail::{JailError, ROOT, Spec, pins};
use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::mount::MountFlags;
use rustix::termios::isatty;
use std::fs::{self, DirBuilder, File};
use std::io::{stderr, stdout};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Devices that lead to a network past the jail's, or type into the host's own programs.
const COVERED: [&str; 4] = ["/dev/vhost-vsock", "/dev/vhost-net", "/dev/vsock", "/dev/uinput"];
/// Folders of devices for display and sound.
const DISPLAY: [&str; 2] = ["/dev/dri", "/dev/snd"];

/// All that root sees, to whom every disk would be open: devices without a state, and the serial
/// lines of aircraft.
const HARMLESS: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const SERIAL: [&str; 2] = ["ttyUSB", "ttyACM"];

/// Devices, held before they are covered.
pub(super) struct Devices {
    /// The terminal that the app is given, if it is given one.
    terminal: Option<OwnedFd>,
    /// All that is shown; none where what is not covered is shown.
    only: Option<Vec<(OwnedFd, PathBuf)>>,
    gui: bool,
}

impl Devices {
    /// Holds what is to be shown.
    pub(super) fn hold(spec: &Spec) -> Result<Self, JailError> {
        let only = if spec.uid == ROOT { Some(few(spec.gui)?) } else { None };
        Ok(Self { terminal: terminal(), only, gui: spec.gui })
    }

    /// Shows what was held, beside terminals, shared memory and queues of the jail's own; the host's
    /// are other programs'.
    pub(super) fn lay_out(&self) -> Result<(), JailError> {
        match &self.only {
            Some(devices) => show_only(devices)?,
            None => cover(self.gui)?,
        }
        fresh("devpts", "/dev/pts", MountFlags::NOEXEC, "newinstance,ptmxmode=0666,mode=0620")?;
        fresh("tmpfs", "/dev/shm", MountFlags::NODEV, "mode=1777")?;
        if Path::new("/dev/mqueue").is_dir() {
            fresh("mqueue", "/dev/mqueue", MountFlags::NODEV | MountFlags::NOEXEC, "")?;
        }
        // So that programs find a name for the terminal that they were given.
        match self.terminal.as_ref().filter(|_| Path::new("/dev/console").exists()) {
            Some(terminal) => bind(terminal, Path::new("/dev/console")),
            None => Ok(()),
        }
    }
}

fn cover(gui: bool) -> Result<(), JailError> {
    COVERED.iter().map(Path::new).filter(|device| device.exists()).try_for_each(pins::cover)?;
    let display = DISPLAY.iter().filter(|folder| !gui && Path::new(folder).is_dir());
    display.copied().try_for_each(|folder| fresh("tmpfs", folder, MountFlags::NODEV, "mode=755"))
}

/// A `/dev` with the devices given and no others.
fn show_only(devices: &[(OwnedFd, PathBuf)]) -> Result<(), JailError> {
    fresh("tmpfs", "/dev", MountFlags::NOEXEC, "mode=755")?;
    let failed = || JailError::doing::<std::io::Error>("filling /dev");
    for name in ["pts", "shm", "mqueue"] {
        DirBuilder::new().create(Path::new("/dev").join(name)).map_err(failed())?;
    }
    let links = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ];
    for (name, to) in links {
        symlink(to, Path::new("/dev").join(name)).map_err(failed())?;
    }
    File::create("/dev/console").map_err(failed())?;
    for (held, at) in devices {
        if fs::metadata(format!("/proc/self/fd/{}", held.as_raw_fd())).map_err(failed())?.is_dir() {
            DirBuilder::new().create(at).map_err(failed())?;
        } else {
            File::create(at).map_err(failed())?;
        }
        bind(held, at)?;
    }
    Ok(())
}

/// What root is shown.
fn few(gui: bool) -> Result<Vec<(OwnedFd, PathBuf)>, JailError> {
    let mut paths: Vec<PathBuf> = HARMLESS.iter().map(|name| Path::new("/dev").join(name)).collect();
    let all = fs::read_dir("/dev").map_err(JailError::doing("listing devices"))?;
    paths.extend(all.flatten().map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        SERIAL.iter().any(|prefix| name.starts_with(prefix))
    }));
    if gui {
        paths.extend(DISPLAY.iter().map(PathBuf::from));
    }
    // What is not there is not shown.
    Ok(paths.into_iter().filter_map(|path| Some((hold(&path)?, path))).collect())
}

/// The terminal by its path: what was inherited belongs to the host's mounts, and cannot be shown in
/// the jail's.
fn terminal() -> Option<OwnedFd> {
    let (output, error) = (stdout(), stderr());
    let given = [output.as_fd(), error.as_fd()].into_iter().find(|stream| isatty(stream))?;
    let held = hold(&fs::read_link(format!("/proc/self/fd/{}", given.as_raw_fd())).ok()?)?;
    let same = fstat(&held).ok()?.st_rdev == fstat(given).ok()?.st_rdev;
    same.then_some(held)
}

fn hold(path: &Path) -> Option<OwnedFd> {
    open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()
}
