//! Lists that grow with the flows: lines of all flows, host names, what stayed.

use crate::judged::Judged;
use crate::mode::{Ruled, describe as describe_anomaly};
use crate::protection::describe;
use crate::report::data::{Flow, Host, Stayed};
use crate::sent::{Direction, Seen};
use crate::when::rfc3339;
use creance_capture::{Ended, FlowRecord, Started};
use creance_wire::{Anomaly, NameSource};
use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

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
    kept: BTreeMap<u64, Flow>,
    total: u64,
}

impl<'w> FlowLines<'w> {
    pub(crate) fn new(out: Option<&'w mut dyn Write>) -> io::Result<Self> {
        let mut out = out.map(|out| io::BufWriter::with_capacity(1 << 18, out));
        if let Some(out) = &mut out {
            out.write_all(HEADINGS)?;
        }
        Ok(Self { out, kept: BTreeMap::new(), total: 0 })
    }

    pub(crate) fn add(&mut self, judged: &Judged<'_>, app: Option<&str>) -> io::Result<()> {
        self.total += 1;
        if let Some(out) = &mut self.out {
            line(out, judged, app)?;
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

/// A flow as a line. Nothing is put together that could be written as it is: there may be millions.
fn line(out: &mut dyn Write, judged: &Judged<'_>, app: Option<&str>) -> io::Result<()> {
    let (record, seen, who) = (judged.flow, judged.seen, judged.who);
    let number = record.number;
    write!(
        out,
        "{number}\t{}\t{}\t{}\t{}\t",
        direction(seen),
        record.transport,
        seen.station,
        judged.remote
    )?;
    listed(out, who.names.iter().map(|name| name.text.as_str()))?;
    out.write_all(b"\t")?;
    listed(out, services(judged).into_iter())?;
    let decision = judged.ruled.map_or("", Ruled::word);
    write!(out, "\t{}\t{decision}\t", judged.protocols)?;
    cleaned(out, app.unwrap_or_default())?;
    let (up, down) = (seen.sent(&record.total).bytes, seen.received(&record.total).bytes);
    write!(out, "\t{}\t{}\t{up}\t{down}\t", rfc3339(record.first), rfc3339(record.last))?;
    listed(out, notes(judged).iter().map(String::as_str))?;
    out.write_all(b"\n")
}

fn listed<'t>(out: &mut dyn Write, texts: impl Iterator<Item = &'t str>) -> io::Result<()> {
    for (place, text) in texts.enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        cleaned(out, text)?;
    }
    Ok(())
}

/// Control characters would break the line.
fn cleaned(out: &mut dyn Write, text: &str) -> io::Result<()> {
    if text.chars().any(char::is_control) {
        let clean: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        return out.write_all(clean.as_bytes());
    }
    out.write_all(text.as_bytes())
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
        remote: judged.remote.to_owned(),
        names: who.names.iter().map(|name| name.text.clone()).collect(),
        services: services(judged).into_iter().map(str::to_owned).collect(),
        protocols: describe(&record.facts),
        decision: judged.ruled.map(|ruled| ruled.word().to_owned()),
        app: app.map(str::to_owned),
        first: rfc3339(record.first),
        last: rfc3339(record.last),
        up_bytes: seen.sent(&record.total).bytes,
        down_bytes: seen.received(&record.total).bytes,
        notes: notes(judged),
    }
}

fn notes(judged: &Judged<'_>) -> Vec<String> {
    let record = judged.flow;
    let mut notes = Vec::new();
    if let Some(Ruled::Denied(why, _) | Ruled::Unclear(why)) = judged.ruled {
        notes.push(why.clone());
    }
    if let Direction::Stayed(why) = judged.seen.direction {
        notes.push(why.to_owned());
    }
    if record.is_tunnel {
        notes.push("carries other flows".to_owned());
    }
    for tunnel in &record.tunnels {
        notes.push(format!("through {} {} – {}", tunnel.kind, tunnel.source, tunnel.destination));
    }
    if record.started == Started::MidStream {
        notes.push("starts midway".to_owned());
    }
    if record.ended == Ended::Evicted {
        notes.push("put out of memory; what followed is another flow".to_owned());
    }
    notes.extend(record.facts.anomalies.iter().map(|anomaly| describe_anomaly(anomaly).to_owned()));
    notes.extend(judged.blinding.iter().map(|text| (*text).to_owned()));
    if record.queried_left_out > 0 {
        notes.push(format!("{} more names asked for", record.queried_left_out));
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
        NameSource::HttpProxyTarget => "proxy",
        NameSource::SocksTarget => "socks",
    }
}

/// Traffic that stayed, by where it went.
#[derive(Debug, Default)]
pub(crate) struct Stays {
    by_place: BTreeMap<String, (u64, u64)>,
}

impl Stays {
    pub(crate) fn add(&mut self, flow: &FlowRecord, seen: &Seen, why: &str) {
        let protocol = flow
            .facts
            .protocol()
            .map_or_else(|| flow.transport.to_string(), |protocol| protocol.name().to_owned());
        let what = format!("{protocol} to {} ({why})", seen.remote.addr);
        let key = if self.by_place.len() < STAYS_MAX || self.by_place.contains_key(&what) {
            what
        } else {
            "further".into()
        };
        let entry = self.by_place.entry(key).or_default();
        entry.0 += 1;
        entry.1 += seen.sent(&flow.total).bytes;
    }

    pub(crate) fn finish(self) -> Vec<Stayed> {
        self.by_place.into_iter().map(|(what, (flows, up_bytes))| Stayed { what, flows, up_bytes }).collect()
    }
}
