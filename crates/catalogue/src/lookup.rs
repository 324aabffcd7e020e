//! Finding services by host name, and what a grant opens.

use crate::catalogue::Catalogue;
use crate::entry::{Service, ServiceHost, ServicePort};
use crate::party::Party;
use crate::pattern::HostPattern;
use creance_model::{Category, HostName, ServiceId, Transport};
use std::collections::{BTreeMap, BTreeSet};

/// What the catalogue knows of a host name: every service that lists it, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Lookup<'a> {
    matches: Vec<Match<'a>>,
}

/// One service that lists a host name.
#[derive(Debug, Clone, Copy)]
pub struct Match<'a> {
    /// The service.
    pub service: &'a Service,
    /// Who runs it.
    pub party: &'a Party,
    /// The entry that covers the name.
    pub host: &'a ServiceHost,
}

impl<'a> Lookup<'a> {
    /// Whether any service lists the name.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.matches.is_empty()
    }

    /// The services that list the name, by id.
    #[must_use]
    pub fn matches(&self) -> &[Match<'a>] {
        &self.matches
    }

    /// The services that list the name and listen on this port, with what binds the name there.
    /// A flow to another port of a listed host belongs to none of its services.
    pub fn at(&self, transport: Transport, port: u16) -> impl Iterator<Item = (Match<'a>, &'a ServicePort)> {
        self.matches.iter().filter_map(move |found| Some((*found, found.host.port(transport, port)?)))
    }

    /// Everything that the services listing the name take, sorted.
    #[must_use]
    pub fn takes(&self) -> Vec<Category> {
        let takes: BTreeSet<_> =
            self.matches.iter().flat_map(|found| found.service.takes.iter().copied()).collect();
        takes.into_iter().collect()
    }
}

/// What granting services opens at one host.
#[derive(Debug, Clone)]
pub struct Opened<'a> {
    /// The names.
    pub pattern: &'a HostPattern,
    /// The granted services that listen there.
    pub granted: Vec<&'a Service>,
    /// Services that were not granted and listen on the same ports of the same names: the wire
    /// cannot tell them apart, so the grant opens them too.
    pub also: Vec<&'a Service>,
}

impl Opened<'_> {
    /// Every category that the grant opens at this host, sorted.
    #[must_use]
    pub fn takes(&self) -> Vec<Category> {
        let services = self.granted.iter().chain(&self.also);
        let takes: BTreeSet<_> = services.flat_map(|s| s.takes.iter().copied()).collect();
        takes.into_iter().collect()
    }
}

/// A service id that the catalogue does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue has no service `{0}`")]
pub struct UnknownService(pub ServiceId);

impl Catalogue {
    /// The services that list a name: the entries of the exact name, or else those of the longest
    /// suffix.
    #[must_use]
    pub fn lookup(&self, host: &HostName) -> Lookup<'_> {
        let name = host.as_str();
        let found = self.index.exact.get(name).or_else(|| {
            std::iter::successors(above(name), |name| above(name)).find_map(|name| self.index.below.get(name))
        });
        let matches = found
            .into_iter()
            .flatten()
            .filter_map(|(id, at)| {
                let service = self.service(id)?;
                Some(Match { service, party: self.party_of(service)?, host: service.hosts.get(*at)? })
            })
            .collect();
        Lookup { matches }
    }

    /// What granting these services opens, by host: whoever grants one is shown every category
    /// that leaves with it.
    ///
    /// # Errors
    /// For the first id that the catalogue does not have.
    pub fn opened_by(&self, granted: &[ServiceId]) -> Result<Vec<Opened<'_>>, UnknownService> {
        let mut opened: BTreeMap<&HostPattern, Opened<'_>> = BTreeMap::new();
        for id in granted {
            let service = self.service(id).ok_or_else(|| UnknownService(id.clone()))?;
            for host in &service.hosts {
                let at = opened.entry(&host.pattern).or_insert_with(|| Opened {
                    pattern: &host.pattern,
                    granted: Vec::new(),
                    also: Vec::new(),
                });
                if !at.granted.iter().any(|known| known.id == *id) {
                    at.granted.push(service);
                }
                for other in self.sharing(host) {
                    let listed = at.also.iter().any(|known| known.id == other.id);
                    if !granted.contains(&other.id) && !listed {
                        at.also.push(other);
                    }
                }
            }
        }
        Ok(opened.into_values().collect())
    }

    /// The services that list the same names and share a port there.
    fn sharing<'a>(&'a self, host: &'a ServiceHost) -> impl Iterator<Item = &'a Service> {
        let names = match &host.pattern {
            HostPattern::Exact(name) => self.index.exact.get(name.as_str()),
            HostPattern::Below(name) => self.index.below.get(name.as_str()),
        };
        names.into_iter().flatten().filter_map(|(id, at)| {
            let service = self.service(id)?;
            let other = service.hosts.get(*at)?;
            let shared = other.ports.iter().any(|port| host.port(port.transport, port.port).is_some());
            shared.then_some(service)
        })
    }
}

/// The name without its first label.
fn above(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, rest)| rest)
}
