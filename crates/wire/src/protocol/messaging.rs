//! SSH (RFC 4253), MQTT (OASIS MQTT 3.1.1 and 5), and STUN over TCP (RFC 8489).

use super::background::{COOKIE, is_stun, is_turn};
use crate::Protocol;
use crate::bytes::Cursor;
use crate::stream::{Heads, Learnt, Want};

/// Reads SSH: the line with its version.
pub(crate) fn read_ssh(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    const STARTS: [&[u8]; 2] = [b"SSH-2.0-", b"SSH-1."];
    let speaker = if heads.client.is_empty() { heads.server } else { heads.client };
    if STARTS.iter().any(|start| speaker.starts_with(start)) {
        learnt.facts.add_layer(Protocol::Ssh);
        return Some(Want::Nothing);
    }
    let could_be = !speaker.is_empty() && STARTS.iter().any(|start| start.starts_with(speaker));
    could_be.then(|| heads.ask_both()).filter(|want| *want != Want::Nothing)
}

/// Reads MQTT: a CONNECT packet with the protocol's name.
pub(crate) fn read_mqtt(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let start = heads.client.get(..14).unwrap_or(heads.client);
    match mqtt_connect(start) {
        Some(true) => {
            learnt.facts.add_layer(Protocol::Mqtt);
            Some(Want::Nothing)
        }
        Some(false) => None,
        None => Some(heads.ask_client()).filter(|want| *want != Want::Nothing),
    }
}

/// Whether bytes start with MQTT's CONNECT; `None` where too few are there.
fn mqtt_connect(bytes: &[u8]) -> Option<bool> {
    let mut cursor = Cursor::new(bytes);
    if bytes.is_empty() || cursor.u8()? != 0x10 {
        return Some(false);
    }
    // The remaining length has up to four bytes of seven bits.
    let mut bytes_of_length = 0;
    while cursor.u8()? & 0x80 != 0 {
        bytes_of_length += 1;
        if bytes_of_length == 4 {
            return Some(false);
        }
    }
    match cursor.u16()? {
        4 => Some(cursor.take(4)? == b"MQTT" && matches!(cursor.u8()?, 4 | 5)),
        6 => Some(cursor.take(6)? == b"MQIsdp" && cursor.u8()? == 3),
        _ => Some(false),
    }
}

/// Reads STUN and TURN over TCP.
pub(crate) fn read_stun(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let head = heads.client.get(..20).unwrap_or(heads.client);
    let cookie = head.get(4..8).or_else(|| head.get(4..)).unwrap_or_default();
    if !matches!(head, [0 | 1, ..]) || !COOKIE.starts_with(cookie) {
        return None;
    }
    if head.len() < 20 {
        return Some(heads.ask(20, usize::MAX)).filter(|want| *want != Want::Nothing);
    }
    is_stun(head, message_length(head)).then(|| {
        learnt.facts.add_layer(Protocol::Stun);
        read_turn(heads, learnt)
    })
}

/// Looks at STUN's messages until one is TURN's.
fn read_turn(heads: Heads<'_>, learnt: &mut Learnt) -> Want {
    let mut at = 0;
    while let Some(head) = heads.client.get(at..).and_then(|rest| rest.get(..20)) {
        let length = message_length(head);
        if !is_stun(head, length) {
            return Want::Nothing;
        }
        if is_turn(head) {
            learnt.facts.add_layer(Protocol::Turn);
            return Want::Nothing;
        }
        at += length;
    }
    heads.ask(at + 20, usize::MAX)
}

/// How long a message of STUN is, its head included.
fn message_length(head: &[u8]) -> usize {
    match head {
        [_, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])) + 20,
        _ => 20,
    }
}
