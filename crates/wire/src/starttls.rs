//! Protocols that turn to TLS midway: SMTP (RFC 3207), IMAP (RFC 9051), POP3 (RFC 2595), FTP
//! (RFC 4217), XMPP (RFC 6120) and PostgreSQL (its manual, "Message Flow").
//!
//! Whether the switch happened is told by the bytes and not by what was agreed: after the
//! client's command for it, a TLS record follows or it does not. What never switches is clear.

use crate::stream::{Heads, Learnt, Want};
use crate::{Anomaly, Protocol};

/// How far into a conversation in clear a switch is waited for.
const TEXT_MAX: usize = 8192;
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];

/// Reads SMTP, FTP, POP3 and IMAP: lines, and the server speaks first.
pub(crate) fn read_mail(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let protocol = match dialect(heads) {
        Dialect::None => return None,
        Dialect::Undecided(Want::Nothing) => return None,
        Dialect::Undecided(want) => return Some(want),
        Dialect::Is(protocol) => protocol,
    };
    learnt.facts.add_layer(protocol);
    let client = heads.client;
    let mut at = 0;
    while let Some(line) = line(client.get(at..).unwrap_or_default()) {
        at += line.len();
        if at > TEXT_MAX {
            return Some(Want::Nothing);
        }
        if !is_switch(line, protocol) {
            continue;
        }
        match client.get(at..) {
            None | Some([]) => return Some(heads.ask_client()),
            Some([0x16, ..]) => {
                let server_at = tls_start(heads.server, b'\n');
                return Some(heads.inspect_inner(at, server_at, heads.server_port, learnt));
            }
            // Refused, or the client went on in clear all the same.
            Some(_) => {}
        }
    }
    Some(if client.len() > TEXT_MAX { Want::Nothing } else { heads.ask_client() })
}

/// Reads XMPP.
pub(crate) fn read_xmpp(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    const OPENINGS: [&[u8]; 2] = [b"<?xml", b"<stream:stream"];
    let (speaker, missing) = match heads.client {
        [] => (heads.server, true),
        client => (client, false),
    };
    let start = speaker.get(..1024).unwrap_or(speaker);
    let opens = |opening: &[u8]| start.starts_with(opening) || opening.starts_with(start);
    if start.is_empty() || !OPENINGS.iter().any(|opening| opens(opening)) {
        return None;
    }
    let said = |word: &[u8]| find(start, word).is_some();
    if !said(b"etherx.jabber.org/streams") && !said(b"jabber:client") && !said(b"jabber:server") {
        let want = if missing { heads.ask_both() } else { heads.ask_client() };
        return (start.len() < 1024 && want != Want::Nothing).then_some(want);
    }
    learnt.facts.add_layer(Protocol::Xmpp);
    let text = heads.client.get(..TEXT_MAX).unwrap_or(heads.client);
    let Some(command) = find(text, b"<starttls") else {
        let patient = heads.client.len() < TEXT_MAX;
        return Some(if patient { heads.ask_client() } else { Want::Nothing });
    };
    let after = heads.client.get(command..).unwrap_or_default();
    let at = command + tls_start(after, b'>');
    if at < heads.client.len() {
        let server_at = tls_start(heads.server, b'>');
        return Some(heads.inspect_inner(at, server_at, heads.server_port, learnt));
    }
    let patient = after.len() < TEXT_MAX;
    Some(if patient { heads.ask_client() } else { Want::Nothing })
}

/// Reads PostgreSQL: a request for TLS that the server answers with one byte, or a start in clear.
pub(crate) fn read_postgres(heads: Heads<'_>, learnt: &mut Learnt) -> Option<Want> {
    let (mut at, mut answered) = (0, 0);
    // GSSAPI may be asked for and refused before TLS is.
    for _ in 0..3 {
        let rest = heads.client.get(at..).unwrap_or_default();
        let request = rest.get(..8).unwrap_or(rest);
        if request.len() < 8 {
            let common = [0, 0, 0, 8].starts_with(request.get(..4).unwrap_or(request))
                || starts_in_clear(rest) != Some(false);
            if at == 0 && (rest.is_empty() || !common) {
                return None;
            }
            let want = heads.ask(at + 8, usize::MAX);
            return (at > 0 || want != Want::Nothing).then_some(want);
        }
        if request != SSL_REQUEST && request != GSS_REQUEST {
            break;
        }
        learnt.facts.add_layer(Protocol::Postgres);
        at += 8;
        match heads.server.get(answered) {
            None if !heads.server_ended => return Some(heads.ask_server()),
            None if request == SSL_REQUEST => {
                return Some(heads.inspect_inner(at, answered, heads.server_port, learnt));
            }
            Some(b'S') if request == SSL_REQUEST => {
                let port = heads.server_port;
                return Some(heads.inspect_inner(at, answered + 1, port, learnt));
            }
            Some(b'N') => answered += 1,
            // Encryption by GSSAPI, an error, or no answer.
            None | Some(_) => {
                learnt.facts.add_anomaly(Anomaly::NotFollowed);
                return Some(Want::Nothing);
            }
        }
    }
    if at > 0 {
        return Some(Want::Nothing);
    }
    if starts_in_clear(heads.client) != Some(true) {
        let maybe = starts_in_clear(heads.client).is_none();
        return Some(heads.ask_client()).filter(|want| maybe && *want != Want::Nothing);
    }
    learnt.facts.add_layer(Protocol::Postgres);
    Some(Want::Nothing)
}

