//! Which flows are the judged app's.

use crate::judged::Ownership;
use crate::knowledge::Knowledge;
use crate::question::Question;
use crate::reading::Reading;
use crate::sent::Seen;
use crate::who::{Attributor, Proof, Who};
use creance_capture::{FlowRecord, PacketLabel};
use creance_model::{PartyKind, ServiceId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Names of apps in an answer.
const APPS_LISTED_MAX: usize = 12;

/// Which services a station talks to without the app, with bytes sent.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    names: Vec<String>,
    digests: Vec<[u8; 32]>,
    spans: Vec<(Timestamp, Timestamp)>,
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
            baseline.spans.extend(reading.inputs.iter().filter_map(|input| input.span));
            let stations = reading.survey.stations(question);
            let Reading { flows, certificates, .. } = reading;
            let attributor = Attributor::new(
                &knowledge.catalogue,
                certificates,
                &knowledge.roots,
                &knowledge.geo,
                &stations,
            );
            let mut platform = BTreeMap::<ServiceId, u64>::new();
            flows.each(|flow| {
                let seen = Seen::new(&flow, &stations, question, &knowledge.catalogue);
                let who = attributor.who(&flow, &seen, &Proof::new(&flow, attributor.certificates));
                for service in platform_services(&who) {
                    *platform.entry(service.clone()).or_default() += seen.sent(&flow.total()).payload;
                }
                Ok(())
            })?;
            // The most of any, not the sum: one capture given twice shows no more than once.
            for (service, sent) in platform {
                let most = baseline.platform.entry(service).or_default();
                *most = sent.max(*most);
            }
        }
        Ok(baseline)
    }

    /// The captures that it was learnt from.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
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

/// Tells whose each flow is.
pub(crate) struct Owners<'a> {
    question: &'a Question,
    labels: &'a [PacketLabel],
    baseline: Option<&'a Baseline>,
    sent_to_platform: BTreeMap<ServiceId, u64>,
    /// Why nothing tells which flows are the app's, and what would.
    pub(crate) no_app: Option<(String, String)>,
}

impl<'a> Owners<'a> {
    pub(crate) fn new(reading: &'a Reading, question: &'a Question, baseline: Option<&'a Baseline>) -> Self {
        Self {
            question,
            labels: &reading.labels,
            baseline,
            sent_to_platform: BTreeMap::new(),
            no_app: no_app(reading, question, baseline),
        }
    }

    pub(crate) fn of(&mut self, flow: &FlowRecord, seen: &Seen, who: &Who<'_>) -> Ownership {
        if let Some(app) = &self.question.app {
            let label = flow.label.and_then(|place| self.labels.get(place as usize));
            return match label {
                _ if flow.labels_differ => Ownership::Unknown,
                Some(label) if label.is(app) => Ownership::App,
                Some(label) if label.app.is_some() => Ownership::Other,
                Some(_) | None => Ownership::Unknown,
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

/// Why there is no means to tell the app's flows from others, and what would tell. Trailers that
/// only some frames have may be part of a payload, and a capture is no baseline for itself:
/// neither the same file nor another of the same time.
fn no_app(reading: &Reading, question: &Question, baseline: Option<&Baseline>) -> Option<(String, String)> {
    let another_baseline = "--baseline FILE of the same station without the app, taken at another time";
    if let (None, Some(baseline)) = (&question.app, baseline) {
        let own: Vec<[u8; 32]> =
            reading.inputs.iter().filter_map(|input| input.digest).map(|it| it.sha256).collect();
        let mut spans = reading.inputs.iter().filter_map(|input| input.span);
        let overlap =
            spans.any(|(first, last)| baseline.spans.iter().any(|(from, to)| *from <= last && first <= *to));
        let why = if own.is_empty() {
            "without digests nothing shows that the baseline is another capture"
        } else if baseline.digests.iter().any(|digest| own.contains(digest)) {
            "the baseline is the audited capture itself"
        } else if overlap {
            "the baseline was taken at the same time as the audited capture"
        } else {
            return None;
        };
        return Some((why.into(), another_baseline.into()));
    }
    let Some(app) = &question.app else {
        let would = format!(
            "a capture that names apps (PCAPdroid's trailer, pcapng labels) with --app NAME, or {another_baseline}"
        );
        return Some(("nothing tells the app's traffic from the rest of the station's".into(), would));
    };
    let counts = &reading.counts;
    if counts.trailers > 0 && counts.trailers != counts.ethernet_frames {
        let why = "only some frames have a trailer that names an app, which may be a part of their payload";
        return Some((why.into(), "a capture in which every frame has one".into()));
    }
    if reading.labels.iter().any(|label| label.is(app)) {
        return None;
    }
    let named: BTreeSet<&str> = reading.labels.iter().filter_map(|label| label.app.as_deref()).collect();
    if named.is_empty() {
        return Some(("the capture names no app".into(), another_baseline.into()));
    }
    let list = named.into_iter().take(APPS_LISTED_MAX).collect::<Vec<_>>().join(", ");
    Some((
        format!("no packet is of an app called `{app}`"),
        format!("--app with a name that the capture has: {list}"),
    ))
}
