//! The stage that leaves the host's namespaces.

use crate::jail::control::{Message, send};
use crate::jail::{FIRST, JailError, Spec, next_stage, remedy};
use creance_sys::{Namespaces, leave_namespaces};
use rustix::process::{
    DumpableBehavior, Signal, getppid, set_dumpable_behavior, set_parent_process_death_signal,
};
use std::fs;
use std::os::fd::OwnedFd;
use std::process::Stdio;

pub(super) fn run(spec: &Spec, control: &OwnedFd) -> Result<(), JailError> {
    leave_namespaces(Namespaces::Jail).map_err(|error| remedy::namespaces(&error))?;
    // After the change of namespaces, which may clear it.
    die_with_parent()?;
    // A front that died before this line is no longer the parent.
    if getppid().is_none_or(|parent| parent.as_raw_nonzero().get() != spec.front) {
        return Err(JailError::new("the jail could not be made: the process that started it is gone"));
    }
    map(0, spec.uid, 0, spec.gid).map_err(|error| remedy::capabilities("naming the users in it", &error))?;
    hide()?;
    let channel = control.try_clone().map_err(JailError::doing("copying a descriptor"))?;
    let mut first = next_stage(FIRST, spec)
        .stdin(Stdio::from(channel))
        .spawn()
        .map_err(JailError::doing("starting its first process"))?;
    first.wait().map_err(JailError::doing("waiting for its first process"))?;
    Ok(())
}

/// Has the kernel kill this process when its parent dies.
pub(super) fn die_with_parent() -> Result<(), JailError> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(JailError::doing("tying it to its parent"))
}

/// Keeps other processes of the same user out of this one.
pub(super) fn hide() -> Result<(), JailError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(JailError::doing("hiding it from other processes"))
}

/// Names this process's user and group in its new user namespace.
pub(super) fn map(uid: u32, host_uid: u32, gid: u32, host_gid: u32) -> std::io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{uid} {host_uid} 1\n"))?;
    fs::write("/proc/self/gid_map", format!("{gid} {host_gid} 1\n"))
}

/// Tells the front.
pub(super) fn tell(front: &OwnedFd, message: &Message) -> Result<(), JailError> {
    send(front, message, &[]).map_err(JailError::doing("telling the process outside"))
}
