//! The far end: every server of the small internet, and the tap.

use super::LiveError;
use super::config::{Config, ip, ip6, nft};
use super::serve::{self, Manner, Ports};
use super::station::leave;
use super::tap::Tap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;

/// Runs the stage: the folder for the lab's files, then the arguments of the internet.
pub(super) fn run(args: &[String]) -> Result<ExitCode, LiveError> {
    let Some((files, rest)) = args.split_first() else {
        return Err(LiveError::Usage("the far end needs a folder".into()));
    };
    let config = Config::read(rest)?;
    let mut world = leave()?;
    let mut lines = BufReader::new(world.try_clone().map_err(LiveError::io("the lab is gone"))?);
    hear(&mut lines, "linked")?;
    ip(ADDRESSES)?;
    ip6(ADDRESSES_6)?;
    nft(&rules())?;
    // Fast open in both directions, as many servers have it.
    let fast_open = "/proc/sys/net/ipv4/tcp_fastopen";
    std::fs::write(fast_open, "3").map_err(LiveError::io(format!("cannot write `{fast_open}`")))?;
    let manner = Manner { delay: config.delay(), files: config.serve.clone().map(Into::into) };
    serve::start(Path::new(files), manner)?;
    let tap = config.capture.as_deref().map(Tap::start).transpose()?;
    say(&mut world, "listening")?;
    say(&mut world, "ready")?;
    hear(&mut lines, "finish")?;
    if let Some(tap) = tap {
        tap.finish()?;
    }
    say(&mut world, "finished")?;
    Ok(ExitCode::SUCCESS)
}

/// Addresses of the far end of the uplink. Every address that a packet comes for is one of this
/// machine's, but for those that stand behind the link. The kernel takes an address for a source
/// only where the table of local addresses has it, so that IPv4 needs it there; and it keeps that
/// table and the main one in one, where `throw` leads nowhere, until there is a rule of one's own.
const ADDRESSES: &str = "\
link set lo up
address add 192.0.2.1/24 dev net0
address add 2001:db8:1::1/64 dev net0 nodad
link set net0 up
route add 192.168.50.0/24 via 192.0.2.2
route add fd50::/64 via 2001:db8:1::2
rule add pref 40000 lookup main
route add throw 192.0.2.0/24 table local
route add throw 192.168.50.0/24 table local
route add local default dev lo table local
";

/// The same for IPv6, whose neighbours are found before.
const ADDRESSES_6: &str = "\
rule add pref 40000 lookup 100
route add local default dev lo table 100
";

/// Brings what nobody listens for to a server that answers anything, and datagrams to servers that
/// then answer from the address that was meant. Connections to ports with a server of their own
/// are not followed: that would cost each of their packets.
fn rules() -> String {
    let ports = Ports::listed();
    format!(
        "table inet lab {{
  chain before {{
    type filter hook prerouting priority raw
    tcp dport {{ {ports} }} notrack
  }}
  chain after {{
    type filter hook output priority raw
    tcp sport {{ {ports} }} notrack
  }}
  chain redirected {{
    type nat hook prerouting priority dstnat
    iifname net0 udp dport 53 redirect to :{dns}
    iifname net0 meta l4proto udp redirect to :{echo}
    iifname net0 tcp dport != {{ {ports} }} redirect to :{echo}
  }}
}}
",
        dns = serve::DATAGRAM_DNS,
        echo = serve::ECHO,
    )
}

fn say(world: &mut impl Write, word: &str) -> Result<(), LiveError> {
    writeln!(world, "{word}").map_err(LiveError::io("the lab is gone"))
}

fn hear(lines: &mut impl BufRead, word: &str) -> Result<(), LiveError> {
    let mut line = String::new();
    lines.read_line(&mut line).map_err(LiveError::io("the lab is gone"))?;
    if line.trim_end() == word { Ok(()) } else { Err(LiveError::Gone("world")) }
}
