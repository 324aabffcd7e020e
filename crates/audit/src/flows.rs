//! Lists that grow with the flows: lines of all flows, host names, what stayed.

use crate::judged::Judged;
use crate::mode::{Ruled, describe as describe_anomaly};
use crate::protection::describe;
use crate::report::data::{Flow, Host, Stayed};
use crate::sent::{Direction, Seen};
use crate::text::{push, push_decimal, push_endpoint, push_rfc3339, rfc3339};
use creance_capture::{Ended, FlowRecord, Started};
use creance_model::Transport;
use creance_wire::{Anomaly, NameSource, Protocol};
use foldhash::HashMap;
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;

/// Flows listed in the report itself, those with the lowest numbers.
const FLOWS_MAX: usize = 2_000;
/// Host names listed.
const HOSTS_MAX: usize = 50_000;
/// Kinds of staying traffic listed.
const STAYS_MAX: usize = 500;

const HEADINGS: &[u8] = b"number\tdirection\ttransport\tstation\tremote\tnames\tservices\tprotocols\tdecision\tapp\tfirst\tlast\tup_bytes\tdown_bytes\tnotes\n";

/// Writes a line for each flow and keeps the first.
pub(crate) struct FlowLines<'w> {
    out: Option<io::BufWriter<&'w mut dyn Write>>,
    line: String,
    kept: BTreeMap<u64, Flow>,
    total: u64,
}

impl<'w> FlowLines<'w> {
    pub(crate) fn new(out: Option<&'w mut dyn Write>) -> io::Result<Self> {
        let mut out = out.map(|out| io::BufWriter::with_capacity(1 << 18, out));
        if let Some(out) = &mut out {
            out.write_all(HEADINGS)?;
        }
        Ok(Self { out, line: String::new(), kept: BTreeMap::new(), total: 0 })
    }

    pub(crate) fn add(&mut self, judged: &Judged<'_>, app: Option<&str>) -> io::Result<()> {
        self.total += 1;
        if let Some(out) = &mut self.out {
            self.line.clear();
            push_line(&mut self.line, judged, app);
            out.write_all(self.line.as_bytes())?;
        }
        let is_low = self.kept.len() < FLOWS_MAX
            || self.kept.last_key_value().is_some_and(|(last, _)| judged.number() < *last);
        if is_low {
            self.kept.insert(judged.number(), flow(judged, app));
            if self.kept.len() > FLOWS_MAX {
                self.kept.pop_last();
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<(Vec<Flow>, u64)> {
        if let Some(out) = &mut self.out {
            out.flush()?;
        }
        let left_out = self.total - self.kept.len() as u64;
        Ok((self.kept.into_values().collect(), left_out))
    }
}

/// A flow as a line, at the end of a text. Nothing is put together that could be written as it is:
/// there may be millions.
fn push_line(line: &mut String, judged: &Judged<'_>, app: Option<&str>) {
    let (record, seen, who) = (judged.flow, judged.seen, judged.who);
    push_decimal(line, record.number);
    push_all(line, ["\t", direction(seen), "\t"]);
    push_transport(line, record.transport);
    line.push('\t');
    push_endpoint(line, seen.station);
    push_all(line, ["\t", judged.remote.text, "\t"]);
    push_listed(line, who.names.iter().map(|name| name.text.as_str()));
    line.push('\t');
    push_listed(line, services(judged).into_iter());
    push_all(line, ["\t", judged.protocols, "\t", judged.ruled.map_or("", Ruled::word), "\t"]);
    push_cleaned(line, app.unwrap_or_default());
    line.push('\t');
    push_rfc3339(line, record.first);
    line.push('\t');
    push_rfc3339(line, record.last);
    let (up, down) = (seen.sent(&record.total()).bytes, seen.received(&record.total()).bytes);
    for bytes in [up, down] {
        line.push('\t');
        push_decimal(line, bytes);
    }
    line.push('\t');
    push_listed(line, notes(judged).iter().map(AsRef::as_ref));
    line.push('\n');
}

fn push_transport(line: &mut String, transport: Transport) {
    match transport {
        Transport::Tcp => line.push_str("tcp"),
        Transport::Udp => line.push_str("udp"),
        Transport::Icmp | Transport::Other(_) => push(line, format_args!("{transport}")),
    }
}

fn push_all<const COUNT: usize>(line: &mut String, texts: [&str; COUNT]) {
    texts.into_iter().for_each(|text| line.push_str(text));
}

fn push_listed<'t>(line: &mut String, texts: impl Iterator<Item = &'t str>) {
    for (place, text) in texts.enumerate() {
        if place > 0 {
            line.push(',');
        }
        push_cleaned(line, text);
    }
}

/// Control characters would break the line.
fn push_cleaned(line: &mut String, text: &str) {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return line.push_str(text);
    }
    line.extend(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
}

const fn direction(seen: &Seen) -> &'static str {
    match seen.direction {
        Direction::Left => "left",
        Direction::Stayed(_) => "stayed",
        Direction::InboundOnly => "inbound only",
        Direction::NotOfStation => "not of a station",
    }
}

fn services<'j>(judged: &Judged<'j>) -> Vec<&'j str> {
    let listed = judged.who.names.iter().flat_map(|name| &name.listed);
    let mut services: Vec<&str> = listed.map(|listed| listed.found.service.id.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    services
}

