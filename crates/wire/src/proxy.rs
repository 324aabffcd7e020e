//! Names inside CONNECT and SOCKS (RFC 1928, 1929; SOCKS 4 and 4a as published by their authors).

use crate::bytes::Cursor;
use crate::facts::{KEPT_MAX, NameSource};
use crate::http::{Host, shown};
use crate::stream::{Heads, Learnt, Want};
use crate::{Anomaly, Facts, Protocol, ProxyTarget};
use creance_model::HostName;
use std::net::{IpAddr, Ipv4Addr};

const CONNECT: u8 = 1;
const NO_METHOD: u8 = 0xff;
const USER_PASSWORD: u8 = 2;

/// Adds a layer unless it was noted before: for conversations that go back and forth between two.
pub(crate) fn note(protocol: Protocol, facts: &mut Facts) {
    if !facts.layers.contains(&protocol) {
        facts.add_layer(protocol);
    }
}

/// Adds where a proxy was asked to connect, once.
pub(crate) fn add_target(host: &Host, port: u16, facts: &mut Facts) {
    let target = match host {
        Host::Name(name) => ProxyTarget::Name(name.clone(), port),
        Host::Address(addr) => ProxyTarget::Address(*addr, port),
        Host::Invalid(text) => return facts.add_anomaly(Anomaly::InvalidName(text.clone())),
    };
    if facts.proxy_targets.contains(&target) {
        return;
    }
    if facts.proxy_targets.len() < KEPT_MAX {
        facts.proxy_targets.push(target);
    } else {
        facts.left_out = facts.left_out.saturating_add(1);
    }
}

