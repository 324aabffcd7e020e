//! The part of the report that sets the ledger beside the wire. Payload is counted without
//! headers, each byte once: TCP by its sequence numbers, UDP as it is.

use serde::Serialize;

/// What the ledger and the wire say of each other.
#[derive(Debug, Clone, Serialize)]
pub struct Reconciliation {
    /// The logs.
    pub logs: Vec<LogChecked>,
    /// Whether the key that the logs were checked with was given by whoever asked, and did not lie
    /// beside them.
    pub key_was_given: bool,
    /// How far the clocks of tap and gateway may be apart, as declared.
    pub clocks_within_seconds: f64,
    /// The gateway's own addresses, as the ledger names them.
    pub gateway_addresses: Vec<String>,
    /// Flows of the ledger in the time of the capture.
    pub ledger_flows: u64,
    /// Those of them whose bytes agree with the wire.
    pub agreeing_flows: u64,
    /// Those of them that say 0 bytes and that the wire does not have.
    pub silent_flows: u64,
    /// Flows of the gateway on the wire.
    pub wire_flows: u64,
    /// Those of them that an entry explains.
    pub explained_flows: u64,
    /// Flows of other hosts.
    pub other_hosts_flows: u64,
    /// Flows within tunnels, which stand or fall with the flow that carries them.
    pub tunnelled_flows: u64,
    /// Payload of explained flows from the gateway, by the wire.
    pub wire_up_payload_bytes: u64,
    /// The same towards it.
    pub wire_down_payload_bytes: u64,
    /// Payload of the same flows from the gateway, by the ledger, as far as it is known.
    pub ledger_up_payload_bytes: u64,
    /// The same towards it.
    pub ledger_down_payload_bytes: u64,
    /// Payload that the gateway sent again, which the ledger does not count.
    pub again_up_payload_bytes: u64,
    /// What follows for the claims.
    pub findings: Vec<LedgerFinding>,
    /// Flows of the wire that no entry explains, by number.
    pub unexplained: Vec<Unexplained>,
    /// Those that are more than is listed.
    pub unexplained_left_out: u64,
    /// Flows of the ledger that do not agree with the wire, in the order of their moments.
    pub disagreeing: Vec<Disagreeing>,
    /// Those that are more than is listed.
    pub disagreeing_left_out: u64,
    /// The host's own traffic: the few kinds that need no entry.
    pub host: Vec<HostKind>,
    /// The modes that held, by the ledger.
    pub modes: Vec<ModePeriod>,
    /// Those that are more than is listed.
    pub modes_left_out: u64,
}

/// A log.
#[derive(Debug, Clone, Serialize)]
pub struct LogChecked {
    /// Its name.
    pub name: String,
    /// Whether it is sound; of one that is not nothing was believed.
    pub sound: bool,
    /// Entries.
    pub entries: u64,
    /// How many of them a checkpoint signs for that holds.
    pub signed_entries: u64,
    /// Its first entry.
    pub first: Option<String>,
    /// Its last entry.
    pub last: Option<String>,
    /// Entries before the first packet of the capture.
    pub entries_before: u64,
    /// Entries after the last packet.
    pub entries_after: u64,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// Problems that are more than is listed.
    pub problems_left_out: u64,
}

/// A flow of the wire that nothing explains.
#[derive(Debug, Clone, Serialize)]
pub struct Unexplained {
    /// Its number.
    pub flow: u64,
    /// Its first packet.
    pub first: String,
    /// The transport.
    pub transport: String,
    /// The gateway's end.
    pub gateway: String,
    /// The other end.
    pub remote: String,
    /// Packets that the gateway sent.
    pub sent_packets: u64,
    /// Payload from the gateway.
    pub up_payload_bytes: u64,
    /// Payload towards it.
    pub down_payload_bytes: u64,
    /// Whether any of it lies within the judged window.
    pub in_window: bool,
    /// Why nothing explains it.
    pub why: String,
}

/// A flow of the ledger that does not agree with the wire.
#[derive(Debug, Clone, Serialize)]
pub struct Disagreeing {
    /// Its log.
    pub log: String,
    /// Its number there.
    pub ledger_flow: u64,
    /// The flows of the capture that are it, the first few.
    pub flow_numbers: Vec<u64>,
    /// When the ledger begins it.
    pub started: String,
    /// The transport.
    pub transport: String,
    /// The gateway's end.
    pub gateway: String,
    /// The other end.
    pub remote: String,
    /// The name that was asked for.
    pub name: Option<String>,
    /// The service that it was let out for.
    pub service: Option<String>,
    /// Payload from the gateway by the wire; `None` where the wire does not have the flow.
    pub wire_up_payload_bytes: Option<u64>,
    /// The same by the ledger; `None` where it does not know.
    pub ledger_up_payload_bytes: Option<u64>,
    /// Payload towards the gateway by the wire.
    pub wire_down_payload_bytes: Option<u64>,
    /// The same by the ledger.
    pub ledger_down_payload_bytes: Option<u64>,
    /// In what they do not agree.
    pub what: String,
}

/// Traffic of a host's own.
#[derive(Debug, Clone, Serialize)]
pub struct HostKind {
    /// What.
    pub kind: String,
    /// Flows; 0 for frames that are no part of any.
    pub flows: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

impl HostKind {
    /// A kind of which nothing was seen yet.
    pub(crate) fn named(kind: &str) -> Self {
        Self { kind: kind.to_owned(), flows: 0, packets: 0, bytes: 0 }
    }
}

/// A mode that held.
#[derive(Debug, Clone, Serialize)]
pub struct ModePeriod {
    /// The log that says so.
    pub log: String,
    /// From when on.
    pub from: String,
    /// Until when; `None` is until the end of the log.
    pub to: Option<String>,
    /// The mode.
    pub mode: String,
    /// The number of the table of decisions.
    pub generation: u64,
    /// Services exempt from Local Data.
    pub exempt: Vec<String>,
    /// Services granted in Restricted.
    pub granted: Vec<String>,
    /// Flows that the change cut, by its own count.
    pub flows_cut: u64,
    /// When the last of them was reset.
    pub last_cut: Option<String>,
    /// Flows that the ledger ends with the change, in the time of the capture.
    pub cut_flows_in_capture: u64,
    /// Those of them that the wire shows sending payload after the last reset.
    pub sent_after_cut: u64,
}

/// What follows for the claims.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerFinding {
    /// In plain words.
    pub text: String,
    /// The claims that it refutes.
    pub refutes: Vec<u8>,
    /// The claims that it leaves open.
    pub leaves_open: Vec<u8>,
    /// Flows of the capture that show it, the lowest few.
    pub flow_numbers: Vec<u64>,
}
