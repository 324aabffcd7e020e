//! A socket that receives every frame of an interface, and sends none.

use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

/// Room for what the kernel says of a frame: its time, and its VLAN tag.
const CONTROL_BYTES: usize = 128;
/// In `tpacket_auxdata`: a tag was taken out of the frame, and its protocol is known.
const VLAN_VALID: u32 = 1 << 4;
const VLAN_TPID_VALID: u32 = 1 << 6;

/// Which way a frame went, and for whom it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketKind {
    /// It came, for this host.
    ToHost,
    /// It came, for all on the link.
    Broadcast,
    /// It came, for a group.
    Multicast,
    /// It came, for another host.
    ToOther,
    /// It left this host.
    Outgoing,
}

/// A tag of IEEE 802.1Q that the kernel took out of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VlanTag {
    /// The type that names it, such as 0x8100.
    pub protocol: u16,
    /// The tag.
    pub tag: u16,
}

/// A frame that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketReceived {
    /// How many bytes of it are in the buffer.
    pub captured: usize,
    /// How long it was on the wire, in bytes, without a tag that was taken out.
    pub length: usize,
    /// When the kernel took it, since 1970; `None` where it did not say.
    pub at: Option<Duration>,
    /// Which way it went.
    pub kind: PacketKind,
    /// The tag that was taken out of it.
    pub vlan: Option<VlanTag>,
}

/// What the kernel counted since it was last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PacketCounts {
    /// Frames that came to the socket, the lost ones included.
    pub received: u32,
    /// Frames that it had no room for.
    pub dropped: u32,
}

/// A packet socket (AF_PACKET) on one interface.
#[derive(Debug)]
pub struct PacketSocket {
    socket: OwnedFd,
    hardware: u16,
}

impl PacketSocket {
    /// Opens a socket on the interface with this index, also for frames that are not for this host.
    /// It hears nothing before everything about it is set. `room_bytes` is for frames that wait to
    /// be received, as far as the kernel allows.
    ///
    /// # Errors
    /// [`io::ErrorKind::PermissionDenied`] without CAP_NET_RAW; an interface that is not there.
    pub fn open(index: u32, room_bytes: i32) -> io::Result<Self> {
        let socket = deaf_socket()?;
        let promiscuous = libc::packet_mreq {
            mr_ifindex: i32::try_from(index).map_err(io::Error::other)?,
            mr_type: u16::try_from(libc::PACKET_MR_PROMISC).map_err(io::Error::other)?,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        set(socket.as_fd(), libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &promiscuous)?;
        Self::hear(socket, index, room_bytes)
    }

    /// The same for what leaves alone.
    ///
    /// # Errors
    /// As [`PacketSocket::open`].
    pub fn outgoing(index: u32, room_bytes: i32) -> io::Result<Self> {
        let socket = deaf_socket()?;
        pass_outgoing(socket.as_fd(), u32::MAX)?;
        Self::hear(socket, index, room_bytes)
    }

    fn hear(socket: OwnedFd, index: u32, room_bytes: i32) -> io::Result<Self> {
        let descriptor = socket.as_fd();
        // Beyond the system's limit, where this process may.
        if set(descriptor, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &room_bytes).is_err() {
            set(descriptor, libc::SOL_SOCKET, libc::SO_RCVBUF, &room_bytes)?;
        }
        set(descriptor, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &1_i32)?;
        set(descriptor, libc::SOL_PACKET, libc::PACKET_AUXDATA, &1_i32)?;
        bind(descriptor, index)?;
        let hardware = hardware(descriptor)?;
        Ok(Self { socket, hardware })
    }

    /// What kind of link it is (ARPHRD_…).
    #[must_use]
    pub const fn hardware(&self) -> u16 {
        self.hardware
    }

    /// How many bytes the kernel keeps for frames that wait.
    ///
    /// # Errors
    /// Where the kernel does not say, which it does.
    pub fn room(&self) -> io::Result<usize> {
        let room: i32 = get(self.socket.as_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF)?;
        usize::try_from(room).map_err(io::Error::other)
    }

    /// Receives one frame into the buffer, without waiting.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where none is there; ENETDOWN once where the interface went
    /// down; ENODEV or ENXIO where it is gone.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<PacketReceived> {
        let mut from = MaybeUninit::<libc::sockaddr_ll>::zeroed();
        let mut control = Control([0; CONTROL_BYTES]);
        let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let mut message = empty_message();
        message.msg_name = from.as_mut_ptr().cast();
        message.msg_namelen = length_of::<libc::sockaddr_ll>()?;
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = CONTROL_BYTES as _;
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        #[expect(unsafe_code, reason = "no library receives the address and the tag of a frame")]
        // SAFETY: name, buffer and control are alive during the call, and their lengths are theirs.
        let length = unsafe { libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, flags) };
        let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
        #[expect(unsafe_code, reason = "plain numbers, zeroed before the kernel wrote to them")]
        // SAFETY: all bytes were zeroed at first, and every pattern is a value of this type.
        let from = unsafe { from.assume_init() };
        // What the kernel did not write to is zero, and says nothing.
        let (at, vlan) = read_control(&control.0);
        Ok(PacketReceived {
            captured: length.min(buffer.len()),
            length,
            at,
            kind: match from.sll_pkttype {
                libc::PACKET_BROADCAST => PacketKind::Broadcast,
                libc::PACKET_MULTICAST => PacketKind::Multicast,
                libc::PACKET_OTHERHOST => PacketKind::ToOther,
                libc::PACKET_OUTGOING => PacketKind::Outgoing,
                _ => PacketKind::ToHost,
            },
            vlan,
        })
    }

    /// What was counted since the last time.
    ///
    /// # Errors
    /// Where the kernel does not say, which it does.
    pub fn counts(&self) -> io::Result<PacketCounts> {
        counts(self.socket.as_fd())
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Room for control messages, aligned as they must be.
#[repr(align(8))]
struct Control([u8; CONTROL_BYTES]);

/// A socket that hears nothing until it is bound.
pub(crate) fn deaf_socket() -> io::Result<OwnedFd> {
    #[expect(unsafe_code, reason = "a socket of this family with protocol 0")]
    // SAFETY: the call takes no pointers.
    let raw = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    #[expect(unsafe_code, reason = "the descriptor was just made")]
    // SAFETY: `raw` is open, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// Has a socket take so many bytes of each frame that leaves, and none of what comes.
pub(crate) fn pass_outgoing(socket: BorrowedFd<'_>, bytes: u32) -> io::Result<()> {
    let step = |code: u32, jump_else: u8, value: u32| -> io::Result<libc::sock_filter> {
        let code = u16::try_from(code).map_err(io::Error::other)?;
        Ok(libc::sock_filter { code, jt: 0, jf: jump_else, k: value })
    };
    // The kernel keeps what is about a frame beyond an address that no frame has.
    let kind = (libc::SKF_AD_OFF + libc::SKF_AD_PKTTYPE).cast_unsigned();
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, kind)?,
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, libc::PACKET_OUTGOING.into())?,
        step(libc::BPF_RET | libc::BPF_K, 0, bytes)?,
        step(libc::BPF_RET | libc::BPF_K, 0, 0)?,
    ];
    let length = u16::try_from(steps.len()).map_err(io::Error::other)?;
    // It points to the steps, which outlive the call.
    let program = libc::sock_fprog { len: length, filter: steps.as_mut_ptr() };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