/// The longest header of version 1, and the start of one of version 2.
const HEADER_V1_BYTES_MAX: usize = 107;
const HEADER_V2_START: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Reads the header of the PROXY protocol, versions 1 and 2 (as HAProxy's authors publish it), and
/// what follows it.
pub(crate) fn read_header(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let bytes = heads.client;
    let ask = || Some(heads.ask_client()).filter(|want| *want != Want::Nothing);
    let length = if bytes.starts_with(b"PROXY ") {
        let line = bytes.get(..HEADER_V1_BYTES_MAX).unwrap_or(bytes);
        match line.windows(2).position(|pair| pair == b"\r\n") {
            Some(end) => end + 2,
            None if bytes.len() < HEADER_V1_BYTES_MAX => return ask(),
            None => return None,
        }
    } else if bytes.len() >= 6 && (bytes.starts_with(HEADER_V2_START) || HEADER_V2_START.starts_with(bytes)) {
        match bytes.get(14..16) {
            Some([high, low]) => 16 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return ask(),
        }
    } else {
        return None;
    };
    if bytes.len() < length {
        return ask();
    }
    note(Protocol::ProxyHeader, &mut learnt.facts);
    Some(heads.inspect_inner(length, 0, heads.server_port, learnt))
}

/// Reads SOCKS 5: greeting, choice of method, user and password, request, and what is within.
pub(crate) fn read_socks5(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let mut client = Cursor::new(heads.client);
    let mut server = Cursor::new(heads.server);
    if client.u8()? != 5 {
        return None;
    }
    let undecided = |want: Want| (want != Want::Nothing).then_some(want);
    let Some(methods) = client.vec8() else {
        return undecided(heads.ask_client());
    };
    if methods.is_empty() {
        return None;
    }
    let method = match heads.server {
        // Without the server's side, the request must tell.
        [] if heads.server_ended => {
            let method = if matches!(client.rest(), [1, ..]) { USER_PASSWORD } else { 0 };
            let mut ahead = client;
            if method == USER_PASSWORD {
                user_password(&mut ahead)?;
            }
            socks5_request(&mut ahead)?;
            method
        }
        [] | [5] => return undecided(heads.ask_server()),
        [5, method, ..] if *method == NO_METHOD || methods.contains(method) => {
            server.skip(2)?;
            *method
        }
        _ => return None,
    };
    learnt.facts.add_layer(Protocol::Socks5);
    match method {
        0 => {}
        USER_PASSWORD => {
            if user_password(&mut client).is_none() {
                return Some(heads.ask_client());
            }
            match server.array::<2>() {
                Some([_, 0]) => {}
                Some(_) => return Some(Want::Nothing),
                None if server_missing(heads) => {}
                None => return Some(heads.ask_server()),
            }
        }
        NO_METHOD => return Some(Want::Nothing),
        // Another method may encrypt what follows.
        _ => {
            learnt.facts.add_anomaly(Anomaly::NotFollowed);
            return Some(Want::Nothing);
        }
    }
    let Some((command, host, port)) = socks5_request(&mut client) else {
        return Some(request_unread(client, heads.ask_client(), learnt));
    };
    let succeeded = match socks5_request(&mut server) {
        Some((code, ..)) => code == 0,
        None if server_missing(heads) => true,
        None => {
            target(&host, port, &mut learnt.facts);
            return Some(request_unread(server, heads.ask_server(), learnt));
        }
    };
    target(&host, port, &mut learnt.facts);
    let at = (heads.client.len() - client.len(), heads.server.len() - server.len());
    Some(inside(heads, at, (command == CONNECT, succeeded), port, learnt))
}

/// Reads SOCKS 4 and 4a. Since little sets their request apart, the server must agree; where its
/// side is missing, only a 4a request with a valid name counts.
pub(crate) fn read_socks4(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let mut client = Cursor::new(heads.client);
    if client.u8()? != 4 {
        return None;
    }
    let undecided = |want: Want| (want != Want::Nothing).then_some(want);
    let Some(command) = client.u8() else {
        return undecided(heads.ask_client());
    };
    if !matches!(command, 1 | 2) {
        return None;
    }
    let (Some(port), Some(addr)) = (client.u16(), client.array::<4>()) else {
        return undecided(heads.ask_client());
    };
    let named = matches!(addr, [0, 0, 0, last] if last != 0);
    let user = until_nul(&mut client);
    let name = if named { user.and_then(|_| until_nul(&mut client)) } else { user };
    let Some(name) = name else {
        // User and name have a byte for their end; 255 bytes are more than any has.
        return if client.len() > 255 { None } else { undecided(heads.ask_client()) };
    };
    let host = match HostName::from_bytes(name) {
        Ok(name) if named => Host::Name(name),
        Err(_) if named => Host::Invalid(shown(name)),
        Ok(_) | Err(_) => Host::Address(IpAddr::from(addr)),
    };
    let granted = match heads.server {
        [] if heads.server_ended && matches!(host, Host::Name(_)) => true,
        [0, code @ 0x5a..=0x5d, _, _, _, _, _, _, ..] => *code == 0x5a,
        [] | [0] => return undecided(heads.ask_server()),
        [0, 0x5a..=0x5d, ..] => return undecided(heads.ask(usize::MAX, 8)),
        _ => return None,
    };
    learnt.facts.add_layer(Protocol::Socks4);
    target(&host, port, &mut learnt.facts);
    let at = (heads.client.len() - client.len(), 8);
    Some(inside(heads, at, (command == CONNECT, granted), port, learnt))
}

fn inside(
    heads: Heads<'_>,
    (client_from, server_from): (usize, usize),
    (connect, granted): (bool, bool),
    port: u16,
    learnt: &mut Learnt,
) -> Want {
    match (connect, granted) {
        (true, true) => heads.inspect_inner(client_from, server_from, port, learnt),
        (_, false) => Want::Nothing,
        // BIND waits for a stranger, UDP ASSOCIATE goes on elsewhere.
        (false, true) => {
            learnt.facts.add_anomaly(Anomaly::NotFollowed);
            Want::Nothing
        }
    }
}

fn target(host: &Host, port: u16, facts: &mut Facts) {
    if let Host::Name(name) = host {
        facts.add_name(name.clone(), NameSource::SocksTarget);
    }
    add_target(host, port, facts);
}

fn server_missing(heads: Heads<'_>) -> bool {
    heads.server.is_empty() && heads.server_ended
}

/// A request or an answer could not be read: it is not whole, or broken.
fn request_unread(cursor: Cursor<'_>, more: Want, learnt: &mut Learnt) -> Want {
    let could_be = match cursor.rest() {
        [5, _, 0, 1 | 3 | 4, ..] => cursor.len() < 262,
        [5, _, 0] | [5, _] | [5] | [] => true,
        _ => false,
    };
    if could_be {
        return more;
    }
    learnt.facts.add_anomaly(Anomaly::Malformed(Protocol::Socks5));
    Want::Nothing
}

/// A request or an answer (RFC 1928, 4 and 6): command or code, host, port.
/// Where it is not whole, nothing is taken.
fn socks5_request(cursor: &mut Cursor<'_>) -> Option<(u8, Host, u16)> {
    let mut ahead = *cursor;
    let [5, code, 0, kind] = ahead.array()? else {
        return None;
    };
    let host = match kind {
        1 => Host::Address(Ipv4Addr::from(ahead.array::<4>()?).into()),
        4 => Host::Address(IpAddr::from(ahead.array::<16>()?)),
        3 => {
            let name = ahead.vec8()?;
            // A numeric address may be sent as a name.
            let addr = std::str::from_utf8(name).ok().and_then(|text| text.parse().ok());
            match (addr, HostName::from_bytes(name)) {
                (Some(addr), _) => Host::Address(addr),
                (None, Ok(name)) => Host::Name(name),
                (None, Err(_)) => Host::Invalid(shown(name)),
            }
        }
        _ => return None,
    };
    let port = ahead.u16()?;
    *cursor = ahead;
    Some((code, host, port))
}

/// Passes over a user and a password (RFC 1929), which are not kept.
fn user_password(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut ahead = *cursor;
    if ahead.u8()? != 1 {
        return None;
    }
    ahead.vec8()?;
    ahead.vec8()?;
    *cursor = ahead;
    Some(())
}

fn until_nul<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.rest().iter().position(|&byte| byte == 0)?;
    let text = cursor.take(length)?;
    cursor.skip(1)?;
    Some(text)
}
