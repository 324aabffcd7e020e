//! The rules of the firewall and of routing, as text for `nft` and `ip`.

use crate::lan::sockets::Ports;
use crate::programs::{ProgramError, feed};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::str::FromStr;

/// The mark of packets that came from a station and are led to this program.
const IN_MARK: u32 = 0x0043_5201;

/// The first mark of those that a process gives its own connections on the uplink; each process
/// has another, so that what an earlier one left behind does not leave through the holes of the
/// next.
const OUT_MARKS: u32 = 0x4353_0000;

/// The part of a mark that all processes share.
const OUT_MASK: u32 = 0xffff_0000;

/// The table of routes for packets from stations.
const ROUTES: u32 = 4352;

/// The longest name of an interface (`IFNAMSIZ`, without the zero).
const NAME_BYTES_MAX: usize = 15;

/// Where a gateway stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The interface on the stations' side.
    pub lan: String,
    /// The interface on the side of the internet.
    pub uplink: String,
    /// Interfaces that are let be: for the person who looks after this machine.
    pub management: Vec<String>,
    /// What this machine itself may reach over the uplink, besides addresses of its own by DHCP.
    pub own: Vec<Own>,
}

/// A place that this machine itself may reach, such as a time server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    address: IpAddr,
    port: u16,
    udp: bool,
}

impl Own {
    /// Whether a packet goes there.
    pub(super) fn is(&self, address: IpAddr, port: u16, udp: bool) -> bool {
        (self.address, self.port, self.udp) == (address, port, udp)
    }
}

/// Why a text is no such place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place of this machine's own: ADDRESS:PORT/udp or ADDRESS:PORT/tcp")]
pub struct OwnError(String);

impl FromStr for Own {
    type Err = OwnError;
    fn from_str(text: &str) -> Result<Self, OwnError> {
        let wrong = || OwnError(text.chars().take(80).collect());
        let (place, transport) = text.rsplit_once('/').ok_or_else(wrong)?;
        let place: std::net::SocketAddr = place.parse().map_err(|_| wrong())?;
        let udp = match transport {
            "udp" => true,
            "tcp" => false,
            _ => return Err(wrong()),
        };
        Ok(Self { address: place.ip(), port: place.port(), udp })
    }
}

/// Why a gateway cannot stand there.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A name that no interface can have.
    #[error("`{0}` is no name of an interface")]
    Name(String),
    /// There is no such interface.
    #[error("there is no interface `{0}`\nhint: `ip -brief link` lists them")]
    Missing(String),
    /// An interface cannot be on both sides.
    #[error("`{0}` is given twice; stations, uplink and management are on interfaces of their own")]
    Twice(String),
    /// A program that sets it up failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
}

impl Site {
    /// Checks the names, and that they are of different interfaces.
    ///
    /// # Errors
    /// [`SiteError`].
    pub fn check(&self) -> Result<(), SiteError> {
        let mut seen: Vec<&str> = Vec::new();
        for name in [&self.lan, &self.uplink].into_iter().chain(&self.management) {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(good) {
                return Err(SiteError::Name(name.chars().take(40).collect()));
            }
            if seen.contains(&name.as_str()) {
                return Err(SiteError::Twice(name.clone()));
            }
            seen.push(name);
        }
        Ok(())
    }

