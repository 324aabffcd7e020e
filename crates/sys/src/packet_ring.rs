//! The heads of all frames that leave by an interface, in memory that is shared with the kernel: it
//! fills blocks of them and hands each over when it is full, or some time after its first frame. So
//! whoever reads them is woken for many at a time.
//!
//! The kernel's `Documentation/networking/packet_mmap.rst`, version 3.

use crate::packet::{PacketCounts, bind, counts, deaf_socket, hardware, pass_outgoing, set};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

/// The head of a block: its version, where what is private to it begins, and then its status, the
/// number of its frames and where the first of them is.
const BLOCK_STATUS: usize = 8;
const BLOCK_FRAMES: usize = 12;
const BLOCK_FIRST: usize = 16;
/// In the status: the block is ours.
const OURS: u32 = 1;

/// The head of a frame (`struct tpacket3_hdr`).
const FRAME_HEAD_BYTES: usize = 48;
const FRAME_CAPTURED: usize = 12;
const FRAME_LENGTH: usize = 16;
const FRAME_STATUS: usize = 20;
const FRAME_AT: usize = 24;
/// In its status: a tag was taken out of it.
const TAGGED: u32 = 1 << 4;

/// What stands before a frame and tells how it will be cut up (`struct virtio_net_hdr`).
const CUT_BYTES: usize = 10;
const CUT_KIND: usize = 1;
const CUT_SIZE: usize = 4;

/// A multiple of which the kernel wants the size of frames to be; here it is of no other use.
const FRAME_BYTES: usize = 2048;

/// A packet socket on one interface that keeps what leaves in a ring of blocks.
#[derive(Debug)]
pub struct PacketRing {
    socket: OwnedFd,
    memory: Memory,
    block_bytes: usize,
    blocks: usize,
    next: usize,
    hardware: u16,
}

/// A frame in a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingFrame<'a> {
    /// Its first bytes.
    pub head: &'a [u8],
    /// How long it is in all, in bytes, without a tag that was taken out.
    pub length: usize,
    /// Whether a tag of IEEE 802.1Q was taken out of it.
    pub tagged: bool,
    /// How much payload each of the frames will have that the card makes of it, in bytes; none
    /// where it is sent as it is.
    pub cut_every: Option<u16>,
}

