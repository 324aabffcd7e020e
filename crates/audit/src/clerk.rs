//! What can be said of a flow by itself, before it is judged beside the others.

use crate::knowledge::Knowledge;
use crate::protection::{Protection, blinding, describe, protection};
use crate::question::Question;
use crate::reading::Reading;
use crate::sent::Seen;
use crate::stations::Stations;
use crate::text::endpoint;
use crate::who::{Attributor, Proof, Who};
use creance_capture::FlowRecord;
use creance_model::HostName;
use creance_residency::Residency;
use creance_wire::certificate::Validity;
use foldhash::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Places remembered between flows.
const PLACES_MAX: usize = 20_000;

/// A flow, ready to be judged.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) flow: FlowRecord,
    pub(crate) seen: Seen,
    pub(crate) who: Who<'a>,
    /// Whom it talked to by the shipped catalogue, where the audit's is another.
    pub(crate) who_by_shipped_catalogue: Option<Who<'a>>,
    /// The other end as text.
    pub(crate) remote: String,
    /// The protocols as text.
    pub(crate) protocols: String,
    pub(crate) place: Arc<Residency>,
    pub(crate) protection: Protection,
    pub(crate) blinding: Vec<&'static str>,
    /// Whether the certificates hold for the first name, where there are any.
    pub(crate) validity: Option<Validity>,
    /// Whether the server proved to hold the key of a chain that holds; `None` also where it had
    /// nothing to prove.
    pub(crate) key_proven: Option<bool>,
    /// Whether it left within the judged window.
    pub(crate) in_window: bool,
}

/// Prepares cases. Nothing said of a flow here depends on another.
#[derive(Debug)]
pub(crate) struct Clerk<'a> {
    question: &'a Question,
    knowledge: &'a Knowledge,
    stations: &'a Stations,
    attributor: Attributor<'a>,
    by_shipped_catalogue: Option<Attributor<'a>>,
    places: HashMap<(IpAddr, Option<HostName>), Arc<Residency>>,
}

impl<'a> Clerk<'a> {
    pub(crate) fn new(
        reading: &'a Reading,
        question: &'a Question,
        knowledge: &'a Knowledge,
        stations: &'a Stations,
    ) -> Self {
        let Knowledge { catalogue, roots, geo, shipped_catalogue, .. } = knowledge;
        let attributor = Attributor::new(catalogue, &reading.certificates, roots, geo, stations);
        let by_shipped_catalogue =
            shipped_catalogue.as_ref().map(|shipped| attributor.with_catalogue(shipped));
        Self { question, knowledge, stations, attributor, by_shipped_catalogue, places: HashMap::default() }
    }

    pub(crate) fn prepare(&mut self, flow: FlowRecord) -> Case<'a> {
        let seen = Seen::new(&flow, self.stations, self.question, &self.knowledge.catalogue);
        let proof = Proof::new(&flow, self.attributor.certificates);
        let who = self.attributor.who(&flow, &seen, &proof);
        let who_by_shipped_catalogue =
            self.by_shipped_catalogue.as_ref().map(|attributor| attributor.who(&flow, &seen, &proof));
        let first_name = who.names.first().and_then(|name| name.host.clone());
        let validity =
            (!flow.certificates.is_empty()).then(|| self.attributor.validity(&flow, first_name.as_ref()));
        let remote = endpoint(seen.remote);
        let key_proven = if validity == Some(Validity::Valid) { proof.holds() } else { None };
        Case {
            in_window: seen.left_in_window(&flow),
            place: self.place(seen.remote.addr, first_name),
            protocols: describe(&flow.facts).join(","),
            protection: protection(&flow),
            blinding: blinding(&flow),
            flow,
            seen,
            who,
            who_by_shipped_catalogue,
            remote,
            validity,
            key_proven,
        }
    }

    fn place(&mut self, addr: IpAddr, name: Option<HostName>) -> Arc<Residency> {
        let key = (addr, name);
        if let Some(known) = self.places.get(&key) {
            return Arc::clone(known);
        }
        let place = Arc::new(self.knowledge.geo.locate(addr, key.1.as_slice(), self.knowledge.mmdb.as_ref()));
        // Flows of one address come close together, so that starting afresh costs little.
        if self.places.len() >= PLACES_MAX {
            self.places.clear();
        }
        self.places.insert(key, Arc::clone(&place));
        place
    }
}
