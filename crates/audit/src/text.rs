//! Moments and addresses as text. What is written for every flow is appended to a text that is
//! used again: there may be millions.

use creance_model::{Endpoint, Timestamp};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

/// RFC 3339 in UTC, with as many digits as the moment has.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let mut text = String::new();
    push_rfc3339(&mut text, at);
    text
}

/// The same at the end of a text. By hand, since it is written twice for every flow.
pub(crate) fn push_rfc3339(text: &mut String, at: Timestamp) {
    let (seconds, nanos) = (at.seconds(), at.0.rem_euclid(1_000_000_000).unsigned_abs());
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400).unsigned_abs());
    let (year, month, day) = civil(days);
    let mut form = *b"0000-00-00T00:00:00.000000000";
    for (place, number) in [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, second / 3600),
        (14..16, second / 60 % 60),
        (17..19, second % 60),
        (20..29, nanos),
    ] {
        fill(form.get_mut(place).unwrap_or_default(), number);
    }
    let all = std::str::from_utf8(&form).unwrap_or_default();
    let digits = if nanos == 0 { all.get(..19).unwrap_or_default() } else { all.trim_end_matches('0') };
    text.push_str(digits);
    text.push('Z');
}

/// Writes a number in decimal, from the last digit on.
fn fill(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10).to_le_bytes()[0];
        number /= 10;
    }
}

/// The year, month and day of so many days since 1970. Years are counted from March on, so that a
/// leap day is the last of its year; 400 of them have 146 097 days. None is before year 0: moments
/// are 64 bits of nanoseconds.
const fn civil(days: i64) -> (u64, u64, u64) {
    // From 0000-03-01 on.
    let days = (days + 719_468).unsigned_abs();
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = era * 400 + year + if month <= 2 { 1 } else { 0 };
    (year, month, day - (153 * march + 2) / 5 + 1)
}

/// Seconds from one moment to another, to the millisecond.
#[expect(clippy::cast_precision_loss, reason = "for display")]
pub(crate) fn seconds_after(start: Timestamp, at: Timestamp) -> f64 {
    (at.0.saturating_sub(start.0) / 1_000_000) as f64 / 1000.0
}

/// An address, and the port where there is one, at the end of a text.
pub(crate) fn push_remote(text: &mut String, end: Endpoint) {
    match end {
        Endpoint { addr: IpAddr::V4(v4), port: 0 } => push_v4(text, v4),
        Endpoint { addr, port: 0 } => push(text, format_args!("{addr}")),
        end => push_endpoint(text, end),
    }
}

/// An address and a port at the end of a text.
pub(crate) fn push_endpoint(text: &mut String, end: Endpoint) {
    let IpAddr::V4(v4) = end.addr else { return push(text, format_args!("{end}")) };
    push_v4(text, v4);
    text.push(':');
    push_decimal(text, end.port.into());
}

fn push_v4(text: &mut String, addr: Ipv4Addr) {
    // The standard library sets up a formatter for each of the four numbers.
    for (place, octet) in addr.octets().into_iter().enumerate() {
        if place > 0 {
            text.push('.');
        }
        let digit = |number: u8| char::from(b'0' + number % 10);
        if octet >= 100 {
            text.push(digit(octet / 100));
        }
        if octet >= 10 {
            text.push(digit(octet / 10));
        }
        text.push(digit(octet));
    }
}

/// What a formatter makes, at the end of a text.
pub(crate) fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // A text takes everything.
    let _ = text.write_fmt(what);
}

/// A number at the end of a text.
pub(crate) fn push_decimal(text: &mut String, number: u64) {
    let mut form = [b'0'; 20];
    let count = number.checked_ilog10().map_or(1, |log| log as usize + 1);
    let digits = form.get_mut(..count).unwrap_or_default();
    fill(digits, number);
    text.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(end: Endpoint) -> String {
        let mut text = String::new();
        push_remote(&mut text, end);
        text
    }

    #[test]
    fn addresses_look_as_the_standard_library_writes_them() {
        for addr in ["0.0.0.0", "1.20.100.255", "255.255.255.255", "::", "2001:db8::1", "::ffff:1.2.3.4"] {
            let addr: IpAddr = addr.parse().unwrap();
            assert_eq!(endpoint(Endpoint { addr, port: 0 }), addr.to_string());
            for port in [0, 1, 9, 10, 443, 1000, 65535] {
                let end = Endpoint { addr, port };
                let mut text = String::from("to ");
                push_endpoint(&mut text, end);
                assert_eq!(text, format!("to {end}"));
                assert_eq!(endpoint(end) == end.to_string(), port != 0);
            }
        }
    }

    #[test]
    fn moments_have_as_many_digits_as_they_need() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(1_500_000_000)), "1970-01-01T00:00:01.5Z");
        assert_eq!(rfc3339(Timestamp(i64::MAX)), "2262-04-11T23:47:16.854775807Z");
        let of_jiff = |at: Timestamp| jiff::Timestamp::from_nanosecond(at.0.into()).unwrap().to_string();
        for at in [Timestamp(i64::MIN), Timestamp(-1), Timestamp(-1_000_000_000)] {
            assert_eq!(rfc3339(at), of_jiff(at));
        }
        // Each day, at another time of it: 86 399 seconds and an odd number of nanoseconds apart.
        let mut at = Timestamp(i64::MIN);
        while at.0 < i64::MAX - 86_400_000_000_000 {
            at = Timestamp(at.0 + 86_399_123_456_789);
            assert_eq!(rfc3339(at), of_jiff(at));
        }
    }
}
