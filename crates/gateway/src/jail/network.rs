//! The network of a jail: an interface that leads nowhere, and sockets to which everything leads.

use crate::jail::{JailError, remedy};
use socket2::{Domain, Protocol, Socket, Type};
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where connections arrive, whatever they were meant for.
const WALL_PORT: u16 = 61000;
/// Where questions arrive.
const QUESTION_PORT: u16 = 53;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Where the system has its programs. What the user's own search path says is not asked.
const PROGRAM_FOLDERS: [&str; 7] = [
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/run/current-system/sw/bin",
];

const IPV6: &str = "/proc/sys/net/ipv6";

/// The sockets of the wall: of TCP first, for questions after them.
pub(super) struct Sockets {
    pub(super) tcp: Vec<OwnedFd>,
    pub(super) dns: Vec<OwnedFd>,
}

/// Lays out the network, and opens the wall in it.
pub(super) fn lay_out() -> Result<Sockets, JailError> {
    let ipv6 = Path::new(IPV6).exists();
    if ipv6 {
        // Where the host turned it off for all, an app that finds half of it would wait in vain.
        fs::write(format!("{IPV6}/conf/lo/disable_ipv6"), "0")
            .map_err(|error| remedy::capabilities("turning IPv6 on in it", &error))?;
    }
    feed("ip", "iproute2", &["-batch", "-"], &addresses(ipv6))?;
    feed("nft", "nftables", &["-f", "-"], &rules(ipv6))?;
    let mut sockets = Sockets { tcp: Vec::new(), dns: Vec::new() };
    let four = std::iter::once((Domain::IPV4, Ipv4Addr::UNSPECIFIED.into()));
    let six = ipv6.then_some((Domain::IPV6, Ipv6Addr::UNSPECIFIED.into()));
    for (domain, address) in four.chain(six) {
        sockets.tcp.push(
            listener(domain, SocketAddr::new(address, WALL_PORT))
                .map_err(JailError::doing(format_args!("listening for connections at {address}")))?,
        );
        sockets.dns.push(
            questions(domain, SocketAddr::new(address, QUESTION_PORT))
                .map_err(JailError::doing(format_args!("listening for questions at {address}")))?,
        );
    }
    Ok(sockets)
}

/// What `ip` reads.
fn addresses(ipv6: bool) -> String {
    let mut text = "link set lo up\n\
        address add 10.99.0.2/32 dev lo\n\
        route add local default dev lo src 10.99.0.2 table local\n"
        .to_owned();
    if ipv6 {
        text.push_str("address add fd99::2/128 dev lo nodad\nroute add local ::/0 dev lo table local\n");
    }
    text
}

/// What `nft` reads. `tproxy` does not end a rule, so that each says `accept` as well.
fn rules(ipv6: bool) -> String {
    let lead = |condition: &str| {
        let mut lines = format!("    meta nfproto ipv4 {condition} tproxy ip to :{WALL_PORT} accept\n");
        if ipv6 {
            lines.push_str(&format!("    meta nfproto ipv6 {condition} tproxy ip6 to :{WALL_PORT} accept\n"));
        }
        lines
    };
    let own = "    ip daddr { 127.0.0.0/8, 10.99.0.2 } accept\n    ip6 daddr { ::1, fd99::2 } accept\n";
    format!(
        "table inet jail {{\n\
        \x20 chain prerouting {{\n    type filter hook prerouting priority mangle; policy drop;\n{}{own}{}\
        \x20   udp dport {QUESTION_PORT} accept\n  }}\n\
        \x20 chain forward {{\n    type filter hook forward priority filter; policy drop;\n  }}\n\
        \x20 chain output {{\n    type filter hook output priority filter; policy drop;\n{own}\
        \x20   meta l4proto tcp accept\n    udp dport {QUESTION_PORT} accept\n\
        \x20   reject\n  }}\n}}\n",
        // Questions over TCP lead to the wall also where they are meant for the station's own resolver.
        lead(&format!("tcp dport {QUESTION_PORT}")),
        lead("meta l4proto tcp"),
    )
}

/// Runs a program of the system's with text to read.
fn feed(name: &str, package: &str, args: &[&str], text: &str) -> Result<(), JailError> {
    let program = program(name).ok_or_else(|| remedy::program(name, package, &PROGRAM_FOLDERS))?;
    let failed = || JailError::doing::<std::io::Error>(format!("running `{}`", program.display()));
    let mut child = Command::new(&program)
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed())?;
    if let Some(mut input) = child.stdin.take() {
        // A program that ends early says why on its standard error.
        let _ = input.write_all(text.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().take(4).collect();
    let what = format!("`{}` refused its network", program.display());
    let error = std::io::Error::other(said.join("; "));
    if said.iter().any(|line| line.contains("not permitted")) {
        let denied = std::io::Error::new(std::io::ErrorKind::PermissionDenied, error.to_string());
        return Err(remedy::capabilities(&what, &denied));
    }
    Err(JailError::doing::<std::io::Error>(what)(error))
}

fn program(name: &str) -> Option<PathBuf> {
    PROGRAM_FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}

fn listener(domain: Domain, at: SocketAddr) -> std::io::Result<OwnedFd> {
    let socket = socket(domain, Type::STREAM, Protocol::TCP)?;
    socket.bind(&at.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn questions(domain: Domain, at: SocketAddr) -> std::io::Result<OwnedFd> {
    let socket = socket(domain, Type::DGRAM, Protocol::UDP)?;
    socket.bind(&at.into())?;
    Ok(socket.into())
}

/// A socket that takes what was meant for others, and answers in their name.
fn socket(domain: Domain, kind: Type, protocol: Protocol) -> std::io::Result<Socket> {
    let socket = Socket::new(domain, kind, Some(protocol))?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(true)?;
    }
    // The kernel has one such flag for both families.
    socket.set_ip_transparent_v4(true)?;
    Ok(socket)
}
