//! Where the watch has its frames from.

use crate::lan::frame::{Frame, Framing};
use creance_sys::{PacketCounts, PacketRing, PacketSocket};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Blocks of a ring and their bytes: room for some 150,000 frames, and for five seconds where each
/// block has few.
const BLOCKS: usize = 128;
const BLOCK_BYTES: usize = 256 << 10;

/// After so many milliseconds a block is handed over although it has room.
const WITHIN_MS: u32 = 40;

/// As much of a frame as its heads take.
const HEAD_BYTES: usize = 192;

/// Room for frames that wait without a ring, in bytes, where the kernel gives it.
const ROOM_BYTES: i32 = 32 << 20;

/// Frames that are taken at once without a ring.
const AT_ONCE: usize = 256;

/// Without a ring it is not known how the card cuts up what is longer than a link carries: in pieces
/// of the smallest size that is usual, at most.
const LINK_BYTES: usize = 1518;
const PIECE_BYTES: usize = 536;

/// Frames that leave by an interface.
#[derive(Debug)]
pub(super) enum Source {
    /// Many at a time.
    Ring(PacketRing),
    /// One by one, at a wake-up for each.
    Each(PacketSocket),
}

impl Source {
    /// Opens one on an interface. Where there can be no ring, it tells why.
    pub(super) fn open(index: u32) -> io::Result<(Self, Option<String>)> {
        let head = u32::try_from(HEAD_BYTES).map_err(io::Error::other)?;
        match PacketRing::open(index, BLOCKS, BLOCK_BYTES, head, WITHIN_MS) {
            Ok(ring) => Ok((Self::Ring(ring), None)),
            Err(error) => Ok((Self::each(index)?, Some(error.to_string()))),
        }
    }

    /// One without a ring.
    pub(super) fn each(index: u32) -> io::Result<Self> {
        Ok(Self::Each(PacketSocket::outgoing(index, ROOM_BYTES)?))
    }

    pub(super) fn framing(&self) -> Framing {
        Framing::of(match self {
            Self::Ring(ring) => ring.hardware(),
            Self::Each(socket) => socket.hardware(),
        })
    }

    /// Shows some of the frames that wait. False where there are no more.
    ///
    /// # Errors
    /// [`io::ErrorKind::NetworkDown`] where the interface went down, which may come up again.
    pub(super) fn take(&mut self, mut look: impl FnMut(&Frame<'_>, bool)) -> io::Result<bool> {
        match self {
            Self::Ring(ring) => Ok(ring.take(|frame| {
                let pieces = frame.cut_every.map_or(1, |size| pieces(frame.length, usize::from(size)));
                look(&Frame { head: frame.head, length: frame.length, pieces }, frame.tagged);
            })),
            Self::Each(socket) => {
                let mut buffer = [0; HEAD_BYTES];
                for _ in 0..AT_ONCE {
                    let received = match socket.receive(&mut buffer) {
                        Ok(received) => received,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                        Err(error) => return Err(error),
                    };
                    let head = buffer.get(..received.captured).unwrap_or_default();
                    let length = received.length;
                    let pieces = if length > LINK_BYTES { pieces(length, PIECE_BYTES) } else { 1 };
                    look(&Frame { head, length, pieces }, received.vlan.is_some());
                }
                Ok(true)
            }
        }
    }

    /// What the kernel counted since it was last asked.
    pub(super) fn counts(&self) -> io::Result<PacketCounts> {
        match self {
            Self::Ring(ring) => ring.counts(),
            Self::Each(socket) => socket.counts(),
        }
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Ring(ring) => ring.as_fd(),
            Self::Each(socket) => socket.as_fd(),
        }
    }
}

fn pieces(length: usize, size: usize) -> u64 {
    length.div_ceil(size.max(1)) as u64
}