pub(crate) fn counts(socket: BorrowedFd<'_>) -> io::Result<PacketCounts> {
    let [received, dropped]: [u32; 2] = get(socket, libc::SOL_PACKET, libc::PACKET_STATISTICS)?;
    Ok(PacketCounts { received, dropped })
}

pub(crate) fn bind(socket: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    let index = i32::try_from(index).map_err(io::Error::other)?;
    let mut address = empty_address();
    address.sll_family = u16::try_from(libc::AF_PACKET).map_err(io::Error::other)?;
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).map_err(io::Error::other)?.to_be();
    address.sll_ifindex = index;
    let length = length_of::<libc::sockaddr_ll>()?;
    #[expect(unsafe_code, reason = "no library binds to an address of this family")]
    // SAFETY: the address is alive during the call, and the length is its own.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// What kind of link a bound socket is on.
pub(crate) fn hardware(socket: BorrowedFd<'_>) -> io::Result<u16> {
    let mut address = empty_address();
    let mut length = length_of::<libc::sockaddr_ll>()?;
    #[expect(unsafe_code, reason = "no library reads an address of this family")]
    // SAFETY: the kernel writes at most `length` bytes, which is the length of the address.
    let result = unsafe { libc::getsockname(socket.as_raw_fd(), (&raw mut address).cast(), &raw mut length) };
    if result == 0 { Ok(address.sll_hatype) } else { Err(io::Error::last_os_error()) }
}

fn empty_address() -> libc::sockaddr_ll {
    #[expect(unsafe_code, reason = "plain numbers")]
    // SAFETY: all zeros is a value of this type.
    unsafe {
        zeroed()
    }
}

fn empty_message() -> libc::msghdr {
    #[expect(unsafe_code, reason = "its private padding cannot be named")]
    // SAFETY: all zeros is a value of this type: null pointers and no lengths.
    unsafe {
        zeroed()
    }
}

fn length_of<T>() -> io::Result<libc::socklen_t> {
    libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)
}

