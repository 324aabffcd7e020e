//! Clients that speak TLS as a library does.

use super::dial::dial;
use super::hellos::{contains, first_line};
use super::options::Via;
use super::{Options, Outcome};
use crate::dns::{self, A};
use crate::live::addresses;
use crate::live::serve::{SIGN, lookup};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A public resolver that apps know by heart.
pub(super) const PUBLIC_RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8));
const PUBLIC_RESOLVER_NAME: &str = "dns.google";
/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// After so many bytes an upload waits for the far end to confirm them.
const UPLOAD_STEP: usize = 16 << 10;
/// How long an upload that is to last waits between steps.
const UPLOAD_PAUSE: Duration = Duration::from_millis(2);
/// The length that an upload of unknown length announces, in bytes.
const UPLOAD_ENDLESS: u64 = 1 << 40;

/// How a client writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Usual,
    SmallRecords,
    LargeHello,
    ByteByByte,
}

pub(super) fn https(options: &Options) -> Outcome {
    Outcome::of(options.connect().and_then(|stream| get(options, stream, &options.host, Manner::Usual)))
}

pub(super) fn ipv6(options: &Options) -> Outcome {
    let attempt = || {
        let address = options.address_v6(&options.host)?;
        get(options, dial(SocketAddr::new(address, options.port))?, &options.host, Manner::Usual)
    };
    Outcome::of(attempt())
}

pub(super) fn small_records(options: &Options) -> Outcome {
    Outcome::of(
        options.connect().and_then(|stream| get(options, stream, &options.host, Manner::SmallRecords)),
    )
}

pub(super) fn large_hello(options: &Options) -> Outcome {
    Outcome::of(options.connect().and_then(|stream| get(options, stream, &options.host, Manner::LargeHello)))
}

pub(super) fn byte_by_byte(options: &Options) -> Outcome {
    Outcome::of(options.connect().and_then(|stream| get(options, stream, &options.host, Manner::ByteByByte)))
}

pub(super) fn other_sni(options: &Options) -> Outcome {
    Outcome::of(options.connect().and_then(|stream| get(options, stream, &options.other, Manner::Usual)))
}

pub(super) fn connect_then_other(options: &Options) -> Outcome {
    if options.via == Via::Direct {
        return Outcome::Untried("this needs a proxy; name one with `--via`".into());
    }
    other_sni(options)
}

pub(super) fn hard_coded(options: &Options) -> Outcome {
    let known = addresses::v4(&options.host).map(IpAddr::V4);
    let Some(address) = options.address.or(known) else {
        return Outcome::Untried("no address is known; give one with `--address`".into());
    };
    let options = Options { address: Some(address), ..options.clone() };
    https(&options)
}

pub(super) fn doh(options: &Options) -> Outcome {
    let attempt = || {
        let options =
            Options { address: Some(options.address.unwrap_or(PUBLIC_RESOLVER)), ..options.clone() };
        let stream = options.connect_as(PUBLIC_RESOLVER_NAME)?;
        let mut stream = tls(&options, stream, PUBLIC_RESOLVER_NAME, Manner::Usual)?;
        let query = dns::query(0, &options.host, A);
        let head = format!(
            "POST /dns-query HTTP/1.1\r\nHost: {PUBLIC_RESOLVER_NAME}\r\nConnection: close\r\n\
             Content-Type: application/dns-message\r\nContent-Length: {}\r\n\r\n",
            query.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&query)?;
        let answer = rest(&mut stream)?;
        let body = answer.windows(4).position(|part| part == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
        Ok(resolved(&options.host, &lookup::addresses(answer.get(body..).unwrap_or_default(), A)))
    };
    Outcome::of(attempt())
}

pub(super) fn dot(options: &Options) -> Outcome {
    let attempt = || {
        let options =
            Options { address: Some(options.address.unwrap_or(PUBLIC_RESOLVER)), ..options.clone() };
        let stream = options.connect_as(PUBLIC_RESOLVER_NAME)?;
        let mut stream = tls(&options, stream, PUBLIC_RESOLVER_NAME, Manner::Usual)?;
        stream.write_all(&dns::over_tcp(&dns::query(0x4c41, &options.host, A)))?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer)?;
        Ok(resolved(&options.host, &lookup::addresses(&answer, A)))
    };
    Outcome::of(attempt())
}

