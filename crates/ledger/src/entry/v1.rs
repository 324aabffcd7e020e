//! Entries as they stand in a log: JSON of version 1, apart from the types of the program, so
//! that those may change and old logs be read.

use super::{
    Binding, Decided, Entry, Event, FlowBytes, FlowEnd, FlowStarted, ModeChanged, Pseudonym, Refused,
};
use creance_model::{Endpoint, HostName, Mode, ServiceId, Timestamp, Transport};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

#[derive(Serialize, Deserialize)]
struct Line {
    v: u32,
    at: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
enum What {
    Opened {
        program: String,
    },
    Closed,
    Repaired {
        bytes: u64,
    },
    ModeChanged {
        generation: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Mode>,
        to: Mode,
        exempt: Vec<ServiceId>,
        granted: Vec<ServiceId>,
        flows_cut: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last_cut: Option<String>,
    },
    Decided {
        generation: u64,
        station: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ServiceId>,
        allowed: bool,
        policies: Vec<String>,
    },
    FlowStarted {
        flow: u64,
        generation: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ServiceId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        binding: String,
        blinded: bool,
        transport: String,
        from: SocketAddr,
        to: SocketAddr,
    },
    FlowProgressed {
        flow: u64,
        up: Option<u64>,
        down: Option<u64>,
    },
    FlowEnded {
        flow: u64,
        up: Option<u64>,
        down: Option<u64>,
        end: String,
    },
    Refused {
        generation: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ServiceId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SocketAddr>,
        reason: String,
        count: u64,
        since: String,
    },
    Sealed {
        mode: Mode,
        exempt: Vec<ServiceId>,
    },
    Alarm {
        text: String,
    },
}

const BINDINGS: [(Binding, &str); 5] = [
    (Binding::Tls, "tls"),
    (Binding::Quic, "quic"),
    (Binding::Http, "http"),
    (Binding::NameOnly, "name-only"),
    (Binding::Own, "own"),
];

const TRANSPORTS: [(Transport, &str); 3] =
    [(Transport::Tcp, "tcp"), (Transport::Udp, "udp"), (Transport::Icmp, "icmp")];

const ENDS: [(FlowEnd, &str); 5] = [
    (FlowEnd::Finished, "finished"),
    (FlowEnd::Broken, "broken"),
    (FlowEnd::Idle, "idle"),
    (FlowEnd::Revoked, "revoked"),
    (FlowEnd::Lost, "lost"),
];

pub(super) fn write(entry: &Entry) -> Vec<u8> {
    let line = Line { v: 1, at: moment(entry.at), what: What::from(&entry.event) };
    // Plain texts and numbers: nothing in them can fail to be JSON.
    serde_json::to_vec(&line).unwrap_or_default()
}

pub(super) fn read(bytes: &[u8]) -> Result<Entry, String> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let version: Version = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if version.v != 1 {
        return Err(format!("version {}", version.v));
    }
    let line: Line = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(Entry { at: timestamp(&line.at)?, event: event(line.what)? })
}

impl From<&Event> for What {
    fn from(event: &Event) -> Self {
        match event {
            Event::Opened { program } => Self::Opened { program: program.clone() },
            Event::Closed => Self::Closed,
            Event::Repaired { bytes } => Self::Repaired { bytes: *bytes },
            Event::ModeChanged(change) => Self::ModeChanged {
                generation: change.generation,
                from: change.from,
                to: change.to,
                exempt: change.exempt.clone(),
                granted: change.granted.clone(),
                flows_cut: change.flows_cut,
                last_cut: change.last_cut.map(moment),
            },
            Event::Decided(decided) => Self::Decided {
                generation: decided.generation,
                station: decided.station.to_string(),
                service: decided.service.clone(),
                allowed: decided.allowed,
                policies: decided.policies.clone(),
            },
            Event::FlowStarted(flow) => Self::FlowStarted {
                flow: flow.flow,
                generation: flow.generation,
                station: flow.station.as_ref().map(Pseudonym::to_string),
                service: flow.service.clone(),
                name: flow.name.as_ref().map(HostName::to_string),
                binding: word(&BINDINGS, flow.binding),
                blinded: flow.blinded,
                transport: match flow.transport {
                    Transport::Other(number) => format!("ip-{number}"),
                    Transport::Tcp | Transport::Udp | Transport::Icmp => word(&TRANSPORTS, flow.transport),
                },
                from: address(flow.from),
                to: address(flow.to),
            },
            Event::FlowProgressed(bytes) => {
                Self::FlowProgressed { flow: bytes.flow, up: bytes.up, down: bytes.down }
            }
            Event::FlowEnded { bytes, end } => {
                Self::FlowEnded { flow: bytes.flow, up: bytes.up, down: bytes.down, end: word(&ENDS, *end) }
            }
            Event::Refused(refused) => Self::Refused {
                generation: refused.generation,
                station: refused.station.as_ref().map(Pseudonym::to_string),
                service: refused.service.clone(),
                name: refused.name.as_ref().map(HostName::to_string),
                to: refused.to.map(address),
                reason: refused.reason.clone(),
                count: refused.count,
                since: moment(refused.since),
            },
            Event::Sealed { mode, exempt } => Self::Sealed { mode: *mode, exempt: exempt.clone() },
            Event::Alarm { what } => Self::Alarm { text: what.clone() },
        }
    }
}

