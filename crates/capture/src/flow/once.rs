//! The payload of one direction of a TCP connection, each byte counted once, whatever is sent again.

use super::prints::Prints;
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
    /// Bytes that were sent again in segments which differ from the first ones.
    pub contradicting: u64,
    /// Bytes that were sent again and could not be compared with the first ones.
    pub uncompared: u64,
    /// Bytes of payload in segments that reset the connection.
    pub on_reset: u64,
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
    prints: Prints,
    contradicting: u64,
    uncompared: u64,
    on_reset: u64,
}

impl Once {
    /// Takes a segment. `sequence` is that of its first byte of payload, `length` how long that was
    /// on the wire.
    #[inline]
    pub(crate) fn take(&mut self, sequence: u32, payload: &[u8], length: usize) {
        let base = *self.base.get_or_insert(sequence);
        if length == 0 {
            return;
        }
        let from = self.place(base, sequence);
        let whole = if payload.len() == length { payload } else { &[] };
        if from == self.end {
            self.end += length.cast_signed() as i64;
            self.bytes += length as u64;
            self.prints.keep(from, whole);
        } else {
            self.take_again(from, whole, length);
        }
    }

    /// Notes the payload of a segment that resets the connection, which nobody receives in order.
    #[cold]
    pub(crate) const fn note_on_reset(&mut self, length: usize) {
        self.on_reset += length as u64;
    }

    /// Takes a segment that does not follow the furthest byte, `whole` being empty where it is not
    /// known whole.
    #[cold]
    fn take_again(&mut self, from: i64, whole: &[u8], length: usize) {
        let (bytes, end) = (self.bytes, self.end);
        let to = from.saturating_add(length.cast_signed() as i64);
        self.take_elsewhere(from, to);
        let fresh = self.bytes - bytes;
        let again = (length as u64).saturating_sub(fresh);
        if again == 0 {
            return self.prints.keep(from, whole);
        }
        let (same, other) = self.prints.compare(from, whole);
        self.contradicting += other;
        self.uncompared += again.saturating_sub(same + other);
        // Where only the end is new, that is what may come again.
        if fresh > 0 && to > end && fresh == (to - end).unsigned_abs() {
            let known = usize::try_from(again).ok().and_then(|again| whole.get(again..));
            self.prints.keep(end, known.unwrap_or_default());
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
            contradicting: self.contradicting,
            uncompared: self.uncompared,
            on_reset: self.on_reset,
        }
    }

    /// Bytes held.
    pub(crate) const fn held(&self) -> usize {
        self.gaps.capacity() * size_of::<(i64, i64)>() + self.prints.held()
    }

    /// The place of a sequence number: the one nearest to the end.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "sequence numbers are the low half of places")]
    const fn place(&self, base: u32, sequence: u32) -> i64 {
        let end = base.wrapping_add(self.end as u32);
        self.end.saturating_add(sequence.wrapping_sub(end).cast_signed() as i64)
    }

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
        segments.iter().for_each(|(sequence, length)| once.take(*sequence, &vec![7; *length], *length));
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
            once.take(sequence, &[], 1 << 20);
            once.take(sequence, &[], 1 << 20);
            sequence = sequence.wrapping_add(1 << 20);
        }
        assert_eq!(once.result().bytes, 3 << 32);
        once.take(sequence.wrapping_add(100), &[], 10);
        once.take(sequence, &[], 100);
        assert_eq!(once.result().bytes, (3 << 32) + 110);
    }

    #[test]
    fn unacknowledged_bytes_are_told_apart() {
        let mut once = Once::default();
        once.acknowledge(7);
        once.take(100, &[], 50);
        assert_eq!(once.result().unacknowledged, 50);
        once.acknowledge(130);
        once.acknowledge(120);
        assert_eq!(once.result().unacknowledged, 20);
        once.take(170, &[], 10);
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

    fn again(segments: &[(u32, &[u8])]) -> (u64, u64) {
        let mut once = Once::default();
        segments.iter().for_each(|(sequence, payload)| once.take(*sequence, payload, payload.len()));
        let result = once.result();
        (result.contradicting, result.uncompared)
    }

    #[test]
    fn the_same_bytes_again_contradict_nothing() {
        assert_eq!(again(&[(0, b"abcd"), (4, b"efgh"), (0, b"abcd"), (4, b"efgh")]), (0, 0));
        assert_eq!(again(&[(0, b"abcd"), (4, b"efgh"), (0, b"abcdefgh")]), (0, 0), "in one piece");
        assert_eq!(again(&[(0, b"abcd"), (0, b"abcdefgh"), (4, b"efgh")]), (0, 0), "with more behind");
        assert_eq!(again(&[(0, b"ab"), (6, b"gh"), (2, b"cdef"), (2, b"cdef")]), (0, 0), "out of order");
    }

    #[test]
    fn other_bytes_for_the_same_place_are_counted() {
        assert_eq!(again(&[(0, b"abcd"), (0, b"abXd")]), (4, 0));
        assert_eq!(again(&[(0, b"abcd"), (4, b"efgh"), (0, b"abcdeXgh")]), (4, 0));
        assert_eq!(again(&[(0, b"abcd"), (0, b"aXcdefgh"), (4, b"efgX")]), (8, 0));
    }

    #[test]
    fn what_comes_again_in_other_pieces_is_not_compared() {
        assert_eq!(again(&[(0, b"abcdefgh"), (2, b"cd")]), (0, 2));
        assert_eq!(again(&[(0, b"abcdefgh"), (4, b"efghij")]), (0, 4));
        let mut cut = Once::default();
        cut.take(0, b"abcd", 4);
        cut.take(0, b"ab", 4);
        assert_eq!((cut.result().contradicting, cut.result().uncompared), (0, 4), "cut by the snap length");
    }
}
