//! The report as data. A change of meaning or a removed field raises [`SCHEMA`].
//!
//! Conventions: times are RFC 3339 in UTC with nanoseconds where needed; `…_bytes` are bytes on
//! the wire from the IP header on; `up` is from the station, `down` towards it; lists are bounded
//! and say how much was left out; everything is in a fixed order, so that the same inputs give
//! the same bytes.

use super::reconciliation::Reconciliation;
use serde::Serialize;

/// The schema that a report names.
pub const SCHEMA: &str = "creance.audit/1";

/// A whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What made it.
    pub producer: Producer,
    /// What was asked.
    pub question: Question,
    /// The captures.
    pub inputs: Vec<Input>,
    /// How much of what happened the captures show.
    pub coverage: Coverage,
    /// What a gateway's ledger and the captures say of each other, where a ledger was given.
    pub reconciliation: Option<Reconciliation>,
    /// In one sentence each: what a reader must know first. The first is the main verdict.
    pub headline: Vec<String>,
    /// All claims, by number.
    pub claims: Vec<Claim>,
    /// Whom the stations talked to, by bytes sent, most first.
    pub contacts: Vec<Contact>,
    /// Contacts that are more than is listed; their bytes are counted here.
    pub contacts_left_out: LeftOut,
    /// Every host name seen, with where it was seen, sorted.
    pub hosts: Vec<Host>,
    /// Host names that are more than is listed.
    pub hosts_left_out: u64,
    /// Traffic that stayed on the link or went to declared sinks.
    pub stayed: Vec<Stayed>,
    /// The first flows, by number; all of them stand in `flows.tsv`.
    pub flows: Vec<Flow>,
    /// Flows that are more than is listed here.
    pub flows_left_out: u64,
}

/// What made a report.
#[derive(Debug, Clone, Serialize)]
pub struct Producer {
    /// The program.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// SHA-256 of the catalogue's text, overlays included, in hexadecimal.
    pub catalogue_sha256: String,
    /// Entries that overlays added or changed, by service and file.
    pub overlays: Vec<String>,
    /// The date of the residency data.
    pub geo_date: String,
    /// SHA-256 of the residency data, in hexadecimal.
    pub geo_sha256: String,
    /// Files of policies that the operator added.
    pub policies: Vec<String>,
}

/// What was asked.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    /// The mode that is claimed, where one is.
    pub mode: Option<String>,
    /// Services exempt from Local Data, each with where that comes from.
    pub exempt: Vec<Allowance>,
    /// Services granted in Restricted.
    pub granted: Vec<Allowance>,
    /// Jurisdictions that must not be contacted.
    pub forbidden_jurisdictions: Vec<String>,
    /// The numbers of the claims that decide the exit status.
    pub requested_claims: Vec<u8>,
    /// Whose verdicts decide the exit status: `station` or `app`.
    pub verdict_of: &'static str,
    /// The stations, each with how it is known to be one.
    pub stations: Vec<Station>,
    /// Declared sinks: addresses and networks whose traffic counts as stayed.
    pub local: Vec<String>,
    /// The app that is judged apart, where one is named.
    pub app: Option<String>,
    /// Baseline captures of the same station without the app.
    pub baselines: Vec<String>,
    /// The judged window, where one was given.
    pub window: Option<Window>,
}

/// A service that was let out, and everything that this opens.
#[derive(Debug, Clone, Serialize)]
pub struct Allowance {
    /// The service's id.
    pub service: String,
    /// Where the allowance comes from, such as `--exempt`.
    pub origin: String,
    /// Every category that leaves with it, also those of other services on the same hosts.
    pub takes: Vec<String>,
    /// Other services that the same hosts serve.
    pub also_opens: Vec<String>,
}

/// A station.
#[derive(Debug, Clone, Serialize)]
pub struct Station {
    /// Its address.
    pub address: String,
    /// Declared, or how it was inferred.
    pub how: String,
}

/// A stretch of time.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    /// Its first moment.
    pub from: String,
    /// Its last moment.
    pub to: String,
    /// Its length in seconds.
    pub seconds: f64,
}

/// A capture.
#[derive(Debug, Clone, Serialize)]
pub struct Input {
    /// Its name, without folders.
    pub name: String,
    /// SHA-256 of the file as given; `None` where the digest was switched off.
    pub sha256: Option<String>,
    /// Bytes of the file as given; `None` where the digest was switched off.
    pub bytes: Option<u64>,
    /// How it is packed.
    pub compression: String,
    /// Its format.
    pub format: String,
    /// Its interfaces.
    pub interfaces: Vec<Interface>,
    /// Comments that it carries.
    pub comments: Vec<String>,
    /// How the reading ended, in words; `complete` where it reached the end.
    pub ending: String,
    /// Entries of name tables in the file; they are no evidence and were not used.
    pub resolved_names: u64,
    /// Blocks of secrets in the file; they were not used.
    pub secrets: u64,
}

