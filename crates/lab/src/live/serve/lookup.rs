//! Asking a resolver, as an app without a library does.

use crate::dns::{self, A};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How long to wait for an answer.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// How often a question is sent.
const ATTEMPTS: u32 = 2;

/// The addresses of a name that a resolver answers with, asked for with the given record type.
///
/// # Errors
/// Where no answer comes within [`PATIENCE`], asked twice, or something else is wrong on the way.
pub fn ask(resolver: SocketAddr, name: &str, kind: u16) -> io::Result<Vec<IpAddr>> {
    let answer = exchange(resolver, &dns::query(0x4c41, name, kind))?;
    Ok(addresses(&answer, kind))
}

/// Sends a question and returns the answer to it.
///
/// # Errors
/// As [`ask`].
pub fn exchange(resolver: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let any: IpAddr =
        if resolver.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(resolver)?;
    socket.set_read_timeout(Some(PATIENCE / ATTEMPTS))?;
    let mut buffer = [0; 4096];
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    for _ in 0..ATTEMPTS {
        socket.send(query)?;
        match socket.recv(&mut buffer) {
            Ok(size) => {
                let answer = buffer.get(..size).unwrap_or_default();
                if answer.get(..2) == query.get(..2) && answer.len() >= 12 {
                    return Ok(answer.to_vec());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                last = io::ErrorKind::TimedOut.into();
            }
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// The addresses of an answer's records of one kind.
#[must_use]
pub fn addresses(answer: &[u8], kind: u16) -> Vec<IpAddr> {
    read(answer, kind).unwrap_or_default()
}

fn read(answer: &[u8], kind: u16) -> Option<Vec<IpAddr>> {
    let number = |at: usize| answer.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
    let mut at = 12;
    for _ in 0..number(4)? {
        at = past_name(answer, at)? + 4;
    }
    let mut found = Vec::new();
    for _ in 0..number(6)? {
        at = past_name(answer, at)?;
        let (this, length) = (number(at)?, usize::from(number(at + 8)?));
        let data = answer.get(at + 10..at + 10 + length)?;
        if this == kind {
            if kind == A {
                found.extend(data.try_into().map(|octets: [u8; 4]| IpAddr::from(octets)));
            } else {
                found.extend(data.try_into().map(|octets: [u8; 16]| IpAddr::from(octets)));
            }
        }
        at += 10 + length;
    }
    Some(found)
}

fn past_name(answer: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match usize::from(*answer.get(at)?) {
            0 => return Some(at + 1),
            length if length >= 0xc0 => return Some(at + 2),
            length => at += 1 + length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::{AAAA, Record, answer};

    #[test]
    fn aliases_are_passed_over() {
        let address: IpAddr = "1.2.3.4".parse().unwrap();
        let records = [Record::Alias("a.b".into(), "c.d".into()), Record::Address("c.d".into(), address)];
        let said = answer(1, "a.b", A, &records);
        assert_eq!(addresses(&said, A), [address]);
        assert_eq!(addresses(&said, AAAA), []);
        assert_eq!(addresses(&said[..said.len() - 1], A), []);
    }
}
