//! The stage that becomes the app.

use crate::jail::control::{Message, receive};
use crate::jail::error::{NOT_EXECUTABLE, NOT_FOUND};
use crate::jail::outer::map;
use crate::jail::{JailError, Spec, environment, filter};
use creance_sys::{Namespaces, close_at_exec, leave_namespaces, unblock_signals};
use rustix::stdio::dup2_stdin;
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The most capabilities that a kernel can have.
const CAPABILITIES_MAX: u32 = 64;

/// Becomes the app; returns only where it could not.
pub(super) fn run(spec: &Spec, control: &OwnedFd) -> Result<(), JailError> {
    let Ok(Some((Message::Start, with))) = receive(control) else {
        return Err(JailError::new("the app's stage was not told its standard input"));
    };
    let [stdin] = <[OwnedFd; 1]>::try_from(with)
        .map_err(|_| JailError::new("the app's stage was not given its standard input"))?;
    dup2_stdin(&stdin).map_err(JailError::doing("giving the app its standard input"))?;
    drop(stdin);
    leave_namespaces(Namespaces::Users).map_err(JailError::doing("making the app's user namespace"))?;
    map(spec.uid, 0, spec.gid, 0).map_err(JailError::doing("naming the user in the app's namespace"))?;
    drop_capabilities()?;
    filter::install()?;
    close_at_exec(3).map_err(|error| {
        JailError::doing::<std::io::Error>("closing what it inherited")(error)
            .hint("Linux 5.12 or newer is needed")
    })?;
    let Some((app, args)) = spec.app.split_first() else {
        return Err(JailError::new("no app was named"));
    };
    let mut command = Command::new(app);
    command.args(args);
    environment::clean(&mut command, spec);
    unblock_signals().map_err(JailError::doing("letting signals through"))?;
    let error = command.exec();
    let app = app.to_string_lossy();
    Err(if error.kind() == ErrorKind::NotFound {
        JailError::with_status(NOT_FOUND, format!("the app `{app}` was not found in the jail: {error}")).hint(
            "/tmp and /run are empty in there, and so is the home with `--home private`; a script also needs \
            its interpreter",
        )
    } else {
        JailError::with_status(NOT_EXECUTABLE, format!("the app `{app}` could not be executed: {error}"))
    })
}

/// Gives up every capability in the app's user namespace, for now and for every program after this.
fn drop_capabilities() -> Result<(), JailError> {
    for number in 0..CAPABILITIES_MAX {
        let one = CapabilitySet::from_bits_retain(1 << number);
        match remove_capability_from_bounding_set(one) {
            Ok(()) => {}
            // Past the last that this kernel has.
            Err(rustix::io::Errno::INVAL) if number > 0 => break,
            Err(error) => return Err(JailError::doing("dropping capabilities")(error)),
        }
    }
    clear_ambient_capability_set().map_err(JailError::doing("dropping ambient capabilities"))?;
    set_no_new_privs(true).map_err(JailError::doing("forbidding new privileges"))?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(JailError::doing("dropping capabilities"))
}
