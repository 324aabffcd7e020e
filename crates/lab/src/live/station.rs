//! A device on the host's local network: a namespace that a process holds, and the ways into it and
//! to the far end.

use super::LiveError;
use super::config::{LAN_GATEWAY, ip};
use super::world::{WORLD, resolv_conf};
use creance_sys::{Namespaces, leave_namespaces};

use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// How often, and how long apart, the station looks for its end of the link.
const LOOKS_MAX: u32 = 500;
const LOOK: Duration = Duration::from_millis(10);

/// Leaves for a network namespace of its own, says so, and holds it until the world is gone.
pub(super) fn hold() -> Result<ExitCode, LiveError> {
    let mut world = leave()?;
    // The link is named by the world once it knows of this process.
    for _ in 0..LOOKS_MAX {
        if fs::exists("/proc/net/dev_snmp6/eth0").unwrap_or(false) {
            break;
        }
        std::thread::sleep(LOOK);
    }
    ip(&format!(
        "link set lo up\naddress add 192.168.50.10/24 dev eth0\naddress add fd50::10/64 dev eth0 nodad\n\
         link set eth0 up\nroute add default via {LAN_GATEWAY}\nroute add default via fd50::1\n"
    ))?;
    let mut rest = Vec::new();
    world.read_to_end(&mut rest).map_err(LiveError::io("the lab is gone"))?;
    Ok(ExitCode::SUCCESS)
}

/// Connects to the world, leaves its network namespace for a new one, and says so.
pub(super) fn leave() -> Result<UnixStream, LiveError> {
    let mut world = SocketAddr::from_abstract_name(WORLD)
        .and_then(|address| UnixStream::connect_addr(&address))
        .map_err(LiveError::io("the lab is gone"))?;
    leave_namespaces(Namespaces::Network).map_err(LiveError::Refused)?;
    world.write_all(b"left\n").map_err(LiveError::io("the lab is gone"))?;
    Ok(world)
}

/// Becomes a command elsewhere in the small internet: `station -- COMMAND…` in the station, where
/// it finds the host's address in `CREANCE_LAB_RESOLVER`, or `internet -- COMMAND…` at the far end of
/// the uplink, such as a tap of its own there. It has the terminal and the exit status to itself.
///
/// # Errors
/// Where there is no such place, the caller may not enter it, or the command cannot be started.
pub fn enter(args: &[String]) -> Result<ExitCode, LiveError> {
    let (place, program, rest) = match args {
        [place, dashes, program, rest @ ..] if dashes == "--" => (place.as_str(), program, rest),
        _ => return Err(usage()),
    };
    let mut command = Command::new(program);
    command.args(rest);
    match place {
        "station" => {
            move_to("CREANCE_LAB_STATION", "station, run this within `creance-lab internet --lan`")?;
            station_resolver()?;
            command.env("CREANCE_LAB_RESOLVER", LAN_GATEWAY);
        }
        "internet" => move_to("CREANCE_LAB_FAR", "internet, run this within `creance-lab internet`")?,
        _ => return Err(usage()),
    }
    Err(LiveError::Command { command: program.clone(), source: command.exec() })
}

fn usage() -> LiveError {
    LiveError::Usage("`in` is followed by `station -- COMMAND…` or `internet -- COMMAND…`".into())
}

/// Enters the network namespace of the process that a variable of the environment names.
fn move_to(variable: &str, absent: &str) -> Result<(), LiveError> {
    let pid = std::env::var(variable).map_err(|_| LiveError::Usage(format!("there is no {absent}")))?;
    let path = format!("/proc/{pid}/ns/net");
    let namespace = File::open(&path).map_err(LiveError::io(format!("cannot open `{path}`")))?;
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(|errno| LiveError::io(format!("cannot enter `{path}`"))(errno.into()))
}

/// Mounts of its own, in which the list of resolvers names the host alone.
fn station_resolver() -> Result<(), LiveError> {
    leave_namespaces(Namespaces::Mounts).map_err(LiveError::Refused)?;
    let root = Path::new("/");
    mount_change(root, MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(LiveError::mount("private mounts", root))?;
    let resolv = fs::canonicalize("/etc/resolv.conf").unwrap_or_else(|_| "/etc/resolv.conf".into());
    let folder = Path::new("/run/station");
    fs::create_dir_all(folder).map_err(LiveError::io("cannot make `/run/station`"))?;
    let file = folder.join("resolv.conf");
    if resolv.starts_with("/run") {
        fs::write(&file, "").map_err(LiveError::io(format!("cannot write `{}`", file.display())))?;
    }
    resolv_conf(&resolv, folder, LAN_GATEWAY)
}
