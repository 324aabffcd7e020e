//! Holds what the uplink itself counts against what the watch saw: a frame that is sent past the
//! watch is in one and not in the other.
//!
//! A card counts a frame after the watch has seen it, some of them seconds later, and what it cuts
//! up as one or as many; so that what was seen is a credit, at its most, that the count is paid
//! from while it is not too old.

use crate::lan::link::{Amount, State};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How long after it was seen a frame may be counted: as long as a slow card keeps it, or counts
/// without telling.
const COUNTED_WITHIN: Duration = Duration::from_secs(10);

/// How long what was sent unseen may be counted, after the beginning and after the link was down.
const SETTLED_AFTER: Duration = Duration::from_secs(4);

/// Bytes that a card may count of a frame beside its own: a checksum, a tag, what a cable for many
/// purposes puts before it; and the least that it counts of one at all.
const BESIDE_BYTES: u64 = 32;
const FRAME_BYTES_MIN: u64 = 64;

/// Bytes of heads that each piece has which is cut from a frame.
const HEADS_BYTES: u64 = 14 + 8 + 60 + 60;

/// The count of an uplink beside what was seen.
#[derive(Debug)]
pub(super) struct Counted {
    /// What was seen and is not counted yet, the oldest first.
    credit: VecDeque<(Instant, Amount)>,
    /// The count when it was last looked at; and up to where it was paid, which is one look behind,
    /// so that all that it counts has been seen.
    last: Option<Amount>,
    paid: Option<Amount>,
    /// What was not paid at the last look.
    owed: Amount,
    changes: Option<u32>,
    settled_at: Instant,
}

/// The most that a card counts of a frame of so many bytes that it cuts into at most so many.
pub(super) fn most(length: usize, pieces: u64) -> Amount {
    let heads = pieces.saturating_sub(1).saturating_mul(HEADS_BYTES);
    let bytes = (length as u64).saturating_add(heads).max(pieces.saturating_mul(FRAME_BYTES_MIN));
    Amount { frames: pieces, bytes: bytes.saturating_add(pieces.saturating_mul(BESIDE_BYTES)) }
}

impl Counted {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            credit: VecDeque::new(),
            last: None,
            paid: None,
            owed: Amount::default(),
            changes: None,
            settled_at: now + SETTLED_AFTER,
        }
    }

    /// Whether anything was compared.
    pub(super) const fn is_compared(&self) -> bool {
        self.paid.is_some()
    }

    /// Looks at the count once all is seen that was sent before the look before. `seen` is the most
    /// that was seen since then; `unseen` says that some may have been sent unseen. Gives what was
    /// counted and not seen, where that is so at two looks one after the other.
    pub(super) fn look(&mut self, now: Instant, link: &State, seen: Amount, unseen: bool) -> Option<Amount> {
        self.credit.push_back((now, seen));
        while self.credit.pop_front_if(|(at, _)| now.duration_since(*at) > COUNTED_WITHIN).is_some() {}
        let changed = self.changes.replace(link.changes).is_some_and(|before| before != link.changes);
        let began_anew = self.last.is_some_and(|last| link.sent.since(last).is_none());
        if unseen || changed || !link.is_up || began_anew {
            (self.last, self.paid, self.owed) = (None, None, Amount::default());
            self.settled_at = now + SETTLED_AFTER;
        }
        if now < self.settled_at {
            return None;
        }
        let last = self.last.replace(link.sent)?;
        let before = self.paid.replace(last)?;
        let counted = last.since(before)?;
        let owed = self.pay(counted.and(self.owed));
        let was_owed = std::mem::replace(&mut self.owed, owed);
        if was_owed.is_none() || owed.is_none() {
            return None;
        }
        self.owed = Amount::default();
        Some(owed)
    }

    /// Pays from what was seen, the oldest first, and gives what is left to pay.
    fn pay(&mut self, mut amount: Amount) -> Amount {
        for (_, credit) in &mut self.credit {
            let Amount { frames, bytes } = credit;
            for (from, owed) in [(frames, &mut amount.frames), (bytes, &mut amount.bytes)] {
                let paid = (*from).min(*owed);
                *from -= paid;
                *owed -= paid;
            }
        }
        amount
    }
}

