//! Ports for connections of our own.
//!
//! A flow's entry names its port before its first packet, so that the port cannot be left to the
//! moment of connecting. Left to the system before that, each costs a search that grows with the
//! ports that rest after flows that are over: seven tenths of a millisecond with twenty thousand
//! of them. Here they are taken in turn, each as late again as can be.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpSocket;

/// Where Linux tells which ports are for this.
const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// The range where it does not tell (RFC 6335, 6).
const RANGE_ELSE: (u16, u16) = (49152, 65535);

/// Ports that are tried where programs hold the first ones; then the system searches.
const TRIED_MAX: usize = 16;

/// The ports of this process.
static PORTS: LazyLock<Ports> = LazyLock::new(Ports::of_the_system);

/// A round through all ports of a range, in an order that nobody outside can guess (RFC 6056).
#[derive(Debug)]
struct Ports {
    first: u16,
    count: u64,
    step: u64,
    turn: AtomicU64,
}

/// Gives a socket an address and a port, and tells the port. Its address must be reusable.
pub(super) fn bind(socket: &TcpSocket, address: IpAddr) -> io::Result<u16> {
    for _ in 0..TRIED_MAX {
        let port = PORTS.next();
        match socket.bind(SocketAddr::new(address, port)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            other => return other.map(|()| port),
        }
    }
    socket.bind(SocketAddr::new(address, 0))?;
    Ok(socket.local_addr()?.port())
}

impl Ports {
    fn of_the_system() -> Self {
        let told = fs::read_to_string(RANGE).ok().and_then(|text| range(&text));
        let random = |what: &str| RandomState::new().hash_one(what);
        Self::new(told.unwrap_or(RANGE_ELSE), random("first"), random("step"))
    }

    fn new((first, last): (u16, u16), start: u64, step: u64) -> Self {
        let count = u64::from(last.saturating_sub(first)) + 1;
        // Only a step without a common factor comes to every port before it comes to one again.
        let step = (step % count..=count).find(|step| common(*step, count) == 1).unwrap_or(1);
        Self { first, count, step, turn: AtomicU64::new(start % count) }
    }

    fn next(&self) -> u16 {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.count;
        let place = turn * self.step % self.count;
        self.first.saturating_add(u16::try_from(place).unwrap_or(0))
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let mut numbers = text.split_whitespace().map(str::parse);
    let (first, last) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (first > 0 && first <= last).then_some((first, last))
}

/// The greatest common factor.
const fn common(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_port_comes_once_in_a_round() {
        for step in [0, 1, 2, 6, 999, 28232, u64::MAX] {
            let ports = Ports::new((32768, 60999), step, step);
            let round: BTreeSet<u16> = (0..28232).map(|_| ports.next()).collect();
            assert_eq!(round.len(), 28232, "{ports:?}");
            assert_eq!((round.first(), round.last()), (Some(&32768), Some(&60999)));
        }
        let one = Ports::new((7, 7), 5, 5);
        assert_eq!((one.next(), one.next()), (7, 7));
    }

    #[test]
    fn a_range_is_two_ports_in_order() {
        assert_eq!(range("32768\t60999\n"), Some((32768, 60999)));
        for wrong in ["", "1", "2 1", "0 5", "a b", "1 70000"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_port_that_is_held_is_passed_over() {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = held.local_addr().unwrap().port();
        let before = Ports::new((port, port), 0, 0);
        let socket = TcpSocket::new_v4().unwrap();
        let taken = socket.bind(SocketAddr::new("127.0.0.1".parse().unwrap(), before.next()));
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let given = bind(&socket, "127.0.0.1".parse().unwrap()).unwrap();
        assert_eq!(socket.local_addr().unwrap().port(), given);
        assert_ne!(given, port);
    }
}
