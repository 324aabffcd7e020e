//! The front: the process that starts a jail, in the host's network.

use crate::jail::control::{Message, pair, receive_now, send};
use crate::jail::files::{list, note};
use crate::jail::{JailError, OUTER, Spec, aliases, next_stage, strays, streams};
use creance_sys::{block_signals, restore_signals};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use socket2::Socket;
use std::fs::File;
use std::future::poll_fn;
use std::io::{ErrorKind, stdin};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::task::Poll;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};

/// How long the making of a jail may take, in seconds.
const MAKING_S_MAX: i64 = 30;
/// How long a jail may take to be gone once its app has ended, in seconds.
const ENDING_S_MAX: i64 = 10;

/// The sockets to which everything in the jail leads.
#[derive(Debug)]
pub struct Wall {
    /// Connections, of IPv4 and, where the system has it, IPv6. The local address of an accepted
    /// connection is the one that the app meant.
    pub tcp: Vec<TcpListener>,
    /// Datagrams of the same families, meant for any address, each with a socket for answers in
    /// the name of that address.
    pub datagrams: Vec<(UdpSocket, Socket)>,
}

/// How a jail ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The app ended with this status.
    Exited(u8),
    /// The app ended by this signal.
    Killed(i32),
    /// There was no app, or nobody saw its end.
    Failed(JailError),
}

/// A jail. The app in it ends when this is dropped.
#[derive(Debug)]
pub struct Jail {
    control: OwnedFd,
    outer: Child,
    /// Readable once the outer process is gone.
    outer_gone: OwnedFd,
    refused: Option<u64>,
}

impl Jail {
    /// Makes a jail, in which nothing runs yet. To be called from the thread that lives longest:
    /// when it ends, the jail ends.
    ///
    /// # Errors
    /// Where the system does not let one be made, or a standard stream leads out of it.
    pub fn enter(spec: &Spec) -> Result<(Self, Wall), JailError> {
        streams::check()?;
        let sockets =
            || File::open("/proc/self/net/unix").map_err(JailError::doing("listing the host's sockets"));
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let strays = strays::find(&list(sockets()?)?, home.as_deref())?;
        if strays.cut {
            note(
                "note: not all of your home could be looked at, and another program's socket there that was bound \
                 by a relative name, or renamed, may be in the app's reach; `--home private` prevents it",
            );
        }
        let mounts =
            std::fs::read("/proc/self/mountinfo").map_err(JailError::doing("listing the host's mounts"))?;
        let closed = aliases::with_aliases(&spec.closed, &mounts)?;
        let spec = &Spec { closed, covered: strays.found.into_iter().collect(), ..spec.clone() };
        let unix = sockets()?;
        let (control, far) = pair().map_err(JailError::doing("making a channel"))?;
        let jail = start(spec, control, far)?;
        let input = stdin();
        let told = send(&jail.control, &Message::Start, &[input.as_fd(), unix.as_fd()]);
        // A stage that has ended has said why.
        told.map_err(JailError::doing("telling its first process"))
            .map_err(|error| jail.wall().err().unwrap_or(error))?;
        let wall = jail.wall()?;
        Ok((jail, wall))
    }

    /// Starts the app.
    ///
    /// # Errors
    /// Where the jail is gone.
    pub fn go(&self) -> Result<(), JailError> {
        send(&self.control, &Message::Go, &[]).map_err(JailError::doing("starting the app"))
    }

    /// Sends the app a signal, by its number. A jail that is gone hears none.
    pub fn kill(&self, signal: i32) {
        if let Ok(signal) = u8::try_from(signal) {
            // An app that has ended is told of by `ended`.
            let _ = send(&self.control, &Message::Signal(signal), &[]);
        }
    }

    /// How many packets of the app's that were neither TCP nor UDP were refused; none where nobody
    /// has told.
    #[must_use]
    pub const fn refused(&self) -> Option<u64> {
        self.refused
    }

    /// How the jail ended, if it has.
    pub fn poll(&mut self) -> Option<Ended> {
        match receive_now(&self.control) {
            Ok(Some((Message::Refused(count), _))) => {
                self.refused = Some(count);
                self.poll()
            }
            Ok(Some((Message::Exited(status), _))) => Some(self.gone(Ended::Exited(status))),
            Ok(Some((Message::Killed(signal), _))) => Some(self.gone(Ended::Killed(signal.into()))),
            Ok(Some((Message::Failed(status, text), _))) => {
                Some(self.gone(Ended::Failed(JailError::with_status(status, text))))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.outer_is_gone().then(|| self.gone(lost()))
            }
            Ok(_) | Err(_) => Some(self.gone(lost())),
        }
    }

