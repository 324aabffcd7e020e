//! The audit: every flow is judged once, in the order in which flows ended.

use crate::asked::{asked, producer};
use crate::claims::{
    Categories, Certificates, Cleartext, Decider, DeniedSdk, Explained, Held, Jurisdictions, Parties, Places,
    untested,
};
use crate::clerk::{Case, Cases, Clerk};
use crate::contacts::Contacts;
use crate::coverage::Observed;
use crate::evidence::{Subject, Subjects};
use crate::flows::{FlowLines, Hosts, Stays};
use crate::headline::headline;
use crate::judged::Judged;
use crate::knowledge::Knowledge;
use crate::mode::{Ruled, Rules};
use crate::ownership::{Baseline, Owners};
use crate::question::Question;
use crate::reading::Reading;
use crate::reconcile::Reconciler;
use crate::report::data::{self, Claim, Report, Variant};
use crate::sent::Direction;
use crate::who::Who;
use creance_capture::{FlowRecord, Flows, PacketLabel};
use creance_catalogue::Catalogue;
use creance_model::{Mode, ServiceId};
use creance_policy::Policies;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::mpsc::sync_channel;

/// A verdict under other assumptions, while flows come in.
struct Alternative {
    name: &'static str,
    rules: Rules,
    /// Whether names are looked up in the shipped catalogue instead of the audit's.
    shipped_catalogue: bool,
    held: Decider,
}

/// Cases handed over at a time.
const BATCH: usize = 64;
/// Batches that may wait.
const BATCHES_AHEAD: usize = 8;

/// Everything that is needed to judge a flow.
struct Court<'a> {
    question: &'a Question,
    knowledge: &'a Knowledge,
    labels: &'a [PacketLabel],
    owners: Owners<'a>,
    rules: Option<Rules>,
    alternatives: Vec<Alternative>,
    deciders: Vec<Decider>,
    /// What the reasons of all of them are about.
    subjects: Subjects,
    observed: Observed,
    contacts: Contacts,
    hosts: Hosts,
    stays: Stays,
    reconciler: Option<Reconciler<'a>>,
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
    let mut stations = reading.survey.stations(question);
    if let Some(books) = &reading.ledger {
        stations.add_gateway(books.addresses());
    }
    let mut lines = FlowLines::new(flow_lines)?;
    // The flows are taken out, so that the rest can be looked at while they are read.
    let mut court = Court::new(reading, question, knowledge, baseline);
    let flows = reading.flows.try_clone()?;
    let clerk = Clerk::new(reading, question, knowledge, &stations);
    in_order(flows, clerk, |cases| court.hear(cases, &mut lines))?;
    let mut limits = court.observed.limits(reading, &stations, court.owners.no_app.clone());
    let reconciled =
        court.reconciler.map(|reconciler| reconciler.finish(question, reading.window, &reading.counts));
    let reconciliation = reconciled.map(|(reconciliation, ledger)| {
        limits.ledger = ledger;
        reconciliation
    });
    let requested = question.requested();
    let mut claims: Vec<Claim> = Vec::new();
    for decider in court.deciders {
        let number = decider.number();
        claims.push(decider.decide(&limits, requested.contains(&number), &court.subjects));
    }
    for alternative in court.alternatives {
        let claim = alternative.held.decide(&limits, false, &court.subjects);
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
        question: asked(question, knowledge, &stations, baseline.map_or(&[], Baseline::names), reading),
        inputs: reading.inputs.iter().map(crate::inputs::input).collect(),
        coverage,
        reconciliation,
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

/// Shows the flows' cases to `hear`, some at a time and in the order of the flows, while the next
/// ones are prepared on a thread of their own.
fn in_order(
    mut flows: Flows,
    mut clerk: Clerk<'_>,
    mut hear: impl FnMut(&Cases<'_>) -> io::Result<()>,
) -> io::Result<()> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(BATCHES_AHEAD);
        let preparing = std::thread::Builder::new().name("cases".into()).spawn_scoped(scope, move || {
            let mut cases = Cases::with_capacity(BATCH);
            flows.each(|flow| {
                clerk.prepare(flow, &mut cases);
                if cases.list().len() < BATCH {
                    return Ok(());
                }
                let full = std::mem::replace(&mut cases, Cases::with_capacity(BATCH));
                sender.send(full).map_err(|_| io::Error::other("flows are no longer judged"))
            })?;
            sender.send(cases).map_err(|_| io::Error::other("flows are no longer judged"))
        })?;
        let mut heard = Ok(());
        // Where hearing fails the receiver is dropped, which ends the other thread.
        for cases in receiver {
            heard = hear(&cases);
            if heard.is_err() {
                break;
            }
        }
        let prepared = preparing.join().unwrap_or_else(|_| Err(io::Error::other("preparing flows failed")));
        heard.and(prepared)
    })
}

