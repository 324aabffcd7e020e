//! Descriptors that a program must not inherit.

use std::io;

/// Marks every descriptor from `first` on to be closed when this process becomes another program.
/// None is closed before, so that owners stay owners.
///
/// # Errors
/// Where the kernel is older than 5.11.
pub fn close_at_exec(first: u32) -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC;
    #[expect(unsafe_code, reason = "no library marks without closing")]
    // SAFETY: with this flag the call changes a flag of descriptors and closes none; it takes no
    // pointers.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, flags) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
