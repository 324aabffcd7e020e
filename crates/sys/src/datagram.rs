//! Datagrams that were meant for another address than the socket's own.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};

/// Room for what the kernel says of a datagram: more than one address needs.
const CONTROL_BYTES: usize = 128;

/// A datagram that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram {
    /// Its length, in bytes; longer ones than there is room for are cut, and `cut` says so.
    pub length: usize,
    /// Who sent it.
    pub from: SocketAddr,
    /// Where it was to go.
    pub to: SocketAddr,
    /// Whether it was longer than the room for it.
    pub cut: bool,
}

/// Has the kernel say of each datagram where it was to go.
///
/// # Errors
/// Where the descriptor is no UDP socket.
pub fn tell_destinations(socket: BorrowedFd<'_>, ipv6: bool) -> io::Result<()> {
    let (level, option) = if ipv6 {
        (libc::SOL_IPV6, libc::IPV6_RECVORIGDSTADDR)
    } else {
        (libc::SOL_IP, libc::IP_RECVORIGDSTADDR)
    };
    let on: libc::c_int = 1;
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).map_err(io::Error::other)?;
    #[expect(unsafe_code, reason = "no library sets this option for sockets of its own kind")]
    // SAFETY: the descriptor is open for as long as it is borrowed, and the value is as long as
    // it is said to be.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Receives a datagram from a socket that was prepared by [`tell_destinations`].
///
/// # Errors
/// Where nothing is there now, or the kernel does not say where it was to go.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Datagram> {
    let mut from = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    // As words, since the kernel's records must be aligned.
    let mut control = [0_u64; CONTROL_BYTES / 8];
    let mut piece = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let mut message = MaybeUninit::<libc::msghdr>::zeroed();
    #[expect(unsafe_code, reason = "the structure has padding that not every platform has")]
    // SAFETY: a `msghdr` of zeros is a valid one, that says nothing.
    let message = unsafe { message.assume_init_mut() };
    message.msg_name = from.as_mut_ptr().cast();
    message.msg_namelen =
        libc::socklen_t::try_from(size_of::<libc::sockaddr_storage>()).map_err(io::Error::other)?;
    message.msg_iov = &raw mut piece;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = CONTROL_BYTES;
    #[expect(unsafe_code, reason = "no library reads where a datagram was to go")]
    // SAFETY: the descriptor is open for as long as it is borrowed, and all that the message
    // points to lives until the call is over and is as long as it says.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), message, libc::MSG_DONTWAIT) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    let cut = message.msg_flags & libc::MSG_TRUNC != 0;
    let unsaid = || io::Error::new(io::ErrorKind::InvalidData, "the kernel does not say where it was to go");
    let said = control.iter().flat_map(|word| word.to_ne_bytes()).take(message.msg_controllen);
    let to = destination(&said.collect::<Vec<u8>>()).ok_or_else(unsaid)?;
    #[expect(unsafe_code, reason = "the kernel wrote it")]
    // SAFETY: it was zeroed, and a `sockaddr_storage` of any bytes is a valid one.
    let from = unsafe { from.assume_init() };
    let from = address(&bytes_of(&from)).ok_or_else(unsaid)?;
    Ok(Datagram { length, from, to, cut })
}

/// The first 28 bytes of an address: as long as one of IPv6 is.
fn bytes_of(address: &libc::sockaddr_storage) -> [u8; 28] {
    let mut bytes = [0; 28];
    let source = (&raw const *address).cast::<u8>();
    #[expect(unsafe_code, reason = "the kernel's structures are read as bytes")]
    // SAFETY: a `sockaddr_storage` has 128 bytes, all of which are initialised, and the two do
    // not overlap.
    unsafe {
        std::ptr::copy_nonoverlapping(source, bytes.as_mut_ptr(), bytes.len());
    }
    bytes
}

/// Looks for the record about the destination: each has a length, a level, a kind, and then what
/// it says, and begins where eight divides.
fn destination(control: &[u8]) -> Option<SocketAddr> {
    let head = size_of::<usize>() + 2 * size_of::<libc::c_int>();
    let mut rest = control;
    while rest.len() >= head {
        let length = usize::from_ne_bytes(rest.get(..size_of::<usize>())?.try_into().ok()?);
        let number = |at: usize| {
            let bytes = rest.get(size_of::<usize>() + at * 4..)?.first_chunk()?;
            Some(libc::c_int::from_ne_bytes(*bytes))
        };
        let said = rest.get(head..length)?;
        match (number(0)?, number(1)?) {
            (libc::SOL_IP, libc::IP_ORIGDSTADDR) | (libc::SOL_IPV6, libc::IPV6_ORIGDSTADDR) => {
                return address(said);
            }
            _ => rest = rest.get(length.next_multiple_of(size_of::<usize>())..)?,
        }
    }
    None
}

/// An address as the kernel writes it: family, port, and for IPv6 a label before the address.
fn address(bytes: &[u8]) -> Option<SocketAddr> {
    let family = libc::sa_family_t::from_ne_bytes(*bytes.first_chunk()?);
    let port = u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
    match libc::c_int::from(family) {
        libc::AF_INET => {
            let octets: [u8; 4] = *bytes.get(4..)?.first_chunk()?;
            Some(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::from(octets), port)))
        }
        libc::AF_INET6 => {
            let octets: [u8; 16] = *bytes.get(8..)?.first_chunk()?;
            Some(SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::from(octets), port, 0, 0)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    #[test]
    fn a_datagram_says_who_sent_it_and_where_it_was_to_go() {
        for local in ["127.0.0.1:0", "[::1]:0"] {
            let socket = UdpSocket::bind(local).unwrap();
            tell_destinations(socket.as_fd(), local.starts_with('[')).unwrap();
            let mut buffer = [0; 8];
            let empty = receive(socket.as_fd(), &mut buffer).unwrap_err();
            assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
            let sender = UdpSocket::bind(local).unwrap();
            let to = socket.local_addr().unwrap();
            sender.send_to(b"hello", to).unwrap();
            sender.send_to(b"longer than eight", to).unwrap();
            let first = receive(socket.as_fd(), &mut buffer).unwrap();
            let from = sender.local_addr().unwrap();
            assert_eq!(first, Datagram { length: 5, from, to, cut: false });
            assert_eq!(&buffer[..5], b"hello");
            let second = receive(socket.as_fd(), &mut buffer).unwrap();
            assert_eq!((second.length, second.cut), (8, true));
        }
    }

    #[test]
    fn without_being_asked_the_kernel_says_nothing() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"x", socket.local_addr().unwrap()).unwrap();
        let error = receive(socket.as_fd(), &mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
