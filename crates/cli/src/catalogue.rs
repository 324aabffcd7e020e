//! `creance catalogue`.

use crate::args::{CatalogueArgs, CatalogueCommand};
use crate::table::{counted, listed, table};
use crate::terminal::printable;
use crate::{knowledge, terminal};
use anyhow::{Context, Result};
use creance_catalogue::{
    Catalogue, Date, Grade, Match, Opened, Party, Service, ServiceHost, ServicePort, Status, Warning,
    WarningKind, probable,
};
use creance_model::{HostName, ServiceId};
use std::collections::{BTreeMap, BTreeSet};

const FOUND: u8 = 0;
const NOT_FOUND: u8 = 1;

pub(crate) fn run(args: &CatalogueArgs) -> Result<u8> {
    let catalogue = knowledge::catalogue(args.catalogue.as_deref())?;
    match &args.command {
        CatalogueCommand::List => terminal::out(&list(&catalogue)),
        CatalogueCommand::Show { service } => terminal::out(&show(&catalogue, service)?),
        CatalogueCommand::Lookup { host } => {
            let (text, code) = lookup(&catalogue, host);
            terminal::out(&text);
            return Ok(code);
        }
        CatalogueCommand::Check { date } => terminal::out(&check(&catalogue, *date)?),
    }
    Ok(FOUND)
}

fn list(catalogue: &Catalogue) -> String {
    let rows: Vec<_> = catalogue
        .services()
        .map(|service| {
            let [party, kind, law] = whose(catalogue.party_of(service));
            let weakest = service.hosts.iter().map(|host| host.grade).max();
            let takes = takes(service);
            let takes = match service.status {
                Status::Active => takes,
                status @ (Status::Retired | Status::Staging) => format!("{takes} ({status})"),
            };
            [
                service.id.to_string(),
                party,
                kind,
                law,
                service.hosts.len().to_string(),
                weakest.map_or_else(|| "–".to_owned(), |grade| grade.to_string()),
                takes,
            ]
        })
        .collect();
    table(["service", "party", "kind", "law", "hosts", "grade", "takes"], &rows)
}

/// The party's name, its kind, and the law that it answers to.
fn whose(party: Option<&Party>) -> [String; 3] {
    match party {
        Some(party) => [
            party.name.clone(),
            party.kind.to_string(),
            party.jurisdiction.map_or_else(|| "–".to_owned(), |code| code.to_string()),
        ],
        None => ["–", "–", "–"].map(str::to_owned),
    }
}

fn takes(service: &Service) -> String {
    if service.takes.is_empty() { "the address alone".to_owned() } else { listed(&service.takes) }
}

fn show(catalogue: &Catalogue, id: &ServiceId) -> Result<String> {
    knowledge::known(catalogue, std::slice::from_ref(id), "catalogue show")?;
    let service = catalogue.service(id).with_context(|| format!("the catalogue has no service `{id}`"))?;
    let [party, kind, law] = whose(catalogue.party_of(service));
    let mut text = printable(&format!("{id}: {}\n  {}\n\n", service.name, service.purpose));
    let mut fact = |name: &str, value: &str| {
        text.push_str(&printable(&format!("  {name:<13}  {value}\n")));
    };
    fact("party", &format!("{party} (`{}`), {kind}", service.party));
    fact("jurisdiction", &law);
    fact("takes", &takes(service));
    fact("status", service.status.as_str());
    if service.strict {
        fact("strict", "a hello that may hide another name is refused");
    }
    fact("origin", &service.origin.to_string());
    if let Some(note) = &service.note {
        fact("note", note);
    }
    text.push_str("\nHosts\n");
    text.push_str(&hosts(service));
    text.push_str("\nWhat exempting or granting it opens\n");
    text.push_str(&opened(&catalogue.opened_by(std::slice::from_ref(id))?));
    Ok(text)
}

fn hosts(service: &Service) -> String {
    let rows: Vec<_> = service
        .hosts
        .iter()
        .map(|host| {
            [
                host.pattern.to_string(),
                listed(&host.ports),
                host.grade.to_string(),
                seen(host),
                host.origin.to_string(),
                host.source.clone(),
            ]
        })
        .collect();
    table(["host", "port and binding", "grade", "seen", "origin", "source"], &rows)
}

fn seen(host: &ServiceHost) -> String {
    match (host.first_seen, host.last_seen) {
        (None, None) => "–".to_owned(),
        (Some(first), Some(last)) if first == last => first.to_string(),
        (Some(first), Some(last)) => format!("{first} to {last}"),
        (Some(first), None) => format!("from {first}"),
        (None, Some(last)) => format!("until {last}"),
    }
}