fn flow(judged: &Judged<'_>, app: Option<&str>) -> Flow {
    let (record, seen, who) = (judged.flow, judged.seen, judged.who);
    Flow {
        number: record.number,
        direction: direction(seen).to_owned(),
        transport: record.transport.to_string(),
        station: seen.station.to_string(),
        remote: judged.remote.text.to_owned(),
        names: who.names.iter().map(|name| name.text.clone()).collect(),
        services: services(judged).into_iter().map(str::to_owned).collect(),
        protocols: describe(&record.facts),
        decision: judged.ruled.map(|ruled| ruled.word().to_owned()),
        app: app.map(str::to_owned),
        first: rfc3339(record.first),
        last: rfc3339(record.last),
        up_bytes: seen.sent(&record.total()).bytes,
        down_bytes: seen.received(&record.total()).bytes,
        notes: notes(judged).into_iter().map(Cow::into_owned).collect(),
    }
}

fn notes<'j>(judged: &Judged<'j>) -> Vec<Cow<'j, str>> {
    let record = judged.flow;
    let mut notes: Vec<Cow<'j, str>> = Vec::new();
    if let Some(Ruled::Denied(why, _) | Ruled::Unclear(why)) = judged.ruled {
        notes.push(why.as_str().into());
    }
    if let Direction::Stayed(why) = judged.seen.direction {
        notes.push(why.into());
    }
    if record.is_tunnel {
        notes.push("carries other flows".into());
    }
    for tunnel in &record.tunnels {
        notes.push(format!("through {} {} – {}", tunnel.kind, tunnel.source, tunnel.destination).into());
    }
    if record.started == Started::MidStream {
        notes.push("starts midway".into());
    }
    if record.ended == Ended::Evicted {
        notes.push("put out of memory; what followed is another flow".into());
    }
    notes.extend(record.facts.anomalies.iter().map(|anomaly| describe_anomaly(anomaly).into()));
    notes.extend(judged.blinding.iter().map(|text| Cow::Borrowed(*text)));
    if record.queried_left_out > 0 {
        notes.push(format!("{} more names asked for", record.queried_left_out).into());
    }
    notes
}

/// Every host name seen, with where.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    by_name: HashMap<String, BTreeSet<&'static str>>,
    left_out: u64,
}

impl Hosts {
    pub(crate) fn add(&mut self, flow: &FlowRecord) {
        for seen in &flow.facts.names {
            self.put(seen.name.as_str(), source(seen.source));
        }
        for queried in &flow.queried {
            if let Some(host) = &queried.host {
                self.put(host.as_str(), "dns");
            }
        }
        for anomaly in &flow.facts.anomalies {
            if let Anomaly::InvalidName(text) = anomaly {
                self.put(text, "invalid");
            }
        }
    }

    fn put(&mut self, name: &str, source: &'static str) {
        if let Some(sources) = self.by_name.get_mut(name) {
            sources.insert(source);
        } else if self.by_name.len() < HOSTS_MAX {
            self.by_name.insert(name.to_owned(), BTreeSet::from([source]));
        } else {
            self.left_out += 1;
        }
    }

    pub(crate) fn finish(self) -> (Vec<Host>, u64) {
        let mut list: Vec<Host> = self
            .by_name
            .into_iter()
            .map(|(name, sources)| Host { name, sources: sources.into_iter().map(str::to_owned).collect() })
            .collect();
        list.sort();
        (list, self.left_out)
    }
}

const fn source(source: NameSource) -> &'static str {
    match source {
        NameSource::TlsHello => "tls",
        NameSource::QuicHello => "quic",
        NameSource::DtlsHello => "dtls",
        NameSource::HttpHost => "http",
        NameSource::RtspAddress => "rtsp",
        NameSource::HttpProxyTarget => "proxy",
        NameSource::SocksTarget => "socks",
    }
}

/// Traffic that stayed, by where it went.
#[derive(Debug, Default)]
pub(crate) struct Stays {
    by_place: HashMap<Stay, (u64, u64)>,
    further: (u64, u64),
}

/// What stayed, to whom, and why. Made into words at the end, since there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Stay {
    what: What,
    remote: IpAddr,
    why: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Protocol(Protocol),
    Transport(Transport),
}

impl Stays {
    pub(crate) fn add(&mut self, flow: &FlowRecord, seen: &Seen, why: &'static str) {
        let what = flow.facts.protocol().map_or(What::Transport(flow.transport), What::Protocol);
        let stay = Stay { what, remote: seen.remote.addr, why };
        let is_full = self.by_place.len() >= STAYS_MAX;
        let entry = match self.by_place.entry(stay) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if is_full => &mut self.further,
            Entry::Vacant(new) => new.insert((0, 0)),
        };
        entry.0 += 1;
        entry.1 += seen.sent(&flow.total()).bytes;
    }

    pub(crate) fn finish(self) -> Vec<Stayed> {
        let words = |stay: Stay| match stay.what {
            What::Protocol(protocol) => format!("{} to {} ({})", protocol.name(), stay.remote, stay.why),
            What::Transport(transport) => format!("{transport} to {} ({})", stay.remote, stay.why),
        };
        let stays = self.by_place.into_iter().map(|(stay, counts)| (words(stay), counts));
        // Protocols may share a name.
        let mut by_words: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for (what, (flows, up_bytes)) in stays.chain([("further".to_owned(), self.further)]) {
            let entry = by_words.entry(what).or_default();
            entry.0 += flows;
            entry.1 += up_bytes;
        }
        let some = by_words.into_iter().filter(|(_, (flows, _))| *flows > 0);
        some.map(|(what, (flows, up_bytes))| Stayed { what, flows, up_bytes }).collect()
    }
}
