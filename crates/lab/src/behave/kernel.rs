//! Ways past the ordinary sockets, as far as the kernel offers them.

use super::datagrams::{await_echo, payload};
use super::dial::PATIENCE;
use super::hellos::{judge, records};
use super::{Options, Outcome};
use crate::bytes::{Put, checksum, len16, patch};
use crate::live::{addresses, beside};
use crate::tls::Hello;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixStream};
use std::sync::mpsc;

const UDP: u8 = 17;
const ICMP_HEADER: usize = 8;
/// A VSOCK address that leads to the machine itself.
const TO_ITSELF: u32 = 1;

/// What it means that the kernel gave no socket.
pub(super) fn refused(what: &str, error: &io::Error) -> Outcome {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return Outcome::Not(format!("refused: {what} ({error})"));
    }
    Outcome::Untried(format!("this kernel has no {what} ({error})"))
}

pub(super) fn icmp(options: &Options) -> Outcome {
    let attempt = || {
        // A socket for pings alone is open to more users than a raw one.
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))
            .or_else(|_| Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4)));
        let socket = match socket {
            Ok(socket) => socket,
            Err(error) => return Ok(refused("pings", &error)),
        };
        let to = options.address_by_any_means()?;
        socket.connect(&SocketAddr::new(to, 0).into())?;
        let mut request = vec![8, 0, 0, 0, 0x4c, 0x41, 0, 1];
        request.put(&payload(options));
        let sum = checksum(&[&request]);
        patch(&mut request, 2, &sum.to_be_bytes());
        // Raw sockets show the IP header before the answer, and others' answers as well.
        let data = request.get(ICMP_HEADER..).unwrap_or_default().to_vec();
        let stream = UdpSocket::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.send(&request)?;
        let mut buffer = [0; 2048];
        let size = stream.recv(&mut buffer)?;
        if buffer.get(..size).is_some_and(|came| came.ends_with(&data)) {
            return Ok(Outcome::Delivered(format!("{to} answered a ping with {} bytes", data.len())));
        }
        Ok(Outcome::Not("another answer came".into()))
    };
    Outcome::of(attempt())
}

pub(super) fn raw(options: &Options) -> Outcome {
    let attempt = || {
        let socket = match Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)) {
            Ok(socket) => socket,
            Err(error) => return Ok(refused("raw sockets", &error)),
        };
        let IpAddr::V4(to) = options.address_by_any_means()? else {
            return Ok(Outcome::Untried("the address is no IPv4 address".into()));
        };
        let answers = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let data = payload(options);
        let datagram = udp_datagram(answers.local_addr()?.port(), options.port, &data);
        let target = SockAddr::from(SocketAddrV4::new(to, 0));
        await_echo(&answers, &[data], || socket.send_to(&datagram, &target).map(drop))
    };
    Outcome::of(attempt())
}

/// UDP without a checksum, which IPv4 allows.
fn udp_datagram(own: u16, port: u16, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.u16(own).u16(port).u16(len16(data.len() + 8)).u16(0).put(data);
    out
}

pub(super) fn af_packet(options: &Options) -> Outcome {
    let attempt = || {
        let socket = match creance_sys::FrameSocket::open() {
            Ok(socket) => socket,
            Err(error) => return Ok(refused("packet sockets", &error)),
        };
        // Names are of no use to one who goes past the network's own ways.
        let known = addresses::v4(&options.host).map(IpAddr::V4);
        let Some(IpAddr::V4(to)) = options.address.or(known) else {
            return Ok(Outcome::Untried("no IPv4 address is known; give one with `--address`".into()));
        };
        let answers = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let own = answers.local_addr()?.port();
        let mut outcome = Outcome::Not("there is no interface but lo".into());
        for (name, interface, from) in interfaces()? {
            let data = payload(options);
            let frame = frame(neighbour(&name), from, to, &udp_datagram(own, options.port, &data));
            outcome = await_echo(&answers, &[data], || socket.send(interface, &frame))?;
            if outcome.code() == 0 {
                break;
            }
        }
        Ok(outcome)
    };
    Outcome::of(attempt())
}

/// The card of a neighbour that this machine has spoken with by an interface, else everybody's: a
/// router does not pass on what was for everybody.
fn neighbour(interface: &str) -> [u8; 6] {
    let table = std::fs::read_to_string("/proc/net/arp").unwrap_or_default();
    table.lines().skip(1).find_map(|line| card(line, interface)).unwrap_or([0xff; 6])
}

/// The card in a line of the kernel's table, where it is a whole one of the interface's.
fn card(line: &str, interface: &str) -> Option<[u8; 6]> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, _, "0x2", card, _, of] = words.as_slice() else { return None };
    let bytes: Vec<u8> = card.split(':').map_while(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    if *of == interface { bytes.try_into().ok() } else { None }
}

/// An Ethernet frame with an IPv4 packet.
fn frame(card: [u8; 6], from: Ipv4Addr, to: Ipv4Addr, datagram: &[u8]) -> Vec<u8> {
    let mut ip = vec![0x45, 0];
    ip.u16(len16(datagram.len() + 20)).u32(0).u8(64).u8(UDP).u16(0).put(&from.octets()).put(&to.octets());
    let sum = checksum(&[&ip]);
    patch(&mut ip, 10, &sum.to_be_bytes());
    let mut out = card.to_vec();
    out.put(&[2, 0, 0, 0, 0, 1]).u16(0x0800).put(&ip).put(datagram);
    out
}

