//! Recording, from the first frame to the last.

use crate::counters::{Compared, Counters};
use crate::error::TapError;
use crate::pcapng::{self, FRAME_BYTES_MAX, Totals};
use crate::writing::{PIECE_BYTES, Writing};
use creance_sys::{PacketReceived, PacketSocket};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Room for frames that wait to be read, where the kernel grants it.
const ROOM_BYTES: i32 = 256 << 20;
/// How often what was received goes to the file although it is little.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// How often the file says what was lost so far, for the case that it is all there will be.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// How long is waited for a frame before looking whether the end was asked for.
const LOOK_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// How often, and after how long each time, is looked whether an interface that went down is gone.
const GONE_LOOKS: u32 = 20;
const GONE_WAIT: Duration = Duration::from_millis(10);
/// Frames that are read before looking at the clock.
const ROUND: usize = 256;
/// A frame that is longer than this was put together by the kernel from several, or will be cut up
/// by the card. With the head of a frame and a tag.
const LINK_BYTES: usize = 1518;

/// What to record.
#[derive(Debug, Clone)]
pub struct Request {
    /// The interface's name.
    pub interface: String,
    /// The file, which must not be there.
    pub out: PathBuf,
    /// How long at most.
    pub time_max: Option<Duration>,
    /// How many frames at most.
    pub packets_max: Option<u64>,
    /// Whether the tap stands on the very host that it watches, which the file then says.
    pub self_observed: bool,
    /// Who records, with its version, for the file.
    pub program: String,
}

/// What ends a recording from outside: set once, from anywhere.
pub type Stop = Arc<AtomicBool>;

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// Its time was over.
    Time,
    /// It had its frames.
    Packets,
    /// The interface went down.
    Down,
    /// The interface is gone.
    Gone,
}

/// What was recorded.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Frames in the file.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames that the kernel had no room for.
    pub dropped: u64,
    /// Frames that came to the tap; those that it did not read any more at the end included.
    pub received: u64,
    /// What the interface counted; none where that is not known.
    pub interface: Option<Compared>,
    /// Why the two do not agree, where they do not.
    pub warning: Option<String>,
    /// Why it ended.
    pub ended: Ended,
}

/// Records until one of the ends of the request comes, or `stop` is set. When it returns, also with
/// an end that was not wanted, the file is whole. `ready` is called once frames are received.
///
/// # Errors
/// [`TapError`]: no such interface, no permission, the file is there already or cannot be written.
pub fn record(request: &Request, stop: &Stop, ready: impl FnOnce()) -> Result<Summary, TapError> {
    let name = &request.interface;
    let index = index_of(name)?;
    let counted_before = counters(name);
    let socket = open(name, index)?;
    let counted_from = counters(name);
    let link_type = link_type(name, socket.hardware())?;
    let writing = Writing::start(&request.out)?;
    let mut tape = Tape::new(&socket, request, now());
    let comment = request.self_observed.then_some(SELF_OBSERVED);
    tape.piece.extend(pcapng::section(&request.program, comment));
    tape.piece.extend(pcapng::interface(name, link_type));
    ready();
    let ended = tape.run(&writing, stop);
    let counted_to = counters(name);
    let ended = match ended {
        // What is taken away goes down first.
        Ok(Ended::Down) if is_gone(name) => Ended::Gone,
        Ok(ended) => ended,
        Err(failed) => {
            // What the file itself says of its failure is the better reason.
            writing.finish(&request.out)?;
            let source = failed.unwrap_or_else(|| io::Error::other("its file could not be written"));
            return Err(TapError::Socket { interface: name.clone(), doing: "recorded", source });
        }
    };
    let summary = tape.finish(ended, &writing);
    let counted_after = counters(name);
    writing.finish(&request.out)?;
    let least = counted_to.zip(counted_from).and_then(|(to, from)| to.since(from));
    let most = counted_after.zip(counted_before).and_then(|(after, before)| after.since(before));
    let interface = least.zip(most).map(|(least, most)| Compared { least, most });
    let warning = interface.and_then(|it| it.warning(summary.received, tape.large, tape.pieces));
    Ok(Summary { interface, warning, ..summary })
}

