//! The first process of the jail: lays out network and files, starts the app, reaps, and reports.

use crate::jail::control::{Message, pair, receive, send};
use crate::jail::outer::{die_with_parent, hide, tell};
use crate::jail::{APP, JailError, Spec, files, network, next_stage};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Stdio, exit};
use std::thread;

pub(super) fn run(spec: &Spec, control: &OwnedFd) -> Result<(), JailError> {
    die_with_parent()?;
    hide()?;
    let (stdin, unix) = start(control)?;
    // Before the files, which hide where the system may have its programs.
    let wall = network::lay_out()?;
    files::lay_out(spec, unix)?;
    hand_over(control, &wall)?;
    let nft = wall.nft.clone();
    drop(wall);
    match receive(control) {
        Ok(Some((Message::Go, _))) => {}
        _ => exit(0),
    }
    let app = start_app(spec, &stdin)?;
    drop(stdin);
    let reporter = control.try_clone().map_err(JailError::doing("copying a descriptor"))?;
    thread::Builder::new()
        .spawn(move || reap(app, &reporter, &nft))
        .map_err(JailError::doing("starting a thread"))?;
    serve(app, control);
    // The end of this process is the end of every process in the jail.
    exit(0)
}

/// What the front sends first.
fn start(control: &OwnedFd) -> Result<(OwnedFd, File), JailError> {
    let Some((Message::Start, descriptors)) = receive(control).map_err(JailError::doing("being told"))?
    else {
        exit(0)
    };
    match <[OwnedFd; 2]>::try_from(descriptors) {
        Ok([stdin, unix]) => Ok((stdin, File::from(unix))),
        Err(other) => Err(JailError::new(format!(
            "the jail could not be made: {} descriptors came, not 2",
            other.len()
        ))),
    }
}

/// Gives the sockets of the wall to the front and keeps none.
fn hand_over(control: &OwnedFd, wall: &network::Sockets) -> Result<(), JailError> {
    let count = u8::try_from(wall.tcp.len()).unwrap_or(u8::MAX);
    let all: Vec<_> = wall.tcp.iter().chain(&wall.udp).chain(&wall.answers).map(AsFd::as_fd).collect();
    send(control, &Message::Wall(count), &all).map_err(JailError::doing("handing over its sockets"))
}

/// Starts the app and waits until it runs.
fn start_app(spec: &Spec, stdin: &OwnedFd) -> Result<Pid, JailError> {
    let (near, far) = pair().map_err(JailError::doing("making a channel"))?;
    let child = next_stage(APP, spec)
        .stdin(Stdio::from(far))
        .spawn()
        .map_err(JailError::doing("starting the app's stage"))?;
    let told = send(&near, &Message::Start, &[stdin.as_fd()]);
    // The other end closes when the app's stage has become the app.
    match receive(&near) {
        Ok(None) => told.map_err(JailError::doing("telling the app's stage"))?,
        Ok(Some((Message::Failed(status, text), _))) => return Err(JailError::with_status(status, text)),
        Ok(Some(_)) => return Err(JailError::new("the app's stage said what it never says")),
        Err(error) => return Err(JailError::doing("hearing of the app")(error)),
    }
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| JailError::new("the app has a number that no process has"))
}

/// Waits for every process of the jail, and reports the app's end.
fn reap(app: Pid, front: &OwnedFd, nft: &Path) {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == app => {
                let message = match (status.exit_status(), status.terminating_signal()) {
                    (Some(status), _) => Message::Exited(u8::try_from(status).unwrap_or(u8::MAX)),
                    (None, Some(signal)) => Message::Killed(u8::try_from(signal).unwrap_or(u8::MAX)),
                    (None, None) => continue,
                };
                // Where the front is gone there is nobody to tell.
                if let Some(count) = network::refused(nft) {
                    let _ = tell(front, &Message::Refused(count));
                }
                let _ = tell(front, &message);
                exit(0);
            }
            Ok(_) | Err(Errno::INTR) => {}
            // No child is left, so that the app is gone and nobody saw how.
            Err(_) => exit(0),
        }
    }
}

/// Hears the front until it is gone.
fn serve(app: Pid, control: &OwnedFd) {
    while let Ok(Some((message, _))) = receive(control) {
        if let Message::Signal(number) = message
            && let Some(signal) = Signal::from_named_raw(i32::from(number))
        {
            // An app that is gone is reported by whoever reaps it.
            let _ = kill_process(app, signal);
        }
    }
}
