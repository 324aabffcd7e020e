//! The audit: every flow is judged once, in the order in which flows ended.

use crate::asked::{asked, producer};
use crate::claims::{
    Categories, Certificates, Cleartext, Decider, DeniedSdk, Explained, Held, Jurisdictions, Parties, Places,
    untested,
};
use crate::contacts::Contacts;
use crate::coverage::Observed;
use crate::flows::{FlowLines, Hosts, Stays};
use crate::headline::headline;
use crate::judged::{Judged, Ownership};
use crate::knowledge::Knowledge;
use crate::mode::{Ruled, Rules};
use crate::protection::{blinding, describe, protection};
use crate::question::Question;
use crate::reading::Reading;
use crate::report::data::{self, Claim, Report, Variant};
use crate::sent::{Direction, Seen};
use crate::stations::Stations;
use crate::who::{Attributor, Who};
use creance_capture::{FlowRecord, PacketLabel};
use creance_catalogue::Catalogue;
use creance_model::{HostName, Mode, PartyKind, ServiceId};
use creance_policy::Policies;
use creance_residency::Residency;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};
use std::net::IpAddr;
use std::rc::Rc;

/// Places remembered between flows.
const PLACES_MAX: usize = 20_000;

/// Which services a station talks to without the app, with bytes sent.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    names: Vec<String>,
    digests: Vec<[u8; 32]>,
    platform: BTreeMap<ServiceId, u64>,
}

impl Baseline {
    /// Learns from captures of the same station without the app.
    ///
    /// # Errors
    /// Where flows cannot be read back.
    pub fn new(readings: &mut [Reading], question: &Question, knowledge: &Knowledge) -> io::Result<Self> {
        let mut baseline = Self::default();
        for reading in readings {
            baseline.names.extend(reading.inputs.iter().map(|input| input.name.clone()));
            baseline
                .digests
                .extend(reading.inputs.iter().filter_map(|input| input.digest).map(|it| it.sha256));
            let stations = reading.survey.stations(question);
            let Reading { flows, certificates, .. } = reading;
            let attributor = Attributor::new(
                &knowledge.catalogue,
                certificates,
                &knowledge.roots,
                &knowledge.geo,
                &stations,
            );
            flows.each(|flow| {
                let seen = Seen::new(&flow, &stations, question, &knowledge.catalogue);
                let who = attributor.who(&flow, &seen);
                for service in platform_services(&who) {
                    *baseline.platform.entry(service.clone()).or_default() += seen.sent(&flow.total).payload;
                }
                Ok(())
            })?;
        }
        Ok(baseline)
    }
}

/// The platform's services, where all of a flow's names are of such.
fn platform_services<'w>(who: &'w Who<'_>) -> Vec<&'w ServiceId> {
    let listed: Vec<_> = who.names.iter().flat_map(|name| &name.listed).collect();
    let all = !who.names.is_empty()
        && who.names.iter().all(|name| !name.listed.is_empty() && name.tie.holds())
        && listed.iter().all(|listed| listed.found.party.kind == PartyKind::Platform);
    if all { listed.iter().map(|listed| &listed.found.service.id).collect() } else { Vec::new() }
}

/// A verdict under other assumptions, while flows come in.
struct Alternative<'a> {
    name: &'static str,
    rules: Rules,
    /// Its catalogue, where that is not the audit's.
    attributor: Option<Attributor<'a>>,
    held: Decider,
}

/// Everything that is needed to judge a flow.
struct Court<'a> {
    question: &'a Question,
    knowledge: &'a Knowledge,
    stations: &'a Stations,
    labels: &'a [PacketLabel],
    baseline: Option<&'a Baseline>,
    tells_app: bool,
    attributor: Attributor<'a>,
    rules: Option<Rules>,
    alternatives: Vec<Alternative<'a>>,
    deciders: Vec<Decider>,
    places: HashMap<IpAddr, Rc<Residency>>,
    observed: Observed,
    contacts: Contacts,
    hosts: Hosts,
    stays: Stays,
    sent_to_platform: BTreeMap<ServiceId, u64>,
}

