//! The servers of the far end. Each connection has a thread; there are at most
//! `CONNECTIONS_MAX` of them at a time, and none lives longer than its time-outs allow.

mod http;
pub mod lookup;
mod names;
mod plain;
mod tls;

use super::LiveError;
use crate::tls::Authority;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::{Duration, Instant};

/// Ports that speak TLS.
pub const TLS_PORTS: [u16; 6] = [443, 853, 4433, 5349, 8443, 8883];
/// Ports that speak HTTP in clear.
pub const HTTP_PORTS: [u16; 3] = [80, 8000, 8080];
/// What a server that is no ordinary one says first, and HTTP in its `Server` header: by this an
/// app knows that it has reached the far end, and not something on the way.
pub const SIGN: &str = "creance-lab";

/// Where questions in datagrams are redirected to.
pub(super) const DATAGRAM_DNS: u16 = 61_053;
/// Where all is redirected to that nobody listens for.
pub(super) const ECHO: u16 = 61_001;
const MQTT: u16 = 1883;
const NTRIP: u16 = 2101;

/// The most connections at a time; further ones are closed at once.
const CONNECTIONS_MAX: usize = 4096;
/// How many connections may wait to be taken.
const BACKLOG: i32 = 4096;
/// How long a connection may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// What a connection's thread has for itself, in bytes.
const STACK_BYTES: usize = 256 << 10;
/// The most answers in datagrams that wait.
const HELD_MAX: usize = 4096;
/// The largest datagram, in bytes.
const DATAGRAM_BYTES: usize = 65_535;

/// What a port's connections are given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Tls,
    DnsOverTls,
    Http,
    Dns,
    Ntrip,
    Any,
}

/// The ports that have listeners of their own.
pub(super) struct Ports;

impl Ports {
    fn all() -> impl Iterator<Item = (u16, Service)> {
        let tls = TLS_PORTS
            .iter()
            .map(|port| (*port, if *port == 853 { Service::DnsOverTls } else { Service::Tls }));
        let http = HTTP_PORTS.iter().map(|port| (*port, Service::Http));
        let rest = [(53, Service::Dns), (MQTT, Service::Any), (NTRIP, Service::Ntrip), (ECHO, Service::Any)];
        tls.chain(http).chain(rest)
    }

    /// Them, as `nft` writes sets. Where connections are redirected to is none of them: there the
    /// kernel has to know them to find the way back.
    pub(super) fn listed() -> String {
        let ports: Vec<String> =
            Self::all().filter(|(port, _)| *port != ECHO).map(|(port, _)| port.to_string()).collect();
        ports.join(", ")
    }
}

/// How servers answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Manner {
    /// How long they wait before they do.
    pub(super) delay: Duration,
    /// The folder whose files web servers give below `/files/`.
    pub(super) files: Option<PathBuf>,
}

/// What all servers know.
struct Far {
    tls: tls::Server,
    manner: Manner,
    open: AtomicUsize,
}

/// Opens all listeners, and writes the authority's certificate to `ca.pem` in a folder.
pub(super) fn start(files: &Path, manner: Manner) -> Result<(), LiveError> {
    let authority = Authority::live().map_err(|error| LiveError::Io {
        what: "cannot make a certificate authority".into(),
        source: io::Error::other(error),
    })?;
    let path = files.join("ca.pem");
    std::fs::write(&path, authority.pem())
        .map_err(LiveError::io(format!("cannot write `{}`", path.display())))?;
    let tls = tls::Server::new(authority)?;
    let delay = manner.delay;
    let far = Arc::new(Far { tls, manner, open: AtomicUsize::new(0) });
    for (port, service) in Ports::all() {
        let listener = listener(port).map_err(LiveError::io(format!("cannot listen at TCP port {port}")))?;
        let far = Arc::clone(&far);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                take(&far, stream, service);
            }
        });
    }
    for (port, service) in [(DATAGRAM_DNS, Service::Dns), (ECHO, Service::Any)] {
        let socket = UdpSocket::bind(everywhere(port))
            .map_err(LiveError::io(format!("cannot listen at UDP port {port}")))?;
        std::thread::spawn(move || datagrams(&socket, service, delay));
    }
    Ok(())
}

const fn everywhere(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)
}

fn listener(port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_only_v6(false)?;
    socket.set_reuse_address(true)?;
    socket.bind(&everywhere(port).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Gives a connection a thread, or closes it where there are too many.
fn take(far: &Arc<Far>, stream: TcpStream, service: Service) {
    if far.open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
        far.open.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let shared = Arc::clone(far);
    let started = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
        // A client that leaves early is an everyday thing here.
        drop(serve(&shared, stream, service));
        shared.open.fetch_sub(1, Ordering::Relaxed);
    });
    if started.is_err() {
        far.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve(far: &Far, mut stream: TcpStream, service: Service) -> io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    stream.set_nodelay(true)?;
    let delay = far.manner.delay;
    match service {
        Service::Tls => far.tls.serve(stream, &far.manner, false),
        Service::DnsOverTls => far.tls.serve(stream, &far.manner, true),
        Service::Http => http::serve(&mut stream, Vec::new(), &far.manner),
        Service::Dns => names::serve(&mut stream, Vec::new(), delay),
        Service::Ntrip => plain::ntrip(&mut stream, delay),
        Service::Any => plain::any(&mut stream, Vec::new(), delay),
    }
}

/// Speaks what the first byte is of: MQTT begins with a byte that no request of HTTP does.
fn inside(stream: &mut (impl Read + Write), manner: &Manner) -> io::Result<()> {
    let mut first = [0; 4096];
    let read = stream.read(&mut first)?;
    let begun = first.get(..read).unwrap_or_default().to_vec();
    match begun.first() {
        Some(0x10) => plain::any(stream, begun, manner.delay),
        Some(_) => http::serve(stream, begun, manner),
        None => Ok(()),
    }
}

/// Answers datagrams. Where servers wait, a thread of its own holds the answers back, at most
/// [`HELD_MAX`] of them, so that one does not wait for the other.
fn datagrams(socket: &UdpSocket, service: Service, delay: Duration) {
    let held =
        (!delay.is_zero()).then(|| socket.try_clone().ok().map(|socket| hold(socket, delay))).flatten();
    let mut buffer = vec![0; DATAGRAM_BYTES];
    loop {
        let Ok((size, from)) = socket.recv_from(&mut buffer) else { continue };
        let bytes = buffer.get(..size).unwrap_or_default();
        let answer = if service == Service::Dns { names::answer(bytes) } else { Some(bytes.to_vec()) };
        let Some(answer) = answer else { continue };
        match &held {
            // What finds no room is lost, as datagrams are.
            Some(held) => drop(held.try_send((now() + delay, answer, from))),
            // One that is gone gets none.
            None => drop(socket.send_to(&answer, from)),
        }
    }
}

/// An answer, when it is due, and whose it is.
type Held = (Instant, Vec<u8>, SocketAddr);

/// Sends answers when they are due: all wait equally long, so that the first is the next.
fn hold(socket: UdpSocket, delay: Duration) -> SyncSender<Held> {
    let (sender, receiver) = mpsc::sync_channel::<Held>(HELD_MAX);
    std::thread::spawn(move || {
        for (due, answer, to) in receiver {
            std::thread::sleep(due.saturating_duration_since(now()).min(delay));
            drop(socket.send_to(&answer, to));
        }
    });
    sender
}

#[expect(clippy::disallowed_methods, reason = "a server that is to wait has to know how long it has waited")]
fn now() -> Instant {
    Instant::now()
}