/// What a file says that was recorded on the host which it is about.
const SELF_OBSERVED: &str = "self-observed: the tap stood on the host whose traffic it shows, and saw what that host's kernel let it see";

/// The recording in progress.
struct Tape<'a> {
    socket: &'a PacketSocket,
    request: &'a Request,
    /// Blocks that wait to be handed over.
    piece: Vec<u8>,
    frame: Vec<u8>,
    totals: Totals,
    packets: u64,
    bytes: u64,
    /// Frames that are larger than the link carries, and how many they may be on it.
    large: u64,
    pieces: u64,
    began: Duration,
}

impl<'a> Tape<'a> {
    fn new(socket: &'a PacketSocket, request: &'a Request, began: Duration) -> Self {
        Self {
            socket,
            request,
            piece: Vec::with_capacity(PIECE_BYTES * 2),
            frame: vec![0; FRAME_BYTES_MAX],
            totals: Totals::default(),
            packets: 0,
            bytes: 0,
            large: 0,
            pieces: 0,
            began,
        }
    }

    /// Receives until an end comes; an error is that of the socket, or none where it is the file's.
    fn run(&mut self, writing: &Writing, stop: &Stop) -> Result<Ended, Option<io::Error>> {
        let began = clock();
        let (mut flushed, mut told) = (began, began);
        loop {
            let moment = clock();
            if stop.load(Ordering::Relaxed) {
                return self.drain(writing, Ended::Stopped);
            }
            if self.request.time_max.is_some_and(|max| moment.duration_since(began) >= max) {
                return self.drain(writing, Ended::Time);
            }
            if moment.duration_since(told) >= TELL_EVERY {
                told = moment;
                self.tell(now());
            }
            if self.piece.len() >= PIECE_BYTES || moment.duration_since(flushed) >= FLUSH_EVERY {
                flushed = moment;
                self.flush(writing)?;
            }
            match self.round(None) {
                Ok(Round::More) => {}
                Ok(Round::Empty) => self.wait()?,
                Ok(Round::Full) => return Ok(Ended::Packets),
                Err(error) => return ended_by(error),
            }
        }
    }

    /// Receives what had come before the end was asked for.
    fn drain(&mut self, writing: &Writing, ended: Ended) -> Result<Ended, Option<io::Error>> {
        let end = now();
        loop {
            match self.round(Some(end)) {
                Ok(Round::More) => {}
                Ok(Round::Empty | Round::Full) => return Ok(ended),
                Err(error) => return ended_by(error),
            }
            if self.piece.len() >= PIECE_BYTES {
                self.flush(writing)?;
            }
        }
    }