/// An interface of a capture.
#[derive(Debug, Clone, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: Option<String>,
    /// Its link type by number.
    pub link_type: u32,
    /// The most bytes kept of a packet; `None` is no limit.
    pub snap_len_bytes: Option<u32>,
    /// Packets.
    pub packets: u64,
    /// Packets lost, where the file says so after the last packet.
    pub dropped: Option<u64>,
    /// The capture filter.
    pub filter: Option<String>,
}

/// How much of what happened the captures show.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// The first packet.
    pub first: Option<String>,
    /// The last packet.
    pub last: Option<String>,
    /// The time between them in seconds.
    pub seconds: f64,
    /// Packets.
    pub packets: u64,
    /// Bytes of packets on the wire.
    pub bytes: u64,
    /// Flows.
    pub flows: u64,
    /// Packets lost; `None` is not known, which is not the same as none.
    pub dropped: Option<u64>,
    /// Packets cut short by the snap length.
    pub truncated_packets: u64,
    /// Flows whose start is not in the capture.
    pub mid_stream_flows: u64,
    /// Flows put out of memory while they may still have been in use (they are listed).
    pub evicted_flows: u64,
    /// Acknowledgements of bytes that are not in the capture.
    pub unseen_acknowledged: u64,
    /// What was not understood, by name.
    pub unread: Vec<Counted>,
    /// Traffic between neighbours that no router forwards, by name.
    pub link_only: Vec<Counted>,
    /// Tunnels found, as `kind A – B`.
    pub tunnels: Vec<String>,
    /// What hides names or content from an audit, such as ECH or DNS over HTTPS.
    pub blinding: Vec<Reason>,
    /// Station traffic seen before the judged window, as packets sent and received.
    pub control_before: Control,
    /// Station traffic seen after the judged window.
    pub control_after: Control,
    /// What lowers every claim about "all" or "nothing"; empty where the capture is complete.
    pub lowered_by: Vec<String>,
    /// What no capture of this kind can show.
    pub not_covered: Vec<String>,
}

/// Positive control: that the same tap saw the station's traffic.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Control {
    /// Packets from stations to others.
    pub sent_packets: u64,
    /// Packets from others to stations.
    pub received_packets: u64,
}

/// A count with a name.
#[derive(Debug, Clone, Serialize)]
pub struct Counted {
    /// What.
    pub name: String,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
    /// The number of the first such packet.
    pub first_packet: u64,
}

/// What a claim came to.
#[derive(Debug, Clone, Serialize)]
pub struct Claim {
    /// Its number.
    pub number: u8,
    /// The statement that was decided.
    pub statement: String,
    /// Whether its verdict counts for the exit status.
    pub requested: bool,
    /// The evidence that it needs.
    pub needs: String,
    /// The verdict for the whole station, platform background included.
    pub station: Ruling,
    /// The verdict for the app alone.
    pub app: Ruling,
    /// The same claim under other assumptions: with no exemptions, with the shipped catalogue.
    pub variants: Vec<Variant>,
    /// Rows that show what the claim rests on, with headings.
    pub table: Option<Table>,
}

/// A verdict and why.
#[derive(Debug, Clone, Serialize)]
pub struct Ruling {
    /// `upheld`, `refuted`, `inconclusive` or `not tested`.
    pub verdict: String,
    /// Why, in one plain sentence.
    pub because: String,
    /// What refutes it.
    pub against: Vec<Reason>,
    /// What leaves it open.
    pub open: Vec<Reason>,
    /// How many flows were found to agree with it.
    pub agreeing_flows: u64,
    /// For claims not tested or inconclusive: what would decide it.
    pub would_decide: Option<String>,
}

/// A reason with the flows that show it.
#[derive(Debug, Clone, Serialize)]
pub struct Reason {
    /// In plain words.
    pub text: String,
    /// How many flows.
    pub flows: u64,
    /// Their numbers, the lowest few.
    pub flow_numbers: Vec<u64>,
}

/// A verdict under other assumptions.
#[derive(Debug, Clone, Serialize)]
pub struct Variant {
    /// Which, such as `with no exemptions`.
    pub name: String,
    /// The verdict.
    pub verdict: String,
    /// Why.
    pub because: String,
}

/// Rows with headings.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// Headings.
    pub columns: Vec<String>,
    /// Rows, each as long as the headings.
    pub rows: Vec<Vec<String>>,
    /// Rows that are more than is listed.
    pub left_out: u64,
}

