//! The sockets of a gateway on the stations' side.

use crate::shell::{DatagramPort, Listeners, answer_socket};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Where a gateway listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// Connections and datagrams that are led here, whatever they were meant for.
    pub wall: u16,
    /// The HTTP proxy; none where there is none.
    pub proxy: Option<u16>,
    /// The SOCKS5 proxy; none where there is none.
    pub socks: Option<u16>,
}

impl Default for Ports {
    fn default() -> Self {
        Self { wall: 61000, proxy: Some(3128), socks: Some(1080) }
    }
}

/// Listens on all addresses, on the stations' side; the rules say who comes through.
///
/// # Errors
/// Where a socket cannot be had, with what it was for.
pub fn listeners(ports: &Ports, lan: &str) -> io::Result<Listeners> {
    let mut listeners = Listeners::default();
    let any: [(Domain, IpAddr); 2] =
        [(Domain::IPV4, Ipv4Addr::UNSPECIFIED.into()), (Domain::IPV6, Ipv6Addr::UNSPECIFIED.into())];
    for (domain, address) in any {
        let tcp = |port| tcp(domain, SocketAddr::new(address, port), lan);
        listeners.transparent.push(tcp(ports.wall)?);
        let datagrams = udp(domain, SocketAddr::new(address, ports.wall), lan)?;
        let answers = answer_socket(domain == Domain::IPV6)?;
        answers.bind_device(Some(lan.as_bytes()))?;
        listeners.datagrams.push(DatagramPort::new(datagrams, answers)?);
        listeners.proxy.extend(ports.proxy.map(tcp).transpose()?);
        listeners.socks.extend(ports.socks.map(tcp).transpose()?);
    }
    Ok(listeners)
}

fn tcp(domain: Domain, at: SocketAddr, lan: &str) -> io::Result<std::net::TcpListener> {
    let socket = socket(domain, Type::STREAM, Protocol::TCP, at, lan)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn udp(domain: Domain, at: SocketAddr, lan: &str) -> io::Result<std::net::UdpSocket> {
    Ok(socket(domain, Type::DGRAM, Protocol::UDP, at, lan)?.into())
}

/// A socket that takes what was meant for others, and answers in their name.
fn socket(domain: Domain, kind: Type, protocol: Protocol, at: SocketAddr, lan: &str) -> io::Result<Socket> {
    let open = || {
        let socket = Socket::new(domain, kind, Some(protocol))?;
        if domain == Domain::IPV6 {
            socket.set_only_v6(true)?;
        }
        if kind == Type::STREAM {
            socket.set_reuse_address(true)?;
        }
        // Whatever a packet says of where it comes from: it is heard and answered on this side alone.
        socket.bind_device(Some(lan.as_bytes()))?;
        // The kernel has one such flag for both families.
        socket.set_ip_transparent_v4(true)?;
        socket.bind(&at.into())?;
        Ok(socket)
    };
    open().map_err(|error: io::Error| io::Error::new(error.kind(), format!("listening at {at}: {error}")))
}