/// What allowing services opens: the wire cannot tell the services of one host apart, so all of
/// them come along.
pub(crate) fn opened(opened: &[Opened<'_>]) -> String {
    let rows: Vec<_> = opened
        .iter()
        .map(|at| {
            let also = listed(at.also.iter().map(|service| &service.id));
            let takes = at.takes();
            let takes = if takes.is_empty() { "the address alone".to_owned() } else { listed(takes) };
            [at.pattern.to_string(), also, takes]
        })
        .collect();
    table(["host", "opens as well", "takes in all"], &rows)
}

fn lookup(catalogue: &Catalogue, host: &HostName) -> (String, u8) {
    let found = catalogue.lookup(host);
    if !found.is_known() {
        return (unknown(catalogue, host), NOT_FOUND);
    }
    let mut by_port: BTreeMap<ServicePort, Vec<Match<'_>>> = BTreeMap::new();
    for one in found.matches() {
        for port in &one.host.ports {
            by_port.entry(*port).or_default().push(*one);
        }
    }
    let rows: Vec<_> = by_port
        .iter()
        .flat_map(|(port, matches)| matches.iter().map(move |one| (port, one)))
        .map(|(port, one)| {
            let [party, kind, law] = whose(Some(one.party));
            [
                port.to_string(),
                one.service.id.to_string(),
                party,
                kind,
                law,
                one.host.grade.to_string(),
                one.host.pattern.to_string(),
                takes(one.service),
            ]
        })
        .collect();
    let services = counted(found.matches().len(), "service");
    let mut text = format!("{host}: {services}\n");
    text.push_str(&table(
        ["port and binding", "service", "party", "kind", "law", "grade", "listed as", "takes"],
        &rows,
    ));
    if by_port.values().any(|matches| matches.len() > 1) {
        text.push_str(&format!(
            "\nThe wire cannot tell services on one port of one host apart: whoever allows one allows all.\nTaken in all: {}\n",
            listed(found.takes())
        ));
    }
    (text, FOUND)
}

/// What is known of a host that the catalogue does not have; evidence for a reader, never a match.
pub(crate) fn unknown(catalogue: &Catalogue, host: &HostName) -> String {
    let hints = probable(host, None, &[], None, catalogue);
    let lines: String = hints.iter().map(|hint| format!("  unknown: {}\n", hint.text)).collect();
    printable(&format!("{host}: the catalogue has no such host\n{lines}"))
}

fn check(catalogue: &Catalogue, date: Option<Date>) -> Result<String> {
    let (date, whence) = match date {
        Some(date) => (date, "as given"),
        None => (
            newest(catalogue).context("no host has a date; give the day of the check with --date")?,
            "the newest date in it",
        ),
    };
    let hosts = || catalogue.services().flat_map(|service| &service.hosts);
    let grades: Vec<String> = Grade::ALL
        .iter()
        .map(|grade| format!("{} of grade {grade}", hosts().filter(|host| host.grade == *grade).count()))
        .collect();
    let names: BTreeSet<_> = hosts().map(|host| &host.pattern).collect();
    let mut text = format!(
        "{}, {}, {} under {}: {}\n",
        counted(catalogue.parties().count(), "party"),
        counted(catalogue.services().count(), "service"),
        counted(hosts().count(), "host"),
        counted(names.len(), "name"),
        grades.join(", ")
    );
    for overlaid in catalogue.overlaid() {
        text.push_str(&printable(&format!("{}: {}\n", overlaid.file, overlaid.change)));
    }
    let warnings = catalogue.check(date);
    let warned = counted(warnings.len(), "warning");
    text.push_str(&format!("\n{warned} as of {date} ({whence})\n"));
    text.push_str(&totals(&warnings));
    for warning in &warnings {
        text.push_str(&printable(&format!("  {warning}\n")));
    }
    Ok(text)
}

/// How many warnings there are of each kind.
fn totals(warnings: &[Warning]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for warning in warnings {
        let kind = match warning.kind {
            WarningKind::GradeC => "of grade C",
            WarningKind::Stale(_) => "last seen long ago",
            WarningKind::Undated => "without a date",
            WarningKind::FromTheFuture(_) => "seen in the future",
            WarningKind::TakesUnknown => "of which nobody said what they take",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let words: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    if words.is_empty() { String::new() } else { format!("{}\n\n", words.join(", ")) }
}

/// The newest day on which any host was seen, so that no clock needs to be read.
fn newest(catalogue: &Catalogue) -> Option<Date> {
    let dates = catalogue.services().flat_map(|service| &service.hosts).filter_map(|host| host.last_seen);
    dates.reduce(|newest, date| if newest.is_before(date) { date } else { newest })
}
