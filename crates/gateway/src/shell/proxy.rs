//! The HTTP proxy: CONNECT, and requests in clear (RFC 9110, 9.3.6; RFC 9112, 3.2.2).

use crate::core::Reason;
use crate::shell::connection::{Arrival, Rewritten, shown};
use crate::shell::dial::Target;
use crate::shell::gateway::Shared;
use crate::shell::listen::ASKED_WITHIN;
use creance_ledger::Pseudonym;
use creance_model::HostName;
use std::net::IpAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest head of a CONNECT, and the longest first line of a request, in bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// What a client wants of a proxy.
enum Wanted {
    /// A connection, and what it said behind its request.
    Tunnel { target: Target, port: u16, said: Vec<u8> },
    /// A request to a host.
    Request { target: Target, port: u16 },
    /// More bytes are needed.
    More,
    /// It is no request to a proxy.
    Nothing,
}

/// Hears what a client wants.
pub(super) async fn greet(shared: &Shared, mut stream: TcpStream, station: Pseudonym) -> Option<Arrival> {
    let mut said = Vec::new();
    let hear = async {
        loop {
            match wanted(&said) {
                Wanted::More if said.len() < HEAD_BYTES_MAX => {
                    if stream.read_buf(&mut said).await.ok()? == 0 {
                        return None;
                    }
                }
                wanted
                @ (Wanted::More | Wanted::Tunnel { .. } | Wanted::Request { .. } | Wanted::Nothing) => {
                    return Some(wanted);
                }
            }
        }
    };
    let wanted = timeout(ASKED_WITHIN, hear).await.ok()??;
    match wanted {
        Wanted::Tunnel { target, port, said } => {
            let target = shared.named(&station, target);
            if let Err(refusal) = shared.may_begin(&station, &target, port) {
                shared.refused(&station, &refusal, &target, port);
                say(stream, "403 Forbidden", &shown(&target, port), refusal.reason).await;
                return None;
            }
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
            Some(Arrival { stream, station, target, port, said, rewrite: None })
        }
        Wanted::Request { target, port } => {
            let target = shared.named(&station, target);
            if let Err(refusal) = shared.may_begin(&station, &target, port) {
                shared.refused(&station, &refusal, &target, port);
                say(stream, "403 Forbidden", &shown(&target, port), refusal.reason).await;
                return None;
            }
            Some(Arrival { stream, station, target, port, said, rewrite: Some(rewrite) })
        }
        Wanted::More | Wanted::Nothing => {
            say(stream, "400 Bad Request", "this is a proxy", Reason::Malformed).await;
            None
        }
    }
}

