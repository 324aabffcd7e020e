//! What is said over the socket.

use creance_model::{Mode, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// Flows that are told one by one, each of at most some five hundred bytes.
const FLOW_LINES_MAX: usize = 4000;

const VERSION: u32 = 1;

/// A mode with its lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The mode.
    pub mode: Mode,
    /// Services exempt from Local Data.
    pub exempt: Vec<ServiceId>,
    /// Services granted in Restricted.
    pub granted: Vec<ServiceId>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// What it does.
    Status {},
    /// What a change would stop and open; nothing is changed.
    WouldChange {
        /// The mode to be.
        wanted: Wanted,
    },
    /// Change.
    Change {
        /// The mode to be.
        wanted: Wanted,
        /// The table that the asker was shown a difference to; where another holds by now,
        /// nothing is changed.
        generation: Option<u64>,
    },
    /// End.
    Down {},
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// What it does.
    Status(Status),
    /// What a change would do.
    WouldChange(Difference),
    /// It has changed.
    Changed {
        /// The table that holds now.
        generation: u64,
        /// How many flows were cut.
        flows_cut: u64,
        /// How long it took until the last of them was, in microseconds.
        micros: u64,
        /// Why the next start will not know of it, where that is so.
        not_kept: Option<String>,
    },
    /// It ends.
    Down {
        /// Why the next start will still know of the mode that held, where that is so.
        not_forgotten: Option<String>,
    },
    /// It was not done.
    Refused {
        /// Why, and what to do.
        why: String,
    },
}

/// What a gateway does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The program and its version.
    pub program: String,
    /// The process.
    pub pid: u32,
    /// The mode that holds.
    pub now: Wanted,
    /// The table that holds.
    pub generation: u64,
    /// Since when.
    pub since: Timestamp,
    /// Flows that are open.
    pub flows: FlowLines,
    /// Why nothing new may begin, where that is so.
    pub closed: Option<String>,
    /// What its own watch of its uplink has seen; none where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
}

/// What a gateway's own watch of its uplink has seen since it began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// Flows that have ended and whose bytes were held against the ledger.
    pub flows: u64,
    /// Payload of all flows that left, each byte once.
    pub bytes: u64,
    /// What left that nothing explains: packets, flows of which more left than the ledger says, and
    /// what the interface sent past the watch.
    pub unexplained: u64,
    /// Frames that the interface sent past the watch.
    pub past: u64,
    /// Pairs of ends between which less left than the ledger says, as where the link drops some.
    pub fewer: u64,
    /// Frames that were not looked at in time.
    pub lost: u64,
    /// How the interface's own counters compare, in words.
    pub counters: String,
    /// Why frames are looked at one by one, where they are: that costs more.
    pub one_by_one: Option<String>,
    /// Why it does not watch any more, where that is so.
    pub blind: Option<String>,
}

/// A flow that is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowLine {
    /// Whose.
    pub station: String,
    /// As which service; none is a host that nobody knows.
    pub service: Option<ServiceId>,
    /// To which name; none is a bare address.
    pub name: Option<String>,
    /// At which port.
    pub port: u16,
    /// Whether its hello hides another name, or looks as if it did.
    pub blinded: bool,
    /// Bytes that it has moved.
    pub moved: u64,
}

/// Flows that are open, of which not all are told: an answer has an end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowLines {
    /// How many there are.
    pub all: usize,
    /// How many of them hide another name, or look as if they did.
    pub blinded: u64,
    /// The first of them, at most 4,000.
    pub lines: Vec<FlowLine>,
}

impl FromIterator<FlowLine> for FlowLines {
    fn from_iter<T: IntoIterator<Item = FlowLine>>(flows: T) -> Self {
        let mut found = Self::default();
        for line in flows {
            found.all += 1;
            found.blinded += u64::from(line.blinded);
            if found.lines.len() < FLOW_LINES_MAX {
                found.lines.push(line);
            }
        }
        found
    }
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The mode that holds.
    pub now: Wanted,
    /// The table that holds.
    pub generation: u64,
    /// Services that would stop, with their stations; none are hosts that nobody knows.
    pub stops: Vec<(String, Option<ServiceId>)>,
    /// Services that would open.
    pub opens: Vec<(String, Option<ServiceId>)>,
    /// Flows that would be cut.
    pub cuts: FlowLines,
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    version: u32,
    #[serde(flatten)]
    said: T,
}

/// One thing that is said, either way.
pub(crate) trait Reply: Serialize + for<'a> Deserialize<'a> {}
impl Reply for Request {}
impl Reply for Answer {}

/// As a line.
pub(crate) fn write(said: &impl Reply) -> Result<Vec<u8>, String> {
    let envelope = Envelope { version: VERSION, said };
    let mut line = serde_json::to_vec(&envelope).map_err(|error| error.to_string())?;
    line.push(b'\n');
    Ok(line)
}

/// From a line.
pub(crate) fn read<T: Reply>(line: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let found: Version = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if found.version != VERSION {
        return Err(format!("version {}, and this program speaks version {VERSION}", found.version));
    }
    let mut value: serde_json::Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if let Some(object) = value.as_object_mut() {
        object.remove("version");
    }
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_again_and_another_version_is_refused() {
        let wanted =
            Wanted { mode: Mode::LocalData, exempt: vec!["a.maps".parse().unwrap()], granted: vec![] };
        let request = Request::Change { wanted, generation: Some(4) };
        let line = write(&request).unwrap();
        assert_eq!(
            std::str::from_utf8(&line).unwrap(),
            "{\"version\":1,\"ask\":\"change\",\"wanted\":{\"mode\":\"local-data\",\"exempt\":[\"a.maps\"],\
             \"granted\":[]},\"generation\":4}\n"
        );
        assert_eq!(read::<Request>(&line).unwrap(), request);
        let other = String::from_utf8(line).unwrap().replace("\"version\":1", "\"version\":2");
        assert!(read::<Request>(other.as_bytes()).unwrap_err().contains("version 2"));
        assert!(read::<Request>(b"{\"version\":1,\"ask\":\"status\",\"more\":1}").is_err());
        assert!(read::<Request>(b"{\"ask\":\"status\"}").is_err());
    }

    #[test]
    fn of_very_many_flows_so_many_are_told_as_an_answer_holds() {
        let line = |_| FlowLine {
            station: "s".repeat(64),
            service: Some("maker.service-of-a-long-name".parse().unwrap()),
            name: Some("n".repeat(253)),
            port: u16::MAX,
            blinded: true,
            moved: u64::MAX,
        };
        let cuts: FlowLines = (0..100_000).map(line).collect();
        assert_eq!((cuts.all, cuts.blinded, cuts.lines.len()), (100_000, 100_000, FLOW_LINES_MAX));
        let now = Wanted { mode: Mode::Standard, exempt: vec![], granted: vec![] };
        let difference = Difference { now, generation: 1, stops: vec![], opens: vec![], cuts };
        let bytes = write(&Answer::WouldChange(difference)).unwrap();
        assert!(bytes.len() < LINE_BYTES_MAX, "{}", bytes.len());
    }
}
