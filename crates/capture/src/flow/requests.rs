//! Requests that a client of HTTP makes later on one connection.

use super::live::Arrival;
use crate::packet::transport::Segment;
use creance_wire::{Anomaly, Facts, http};

/// Reads what a client of HTTP sent after its first requests. `seen` tells how much of the segment
/// was there before; `None` that something before it was not. Returns how much of a body is still
/// to come.
pub(super) fn follow_requests(
    arrival: &Arrival<'_>,
    seen: Option<usize>,
    body_left: Option<u64>,
    facts: &mut Facts,
) -> Option<u64> {
    let Segment { payload, payload_wire_len, .. } = arrival.segment;
    let Some(seen) = seen else {
        facts.add_anomaly(Anomaly::NotFollowed);
        return None;
    };
    let fresh = payload_wire_len.saturating_sub(seen) as u64;
    if fresh == 0 {
        return body_left;
    }
    if let Some(left) = body_left.and_then(|left| left.checked_sub(fresh)) {
        return Some(left);
    }
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
