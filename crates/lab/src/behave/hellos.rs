//! Hellos that ordinary libraries do not make.

use super::dial::{PATIENCE, patient};
use super::{Options, Outcome};
use crate::live::serve::SIGN;
use crate::tls::{Ech, Hello, V1_0, V1_2, handshake};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Sends data with the first packet of a connection (`MSG_FASTOPEN`).
const FAST_OPEN: i32 = 0x2000_0000;

pub(super) fn capitals(options: &Options) -> Outcome {
    let name = options.host.to_ascii_uppercase();
    Outcome::of(options.connect_as(&name).and_then(|stream| say(stream, &records(&Hello::new(&name)))))
}

pub(super) fn old_tls(options: &Options) -> Outcome {
    let hello = handshake(V1_0, &Hello::old(&options.host, V1_0).message(), 16384);
    Outcome::of(options.connect().and_then(|stream| say(stream, &hello)))
}

pub(super) fn no_sni(options: &Options) -> Outcome {
    named(options, Vec::new())
}

pub(super) fn nul_name(options: &Options) -> Outcome {
    named(options, vec![format!("{}\0.{}", options.other, options.host)])
}

pub(super) fn two_names(options: &Options) -> Outcome {
    named(options, vec![options.host.clone(), options.other.clone()])
}

pub(super) fn two_names_reversed(options: &Options) -> Outcome {
    named(options, vec![options.other.clone(), options.host.clone()])
}

pub(super) fn ech(options: &Options) -> Outcome {
    hidden(options, Ech::Real)
}

pub(super) fn grease(options: &Options) -> Outcome {
    hidden(options, Ech::Grease)
}

pub(super) fn ssh(options: &Options) -> Outcome {
    Outcome::of(options.connect().and_then(|stream| say(stream, b"SSH-2.0-OpenSSH_9.2p1\r\n")))
}

pub(super) fn mptcp(options: &Options) -> Outcome {
    let attempt = || {
        let to = SocketAddr::new(options.address_by_any_means()?, options.port);
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::MPTCP));
        let socket = match socket {
            Ok(socket) => socket,
            Err(error) => return Ok(super::kernel::refused("multipath TCP", &error)),
        };
        socket.connect_timeout(&to.into(), PATIENCE)?;
        let stream = TcpStream::from(socket);
        patient(&stream)?;
        say(stream, &records(&Hello::new(&options.host)))
    };
    Outcome::of(attempt())
}

/// Twice: the first connection brings a cookie, with which the second carries data in its first
/// packet.
pub(super) fn fast_open(options: &Options) -> Outcome {
    let attempt = || {
        let to = SocketAddr::new(options.address_by_any_means()?, options.port);
        fast(to, options)?;
        fast(to, options)
    };
    Outcome::of(attempt())
}

fn fast(to: SocketAddr, options: &Options) -> io::Result<Outcome> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let hello = records(&Hello::new(&options.host));
    let sent = socket.send_to_with_flags(&hello, &to.into(), FAST_OPEN)?;
    let stream = TcpStream::from(socket);
    patient(&stream)?;
    say(stream, hello.get(sent..).unwrap_or_default())
}

fn named(options: &Options, names: Vec<String>) -> Outcome {
    let hello = Hello { names, ..Hello::new(&options.host) };
    Outcome::of(options.connect().and_then(|stream| say(stream, &records(&hello))))
}

fn hidden(options: &Options, ech: Ech) -> Outcome {
    let hello = Hello { ech, grease: ech == Ech::Grease, ..Hello::new(&options.host) };
    Outcome::of(options.connect().and_then(|stream| say(stream, &records(&hello))))
}

/// A hello in one record.
pub(super) fn records(hello: &Hello) -> Vec<u8> {
    handshake(V1_2, &hello.message(), 16384)
}

/// Sends bytes and judges what comes back.
pub(super) fn say(mut stream: TcpStream, bytes: &[u8]) -> io::Result<Outcome> {
    stream.write_all(bytes)?;
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer)?;
    Ok(judge(buffer.get(..read).unwrap_or_default()))
}

/// A server's hello, or the far end's line to whatever is none. An alert may be anybody's.
pub(super) fn judge(answer: &[u8]) -> Outcome {
    match answer {
        [] => Outcome::Not("the connection was closed".into()),
        [22, 3, ..] => Outcome::Delivered("a server hello came".into()),
        [21, 3, _, _, _, _, reason, ..] => Outcome::Not(format!("a TLS alert came ({reason})")),
        bytes if contains(bytes, SIGN) => {
            Outcome::Delivered(format!("the far end says `{}`", first_line(bytes)))
        }
        bytes => Outcome::Not(format!("something else answered: `{}`", first_line(bytes))),
    }
}

pub(super) fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The first line of an answer, so that it can be shown.
pub(super) fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..80).unwrap_or(bytes)).into_owned();
    text.lines().next().unwrap_or_default().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_far_end_counts() {
        assert_eq!(judge(b"\x16\x03\x03\0\x40\x02").code(), 0);
        assert_eq!(judge(b"creance-lab heard 20 bytes\r\n").code(), 0);
        assert_eq!(judge(b"\x15\x03\x03\0\x02\x02\x70").code(), 1);
        assert_eq!(judge(b"HTTP/1.1 403 Forbidden\r\n").code(), 1);
        assert_eq!(judge(b"").code(), 1);
    }
}
