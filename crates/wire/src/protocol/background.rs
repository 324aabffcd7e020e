//! What stations say of themselves: NTP (RFC 5905), STUN (RFC 8489, 3489), DHCP (RFC 2131, 8415),
//! SSDP (UPnP Device Architecture 1.1) and the NetBIOS name service (RFC 1002).

use crate::bytes::Cursor;

/// STUN's magic cookie.
pub(crate) const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// Whether a datagram is STUN: its cookie, and a length that fills it.
pub(crate) fn is_stun(payload: &[u8], wire_len: usize) -> bool {
    matches!(payload, [0x00..=0x3f, _, high, low, a, b, c, d, ..]
        if [*a, *b, *c, *d] == COOKIE
            && low % 4 == 0
            && usize::from(u16::from_be_bytes([*high, *low])) + 20 == wire_len)
}

/// Whether a message of STUN is TURN's: its method, whose bits stand around two of its class, is one
/// that a relay is asked for (RFC 8656, 18.1; RFC 6062, 6.1).
pub(crate) fn is_turn(message: &[u8]) -> bool {
    let [high, low, ..] = message else { return false };
    let kind = u16::from_be_bytes([*high, *low]);
    let method = (kind & 0x3e00) >> 2 | (kind & 0x00e0) >> 1 | kind & 0x000f;
    (3..=12).contains(&method)
}

/// Whether a datagram at a STUN port is STUN from before the cookie: a binding, its attributes
/// filling it.
pub(crate) fn is_classic_stun(payload: &[u8]) -> bool {
    let mut cursor = Cursor::new(payload);
    let (Some(0x0001 | 0x0101 | 0x0111), Some(length)) = (cursor.u16(), cursor.u16()) else {
        return false;
    };
    if cursor.skip(16).is_none() || cursor.len() != usize::from(length) {
        return false;
    }
    while !cursor.is_empty() {
        let known = matches!(cursor.u16(), Some(0x0001..=0x000b | 0x8000..=0x80ff));
        if !known || cursor.vec16().is_none() {
            return false;
        }
    }
    true
}

/// Whether a datagram at NTP's port is NTP.
pub(crate) fn is_ntp(payload: &[u8], wire_len: usize) -> bool {
    let [first, second, ..] = payload else {
        return false;
    };
    let version = first >> 3 & 7;
    let number =
        |at: usize| payload.get(at..at + 2).map(|b| b.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
    match first & 7 {
        // Symmetric, client, server and broadcast; the second byte is the stratum.
        1..=5 => (1..=4).contains(&version) && *second <= 16 && ntp_end(payload, wire_len),
        // Control messages (RFC 9327): an operation, and a count that fits, before an optional
        // digest.
        6 => {
            let padded = number(10).map(|count| 12 + count.next_multiple_of(4));
            (2..=4).contains(&version)
                && (1..=31).contains(&(second & 0x1f))
                && padded.is_some_and(|end| [end, end + 20, end + 24].contains(&wire_len))
        }
        // Private messages of implementation 2 or 3: so many items of such a size. Requests may
        // be padded to a fixed length.
        7 => {
            let items = number(4).zip(number(6)).map(|(items, size)| (items & 0xfff) * (size & 0xfff));
            (2..=4).contains(&version)
                && matches!(payload.get(2), Some(2 | 3))
                && items.is_some_and(|end| end + 8 == wire_len || matches!((end, wire_len), (0, 48 | 192)))
        }
        _ => false,
    }
}

/// Whether nothing, extension fields or a digest follow the 48 bytes (RFC 7822).
fn ntp_end(payload: &[u8], wire_len: usize) -> bool {
    const DIGESTS: [usize; 3] = [0, 20, 24];
    if payload.len() < wire_len {
        return wire_len >= 48 && DIGESTS.contains(&(wire_len - 48));
    }
    let Some(mut rest) = payload.get(48..) else {
        return false;
    };
    while !DIGESTS.contains(&rest.len()) {
        let mut cursor = Cursor::new(rest);
        let length = cursor.skip(2).and_then(|()| cursor.u16()).map_or(0, usize::from);
        match rest.get(length..) {
            Some(next) if length >= 16 && length.is_multiple_of(4) => rest = next,
            _ => return false,
        }
    }
    true
}

/// Whether a datagram between DHCP's ports is DHCP: its cookie stands behind the fixed part.
pub(crate) fn is_dhcp(payload: &[u8]) -> bool {
    matches!(payload, [1 | 2, 0..=32, 0..=16, ..]) && payload.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63])
}

/// Whether a datagram between DHCPv6's ports is DHCPv6: a known type, and options that fill it.
pub(crate) fn is_dhcp6(payload: &[u8]) -> bool {
    let mut cursor = Cursor::new(payload);
    let head = match cursor.u8() {
        Some(1..=11 | 14..=36) => 3,
        // Relayed: hop count and two addresses.
        Some(12 | 13) => 33,
        None | Some(_) => return false,
    };
    if cursor.skip(head).is_none() || cursor.is_empty() {
        return false;
    }
    while !cursor.is_empty() {
        if cursor.u16().is_none_or(|option| option == 0 || option > 255) || cursor.vec16().is_none() {
            return false;
        }
    }
    true
}

/// Whether a datagram is SSDP: its request lines are its own; an answer must come from its port.
pub(crate) fn is_ssdp(payload: &[u8], from_its_port: bool) -> bool {
    payload.starts_with(b"M-SEARCH * HTTP/1.1\r\n")
        || payload.starts_with(b"NOTIFY * HTTP/1.1\r\n")
        || (from_its_port && payload.starts_with(b"HTTP/1.1 200 OK\r\n"))
}

/// Whether a datagram at the NetBIOS name service's port is of it: a DNS head, and a first name of
/// 32 letters from A to P.
pub(crate) fn is_netbios_ns(payload: &[u8]) -> bool {
    let Some([_, _, _, _, questions_high, questions, answers_high, answers, ..]) = payload.get(..12) else {
        return false;
    };
    let few = [*questions_high, *answers_high] == [0, 0]
        && *questions <= 4
        && *answers <= 4
        && questions + answers > 0;
    let name = payload.get(13..45).unwrap_or_default();
    few && payload.get(12) == Some(&32)
        && name.len() == 32
        && name.iter().all(|byte| (b'A'..=b'P').contains(byte))
}
