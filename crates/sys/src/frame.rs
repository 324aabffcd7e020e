//! Frames of one's own making: for those who test what stands between an app and a link.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A socket that sends whole frames on any interface and receives none.
#[derive(Debug)]
pub struct FrameSocket(OwnedFd);

impl FrameSocket {
    /// Opens the socket.
    ///
    /// # Errors
    /// `EPERM` without CAP_NET_RAW, `EAFNOSUPPORT` where the kernel has no such sockets.
    pub fn open() -> io::Result<Self> {
        #[expect(unsafe_code, reason = "no library opens packet sockets as safe")]
        // SAFETY: no memory is passed.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        #[expect(unsafe_code, reason = "the number becomes an owner")]
        // SAFETY: the kernel has just given this descriptor, and nobody else knows of it.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self(owned))
    }

    /// Sends a frame, with its Ethernet header, on the interface of a number.
    ///
    /// # Errors
    /// Where there is no such interface, it is down, or the frame is longer than it takes.
    pub fn send(&self, interface: u32, frame: &[u8]) -> io::Result<()> {
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET.try_into().map_err(io::Error::other)?,
            sll_protocol: 0x0800_u16.to_be(),
            sll_ifindex: interface.try_into().map_err(io::Error::other)?,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 6,
            sll_addr: [0xff; 8],
        };
        let length = libc::socklen_t::try_from(size_of_val(&address)).map_err(io::Error::other)?;
        #[expect(unsafe_code, reason = "no library has addresses of links as safe")]
        // SAFETY: the frame and the address are readable for the lengths that are passed with them.
        let sent = unsafe {
            libc::sendto(
                self.0.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                (&raw const address).cast(),
                length,
            )
        };
        match usize::try_from(sent) {
            Ok(sent) if sent == frame.len() => Ok(()),
            Ok(_) => Err(io::ErrorKind::WriteZero.into()),
            Err(_) => Err(io::Error::last_os_error()),
        }
    }
}
