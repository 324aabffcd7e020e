//! One catalogue file: a party and its services.

use crate::FILE_BYTES_MAX;
use crate::date::Date;
use crate::entry::{Origin, Service, ServiceHost, ServicePort, Status};
use crate::error::Errors;
use crate::field::{Fields, Reader};
use crate::party::{Party, PartyId};
use crate::pattern::HostPattern;
use creance_model::{Category, ServiceId};
use std::collections::BTreeSet;
use toml::de::DeTable;

/// What one file says.
pub(crate) struct FileEntries {
    pub(crate) party: PartyId,
    pub(crate) party_line: usize,
    /// `None` where the file only names a party that another file defines.
    pub(crate) definition: Option<Party>,
    pub(crate) services: Vec<ServiceEntry>,
}

/// What one `[[service]]` says.
pub(crate) struct ServiceEntry {
    pub(crate) line: usize,
    pub(crate) service: Service,
    /// Whether the entry only adds hosts to a service that another file defines.
    pub(crate) extends: bool,
}

/// Reads one file. Whatever is wrong goes to `errors`; an entry that lacks something is left out.
pub(crate) fn read(name: &str, text: &str, origin: &Origin, errors: &mut Errors) -> Option<FileEntries> {
    if text.len() > FILE_BYTES_MAX {
        errors.push(name, 1, format!("the file has more than {FILE_BYTES_MAX} bytes"));
        return None;
    }
    let mut reader = Reader::new(name, text, errors);
    let (root, syntax) = DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        for error in syntax {
            let line = error.span().map_or(1, |span| reader.line(&span));
            reader.error(line, error.message());
        }
        return None;
    }
    read_root(&mut reader, Fields::new(root.get_ref(), 1), origin)
}

fn read_root(reader: &mut Reader<'_>, mut root: Fields<'_, '_>, origin: &Origin) -> Option<FileEntries> {
    let what = "a catalogue file";
    if let Some(format) = root.require(reader, what, "format")
        && format.get_ref().as_integer().map(|n| (n.as_str(), n.radix())) != Some(("1", 10))
    {
        let line = reader.line(&format.span());
        reader.error(line, "this version of Creance reads `format = 1` alone");
    }
    let party = root.require(reader, what, "party").and_then(|value| {
        let line = reader.line(&value.span());
        let Some(table) = value.get_ref().as_table() else {
            reader.error(line, "`party` is a table");
            return None;
        };
        let (id, definition) = read_party(reader, Fields::new(table, line), origin)?;
        Some((id, line, definition))
    });
    let tables = match root.take("service") {
        Some(value) => reader.tables("service", value),
        None => Vec::new(),
    };
    root.finish(reader, what);
    // Services of a party that could not be read are still checked, to tell all errors at once.
    let services = tables
        .into_iter()
        .filter_map(|table| read_service(reader, table, party.as_ref().map(|p| &p.0), origin))
        .collect();
    let (party, party_line, definition) = party?;
    Some(FileEntries { party, party_line, definition, services })
}

fn read_party(
    reader: &mut Reader<'_>,
    mut fields: Fields<'_, '_>,
    origin: &Origin,
) -> Option<(PartyId, Option<Party>)> {
    let what = "a party";
    let id: Option<PartyId> = fields.parsed(reader, what, "id");
    if fields.is_empty() {
        return id.map(|id| (id, None));
    }
    let name = fields.text(reader, what, "name");
    let kind = fields.parsed(reader, what, "kind");
    let jurisdiction = fields.optional(reader, "jurisdiction");
    let asn = read_asn(reader, &mut fields);
    fields.finish(reader, what);
    let id = id?;
    let party = Party { id: id.clone(), name: name?, kind: kind?, jurisdiction, asn, origin: origin.clone() };
    Some((id, Some(party)))
}

fn read_asn(reader: &mut Reader<'_>, fields: &mut Fields<'_, '_>) -> Vec<u32> {
    let mut asn = BTreeSet::new();
    let Some(value) = fields.take("asn") else {
        return Vec::new();
    };
    for item in reader.items("asn", value) {
        let line = reader.line(&item.span());
        let number = item
            .get_ref()
            .as_integer()
            .and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok())
            .filter(|n| *n > 0);
        match number {
            None => reader.error(line, "`asn` lists numbers from 1 to 4294967295"),
            Some(number) => {
                if !asn.insert(number) {
                    reader.error(line, format!("`asn` lists {number} twice"));
                }
            }
        }
    }
    asn.into_iter().collect()
}

