//! One direction of a TCP connection: its first bytes in order, and what was acknowledged.

/// The most bytes kept of the start of one direction.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Stretches that may be missing at a time.
const HOLES_MAX: usize = 8;
/// The most segments that wait for one before them.
const WAITING_MAX: usize = 64;

/// The start of one direction.
#[derive(Debug, Default)]
pub(crate) struct Side {
    /// The sequence number that comes next in order; `None` before the first segment.
    next: Option<u32>,
    /// The sequence number of the first byte of the head.
    first: u32,
    /// The end of the furthest segment seen.
    furthest: u32,
    /// Stretches before `furthest` that were acknowledged without being seen, the first few.
    holes: Vec<(u32, u32)>,
    /// In-order bytes.
    pub(crate) head: Vec<u8>,
    waiting: Vec<(u32, Vec<u8>)>,
    /// No more in-order bytes will be added.
    pub(crate) ended: bool,
    /// The head broke off at a gap, a cut packet or the limit.
    pub(crate) broken: bool,
    /// Two segments brought different bytes for the same place.
    pub(crate) contradicts: bool,
    /// How many bytes came again as they were.
    pub(crate) again: usize,
}

impl Side {
    /// Notes where the numbering starts.
    pub(crate) const fn start(&mut self, sequence: u32) {
        self.next = Some(sequence);
        self.first = sequence;
        self.furthest = sequence;
    }

    pub(crate) const fn has_started(&self) -> bool {
        self.next.is_some()
    }

    /// How many bytes from `sequence` on were seen before; `None` where some before it were not.
    #[inline]
    pub(crate) const fn seen_of(&self, sequence: u32) -> Option<usize> {
        match self.next {
            Some(_) if is_before(self.furthest, sequence) => None,
            Some(_) => Some(self.furthest.wrapping_sub(sequence) as usize),
            None => Some(0),
        }
    }

    /// Notes that bytes were acknowledged which the capture does not have, or does not have yet.
    pub(crate) fn skip_to(&mut self, acknowledged: u32) {
        if self.holes.len() < HOLES_MAX {
            self.holes.push((self.furthest, acknowledged));
        }
        self.furthest = acknowledged;
    }

    /// Whether a segment brings the last of what was acknowledged before it was seen.
    #[inline]
    pub(crate) fn fills_hole(&mut self, sequence: u32, length: usize) -> bool {
        let end = sequence.wrapping_add(u32::try_from(length).unwrap_or(u32::MAX));
        let begins = |(from, _): &(u32, u32)| !is_before(*from, sequence) && is_before(*from, end);
        let Some(place) = self.holes.iter().position(begins) else { return false };
        let (_, to) = self.holes.swap_remove(place);
        // The close of the connection takes a number of its own.
        let filled = !is_before(end.wrapping_add(1), to);
        if !filled {
            self.holes.push((end, to));
        }
        filled
    }

    /// Notes that a segment was there without keeping its bytes.
    #[inline]
    pub(crate) fn pass(&mut self, sequence: u32, length: usize) {
        let end = sequence.wrapping_add(u32::try_from(length).unwrap_or(u32::MAX));
        if self.next.is_none() {
            self.start(sequence);
        }
        if is_before(self.furthest, end) {
            self.furthest = end;
        }
    }

    /// Whether `acknowledged` names bytes beyond the furthest segment seen.
    #[inline]
    pub(crate) const fn is_unseen(&self, acknowledged: u32) -> bool {
        // One beyond is the end of the conversation.
        self.next.is_some() && is_before(self.furthest.wrapping_add(1), acknowledged)
    }

    /// Adds a segment. `cut` says that not all of its bytes were captured. Returns whether the
    /// head grew or ended.
    pub(crate) fn add(&mut self, sequence: u32, payload: &[u8], cut: bool) -> bool {
        if self.ended {
            self.compare(sequence, payload);
            return false;
        }
        if self.next.is_none() {
            self.start(sequence);
        }
        let next = self.next.unwrap_or(sequence);
        if is_before(next, sequence) {
            if self.waiting.len() >= WAITING_MAX || cut {
                self.give_up();
                return true;
            }
            self.waiting.push((sequence, payload.to_vec()));
            return false;
        }
        let before = self.head.len();
        self.append(sequence, payload);
        if cut {
            self.give_up();
        }
        while let Some(index) =
            self.next.and_then(|next| self.waiting.iter().position(|(at, _)| !is_before(next, *at)))
        {
            let (at, bytes) = self.waiting.swap_remove(index);
            self.append(at, &bytes);
        }
        if self.head.len() >= HEAD_BYTES_MAX {
            self.give_up();
        }
        self.ended || self.head.len() > before
    }