fn event(what: What) -> Result<Event, String> {
    Ok(match what {
        What::Opened { program } => Event::Opened { program },
        What::Closed => Event::Closed,
        What::Repaired { bytes } => Event::Repaired { bytes },
        What::ModeChanged { generation, from, to, exempt, granted, flows_cut, last_cut } => {
            let last_cut = last_cut.map(|text| timestamp(&text)).transpose()?;
            Event::ModeChanged(ModeChanged { generation, from, to, exempt, granted, flows_cut, last_cut })
        }
        What::Decided { generation, station, service, allowed, policies } => {
            Event::Decided(Decided { generation, station: parsed(&station)?, service, allowed, policies })
        }
        What::FlowStarted {
            flow,
            generation,
            station,
            service,
            name,
            binding,
            blinded,
            transport,
            from,
            to,
        } => Event::FlowStarted(FlowStarted {
            flow,
            generation,
            station: station.map(|text| parsed(&text)).transpose()?,
            service,
            name: name.map(|text| parsed(&text)).transpose()?,
            binding: value(&BINDINGS, &binding)?,
            blinded,
            transport: transport_of(&transport)?,
            from: endpoint(from),
            to: endpoint(to),
        }),
        What::FlowProgressed { flow, up, down } => Event::FlowProgressed(FlowBytes { flow, up, down }),
        What::FlowEnded { flow, up, down, end } => {
            Event::FlowEnded { bytes: FlowBytes { flow, up, down }, end: value(&ENDS, &end)? }
        }
        What::Refused { generation, station, service, name, to, reason, count, since } => {
            Event::Refused(Refused {
                generation,
                station: station.map(|text| parsed(&text)).transpose()?,
                service,
                name: name.map(|text| parsed(&text)).transpose()?,
                to: to.map(endpoint),
                reason,
                count,
                since: timestamp(&since)?,
            })
        }
        What::Sealed { mode, exempt } => Event::Sealed { mode, exempt },
        What::Alarm { text } => Event::Alarm { what: text },
    })
}

fn word<T: Copy + PartialEq>(words: &[(T, &str)], value: T) -> String {
    words.iter().find(|(one, _)| *one == value).map_or_else(String::new, |(_, word)| (*word).to_owned())
}

fn value<T: Copy>(words: &[(T, &str)], word: &str) -> Result<T, String> {
    words.iter().find(|(_, one)| *one == word).map(|(value, _)| *value).ok_or_else(|| format!("`{word}`"))
}

fn transport_of(text: &str) -> Result<Transport, String> {
    match text.strip_prefix("ip-").map(str::parse) {
        Some(number) => number.map(Transport::Other).map_err(|_| format!("`{text}`")),
        None => value(&TRANSPORTS, text),
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

const fn address(endpoint: Endpoint) -> SocketAddr {
    SocketAddr::new(endpoint.addr, endpoint.port)
}

const fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint { addr: address.ip(), port: address.port() }
}

/// A moment in UTC, as RFC 3339 with as many digits as it needs.
fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.0)).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

fn timestamp(text: &str) -> Result<Timestamp, String> {
    let at: jiff::Timestamp = text.parse().map_err(|_| format!("`{text}` is no moment"))?;
    i64::try_from(at.as_nanosecond()).map(Timestamp).map_err(|_| format!("`{text}` is out of range"))
}