fn read_service(
    reader: &mut Reader<'_>,
    mut fields: Fields<'_, '_>,
    party: Option<&PartyId>,
    origin: &Origin,
) -> Option<ServiceEntry> {
    let line = fields.line;
    let id: Option<ServiceId> = fields.parsed(reader, "a service", "id");
    let what = id.as_ref().map_or_else(|| "a service".to_owned(), |id| format!("service `{id}`"));
    if let (Some(id), Some(party)) = (&id, party) {
        let of = id.as_str().split('.').next();
        if of != Some(party.as_str()) {
            reader.error(
                line,
                format!("{what} stands in the file of party `{party}`; its id begins with `{party}.`"),
            );
        }
    }
    let extends = read_flag(reader, &mut fields, "extends");
    let hosts = fields.require(reader, &what, "host").map(|value| read_hosts(reader, value, &what, origin));
    if extends {
        fields.finish(reader, &format!("{what}, which extends another entry,"));
        let service = Service {
            id: id?,
            party: party?.clone(),
            name: String::new(),
            purpose: String::new(),
            takes: Vec::new(),
            status: Status::Active,
            strict: false,
            note: None,
            hosts: hosts?,
            origin: origin.clone(),
        };
        return Some(ServiceEntry { line, service, extends });
    }
    let name = fields.text(reader, &what, "name");
    let purpose = fields.text(reader, &what, "purpose");
    let takes = fields.require(reader, &what, "takes").map(|value| read_takes(reader, value));
    let status = fields.optional(reader, "status").unwrap_or(Status::Active);
    let strict = read_flag(reader, &mut fields, "strict");
    let note = fields.take("note").and_then(|value| reader.text("note", value)).map(str::to_owned);
    fields.finish(reader, &what);
    let service = Service {
        id: id?,
        party: party?.clone(),
        name: name?,
        purpose: purpose?,
        takes: takes?,
        status,
        strict,
        note,
        hosts: hosts?,
        origin: origin.clone(),
    };
    Some(ServiceEntry { line, service, extends })
}

fn read_flag(reader: &mut Reader<'_>, fields: &mut Fields<'_, '_>, key: &str) -> bool {
    let Some(value) = fields.take(key) else {
        return false;
    };
    if value.get_ref().as_bool() != Some(true) {
        let line = reader.line(&value.span());
        reader.error(line, format!("`{key}` is `true` or absent"));
    }
    true
}

fn read_takes(reader: &mut Reader<'_>, value: &toml::Spanned<toml::de::DeValue<'_>>) -> Vec<Category> {
    let mut takes = BTreeSet::new();
    for item in reader.items("takes", value) {
        let Some(category) = reader.parsed::<Category>("takes", item) else {
            continue;
        };
        if !takes.insert(category) {
            let line = reader.line(&item.span());
            reader.error(line, format!("`takes` lists `{category}` twice"));
        }
    }
    takes.into_iter().collect()
}

fn read_hosts(
    reader: &mut Reader<'_>,
    value: &toml::Spanned<toml::de::DeValue<'_>>,
    what: &str,
    origin: &Origin,
) -> Vec<ServiceHost> {
    let mut seen = BTreeSet::new();
    let mut hosts = Vec::new();
    let before = reader.line(&value.span());
    let tables = reader.tables("host", value);
    if tables.is_empty() {
        reader.error(before, format!("{what} has no host"));
    }
    for table in tables {
        let line = table.line;
        let Some(host) = read_host(reader, table, what, origin) else {
            continue;
        };
        if seen.insert(host.pattern.clone()) {
            hosts.push(host);
        } else {
            reader.error(line, format!("{what} lists host `{}` twice", host.pattern));
        }
    }
    hosts
}

fn read_host(
    reader: &mut Reader<'_>,
    mut fields: Fields<'_, '_>,
    of: &str,
    origin: &Origin,
) -> Option<ServiceHost> {
    let line = fields.line;
    let pattern: Option<HostPattern> = fields.parsed(reader, &format!("a host of {of}"), "name");
    let what =
        pattern.as_ref().map_or_else(|| format!("a host of {of}"), |name| format!("host `{name}` of {of}"));
    let ports = read_ports(reader, &mut fields);
    let grade = fields.parsed(reader, &what, "grade");
    let source = fields.text(reader, &what, "source");
    let first_seen: Option<Date> = fields.optional(reader, "first_seen");
    let last_seen: Option<Date> = fields.optional(reader, "last_seen");
    fields.finish(reader, &what);
    if let (Some(first), Some(last)) = (first_seen, last_seen)
        && last.is_before(first)
    {
        reader.error(line, format!("{what} was last seen in {last}, before it was first seen in {first}"));
    }
    Some(ServiceHost {
        pattern: pattern?,
        ports,
        grade: grade?,
        source: source?,
        first_seen,
        last_seen,
        origin: origin.clone(),
    })
}

fn read_ports(reader: &mut Reader<'_>, fields: &mut Fields<'_, '_>) -> Vec<ServicePort> {
    let Some(value) = fields.take("ports") else {
        return vec![ServicePort::HTTPS];
    };
    let mut ports: Vec<ServicePort> = Vec::new();
    for item in reader.items("ports", value) {
        let Some(listed) = reader.parsed::<ServicePort>("ports", item) else {
            continue;
        };
        let (port, transport) = (listed.port, listed.transport);
        if ports.iter().any(|known| (known.port, known.transport) == (port, transport)) {
            let line = reader.line(&item.span());
            reader.error(line, format!("`ports` lists {port}/{transport} twice"));
        } else if ports.len() < 64 {
            ports.push(listed);
        } else {
            let line = reader.line(&item.span());
            reader.error(line, "`ports` lists at most 64 ports");
            break;
        }
    }
    if ports.is_empty() {
        let line = reader.line(&value.span());
        reader.error(line, "`ports` names no port; leave it out for `443/tcp tls`");
    }
    ports
}
