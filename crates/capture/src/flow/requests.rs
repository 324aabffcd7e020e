//! Requests that a client of HTTP makes later on one connection, and what it sends again.

use super::live::Arrival;
use super::side::{HEAD_BYTES_MAX, is_before};
use crate::packet::transport::Segment;
use creance_wire::{Anomaly, Facts, http};
use std::collections::VecDeque;

/// Requests are kept only where so much room is left for conversations that are still to be read.
const ROOM_MIN: usize = 24 << 20;

/// A stretch that is longer takes no more, so that the latest are not forgotten with the oldest.
const STRETCH_BYTES_MAX: usize = 4096;

/// What was read of a client's requests, without bodies of a known length. A segment that is sent
/// again must say the same, since nobody knows which of the two has arrived.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Stretches in order: where each begins, and its bytes.
    read: VecDeque<(u32, Vec<u8>)>,
    /// How many bytes they have.
    kept: usize,
    /// From where on everything is kept.
    from: u32,
}

impl Requests {
    /// Begins with the bytes from `sequence` on.
    pub(super) fn new(sequence: u32, mut head: Vec<u8>) -> Self {
        head.shrink_to_fit();
        Self { kept: head.len(), read: VecDeque::from([(sequence, head)]), from: sequence }
    }

    /// Bytes held.
    pub(super) fn held(&self) -> usize {
        self.kept + self.read.capacity() * size_of::<(u32, Vec<u8>)>()
    }

    /// Reads a segment at `sequence`. `seen` tells how much of it was there before; `None` that
    /// something before it was not. `room` is how many more bytes may be held. Returns how much of
    /// a body is still to come.
    pub(super) fn follow(
        &mut self,
        arrival: &Arrival<'_>,
        (sequence, seen): (u32, Option<usize>),
        body_left: Option<u64>,
        room: usize,
        facts: &mut Facts,
    ) -> Option<u64> {
        let Segment { payload, payload_wire_len, .. } = arrival.segment;
        let Some(seen) = seen else {
            facts.add_anomaly(Anomaly::NotFollowed);
            return None;
        };
        let (again, new) = payload.split_at_checked(seen).unwrap_or((payload, &[]));
        self.compare(sequence, again, facts);
        let fresh = payload_wire_len.saturating_sub(seen) as u64;
        if fresh == 0 {
            return body_left;
        }
        if let Some(left) = body_left.and_then(|left| left.checked_sub(fresh)) {
            return Some(left);
        }
        self.keep(sequence.wrapping_add(u32::try_from(seen).unwrap_or(u32::MAX)), new, room);
        // Where the body ends in it; where that is not known, it is taken to be here.
        let ends = usize::try_from(body_left.unwrap_or(0)).unwrap_or(usize::MAX).saturating_add(seen);
        match payload.get(ends..) {
            Some(rest) if payload.len() == payload_wire_len => http::requests_in_segment(rest, facts),
            Some(_) | None => {
                facts.add_anomaly(Anomaly::NotFollowed);
                None
            }
        }
    }

    /// Holds bytes that are sent again against those that were read.
    fn compare(&self, sequence: u32, again: &[u8], facts: &mut Facts) {
        if again.is_empty() {
            return;
        }
        if is_before(sequence, self.from) {
            facts.add_anomaly(Anomaly::NotFollowed);
        }
        let differs = |(at, bytes): &(u32, Vec<u8>)| {
            let ahead = usize::try_from(at.wrapping_sub(sequence).cast_signed()).unwrap_or(0);
            let behind = usize::try_from(sequence.wrapping_sub(*at).cast_signed()).unwrap_or(0);
            let both = again.iter().skip(ahead).zip(bytes.iter().skip(behind));
            both.into_iter().any(|(one, other)| one != other)
        };
        if self.read.iter().any(differs) {
            facts.add_anomaly(Anomaly::ContradictingSegments);
        }
    }

    /// Keeps bytes behind all others; the oldest make room.
    fn keep(&mut self, sequence: u32, bytes: &[u8], room: usize) {
        let end = |at: u32, bytes: &[u8]| at.wrapping_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        match self.read.back_mut() {
            Some((at, last)) if end(*at, last) == sequence && last.len() < STRETCH_BYTES_MAX => {
                last.extend_from_slice(bytes);
            }
            Some(_) | None => self.read.push_back((sequence, bytes.to_vec())),
        }
        self.kept += bytes.len();
        while self.kept > HEAD_BYTES_MAX || room < ROOM_MIN {
            let Some((at, oldest)) = self.read.pop_front() else { break };
            self.kept -= oldest.len();
            self.from = end(at, &oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(requests: &Requests, sequence: u32, again: &[u8]) -> Vec<Anomaly> {
        let mut facts = Facts::default();
        requests.compare(sequence, again, &mut facts);
        facts.anomalies
    }

    #[test]
    fn what_is_sent_again_is_held_against_what_was_read() {
        // Across the wrap, with a body between the stretches.
        let mut requests = Requests::new(u32::MAX - 1, b"abcd".to_vec());
        requests.keep(10, b"klm", usize::MAX);
        requests.keep(13, b"n", usize::MAX);
        assert_eq!((requests.kept, requests.read.len()), (8, 2));
        for (sequence, again) in
            [(u32::MAX - 1, &b"abcd"[..]), (0, b"cd??"), (1, b"d????????klmn"), (12, b"m")]
        {
            assert_eq!(said(&requests, sequence, again), [], "{sequence}");
        }
        for (sequence, again) in [(u32::MAX, &b"x"[..]), (1, b"x"), (8, b"??kx"), (13, b"x")] {
            assert_eq!(said(&requests, sequence, again), [Anomaly::ContradictingSegments], "{sequence}");
        }
        assert_eq!(said(&requests, u32::MAX - 2, b"?abcd"), [Anomaly::NotFollowed]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_forgotten_is_said() {
        let mut requests = Requests::new(0, vec![b'a'; HEAD_BYTES_MAX]);
        requests.keep(70_000, b"b", usize::MAX);
        assert_eq!(requests.kept, 1);
        assert_eq!(said(&requests, 65_000, b"a"), [Anomaly::NotFollowed]);
        assert_eq!(said(&requests, 66_000, b"body"), []);
        for number in 1..100_000 {
            requests.keep(70_000 + number, b"b", usize::MAX);
        }
        assert!(requests.held() <= HEAD_BYTES_MAX + 4096, "{}", requests.held());
        assert_eq!(said(&requests, 169_000, b"bbb"), []);
        requests.keep(170_000, b"b", ROOM_MIN - 1);
        assert_eq!(requests.kept, 0);
        assert_eq!(said(&requests, 170_000, b"b"), [Anomaly::NotFollowed]);
    }
}
