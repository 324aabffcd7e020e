//! What the logs say, as far as the capture reaches.

use super::log::{self, LogFiles, LogRead};
use creance_ledger::{FlowEnd, LedgerError};
use creance_model::{Duration, Endpoint, HostName, ServiceId, Timestamp, Transport};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

/// Flows of all logs that are held.
const STARTS_MAX: usize = 1 << 20;

/// The first and the last moment of a capture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// A flow as the ledger has it.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// The place of its log.
    pub(super) log: usize,
    /// Its number there.
    pub(super) flow: u64,
    pub(super) at: Timestamp,
    pub(super) generation: u64,
    /// It was let out by another table than the one that held.
    pub(super) stale: bool,
    /// It is Creance's own.
    pub(super) is_own: bool,
    /// Its hello hid another name, or looked as if it did.
    pub(super) blinded: bool,
    pub(super) service: Option<ServiceId>,
    pub(super) name: Option<HostName>,
    pub(super) transport: Transport,
    pub(super) from: Endpoint,
    pub(super) to: Endpoint,
    pub(super) end: Option<End>,
}

/// The end of one.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) at: Timestamp,
    pub(super) up: Option<u64>,
    pub(super) down: Option<u64>,
    pub(super) how: FlowEnd,
}

/// What carries a flow, and its two ends: the gateway's first.
pub(super) type Tuple = (Transport, Endpoint, Endpoint);

/// What the logs say of the time of a capture.
#[derive(Debug)]
pub struct Books {
    pub(super) logs: Vec<LogRead>,
    pub(super) key_was_given: bool,
    pub(super) clocks_within: Duration,
    pub(super) span: Option<Span>,
    pub(super) starts: Vec<Start>,
    /// The places of flows by their ends, in the order of their moments.
    pub(super) by_tuple: HashMap<Tuple, Vec<u32>>,
    /// The gateway's own addresses on its uplink.
    pub(super) addresses: BTreeSet<IpAddr>,
}

impl Books {
    /// Checks and reads logs. `span` holds the moments of the first and the last packet that they
    /// are held against; what lies outside is counted and not kept.
    ///
    /// # Errors
    /// [`LedgerError`] where there is no such log. One that is not sound is no error: nothing of it
    /// is believed, and the report says so.
    pub fn read(files: &LogFiles, span: Option<(Timestamp, Timestamp)>) -> Result<Self, LedgerError> {
        Self::bounded(files, span, STARTS_MAX)
    }

    pub(super) fn bounded(
        files: &LogFiles,
        span: Option<(Timestamp, Timestamp)>,
        starts_max: usize,
    ) -> Result<Self, LedgerError> {
        let span = span.map(|(first, last)| Span { first, last });
        let (mut logs, mut starts) = (Vec::new(), Vec::new());
        for (number, source) in files.logs.iter().enumerate() {
            logs.push(log::read(source, files, span, number, &mut starts, starts_max)?);
        }
        starts.sort_by_key(|start| (start.at, start.log, start.flow));
        let mut by_tuple: HashMap<Tuple, Vec<u32>> = HashMap::new();
        for (start, place) in starts.iter().zip(0..) {
            by_tuple.entry((start.transport, start.from, start.to)).or_default().push(place);
        }
        let addresses = starts.iter().map(|start| start.from.addr).collect();
        Ok(Self {
            logs,
            key_was_given: files.key_was_given,
            clocks_within: files.clocks_within,
            span,
            starts,
            by_tuple,
            addresses,
        })
    }

    /// The gateway's own addresses on its uplink, as its ledger names them.
    pub(crate) const fn addresses(&self) -> &BTreeSet<IpAddr> {
        &self.addresses
    }

    /// Whether every log is sound, and nothing of what it says was left out or contradicts itself.
    pub(super) fn is_whole(&self) -> bool {
        self.logs.iter().all(|log| log.sound && log.problems.is_empty())
    }
}