    /// Whether the interfaces are there; gives the uplink's number.
    ///
    /// # Errors
    /// [`SiteError::Missing`].
    pub fn is_there(&self) -> Result<u32, SiteError> {
        let mut last = 0;
        for name in [&self.lan, &self.uplink] {
            let any = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::DGRAM, None);
            let missing = || SiteError::Missing(name.clone());
            let any = any.map_err(|_| missing())?;
            last = rustix::net::netdevice::name_to_index(&any, name).map_err(|_| missing())?;
        }
        Ok(last)
    }

    /// The static rules, for `nft -f -`: everything is dropped but what the program that runs
    /// keeps open. Loading them again closes what was open, in one step.
    #[must_use]
    pub fn rules(&self, ports: &Ports) -> String {
        let Self { lan, uplink, management, own } = self;
        let wall = ports.wall;
        let proxies: Vec<String> =
            [ports.proxy, ports.socks].into_iter().flatten().map(|port| port.to_string()).collect();
        let mut text = String::new();
        let mut line = |depth: usize, words: &str| {
            let _ = writeln!(text, "{:width$}{words}", "", width = depth * 2);
        };
        line(0, "table inet creance");
        line(0, "delete table inet creance");
        line(0, "table inet creance {");
        line(1, "# Holes are open while the program renews these; they last for a few seconds.");
        line(1, "set alive { type mark; flags timeout; }");
        line(1, "# Nothing asks what went before between stations and this machine: not following it costs");
        line(1, "# less, and no flood of theirs fills the table that answers on the uplink are known by.");
        line(1, "chain untracked_in {");
        line(2, "type filter hook prerouting priority raw; policy accept;");
        line(2, &format!("iifname \"{lan}\" notrack"));
        line(1, "}");
        line(1, "chain untracked_out {");
        line(2, "type filter hook output priority raw; policy accept;");
        line(2, &format!("oifname \"{lan}\" notrack"));
        line(1, "}");
        line(1, "# All that comes from stations is led to this machine itself; nothing is forwarded.");
        line(1, "chain prerouting {");
        line(2, "type filter hook prerouting priority mangle; policy accept;");
        line(2, &format!("iifname != \"{lan}\" accept"));
        line(2, "meta l4proto icmpv6 accept");
        line(2, "udp dport { 67, 547 } accept");
        line(2, "# What is answered must go back to where it came from, and nowhere else.");
        line(2, &format!("fib saddr . iif oif != \"{lan}\" drop"));
        line(2, &format!("meta mark set {IN_MARK:#x}"));
        line(2, "meta mark != @alive drop");
        if !proxies.is_empty() {
            line(2, &format!("tcp dport {{ {} }} fib daddr type local accept", proxies.join(", ")));
        }
        line(2, &format!("meta nfproto ipv4 meta l4proto tcp tproxy ip to :{wall} accept"));
        line(2, &format!("meta nfproto ipv6 meta l4proto tcp tproxy ip6 to :{wall} accept"));
        line(2, &format!("meta nfproto ipv4 meta l4proto udp tproxy ip to :{wall} accept"));
        line(2, &format!("meta nfproto ipv6 meta l4proto udp tproxy ip6 to :{wall} accept"));
        line(1, "}");
        line(1, "chain input {");
        line(2, "type filter hook input priority filter; policy drop;");
        line(2, "iifname \"lo\" accept");
        for name in management {
            line(2, &format!("iifname \"{name}\" accept"));
        }
        line(
            2,
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld-listener-query } accept",
        );
        line(2, "# A station that says that it is a router is not believed.");
        line(2, &format!("iifname \"{uplink}\" icmpv6 type nd-router-advert accept"));
        line(2, &format!("iifname \"{uplink}\" ct state established,related accept"));
        line(2, &format!("iifname \"{uplink}\" udp dport {{ 68, 546 }} accept"));
        line(2, &format!("iifname \"{lan}\" udp dport {{ 67, 547 }} accept"));
        line(2, &format!("iifname != \"{lan}\" drop"));
        line(2, "meta mark != @alive drop");
        line(2, "meta l4proto { tcp, udp } socket transparent 1 accept");
        if !proxies.is_empty() {
            line(2, &format!("tcp dport {{ {} }} accept", proxies.join(", ")));
        }
        line(2, "# Said, so that apps try another way at once: over TCP instead of QUIC.");
        line(2, "meta l4proto { tcp, udp } reject with icmpx type port-unreachable");
        line(1, "}");
        line(1, "chain forward {");
        line(2, "type filter hook forward priority filter; policy drop;");
        line(1, "}");
        line(1, "chain output {");
        line(2, "type filter hook output priority filter; policy drop;");
        line(2, "# The program's own connections leave by the uplink or not at all.");
        let own_mark = format!("meta mark & {OUT_MASK:#x} == {OUT_MARKS:#x}");
        line(2, &format!("{own_mark} oifname != \"{uplink}\" drop"));
        line(2, &format!("oifname {{ \"lo\", \"{lan}\" }} accept"));
        for name in management {
            line(2, &format!("oifname \"{name}\" accept"));
        }
        line(2, &format!("oifname != \"{uplink}\" drop"));
        line(2, &format!("{own_mark} meta mark @alive accept"));
        line(2, "udp sport 68 udp dport 67 accept");
        line(2, "udp sport 546 udp dport 547 accept");
        line(
            2,
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept",
        );
        for place in own {
            let (family, transport) =
                (if place.address.is_ipv4() { "ip" } else { "ip6" }, if place.udp { "udp" } else { "tcp" });
            line(2, &format!("{family} daddr {} {transport} dport {} accept", place.address, place.port));
        }
        line(1, "}");
        line(0, "}");
        text
    }

    /// Loads the rules, and leads packets from stations to this machine.
    ///
    /// # Errors
    /// [`SiteError::Program`].
    pub fn load(&self, ports: &Ports) -> Result<(), SiteError> {
        self.load_rules(ports)?;
        // The rules do not let such words in; where this can be turned off as well it is.
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{}/accept_ra", self.lan), "0");
        for family in ["-4", "-6"] {
            // What an earlier process left is the same; it may be missing.
            let _ = feed("ip", "iproute2", &[family, "-force", "-batch", "-"], &no_routes());
            feed("ip", "iproute2", &[family, "-batch", "-"], &routes())?;
        }
        Ok(())
    }

    /// Loads the rules, with no holes in them.
    ///
    /// # Errors
    /// [`SiteError::Program`].
    pub(super) fn load_rules(&self, ports: &Ports) -> Result<(), SiteError> {
        feed("nft", "nftables", &["-f", "-"], &self.rules(ports))?;
        Ok(())
    }

    /// Leads packets nowhere any more. The rules stay: what is closed stays closed.
    ///
    /// # Errors
    /// [`SiteError::Program`].
    pub fn unload(&self, ports: &Ports) -> Result<(), SiteError> {
        self.load_rules(ports)?;
        for family in ["-4", "-6"] {
            feed("ip", "iproute2", &[family, "-batch", "-"], &no_routes())?;
        }
        Ok(())
    }
}

