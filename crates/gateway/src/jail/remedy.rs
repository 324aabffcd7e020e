//! What to do where the system does not let a jail be made.

use crate::jail::JailError;
use rustix::io::Errno;
use std::fs;
use std::io;

const APPARMOR: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
const DEBIAN: &str = "/proc/sys/kernel/unprivileged_userns_clone";
const LIMIT: &str = "/proc/sys/user/max_user_namespaces";

const APPARMOR_HINT: &str = "this system's AppArmor keeps user namespaces from programs without a profile \
    (kernel.apparmor_restrict_unprivileged_userns = 1); have root load the profile \
    `abi <abi/4.0>, profile creance /PATH/TO/creance flags=(unconfined) { userns, }` \
    with `apparmor_parser`, or run `sysctl kernel.apparmor_restrict_unprivileged_userns=0`";

/// Namespaces could not be made.
pub(super) fn namespaces(error: &io::Error) -> JailError {
    let failed = JailError::new(format!(
        "the jail could not be made: this system does not let you make user namespaces: {error}"
    ));
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC | Errno::USERS) => failed.hint(
            "user namespaces are limited here; have root raise it, such as by `sysctl \
            user.max_user_namespaces=15000`, or run this outside of the sandbox that it is in",
        ),
        Some(Errno::INVAL | Errno::NOSYS) => failed
            .hint("this kernel was built without user, network or process namespaces; another is needed"),
        _ if switched(APPARMOR, "1") => failed.hint(APPARMOR_HINT),
        _ if switched(DEBIAN, "0") => {
            failed.hint("have root run `sysctl kernel.unprivileged_userns_clone=1`")
        }
        _ if switched(LIMIT, "0") => failed.hint("have root run `sysctl user.max_user_namespaces=15000`"),
        _ => failed.hint(
            "this looks like a container or a changed root, which forbids them; run it outside, or let the \
            container make them (`docker run --security-opt seccomp=unconfined --security-opt \
            apparmor=unconfined`)",
        ),
    }
}

/// Namespaces were made, and what their owner may do in them is refused.
pub(super) fn capabilities(what: &str, error: &io::Error) -> JailError {
    let failed = JailError::new(format!("the jail could not be made: {what}: {error}"));
    if switched(APPARMOR, "1") && error.kind() == io::ErrorKind::PermissionDenied {
        return failed.hint(APPARMOR_HINT);
    }
    failed
}

/// A fresh `/proc` could not be mounted.
pub(super) fn proc(error: &io::Error) -> JailError {
    if switched(APPARMOR, "1") {
        return capabilities("mounting /proc", error);
    }
    JailError::new(format!("the jail could not be made: mounting /proc: {error}")).hint(
        "parts of /proc are masked here, as in a container; run it outside, or start the container with \
        `--security-opt systempaths=unconfined`",
    )
}

/// A program that lays out the network is not there.
pub(super) fn program(name: &str, package: &str, folders: &[&str]) -> JailError {
    JailError::new(format!(
        "the jail could not be made: the program `{name}` is in none of {}",
        folders.join(", ")
    ))
    .hint(&format!("install the package `{package}`"))
}

fn switched(path: &str, value: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.trim() == value)
}
