//! Entries in words.

use crate::table::listed;
use creance_ledger::{Binding, Decided, Entry, Event, FlowBytes, FlowEnd, FlowStarted, ModeChanged, Refused};
use creance_model::{ServiceId, Timestamp};

/// One line: number, moment, what happened.
pub(super) fn line(number: u64, bytes: &[u8]) -> String {
    match Entry::from_bytes(bytes) {
        Ok(entry) => format!("{number:>6}  {}  {}", at(entry.at), event(&entry.event)),
        Err(error) => format!("{number:>6}  {error}"),
    }
}

/// When an entry was written; a dash where it cannot be read.
pub(super) fn moment(bytes: &[u8]) -> String {
    Entry::from_bytes(bytes).map_or_else(|_| "–".to_owned(), |entry| at(entry.at))
}

fn event(event: &Event) -> String {
    match event {
        Event::Opened { program } => format!("opened by {program}"),
        Event::Closed => "closed".to_owned(),
        Event::Repaired { bytes } => {
            format!("repaired: {bytes} bytes behind the last whole entry were cut off and kept in a file")
        }
        Event::ModeChanged(change) => mode_changed(change),
        Event::Decided(decided) => self::decided(decided),
        Event::FlowStarted(flow) => flow_started(flow),
        Event::FlowProgressed(bytes) => format!("flow {} so far: {}", bytes.flow, moved(bytes)),
        Event::FlowEnded { bytes, end } => {
            let how = match end {
                FlowEnd::Finished => "finished",
                FlowEnd::Broken => "broken off",
                FlowEnd::Idle => "ended, nothing moved",
                FlowEnd::Revoked => "cut by a change of mode",
                FlowEnd::Lost => "lost with the process that carried it",
            };
            format!("flow {} {how}: {}", bytes.flow, moved(bytes))
        }
        Event::Refused(refused) => self::refused(refused),
        Event::Sealed { mode, exempt } => {
            let exempt =
                if exempt.is_empty() { String::new() } else { format!(", exempt: {}", listed(exempt)) };
            format!("SEALED to {mode}{exempt}")
        }
        Event::Alarm { what } => format!("ALARM: {what}"),
    }
}

fn mode_changed(change: &ModeChanged) -> String {
    let mut text = match change.from {
        Some(from) => format!("mode {from} → {} (table {})", change.to, change.generation),
        None => format!("mode {} (table {})", change.to, change.generation),
    };
    for (what, services) in [("exempt", &change.exempt), ("granted", &change.granted)] {
        if !services.is_empty() {
            text.push_str(&format!(", {what}: {}", listed(services)));
        }
    }
    if let Some(last) = change.last_cut {
        text.push_str(&format!(", {} flows cut, the last at {}", change.flows_cut, at(last)));
    }
    text
}

fn decided(decided: &Decided) -> String {
    let word = if decided.allowed { "allowed" } else { "denied" };
    let service = service(decided.service.as_ref());
    let policies = listed(&decided.policies);
    format!("{word}: {} → {service} (table {}, by {policies})", decided.station, decided.generation)
}

fn flow_started(flow: &FlowStarted) -> String {
    let who = flow.station.as_ref().map_or_else(|| "Creance itself".to_owned(), ToString::to_string);
    let name = flow.name.as_ref().map_or_else(|| "no name".to_owned(), ToString::to_string);
    let binding = match flow.binding {
        Binding::Tls => "named in its TLS hello",
        Binding::Quic => "named in its QUIC hello",
        Binding::Http => "named in its request",
        Binding::NameOnly => "by its address alone",
        Binding::Own => "Creance's own",
    };
    let blinded = if flow.blinded { ", which may hide another (ECH)" } else { "" };
    format!(
        "flow {} started: {who} → {name}, {}, {binding}{blinded}, {} {} → {} (table {})",
        flow.flow,
        service(flow.service.as_ref()),
        flow.transport,
        flow.from,
        flow.to,
        flow.generation
    )
}

fn refused(refused: &Refused) -> String {
    let who = refused.station.as_ref().map_or_else(|| "an unknown station".to_owned(), ToString::to_string);
    let to = match (&refused.name, refused.to) {
        (Some(name), _) => name.to_string(),
        (None, Some(to)) => to.to_string(),
        (None, None) => "nowhere named".to_owned(),
    };
    let times = if refused.count == 1 {
        String::new()
    } else {
        format!(", {} times since {}", refused.count, at(refused.since))
    };
    let service = service(refused.service.as_ref());
    format!("refused: {who} → {to}, {service}: {}{times} (table {})", refused.reason, refused.generation)
}

fn service(service: Option<&ServiceId>) -> &str {
    service.map_or("unknown service", ServiceId::as_str)
}

fn moved(bytes: &FlowBytes) -> String {
    let count = |bytes: Option<u64>| bytes.map_or_else(|| "unknown".to_owned(), |bytes| bytes.to_string());
    match (bytes.up, bytes.down) {
        (None, None) => "bytes unknown".to_owned(),
        (up, down) => format!("{} bytes up, {} down", count(up), count(down)),
    }
}

fn at(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.0))
        .map_or_else(|_| at.0.to_string(), |at| format!("{at:.3}"))
}
