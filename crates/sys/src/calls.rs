//! Numbers of system calls and of requests, as this processor's kernel has them.

use std::ffi::{c_long, c_ulong};

/// `socket`.
pub const SOCKET: c_long = libc::SYS_socket;
/// `socketpair`.
pub const SOCKETPAIR: c_long = libc::SYS_socketpair;
/// `ioctl`.
pub const IOCTL: c_long = libc::SYS_ioctl;
/// Ways into io_uring, whose work no filter of calls sees.
pub const IO_URING: [c_long; 3] =
    [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];
/// The kernel's keys: asking for one can make the host's root look up a name.
pub const KEYS: [c_long; 3] = [libc::SYS_add_key, libc::SYS_request_key, libc::SYS_keyctl];
/// Programs and counters in the kernel, and faults handled in user space.
pub const KERNEL: [c_long; 3] = [libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_userfaultfd];

/// Types a character into a terminal.
pub const TIOCSTI: c_ulong = libc::TIOCSTI as c_ulong;
/// Pastes into a virtual console.
pub const TIOCLINUX: c_ulong = libc::TIOCLINUX as c_ulong;

/// Address families that stay within the jail's network: between processes, IPv4, IPv6, and
/// questions to the kernel about it.
pub const FAMILIES: [u32; 4] =
    [libc::AF_UNIX as u32, libc::AF_INET as u32, libc::AF_INET6 as u32, libc::AF_NETLINK as u32];

/// The error of a family that is not there.
pub const EAFNOSUPPORT: u32 = libc::EAFNOSUPPORT as u32;
/// The error of a call that is not there.
pub const ENOSYS: u32 = libc::ENOSYS as u32;
/// The error of a call that is not allowed.
pub const EPERM: u32 = libc::EPERM as u32;
