//! What the app sees of the host's files.

use crate::jail::devices::Devices;
use crate::jail::environment::runtime;
use crate::jail::gui::{self, Taken};
use crate::jail::{Home, JailError, ROOT, Spec, pins, remedy, root};
use creance_sys::{Attributes, set_attributes_below};
use rustix::fs::{Mode, OFlags, open};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use std::env;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

/// The largest list of sockets that is read, in bytes.
const LIST_BYTES_MAX: u64 = 4 << 20;

/// Links below `/run` to where a system keeps its programs and drivers.
const LINKS: [&str; 3] = ["/run/current-system", "/run/opengl-driver", "/run/opengl-driver-32"];

/// Lays out the files of the jail and goes to the folder that the jail was started in, where it
/// is still there.
pub(super) fn lay_out(spec: &Spec, unix: File) -> Result<(), JailError> {
    let folder = env::current_dir().map_err(JailError::doing("finding the current folder"))?;
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(|error| remedy::capabilities("keeping its mounts to itself", &error.into()))?;
    // A folder that was entered before is a way past what covers it.
    env::set_current_dir("/").map_err(JailError::doing("leaving the current folder"))?;
    let devices = Devices::hold(spec)?;
    if spec.uid == ROOT {
        root::keep_system(home.as_deref())?;
    }
    let mut taken = if spec.gui { gui::take(spec.uid) } else { Vec::new() };
    if spec.home == Home::Private {
        taken.extend(app_file(spec, &folder));
    }
    spec.closed.iter().try_for_each(|folder| pins::make(folder))?;
    pins::hold_ancestors(spec.closed.iter().chain(&spec.kept))?;
    pins::cover_sockets(&list(unix)?, &spec.covered)?;
    spec.closed.iter().try_for_each(|folder| pins::close(folder))?;
    spec.kept.iter().try_for_each(|path| pins::keep(path))?;
    let links: Vec<(PathBuf, PathBuf)> =
        LINKS.iter().filter_map(|link| Some((PathBuf::from(link), fs::read_link(link).ok()?))).collect();
    devices.lay_out()?;
    fresh("tmpfs", "/tmp", MountFlags::NODEV, "mode=1777")?;
    run(spec.uid, &links)?;
    proc()?;
    if spec.uid == ROOT {
        root::keep_switches()?;
    }
    fresh("sysfs", "/sys", MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY, "")?;
    if spec.home == Home::Private {
        private_home(home.as_deref())?;
    }
    taken.iter().try_for_each(show)?;
    set_attributes_below(c"/", Attributes::NoSetuid).map_err(|error| {
        JailError::doing::<io::Error>("taking privileges from programs with setuid")(error)
            .hint("Linux 5.12 or newer is needed")
    })?;
    enter(&folder, home.as_deref())
}

pub(super) fn list(unix: File) -> Result<String, JailError> {
    let mut bytes = Vec::new();
    unix.take(LIST_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(JailError::doing("reading the list of sockets"))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LIST_BYTES_MAX) {
        return Err(JailError::new(format!(
            "the jail could not be made: the host's list of sockets has more than {LIST_BYTES_MAX} bytes"
        )));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Mounts a file system that is the jail's own.
pub(super) fn fresh(kind: &str, at: &str, flags: MountFlags, options: &str) -> Result<(), JailError> {
    let failed = || JailError::doing::<io::Error>(format!("mounting {kind} on {at}"));
    let options = std::ffi::CString::new(options).map_err(|error| failed()(error.into()))?;
    mount("creance", at, kind, MountFlags::NOSUID | flags, options.as_c_str())
        .map_err(|error| failed()(error.into()))
}

fn proc() -> Result<(), JailError> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, c"").map_err(|error| remedy::proc(&error.into()))
}

/// An empty `/run`, with a folder for the user's sockets.
fn run(uid: u32, links: &[(PathBuf, PathBuf)]) -> Result<(), JailError> {
    fresh("tmpfs", "/run", MountFlags::NODEV, "mode=755")?;
    // On most systems a link to the other.
    if fs::symlink_metadata("/var/run").is_ok_and(|found| found.is_dir()) {
        fresh("tmpfs", "/var/run", MountFlags::NODEV, "mode=755")?;
    }
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create("/run/user")
        .and_then(|()| DirBuilder::new().mode(0o700).create(runtime(uid)));
    made.and_then(|()| links.iter().try_for_each(|(link, to)| symlink(to, link)))
        .map_err(JailError::doing("filling /run"))
}

/// An empty home in the place of the user's.
fn private_home(home: Option<&Path>) -> Result<(), JailError> {
    let Some(home) = home.filter(|home| *home != Path::new("/")) else {
        return Err(JailError::new("`--home private` needs HOME to name a folder other than `/`"));
    };
    mount("creance", home, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=700")
        .map_err(JailError::doing(format_args!("emptying the home `{}`", home.display())))
}

/// The app's file, where it is named by a path: an empty home must not hide it.
fn app_file(spec: &Spec, folder: &Path) -> Option<Taken> {
    let app = Path::new(spec.app.first()?);
    let at = folder.join(app.parent().filter(|parent| *parent != Path::new("")).map(|_| app)?);
    let at = at.canonicalize().ok()?;
    let home = PathBuf::from(env::var_os("HOME")?).canonicalize().ok()?;
    at.starts_with(home).then_some(())?;
    let held = open(&at, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    Some(Taken { held, at })
}

/// Shows what was held before, where it was or where it belongs now.
fn show(taken: &Taken) -> Result<(), JailError> {
    let failed = || JailError::doing::<io::Error>(format!("showing `{}`", taken.at.display()));
    if !taken.at.exists() {
        if let Some(parent) = taken.at.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed())?;
        }
        File::create(&taken.at).map_err(failed())?;
    }
    bind(&taken.held, &taken.at)
}

pub(super) fn bind(held: &OwnedFd, at: &Path) -> Result<(), JailError> {
    mount_bind(format!("/proc/self/fd/{}", held.as_raw_fd()), at)
        .map_err(JailError::doing(format_args!("showing `{}`", at.display())))
}

/// Goes to a folder by its path, so that what covers it counts, or to the home, or to the root.
fn enter(folder: &Path, home: Option<&Path>) -> Result<(), JailError> {
    if env::set_current_dir(folder).is_ok() {
        return Ok(());
    }
    let instead = home.filter(|home| env::set_current_dir(home).is_ok()).unwrap_or(Path::new("/"));
    note(&format!(
        "note: `{}` is not in the jail; the app starts in `{}`",
        folder.display(),
        instead.display()
    ));
    Ok(())
}

#[expect(clippy::print_stderr, reason = "what a person must know while the app has the terminal")]
pub(super) fn note(text: &str) {
    eprintln!("{}", text.replace(char::is_control, "\u{fffd}"));
}
