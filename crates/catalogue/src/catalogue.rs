//! The catalogue: parties, services, and the index that finds them by host name.

use crate::entry::{Origin, Service, ServiceHost};
use crate::error::{CatalogueErrors, Errors};
use crate::file::{self, FileEntries, ServiceEntry};
use crate::party::{Party, PartyId};
use crate::pattern::HostPattern;
use crate::shipped::shipped_files;
use crate::{FILES_MAX, HOSTS_MAX};
use creance_model::ServiceId;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// Who runs which host, and what it takes.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    parties: BTreeMap<PartyId, Party>,
    services: BTreeMap<ServiceId, Service>,
    pub(crate) index: Index,
    overlaid: Vec<Overlaid>,
}

/// Names to the services that list them, with the position in the service's hosts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    pub(crate) exact: HashMap<Box<str>, Vec<(ServiceId, usize)>>,
    pub(crate) below: HashMap<Box<str>, Vec<(ServiceId, usize)>>,
}

/// One difference between this catalogue and the shipped one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlaid {
    /// The operator's file, as the caller named it.
    pub file: String,
    /// What it changed.
    pub change: Change,
}

/// What an operator's entry changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A party that was not there.
    PartyAdded(PartyId),
    /// A party that was there: its kind, jurisdiction or networks may differ now.
    PartyRedefined(PartyId),
    /// A service that was not there.
    ServiceAdded(ServiceId),
    /// A service that was there: what it takes and all its hosts are now the operator's.
    ServiceRedefined(ServiceId),
    /// So many hosts more for a service that was there.
    HostsAdded(ServiceId, usize),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PartyAdded(id) => write!(f, "adds party `{id}`"),
            Self::PartyRedefined(id) => write!(f, "redefines party `{id}`"),
            Self::ServiceAdded(id) => write!(f, "adds service `{id}`"),
            Self::ServiceRedefined(id) => write!(f, "redefines service `{id}`"),
            Self::HostsAdded(id, 1) => write!(f, "adds 1 host to service `{id}`"),
            Self::HostsAdded(id, hosts) => write!(f, "adds {hosts} hosts to service `{id}`"),
        }
    }
}

impl Catalogue {
    /// The catalogue that comes with Creance.
    ///
    /// # Errors
    /// Where a shipped file is wrong, which the tests of this crate rule out.
    pub fn shipped() -> Result<Self, CatalogueErrors> {
        Self::default().merge(shipped_files(), |_| Origin::Shipped)
    }

