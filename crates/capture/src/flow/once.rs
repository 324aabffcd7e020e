//! The payload of one direction of a TCP connection, each byte counted once, whatever is sent again.

use serde::{Deserialize, Serialize};

/// Stretches that may be missing at a time; with more, the count is no longer exact.
const GAPS_MAX: usize = 32;

/// What came of counting one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// Bytes of payload by their sequence numbers, each once.
    pub bytes: u64,
    /// How many of them the other side did not acknowledge, as far as the capture shows.
    pub unacknowledged: u64,
    /// Whether more was out of order at a time than is followed, so that `bytes` is not exact.
    pub inexact: bool,
}

/// Counts while segments come in. Places in the stream are counted from the first one that was
/// seen; they are wider than sequence numbers, which come round every 4 GiB.
#[derive(Debug, Default)]
pub(crate) struct Once {
    /// The sequence number of place 0; `None` before the first segment.
    base: Option<u32>,
    /// The place of the first byte.
    start: i64,
    /// The place behind the furthest byte.
    end: i64,
    bytes: u64,
    /// Stretches before `end` that were not seen.
    gaps: Vec<(i64, i64)>,
    acknowledged: Option<i64>,
    inexact: bool,
}

impl Once {
    /// Takes a segment. `sequence` is that of its first byte of payload.
    #[inline]
    pub(crate) fn take(&mut self, sequence: u32, length: usize) {
        let base = *self.base.get_or_insert(sequence);
        if length == 0 {
            return;
        }
        let from = self.place(base, sequence);
        if from == self.end {
            self.end += length.cast_signed() as i64;
            self.bytes += length as u64;
        } else {
            self.take_elsewhere(from, from.saturating_add(length.cast_signed() as i64));
        }
    }

    /// Notes what the other side acknowledges.
    #[inline]
    pub(crate) fn acknowledge(&mut self, number: u32) {
        let Some(base) = self.base else { return };
        let place = self.place(base, number);
        self.acknowledged = Some(self.acknowledged.map_or(place, |known| known.max(place)));
    }

    pub(crate) fn result(&self) -> Unique {
        let known = self.acknowledged.unwrap_or(self.start).clamp(self.start, self.end);
        let missing: i64 = self.gaps.iter().map(|(from, to)| to - (*from).max(known).min(*to)).sum();
        Unique {
            bytes: self.bytes,
            unacknowledged: (self.end - known - missing).max(0).unsigned_abs(),
            inexact: self.inexact,
        }
    }

    /// Bytes held.
    pub(crate) const fn held(&self) -> usize {
        self.gaps.capacity() * size_of::<(i64, i64)>()
    }

    /// The place of a sequence number: the one nearest to the end.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers are the low half of places")]
    const fn place(&self, base: u32, sequence: u32) -> i64 {
        let end = base.wrapping_add(self.end as u32);
        self.end.saturating_add(sequence.wrapping_sub(end).cast_signed() as i64)
    }

    #[cold]
    fn take_elsewhere(&mut self, from: i64, to: i64) {
        if from > self.end {
            self.miss(self.end, from);
            self.bytes += (to - from).unsigned_abs();
            self.end = to;
            return;
        }
        if to > self.end {
            self.bytes += (to - self.end).unsigned_abs();
        }
        // A byte in the place before the first one asks whether the other end is there.
        if from < self.start && to - from > 1 {
            let below = to.min(self.start);
            self.bytes += (below - from).unsigned_abs();
            if below < self.start {
                self.miss(below, self.start);
            }
            self.start = from;
        }
        let mut index = 0;
        while let Some(&(gap_from, gap_to)) = self.gaps.get(index) {
            let (low, high) = (gap_from.max(from), gap_to.min(to));
            if low >= high {
                index += 1;
                continue;
            }
            self.bytes += (high - low).unsigned_abs();
            self.gaps.swap_remove(index);
            for (left, right) in [(gap_from, low), (high, gap_to)] {
                if left < right {
                    self.miss(left, right);
                }
            }
        }
        self.end = self.end.max(to);
    }

    fn miss(&mut self, from: i64, to: i64) {
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push((from, to));
        } else {
            self.inexact = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(segments: &[(u32, usize)]) -> Unique {
        let mut once = Once::default();
        segments.iter().for_each(|(sequence, length)| once.take(*sequence, *length));
        once.result()
    }

    #[test]
    fn what_comes_again_counts_once() {
        assert_eq!(count(&[(100, 0), (100, 50), (100, 50), (150, 10)]).bytes, 60);
        assert_eq!(count(&[(100, 50), (120, 50), (90, 5), (100, 200)]).bytes, 200 + 5, "before the first");
        assert_eq!(count(&[(100, 0), (99, 1), (100, 5), (104, 1)]).bytes, 5, "keep-alives");
    }

    #[test]
    fn what_comes_late_fills_its_gap_once() {
        assert_eq!(count(&[(0, 10), (20, 10)]).bytes, 20);
        assert_eq!(count(&[(0, 10), (20, 10), (12, 4), (12, 4), (8, 30)]).bytes, 38);
        assert_eq!(count(&[(0, 10), (30, 10), (20, 5), (50, 10), (5, 50)]).bytes, 60);
    }

    #[test]
    fn numbers_come_round() {
        let mut once = Once::default();
        let mut sequence = u32::MAX - 5;
        for _ in 0..3 << 12 {
            once.take(sequence, 1 << 20);
            once.take(sequence, 1 << 20);
            sequence = sequence.wrapping_add(1 << 20);
        }
        assert_eq!(once.result().bytes, 3 << 32);
        once.take(sequence.wrapping_add(100), 10);
        once.take(sequence, 100);
        assert_eq!(once.result().bytes, (3 << 32) + 110);
    }

    #[test]
    fn unacknowledged_bytes_are_told_apart() {
        let mut once = Once::default();
        once.acknowledge(7);
        once.take(100, 50);
        assert_eq!(once.result().unacknowledged, 50);
        once.acknowledge(130);
        once.acknowledge(120);
        assert_eq!(once.result().unacknowledged, 20);
        once.take(170, 10);
        assert_eq!(once.result().unacknowledged, 30, "the gap is not among them");
        once.acknowledge(181);
        assert_eq!(once.result().unacknowledged, 0, "the close has a number of its own");
    }

    #[test]
    fn too_many_gaps_are_said() {
        let gaps = |count: u32| -> Vec<(u32, usize)> { (0..=count).map(|at| (at * 10, 5)).collect() };
        assert!(!count(&gaps(32)).inexact);
        let many = count(&gaps(33));
        assert!(many.inexact && many.bytes == 34 * 5);
    }
}