/// Judges what was read. Each flow is written to `flow_lines`, where given, as a line of
/// tab-separated text.
///
/// # Errors
/// Where flows cannot be read back, or the lines cannot be written.
pub fn audit(
    reading: &mut Reading,
    question: &Question,
    knowledge: &Knowledge,
    baseline: Option<&Baseline>,
    flow_lines: Option<&mut dyn Write>,
) -> io::Result<Report> {
    let stations = reading.survey.stations(question);
    let mut lines = FlowLines::new(flow_lines)?;
    // The flows are taken out, so that the rest can be looked at while they are read.
    let mut court = Court::new(reading, question, knowledge, &stations, baseline);
    let mut flows = reading.flows.try_clone()?;
    flows.each(|flow| court.hear(&flow, &mut lines))?;
    let limits = court.observed.limits(reading, &stations, court.tells_app);
    let requested = question.requested();
    let mut claims: Vec<Claim> = Vec::new();
    for decider in court.deciders {
        let number = decider.number();
        claims.push(decider.decide(&limits, requested.contains(&number)));
    }
    for alternative in court.alternatives {
        let claim = alternative.held.decide(&limits, false);
        let variant = Variant {
            name: alternative.name.to_owned(),
            verdict: claim.station.verdict,
            because: claim.station.because,
        };
        claims
            .iter_mut()
            .filter(|other| other.number == claim.number)
            .for_each(|other| other.variants.push(variant.clone()));
    }
    claims.extend(untested(|number| requested.contains(&number)));
    claims.sort_by_key(|claim| claim.number);
    let start = reading.counts.first.unwrap_or_default();
    let (contacts, contacts_left_out) = court.contacts.finish(start);
    let (hosts, hosts_left_out) = court.hosts.finish();
    let (flows, flows_left_out) = lines.finish()?;
    let coverage = court.observed.report(reading, &limits, &stations);
    let mut report = Report {
        schema: data::SCHEMA,
        producer: producer(knowledge),
        question: asked(
            question,
            knowledge,
            &stations,
            baseline.map_or(&[], |baseline| &baseline.names),
            reading,
        ),
        inputs: reading.inputs.iter().map(crate::inputs::input).collect(),
        coverage,
        headline: Vec::new(),
        claims,
        contacts,
        contacts_left_out,
        hosts,
        hosts_left_out,
        stayed: court.stays.finish(),
        flows,
        flows_left_out,
    };
    report.headline = headline(&report);
    Ok(report)
}

impl<'a> Court<'a> {
    fn new(
        reading: &'a Reading,
        question: &'a Question,
        knowledge: &'a Knowledge,
        stations: &'a Stations,
        baseline: Option<&'a Baseline>,
    ) -> Self {
        let exempt: BTreeSet<ServiceId> = question.exempt.keys().cloned().collect();
        let granted: BTreeSet<ServiceId> = question.granted.keys().cloned().collect();
        let Knowledge { catalogue, policies, roots, geo, .. } = knowledge;
        let rules = question.mode.map(|mode| Rules::new(policies, catalogue, mode, &exempt, &granted));
        let attributor = Attributor::new(catalogue, &reading.certificates, roots, geo, stations);
        let mut court = Self {
            question,
            knowledge,
            stations,
            labels: &reading.labels,
            baseline,
            tells_app: tells_app(reading, question, baseline),
            attributor,
            rules,
            alternatives: Vec::new(),
            deciders: Vec::new(),
            places: HashMap::new(),
            observed: Observed::default(),
            contacts: Contacts::default(),
            hosts: Hosts::default(),
            stays: Stays::default(),
            sent_to_platform: BTreeMap::new(),
        };
        court.deciders = deciders(question, &exempt, &granted);
        court.add_alternatives(&exempt, &granted);
        court
    }

