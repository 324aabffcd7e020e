//! Other proxies, each set up as usual for a list of allowed names, and the same hellos against them
//! in the same lab.

use super::front::Front;
use super::group::{Addresses, Group, Id};
use super::lab::{FAR, Lab};
use super::rows::Row;
use super::running;
use super::stage::{Came, Ready, Service, Stage};
use super::tap::Trace;
use super::zone::Zone;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// The port that hellos of stations are led to.
const LED_TO: u16 = 4443;
/// The port of a proxy that is asked to CONNECT.
const ASKED_AT: u16 = 3128;

/// Another proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    Haproxy,
    Nginx,
    Sniproxy,
    /// Asked to CONNECT.
    Squid,
    /// Looking into hellos that are led to it.
    SquidPeek,
}

/// What a peer did with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Did {
    /// The app was answered from where it went.
    Delivered,
    /// The app was answered by the host that its hello names, wherever it went.
    Led,
    /// The app was not answered, and something passed the tap all the same.
    Passed,
    /// The app was not answered, and nothing passed the tap.
    Withheld,
}

/// What a peer did with all of them.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) peer: Peer,
    /// The program's version; or why it could not be tried.
    pub(super) version: std::result::Result<String, String>,
    pub(super) did: Vec<(String, Did)>,
}

/// The rows that are about hellos: what a proxy that goes by names has to tell apart.
const ROWS: [&str; 22] = [
    "allowed",
    "denied",
    "unknown",
    "other-sni",
    "connect-then-other",
    "denied-then-allowed",
    "foreign-address",
    "shared",
    "shared-other",
    "no-sni",
    "capitals",
    "small-records",
    "large-hello",
    "byte-by-byte",
    "old-tls",
    "nul-name",
    "two-names",
    "two-names-reversed",
    "ech",
    "grease",
    "ssh-on-443",
    "http-on-443",
];

impl Peer {
    pub(super) const ALL: [Self; 5] =
        [Self::Haproxy, Self::Nginx, Self::Sniproxy, Self::Squid, Self::SquidPeek];

    /// As people call it.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Haproxy => "HAProxy",
            Self::Nginx => "nginx ssl_preread",
            Self::Sniproxy => "sniproxy",
            Self::Squid => "Squid CONNECT",
            Self::SquidPeek => "Squid peek/splice",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
            Self::Sniproxy => "sniproxy",
            Self::Squid => "squid-connect",
            Self::SquidPeek => "squid-peek",
        }
    }

    /// The way into Creance that is like the way into it.
    pub(super) const fn front(self) -> Front {
        match self {
            Self::Haproxy | Self::Nginx | Self::Sniproxy | Self::SquidPeek => Front::Transparent,
            Self::Squid => Front::Connect,
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Nginx => "nginx",
            Self::Sniproxy => "sniproxy",
            Self::Squid | Self::SquidPeek => "squid",
        }
    }

    /// Its version, where it is installed.
    fn version(self) -> Option<String> {
        let option = if self == Self::Sniproxy { "-V" } else { "-v" };
        let output = Command::new(self.program()).arg(option).env("PATH", path()).output().ok()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
        said.split(|c: char| c.is_whitespace() || c == '/').find(is_version).map(str::to_owned)
    }

    /// Its configuration, in `folder`.
    fn configuration(self, folder: &Path) -> String {
        let name = Zone::Tls.suffix();
        let shared = Zone::Shared.suffix();
        let folder = folder.display();
        match self {
            Self::Haproxy => format!(
                "defaults\n mode tcp\n timeout connect 5s\n timeout client 10s\n timeout server 10s\n\
                 frontend hellos\n bind :{LED_TO}\n tcp-request inspect-delay 3s\n\
                 acl allowed req.ssl_sni -m end .{name}\n acl allowed req.ssl_sni -m end .{shared}\n\
                 tcp-request content accept if allowed\n tcp-request content reject if WAIT_END\n\
                 tcp-request content reject if {{ req.ssl_sni -m found }} !allowed\n\
                 default_backend there\nbackend there\n server there 0.0.0.0:0\n"
            ),
            Self::Nginx => format!(
                "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\nuser root;\nworker_processes 1;\n\
                 pid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\nevents {{}}\nstream {{\n\
                 map $ssl_preread_server_name $there {{\n hostnames;\n default \"\";\n\
                 *.{name} $ssl_preread_server_name:443;\n *.{shared} $ssl_preread_server_name:443;\n }}\n\
                 resolver {FAR};\n preread_timeout 3s;\n\
                 server {{ listen {LED_TO}; ssl_preread on; proxy_pass $there; }}\n}}\n"
            ),
            Self::Sniproxy => {
                let pattern = |name: &str| format!(".*\\\\.{}$", name.replace('.', "\\\\."));
                format!(
                    "user root\npidfile {folder}/sniproxy.pid\nerror_log {{\n filename {folder}/sniproxy.log\n}}\n\
                     resolver {{\n nameserver {FAR}\n mode ipv4_only\n}}\n\
                     listener 0.0.0.0:{LED_TO} {{\n proto tls\n table allowed\n}}\n\
                     table allowed {{\n {} *:443\n {} *:443\n}}\n",
                    pattern(name),
                    pattern(shared)
                )
            }
            Self::Squid => format!(
                "{}http_port {ASKED_AT}\nacl allowed dstdomain .{name} .{shared}\n\
                 http_access allow CONNECT allowed\nhttp_access deny all\n",
                squid(&folder.to_string())
            ),
            Self::SquidPeek => format!(
                "{}http_port {ASKED_AT}\n\
                 https_port {LED_TO} intercept ssl-bump cert={folder}/own.pem generate-host-certificates=off\n\
                 acl hello at_step SslBump1\nacl allowed ssl::server_name .{name} .{shared}\n\
                 ssl_bump peek hello\nssl_bump splice allowed\nssl_bump terminate all\nhttp_access allow all\n",
                squid(&folder.to_string())
            ),
        }
    }

    fn command(self, folder: &Path) -> Vec<String> {
        let file = folder.join("configuration").display().to_string();
        let words: &[&str] = match self {
            Self::Haproxy => &["haproxy", "-db", "-q", "-f", &file],
            Self::Nginx => &["nginx", "-g", "daemon off;", "-c", &file],
            Self::Sniproxy => &["sniproxy", "-f", "-c", &file],
            Self::Squid | Self::SquidPeek => &["squid", "-N", "-f", &file],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    const fn listens_at(self) -> u16 {
        match self {
            Self::Haproxy | Self::Nginx | Self::Sniproxy | Self::SquidPeek => LED_TO,
            Self::Squid => ASKED_AT,
        }
    }
}

/// What both ways of Squid have.
fn squid(folder: &str) -> String {
    format!(
        "dns_nameservers {FAR}\npid_filename {folder}/squid.pid\naccess_log none\ncache deny all\n\
         cache_log {folder}/squid.log\ncoredump_dir {folder}\nvisible_hostname lab\npinger_enable off\n\
         shutdown_lifetime 0 seconds\nnetdb_filename none\n"
    )
}

/// Where programs of administration lie as well.
fn path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/sbin:/sbin")
}

