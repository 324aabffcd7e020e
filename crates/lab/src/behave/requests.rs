//! Protocols in clear over TCP.

use super::hellos::{contains, first_line, say};
use super::options::Via;
use super::{Options, Outcome};
use crate::app;
use crate::bytes::Sequence;
use crate::live::serve::SIGN;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The largest answer that is waited for, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

pub(super) fn http(options: &Options) -> Outcome {
    Outcome::of(open(options).and_then(|stream| exchange(options, stream, &[&options.host])))
}

/// Through a proxy as what is inside a tunnel.
pub(super) fn http_on_443(options: &Options) -> Outcome {
    let inside = Options { via: Via::Direct, ..options.clone() };
    Outcome::of(options.connect().and_then(|stream| exchange(&inside, stream, &[&options.host])))
}

pub(super) fn http_other_host(options: &Options) -> Outcome {
    Outcome::of(open(options).and_then(|stream| exchange(options, stream, &[&options.other])))
}

pub(super) fn http_second_host(options: &Options) -> Outcome {
    Outcome::of(open(options).and_then(|stream| exchange(options, stream, &[&options.host, &options.other])))
}

pub(super) fn mqtt(options: &Options) -> Outcome {
    let attempt = || {
        let mut stream = options.connect()?;
        stream.write_all(&app::mqtt_connect("lab-app", "lab"))?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer)?;
        if answer == [0x20, 2, 0, 0] {
            return Ok(Outcome::Delivered("the broker took the session".into()));
        }
        Ok(Outcome::Not(format!("something else answered: {answer:02x?}")))
    };
    Outcome::of(attempt())
}

pub(super) fn ntrip(options: &Options) -> Outcome {
    let request = format!(
        "GET /LAB HTTP/1.0\r\nHost: {}\r\nNtrip-Version: Ntrip/1.0\r\nUser-Agent: NTRIP lab/1\r\n\r\n",
        options.host
    );
    let Some(lasting) = options.lasting else {
        return Outcome::of(options.connect().and_then(|stream| say(stream, request.as_bytes())));
    };
    Outcome::of(options.connect().and_then(|mut stream| {
        stream.write_all(request.as_bytes())?;
        let (came, how) = stream_for(&mut stream, lasting);
        let line = format!("{came} bytes of corrections came, {how}");
        Ok(if came > 0 { Outcome::Delivered(line) } else { Outcome::Not(line) })
    }))
}

/// Reads for some time: how many bytes came, and what ended it.
#[expect(clippy::disallowed_methods, reason = "a stream that is to last has to know when its time is over")]
fn stream_for(stream: &mut TcpStream, lasting: Duration) -> (u64, String) {
    let mut part = [0; 4096];
    let mut came = 0;
    let begun = Instant::now();
    while begun.elapsed() < lasting {
        match stream.read(&mut part) {
            Ok(0) => return (came, "then: the connection was closed".to_owned()),
            Ok(read) => came += read as u64,
            Err(error) => return (came, format!("then: {error}")),
        }
    }
    (came, "to the end".to_owned())
}

pub(super) fn tcp(options: &Options) -> Outcome {
    let attempt = || {
        let mut stream = options.connect()?;
        let sent = Sequence::new(7).bytes(64);
        stream.write_all(&sent)?;
        let mut came = [0; 64];
        stream.read_exact(&mut came)?;
        if sent == came {
            return Ok(Outcome::Delivered("the bytes came back".into()));
        }
        Ok(Outcome::Not("other bytes came back".into()))
    };
    Outcome::of(attempt())
}

/// A connection for requests in clear: an HTTP proxy is given them as they are.
fn open(options: &Options) -> io::Result<TcpStream> {
    match options.via {
        Via::Http(proxy) => super::dial::dial(proxy),
        Via::Direct | Via::Socks(_) | Via::Connect(_) => options.connect(),
    }
}

/// One request after the other on a connection, each for the host of its own. What the last one
/// brought decides.
fn exchange(options: &Options, mut stream: TcpStream, hosts: &[&str]) -> io::Result<Outcome> {
    let mut outcome = Outcome::Not("nothing was asked".into());
    for host in hosts {
        let path = "/who";
        let url = match options.via {
            // What a proxy is asked for in full is what it decides by; what is meant stands below it.
            Via::Http(_) if options.port == 80 => format!("http://{}{path}", options.host),
            Via::Http(_) => format!("http://{}:{}{path}", options.host, options.port),
            Via::Direct | Via::Socks(_) | Via::Connect(_) => path.to_owned(),
        };
        stream.write_all(&app::http_request("GET", host, &url, 0))?;
        let answer = answer(&mut stream)?;
        let meant = format!("{SIGN} {host} ");
        outcome = if contains(&answer, &meant) || contains(&answer, &format!("{SIGN} heard")) {
            Outcome::Delivered(format!("the far end answered for {host}: `{}`", first_line(&answer)))
        } else if answer.is_empty() {
            Outcome::Not(format!("the connection was closed before an answer for {host}"))
        } else {
            Outcome::Not(format!("no answer of the far end for {host}: `{}`", first_line(&answer)))
        };
    }
    Ok(outcome)
}

/// Reads a head and a body as long as the head says, or until the other side ends.
fn answer(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if complete(&bytes) || bytes.len() > ANSWER_BYTES_MAX {
            return Ok(bytes);
        }
        let read = stream.read(&mut part)?;
        if read == 0 {
            return Ok(bytes);
        }
        bytes.extend(part.iter().take(read));
    }
}

fn complete(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| bytes.len() >= end + 4 + length)
}
