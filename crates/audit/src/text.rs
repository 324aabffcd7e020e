//! Moments and addresses as text. What is written for every flow is appended to a text that is
//! used again: there may be millions.

use creance_model::{Endpoint, Timestamp};
use jiff::fmt::temporal::DateTimePrinter;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

/// RFC 3339 in UTC, with as many digits as the moment has.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let mut text = String::new();
    push_rfc3339(&mut text, at);
    text
}

/// The same at the end of a text.
pub(crate) fn push_rfc3339(text: &mut String, at: Timestamp) {
    const PRINTER: DateTimePrinter = DateTimePrinter::new();
    let moment = jiff::Timestamp::from_nanosecond(at.0.into());
    if !moment.is_ok_and(|moment| PRINTER.print_timestamp(&moment, &mut *text).is_ok()) {
        push(text, format_args!("{} ns", at.0));
    }
}

/// Seconds from one moment to another, to the millisecond.
#[expect(clippy::cast_precision_loss, reason = "for display")]
pub(crate) fn seconds_after(start: Timestamp, at: Timestamp) -> f64 {
    (at.0.saturating_sub(start.0) / 1_000_000) as f64 / 1000.0
}

/// An address, and the port where there is one.
pub(crate) fn endpoint(end: Endpoint) -> String {
    let mut text = String::with_capacity("255.255.255.255:65535".len());
    match end {
        Endpoint { addr: IpAddr::V4(v4), port: 0 } => push_v4(&mut text, v4),
        Endpoint { addr, port: 0 } => push(&mut text, format_args!("{addr}")),
        end => push_endpoint(&mut text, end),
    }
    text
}

/// An address and a port at the end of a text.
pub(crate) fn push_endpoint(text: &mut String, end: Endpoint) {
    let IpAddr::V4(v4) = end.addr else { return push(text, format_args!("{end}")) };
    push_v4(text, v4);
    text.push(':');
    push_decimal(text, end.port);
}

fn push_v4(text: &mut String, addr: Ipv4Addr) {
    // The standard library sets up a formatter for each of the four numbers.
    for (place, octet) in addr.octets().into_iter().enumerate() {
        if place > 0 {
            text.push('.');
        }
        push_decimal(text, octet.into());
    }
}

/// What a formatter makes, at the end of a text.
pub(crate) fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // A text takes everything.
    let _ = text.write_fmt(what);
}

fn push_decimal(text: &mut String, number: u16) {
    if number >= 10 {
        push_decimal(text, number / 10);
    }
    text.extend(char::from_digit((number % 10).into(), 10));
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
