//! Names asked for, and datagrams.

use super::dial::{PATIENCE, dial};
use super::honest::{PUBLIC_RESOLVER, resolved};
use super::{Options, Outcome};
use crate::bytes::Sequence;
use crate::dns::{self, A};
use crate::live::addresses;
use crate::live::serve::lookup;
use crate::quic::{Layout, Version, client_datagrams, connection_id};
use crate::tls::{Ech, Hello};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How many bytes one question of a tunnel carries: a label holds twice as many digits.
const TUNNEL_STEP: usize = 30;
/// How often a datagram is sent.
const ATTEMPTS: u32 = 2;
/// From which the client's connection id is made.
const SOURCE: u64 = 2;

pub(super) fn dns(options: &Options) -> Outcome {
    Outcome::of(options.ask(&options.host, A).map(|found| answered(&options.host, &found)))
}

pub(super) fn dns_tcp(options: &Options) -> Outcome {
    let attempt = || {
        let mut stream = dial(options.known_resolver()?)?;
        stream.write_all(&dns::over_tcp(&dns::query(0x4c41, &options.host, A)))?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer)?;
        Ok(answered(&options.host, &lookup::addresses(&answer, A)))
    };
    Outcome::of(attempt())
}

/// For one who only asks, any address is an answer.
fn answered(name: &str, found: &[IpAddr]) -> Outcome {
    let Some(address) = found.first() else {
        return Outcome::Not(format!("{name} has no address"));
    };
    let whose = if addresses::all(name).contains(address) { "the far end's" } else { "made up on the way" };
    Outcome::Delivered(format!("{name} has {address}, {whose}"))
}

pub(super) fn dns_direct(options: &Options) -> Outcome {
    let resolver = SocketAddr::new(options.address.unwrap_or(PUBLIC_RESOLVER), options.port);
    Outcome::of(lookup::ask(resolver, &options.host, A).map(|found| resolved(&options.host, &found)))
}

/// Data in labels: what reached the far end's resolver is what it answered with its own addresses.
pub(super) fn dns_tunnel(options: &Options) -> Outcome {
    let attempt = || {
        let resolver = options.known_resolver()?;
        let mut noise = Sequence::new(options.bytes);
        let mut sent = 0;
        let mut carried = 0;
        while sent < options.bytes {
            let data = noise.bytes(TUNNEL_STEP);
            let label: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            let name = format!("{label}.{}", options.host);
            match lookup::ask(resolver, &name, A) {
                Ok(found) if !found.is_empty() && resolved(&name, &found).code() == 0 => {
                    carried += TUNNEL_STEP as u64;
                }
                Ok(_) => {}
                // Who does not answer once will not answer the rest.
                Err(error) if sent == 0 => return Err(error),
                Err(_) => break,
            }
            sent += TUNNEL_STEP as u64;
        }
        let line = format!("{carried} bytes reached the far end's resolver");
        Ok(if carried > 0 { Outcome::Delivered(line) } else { Outcome::Not(line) })
    };
    Outcome::of(attempt())
}

pub(super) fn quic(options: &Options) -> Outcome {
    initials(options, &hello_for(&options.host), Layout::Whole)
}

pub(super) fn quic_other(options: &Options) -> Outcome {
    initials(options, &hello_for(&options.other), Layout::Whole)
}

pub(super) fn quic_ech(options: &Options) -> Outcome {
    initials(options, &Hello { ech: Ech::Real, ..hello_for(&options.host) }, Layout::Whole)
}

pub(super) fn quic_split(options: &Options) -> Outcome {
    initials(options, &hello_for(&options.host), Layout::Shuffled(90))
}

fn hello_for(name: &str) -> Hello {
    Hello::for_quic(name, &connection_id(SOURCE))
}

fn initials(options: &Options, hello: &Hello, layout: Layout) -> Outcome {
    let attempt = || {
        let (target, source) = (connection_id(1), connection_id(SOURCE));
        let hello = hello.message();
        let datagrams = client_datagrams(Version::V1, &target, &source, &hello, layout)
            .map_err(|_| io::Error::other("the cipher refuses"))?;
        exchange(SocketAddr::new(options.address_by_any_means()?, options.port), &datagrams)
    };
    Outcome::of(attempt())
}

pub(super) fn udp(options: &Options) -> Outcome {
    let attempt = || {
        let to = SocketAddr::new(options.address_of(&options.host)?, options.port);
        exchange(to, &[payload(options)])
    };
    Outcome::of(attempt())
}

pub(super) fn udp_hard_coded(options: &Options) -> Outcome {
    let known = addresses::v4(&options.host).map(IpAddr::V4);
    let Some(address) = options.address.or(known) else {
        return Outcome::Untried("no address is known; give one with `--address`".into());
    };
    udp(&Options { address: Some(address), ..options.clone() })
}

/// As many bytes as were asked for, as far as a datagram has room on the way.
pub(super) fn payload(options: &Options) -> Vec<u8> {
    Sequence::new(9).bytes(usize::try_from(options.bytes).unwrap_or(usize::MAX).clamp(8, 1200))
}

fn exchange(to: SocketAddr, datagrams: &[Vec<u8>]) -> io::Result<Outcome> {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    await_echo(&socket, datagrams, || {
        for datagram in datagrams {
            socket.send(datagram)?;
        }
        Ok(())
    })
}

/// Sends, and waits for one of the datagrams to come back.
pub(super) fn await_echo(
    socket: &UdpSocket,
    datagrams: &[Vec<u8>],
    send: impl Fn() -> io::Result<()>,
) -> io::Result<Outcome> {
    let patience: Duration = PATIENCE / 2 / ATTEMPTS;
    socket.set_read_timeout(Some(patience))?;
    let mut buffer = [0; 2048];
    for _ in 0..ATTEMPTS {
        send()?;
        match socket.recv(&mut buffer) {
            Ok(size) => {
                let came = buffer.get(..size).unwrap_or_default();
                if datagrams.iter().any(|datagram| datagram == came) {
                    return Ok(Outcome::Delivered(format!("the far end sent the {size} bytes back")));
                }
                return Ok(Outcome::Not(format!("{size} other bytes came")));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Outcome::Not("nothing came back".into()))
}
