//! What root's app must not change. Without capabilities it still owns the system's files, and
//! some of them are switches: a line in one of them runs a program outside.

use crate::jail::{JailError, pins};
use creance_sys::{Attributes, set_attributes_below, set_writable};
use rustix::mount::mount_bind_recursive;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The kernel's switches.
const SWITCHES: [&str; 8] = [
    "/proc/acpi",
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/mtrr",
    "/proc/scsi",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Lets nothing of the host's files be written but the home.
pub(super) fn keep_system(home: Option<&Path>) -> Result<(), JailError> {
    let failed = || {
        |error: io::Error| {
            JailError::doing::<io::Error>("keeping the system's files from root")(error)
                .hint("Linux 5.12 or newer is needed; or run this as another user")
        }
    };
    let home = home.filter(|home| *home != Path::new("/") && home.is_dir());
    if let Some(home) = home {
        mount_bind_recursive(home, home).map_err(|error| failed()(error.into()))?;
    }
    set_attributes_below(c"/", Attributes::ReadOnly).map_err(failed())?;
    let Some(home) = home else { return Ok(()) };
    let home = CString::new(home.as_os_str().as_bytes()).map_err(|error| failed()(error.into()))?;
    set_writable(&home).map_err(failed())
}

/// Lets none of the kernel's switches be written, also in namespaces that the app makes.
pub(super) fn keep_switches() -> Result<(), JailError> {
    SWITCHES.iter().map(Path::new).filter(|path| path.exists()).try_for_each(pins::keep)
}
