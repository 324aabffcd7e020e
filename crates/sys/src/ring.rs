//! One exchange over TCP by io_uring, from the socket on: for those who test what watches system
//! calls.

use io_uring::types::Fd;
use io_uring::{IoUring, opcode, squeue};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The largest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 4096;

/// Opens a socket, connects, sends, and returns the first part of the answer, at most 4096 bytes.
/// No system call is made but those on the ring. Waits for as long as the far end takes.
///
/// # Errors
/// `ENOSYS` or `EPERM` where there are no rings, and what the steps say.
pub fn ring_exchange(to: SocketAddr, say: &[u8]) -> io::Result<Vec<u8>> {
    let mut ring = IoUring::new(2)?;
    let domain = if to.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let socket =
        run(&mut ring, &opcode::Socket::new(domain, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0).build())?;
    #[expect(unsafe_code, reason = "the number becomes an owner")]
    // SAFETY: the ring has just given this descriptor, and nobody else knows of it.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let fd = Fd(socket.as_raw_fd());
    let (address, length) = kernel_address(to);
    run(&mut ring, &opcode::Connect::new(fd, address.as_ptr().cast(), length).build())?;
    let size = u32::try_from(say.len()).map_err(io::Error::other)?;
    run(&mut ring, &opcode::Send::new(fd, say.as_ptr(), size).build())?;
    let mut answer = vec![0; ANSWER_BYTES_MAX];
    let room = u32::try_from(answer.len()).map_err(io::Error::other)?;
    let read = run(&mut ring, &opcode::Recv::new(fd, answer.as_mut_ptr(), room).build())?;
    answer.truncate(usize::try_from(read).map_err(io::Error::other)?);
    Ok(answer)
}

/// Submits one entry and waits for it. What the entry points to lives on in the caller until then.
fn run(ring: &mut IoUring, entry: &squeue::Entry) -> io::Result<i32> {
    #[expect(unsafe_code, reason = "the kernel is handed pointers")]
    // SAFETY: each caller passes pointers to what it holds until this function returns, which is
    // after the kernel has finished with the entry: one at a time is on its way, and is waited for.
    let pushed = unsafe { ring.submission().push(entry) };
    pushed.map_err(io::Error::other)?;
    loop {
        match ring.submit_and_wait(1) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if let Some(done) = ring.completion().next() {
            let result = done.result();
            return if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(result) };
        }
    }
}

/// The address as `struct sockaddr_in` and `struct sockaddr_in6` lay it out.
fn kernel_address(to: SocketAddr) -> (Vec<u8>, libc::socklen_t) {
    let mut out = Vec::with_capacity(28);
    match to {
        SocketAddr::V4(to) => {
            out.extend(u16::to_ne_bytes(2));
            out.extend(to.port().to_be_bytes());
            out.extend(to.ip().octets());
            out.extend([0; 8]);
            (out, 16)
        }
        SocketAddr::V6(to) => {
            out.extend(u16::to_ne_bytes(10));
            out.extend(to.port().to_be_bytes());
            out.extend(to.flowinfo().to_be_bytes());
            out.extend(to.ip().octets());
            out.extend(to.scope_id().to_ne_bytes());
            (out, 28)
        }
    }
}