impl<'a> Court<'a> {
    fn new(
        reading: &'a Reading,
        question: &'a Question,
        knowledge: &'a Knowledge,
        baseline: Option<&'a Baseline>,
    ) -> Self {
        let exempt: BTreeSet<ServiceId> = question.exempt.keys().cloned().collect();
        let granted: BTreeSet<ServiceId> = question.granted.keys().cloned().collect();
        let Knowledge { catalogue, policies, .. } = knowledge;
        let rules = question.mode.map(|mode| Rules::new(policies, catalogue, mode, &exempt, &granted));
        let mut court = Self {
            question,
            knowledge,
            labels: &reading.labels,
            owners: Owners::new(reading, question, baseline),
            rules,
            alternatives: Vec::new(),
            deciders: Vec::new(),
            subjects: Subjects::default(),
            observed: Observed::default(),
            contacts: Contacts::default(),
            hosts: Hosts::default(),
            stays: Stays::default(),
            reconciler: reading
                .ledger
                .as_ref()
                .map(|books| Reconciler::new(books, reading.survey.cards_of(books.addresses()))),
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
                       catalogue: &Catalogue,
                       exempt: &BTreeSet<_>,
                       granted: &BTreeSet<_>| {
            self.alternatives.push(Alternative {
                name,
                rules: Rules::new(policies, catalogue, mode, exempt, granted),
                shipped_catalogue: !std::ptr::eq(catalogue, &raw const knowledge.catalogue),
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

    /// Everyone in turn hears all of these cases: what one of them knows so far then stays in the
    /// processor's cache.
    fn hear(&mut self, cases: &Cases<'_>, lines: &mut FlowLines<'_>) -> io::Result<()> {
        let mut rule = |case: &Case<'_>| match &mut self.rules {
            Some(rules) if case.in_window => Some(rules.rule(&case.flow, &case.seen, &case.who)),
            Some(_) | None => None,
        };
        let ruled: Vec<Option<Ruled>> = cases.list().iter().map(&mut rule).collect();
        let with_rulings = cases.list().iter().zip(&ruled);
        let judged: Vec<Judged<'_>> =
            with_rulings.map(|(case, ruled)| self.judged(cases, case, ruled.as_ref())).collect();
        for judged in &judged {
            self.observed.add(judged);
            if let Some(reconciler) = &mut self.reconciler {
                reconciler.add(judged.flow, judged.seen);
            }
            self.hosts.add(judged.flow);
            match &judged.seen.direction {
                Direction::Left => self.contacts.add(judged, app(self.labels, judged.flow), self.knowledge),
                Direction::Stayed(why) => self.stays.add(judged.flow, judged.seen, why),
                Direction::InboundOnly | Direction::NotOfStation => {}
            }
        }
        for decider in &mut self.deciders {
            judged.iter().for_each(|judged| decider.add(judged, &mut self.subjects));
        }
        for judged in &judged {
            lines.add(judged, app(self.labels, judged.flow))?;
        }
        cases.list().iter().zip(&judged).for_each(|(case, judged)| self.hear_alternatives(case, judged));
        Ok(())
    }

    fn judged<'c>(
        &mut self,
        cases: &'c Cases<'_>,
        case: &'c Case<'_>,
        ruled: Option<&'c Ruled>,
    ) -> Judged<'c> {
        let Case { flow, seen, who, .. } = case;
        let remote = self.subjects.look_up(cases.remote(case));
        Judged {
            flow,
            seen,
            who,
            remote,
            to: to(who, remote, &self.subjects),
            protocols: cases.protocols(case),
            place: &case.place,
            protection: case.protection,
            blinding: &case.blinding,
            ruled,
            ownership: self.owners.of(flow, seen, who),
            tells_app: self.owners.no_app.is_none(),
            validity: case.validity,
            key_proven: case.key_proven,
            in_window: case.in_window,
        }
    }

    fn hear_alternatives(&mut self, case: &Case<'_>, judged: &Judged<'_>) {
        if !case.in_window {
            return;
        }
        for alternative in &mut self.alternatives {
            let shipped = case.who_by_shipped_catalogue.as_ref().filter(|_| alternative.shipped_catalogue);
            let who = shipped.unwrap_or(&case.who);
            let ruled: Ruled = alternative.rules.rule(&case.flow, &case.seen, who);
            let to = to(who, judged.remote, &self.subjects);
            let judged = Judged { who, to, ruled: Some(&ruled), ..*judged };
            alternative.held.add(&judged, &mut self.subjects);
        }
    }
}

/// Whom a flow went to, for a sentence.
fn to<'w>(who: &'w Who<'_>, remote: Subject<'w>, subjects: &Subjects) -> Subject<'w> {
    match who.names.first().filter(|_| !who.is_resolver) {
        Some(name) => subjects.look_up(&name.text),
        None => remote,
    }
}

/// The app that the capture names for a flow.
fn app<'l>(labels: &'l [PacketLabel], flow: &FlowRecord) -> Option<&'l str> {
    flow.label.and_then(|place| labels.get(place as usize)).and_then(|label| label.app.as_deref())
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
        Decider::new(DeniedSdk::new(mode, exempt.union(granted).cloned().collect())),
    ]
}