    /// The sender closed at `sequence`; what is missing before it may still come.
    pub(crate) fn close(&mut self, sequence: u32) {
        if self.next.is_none_or(|next| next == sequence) {
            self.ended = true;
        }
    }

    /// Ends the head here although there was more.
    pub(crate) fn give_up(&mut self) {
        self.ended = true;
        self.broken = true;
        self.waiting = Vec::new();
    }

    /// Whether segments wait for one that was never seen.
    pub(crate) const fn has_gap(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Frees what is kept.
    pub(crate) fn release(&mut self) {
        self.head = Vec::new();
        self.waiting = Vec::new();
        self.ended = true;
    }

    /// Bytes held.
    pub(crate) fn held(&self) -> usize {
        self.head.capacity() + self.waiting.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }

    /// Takes the head out, with the sequence number of its first byte.
    pub(crate) fn take_head(&mut self) -> (u32, Vec<u8>) {
        (self.first, std::mem::take(&mut self.head))
    }

    /// Notes where bytes that come again differ from those that came before, which stand, or belong
    /// before all of them.
    fn compare(&mut self, sequence: u32, payload: &[u8]) {
        let Ok(at) = usize::try_from(sequence.wrapping_sub(self.first).cast_signed()) else {
            self.contradicts |= !payload.is_empty();
            return;
        };
        let known = self.head.get(at..).unwrap_or_default();
        let same = known.iter().zip(payload).take_while(|(one, other)| one == other).count();
        self.contradicts |= same < known.len().min(payload.len());
        self.again += same;
    }

    fn append(&mut self, sequence: u32, payload: &[u8]) {
        let next = self.next.unwrap_or(sequence);
        let known = next.wrapping_sub(sequence) as usize;
        let overlap = known.min(payload.len());
        self.compare(sequence, payload.get(..overlap).unwrap_or_default());
        let fresh = payload.get(overlap..).unwrap_or_default();
        let room = HEAD_BYTES_MAX.saturating_sub(self.head.len());
        self.head.extend_from_slice(fresh.get(..room.min(fresh.len())).unwrap_or_default());
        self.next = Some(next.wrapping_add(u32::try_from(fresh.len()).unwrap_or(u32::MAX)));
    }
}

/// Whether sequence number `a` comes before `b` (RFC 9293, 3.4).
#[inline]
pub(super) const fn is_before(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_put_in_order_across_the_wrap() {
        let mut side = Side::default();
        side.start(u32::MAX - 1);
        assert!(!side.add(1, b"cd", false));
        assert!(side.has_gap());
        assert!(side.add(u32::MAX - 1, b"xab", false));
        assert_eq!(side.head, b"xabcd");
        assert!(!side.contradicts);
        assert!(!side.add(1, b"cd", false));
        side.add(1, b"ZZ", false);
        assert!(side.contradicts);
        assert_eq!(side.head, b"xabcd");
    }

    #[test]
    fn other_bytes_for_the_same_place_show_at_any_time() {
        let mut closed = Side::default();
        closed.start(10);
        closed.add(10, b"abc", false);
        closed.close(13);
        assert!(closed.ended);
        closed.add(10, b"abc", false);
        assert!(!closed.contradicts);
        closed.add(11, b"x", false);
        assert!(closed.contradicts);
        let mut early = Side::default();
        early.start(10);
        early.add(10, b"abc", false);
        early.add(7, b"x", false);
        assert!(early.contradicts, "bytes before the first one");
    }

    #[test]
    fn the_head_is_bounded() {
        let mut side = Side::default();
        for i in 0..100_u32 {
            side.add(i * 1000, &[0; 1000], false);
        }
        assert_eq!(side.head.len(), HEAD_BYTES_MAX);
        assert!(side.ended && side.broken);
        let mut gaps = Side::default();
        gaps.start(0);
        for i in 0..100_u32 {
            gaps.add(1 + i * 2, b"x", false);
        }
        assert!(gaps.broken && gaps.held() == 0);
    }

    #[test]
    fn an_acknowledgement_of_the_unseen_shows() {
        let mut side = Side::default();
        side.start(100);
        side.pass(100, 50);
        assert!(!side.is_unseen(150) && !side.is_unseen(151));
        assert!(side.is_unseen(152));
    }

    #[test]
    fn what_comes_after_its_acknowledgement_fills_the_hole() {
        let mut side = Side::default();
        side.start(100);
        side.pass(100, 50);
        side.skip_to(250);
        assert!(!side.fills_hole(200, 50), "the middle is missing");
        assert!(!side.fills_hole(150, 50));
        assert!(side.fills_hole(200, 50));
        assert!(!side.fills_hole(200, 50), "once");
    }
}