/// Tells a person who looks at it why there is no page.
async fn say(mut stream: TcpStream, status: &str, what: &str, reason: Reason) {
    let body = format!("Creance does not let this out: {what} ({})\n", reason.word());
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn wanted(said: &[u8]) -> Wanted {
    let Some((method, target)) = first_line(said) else {
        return if said.contains(&b'\n') { Wanted::Nothing } else { Wanted::More };
    };
    if method == "CONNECT" {
        let Some((target, port)) = authority(target, None) else { return Wanted::Nothing };
        return match end_of_head(said) {
            Some(end) => Wanted::Tunnel { target, port, said: said.get(end..).unwrap_or_default().to_vec() },
            None => Wanted::More,
        };
    }
    match absolute(target) {
        Some((target, port, _)) => Wanted::Request { target, port },
        None => Wanted::Nothing,
    }
}

/// Writes a request to a proxy as one to the host that it is for.
fn rewrite(said: &[u8], to: &Target, port: u16) -> Rewritten {
    if !said.contains(&b'\n') {
        return if said.len() > HEAD_BYTES_MAX {
            Rewritten::Refused(Reason::TooLong)
        } else {
            Rewritten::More
        };
    }
    let Some((method, target)) = first_line(said) else { return Rewritten::Refused(Reason::Malformed) };
    let Some((found, found_port, path)) = absolute(target) else {
        return Rewritten::Refused(Reason::Malformed);
    };
    if found != *to || found_port != port {
        return Rewritten::Refused(Reason::OtherName);
    }
    // Method, space, target: what follows them stays as it is.
    let rest = said.get(method.len() + 1 + target.len()..).unwrap_or_default();
    Rewritten::Request([method.as_bytes(), b" ", path.as_bytes(), rest].concat())
}

/// The method and the target of a request, as soon as its first line is whole.
fn first_line(said: &[u8]) -> Option<(&str, &str)> {
    let end = said.windows(2).position(|two| two == b"\r\n")?;
    let line = std::str::from_utf8(said.get(..end)?).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let (target, version) = rest.rsplit_once(' ')?;
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_target = !target.is_empty() && target.bytes().all(|byte| byte.is_ascii_graphic());
    (is_method && is_target && matches!(version, "HTTP/1.1" | "HTTP/1.0")).then_some((method, target))
}

fn end_of_head(said: &[u8]) -> Option<usize> {
    said.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The host, port and path of a target such as `http://host/path`.
fn absolute(target: &str) -> Option<(Target, u16, String)> {
    let (scheme, rest) = target.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(at)?;
    let (target, port) = authority(host, Some(80))?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Some((target, port, path))
}

/// A host and a port, without names and words of users.
fn authority(text: &str, port: Option<u16>) -> Option<(Target, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, digits)) if !digits.contains(']') => {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            (host, digits.parse().ok().filter(|_| is_number)?)
        }
        _ => (text, port?),
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let target = match address {
        Some(address) => Target::Address(IpAddr::V6(address.parse().ok()?)),
        None => match host.parse::<std::net::Ipv4Addr>() {
            Ok(address) => Target::Address(IpAddr::V4(address)),
            Err(_) => Target::Name(host.parse::<HostName>().ok()?),
        },
    };
    Some((target, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Target {
        Target::Name(text.parse().unwrap())
    }

    #[test]
    fn connect_names_a_host_and_a_port() {
        let Wanted::Tunnel { target, port, said } =
            wanted(b"CONNECT A.test:443 HTTP/1.1\r\nHost: x\r\n\r\nhello")
        else {
            panic!()
        };
        assert_eq!((target, port, said.as_slice()), (name("a.test"), 443, &b"hello"[..]));
        assert!(matches!(wanted(b"CONNECT a.test:443 HTTP/1.1\r\nHost: x\r\n"), Wanted::More));
        assert!(matches!(wanted(b"CONNECT a.te"), Wanted::More));
        for wrong in [
            "CONNECT a.test HTTP/1.1\r\n\r\n",
            "CONNECT a.test:+443 HTTP/1.1\r\n\r\n",
            "CONNECT a.test:99999 HTTP/1.1\r\n\r\n",
            "CONNECT evil\0.a.test:443 HTTP/1.1\r\n\r\n",
            "CONNECT user@a.test:443 HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET https://a.test/ HTTP/1.1\r\n\r\n",
            "GET http://u:p@a.test/ HTTP/1.1\r\n\r\n",
            "\x16\x03\x01\n",
        ] {
            assert!(matches!(wanted(wrong.as_bytes()), Wanted::Nothing), "{wrong:?}");
        }
    }

    #[test]
    fn a_request_is_written_for_its_host_and_for_no_other() {
        let request = b"GET http://a.test/x?y=http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n";
        assert_eq!(
            rewrite(request, &name("a.test"), 80),
            Rewritten::Request(b"GET /x?y=http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n".to_vec())
        );
        assert_eq!(rewrite(request, &name("b.test"), 80), Rewritten::Refused(Reason::OtherName));
        assert_eq!(rewrite(request, &name("a.test"), 8080), Rewritten::Refused(Reason::OtherName));
        assert_eq!(rewrite(b"GET http://a.te", &name("a.test"), 80), Rewritten::More);
        let bare = b"GET http://[2001:db8::1]:8080?q HTTP/1.0\r\n\r\n";
        let address = Target::Address("2001:db8::1".parse().unwrap());
        assert_eq!(rewrite(bare, &address, 8080), Rewritten::Request(b"GET /?q HTTP/1.0\r\n\r\n".to_vec()));
    }
}
