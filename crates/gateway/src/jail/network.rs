//! The network of a jail: an interface that leads nowhere, and sockets to which everything leads.

use crate::jail::{JailError, remedy};
use crate::programs::{self, ProgramError};
use crate::shell::answer_socket;
use socket2::{Domain, Protocol, Socket, Type};
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Where connections arrive, whatever they were meant for.
const WALL_PORT: u16 = 61000;
/// Where questions arrive.
const QUESTION_PORT: u16 = 53;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

const IPV6: &str = "/proc/sys/net/ipv6";

/// The sockets of the wall, one of each kind for each family.
#[derive(Default)]
pub(super) struct Sockets {
    /// The program that tells what its rules refused.
    pub(super) nft: PathBuf,
    pub(super) tcp: Vec<OwnedFd>,
    pub(super) udp: Vec<OwnedFd>,
    /// For answers in the name of whatever address was asked.
    pub(super) answers: Vec<OwnedFd>,
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
    let nft = programs::find("nft").unwrap_or_default();
    let mut sockets = Sockets { nft, ..Sockets::default() };
    let four = std::iter::once((Domain::IPV4, Ipv4Addr::UNSPECIFIED.into()));
    let six = ipv6.then_some((Domain::IPV6, Ipv6Addr::UNSPECIFIED.into()));
    for (domain, address) in four.chain(six) {
        sockets.tcp.push(
            listener(domain, SocketAddr::new(address, WALL_PORT))
                .map_err(JailError::doing(format_args!("listening for connections at {address}")))?,
        );
        sockets.udp.push(
            datagrams(domain, SocketAddr::new(address, WALL_PORT))
                .map_err(JailError::doing(format_args!("listening for datagrams at {address}")))?,
        );
        let answers =
            answer_socket(domain == Domain::IPV6).map_err(JailError::doing("answering datagrams"))?;
        sockets.answers.push(answers.into());
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
        \x20 chain prerouting {{\n    type filter hook prerouting priority mangle; policy drop;\n{}{own}{}  }}\n\
        \x20 chain forward {{\n    type filter hook forward priority filter; policy drop;\n  }}\n\
        \x20 chain output {{\n    type filter hook output priority filter; policy drop;\n{own}\
        \x20   meta l4proto {{ tcp, udp }} accept\n\
        \x20   counter reject\n  }}\n}}\n",
        // Questions lead to the wall also where they are meant for the station's own resolver.
        lead(&format!("meta l4proto {{ tcp, udp }} th dport {QUESTION_PORT}")),
        lead("meta l4proto { tcp, udp }"),
    )
}

/// Runs a program of the system's with text to read.
fn feed(name: &str, package: &str, args: &[&str], text: &str) -> Result<(), JailError> {
    programs::feed(name, package, args, text).map(drop).map_err(|error| match error {
        ProgramError::Missing { .. } => remedy::program(name, package, &programs::FOLDERS),
        ProgramError::Run { path, source } => {
            JailError::doing::<std::io::Error>(format!("running `{}`", path.display()))(source)
        }
        ProgramError::Refused { path, said } => {
            let what = format!("`{}` refused its network", path.display());
            if said.contains("not permitted") {
                remedy::capabilities(&what, &std::io::Error::new(std::io::ErrorKind::PermissionDenied, said))
            } else {
                JailError::doing::<std::io::Error>(what)(std::io::Error::other(said))
            }
        }
    })
}

/// Tells how many packets the rules refused so far: what is neither TCP nor UDP. None where it
/// cannot be told.
pub(super) fn refused(nft: &Path) -> Option<u64> {
    let told = programs::feed_at(nft.to_owned(), &["list", "chain", "inet", "jail", "output"], "").ok()?;
    packets(&told)
}

/// Reads the count of the rule that refuses.
fn packets(told: &str) -> Option<u64> {
    let (_, counted) = told.rsplit_once("counter packets ")?;
    counted.split(' ').next()?.parse().ok()
}

fn listener(domain: Domain, at: SocketAddr) -> std::io::Result<OwnedFd> {
    let socket = socket(domain, Type::STREAM, Protocol::TCP)?;
    socket.bind(&at.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn datagrams(domain: Domain, at: SocketAddr) -> std::io::Result<OwnedFd> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_the_rule_that_refuses_is_read() {
        let told = "table inet jail {\n\tchain output {\n\t\tmeta l4proto { tcp, udp } accept\n\
            \t\tcounter packets 12 bytes 1008 reject\n\t}\n}\n";
        assert_eq!(packets(told), Some(12));
        assert_eq!(packets("table inet jail {\n}\n"), None);
    }
}
