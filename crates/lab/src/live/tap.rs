//! The tap at the far end of the uplink: `dumpcap`, which shares no code with what it is to check.

use super::LiveError;
use super::config::search_path;
use super::launch::FAILED;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How much the kernel may hold before `dumpcap` has written it, in MiB.
const BUFFER_MIB: &str = "64";

/// How often, and how long apart, the file is looked at before the tap is ended.
const LOOKS_MAX: u32 = 500;
const LOOK: Duration = Duration::from_millis(20);
const FILE_HEADER: u64 = 24;
const PACKET_HEADER: u64 = 16;

/// A running tap.
pub(super) struct Tap {
    path: String,
    child: Child,
    /// Whether it is to end now.
    ending: Arc<AtomicBool>,
    /// All that it said, once it has ended.
    said: Receiver<String>,
}

impl Tap {
    /// Starts to write what passes `net0`, which must be up, and waits until it listens.
    pub(super) fn start(path: &str) -> Result<Self, LiveError> {
        let failed = |why: String| LiveError::Program { program: "dumpcap".into(), why };
        let mut child = Command::new("dumpcap")
            .args(["-i", "net0", "-P", "-q", "-p", "-B", BUFFER_MIB, "-w", path])
            .env("PATH", search_path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(format!("could not be started: {error}")))?;
        let Some(stderr) = child.stderr.take() else {
            return Err(failed("has no messages".into()));
        };
        let mut said = BufReader::new(stderr);
        let mut all = String::new();
        // Its line about the file comes once it listens.
        while !all.lines().any(|line| line.starts_with("File: ")) {
            if said.read_line(&mut all).map_err(LiveError::io("reading what `dumpcap` says"))? == 0 {
                return Err(failed(format!("failed: {}", all.lines().next().unwrap_or_default())));
            }
        }
        let ending = Arc::new(AtomicBool::new(false));
        let said = watch(said, Arc::clone(&ending));
        Ok(Self { path: path.to_owned(), child, ending, said })
    }

    /// Ends the tap after the link is down, when it has written as many packets as the interface
    /// has counted. `dumpcap` forgets what the kernel still holds for it when it is ended.
    pub(super) fn finish(mut self) -> Result<(), LiveError> {
        let (passed, refused) = interface_packets()?;
        let mut tail = Tail::default();
        for _ in 0..LOOKS_MAX {
            tail.read(&self.path)
                .map_err(LiveError::io(format!("cannot read the capture `{}` again", self.path)))?;
            if tail.packets >= passed {
                break;
            }
            std::thread::sleep(LOOK);
        }
        self.ending.store(true, Ordering::SeqCst);
        kill_process(Pid::from_child(&self.child), Signal::INT)
            .map_err(|errno| LiveError::Tap(format!("dumpcap was gone already ({errno})")))?;
        let said = self.said.recv().map_err(|_| LiveError::Gone("tap"))?;
        let status = self.child.wait().map_err(LiveError::io("waiting for `dumpcap`"))?;
        let said = said.trim();
        if !status.success() {
            return Err(LiveError::Tap(format!("dumpcap failed: {said}")));
        }
        if (passed..=passed + refused).contains(&tail.packets) {
            return Ok(());
        }
        Err(LiveError::Tap(format!(
            "{passed} packets passed the uplink, {refused} found it down, and {} are in `{}`; dumpcap says: {said}",
            tail.packets, self.path,
        )))
    }
}

/// Reads what the tap says, and ends this process, and with it the lab, where the tap ends before
/// it is to: what passes from then on would not be seen.
fn watch(mut said: BufReader<ChildStderr>, ending: Arc<AtomicBool>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut all = String::new();
        let read = said.read_to_string(&mut all);
        if !ending.load(Ordering::SeqCst) {
            std::process::exit(FAILED.into());
        }
        // Whoever asked has given up where nobody listens.
        let _ = read.map(|_| sender.send(all));
    });
    receiver
}

/// Packets that `net0` has sent and received, and those that it was given while the other end was
/// down: a tap may see those or not.
fn interface_packets() -> Result<(u64, u64), LiveError> {
    let path = "/proc/net/dev";
    let text = fs::read_to_string(path).map_err(LiveError::io(format!("cannot read `{path}`")))?;
    packets_of("net0", &text).ok_or_else(|| LiveError::Tap("the interface has no counters".into()))
}

/// Packets received, sent, and dropped instead of sent, of an interface's line.
fn packets_of(interface: &str, text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(interface)?.strip_prefix(':'))?;
    let numbers: Vec<u64> = line.split_whitespace().map_while(|number| number.parse().ok()).collect();
    Some((numbers.get(1)?.checked_add(*numbers.get(9)?)?, *numbers.get(11)?))
}

/// How far a classic capture in this machine's byte order, as `dumpcap -P` writes it, was counted.
struct Tail {
    at: u64,
    packets: u64,
}

impl Default for Tail {
    fn default() -> Self {
        Self { at: FILE_HEADER, packets: 0 }
    }
}

impl Tail {
    /// Counts what has been written since.
    fn read(&mut self, path: &str) -> io::Result<()> {
        let mut file = BufReader::new(File::open(path)?);
        let size = file.get_ref().metadata()?.len();
        file.seek(SeekFrom::Start(self.at))?;
        while self.at + PACKET_HEADER <= size {
            let mut header = [0; 16];
            file.read_exact(&mut header)?;
            let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = header;
            let kept = u32::from_ne_bytes([a, b, c, d]);
            let next = self.at + PACKET_HEADER + u64::from(kept);
            if next > size {
                break;
            }
            file.seek_relative(kept.into())?;
            self.at = next;
            self.packets += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_those_of_both_directions() {
        let text = "Inter-|   Receive\n face |bytes    packets\n    lo: 1 2 3 4 5 6 7 8 9 10 11\n  \
                    net0:     432       6    0    0    0     0          0         0      542       7 0 2 0 0 0 0\n";
        assert_eq!(packets_of("net0", text), Some((13, 2)));
        assert_eq!(packets_of("net", text), None);
    }

    #[test]
    fn packets_are_counted_as_they_are_written() {
        use std::io::Write;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let packet = [[9_u8; 8].as_slice(), &3_u32.to_ne_bytes(), &3_u32.to_ne_bytes(), b"abc"].concat();
        let path = file.path().to_str().unwrap().to_owned();
        file.write_all(&[0; 24]).unwrap();
        file.write_all(&packet).unwrap();
        file.write_all(&packet[..18]).unwrap();
        let mut tail = Tail::default();
        tail.read(&path).unwrap();
        assert_eq!(tail.packets, 1);
        file.write_all(&packet[18..]).unwrap();
        tail.read(&path).unwrap();
        assert_eq!(tail.packets, 2);
    }
}
