//! What holds for a mount and for all below it.

use std::ffi::CStr;
use std::io;

/// `struct mount_attr` of Linux 5.12.
#[repr(C)]
struct MountAttr {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
}

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    /// Programs on it gain nothing by their owner or capabilities.
    NoSetuid,
    /// Nothing on it can be written.
    ReadOnly,
}

/// Sets an attribute of the mount at a path and of all mounts below it.
///
/// # Errors
/// Where the path is no mount, the caller may not change it, or the kernel is older than 5.12
/// ([`io::ErrorKind::Unsupported`]).
pub fn set_attributes_below(path: &CStr, what: Attributes) -> io::Result<()> {
    let attr_set = match what {
        Attributes::NoSetuid => libc::MOUNT_ATTR_NOSUID,
        Attributes::ReadOnly => libc::MOUNT_ATTR_RDONLY,
    };
    let attributes = MountAttr { attr_set, attr_clr: 0, propagation: 0, userns_fd: 0 };
    #[expect(unsafe_code, reason = "no library has this call")]
    // SAFETY: the path ends in NUL and the attributes live until the call returns; the kernel
    // reads `size_of::<MountAttr>()` bytes of them and writes none.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<MountAttr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
