//! Processes that run beside the story: each is waited for until it says that it is ready, and ends
//! with its holder.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a process may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How often, and how long apart, is looked whether a process has ended.
const LOOKS_MAX: u32 = 1000;
const LOOK: Duration = Duration::from_millis(20);
/// Of what a process says as much is kept, in bytes.
const SAID_BYTES_MAX: u64 = 64 << 10;

/// A process that is ready. It is killed where its holder goes first.
pub(super) struct Running {
    what: &'static str,
    child: Child,
    said: Option<JoinHandle<String>>,
}

impl Running {
    /// Starts a process and waits until a line on its standard error holds a word.
    pub(super) fn start(what: &'static str, command: &mut Command, ready: &'static str) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{what} cannot be started"))?;
        let stderr = child.stderr.take();
        let (sender, receiver) = mpsc::channel();
        let said = stderr.map(|stderr| {
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stderr);
                let mut all = String::new();
                let mut line = String::new();
                while reader.by_ref().take(SAID_BYTES_MAX).read_line(&mut line).is_ok_and(|read| read > 0) {
                    if line.contains(ready) {
                        // Whoever waited may have given up.
                        let _ = sender.send(());
                    }
                    if (all.len() as u64) < SAID_BYTES_MAX {
                        all.push_str(&line);
                    }
                    line.clear();
                }
                all
            })
        });
        let mut running = Self { what, child, said };
        running.ready(&receiver)?;
        Ok(running)
    }

    fn ready(&mut self, said: &Receiver<()>) -> Result<()> {
        match said.recv_timeout(READY_WITHIN) {
            Ok(()) => Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                bail!("{} was not ready within {} s", self.what, READY_WITHIN.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                let words = self.words();
                bail!("{} could not begin: {words}", self.what)
            }
        }
    }

    /// Asks it to end, as Ctrl-C does, and waits until it has; an end with anything but 0 is an error.
    pub(super) fn end(mut self) -> Result<()> {
        // One that is gone already says below how it ended.
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        let status = waited(&mut self.child).with_context(|| format!("{} does not end", self.what))?;
        if !status.success() {
            let words = self.words();
            bail!("{} failed ({status}): {words}", self.what);
        }
        Ok(())
    }

    /// All that it said, once it has ended.
    fn words(&mut self) -> String {
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        said.trim().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end_now(&mut self.child);
    }
}

/// Waits for a process within bounds.
pub(super) fn waited(child: &mut Child) -> Result<ExitStatus> {
    for _ in 0..LOOKS_MAX {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(LOOK);
    }
    bail!("it has not ended within {} s", (LOOK * LOOKS_MAX).as_secs())
}

/// Kills a process, or takes note that it has ended.
pub(super) fn end_now(child: &mut Child) {
    // One that has ended needs neither.
    let _ = child.kill();
    let _ = child.wait();
}
