//! What the kernel counted of a TCP connection.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `struct tcp_info` of Linux, as far as to its last field that is read here (since 4.19).
const INFO_BYTES: usize = 216;
const UNACKED: usize = 24;
const BYTES_RECEIVED: usize = 128;
const NOT_SENT: usize = 144;
const BYTES_SENT: usize = 200;
const BYTES_RETRANSMITTED: usize = 208;

/// States in which the far end's FIN has come, which the kernel counts as a byte.
const AFTER_FIN: [u8; 5] = [6, 7, 8, 9, 11];

/// Bytes of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpCounts {
    /// Bytes of payload that went to the wire, each once, in bytes.
    pub sent: u64,
    /// Bytes of payload that came in order, read or not, in bytes.
    pub received: u64,
    /// Bytes that were written and have not been sent for the first time, in bytes.
    pub not_sent: u64,
    /// Segments that the far end has not confirmed.
    pub unconfirmed: u32,
}

/// Asks the kernel for the counts of a TCP connection.
///
/// # Errors
/// Where the descriptor is no TCP socket, or the kernel is older than 4.19.
pub fn tcp_counts(socket: BorrowedFd<'_>) -> io::Result<TcpCounts> {
    let mut info = [0_u8; INFO_BYTES];
    let mut length = libc::socklen_t::try_from(INFO_BYTES).map_err(io::Error::other)?;
    #[expect(unsafe_code, reason = "no library reads these fields")]
    // SAFETY: the descriptor is open for as long as it is borrowed, and the kernel writes at most
    // `length` bytes, which is the length of `info`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    if usize::try_from(length).is_ok_and(|length| length < INFO_BYTES) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "this kernel does not count what TCP sends"));
    }
    let long = |at: usize| {
        info.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_ne_bytes)
    };
    let short = |at: usize| {
        info.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes)
    };
    let [state, ..] = info;
    let fin = u64::from(AFTER_FIN.contains(&state));
    Ok(TcpCounts {
        sent: long(BYTES_SENT).saturating_sub(long(BYTES_RETRANSMITTED)),
        received: long(BYTES_RECEIVED).saturating_sub(fin),
        not_sent: u64::from(short(NOT_SENT)),
        unconfirmed: short(UNACKED),
    })
}

/// Where `SO_MEMINFO` tells what is on its way out, of the words that it gives.
const WMEM_ALLOC: usize = 2;
const MEMORY_WORDS: usize = 9;

/// How much memory the packets take that a socket handed on and that have not left the machine yet,
/// in bytes: they wait in the queue of a network card, where closing the socket does not stop them.
///
/// # Errors
/// Where the descriptor is no socket, or the kernel is older than 4.12.
pub fn queued(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut words = [0_u32; MEMORY_WORDS];
    let mut length = libc::socklen_t::try_from(size_of_val(&words)).map_err(io::Error::other)?;
    #[expect(unsafe_code, reason = "no library reads this option")]
    // SAFETY: the descriptor is open for as long as it is borrowed, and the kernel writes at most
    // `length` bytes, which is the length of `words`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            words.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    words.get(WMEM_ALLOC).copied().ok_or_else(|| io::Error::other("no such word"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::AsFd;

    #[test]
    fn what_was_sent_and_what_came_is_counted_without_the_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.write_all(&[7; 1000]).unwrap();
        near.shutdown(Shutdown::Write).unwrap();
        let mut read = Vec::new();
        far.read_to_end(&mut read).unwrap();
        far.write_all(&[8; 300]).unwrap();
        far.shutdown(Shutdown::Write).unwrap();
        near.read_to_end(&mut read).unwrap();
        let near = tcp_counts(near.as_fd()).unwrap();
        assert_eq!((near.sent, near.received, near.not_sent), (1000, 300, 0));
        let far = tcp_counts(far.as_fd()).unwrap();
        assert_eq!((far.sent, far.received), (300, 1000));
    }

    #[test]
    fn another_descriptor_is_an_error() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(tcp_counts(file.as_fd()).is_err());
    }
}