/// Somebody whom the stations talked to.
#[derive(Debug, Clone, Serialize)]
pub struct Contact {
    /// `service`, `claimed service` (nothing ties its name to the address), `unknown host`,
    /// `unknown address`, `resolver` or `tunnel`.
    pub kind: String,
    /// The service's id, the host, or the address.
    pub id: String,
    /// What a reader calls it.
    pub name: String,
    /// The party, where the catalogue knows it.
    pub party: Option<String>,
    /// `first`, `third`, `platform`, `operator`.
    pub party_kind: Option<String>,
    /// The country whose law the party answers to. Where the server stands is in `places`.
    pub jurisdiction: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// What the catalogue says it takes.
    pub takes: Vec<String>,
    /// What was seen in clear.
    pub seen: Vec<String>,
    /// For the unknown: `probably …`, each with its evidence. Never a fact.
    pub hints: Vec<String>,
    /// The names it was reached by, the first few.
    pub hosts: Vec<String>,
    /// Where its servers stand, by address, the first few.
    pub places: Vec<Place>,
    /// Protocols and how well they protect, such as `tls 1.3`.
    pub protocols: Vec<String>,
    /// How the name is tied to the address: `dns`, `certificate`, `network`, `claimed only`.
    pub ties: Vec<String>,
    /// Apps that the capture names for it.
    pub apps: Vec<String>,
    /// Whether the mode allows it, where a mode is claimed: `allowed`, `denied`, `unclear`.
    pub decision: Option<String>,
    /// The policies that determined the decision.
    pub policies: Vec<String>,
    /// Flows.
    pub flows: u64,
    /// Their numbers, the lowest few.
    pub flow_numbers: Vec<u64>,
    /// From the stations.
    pub up_bytes: u64,
    /// To the stations.
    pub down_bytes: u64,
    /// From the stations within the judged window.
    pub window_up_bytes: u64,
    /// To the stations within the judged window.
    pub window_down_bytes: u64,
    /// The first packet.
    pub first: String,
    /// The last packet.
    pub last: String,
    /// When it was in contact: seconds from the capture's start, merged stretches, the first few.
    pub spans: Vec<[f64; 2]>,
}

/// Where a server stands.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// Its address.
    pub address: String,
    /// The conclusion: a country, `anycast`, `conflict`, `unknown`, `not public`.
    pub conclusion: String,
    /// The country, where the conclusion is one.
    pub country: Option<String>,
    /// The evidence, in words.
    pub evidence: Vec<String>,
}

/// Contacts that are not listed one by one.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct LeftOut {
    /// How many flows they had.
    pub flows: u64,
    /// From the stations.
    pub up_bytes: u64,
    /// To the stations.
    pub down_bytes: u64,
}

/// A host name that was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Host {
    /// The name.
    pub name: String,
    /// Where: `tls`, `quic`, `dtls`, `http`, `rtsp`, `proxy`, `socks`, `dns`.
    pub sources: Vec<String>,
}

/// Traffic that did not leave.
#[derive(Debug, Clone, Serialize)]
pub struct Stayed {
    /// Where to, and why that stays.
    pub what: String,
    /// Flows.
    pub flows: u64,
    /// Bytes from the stations.
    pub up_bytes: u64,
}

/// A flow.
#[derive(Debug, Clone, Serialize)]
pub struct Flow {
    /// Its number.
    pub number: u64,
    /// `left`, `stayed`, `inbound only` or `not of a station`.
    pub direction: String,
    /// The transport.
    pub transport: String,
    /// The station's end.
    pub station: String,
    /// The other end.
    pub remote: String,
    /// The names claimed, asked for or tied.
    pub names: Vec<String>,
    /// The services.
    pub services: Vec<String>,
    /// The protocols, outermost first.
    pub protocols: Vec<String>,
    /// The decision of the claimed mode.
    pub decision: Option<String>,
    /// The app that the capture names.
    pub app: Option<String>,
    /// The first packet.
    pub first: String,
    /// The last packet.
    pub last: String,
    /// From the station.
    pub up_bytes: u64,
    /// To the station.
    pub down_bytes: u64,
    /// What a reader must heed, such as anomalies.
    pub notes: Vec<String>,
}

/// Two or more captures side by side.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// [`SCHEMA`] with `compare` in its place.
    pub schema: &'static str,
    /// The names that the captures were given, in the order given.
    pub names: Vec<String>,
    /// One row for each contact that any of them has.
    pub rows: Vec<ComparisonRow>,
    /// In words, what each has that the first has not, and the other way round.
    pub differences: Vec<String>,
    /// What limits the comparison (different lengths, captures that are not complete).
    pub caveats: Vec<String>,
    /// The reports, in the order given.
    pub reports: Vec<Report>,
}

/// One contact over all captures.
#[derive(Debug, Clone, Serialize)]
pub struct ComparisonRow {
    /// As in [`Contact`].
    pub kind: String,
    /// As in [`Contact`].
    pub id: String,
    /// As in [`Contact`].
    pub name: String,
    /// As in [`Contact`].
    pub party: Option<String>,
    /// Bytes from the stations in each capture; `None` where it was not contacted.
    pub up_bytes: Vec<Option<u64>>,
    /// Bytes from the stations in each capture, less those in the first.
    pub delta_up_bytes: Vec<i64>,
}