/// Whether bytes are a start-up message of protocol 3 (length, version, `user`); `None` where they
/// may yet become one.
fn starts_in_clear(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0, 0, high, low, 0, 3, 0, 0, rest @ ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if rest.len() < 5 {
                return None;
            }
            Some((13..=10_000).contains(&length) && rest.starts_with(b"user\0"))
        }
        [0, 0, _, _, 0, 3, 0] | [0, 0, _, _, 0, 3] | [0, 0, _, _, 0] | [0, 0, _, _] => None,
        [0, 0, _] | [0, 0] | [0] => None,
        _ => Some(false),
    }
}

/// How servers of the line protocols greet.
const GREETINGS: [&[u8]; 5] = [b"220", b"+OK", b"* OK", b"* PREAUTH", b"* BYE"];

enum Dialect {
    None,
    Undecided(Want),
    Is(Protocol),
}

/// Which of the line protocols it is: the client's first word decides, then the greeting.
fn dialect(heads: Heads<'_>) -> Dialect {
    let begins =
        GREETINGS.iter().any(|start| start.starts_with(heads.server) || heads.server.starts_with(start));
    // Most conversations are others; their bytes need not be searched for lines.
    if !begins {
        return Dialect::None;
    }
    let greeting = line(heads.server);
    let first = line(heads.client).map(|line| line.trim_ascii().to_ascii_uppercase());
    let word = first.as_deref().map(|line| {
        let end = line.iter().position(|&b| b == b' ').unwrap_or(line.len());
        line.split_at_checked(end).unwrap_or_default()
    });
    if heads.server.is_empty() {
        let lone = match word {
            Some((b"EHLO" | b"HELO" | b"LHLO", [b' ', ..])) => Some(Protocol::Smtp),
            Some((b"CAPA" | b"STLS", [])) => Some(Protocol::Pop3),
            Some((b"AUTH", b" TLS" | b" SSL")) => Some(Protocol::Ftp),
            Some((_, b" CAPABILITY" | b" STARTTLS")) => Some(Protocol::Imap),
            None | Some(_) => None,
        };
        return match lone {
            Some(protocol) if heads.server_ended => Dialect::Is(protocol),
            Some(_) => Dialect::Undecided(heads.ask(usize::MAX, 1)),
            None => Dialect::None,
        };
    }
    let Some(greeting) = greeting else {
        let text = heads.server.iter().all(|&b| (0x20..0x80).contains(&b) || b == b'\r');
        let patient = text && heads.server.len() < 1024;
        return if patient { Dialect::Undecided(heads.ask_server()) } else { Dialect::None };
    };
    if [&b"* OK"[..], b"* PREAUTH", b"* BYE"].iter().any(|start| greeting.starts_with(start)) {
        return Dialect::Is(Protocol::Imap);
    }
    let code = greeting.starts_with(b"220 ") || greeting.starts_with(b"220-");
    let pop = greeting.starts_with(b"+OK");
    if !code && !pop {
        return Dialect::None;
    }
    if word.is_none() && !heads.client_ended && heads.client.len() < 512 {
        return Dialect::Undecided(heads.ask_client());
    }
    let says = |name: &[u8]| find(&heads.server.to_ascii_uppercase(), name).is_some();
    match word.map(|(word, _)| word) {
        Some(b"EHLO" | b"HELO" | b"LHLO") if code => Dialect::Is(Protocol::Smtp),
        Some(b"USER" | b"AUTH" | b"FEAT" | b"SYST" | b"OPTS" | b"CLNT" | b"HOST") if code => {
            Dialect::Is(Protocol::Ftp)
        }
        Some(b"USER" | b"APOP" | b"AUTH" | b"CAPA" | b"STLS" | b"QUIT") if pop => Dialect::Is(Protocol::Pop3),
        None | Some(_) if pop && says(b"POP") => Dialect::Is(Protocol::Pop3),
        None | Some(_) if code && says(b"SMTP") => Dialect::Is(Protocol::Smtp),
        None | Some(_) if code && says(b"FTP") => Dialect::Is(Protocol::Ftp),
        None | Some(_) => Dialect::None,
    }
}

/// Whether a client's line asks for the switch.
fn is_switch(line: &[u8], protocol: Protocol) -> bool {
    let line = line.trim_ascii().to_ascii_uppercase();
    let wanted: &[&[u8]] = if protocol == Protocol::Ftp {
        &[b"AUTH TLS", b"AUTH SSL", b"AUTH TLS-C", b"AUTH TLS-P"]
    } else if protocol == Protocol::Pop3 {
        &[b"STLS"]
    } else {
        &[b"STARTTLS"]
    };
    let command = match line.iter().position(|&b| b == b' ') {
        Some(tag) if protocol == Protocol::Imap => line.get(tag + 1..).unwrap_or_default(),
        _ => &line,
    };
    wanted.contains(&command)
}

/// The first line, its end included.
fn line(bytes: &[u8]) -> Option<&[u8]> {
    // Whether a block holds a byte is found faster than where; most heads here are no text.
    const BLOCK: usize = 64;
    let block = bytes.chunks(BLOCK).position(|block| block.contains(&b'\n'))? * BLOCK;
    let end = block + bytes.get(block..)?.iter().position(|&byte| byte == b'\n')?;
    bytes.get(..=end)
}

/// Where TLS starts: the first record right after an `end` byte, or the end of what is there.
fn tls_start(bytes: &[u8], end: u8) -> usize {
    bytes
        .windows(3)
        .position(|w| matches!(w, [before, 0x15 | 0x16, 3] if *before == end))
        .map_or(bytes.len(), |at| at + 1)
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}