/// Sets an option of a socket.
pub(crate) fn set<T>(socket: BorrowedFd<'_>, level: i32, name: i32, value: &T) -> io::Result<()> {
    let length = length_of::<T>()?;
    #[expect(unsafe_code, reason = "no library sets options of this family")]
    // SAFETY: the value is alive during the call, and the length is its own.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, ptr::from_ref(value).cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// An option that is made of plain numbers.
fn get<T: Copy + Default>(socket: BorrowedFd<'_>, level: i32, name: i32) -> io::Result<T> {
    let mut value = T::default();
    let mut length = length_of::<T>()?;
    #[expect(unsafe_code, reason = "no library reads options of this family")]
    // SAFETY: the kernel writes at most `length` bytes, which is the length of the value; callers
    // here ask for numbers, of which every pattern is a value.
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, ptr::from_mut(&mut value).cast(), &raw mut length)
    };
    if result == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

/// The time and the tag in control messages: each has a head of a length, a level and a type, and
/// ends where the next multiple of eight does.
fn read_control(bytes: &[u8]) -> (Option<Duration>, Option<VlanTag>) {
    const HEAD: usize = size_of::<libc::cmsghdr>();
    let (mut at, mut vlan) = (None, None);
    let mut rest = bytes;
    while let Some(head) = rest.get(..HEAD) {
        let length = word(head, 0);
        let data = rest.get(HEAD..length).unwrap_or_default();
        let number = |at: usize| i32::from_ne_bytes(four(head, at));
        match (number(size_of::<usize>()), number(size_of::<usize>() + 4)) {
            (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS) => at = read_time(data),
            (libc::SOL_PACKET, libc::PACKET_AUXDATA) => vlan = read_tag(data),
            _ => {}
        }
        let next = length.max(HEAD).next_multiple_of(size_of::<usize>());
        rest = rest.get(next..).unwrap_or_default();
    }
    (at, vlan)
}

/// `struct timespec`.
fn read_time(data: &[u8]) -> Option<Duration> {
    let seconds = u64::try_from(word(data, 0)).ok()?;
    let nanos = u32::try_from(word(data, size_of::<usize>())).ok()?;
    (data.len() >= 2 * size_of::<usize>()).then(|| Duration::new(seconds, nanos))
}

/// `struct tpacket_auxdata`: status, length, captured, two offsets, tag, its protocol.
fn read_tag(data: &[u8]) -> Option<VlanTag> {
    let status = u32::from_ne_bytes(four(data, 0));
    let [a, b, c, d] = four(data, 16);
    let protocol = if status & VLAN_TPID_VALID == 0 { 0x8100 } else { u16::from_ne_bytes([c, d]) };
    (status & VLAN_VALID != 0).then_some(VlanTag { protocol, tag: u16::from_ne_bytes([a, b]) })
}

fn word(bytes: &[u8], at: usize) -> usize {
    bytes
        .get(at..at + size_of::<usize>())
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, usize::from_ne_bytes)
}

fn four(bytes: &[u8], at: usize) -> [u8; 4] {
    bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_pointer_width = "64")]
    #[test]
    fn the_time_and_the_tag_are_read_and_the_rest_passed_over() {
        let message = |level: i32, kind: i32, data: &[u8]| {
            let mut bytes = (16 + data.len()).to_ne_bytes().to_vec();
            bytes.extend(level.to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(data);
            bytes.resize(bytes.len().next_multiple_of(8), 0xaa);
            bytes
        };
        let time = [5_i64.to_ne_bytes(), 7_i64.to_ne_bytes()].concat();
        let tag = |status: u32| {
            let mut data = status.to_ne_bytes().to_vec();
            data.extend([0; 12]);
            data.extend(0x2005_u16.to_ne_bytes());
            data.extend(0x88a8_u16.to_ne_bytes());
            data
        };
        let all = |status| {
            [
                message(libc::SOL_SOCKET, 999, b"other"),
                message(libc::SOL_PACKET, libc::PACKET_AUXDATA, &tag(status)),
                message(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &time),
            ]
            .concat()
        };
        let at = Some(Duration::new(5, 7));
        assert_eq!(read_control(&all(0)), (at, None));
        let tagged = |protocol| Some(VlanTag { protocol, tag: 0x2005 });
        assert_eq!(read_control(&all(VLAN_VALID)), (at, tagged(0x8100)));
        assert_eq!(read_control(&all(VLAN_VALID | VLAN_TPID_VALID)), (at, tagged(0x88a8)));
        let whole = all(VLAN_VALID);
        for cut in 0..whole.len() {
            read_control(&whole[..cut]);
        }
        assert_eq!(read_control(&[0; 64]), (None, None), "a length of zero ends");
    }
}
