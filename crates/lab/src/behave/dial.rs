//! The way to a server.

use super::options::{Options, Via};
use crate::dns::{A, AAAA};
use crate::live::addresses;
use crate::live::serve::lookup;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may take for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer of a proxy, in bytes.
const PROXY_BYTES_MAX: usize = 8192;

impl Options {
    /// A connection to the host, by the way that was told.
    pub(super) fn connect(&self) -> io::Result<TcpStream> {
        self.connect_as(&self.host)
    }

    /// The same, with a name to ask for that stands for the host's.
    pub(super) fn connect_as(&self, name: &str) -> io::Result<TcpStream> {
        match self.via {
            Via::Direct => dial(SocketAddr::new(self.address_of(name)?, self.port)),
            Via::Socks(proxy) => socks(dial(proxy)?, &self.asked_of_proxy(name), self.port),
            Via::Http(proxy) | Via::Connect(proxy) => {
                tunnel(dial(proxy)?, &self.asked_of_proxy(name), self.port)
            }
        }
    }

    /// What a proxy is asked for: an address where one was told, else the name.
    fn asked_of_proxy(&self, name: &str) -> String {
        match self.address {
            Some(IpAddr::V6(address)) => format!("[{address}]"),
            Some(IpAddr::V4(address)) => address.to_string(),
            None => name.to_owned(),
        }
    }

    /// The address that was told, else what the resolver says.
    pub(super) fn address_of(&self, name: &str) -> io::Result<IpAddr> {
        match self.address {
            Some(address) => Ok(address),
            None => self.ask(name, A)?.first().copied().ok_or_else(|| no_address(name)),
        }
    }

    /// The same, or, where nobody answers, the address that names have in a small internet: one who
    /// goes past the ordinary ways does not give up for want of a resolver.
    pub(super) fn address_by_any_means(&self) -> io::Result<IpAddr> {
        self.address_of(&self.host).or_else(|error| addresses::v4(&self.host).map(IpAddr::V4).ok_or(error))
    }

    /// The IPv6 address that was told, else what the resolver says.
    pub(super) fn address_v6(&self, name: &str) -> io::Result<IpAddr> {
        match self.address {
            Some(address) => Ok(address),
            None => self.ask(name, AAAA)?.first().copied().ok_or_else(|| no_address(name)),
        }
    }

    /// Asks the resolver.
    pub(super) fn ask(&self, name: &str, kind: u16) -> io::Result<Vec<IpAddr>> {
        lookup::ask(self.known_resolver()?, name, kind).map_err(|error| {
            io::Error::new(error.kind(), format!("the resolver does not answer for {name}: {error}"))
        })
    }

    pub(super) fn known_resolver(&self) -> io::Result<SocketAddr> {
        let none = "there is no resolver; name one with `--resolver`";
        self.resolver.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, none))
    }
}

fn no_address(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{name} has no address"))
}

/// A TCP connection with time-outs.
pub(super) fn dial(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE)
        .map_err(|error| io::Error::new(error.kind(), format!("no connection to {to}: {error}")))?;
    patient(&stream)?;
    Ok(stream)
}

/// Sets time-outs, and sends what is written at once.
pub(super) fn patient(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)
}

fn tunnel(mut stream: TcpStream, host: &str, port: u16) -> io::Result<TcpStream> {
    stream.write_all(&crate::app::http_connect(host, port))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < PROXY_BYTES_MAX {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let text = String::from_utf8_lossy(&head);
    let status = text.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") {
        return Ok(stream);
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("the proxy says `{status}`")))
}

/// RFC 1928 without authentication. Addresses in brackets or dots are sent as such.
fn socks(mut stream: TcpStream, host: &str, port: u16) -> io::Result<TcpStream> {
    use crate::bytes::Put;
    stream.write_all(&[5, 1, 0])?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen)?;
    if chosen != [5, 0] {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the proxy wants to know who asks"));
    }
    let mut request = vec![5, 1, 0];
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => request.u8(1).put(&address.octets()),
        Ok(IpAddr::V6(address)) => request.u8(4).put(&address.octets()),
        Err(_) => request.u8(3).sized(1, |out| {
            out.put(host.as_bytes());
        }),
    };
    request.u16(port);
    stream.write_all(&request)?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    let [_, code, _, kind] = answer;
    if code != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("the proxy says {code}")));
    }
    let rest = match kind {
        1 => 4,
        4 => 16,
        _ => {
            let mut length = [0];
            stream.read_exact(&mut length)?;
            let [length] = length;
            usize::from(length)
        }
    };
    stream.read_exact(&mut vec![0; rest + 2])?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A proxy that hears one client: what it is sent for each of its answers.
    fn proxy(turns: &'static [(usize, &'static [u8])]) -> (TcpStream, std::thread::JoinHandle<Vec<Vec<u8>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut all = Vec::new();
            for (length, answer) in turns {
                let mut bytes = vec![0; *length];
                stream.read_exact(&mut bytes).unwrap();
                stream.write_all(answer).unwrap();
                all.push(bytes);
            }
            all
        });
        (dial(address).unwrap(), heard)
    }

    #[test]
    fn socks_is_told_the_name_and_leaves_the_rest_of_the_stream() {
        let (stream, heard) = proxy(&[(3, b"\x05\0"), (10, b"\x05\0\0\x01\x7f\0\0\x01\x04\x38after")]);
        let mut stream = socks(stream, "a.b", 443).unwrap();
        let mut after = [0; 5];
        stream.read_exact(&mut after).unwrap();
        assert_eq!(&after, b"after");
        assert_eq!(heard.join().unwrap()[1], b"\x05\x01\0\x03\x03a.b\x01\xbb");
        let (stream, heard) = proxy(&[(3, b"\x05\0"), (10, b"\x05\x02\0\x01\0\0\0\0\0\0")]);
        let refused = socks(stream, "1.2.3.4", 443).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(heard.join().unwrap()[1], b"\x05\x01\0\x01\x01\x02\x03\x04\x01\xbb");
    }

    #[test]
    fn only_200_is_a_tunnel() {
        let (stream, heard) = proxy(&[(43, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nafter")]);
        let mut stream = tunnel(stream, "a.b", 443).unwrap();
        let mut after = [0; 5];
        stream.read_exact(&mut after).unwrap();
        assert_eq!(&after, b"after");
        assert_eq!(heard.join().unwrap()[0], b"CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n"[..]);
        let (stream, _heard) = proxy(&[(43, b"HTTP/1.1 403 Forbidden\r\n\r\n")]);
        assert!(tunnel(stream, "a.b", 443).unwrap_err().to_string().contains("403"));
    }
}