/// The rows for a peer.
fn rows(peer: Peer, all: &[Row]) -> Vec<Row> {
    let fits = |row: &&Row| ROWS.contains(&row.id) && row.fronts.contains(&peer.front());
    all.iter().filter(fits).cloned().collect()
}

/// The groups of all peers.
pub(super) fn groups(all: &[Row]) -> Vec<Group> {
    Peer::ALL.iter().map(|peer| Group::new(Id::Peer(*peer), &rows(*peer, all))).collect()
}

/// Runs the rows against a peer.
pub(super) fn run(lab: &Lab, group: &Group, peer: Peer, addresses: &Addresses) -> Beside {
    let Some(version) = peer.version() else {
        return Beside { peer, version: Err("it is not installed".to_owned()), did: Vec::new() };
    };
    match try_out(lab, group, peer, addresses) {
        Ok(did) => Beside { peer, version: Ok(version), did },
        Err(error) => Beside { peer, version: Err(format!("{error:#}")), did: Vec::new() },
    }
}

fn try_out(lab: &Lab, group: &Group, peer: Peer, addresses: &Addresses) -> Result<Vec<(String, Did)>> {
    let folder = lab.folder().join(group.id.word());
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("configuration"), peer.configuration(&folder))?;
    if peer == Peer::SquidPeek {
        let key = folder.join("own.pem");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
            .args(["-subj", "/CN=lab", "-days", "2", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(folder.join("certificate.pem"))
            .output()
            .context("`openssl` cannot be started, and Squid wants a certificate")?;
        anyhow::ensure!(made.status.success(), "`openssl` makes no certificate");
        let certificate = std::fs::read(folder.join("certificate.pem"))?;
        let both = [std::fs::read(&key)?, certificate].concat();
        std::fs::write(&key, both)?;
    }
    let rules = folder.join("rules");
    std::fs::write(&rules, self::rules())?;
    let stage = Stage {
        forwards: true,
        before: vec![["nft", "-f", &rules.display().to_string()].map(str::to_owned).to_vec()],
        beside: vec![Service { command: peer.command(&folder), ready: Ready::Listens(peer.listens_at()) }],
        ..running::bare(lab, group, addresses)?
    };
    let (seen, came) = running::run(lab, group, &stage, addresses)?;
    let found = group.cases.iter().zip(&came).zip(&seen.traces);
    Ok(found.map(|((case, came), trace)| (case.row.id.to_owned(), did(came, trace))).collect())
}

/// Stations' hellos are led to the proxy, their questions pass, and nothing else does.
fn rules() -> String {
    format!(
        "table inet peer {{\n chain led {{\n type nat hook prerouting priority dstnat\n\
         iifname lan0 tcp dport 443 redirect to :{LED_TO}\n }}\n\
         chain passing {{\n type filter hook forward priority filter; policy drop\n\
         ip daddr {FAR} udp dport 53 accept\n ip saddr {FAR} udp sport 53 accept\n }}\n}}\n"
    )
}

/// The station's own questions pass the tap in any case, so that they tell nothing.
fn did(came: &Came, trace: &Trace) -> Did {
    match (came.code, trace.up, trace.elsewhere.is_empty()) {
        (0, 0, false) => Did::Led,
        (0, _, _) => Did::Delivered,
        _ if trace.flows.is_empty() && trace.elsewhere.is_empty() => Did::Withheld,
        _ => Did::Passed,
    }
}

impl Did {
    /// For a table.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "D",
            Self::Led => "led",
            Self::Passed => "x, but seen at the tap",
            Self::Withheld => "x",
        }
    }
}
