//! A catalogue, stations and tables that tests share.

use creance_catalogue::Catalogue;
use creance_gateway::core::{Door, Held, Reason, Step, Table};
use creance_ledger::Pseudonym;
use creance_model::{HostName, Mode, PartyKind, ServiceId};
use creance_policy::{Policies, ServiceFacts};
use std::collections::BTreeSet;
use std::sync::Arc;

const CATALOGUE: &str = r#"
format = 1

[party]
id = "maker"
name = "Maker"
kind = "first"

[[service]]
id = "maker.maps"
name = "Maps"
purpose = "Serves maps."
takes = ["map-query"]
host = [
    { name = "*.allowed.test", ports = ["443/tcp tls", "80/tcp http", "443/udp quic"], grade = "A", source = "the test" },
    { name = "maps.shared.test", grade = "A", source = "the test" },
]

[[service]]
id = "maker.rtk"
name = "Corrections"
purpose = "Serves corrections."
takes = ["location"]
host = [
    { name = "rtk.plain.test", ports = ["2101/tcp name-only", "443/tcp tls", "123/udp name-only"], grade = "A", source = "the test" },
]

[[service]]
id = "maker.logs"
name = "Logs"
purpose = "Takes logs."
takes = ["flight-log"]
host = [
    { name = "evil.test", grade = "A", source = "the test" },
    { name = "logs.allowed.test", grade = "A", source = "the test" },
    { name = "maps.shared.test", grade = "A", source = "the test" },
]
"#;

pub(crate) fn catalogue() -> Catalogue {
    Catalogue::parse(&[("maker.toml", CATALOGUE)]).unwrap()
}

pub(crate) fn station() -> Pseudonym {
    "s-1".parse().unwrap()
}

pub(crate) fn host(name: &str) -> HostName {
    name.parse().unwrap()
}

pub(crate) fn ids(ids: &[&str]) -> BTreeSet<ServiceId> {
    ids.iter().map(|id| id.parse().unwrap()).collect()
}

/// The table of a mode that lets out `services`: exempt from Local Data, granted in Restricted.
pub(crate) fn table(mode: Mode, services: &[&str]) -> Table {
    table_with(mode, services, &Policies::shipped().unwrap(), &[])
}

pub(crate) fn table_with(mode: Mode, services: &[&str], policies: &Policies, strict: &[&str]) -> Table {
    let catalogue = catalogue();
    let facts: Vec<ServiceFacts> = catalogue
        .services()
        .map(|service| ServiceFacts {
            id: service.id.clone(),
            party: "Maker".to_owned(),
            party_kind: PartyKind::First,
            jurisdiction: None,
            takes: service.takes.clone(),
        })
        .collect();
    let services = ids(services);
    let rows = policies.matrix("s-1", mode, None, &facts, &services, &services);
    Table::new(1, Arc::new(catalogue), vec![Held { station: station(), mode, rows }], ids(strict))
}

/// What becomes of a connection that says these bytes and then no more.
pub(crate) fn outcome(table: &Table, name: &str, port: u16, bytes: &[u8]) -> Step {
    // All at once, and byte by byte: it must not matter.
    let at_once = pieces(table, name, port, bytes, bytes.len().max(1));
    let slowly = pieces(table, name, port, bytes, 1);
    match (&at_once, &slowly) {
        (Step::Admit(one), Step::Admit(other)) => {
            assert_eq!((&one.service, one.binding), (&other.service, other.binding))
        }
        (Step::Refuse(one), Step::Refuse(other)) => assert_eq!(one.name, other.name),
        _ => panic!("{at_once:?} at once, {slowly:?} byte by byte"),
    }
    at_once
}

fn pieces(table: &Table, name: &str, port: u16, bytes: &[u8], size: usize) -> Step {
    let mut door = match Door::new(table, &station(), &host(name), port) {
        Ok(door) => door,
        Err(refusal) => return Step::Refuse(refusal),
    };
    for part in bytes.chunks(size) {
        match door.feed(part) {
            Step::Wait => {}
            step @ (Step::Admit(_) | Step::Refuse(_)) => return step,
        }
    }
    door.end()
}

#[track_caller]
pub(crate) fn assert_refused(step: &Step, reasons: &[Reason]) {
    match step {
        Step::Refuse(refusal) if reasons.contains(&refusal.reason) => {}
        Step::Refuse(_) | Step::Admit(_) | Step::Wait => panic!("{step:?}, and not one of {reasons:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_admitted<'a>(
    step: &'a Step,
    service: Option<&str>,
) -> &'a creance_gateway::core::Admission {
    match step {
        Step::Admit(admission) if admission.service.as_ref().map(ServiceId::as_str) == service => admission,
        Step::Refuse(_) | Step::Admit(_) | Step::Wait => panic!("{step:?}, and not {service:?}"),
    }
}
