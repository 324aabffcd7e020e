//! The first process of the process namespace: it makes the host's side of everything, runs the
//! command, and ends with it. What it leaves behind, the kernel ends.

use super::config::{Config, FAR, LAN_GATEWAY, ip, search_path};
use super::launch::{FAILED, LAUNCHER, end_with, listen};
use super::{LiveError, beside};

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_parent_process_death_signal, wait};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Where the other stages find this process.
pub(super) const WORLD: &str = "creance-lab-world";
/// The longest that the uplink may go on after the command has ended, in steps of [`SETTLE_STEP`].
const SETTLE_STEPS_MAX: u32 = 40;
const SETTLE_STEP: Duration = Duration::from_millis(50);
/// How often, and how long apart, an interface is looked at until it is up.
const LOOKS_MAX: u32 = 500;
const LOOK: Duration = Duration::from_millis(10);

/// Runs the stage: everything from mounts to the command's end.
pub(super) fn run(args: &[String]) -> Result<ExitCode, LiveError> {
    let config = Config::read(args)?;
    let signals =
        Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT]).map_err(LiveError::io("cannot wait for signals"))?;
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|errno| LiveError::io("cannot ask to end with the launcher")(errno.into()))?;
    let launcher = SocketAddr::from_abstract_name(LAUNCHER)
        .and_then(|address| UnixStream::connect_addr(&address))
        .map_err(LiveError::io("the launcher is gone"))?;
    end_with(launcher);
    let files = mounts(FAR)?;
    let listener = listen(WORLD)?;
    let mut far =
        Stage::start("stage-far", &[vec![files.display().to_string()], config.args()].concat(), &listener)?;
    let station = config.lan.then(|| Stage::start("stage-station", &[], &listener)).transpose()?;
    links(&mut far, station.as_ref())?;
    far.expect("ready")?;
    beside::serve(FAR)?;
    let mut command = command(&config, &files, &far, station.as_ref())?;
    let code = supervise(&mut command, far.pid, station.as_ref().map(|station| station.pid), signals)?;
    settle()?;
    ip("link set uplink0 down\n")?;
    far.say("finish")?;
    far.expect("finished")?;
    Ok(ExitCode::from(code))
}

/// A stage that runs beside this process in a network namespace of its own.
struct Stage {
    name: &'static str,
    pid: Pid,
    lines: BufReader<UnixStream>,
}

impl Stage {
    /// Starts a stage and waits until it has left for its own network namespace.
    fn start(name: &'static str, args: &[String], listener: &UnixListener) -> Result<Self, LiveError> {
        let child = Command::new("/proc/self/exe")
            .arg(name)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // What the terminal sends to the command's group is not meant for servers.
            .process_group(0)
            .spawn()
            .map_err(LiveError::io(format!("cannot start `{name}`")))?;
        let (stream, _) = listener.accept().map_err(LiveError::io(format!("`{name}` does not answer")))?;
        let mut stage = Self { name, pid: Pid::from_child(&child), lines: BufReader::new(stream) };
        stage.expect("left")?;
        Ok(stage)
    }

    /// Waits for one word; anything else is what went wrong there.
    fn expect(&mut self, word: &str) -> Result<(), LiveError> {
        let mut line = String::new();
        self.lines.read_line(&mut line).map_err(LiveError::io(format!("waiting for `{word}`")))?;
        if line.trim_end() == word {
            return Ok(());
        }
        Err(LiveError::Failed(self.name))
    }

    fn say(&mut self, word: &str) -> Result<(), LiveError> {
        writeln!(self.lines.get_mut(), "{word}").map_err(LiveError::io(format!("saying `{word}`")))
    }
}

