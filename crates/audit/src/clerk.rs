//! What can be said of a flow by itself, before it is judged beside the others.

use crate::knowledge::Knowledge;
use crate::protection::{Protection, blinding, protection, push_protocols};
use crate::question::Question;
use crate::reading::Reading;
use crate::sent::Seen;
use crate::stations::Stations;
use crate::text::push_remote;
use crate::who::{Attributor, Proof, Who};
use creance_capture::FlowRecord;
use creance_residency::Conclusion;
use creance_wire::certificate::Validity;
use foldhash::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

/// Places remembered between flows.
const PLACES_MAX: usize = 20_000;

/// A flow, ready to be judged.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) flow: Box<FlowRecord>,
    pub(crate) seen: Seen,
    pub(crate) who: Who<'a>,
    /// Whom it talked to by the shipped catalogue, where the audit's is another.
    pub(crate) who_by_shipped_catalogue: Option<Who<'a>>,
    /// Where in the texts of its cases the other end stands.
    remote: Range<usize>,
    /// Where in them the protocols stand.
    protocols: Range<usize>,
    /// Where the other end stands.
    pub(crate) place: Arc<Conclusion>,
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

/// Some cases in the order of their flows. Their texts lie together, so that whoever reads them on
/// another thread need not fetch each from another place.
#[derive(Debug, Default)]
pub(crate) struct Cases<'a> {
    list: Vec<Case<'a>>,
    texts: String,
}

impl<'a> Cases<'a> {
    /// Room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { list: Vec::with_capacity(count), texts: String::with_capacity(count * 32) }
    }

    /// The cases.
    pub(crate) fn list(&self) -> &[Case<'a>] {
        &self.list
    }

    /// The other end of a case of these, as text.
    pub(crate) fn remote(&self, case: &Case<'_>) -> &str {
        self.texts.get(case.remote.clone()).unwrap_or_default()
    }

    /// The protocols of a case of these, as text.
    pub(crate) fn protocols(&self, case: &Case<'_>) -> &str {
        self.texts.get(case.protocols.clone()).unwrap_or_default()
    }
}

/// Prepares cases. Nothing said of a flow here depends on another.
#[derive(Debug)]
pub(crate) struct Clerk<'a> {
    question: &'a Question,
    knowledge: &'a Knowledge,
    stations: &'a Stations,
    attributor: Attributor<'a>,
    by_shipped_catalogue: Option<Attributor<'a>>,
    places: HashMap<IpAddr, Arc<Conclusion>>,
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

    /// Adds a flow's case to others.
    pub(crate) fn prepare(&mut self, flow: Box<FlowRecord>, cases: &mut Cases<'a>) {
        let texts = &mut cases.texts;
        let start = texts.len();
        let seen = Seen::new(&flow, self.stations, self.question, &self.knowledge.catalogue);
        let proof = Proof::new(&flow, self.attributor.certificates);
        let who = self.attributor.who(&flow, &seen, &proof);
        let who_by_shipped_catalogue =
            self.by_shipped_catalogue.as_ref().map(|attributor| attributor.who(&flow, &seen, &proof));
        let first_name = who.names.first().and_then(|name| name.host.as_ref());
        let validity = (!flow.certificates.is_empty()).then(|| self.attributor.validity(&flow, first_name));
        push_remote(texts, seen.remote);
        let remote = start..texts.len();
        push_protocols(texts, &flow.facts);
        let protocols = remote.end..texts.len();
        let key_proven = if validity == Some(Validity::Valid) { proof.holds() } else { None };
        cases.list.push(Case {
            in_window: seen.left_in_window(&flow),
            place: self.place(seen.remote.addr),
            protection: protection(&flow),
            blinding: blinding(&flow),
            flow,
            seen,
            who,
            who_by_shipped_catalogue,
            remote,
            protocols,
            validity,
            key_proven,
        });
    }

    fn place(&mut self, addr: IpAddr) -> Arc<Conclusion> {
        if let Some(known) = self.places.get(&addr) {
            return Arc::clone(known);
        }
        let place = Arc::new(self.knowledge.geo.conclude(addr, self.knowledge.mmdb.as_ref()));
        // Flows of one address come close together, so that starting afresh costs little.
        if self.places.len() >= PLACES_MAX {
            self.places.clear();
        }
        self.places.insert(addr, Arc::clone(&place));
        place
    }
}
