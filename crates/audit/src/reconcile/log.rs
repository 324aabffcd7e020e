//! One log: checked first, then read.

use super::book::{End, Span, Start};
use super::periods::Period;
use creance_ledger::{
    Binding, Entry, Event, FlowBytes, FlowEnd, FlowStarted, Held, LedgerError, Reader, VerifierKey, verify,
};
use creance_model::{Duration, Endpoint, Timestamp};
use std::collections::HashMap;
use std::path::PathBuf;

/// Problems of a log that are listed.
const PROBLEMS_MAX: usize = 20;
/// Changes of mode that are kept of a log.
const PERIODS_MAX: usize = 10_000;
/// Entries of several connections that became durable together need not be in the order of their
/// moments.
const DISORDER_MAX: Duration = Duration::from_seconds(1);
/// How long after its end packets may still belong to a flow: those of its closing.
pub(super) const LINGER: Duration = Duration::from_seconds(120);

/// A log's folder with its name.
#[derive(Debug, Clone)]
pub struct LogSource {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
}

/// What to read, and what to check it with.
#[derive(Debug, Clone)]
pub struct LogFiles {
    /// The logs.
    pub logs: Vec<LogSource>,
    /// The key that signs for them.
    pub key: VerifierKey,
    /// Whether the key was given by whoever asks, and not taken from beside the logs.
    pub key_was_given: bool,
    /// Checkpoints that were kept elsewhere.
    pub held: Vec<Held>,
    /// How far the clock of the tap and that of the gateway may be apart.
    pub clocks_within: Duration,
}

/// What is known of a log.
#[derive(Debug, Clone, Default)]
pub(super) struct LogRead {
    pub(super) name: String,
    /// Why nothing of it is believed, or what else is wrong with it.
    pub(super) problems: Vec<String>,
    pub(super) problems_left_out: u64,
    pub(super) sound: bool,
    pub(super) entries: u64,
    pub(super) signed: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Entries before the first packet of the capture, and after the last.
    pub(super) outside: [u64; 2],
    pub(super) periods: Vec<Period>,
}

impl LogRead {
    fn add(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.problems_left_out += 1;
        }
    }
}

/// Checks a log and reads its flows into `starts`, as many as there is room for. Of a log that is
/// not sound nothing is read.
pub(super) fn read(
    source: &LogSource,
    files: &LogFiles,
    span: Option<Span>,
    number: usize,
    starts: &mut Vec<Start>,
    starts_max: usize,
) -> Result<LogRead, LedgerError> {
    let origin = format!("{}/{}", files.key.name(), source.name);
    let held: Vec<Held> = files.held.iter().filter(|held| is_of(held, &origin)).cloned().collect();
    let found = verify(&source.folder, Some(&origin), &files.key, &held)?;
    let mut log = LogRead {
        name: source.name.clone(),
        sound: found.is_sound(),
        entries: found.entries,
        signed: found.signed,
        ..LogRead::default()
    };
    found.problems.iter().for_each(|problem| log.add(problem.to_string()));
    log.problems_left_out += found.problems_left_out;
    if !log.sound {
        return Ok(log);
    }
    let mut reading = Reading { log, span, number, open: HashMap::new(), starts, starts_max, left_out: 0 };
    let mut reader = Reader::open(&source.folder)?;
    while reader.next() < found.entries {
        let Some((entry_number, bytes)) = reader.read_next()? else { break };
        match Entry::from_bytes(&bytes) {
            Ok(entry) => reading.entry(entry_number, entry),
            Err(error) => reading.log.add(format!("entry {entry_number}: {error}")),
        }
    }
    Ok(reading.finish())
}

/// Whether a checkpoint is of this log, or of none that can be told.
fn is_of(held: &Held, origin: &str) -> bool {
    creance_ledger::Checkpoint::read(&held.note).map_or(true, |checkpoint| checkpoint.origin == origin)
}

struct Reading<'a> {
    log: LogRead,
    span: Option<Span>,
    number: usize,
    /// Flows that have not ended yet, by number.
    open: HashMap<u64, Start>,
    starts: &'a mut Vec<Start>,
    starts_max: usize,
    left_out: u64,
}