/// Interfaces but `lo`, by name and number, each with an address of its own where it has one.
fn interfaces() -> io::Result<Vec<(String, u32, Ipv4Addr)>> {
    let text = std::fs::read_to_string("/proc/net/dev")?;
    let names = text.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()));
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    let mut found = Vec::new();
    for name in names.filter(|name| name != "lo") {
        let index = rustix::net::netdevice::name_to_index(&socket, &name)?;
        // The source of what would go by this interface; nothing is sent by asking.
        let probe = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        let asked = probe
            .bind_device(Some(name.as_bytes()))
            .and_then(|()| probe.connect(&SocketAddr::from(([11, 0, 0, 1], 9)).into()))
            .and_then(|()| probe.local_addr());
        let own = asked.ok().and_then(|address| address.as_socket_ipv4());
        found.push((name, index, own.map_or(Ipv4Addr::UNSPECIFIED, |address| *address.ip())));
    }
    Ok(found)
}

/// Nothing is ever sent to a hypervisor: where the kernel has no way to the machine itself, only
/// that it gave a socket is told.
pub(super) fn vsock(options: &Options) -> Outcome {
    let attempt = || {
        let open = || Socket::new(Domain::VSOCK, Type::STREAM, None);
        let listener = match open() {
            Ok(socket) => socket,
            Err(error) => return Ok(refused("VSOCK", &error)),
        };
        let address = SockAddr::vsock(TO_ITSELF, options.port.into());
        if let Err(error) = listener.bind(&address) {
            return Ok(Outcome::Delivered(format!(
                "the kernel gave a socket that leads to the hypervisor; nothing was sent ({error})"
            )));
        }
        listener.listen(1)?;
        let client = open()?;
        client.connect(&address)?;
        let (server, _) = listener.accept()?;
        client.send(b"lab")?;
        let mut came = [std::mem::MaybeUninit::uninit(); 3];
        let size = server.recv(&mut came)?;
        Ok(Outcome::Delivered(format!("{size} bytes went by VSOCK")))
    };
    Outcome::of(attempt())
}

pub(super) fn io_uring(options: &Options) -> Outcome {
    let attempt = || {
        let to = SocketAddr::new(options.address_by_any_means()?, options.port);
        let hello = records(&Hello::new(&options.host));
        let (sender, receiver) = mpsc::channel();
        // The ring knows no time-outs of its own.
        std::thread::spawn(move || sender.send(creance_sys::ring_exchange(to, &hello)));
        match receiver.recv_timeout(PATIENCE) {
            Ok(Ok(answer)) => Ok(judge(&answer)),
            Ok(Err(error))
                if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) =>
            {
                Ok(refused("io_uring", &error))
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(Outcome::Not("nothing came back".into())),
        }
    };
    Outcome::of(attempt())
}

pub(super) fn nscd(options: &Options) -> Outcome {
    let by_file = unix_file(options);
    if by_file.code() == 0 {
        return by_file;
    }
    let by_name = unix_abstract(options);
    match (&by_file, &by_name) {
        (Outcome::Not(file), Outcome::Not(name)) => Outcome::Not(format!("{file}; {name}")),
        _ => by_name,
    }
}

pub(super) fn unix_file(options: &Options) -> Outcome {
    let under_var = beside::PATH.replacen("/run/", "/var/run/", 1);
    let stream = UnixStream::connect(beside::PATH).or_else(|_| UnixStream::connect(under_var));
    Outcome::of(
        stream.map_err(|error| no_service(beside::PATH, &error)).and_then(|stream| ask(&stream, options)),
    )
}

pub(super) fn unix_abstract(options: &Options) -> Outcome {
    let stream =
        UnixAddr::from_abstract_name(beside::ABSTRACT).and_then(|name| UnixStream::connect_addr(&name));
    let shown = format!("@{}", beside::ABSTRACT);
    Outcome::of(stream.map_err(|error| no_service(&shown, &error)).and_then(|stream| ask(&stream, options)))
}

fn no_service(name: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("no service at `{name}`: {error}"))
}

fn ask(stream: &UnixStream, options: &Options) -> io::Result<Outcome> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut writer = stream;
    writeln!(writer, "{}", options.host)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let found: Vec<IpAddr> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    Ok(super::honest::resolved(&options.host, &found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_such_as_the_kernel_makes() {
        let (from, to) = (Ipv4Addr::new(192, 0, 2, 2), Ipv4Addr::new(11, 0, 0, 1));
        let frame = frame([0xff; 6], from, to, &udp_datagram(45_678, 8000, b"abc"));
        assert_eq!(frame.len(), 14 + 20 + 8 + 3);
        // A header with its own sum in it sums to nothing.
        assert_eq!(checksum(&[&frame[14..34]]), 0);
        assert_eq!(frame[16..18], 31_u16.to_be_bytes());
        let line = "192.168.50.1     0x1         0x2         02:00:00:00:0a:ff     *        eth0";
        assert_eq!(card(line, "eth0"), Some([2, 0, 0, 0, 10, 255]));
        assert_eq!(card(line, "eth1"), None);
        assert_eq!(card(&line.replace("0x2 ", "0x0 "), "eth0"), None);
        assert_eq!(refused("x", &io::Error::from_raw_os_error(1)).code(), 1);
        assert_eq!(refused("x", &io::Error::from_raw_os_error(97)).code(), 2);
    }
}