    /// The verdict with no exemptions, and with what was shipped, stands beside the one asked for.
    fn add_alternatives(&mut self, exempt: &BTreeSet<ServiceId>, granted: &BTreeSet<ServiceId>) {
        let Some(mode) = self.question.mode.filter(|mode| *mode != Mode::Standard) else { return };
        let knowledge = self.knowledge;
        let none = BTreeSet::new();
        let mut add = |name,
                       policies: &Policies,
                       catalogue: &'a Catalogue,
                       exempt: &BTreeSet<_>,
                       granted: &BTreeSet<_>| {
            let own = !std::ptr::eq(catalogue, &raw const knowledge.catalogue);
            self.alternatives.push(Alternative {
                name,
                rules: Rules::new(policies, catalogue, mode, exempt, granted),
                attributor: own.then(|| self.attributor.with_catalogue(catalogue)),
                held: Decider::new(held(mode, exempt, granted)),
            });
        };
        if !exempt.is_empty() && mode == Mode::LocalData {
            add("with no exemptions", &knowledge.policies, &knowledge.catalogue, &none, granted);
        }
        if !granted.is_empty() && mode == Mode::Restricted {
            add("with nothing granted", &knowledge.policies, &knowledge.catalogue, exempt, &none);
        }
        if let Some(shipped) = &knowledge.shipped_catalogue {
            add("with the shipped catalogue", &knowledge.policies, shipped, exempt, granted);
        }
        if let Some(shipped) = &knowledge.shipped_policies {
            add("with the shipped policies", shipped, &knowledge.catalogue, exempt, granted);
        }
    }

    fn hear(&mut self, flow: &FlowRecord, lines: &mut FlowLines<'_>) -> io::Result<()> {
        let seen = Seen::new(flow, self.stations, self.question, &self.knowledge.catalogue);
        let who = self.attributor.who(flow, &seen);
        let in_window = seen.left_in_window(flow);
        let ruled = match &mut self.rules {
            Some(rules) if in_window => Some(rules.rule(flow, &seen, &who)),
            Some(_) | None => None,
        };
        let first_name = who.names.first().and_then(|name| name.host.clone());
        let validity =
            (!flow.certificates.is_empty()).then(|| self.attributor.validity(flow, first_name.as_ref()));
        let ownership = self.ownership(flow, &seen, &who);
        let blinding = blinding(flow);
        let place = self.place(seen.remote.addr, first_name.as_slice());
        let remote =
            if seen.remote.port == 0 { seen.remote.addr.to_string() } else { seen.remote.to_string() };
        let protocols = describe(&flow.facts).join(",");
        let judged = Judged {
            flow,
            seen: &seen,
            who: &who,
            remote: &remote,
            protocols: &protocols,
            place: &place,
            protection: protection(flow),
            blinding: &blinding,
            ruled: ruled.as_ref(),
            ownership,
            tells_app: self.tells_app,
            validity,
            in_window,
        };
        self.observed.add(&judged);
        self.hosts.add(flow);
        let app = flow
            .label
            .and_then(|place| self.labels.get(place as usize))
            .and_then(|label| label.app.as_deref());
        match &seen.direction {
            Direction::Left => {
                let Knowledge { geo, catalogue, .. } = self.knowledge;
                self.contacts.add(&judged, app, geo, catalogue);
            }
            Direction::Stayed(why) => self.stays.add(flow, &seen, why),
            Direction::InboundOnly | Direction::NotOfStation => {}
        }
        for decider in &mut self.deciders {
            decider.add(&judged);
        }
        lines.add(&judged, app)?;
        self.hear_alternatives(flow, &seen, &judged);
        Ok(())
    }