    /// Waits for the jail's end, within a runtime that has input and output.
    ///
    /// # Errors
    /// Where the runtime cannot wait for it.
    pub async fn ended(&mut self) -> std::io::Result<Ended> {
        // Whatever its type: only whether it is readable is asked of it.
        let stream = UnixStream::from_std(self.control.try_clone()?.into())?;
        // The outer process may be gone while the channel is still open.
        let mut children = signal(SignalKind::child())?;
        poll_fn(|context| {
            loop {
                if let Some(ended) = self.poll() {
                    return Poll::Ready(Ok(ended));
                }
                let mut news = children.poll_recv(context).is_ready();
                if stream.poll_read_ready(context)?.is_ready() {
                    news = true;
                    let again = || self.poll().ok_or_else(|| ErrorKind::WouldBlock.into());
                    if let Ok(ended) = stream.try_io(Interest::READABLE, again) {
                        return Poll::Ready(Ok(ended));
                    }
                }
                if !news {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Receives the wall, or why there is none.
    fn wall(&self) -> Result<Wall, JailError> {
        self.wait(MAKING_S_MAX)?;
        let got = receive_now(&self.control).map_err(JailError::doing("hearing of its sockets"))?;
        match got {
            Some((Message::Wall(tcp), mut sockets)) => {
                let count = usize::from(tcp);
                if count == 0 || sockets.len() != 3 * count {
                    return Err(JailError::new(
                        "the jail could not be made: sockets of its wall are missing",
                    ));
                }
                let answers = sockets.split_off(2 * count);
                let udp = sockets.split_off(count);
                let datagrams =
                    udp.into_iter().map(UdpSocket::from).zip(answers.into_iter().map(Socket::from));
                Ok(Wall {
                    tcp: sockets.into_iter().map(TcpListener::from).collect(),
                    datagrams: datagrams.collect(),
                })
            }
            Some((Message::Failed(status, text), _)) => Err(JailError::with_status(status, text)),
            Some(_) | None => Err(JailError::new("the jail could not be made: a stage of it ended early")),
        }
    }

    /// Waits until something is told or the outer process is gone.
    fn wait(&self, seconds: i64) -> Result<(), JailError> {
        let mut both =
            [PollFd::new(&self.control, PollFlags::IN), PollFd::new(&self.outer_gone, PollFlags::IN)];
        let limit = Timespec { tv_sec: seconds, tv_nsec: 0 };
        let ready = rustix::io::retry_on_intr(|| poll(&mut both, Some(&limit)))
            .map_err(JailError::doing("waiting for it"))?;
        if ready == 0 {
            return Err(JailError::new(format!("the jail could not be made within {seconds} s")));
        }
        Ok(())
    }

    fn outer_is_gone(&self) -> bool {
        let mut gone = [PollFd::new(&self.outer_gone, PollFlags::IN)];
        poll(&mut gone, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    /// Sees to it that nothing of the jail is left, and hands on how it ended.
    fn gone(&mut self, ended: Ended) -> Ended {
        // The outer process ends when the first one has, and that with all of its own.
        let mut gone = [PollFd::new(&self.outer_gone, PollFlags::IN)];
        let limit = Timespec { tv_sec: ENDING_S_MAX, tv_nsec: 0 };
        let _ = rustix::io::retry_on_intr(|| poll(&mut gone, Some(&limit)));
        // One that hangs is killed, and takes its own with it.
        let _ = self.outer.kill();
        let _ = self.outer.wait();
        ended
    }
}

impl Drop for Jail {
    fn drop(&mut self) {
        let _ = self.outer.kill();
        let _ = self.outer.wait();
    }
}

/// The jail ended and nobody saw how the app did.
fn lost() -> Ended {
    Ended::Failed(
        JailError::new("the jail was ended from outside, and the app with it")
            .hint("something killed a process of the jail; the kernel's log says so where memory ran out"),
    )
}

fn start(spec: &Spec, control: OwnedFd, far: OwnedFd) -> Result<Jail, JailError> {
    fcntl_setfl(&control, OFlags::NONBLOCK).map_err(JailError::doing("making a channel"))?;
    // The stages start with all signals waiting: what a terminal sends is for the app alone.
    let mask = block_signals().map_err(JailError::doing("holding signals back"))?;
    let outer = next_stage(OUTER, spec).stdin(Stdio::from(far)).spawn();
    restore_signals(mask).map_err(JailError::doing("letting signals through"))?;
    let mut outer = outer.map_err(JailError::doing("starting this program anew"))?;
    let pid = i32::try_from(outer.id()).ok().and_then(Pid::from_raw);
    let gone = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty()));
    match gone {
        Some(Ok(outer_gone)) => Ok(Jail { control, outer, outer_gone, refused: None }),
        Some(Err(error)) => {
            let _ = outer.kill();
            let _ = outer.wait();
            Err(JailError::doing("watching it")(error))
        }
        None => Err(JailError::new("the jail has a number that no process has")),
    }
}
