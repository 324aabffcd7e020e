//! Leaving the namespaces that one was started in.

use std::io;

/// Which namespaces of its own a process is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unshare {
    /// Users, in which the caller has every capability over what it makes afterwards.
    pub user: bool,
    /// Mounts.
    pub mount: bool,
    /// Interfaces, addresses, routes and rules.
    pub net: bool,
    /// Process numbers: not the caller's own but its next children's, the first of which is 1.
    pub pid: bool,
    /// Queues and shared memory of System V.
    pub ipc: bool,
}

/// Gives the calling thread, and what it starts afterwards, namespaces of its own.
///
/// # Errors
/// What `unshare(2)` says: `EPERM` where the system does not allow it, `EINVAL` where the process
/// has threads and asks for users of its own, `ENOSPC` where there are too many.
pub fn unshare(what: Unshare) -> io::Result<()> {
    let flags = [
        (what.user, libc::CLONE_NEWUSER),
        (what.mount, libc::CLONE_NEWNS),
        (what.net, libc::CLONE_NEWNET),
        (what.pid, libc::CLONE_NEWPID),
        (what.ipc, libc::CLONE_NEWIPC),
    ];
    let flags = flags.iter().filter(|(wanted, _)| *wanted).fold(0, |all, (_, flag)| all | flag);
    #[expect(unsafe_code, reason = "no library offers it as safe")]
    // SAFETY: no memory is passed, and none of the flags parts descriptors or memory from those of
    // other threads.
    let result = unsafe { libc::unshare(flags) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_with_others_beside_it_gets_no_users_of_its_own() {
        std::thread::spawn(|| {
            let error = unshare(Unshare { user: true, ..Unshare::default() }).unwrap_err();
            assert!(matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EPERM)), "{error}");
            unshare(Unshare::default()).unwrap();
        })
        .join()
        .unwrap();
    }
}
