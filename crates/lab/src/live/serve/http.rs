//! HTTP/1.1, as much as clients need to find out what reached the far end.

use super::{Manner, SIGN, names};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path};

/// The largest head of a request, in bytes.
const HEAD_BYTES_MAX: u64 = 64 << 10;
/// After so many bytes of a body `/confirm` says how many came.
pub(crate) const CONFIRM_BYTES: u64 = 16 << 10;
/// The largest body that a path can ask for, in bytes.
const BODY_BYTES_MAX: u64 = 100 << 30;
/// The largest question that DNS over HTTPS takes, in bytes.
const QUESTION_BYTES_MAX: u64 = 4096;

/// A request's head.
struct Request {
    method: String,
    path: String,
    host: String,
    length: Option<u64>,
    chunked: bool,
    waits: bool,
    last: bool,
}

/// Answers requests until the other side ends. `begun` was read already.
pub(super) fn serve(stream: &mut (impl Read + Write), begun: Vec<u8>, manner: &Manner) -> io::Result<()> {
    let mut stream = BufReader::with_capacity(64 << 10, super::plain::Begun::new(stream, begun));
    while let Some(request) = head(&mut stream)? {
        if request.waits {
            stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        std::thread::sleep(manner.delay);
        respond(&mut stream, &request, manner.files.as_deref())?;
        stream.get_mut().flush()?;
        if request.last {
            break;
        }
    }
    Ok(())
}

fn respond<S: Read + Write>(
    stream: &mut BufReader<super::plain::Begun<'_, S>>,
    request: &Request,
    files: Option<&Path>,
) -> io::Result<()> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    if path == "/dns-query" {
        let question = match query.strip_prefix("dns=") {
            Some(text) => names::from_url(text),
            None => {
                let mut body = Vec::new();
                stream
                    .by_ref()
                    .take(request.length.unwrap_or(0).min(QUESTION_BYTES_MAX))
                    .read_to_end(&mut body)?;
                Some(body)
            }
        };
        let answer = question.and_then(|question| names::answer(&question)).unwrap_or_default();
        return whole(stream, "application/dns-message", &answer);
    }
    if path == "/confirm" && request.method == "POST" {
        let head = format!("HTTP/1.1 200 OK\r\nServer: {SIGN}\r\nConnection: close\r\n\r\n");
        stream.get_mut().write_all(head.as_bytes())?;
        stream.get_mut().flush()?;
        return confirm(stream, request.length.unwrap_or(BODY_BYTES_MAX));
    }
    if request.method == "POST" || request.method == "PUT" {
        let count = if request.chunked {
            chunks(stream)?
        } else {
            io::copy(&mut stream.by_ref().take(request.length.unwrap_or(0)), &mut io::sink())?
        };
        return whole(stream, "text/plain", format!("{count}\n").as_bytes());
    }
    if let (Some(folder), Some(rest)) = (files, path.strip_prefix("/files/")) {
        return file(stream, folder, rest, request.method != "HEAD");
    }
    match path.strip_prefix("/bytes/").map(str::parse::<u64>) {
        Some(Ok(size)) if size <= BODY_BYTES_MAX => {
            let head = head_of("application/octet-stream", size);
            stream.get_mut().write_all(head.as_bytes())?;
            if request.method != "HEAD" {
                io::copy(&mut io::repeat(b'x').take(size), stream.get_mut())?;
            }
            Ok(())
        }
        _ => whole(stream, "text/plain", format!("{SIGN} {} {path}\n", request.host).as_bytes()),
    }
}

/// Gives a file of a folder, or says that there is none.
fn file<S: Read + Write>(
    stream: &mut BufReader<super::plain::Begun<'_, S>>,
    folder: &Path,
    path: &str,
    with_body: bool,
) -> io::Result<()> {
    let below = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    let found = below.then(|| File::open(folder.join(path)).ok()).flatten();
    let found =
        found.and_then(|file| Some((file.metadata().ok().filter(std::fs::Metadata::is_file)?.len(), file)));
    let Some((length, file)) = found else {
        let head = format!("HTTP/1.1 404 Not Found\r\nServer: {SIGN}\r\nContent-Length: 0\r\n\r\n");
        return stream.get_mut().write_all(head.as_bytes());
    };
    stream.get_mut().write_all(head_of(kind_of(path), length).as_bytes())?;
    if with_body {
        io::copy(&mut file.take(length), stream.get_mut())?;
    }
    Ok(())
}

/// What browsers have to be told of a file.
fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "application/octet-stream",
    }
}

fn head_of(kind: &str, length: u64) -> String {
    format!("HTTP/1.1 200 OK\r\nServer: {SIGN}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n")
}

fn whole<S: Read + Write>(
    stream: &mut BufReader<super::plain::Begun<'_, S>>,
    kind: &str,
    body: &[u8],
) -> io::Result<()> {
    let mut out = head_of(kind, body.len() as u64).into_bytes();
    out.extend_from_slice(body);
    stream.get_mut().write_all(&out)
}

/// Says after every [`CONFIRM_BYTES`], and at the end, how many bytes of the body came.
fn confirm<S: Read + Write>(
    stream: &mut BufReader<super::plain::Begun<'_, S>>,
    length: u64,
) -> io::Result<()> {
    let mut came = 0;
    while came < length {
        let step = CONFIRM_BYTES.min(length - came);
        let read = io::copy(&mut stream.by_ref().take(step), &mut io::sink())?;
        came += read;
        writeln!(stream.get_mut(), "{came}")?;
        stream.get_mut().flush()?;
        if read < step {
            break;
        }
    }
    Ok(())
}

/// Counts a body that comes in chunks (RFC 9112, 7.1).
fn chunks(stream: &mut impl BufRead) -> io::Result<u64> {
    let mut count = 0;
    loop {
        let line = line(stream)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
        if size == 0 {
            while !line_is_empty(stream)? {}
            return Ok(count);
        }
        count += io::copy(&mut stream.by_ref().take(size), &mut io::sink())?;
        line_is_empty(stream)?;
    }
}

fn line_is_empty(stream: &mut impl BufRead) -> io::Result<bool> {
    line(stream).map(|line| line.is_empty())
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    stream.take(HEAD_BYTES_MAX).read_until(b'\n', &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// Reads a head; `None` where the other side has ended.
fn head(stream: &mut impl BufRead) -> io::Result<Option<Request>> {
    let first = line(stream)?;
    let mut words = first.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        host: String::new(),
        length: None,
        chunked: false,
        waits: false,
        last: words.next() != Some("HTTP/1.1"),
    };
    let mut left = HEAD_BYTES_MAX;
    loop {
        let line = line(stream)?;
        left = left.checked_sub(line.len() as u64 + 2).ok_or(io::ErrorKind::InvalidData)?;
        let Some((name, value)) = line.split_once(':') else { return Ok(Some(request)) };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "host" => value.clone_into(&mut request.host),
            "content-length" => request.length = value.parse().ok(),
            "transfer-encoding" => request.chunked = value.eq_ignore_ascii_case("chunked"),
            "expect" => request.waits = value.eq_ignore_ascii_case("100-continue"),
            "connection" => request.last |= value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
}