/// Whether the far end's resolver was reached: its answers follow from the names.
pub(super) fn resolved(name: &str, found: &[IpAddr]) -> Outcome {
    let shown: Vec<String> = found.iter().map(IpAddr::to_string).collect();
    let expected = addresses::all(name);
    if !found.is_empty() && found.iter().all(|address| expected.contains(address)) {
        return Outcome::Delivered(format!("the far end's resolver says {}", shown.join(" ")));
    }
    Outcome::Not(format!(
        "the question did not reach the far end's resolver; the answer was `{}`",
        shown.join(" ")
    ))
}

pub(super) fn upload(options: &Options) -> Outcome {
    let mut confirmed = 0;
    let ended = send(options, &mut confirmed);
    let how = match ended {
        Ok(()) => "to the end".to_owned(),
        Err(error) => format!("then: {error}"),
    };
    let line = format!("the far end confirmed {confirmed} bytes, {how}");
    if confirmed > 0 { Outcome::Delivered(line) } else { Outcome::Not(line) }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an upload that is to last for some seconds has to know when they are over"
)]
fn send(options: &Options, confirmed: &mut u64) -> io::Result<()> {
    let stream = tls(options, options.connect()?, &options.host, Manner::Usual)?;
    let length = if options.lasting.is_some() { UPLOAD_ENDLESS } else { options.bytes };
    let mut stream = BufReader::new(stream);
    let head =
        format!("POST /confirm HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n\r\n", options.host);
    stream.get_mut().write_all(head.as_bytes())?;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let block = vec![0x75; UPLOAD_STEP];
    let begun = Instant::now();
    while *confirmed < length && options.lasting.is_none_or(|lasting| begun.elapsed() < lasting) {
        let left = usize::try_from(length - *confirmed).unwrap_or(UPLOAD_STEP);
        stream.get_mut().write_all(block.get(..left).unwrap_or(&block))?;
        line.clear();
        stream.read_line(&mut line)?;
        *confirmed = line.trim().parse().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        if options.lasting.is_some() {
            std::thread::sleep(UPLOAD_PAUSE);
        }
    }
    Ok(())
}

/// A request, and the far end's signed answer to it.
fn get(options: &Options, stream: TcpStream, name: &str, manner: Manner) -> io::Result<Outcome> {
    let mut stream = tls(options, stream, name, manner)?;
    let head = format!("GET /bytes/{} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n", options.bytes);
    stream.write_all(head.as_bytes())?;
    let answer = rest(&mut stream)?;
    if contains(&answer, SIGN) {
        return Ok(Outcome::Delivered(format!("`{}` over {}", first_line(&answer), version(&stream))));
    }
    Ok(Outcome::Not(format!("something else answered: `{}`", first_line(&answer))))
}

fn version<S: Read + Write>(stream: &StreamOwned<ClientConnection, S>) -> String {
    stream.conn.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS").to_owned()
}

fn rest(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    match stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer) {
        // Not all servers say that they end.
        Err(error) if answer.is_empty() => Err(error),
        Ok(_) | Err(_) => Ok(answer),
    }
}

fn tls(
    options: &Options,
    stream: TcpStream,
    name: &str,
    manner: Manner,
) -> io::Result<StreamOwned<ClientConnection, Drip>> {
    let Some(path) = &options.ca else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "no authority is known; name its file with `--ca`",
        ));
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unread(path, &error))? {
        roots.add(certificate.map_err(|error| unread(path, &error))?).map_err(io::Error::other)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    match manner {
        Manner::SmallRecords => config.max_fragment_size = Some(40),
        // Names of protocols that nobody speaks.
        Manner::LargeHello => config.alpn_protocols.extend((b'a'..b'a' + 40).map(|letter| vec![letter; 240])),
        Manner::Usual | Manner::ByteByByte => {}
    }
    let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, Drip { stream, slow: manner == Manner::ByteByByte });
    // The hello goes out now, so that what fails is known as the handshake's.
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn unread(path: &str, error: &rustls::pki_types::pem::Error) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("cannot read the authority's certificate `{path}`: {error}"),
    )
}

/// A stream that may write a byte at a time.
struct Drip {
    stream: TcpStream,
    slow: bool,
}

impl Read for Drip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.stream.read(out)
    }
}

impl Write for Drip {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = if self.slow { bytes.get(..1).unwrap_or(bytes) } else { bytes };
        self.stream.write(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
