//! Namespaces of a process's own.

use std::io;

/// Which namespaces to leave for new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespaces {
    /// Users, network, mounts, processes, and what processes share without files.
    Jail,
    /// The same without users: for root.
    System,
    /// Users alone.
    Users,
    /// Mounts alone.
    Mounts,
    /// The network alone.
    Network,
}

/// Leaves namespaces for new ones. Of processes, the next child is the first of the new ones.
///
/// # Errors
/// Where the system does not let this user make namespaces, and with `InvalidInput` in a process
/// of more than one thread.
pub fn leave_namespaces(which: Namespaces) -> io::Result<()> {
    let flags = match which {
        Namespaces::Jail => {
            libc::CLONE_NEWUSER
                | libc::CLONE_NEWNET
                | libc::CLONE_NEWNS
                | libc::CLONE_NEWPID
                | libc::CLONE_NEWIPC
        }
        Namespaces::System => {
            libc::CLONE_NEWNET | libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC
        }
        Namespaces::Users => libc::CLONE_NEWUSER,
        Namespaces::Mounts => libc::CLONE_NEWNS,
        Namespaces::Network => libc::CLONE_NEWNET,
    };
    #[expect(unsafe_code, reason = "no library offers it as safe")]
    // SAFETY: no memory is touched, and the table of descriptors stays this process's own; that
    // is what makes the call unsafe with CLONE_FILES, which is not among the flags.
    let result = unsafe { libc::unshare(flags) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