/// Private mounts: a process file system of the new process namespace, an empty `/run`, a folder
/// for the lab's files, and the resolver's address. Returns the folder.
fn mounts(resolver: &str) -> Result<PathBuf, LiveError> {
    let root = Path::new("/");
    mount_change(root, MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(LiveError::mount("private mounts", root))?;
    let proc = Path::new("/proc");
    mount("proc", proc, "proc", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None)
        .map_err(LiveError::mount("a new /proc", proc))?;
    let resolv = fs::canonicalize("/etc/resolv.conf").unwrap_or_else(|_| "/etc/resolv.conf".into());
    empty(Path::new("/run"))?;
    // Apps and jails hide /run and /tmp: the authority's certificate must stand elsewhere.
    let files = ["/srv", "/media", "/mnt"]
        .iter()
        .map(PathBuf::from)
        .find(|path| fs::read_dir(path).is_ok_and(|mut inside| inside.next().is_none()))
        .ok_or_else(|| {
            LiveError::Usage("the lab puts its files into an empty /srv, /media or /mnt, and none is".into())
        })?;
    empty(&files)?;
    interfaces(&files)?;
    resolv_conf(&resolv, &files, resolver)?;
    Ok(files)
}

/// Shows the interfaces of this network namespace, not the machine's, where programs look for them.
/// The rest of `/sys` stays: a new one as a whole would hide control groups. The new one stays too:
/// who makes namespaces in this one may mount another only where one is seen whole.
fn interfaces(folder: &Path) -> Result<(), LiveError> {
    let new = folder.join("sys");
    fs::create_dir(&new).map_err(LiveError::io(format!("cannot make `{}`", new.display())))?;
    mount("sysfs", &new, "sysfs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None)
        .map_err(LiveError::mount("a new /sys", &new))?;
    for part in ["devices/virtual/net", "class/net"] {
        let place = Path::new("/sys").join(part);
        mount_bind(new.join(part), &place).map_err(LiveError::mount("interfaces", &place))?;
    }
    Ok(())
}

/// An empty file system in memory over a folder.
fn empty(path: &Path) -> Result<(), LiveError> {
    mount("creance-lab", path, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, Some(c"mode=0755,size=16m"))
        .map_err(LiveError::mount("a file system in memory", path))
}

/// Makes `/etc/resolv.conf`, which in truth is `path`, name a resolver, by a file in `folder`.
pub(super) fn resolv_conf(path: &Path, folder: &Path, resolver: &str) -> Result<(), LiveError> {
    let wrote = |path: &Path| LiveError::io(format!("cannot write `{}`", path.display()));
    let text = format!("nameserver {resolver}\noptions timeout:1 attempts:2\n");
    if path.starts_with("/run") {
        // Hidden by what now lies over /run: the link has to lead to something again.
        fs::create_dir_all(path.parent().unwrap_or(path)).map_err(wrote(path))?;
        return fs::write(path, text).map_err(wrote(path));
    }
    let file = folder.join("resolv.conf");
    fs::write(&file, text).map_err(wrote(&file))?;
    mount_bind(&file, path).map_err(LiveError::mount("a list of resolvers", path))
}

/// Links the namespaces and gives this one its addresses, after the others have theirs. The ends of
/// a link have different numbers: else the kernel takes a second to see that it is up.
fn links(far: &mut Stage, station: Option<&Stage>) -> Result<(), LiveError> {
    let pid = far.pid.as_raw_nonzero();
    ip(&format!(
        "link add uplink0 index 10 type veth peer name net0 index 20 netns {pid}\nlink set lo up\n"
    ))?;
    far.say("linked")?;
    // The tap listens before the first packet.
    far.expect("listening")?;
    ip(&format!(
        "address add 192.0.2.2/24 dev uplink0\naddress add 2001:db8:1::2/64 dev uplink0 nodad\n\
         link set uplink0 up\nroute add default via {FAR}\nroute add default via 2001:db8:1::1\n"
    ))?;
    if let Some(station) = station {
        lan(station)?;
    }
    carried("uplink0")
}

fn lan(station: &Stage) -> Result<(), LiveError> {
    ip(&format!(
        "link add lan0 index 11 type veth peer name eth0 index 21 netns {}\naddress add {LAN_GATEWAY}/24 dev lan0\n\
         address add fd50::1/64 dev lan0 nodad\nlink set lan0 up\n",
        station.pid.as_raw_nonzero()
    ))?;
    carried("lan0")
}

/// Waits until an interface is up: the kernel notices some time after the other end is.
fn carried(interface: &str) -> Result<(), LiveError> {
    let path = format!("/sys/class/net/{interface}/operstate");
    for _ in 0..LOOKS_MAX {
        let state = fs::read_to_string(&path).map_err(LiveError::io(format!("cannot read `{path}`")))?;
        if state.trim() == "up" {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
    Err(LiveError::Gone("link"))
}

/// The command, started.
fn command(
    config: &Config,
    files: &Path,
    far: &Stage,
    station: Option<&Stage>,
) -> Result<std::process::Child, LiveError> {
    let Some((program, args)) = config.command.split_first() else {
        return Err(LiveError::Usage("a command is missing".into()));
    };
    let mut command = Command::new(program);
    command
        .args(args)
        .env("PATH", search_path())
        .env("CREANCE_LAB_RESOLVER", FAR)
        .env("CREANCE_LAB_FAR", far.pid.as_raw_nonzero().to_string())
        .env("CREANCE_LAB_CA", files.join("ca.pem"));
    if let Some(capture) = &config.capture {
        command.env("CREANCE_LAB_CAPTURE", capture);
    }
    if let Some(station) = station {
        command.env("CREANCE_LAB_STATION", station.pid.as_raw_nonzero().to_string());
    }
    command.spawn().map_err(|source| LiveError::Command { command: program.clone(), source })
}

/// Waits for the command, takes in what it leaves without a parent, and passes signals on. The
/// command's exit status, as shells count it.
fn supervise(
    command: &mut std::process::Child,
    far: Pid,
    station: Option<Pid>,
    mut signals: Signals,
) -> Result<u8, LiveError> {
    let pid = Pid::from_child(command);
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let passed = match signal {
                SIGTERM => Signal::TERM,
                SIGHUP => Signal::HUP,
                // The terminal gives INT and QUIT to the command as well.
                _ => continue,
            };
            // One that is gone needs no signal.
            let _ = kill_process(pid, passed);
        }
    });
    loop {
        let waited = match wait(WaitOptions::empty()) {
            Ok(Some(waited)) => waited,
            Ok(None) | Err(rustix::io::Errno::INTR) => continue,
            Err(errno) => return Err(LiveError::io("cannot wait for the command")(errno.into())),
        };
        let (ended, status) = waited;
        if ended == far {
            return Err(LiveError::Gone("internet"));
        }
        if Some(ended) == station {
            return Err(LiveError::Gone("station"));
        }
        if ended == pid {
            let signalled = status.terminating_signal().and_then(|signal| u8::try_from(128 + signal).ok());
            let code = status.exit_status().and_then(|code| u8::try_from(code).ok());
            return Ok(code.or(signalled).unwrap_or(FAILED));
        }
    }
}

/// Waits until the uplink is quiet: sockets send what they hold after their process has ended.
fn settle() -> Result<(), LiveError> {
    let mut before = sent()?;
    for _ in 0..SETTLE_STEPS_MAX {
        std::thread::sleep(SETTLE_STEP);
        let now = sent()?;
        if now == before {
            break;
        }
        before = now;
    }
    Ok(())
}

fn sent() -> Result<String, LiveError> {
    let path = "/proc/net/dev";
    let text = fs::read_to_string(path).map_err(LiveError::io(format!("cannot read `{path}`")))?;
    let line = text.lines().find(|line| line.trim_start().starts_with("uplink0:"));
    line.map(str::to_owned).ok_or(LiveError::Gone("uplink"))
}