impl PacketRing {
    /// Opens a ring of so many blocks of so many bytes, a multiple of a page, for the first
    /// `head_bytes` of each frame that leaves by the interface with this index. A block is handed
    /// over when it is full, or so many milliseconds after its first frame.
    ///
    /// # Errors
    /// [`io::ErrorKind::PermissionDenied`] without CAP_NET_RAW; an interface that is not there; a
    /// kernel without such rings, or without the memory.
    pub fn open(
        index: u32,
        blocks: usize,
        block_bytes: usize,
        head_bytes: u32,
        within_ms: u32,
    ) -> io::Result<Self> {
        let socket = deaf_socket()?;
        let descriptor = socket.as_fd();
        pass_outgoing(descriptor, head_bytes)?;
        let version = libc::tpacket_versions::TPACKET_V3 as i32;
        set(descriptor, libc::SOL_PACKET, libc::PACKET_VERSION, &version)?;
        set(descriptor, libc::SOL_PACKET, libc::PACKET_VNET_HDR, &1_i32)?;
        let number = |size: usize| u32::try_from(size).map_err(io::Error::other);
        let request = libc::tpacket_req3 {
            tp_block_size: number(block_bytes)?,
            tp_block_nr: number(blocks)?,
            tp_frame_size: number(FRAME_BYTES)?,
            tp_frame_nr: number(blocks.saturating_mul(block_bytes / FRAME_BYTES))?,
            tp_retire_blk_tov: within_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(descriptor, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let memory = Memory::of(descriptor, blocks.saturating_mul(block_bytes))?;
        bind(descriptor, index)?;
        let hardware = hardware(descriptor)?;
        Ok(Self { socket, memory, block_bytes, blocks, next: 0, hardware })
    }

    /// What kind of link it is (ARPHRD_…).
    #[must_use]
    pub const fn hardware(&self) -> u16 {
        self.hardware
    }

    /// Shows each frame of the next block, and gives it back to the kernel. False where there is
    /// none yet: then poll tells when there is.
    pub fn take(&mut self, look: impl FnMut(&RingFrame<'_>)) -> bool {
        let at = self.next * self.block_bytes;
        if self.memory.status(at).load(Ordering::Acquire) & OURS == 0 {
            return false;
        }
        frames(self.memory.block(at, self.block_bytes), look);
        self.memory.status(at).store(0, Ordering::Release);
        self.next = (self.next + 1) % self.blocks;
        true
    }

    /// What was counted since the last time, of what leaves.
    ///
    /// # Errors
    /// Where the kernel does not say, which it does.
    pub fn counts(&self) -> io::Result<PacketCounts> {
        counts(self.socket.as_fd())
    }
}

impl AsFd for PacketRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Memory that is shared with the kernel.
#[derive(Debug)]
struct Memory {
    start: *mut u8,
    length: usize,
}

#[expect(unsafe_code, reason = "a pointer is not sent by itself")]
// SAFETY: the memory belongs to the process and to this owner alone, on whichever thread it is.
unsafe impl Send for Memory {}

impl Memory {
    fn of(socket: BorrowedFd<'_>, length: usize) -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        #[expect(unsafe_code, reason = "no library maps a ring as safe")]
        // SAFETY: the kernel chooses where it is, so that nothing else is there.
        let start = unsafe {
            libc::mmap(ptr::null_mut(), length, protection, libc::MAP_SHARED, socket.as_raw_fd(), 0)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { start: start.cast(), length })
    }

    /// The status of the block that begins at a place.
    fn status(&self, at: usize) -> &AtomicU32 {
        assert!(at.is_multiple_of(4) && at + BLOCK_FIRST <= self.length, "a block is within the memory");
        let status = self.start.wrapping_add(at + BLOCK_STATUS).cast::<u32>();
        #[expect(unsafe_code, reason = "the kernel writes it as well")]
        // SAFETY: it is within the memory by the line above, aligned as the memory's start is at a
        // page, and alive as long as `self`. `block` is not borrowed meanwhile by those who write.
        unsafe {
            AtomicU32::from_ptr(status)
        }
    }

    /// The bytes of a block that is ours: the kernel writes to it only when it is given back, which
    /// needs `self` anew.
    fn block(&mut self, at: usize, length: usize) -> &[u8] {
        assert!(at + length <= self.length, "a block is within the memory");
        let start = self.start.wrapping_add(at);
        #[expect(unsafe_code, reason = "memory that the kernel filled")]
        // SAFETY: it is within the memory by the line above, initialised by the kernel with zeros,
        // and nobody writes to it while it is borrowed: the block was found to be ours.
        unsafe {
            slice::from_raw_parts(start, length)
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "what was mapped is let go")]
        // SAFETY: it was mapped with this length, and nothing borrows it any more.
        unsafe {
            libc::munmap(self.start.cast(), self.length);
        }
    }
}

/// Shows the frames of a block.
fn frames(block: &[u8], mut look: impl FnMut(&RingFrame<'_>)) {
    let mut at = four(block, BLOCK_FIRST);
    for _ in 0..four(block, BLOCK_FRAMES) {
        let Some(head) = block.get(at..).and_then(|rest| rest.get(..FRAME_HEAD_BYTES)) else { return };
        let begin = at + usize::from(two(head, FRAME_AT));
        let bytes = block.get(begin..).and_then(|rest| rest.get(..four(head, FRAME_CAPTURED)));
        let cut = begin.checked_sub(CUT_BYTES).and_then(|from| block.get(from..begin));
        let (Some(bytes), Some(cut)) = (bytes, cut) else { return };
        let is_cut = cut.get(CUT_KIND).is_some_and(|kind| *kind != 0);
        look(&RingFrame {
            head: bytes,
            length: four(head, FRAME_LENGTH),
            tagged: four(head, FRAME_STATUS) & TAGGED as usize != 0,
            cut_every: is_cut.then(|| two(cut, CUT_SIZE)),
        });
        // None follows the last.
        let next = four(head, 0);
        if next < FRAME_HEAD_BYTES {
            return;
        }
        at += next;
    }
}

fn four(bytes: &[u8], at: usize) -> usize {
    let number = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes);
    number as usize
}

fn two(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Namespaces, PacketKind, PacketSocket, leave_namespaces};
    use std::net::UdpSocket;
    use std::process::Command;
    use std::time::Duration;

    /// A block of two frames.
    fn block() -> Vec<u8> {
        let mut block = vec![0; 512];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(BLOCK_FRAMES, &2_u32.to_ne_bytes());
        put(BLOCK_FIRST, &48_u32.to_ne_bytes());
        for (at, next, captured, length, status, cut) in
            [(48_usize, 160_u32, 20_u32, 20_u32, 0_u32, 0_u8), (208, 0, 60, 65_000, TAGGED, 1)]
        {
            put(at, &next.to_ne_bytes());
            put(at + FRAME_CAPTURED, &captured.to_ne_bytes());
            put(at + FRAME_LENGTH, &length.to_ne_bytes());
            put(at + FRAME_STATUS, &status.to_ne_bytes());
            put(at + FRAME_AT, &90_u16.to_ne_bytes());
            put(at + 80 + CUT_KIND, &[cut]);
            put(at + 80 + CUT_SIZE, &1448_u16.to_ne_bytes());
            put(at + 90, &[cut + 5; 20]);
        }
        block
    }

    #[test]
    fn frames_of_a_block_are_read_and_no_broken_one_is_read_beyond_it() {
        let block = block();
        let seen = |block: &[u8]| {
            let mut seen = Vec::new();
            frames(block, |it| {
                let first = it.head.first().copied().unwrap_or(0);
                seen.push((it.head.len(), first, it.length, it.tagged, it.cut_every));
            });
            seen
        };
        assert_eq!(seen(&block), [(20, 5, 20, false, None), (60, 6, 65_000, true, Some(1448))]);
        for length in 0..block.len() {
            assert!(seen(&block[..length]).len() <= 2);
        }
        for at in 0..block.len() - 4 {
            let mut wrong = block.clone();
            wrong[at..at + 4].fill(0xff);
            seen(&wrong);
        }
    }

    /// Runs it on a thread with a network of its own, where this user may make one.
    fn in_a_network(work: impl FnOnce() + Send + 'static) {
        let run = move || {
            if let Err(error) = leave_namespaces(Namespaces::Network) {
                println!("skipped: this user makes no network: {error}");
                return;
            }
            let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();
            assert!(up.success());
            work();
        };
        std::thread::spawn(run).join().unwrap();
    }

    fn say(bytes: &[u8]) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        // Nobody hears it.
        socket.send_to(bytes, "127.0.0.1:9").unwrap();
    }