fn routes() -> String {
    format!("rule add fwmark {IN_MARK:#x} lookup {ROUTES}\nroute add local default dev lo table {ROUTES}\n")
}

fn no_routes() -> String {
    format!("rule del fwmark {IN_MARK:#x} lookup {ROUTES}\nroute del local default dev lo table {ROUTES}\n")
}

/// A mark that no other process is likely to have.
pub(super) fn out_mark() -> io::Result<u32> {
    let mut bytes = [0; 2];
    let random = SystemRandom::new().fill(&mut bytes);
    random.map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(OUT_MARKS | u32::from(u16::from_be_bytes(bytes)))
}

/// Closes the holes at once.
pub(super) const CLOSED: &str = "flush set inet creance alive\n";

/// Keeps the holes open for `seconds` more. An element that is there is not renewed by adding it,
/// and one that is not there cannot be deleted: so it is added, deleted and added, in one step.
pub(super) fn beat(mark: u32, seconds: u64) -> String {
    let marks = format!("{IN_MARK:#x}, {mark:#x}");
    let timed = format!("{IN_MARK:#x} timeout {seconds}s, {mark:#x} timeout {seconds}s");
    format!(
        "add element inet creance alive {{ {timed} }}\ndelete element inet creance alive {{ {marks} }}\n\
         add element inet creance alive {{ {timed} }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site { lan: "lan0".to_owned(), uplink: "up0".to_owned(), management: vec![], own: vec![] }
    }

    #[test]
    fn names_are_those_of_different_interfaces() {
        assert!(site().check().is_ok());
        for wrong in ["", "a\"; policy accept", "a b", "0123456789abcdef"] {
            assert!(matches!(Site { lan: wrong.to_owned(), ..site() }.check(), Err(SiteError::Name(_))));
        }
        assert!(matches!(Site { lan: "up0".to_owned(), ..site() }.check(), Err(SiteError::Twice(_))));
    }

    #[test]
    fn a_place_of_its_own_is_an_address_a_port_and_a_transport() {
        let own: Own = "192.0.2.1:123/udp".parse().unwrap();
        let rules = Site { own: vec![own], ..site() }.rules(&Ports::default());
        assert!(rules.contains("    ip daddr 192.0.2.1 udp dport 123 accept\n"), "{rules}");
        for wrong in ["192.0.2.1:123", "192.0.2.1/udp", "time.test:123/udp", "192.0.2.1:123/icmp"] {
            assert!(wrong.parse::<Own>().is_err(), "{wrong}");
        }
    }
}