impl Reading<'_> {
    fn entry(&mut self, number: u64, Entry { at, event }: Entry) {
        if let Some(last) = self.log.last.filter(|last| last.since(at) > DISORDER_MAX) {
            let back = last.since(at).as_seconds();
            self.log.add(format!("at entry {number} the clock of the gateway steps back by {back:.3} s"));
        }
        self.log.first.get_or_insert(at);
        self.log.last = Some(self.log.last.map_or(at, |last| last.max(at)));
        if let Some(span) = self.span {
            let [before, after] = &mut self.log.outside;
            *before += u64::from(at < span.first);
            *after += u64::from(at > span.last);
        }
        match event {
            Event::FlowStarted(started) => self.started(number, at, started),
            Event::FlowProgressed(bytes) => {
                if !self.open.contains_key(&bytes.flow) {
                    self.log.add(format!("entry {number} tells of flow {}, which is not open", bytes.flow));
                }
            }
            Event::FlowEnded { bytes, end } => self.ended(number, at, bytes, end),
            Event::ModeChanged(change) => {
                if let Some(period) = self.log.periods.last_mut() {
                    period.to = Some(at);
                }
                if self.log.periods.last().is_some_and(|last| change.generation <= last.change.generation) {
                    self.log.add(format!("entry {number}: the number of its table is not a new one"));
                }
                if self.log.periods.len() < PERIODS_MAX {
                    self.log.periods.push(Period::new(at, change));
                } else {
                    self.log.add(format!("entry {number}: more changes of mode than are followed"));
                }
            }
            // What a repair cuts off was never acknowledged, so that nothing followed from it.
            Event::Repaired { .. }
            | Event::Opened { .. }
            | Event::Closed
            | Event::Decided(_)
            | Event::Refused(_)
            | Event::Sealed { .. }
            | Event::Alarm { .. } => {}
        }
    }

    fn started(&mut self, number: u64, at: Timestamp, started: FlowStarted) {
        let FlowStarted { flow, generation, station, service, name, binding, blinded, transport, from, to } =
            started;
        let current = self.log.periods.last().map(|period| period.change.generation);
        let start = Start {
            log: self.number,
            flow,
            at,
            generation,
            stale: current.is_some_and(|current| generation != current),
            is_own: station.is_none() || binding == Binding::Own,
            blinded,
            service,
            name,
            transport,
            from: canonical(from),
            to: canonical(to),
            end: None,
        };
        if self.open.len() + self.starts.len() >= self.starts_max {
            self.left_out += 1;
        } else if self.open.insert(flow, start).is_some() {
            self.log.add(format!("entry {number} begins flow {flow}, which is open already"));
        }
    }

    fn ended(&mut self, number: u64, at: Timestamp, bytes: FlowBytes, how: FlowEnd) {
        let FlowBytes { flow, up, down } = bytes;
        let Some(mut start) = self.open.remove(&flow) else {
            if self.left_out == 0 {
                self.log.add(format!("entry {number} ends flow {flow}, which is not open"));
            }
            return;
        };
        start.end = Some(End { at, up, down, how });
        self.keep(start);
    }

    /// Keeps a flow that may be in the capture.
    fn keep(&mut self, start: Start) {
        let Some(span) = self.span else { return };
        let is_over = start.end.as_ref().is_some_and(|end| end.at.after(LINGER) < span.first);
        if !is_over && start.at <= span.last {
            self.starts.push(start);
        }
    }

    fn finish(mut self) -> LogRead {
        let mut open: Vec<Start> = std::mem::take(&mut self.open).into_values().collect();
        open.sort_by_key(|start| start.flow);
        open.into_iter().for_each(|start| self.keep(start));
        if self.left_out > 0 {
            self.log.add(format!("{} flows are more than can be held beside the wire", self.left_out));
        }
        self.log
    }
}

/// An end as the wire shows it: a socket for both families writes IPv4 as IPv6.
const fn canonical(end: Endpoint) -> Endpoint {
    Endpoint { addr: end.addr.to_canonical(), port: end.port }
}
