//! What each station may do: the decisions of the policies, computed once and looked up.

use crate::core::Reason;
use creance_catalogue::{Binding, Catalogue};
use creance_ledger::Pseudonym;
use creance_model::{HostName, Mode, ServiceId, Transport};
use creance_policy::{Decision, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A station and the mode that it is held to.
#[derive(Debug, Clone)]
pub struct Held {
    /// The station.
    pub station: Pseudonym,
    /// Its mode.
    pub mode: Mode,
    /// What the policies say of each service for it, and of hosts that nobody knows.
    pub rows: Vec<Row>,
}

/// The decisions that hold at a time. A change of anything makes another table.
#[derive(Debug, Clone)]
pub struct Table {
    generation: u64,
    catalogue: Arc<Catalogue>,
    stations: BTreeMap<Pseudonym, Station>,
    /// Services that must show their names themselves: a hidden one is refused.
    strict: BTreeSet<ServiceId>,
}

#[derive(Debug, Clone)]
struct Station {
    mode: Mode,
    services: BTreeMap<ServiceId, Decision>,
    /// About hosts that no service lists. None denies.
    unknown: Option<Decision>,
    /// Whether everything may leave.
    everything: bool,
}

/// One way in which a flow may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// As which service; none is a host that nobody knows.
    pub service: Option<ServiceId>,
    /// What must carry its name; none where nothing must.
    pub binding: Option<Binding>,
    /// Whether a hidden name is refused.
    pub strict: bool,
    /// The policies that allow it.
    pub policies: Vec<String>,
}

/// What the table says of a name at a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// Everything may leave from this station, whatever it is.
    Everything(Offer),
    /// It may leave in one of these ways, of which there is at least one.
    Offers(Vec<Offer>),
    /// It may not.
    No(Reason, Option<ServiceId>),
}

impl Table {
    /// A table. Stations that it does not hold may do nothing.
    #[must_use]
    pub fn new(
        generation: u64,
        catalogue: Arc<Catalogue>,
        held: Vec<Held>,
        strict: BTreeSet<ServiceId>,
    ) -> Self {
        let stations = held.into_iter().map(|held| {
            let mut services = BTreeMap::new();
            let mut unknown = None;
            for row in held.rows {
                match row.service {
                    Some(id) => drop(services.insert(id, row.decision)),
                    None => unknown = Some(row.decision),
                }
            }
            let mut station = Station { mode: held.mode, services, unknown, everything: false };
            let all = || catalogue.services().all(|service| station.allows(&service.id).is_some());
            station.everything = station.unknown.as_ref().is_some_and(|unknown| unknown.allowed) && all();
            (held.station, station)
        });
        let stations = stations.collect();
        Self { generation, catalogue, stations, strict }
    }

    /// Its number; a later table has a larger one.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a station has a name here; one that has none may do nothing.
    #[must_use]
    pub fn knows(&self, station: &Pseudonym) -> bool {
        self.stations.contains_key(station)
    }

    /// The mode of a station; the strictest for one that is not known.
    #[must_use]
    pub fn mode(&self, station: &Pseudonym) -> Mode {
        self.stations.get(station).map_or(Mode::Offline, |station| station.mode)
    }

    /// Whether a station may ask for a name at all: whether anything listens there that it may
    /// reach.
    #[must_use]
    pub fn may_ask(&self, station: &Pseudonym, name: &HostName) -> Says {
        self.says(station, name, None)
    }

    /// What may leave from a station to a name at a port.
    #[must_use]
    pub fn may_leave(&self, station: &Pseudonym, name: &HostName, transport: Transport, port: u16) -> Says {
        self.says(station, name, Some((transport, port)))
    }

    /// What may leave from each station: services, and none for hosts that nobody knows.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<(Pseudonym, Option<ServiceId>)> {
        let services = |station: &Station| {
            let known = station.services.iter().filter(|(_, decision)| decision.allowed);
            let unknown = station.unknown.as_ref().filter(|unknown| unknown.allowed);
            let known: Vec<_> = known.map(|(id, _)| Some(id.clone())).collect();
            known.into_iter().chain(unknown.map(|_| None))
        };
        self.stations
            .iter()
            .flat_map(|(name, station)| services(station).map(|service| (name.clone(), service)))
            .collect()
    }

    /// Whether it lets out anything, from any station, that another table would not.
    #[must_use]
    pub fn lets_out_beyond(&self, other: &Self) -> bool {
        !self.allowed().is_subset(&other.allowed())
    }

    /// Whether everything may leave from a station, also to where no name is known.
    #[must_use]
    pub fn everything(&self, station: &Pseudonym) -> Option<Offer> {
        let station = self.stations.get(station).filter(|station| station.everything)?;
        let unknown = station.unknown.as_ref()?;
        Some(Offer { service: None, binding: None, strict: false, policies: unknown.determining.clone() })
    }

    /// The name below which a host stands, where a service lists all hosts below it.
    pub(crate) fn wildcard(&self, name: &HostName) -> Option<String> {
        let found = self.catalogue.lookup(name);
        found
            .matches()
            .iter()
            .map(|found| found.host.pattern.to_string())
            .find(|pattern| pattern.starts_with('*'))
    }

    fn says(&self, held: &Pseudonym, name: &HostName, at: Option<(Transport, u16)>) -> Says {
        let found = self.catalogue.lookup(name);
        let first = found.matches().first().map(|found| found.service.id.clone());
        if let Some(offer) = self.everything(held) {
            return Says::Everything(Offer { service: first, ..offer });
        }
        let Some(station) = self.stations.get(held) else { return Says::No(Reason::Denied, first) };
        if !found.is_known() {
            return match station.unknown.as_ref().filter(|unknown| unknown.allowed) {
                Some(unknown) => Says::Offers(vec![Offer {
                    service: None,
                    binding: None,
                    strict: false,
                    policies: unknown.determining.clone(),
                }]),
                None => Says::No(Reason::Denied, None),
            };
        }
        let listens = |port: &creance_catalogue::ServicePort| {
            at.is_none_or(|(transport, number)| port.transport == transport && port.port == number)
        };
        let mut offers = Vec::new();
        let mut elsewhere = false;
        for found in found.matches() {
            let Some(decision) = station.allows(&found.service.id) else { continue };
            elsewhere = true;
            offers.extend(found.host.ports.iter().filter(|port| listens(port)).map(|port| Offer {
                service: Some(found.service.id.clone()),
                binding: Some(port.binding),
                strict: self.strict.contains(&found.service.id),
                policies: decision.determining.clone(),
            }));
        }
        if !offers.is_empty() {
            return Says::Offers(offers);
        }
        Says::No(if elsewhere { Reason::OtherPort } else { Reason::Denied }, first)
    }
}

impl Station {
    /// The decision that allows a service.
    fn allows(&self, id: &ServiceId) -> Option<&Decision> {
        self.services.get(id).filter(|decision| decision.allowed)
    }
}
