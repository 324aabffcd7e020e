//! Prints of the last segments of a direction, by which what comes again is compared.

use std::hash::BuildHasher;

/// Segments whose prints are kept of each direction: about what is on its way at a time.
const PRINTS_MAX: usize = 128;

/// One segment. The seed of the prints is drawn when the program starts, so that nobody can make
/// two segments with the same.
#[derive(Debug, Clone, Copy)]
struct Print {
    place: i64,
    length: u32,
    hash: u64,
}

/// Those of the last segments.
#[derive(Debug, Default)]
pub(super) struct Prints {
    hasher: foldhash::quality::RandomState,
    list: Vec<Print>,
    /// Which one is the oldest, once there is no more room.
    oldest: usize,
}

impl Prints {
    /// Keeps that of the segment at a place in the stream.
    #[inline]
    pub(super) fn keep(&mut self, place: i64, payload: &[u8]) {
        let Ok(length) = u32::try_from(payload.len()) else { return };
        if length == 0 {
            return;
        }
        let print = Print { place, length, hash: self.hasher.hash_one(payload) };
        if self.list.len() < PRINTS_MAX {
            self.list.push(print);
        } else if let Some(oldest) = self.list.get_mut(self.oldest) {
            *oldest = print;
            self.oldest = (self.oldest + 1) % PRINTS_MAX;
        }
    }

    /// How many bytes of what stands at `from` are in segments that are as they were, and how many
    /// in others.
    pub(super) fn compare(&self, from: i64, payload: &[u8]) -> (u64, u64) {
        let (mut same, mut other) = (0, 0);
        for print in &self.list {
            let start = usize::try_from(print.place - from).ok();
            let piece = start.and_then(|start| payload.get(start..)?.get(..print.length as usize));
            let Some(piece) = piece else { continue };
            let count = if self.hasher.hash_one(piece) == print.hash { &mut same } else { &mut other };
            *count += u64::from(print.length);
        }
        (same, other)
    }

    /// Bytes held.
    pub(super) const fn held(&self) -> usize {
        self.list.capacity() * size_of::<Print>()
    }
}
