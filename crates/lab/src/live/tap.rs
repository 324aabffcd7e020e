//! The tap at the far end of the uplink: `dumpcap`, which shares no code with what it is to check.

use super::LiveError;
use super::config::search_path;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

/// How much the kernel may hold before `dumpcap` has written it, in MiB.
const BUFFER_MIB: &str = "64";

/// A running tap.
pub(super) struct Tap {
    path: String,
    child: Child,
    said: BufReader<ChildStderr>,
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
                return Err(failed(format!("failed: {}", all.trim())));
            }
        }
        Ok(Self { path: path.to_owned(), child, said })
    }

    /// Ends the tap after the link is down, and holds what it wrote against the interface's own
    /// count.
    pub(super) fn finish(mut self) -> Result<(), LiveError> {
        let counted = interface_packets()?;
        kill_process(Pid::from_child(&self.child), Signal::INT)
            .map_err(|errno| LiveError::Tap(format!("dumpcap was gone already ({errno})")))?;
        let mut said = String::new();
        self.said.read_to_string(&mut said).map_err(LiveError::io("reading what `dumpcap` says"))?;
        let status = self.child.wait().map_err(LiveError::io("waiting for `dumpcap`"))?;
        if !status.success() {
            return Err(LiveError::Tap(format!("dumpcap failed: {}", said.trim())));
        }
        let written = count(&self.path)
            .map_err(LiveError::io(format!("cannot read the capture `{}` again", self.path)))?;
        if written == counted {
            return Ok(());
        }
        Err(LiveError::Tap(format!(
            "{counted} packets passed the uplink and {written} are in `{}`; dumpcap says: {}",
            self.path,
            said.trim()
        )))
    }
}

/// Packets that `net0` has sent and received.
fn interface_packets() -> Result<u64, LiveError> {
    let path = "/proc/net/dev";
    let text = fs::read_to_string(path).map_err(LiveError::io(format!("cannot read `{path}`")))?;
    packets_of("net0", &text).ok_or_else(|| LiveError::Tap("the interface has no counters".into()))
}

/// The second and the tenth number of an interface's line.
fn packets_of(interface: &str, text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(interface)?.strip_prefix(':'))?;
    let numbers: Vec<u64> = line.split_whitespace().map_while(|number| number.parse().ok()).collect();
    numbers.get(1)?.checked_add(*numbers.get(9)?)
}

/// Packets of a classic capture in this machine's byte order, as `dumpcap -P` writes it.
fn count(path: &str) -> io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    file.read_exact(&mut [0; 24])?;
    let mut packets = 0;
    loop {
        let mut header = [0; 16];
        match file.read_exact(&mut header) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(packets),
            result => result?,
        }
        let [.., a, b, c, d, _, _, _, _] = header;
        let kept = u64::from(u32::from_ne_bytes([a, b, c, d]));
        if io::copy(&mut (&mut file).take(kept), &mut io::sink())? != kept {
            return Ok(packets);
        }
        packets += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_those_of_both_directions() {
        let text = "Inter-|   Receive\n face |bytes    packets\n    lo: 1 2 3 4 5 6 7 8 9 10 11\n  \
                    net0:     432       6    0    0    0     0          0         0      542       7 0 0 0 0 0 0\n";
        assert_eq!(packets_of("net0", text), Some(13));
        assert_eq!(packets_of("net", text), None);
    }
}
