//! What the app may inherit: its three standard streams, where they lead to no network.

use crate::jail::JailError;
use rustix::fs::{FileType, fstat, major};
use rustix::net::sockopt::{socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketType, getpeername};
use rustix::termios::isatty;
use std::io::{stderr, stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd};

/// The devices of memory: null, zero, random and their like.
const MEMORY: u32 = 1;

/// Refuses streams that lead out of a jail, or into its files past what covers them.
pub(super) fn check() -> Result<(), JailError> {
    let (input, output, error) = (stdin(), stdout(), stderr());
    one("input", input.as_fd())?;
    one("output", output.as_fd())?;
    one("error", error.as_fd())
}

fn one(name: &str, stream: BorrowedFd<'_>) -> Result<(), JailError> {
    let Some(what) = wrong(stream)? else { return Ok(()) };
    Err(JailError::new(format!("the app would inherit {what} as standard {name}, past the jail"))
        .hint("give it a file, a pipe or a terminal, such as `creance run … -- APP </dev/null | cat`"))
}

/// What is wrong with a stream.
fn wrong(stream: BorrowedFd<'_>) -> Result<Option<&'static str>, JailError> {
    let stat = fstat(stream).map_err(JailError::doing("looking at the standard streams"))?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile | FileType::Fifo => None,
        FileType::CharacterDevice if major(stat.st_rdev) == MEMORY || isatty(stream) => None,
        FileType::CharacterDevice => Some("a device"),
        FileType::Socket => socket(stream)?,
        FileType::Directory => Some("a folder"),
        FileType::BlockDevice => Some("a disk"),
        FileType::Symlink | FileType::Unknown => Some("something that is no file, pipe or terminal"),
    })
}

/// A socket between processes that is connected stays with its other end; any other could be sent
/// elsewhere, as its network is the host's.
fn socket(stream: BorrowedFd<'_>) -> Result<Option<&'static str>, JailError> {
    let family = socket_domain(stream).map_err(JailError::doing("looking at the standard streams"))?;
    let kind = socket_type(stream).map_err(JailError::doing("looking at the standard streams"))?;
    Ok(if family != AddressFamily::UNIX {
        Some("a network socket")
    } else if kind != SocketType::STREAM || getpeername(stream).is_err() {
        Some("a socket that is not tied to one other end")
    } else {
        None
    })
}
