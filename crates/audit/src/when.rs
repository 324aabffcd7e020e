//! Moments as text.

use creance_model::Timestamp;

/// RFC 3339 in UTC, with as many digits as the moment has.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(at.0.into()).map_or_else(|_| format!("{} ns", at.0), |at| at.to_string())
}

/// Seconds from one moment to another, to the millisecond.
#[expect(clippy::cast_precision_loss, reason = "for display")]
pub(crate) fn seconds_after(start: Timestamp, at: Timestamp) -> f64 {
    (at.0.saturating_sub(start.0) / 1_000_000) as f64 / 1000.0
}