    #[test]
    fn a_ring_has_what_leaves_once_and_counts_what_it_has_no_room_for() {
        in_a_network(|| {
            let mut ring = PacketRing::open(1, 2, 4096, 64, 10).unwrap();
            assert_eq!(ring.hardware(), 772);
            say(b"one");
            let mut seen = Vec::new();
            for _ in 0..500 {
                while ring.take(|frame| seen.push((frame.head.to_vec(), frame.length))) {}
                if !seen.is_empty() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            // The datagram, and what says that nobody hears it.
            assert_eq!(seen[0].1, 14 + 20 + 8 + 3);
            assert_eq!(&seen[0].0[42..], b"one");
            assert!(seen.iter().filter(|(head, _)| head.ends_with(b"one")).count() <= 2, "{seen:?}");
            assert_eq!(ring.counts().unwrap().dropped, 0);
            for _ in 0..200 {
                say(&[7; 100]);
            }
            let counts = ring.counts().unwrap();
            assert!(counts.dropped > 0 && counts.received >= 200, "{counts:?}");
        });
    }

    #[test]
    fn without_a_ring_what_leaves_comes_one_by_one_and_what_comes_does_not() {
        in_a_network(|| {
            let socket = PacketSocket::outgoing(1, 1 << 20).unwrap();
            let mut buffer = [0; 64];
            say(&[7; 100]);
            let one = socket.receive(&mut buffer).unwrap();
            assert_eq!((one.kind, one.length, one.captured), (PacketKind::Outgoing, 142, 64));
            while let Ok(next) = socket.receive(&mut buffer) {
                assert_eq!(next.kind, PacketKind::Outgoing);
            }
        });
    }
}