    /// A catalogue of these files alone, each a name for messages and the text. All entries count
    /// as overlaid, since none is shipped.
    ///
    /// # Errors
    /// Everything that is wrong in the files, each with file and line.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, CatalogueErrors> {
        Self::default().overlay(files)
    }

    /// Lays an operator's files over this catalogue. They may add parties and services, redefine
    /// them under the same id, and add hosts to services; [`Catalogue::overlaid`] counts it.
    ///
    /// # Errors
    /// Everything that is wrong in the files, each with file and line.
    pub fn overlay(self, files: &[(&str, &str)]) -> Result<Self, CatalogueErrors> {
        self.merge(files, |file| Origin::Overlay(file.to_owned()))
    }

    /// What operators' files changed, sorted; empty for the shipped catalogue.
    #[must_use]
    pub fn overlaid(&self) -> &[Overlaid] {
        &self.overlaid
    }

    /// All services, by id.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// The service of this id.
    #[must_use]
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.get(id)
    }

    /// All parties, by id.
    pub fn parties(&self) -> impl Iterator<Item = &Party> {
        self.parties.values()
    }

    /// The party of this id.
    #[must_use]
    pub fn party(&self, id: &PartyId) -> Option<&Party> {
        self.parties.get(id)
    }

    /// The party that runs a service of this catalogue.
    #[must_use]
    pub fn party_of(&self, service: &Service) -> Option<&Party> {
        self.parties.get(&service.party)
    }

    fn merge(
        mut self,
        files: &[(&str, &str)],
        origin: impl Fn(&str) -> Origin,
    ) -> Result<Self, CatalogueErrors> {
        let mut errors = Errors::default();
        if let Some((name, _)) = files.get(FILES_MAX) {
            errors.push(name, 1, format!("there are more than {FILES_MAX} files"));
        }
        let read: Vec<(&str, FileEntries)> = files
            .iter()
            .take(FILES_MAX)
            .filter_map(|(name, text)| Some((*name, file::read(name, text, &origin(name), &mut errors)?)))
            .collect();
        self.merge_parties(&read, &mut errors);
        self.merge_services(read, &mut errors);
        let hosts: usize = self.services.values().map(|s| s.hosts.len()).sum();
        if hosts > HOSTS_MAX {
            let last = files.last().map_or("", |(name, _)| name);
            errors.push(
                last,
                1,
                format!("with this file the catalogue has {hosts} hosts, more than {HOSTS_MAX}"),
            );
        }
        self.index = Index::of(&self.services);
        self.overlaid.sort();
        errors.finish(self)
    }

    fn merge_parties(&mut self, files: &[(&str, FileEntries)], errors: &mut Errors) {
        let mut places = BTreeMap::new();
        for (name, entries) in files {
            let Some(party) = &entries.definition else {
                continue;
            };
            let line = entries.party_line;
            if let Some((file, first)) = places.insert(party.id.clone(), (*name, line)) {
                errors.push(name, line, format!("party `{}` is also at {file}:{first}", party.id));
                continue;
            }
            let before = self.parties.insert(party.id.clone(), party.clone());
            self.record(
                &party.origin,
                match before {
                    None => Change::PartyAdded(party.id.clone()),
                    Some(_) => Change::PartyRedefined(party.id.clone()),
                },
            );
        }
        for (name, entries) in files {
            if !self.parties.contains_key(&entries.party) {
                errors.push(
                    name,
                    entries.party_line,
                    format!("party `{}` is nowhere defined; give it `name` and `kind`", entries.party),
                );
            }
        }
    }

    fn merge_services(&mut self, files: Vec<(&str, FileEntries)>, errors: &mut Errors) {
        let mut places = BTreeMap::new();
        let (extending, defining): (Vec<_>, Vec<_>) = files
            .into_iter()
            .flat_map(|(name, entries)| entries.services.into_iter().map(move |s| (name, s)))
            .partition(|(_, entry)| entry.extends);
        for (name, ServiceEntry { line, service, .. }) in defining {
            let id = service.id.clone();
            if let Some((file, first)) = places.insert(id.clone(), (name, line)) {
                errors.push(name, line, format!("service `{id}` is also at {file}:{first}"));
                continue;
            }
            let origin = service.origin.clone();
            let before = self.services.insert(id.clone(), service);
            self.record(
                &origin,
                match before {
                    None => Change::ServiceAdded(id),
                    Some(_) => Change::ServiceRedefined(id),
                },
            );
        }
        for (name, entry) in extending {
            self.extend(name, entry, errors);
        }
    }

    fn extend(&mut self, name: &str, entry: ServiceEntry, errors: &mut Errors) {
        let ServiceEntry { line, service: more, .. } = entry;
        let Some(service) = self.services.get_mut(&more.id) else {
            errors.push(
                name,
                line,
                format!("service `{}` extends an entry that is nowhere defined", more.id),
            );
            return;
        };
        let hosts = more.hosts.len();
        for host in more.hosts {
            if has_host(service, &host) {
                errors.push(name, line, format!("service `{}` has host `{}` already", more.id, host.pattern));
            } else {
                service.hosts.push(host);
            }
        }
        self.record(&more.origin, Change::HostsAdded(more.id, hosts));
    }

    fn record(&mut self, origin: &Origin, change: Change) {
        match origin {
            Origin::Shipped => {}
            Origin::Overlay(file) => self.overlaid.push(Overlaid { file: file.clone(), change }),
        }
    }
}

fn has_host(service: &Service, host: &ServiceHost) -> bool {
    service.hosts.iter().any(|known| known.pattern == host.pattern)
}

impl Index {
    fn of(services: &BTreeMap<ServiceId, Service>) -> Self {
        let mut index = Self::default();
        for service in services.values() {
            for (at, host) in service.hosts.iter().enumerate() {
                let names = match &host.pattern {
                    HostPattern::Exact(_) => &mut index.exact,
                    HostPattern::Below(_) => &mut index.below,
                };
                names.entry(host.pattern.name().as_str().into()).or_default().push((service.id.clone(), at));
            }
        }
        index
    }
}