impl Amount {
    const fn is_none(self) -> bool {
        self.frames == 0 && self.bytes == 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            frames: self.frames.saturating_add(other.frames),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    /// What came since; none where one of the two is less than it was.
    fn since(self, earlier: Self) -> Option<Self> {
        let frames = self.frames.checked_sub(earlier.frames)?;
        Some(Self { frames, bytes: self.bytes.checked_sub(earlier.bytes)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Amount = Amount { frames: 0, bytes: 0 };

    struct Bench {
        counted: Counted,
        now: Instant,
        link: State,
    }

    impl Bench {
        /// One that has settled.
        fn new() -> Self {
            let now = Instant::now();
            let sent = Amount { frames: 1000, bytes: 100_000 };
            let link = State { is_up: true, changes: 2, sent, kind: None };
            let mut bench = Self { counted: Counted::new(now), now, link };
            for _ in 0..7 {
                assert_eq!(bench.second(NOTHING, NOTHING), None);
            }
            assert!(bench.counted.is_compared());
            bench
        }

        /// A second in which so much was sent and so much seen.
        fn second(&mut self, sent: Amount, seen: Amount) -> Option<Amount> {
            self.now += Duration::from_secs(1);
            self.link.sent = self.link.sent.and(sent);
            self.counted.look(self.now, &self.link, seen, false)
        }

        fn quiet(&mut self, seconds: usize) -> Vec<Amount> {
            (0..seconds).filter_map(|_| self.second(NOTHING, NOTHING)).collect()
        }
    }

    fn frames(count: u64) -> Amount {
        Amount { frames: count, bytes: count * 1000 }
    }

    #[test]
    fn what_is_counted_and_was_seen_agrees_in_whatever_order_and_however_late() {
        let mut bench = Bench::new();
        bench.second(frames(10), NOTHING);
        bench.second(NOTHING, frames(10));
        bench.second(NOTHING, frames(70));
        assert_eq!(bench.quiet(7), vec![]);
        bench.second(frames(70), NOTHING);
        assert_eq!(bench.quiet(40), vec![]);
        // What the link dropped is never counted, and pays for nothing a minute later.
        bench.second(NOTHING, frames(50));
        bench.quiet(60);
        bench.second(frames(5), NOTHING);
        assert_eq!(bench.quiet(10), vec![frames(5)]);
    }

    #[test]
    fn a_frame_that_was_not_seen_is_told_once_within_three_seconds() {
        let mut bench = Bench::new();
        bench.second(frames(3), frames(2));
        assert_eq!(bench.quiet(2), vec![frames(1)]);
        assert_eq!(bench.quiet(60), vec![]);
        for _ in 0..20 {
            assert_eq!(bench.second(frames(100), frames(100)), None);
        }
        // Its bytes show where as many frames might have been.
        bench.second(Amount { frames: 1, bytes: 9000 }, Amount { frames: 45, bytes: 5000 });
        assert_eq!(bench.quiet(3), vec![Amount { frames: 0, bytes: 4000 }]);
    }

    #[test]
    fn while_the_link_goes_down_and_comes_back_nothing_is_compared() {
        let mut bench = Bench::new();
        bench.link.is_up = false;
        bench.second(frames(4), NOTHING);
        bench.link.is_up = true;
        bench.link.changes = 4;
        bench.second(frames(4), NOTHING);
        bench.second(frames(4), NOTHING);
        assert_eq!(bench.quiet(60), vec![]);
        // Its counters begin anew.
        bench.link.sent = frames(1);
        assert_eq!(bench.quiet(60), vec![]);
        bench.second(frames(1), NOTHING);
        assert_eq!(bench.quiet(10), vec![frames(1)]);
    }

    #[test]
    fn a_large_frame_is_one_or_as_many_as_it_may_be_cut_into() {
        assert_eq!(most(1000, 1), Amount { frames: 1, bytes: 1032 });
        assert_eq!(most(42, 1), Amount { frames: 1, bytes: 96 });
        let large = most(65_226, 45);
        assert_eq!(large, Amount { frames: 45, bytes: 65_226 + 44 * 142 + 45 * 32 });
        for counted in [Amount { frames: 1, bytes: 65_226 }, Amount { frames: 45, bytes: 65_226 + 44 * 66 }] {
            let mut bench = Bench::new();
            bench.second(counted, large);
            assert_eq!(bench.quiet(10), vec![]);
        }
    }
}
