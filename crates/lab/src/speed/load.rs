//! The clients.

use super::sink::{drain, fill};
use super::{ANSWER_BYTES, AT_ONCE, DOWN, STACK_BYTES, UP};
use crate::dns::A;
use crate::live::serve::lookup;
use crate::tls::{self, Hello};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long anything may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest head of a proxy's answer, in bytes.
const PROXY_BYTES_MAX: usize = 4096;

/// The size of a hello's message, in bytes: what browsers without post-quantum keys pad to.
const HELLO_BYTES: usize = 512;

/// The largest record, in bytes.
const RECORD_BYTES: usize = 1 << 14;

/// What is connected to, and what is said first.
#[derive(Debug, Clone)]
pub struct Target {
    address: SocketAddr,
    /// A request to a proxy, before everything else.
    request: Option<Vec<u8>>,
    hello: Vec<u8>,
    /// How much of an answer is waited for, in bytes.
    answer: usize,
}

/// What came of many connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Those that were answered.
    pub answered: u64,
    /// Those that were not.
    pub failed: u64,
    /// How long it took in all.
    pub took: Duration,
}

/// Which way bulk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bulk {
    /// From the server.
    Down,
    /// To the server.
    Up,
}

/// The address to connect to for a name: `to` itself, or what a resolver says, with the port of
/// `to`. An app asks before it connects; so does the load.
///
/// # Errors
/// Where the resolver does not answer, or with no address.
pub fn way(to: SocketAddr, name: &str, resolver: Option<IpAddr>) -> io::Result<SocketAddr> {
    let Some(resolver) = resolver else { return Ok(to) };
    let found = lookup::ask(SocketAddr::new(resolver, 53), name, A)?;
    let first = found.first().ok_or_else(|| io::Error::other(format!("{name} has no address")))?;
    Ok(SocketAddr::new(*first, to.port()))
}

impl Target {
    /// A server at an address, by a name in the hello; `tunnel` is the port that a proxy at the
    /// address is asked to connect to.
    #[must_use]
    pub fn new(address: SocketAddr, name: &str, tunnel: Option<u16>) -> Self {
        let message = Hello { pad_to: Some(HELLO_BYTES), ..Hello::new(name) }.message();
        let request =
            tunnel.map(|port| format!("CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n"));
        Self {
            address,
            request: request.map(String::into_bytes),
            hello: tls::records(22, tls::V1_0, &message, RECORD_BYTES),
            answer: ANSWER_BYTES,
        }
    }

    /// The same at a server that says less than [`ANSWER_BYTES`] to a hello: so many bytes.
    #[must_use]
    pub fn answered_with(self, bytes: usize) -> Self {
        Self { answer: bytes.min(ANSWER_BYTES), ..self }
    }

    /// Connects, says hello, and hears the answer.
    fn open(&self) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        if let Some(request) = &self.request {
            stream.write_all(request)?;
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte)?;
                head.extend_from_slice(&byte);
                if head.len() > PROXY_BYTES_MAX {
                    return Err(io::Error::other("the proxy's answer has no end"));
                }
            }
            if head.get(9..12) != Some(b"200") {
                return Err(io::Error::other("the proxy refuses"));
            }
        }
        stream.write_all(&self.hello)?;
        drain(&mut stream, self.answer as u64, &mut [0; ANSWER_BYTES])?;
        Ok(stream)
    }
}

/// One connection after the other from each of some clients, for so long.
///
/// # Errors
/// Where no thread can be had.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub fn connections(target: &Target, clients: usize, lasts: Duration) -> io::Result<Rate> {
    let (answered, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let mut threads = Vec::new();
    for _ in 0..clients {
        let (target, stop) = (target.clone(), Arc::clone(&stop));
        let (answered, failed) = (Arc::clone(&answered), Arc::clone(&failed));
        threads.push(std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let count = if target.open().is_ok() { &answered } else { &failed };
                count.fetch_add(1, Ordering::Relaxed);
            }
        })?);
    }
    std::thread::sleep(lasts);
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().map_err(|_| io::Error::other("a client broke"))?;
    }
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    Ok(Rate { answered: count(&answered), failed: count(&failed), took: began.elapsed() })
}

/// How long each of some connections takes from its first packet to its answer, one after the
/// other, the shortest first.
///
/// # Errors
/// The first connection that fails.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub fn latency(target: &Target, count: usize) -> io::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        let stream = target.open()?;
        times.push(began.elapsed());
        drop(stream);
    }
    times.sort_unstable();
    Ok(times)
}

/// How long so many bytes take over one connection that stands already.
///
/// # Errors
/// Where the connection fails or breaks.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub fn bulk(target: &Target, bytes: u64, way: Bulk) -> io::Result<Duration> {
    let mut stream = target.open()?;
    let mut buffer = vec![0; AT_ONCE];
    let letter = if way == Bulk::Down { DOWN } else { UP };
    let began = Instant::now();
    stream.write_all(&[&[letter], bytes.to_be_bytes().as_slice()].concat())?;
    match way {
        Bulk::Down => drain(&mut stream, bytes, &mut buffer)?,
        Bulk::Up => {
            fill(&mut stream, bytes, &buffer)?;
            drain(&mut stream, 1, &mut buffer)?;
        }
    }
    Ok(began.elapsed())
}

/// Opens so many connections, calls `ready`, and holds them until it returns.
///
/// # Errors
/// The first connection that fails.
pub fn idle(target: &Target, count: usize, ready: impl FnOnce()) -> io::Result<()> {
    let held: Vec<TcpStream> = (0..count).map(|_| target.open()).collect::<io::Result<_>>()?;
    ready();
    drop(held);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink() -> SocketAddr {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (ready, listens) = std::sync::mpsc::channel();
        std::thread::spawn(move || crate::speed::serve(tcp, udp, move || ready.send(()).unwrap()));
        listens.recv().unwrap();
        tcp
    }

    #[test]
    fn conversations_are_answered_and_bulk_goes_both_ways() {
        let target = Target::new(sink(), "a.test", None);
        assert_eq!(latency(&target, 20).unwrap().len(), 20);
        for way in [Bulk::Down, Bulk::Up] {
            assert!(bulk(&target, 3_000_001, way).unwrap() > Duration::ZERO);
        }
        let rate = connections(&target, 4, Duration::from_millis(100)).unwrap();
        assert!(rate.answered > 0, "{rate:?}");
        assert_eq!(rate.failed, 0);
        let mut held = false;
        idle(&target, 50, || held = true).unwrap();
        assert!(held);
    }

    #[test]
    fn what_is_not_answered_has_failed() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let target = Target::new(nobody, "a.test", None);
        assert!(latency(&target, 1).is_err());
        let rate = connections(&target, 1, Duration::from_millis(20)).unwrap();
        assert_eq!(rate.answered, 0);
        assert!(rate.failed > 0);
    }
}