    fn hear_alternatives(&mut self, flow: &FlowRecord, seen: &Seen, judged: &Judged<'_>) {
        if !judged.in_window {
            return;
        }
        for alternative in &mut self.alternatives {
            let own = alternative.attributor.as_ref().map(|attributor| attributor.who(flow, seen));
            let who = own.as_ref().unwrap_or(judged.who);
            let ruled: Ruled = alternative.rules.rule(flow, seen, who);
            alternative.held.add(&Judged { who, ruled: Some(&ruled), ..*judged });
        }
    }

    fn place(&mut self, addr: IpAddr, names: &[HostName]) -> Rc<Residency> {
        if let Some(known) = self.places.get(&addr) {
            return Rc::clone(known);
        }
        let place = Rc::new(self.knowledge.geo.locate(addr, names, self.knowledge.mmdb.as_ref()));
        if self.places.len() < PLACES_MAX {
            self.places.insert(addr, Rc::clone(&place));
        }
        place
    }

    fn ownership(&mut self, flow: &FlowRecord, seen: &Seen, who: &Who<'_>) -> Ownership {
        if let Some(app) = &self.question.app {
            let label = flow.label.and_then(|place| self.labels.get(place as usize));
            return match label.and_then(|label| label.app.as_deref()) {
                _ if flow.labels_differ => Ownership::Unknown,
                Some(name) if name == app => Ownership::App,
                Some(_) => Ownership::Other,
                None => Ownership::Unknown,
            };
        }
        let Some(baseline) = self.baseline else { return Ownership::Unknown };
        let platform = platform_services(who);
        if platform.is_empty() {
            return Ownership::App;
        }
        // The platform's channels can carry an app's data: twice of what they sent without it is
        // no longer background.
        let mut background = true;
        for service in platform {
            let sent = self.sent_to_platform.entry(service.clone()).or_default();
            *sent += seen.sent(&flow.window).payload;
            background &=
                baseline.platform.get(service).is_some_and(|before| *sent <= before.saturating_mul(2));
        }
        if background { Ownership::Other } else { Ownership::Unknown }
    }
}

/// Whether there is any means to tell the app's flows from others. Trailers that only some frames
/// have may be part of a payload, and a capture is no baseline for itself.
fn tells_app(reading: &Reading, question: &Question, baseline: Option<&Baseline>) -> bool {
    let counts = &reading.counts;
    let mixed = counts.trailers > 0 && counts.trailers != counts.ethernet_frames;
    let own: Vec<[u8; 32]> =
        reading.inputs.iter().filter_map(|input| input.digest).map(|it| it.sha256).collect();
    match baseline {
        Some(baseline) => !own.is_empty() && !baseline.digests.iter().any(|digest| own.contains(digest)),
        None => question.app.is_some() && !mixed,
    }
}

fn held(mode: Mode, exempt: &BTreeSet<ServiceId>, granted: &BTreeSet<ServiceId>) -> Held {
    match mode {
        Mode::Restricted => Held::restricted(Some(mode), granted.iter().cloned().collect()),
        Mode::Offline | Mode::LocalData | Mode::Standard => {
            Held::local_data(Some(mode), exempt.iter().cloned().collect())
        }
    }
}

fn deciders(
    question: &Question,
    exempt: &BTreeSet<ServiceId>,
    granted: &BTreeSet<ServiceId>,
) -> Vec<Decider> {
    let mode = question.mode;
    vec![
        Decider::new(Explained),
        Decider::new(Parties::default()),
        Decider::new(Places::default()),
        Decider::new(Jurisdictions::new(question.forbidden_jurisdictions.clone())),
        Decider::new(Cleartext::default()),
        Decider::new(Certificates::default()),
        Decider::new(Categories::default()),
        Decider::new(Held::restricted(mode, granted.iter().cloned().collect())),
        Decider::new(Held::local_data(mode, exempt.iter().cloned().collect())),
        Decider::new(DeniedSdk::new(mode)),
    ]
}
