//! What is asked.

use creance_model::{Category, Jurisdiction, Mode, PartyKind, ServiceId};
use std::collections::BTreeSet;

/// What policies may know of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFacts {
    /// Its id in the catalogue.
    pub id: ServiceId,
    /// Who runs it, by the name that the catalogue gives.
    pub party: String,
    /// How that party stands to the operator.
    pub party_kind: PartyKind,
    /// The country whose law the party answers to, where it is known.
    pub jurisdiction: Option<Jurisdiction>,
    /// The kinds of data that it takes; none is taken to mean that nobody has said.
    pub takes: Vec<Category>,
}

/// One question: may this station's data leave to this service?
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The station, by its name or address.
    pub station: String,
    /// The mode that the station is held to.
    pub mode: Mode,
    /// The mode that the installation is sealed to: none, `local-data` or `offline`. A request
    /// with any other seal is denied.
    pub seal: Option<Mode>,
    /// The service; none stands for a host that the catalogue does not know.
    pub service: Option<&'a ServiceFacts>,
    /// The services exempt from `local-data`.
    pub exempt: &'a BTreeSet<ServiceId>,
    /// The services granted in `restricted`.
    pub granted: &'a BTreeSet<ServiceId>,
}
