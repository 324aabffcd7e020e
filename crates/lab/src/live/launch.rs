//! The caller's process: it leaves the machine's namespaces, starts the world, and passes on
//! signals and the end.

use super::LiveError;
use super::config::{Config, search_path};
use creance_sys::{Namespaces, leave_namespaces};
use rustix::process::{Pid, Signal, getegid, geteuid, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs;
use std::io::{self, Read};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::{Command, ExitCode};

/// Where the world finds its parent, in the network namespace that both are in.
pub(super) const LAUNCHER: &str = "creance-lab-launcher";
/// What the lab itself ends with where it fails after it began.
pub(super) const FAILED: u8 = 125;

/// Runs a command in a small internet and gives its exit status: 128 and the signal's number where
/// a signal ended it, 125 where the lab itself failed on the way. See [`super`] for the arguments.
///
/// # Errors
/// Where the arguments are wrong or the internet could not be begun.
pub fn internet(args: &[String]) -> Result<ExitCode, LiveError> {
    let config = Config::read(args)?;
    if let Some(folder) = &config.serve
        && !fs::metadata(folder).is_ok_and(|folder| folder.is_dir())
    {
        return Err(LiveError::Usage(format!("`--serve`: `{folder}` is no folder")));
    }
    if let Some(path) = &config.capture {
        if path.starts_with("/run/") {
            return Err(LiveError::Usage(format!(
                "`{path}`: the lab hides /run; write the capture elsewhere"
            )));
        }
        fs::File::create(path).map_err(LiveError::io(format!("cannot write the capture `{path}`")))?;
    }
    leave()?;
    // The world connects, and sees when this process is gone, however it ended.
    let listener = listen(LAUNCHER)?;
    let mut signals = Signals::new([SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT])
        .map_err(LiveError::io("cannot wait for signals"))?;
    let mut world = Command::new("/proc/self/exe")
        .arg("stage-world")
        .args(config.args())
        .env("PATH", search_path())
        .spawn()
        .map_err(LiveError::io("cannot start the lab's own program once more"))?;
    let pid = Pid::from_child(&world);
    for signal in signals.forever() {
        let passed = match signal {
            SIGTERM => Signal::TERM,
            SIGHUP => Signal::HUP,
            SIGCHLD => {
                let ended = world.try_wait().map_err(LiveError::io("cannot wait for the lab"))?;
                let Some(status) = ended else { continue };
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                return code.map(ExitCode::from).ok_or(LiveError::Gone("world"));
            }
            // The terminal gives INT and QUIT to the command as well, which decides.
            _ => continue,
        };
        // One that is gone needs no signal.
        let _ = kill_process(pid, passed);
    }
    drop(listener);
    Err(LiveError::Gone("launcher"))
}

/// Leaves the machine's namespaces. The next child is the first of its process namespace.
fn leave() -> Result<(), LiveError> {
    if geteuid().is_root() && leave_namespaces(Namespaces::System).is_ok() {
        return Ok(());
    }
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    leave_namespaces(Namespaces::Jail).map_err(LiveError::Refused)?;
    let write =
        |file: &str, text: String| fs::write(format!("/proc/self/{file}"), text).map_err(LiveError::Refused);
    write("setgroups", "deny".into())?;
    write("uid_map", format!("0 {uid} 1"))?;
    write("gid_map", format!("0 {gid} 1"))
}

/// A socket by which a process of the lab is found, in the network namespace of the caller.
pub(super) fn listen(name: &str) -> Result<UnixListener, LiveError> {
    SocketAddr::from_abstract_name(name)
        .and_then(|address| UnixListener::bind_addr(&address))
        .map_err(LiveError::io(format!("cannot listen as `{name}`")))
}

/// Ends this process when what `held` leads to is gone. The kernel's own signal for a parent's
/// death comes too late where the parent dies before it is asked for.
pub(super) fn end_with(mut held: impl Read + Send + 'static) {
    std::thread::spawn(move || {
        let mut byte = [0];
        loop {
            match held.read(&mut byte) {
                Ok(0) => std::process::exit(FAILED.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => std::process::exit(FAILED.into()),
            }
        }
    });
}