    /// Some frames, up to the first that is later than `end`.
    fn round(&mut self, end: Option<Duration>) -> io::Result<Round> {
        for _ in 0..ROUND {
            if self.request.packets_max.is_some_and(|max| self.packets >= max) {
                return Ok(Round::Full);
            }
            let received = match self.socket.receive(&mut self.frame) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Round::Empty),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let at = received.at.unwrap_or_else(now);
            if end.is_some_and(|end| at > end) {
                return Ok(Round::Empty);
            }
            self.keep(&received, at);
        }
        Ok(Round::More)
    }

    fn keep(&mut self, received: &PacketReceived, at: Duration) {
        let frame = self.frame.get(..received.captured).unwrap_or_default();
        pcapng::packet(&mut self.piece, received, at, frame);
        self.packets += 1;
        self.bytes += received.length as u64;
        if received.length > LINK_BYTES {
            self.large += 1;
            // The smallest segments that are usual, of 536 bytes.
            self.pieces += received.length.div_ceil(536) as u64;
        }
    }

    /// Waits for a frame, though not for long.
    fn wait(&self) -> Result<(), Option<io::Error>> {
        let mut set = [PollFd::new(self.socket, PollFlags::IN)];
        match poll(&mut set, Some(&LOOK_EVERY)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(Some(error.into())),
        }
    }

    fn flush(&mut self, writing: &Writing) -> Result<(), Option<io::Error>> {
        let piece = std::mem::take(&mut self.piece);
        self.piece = writing.hand_over(piece).map_err(|()| None)?;
        Ok(())
    }

    /// Writes what was lost so far.
    fn tell(&mut self, at: Duration) {
        if let Ok(counts) = self.socket.counts() {
            self.totals.add(counts);
            self.piece.extend(pcapng::statistics([self.began, at], self.totals, self.packets));
        }
    }

    /// The last block, which says what was lost over all.
    fn finish(&mut self, ended: Ended, writing: &Writing) -> Summary {
        self.tell(now());
        // Where the file cannot be written, its thread says why.
        let _ = writing.hand_over(std::mem::take(&mut self.piece));
        Summary {
            packets: self.packets,
            bytes: self.bytes,
            dropped: self.totals.dropped,
            received: self.totals.received,
            interface: None,
            warning: None,
            ended,
        }
    }
}

enum Round {
    /// There may be more.
    More,
    /// There are none.
    Empty,
    /// There are as many as were wanted.
    Full,
}

/// The end that an error of the socket means, where it means one.
fn ended_by(error: io::Error) -> Result<Ended, Option<io::Error>> {
    match Errno::from_io_error(&error) {
        Some(Errno::NETDOWN) => Ok(Ended::Down),
        Some(Errno::NODEV | Errno::NXIO) => Ok(Ended::Gone),
        Some(_) | None => Err(Some(error)),
    }
}

fn index_of(name: &str) -> Result<u32, TapError> {
    use rustix::net::{AddressFamily, SocketType, netdevice::name_to_index, socket};
    let asked =
        socket(AddressFamily::UNIX, SocketType::DGRAM, None).and_then(|socket| name_to_index(socket, name));
    asked.map_err(|error| match error {
        Errno::NODEV | Errno::NXIO | Errno::NAMETOOLONG => TapError::NoInterface(name.to_owned()),
        other => TapError::Socket { interface: name.to_owned(), doing: "looked up", source: other.into() },
    })
}

/// Whether an interface that went down is taken away: that follows at once, where it does.
fn is_gone(name: &str) -> bool {
    (0..GONE_LOOKS).any(|_| {
        std::thread::sleep(GONE_WAIT);
        matches!(index_of(name), Err(TapError::NoInterface(_)))
    })
}

fn open(name: &str, index: u32) -> Result<PacketSocket, TapError> {
    PacketSocket::open(index, ROOM_BYTES).map_err(|source| {
        if source.kind() == io::ErrorKind::PermissionDenied {
            TapError::NotPermitted(name.to_owned())
        } else {
            TapError::Socket { interface: name.to_owned(), doing: "listened to", source }
        }
    })
}

/// How frames of a kind of link are called in capture files (LINKTYPE_…).
fn link_type(name: &str, hardware: u16) -> Result<u16, TapError> {
    match hardware {
        // Ethernet and loopback; what has no frames: point-to-point devices and tunnels of IP.
        1 | 772 => Ok(1),
        768 | 769 | 776 | 778 | 0xfffe => Ok(101),
        hardware => Err(TapError::Kind { interface: name.to_owned(), hardware }),
    }
}

/// What the interface counts, from the network of this very process.
fn counters(name: &str) -> Option<Counters> {
    std::fs::read_to_string("/proc/self/net/dev").ok().and_then(|text| Counters::of(&text, name))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a recording ends at a moment of the clock that times its frames"
)]
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "how long to record is asked for in seconds that pass")]
fn clock() -> Instant {
    Instant::now()
}
