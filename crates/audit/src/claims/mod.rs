//! The claims that an audit decides. docs/claims.md lists them all.
//!
//! Each claim looks at every flow and then decides. A claim is refuted by one flow that shows so,
//! upheld only where every flow agrees and the capture is complete, and inconclusive otherwise.

mod categories;
mod certificates;
mod cleartext;
mod denied_sdk;
mod explained;
mod held;
mod jurisdiction;
mod parties;
mod places;
mod untested;

pub(crate) use categories::Categories;
pub(crate) use certificates::Certificates;
pub(crate) use cleartext::Cleartext;
pub(crate) use denied_sdk::DeniedSdk;
pub(crate) use explained::Explained;
pub(crate) use held::Held;
pub(crate) use jurisdiction::Jurisdictions;
pub(crate) use parties::Parties;
pub(crate) use places::Places;
pub(crate) use untested::untested;

use crate::evidence::{Reasons, Subjects, Why};
use crate::judged::{Judged, Ownership};
use crate::reconcile::Ledgered;
use crate::report::data::{Claim, Ruling, Table};
use creance_model::Verdict;
use std::collections::BTreeMap;

/// What would decide a claim that single flows leave open.
const OPEN_FLOWS: &str = "what each open flow lacks, as listed with it; often a capture that begins before the app connects, so that its DNS answers and handshakes are in it";

/// What would decide a claim that the ledger leaves open.
const OPEN_LEDGER: &str = "what the reconciliation with the ledger lists; often a capture that begins before the gateway and ends after it, and loses nothing";

/// What a claim says of one flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding<'t> {
    /// The flow has nothing to do with the claim.
    Apart,
    /// The flow agrees with it.
    Agrees,
    /// The flow refutes it: why.
    Against(Why<'t>),
    /// The flow leaves it open: why.
    Open(Why<'t>),
}

/// A claim that looks at flows.
pub(crate) trait Examine {
    /// Its number.
    fn number(&self) -> u8;
    /// The statement that is decided.
    fn statement(&self) -> String;
    /// The evidence that it needs.
    fn needs(&self) -> &'static str;
    /// What it says of a flow that left within the window.
    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j>;
    /// Why it is not tested at all, where that is so, with what would test it.
    fn not_tested(&self) -> Option<(&'static str, &'static str)> {
        None
    }
    /// Whether it is decided by traffic that is absent, so that the tap must be shown to have
    /// been alive before and after the window.
    fn is_silence(&self) -> bool {
        false
    }
    /// Whether it says something of each flow, so that it cannot be decided where there is none.
    fn needs_flows(&self) -> bool {
        true
    }
    /// Rows that show what it rests on.
    fn table(&self) -> Option<Table> {
        None
    }
}

/// What limits every verdict of "all" or "nothing".
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// The capture is not known to be complete: why.
    pub(crate) incomplete: Vec<String>,
    /// The tap is not shown to have been alive before and after the window: why.
    pub(crate) no_control: Option<String>,
    /// Nothing tells which flows are the app's: why, and what would.
    pub(crate) no_app: Option<(String, String)>,
    /// The app is not shown to have been alive before and after the window: why.
    pub(crate) no_app_control: Option<String>,
    /// What a gateway's ledger says against a claim, or leaves open of it, by its number.
    pub(crate) ledger: BTreeMap<u8, Ledgered>,
}

/// A claim with what it has found so far.
pub(crate) struct Decider {
    claim: Box<dyn Examine>,
    station: Tally,
    app: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    agreeing: u64,
    against: Reasons,
    open: Reasons,
}

impl Tally {
    fn add(&mut self, finding: &Finding<'_>, number: u64, subjects: &mut Subjects) {
        match finding {
            Finding::Apart => {}
            Finding::Agrees => self.agreeing += 1,
            Finding::Against(why) => self.against.add(why, number, subjects),
            Finding::Open(why) => self.open.add(why, number, subjects),
        }
    }

    const fn is_empty(&self) -> bool {
        self.agreeing == 0
    }
}

impl Decider {
    pub(crate) fn new(claim: impl Examine + 'static) -> Self {
        Self { claim: Box::new(claim), station: Tally::default(), app: Tally::default() }
    }

    pub(crate) fn number(&self) -> u8 {
        self.claim.number()
    }

    pub(crate) fn add(&mut self, judged: &Judged<'_>, subjects: &mut Subjects) {
        if !judged.left() || !judged.in_window {
            return;
        }
        let finding = match (self.claim.examine(judged), judged.seen.doubt) {
            (Finding::Against(why), Some(doubt)) => Finding::Open(format!("{why}, {doubt}").into()),
            (finding, _) => finding,
        };
        self.station.add(&finding, judged.number(), subjects);
        match (judged.ownership, finding) {
            // Without any means to tell, the app has no tally of its own.
            _ if !judged.tells_app => {}
            (Ownership::Other, _) => {}
            (Ownership::App, finding) => self.app.add(&finding, judged.number(), subjects),
            (Ownership::Unknown, Finding::Against(why)) => {
                let why = format!("{why}; the capture does not tell whether the app sent it");
                self.app.add(&Finding::Open(why.into()), judged.number(), subjects);
            }
            (Ownership::Unknown, finding) => self.app.add(&finding, judged.number(), subjects),
        }
    }

    /// The verdicts.
    pub(crate) fn decide(self, limits: &Limits, requested: bool, subjects: &Subjects) -> Claim {
        let station = self.rule(&self.station, limits, subjects);
        let app = if station.verdict == Verdict::Upheld.as_str()
            || station.verdict == Verdict::NotTested.as_str()
        {
            station.clone()
        } else if let Some((because, would_decide)) = limits.no_app.clone() {
            Ruling {
                verdict: Verdict::Inconclusive.to_string(),
                because,
                against: Vec::new(),
                open: Vec::new(),
                agreeing_flows: 0,
                would_decide: Some(would_decide),
            }
        } else {
            let no_control = limits.no_control.clone().or_else(|| limits.no_app_control.clone());
            self.rule(&self.app, &Limits { no_control, ..limits.clone() }, subjects)
        };
        Claim {
            number: self.claim.number(),
            statement: self.claim.statement(),
            requested,
            needs: self.claim.needs().to_owned(),
            station,
            app,
            variants: Vec::new(),
            table: self.claim.table(),
        }
    }

    fn rule(&self, tally: &Tally, limits: &Limits, subjects: &Subjects) -> Ruling {
        let (verdict, because, would_decide) = self.verdict(tally, limits, subjects);
        Ruling {
            verdict: verdict.to_string(),
            because,
            against: tally.against.list(subjects),
            open: tally.open.list(subjects),
            agreeing_flows: tally.agreeing,
            would_decide,
        }
    }

    fn verdict(
        &self,
        tally: &Tally,
        limits: &Limits,
        subjects: &Subjects,
    ) -> (Verdict, String, Option<String>) {
        if let Some((why, would)) = self.claim.not_tested() {
            return (Verdict::NotTested, why.into(), Some(would.into()));
        }
        if let Some(first) = tally.against.list(subjects).first() {
            let flows = tally.against.flows();
            return (Verdict::Refuted, format!("{} ({} in all)", first.text, count(flows, "flow")), None);
        }
        let ledgered = limits.ledger.get(&self.claim.number());
        if let Some(first) = ledgered.and_then(|ledgered| ledgered.against.first()) {
            return (Verdict::Refuted, first.clone(), None);
        }
        if let Some(first) = tally.open.list(subjects).first() {
            let because = format!("{} ({} left open in all)", first.text, count(tally.open.flows(), "flow"));
            return (Verdict::Inconclusive, because, Some(OPEN_FLOWS.into()));
        }
        if let Some(first) = ledgered.and_then(|ledgered| ledgered.open.first()) {
            return (Verdict::Inconclusive, first.clone(), Some(OPEN_LEDGER.into()));
        }
        if let Some(first) = limits.incomplete.first() {
            let because =
                format!("nothing speaks against it, but the capture is not known to be complete: {first}");
            return (
                Verdict::Inconclusive,
                because,
                Some("a complete capture: pcapng with drop counters that are zero".into()),
            );
        }
        if let (true, Some(why)) = (self.claim.is_silence(), &limits.no_control) {
            let because = format!("nothing speaks against it, but {why}");
            let would =
                "--window FROM..TO within a capture that shows the station's traffic before and after";
            return (Verdict::Inconclusive, because, Some(would.into()));
        }
        if self.claim.needs_flows() && tally.is_empty() {
            let would = "a capture in which the station sends something".to_owned();
            return (
                Verdict::Inconclusive,
                "no flow left the station, so there was nothing to test".into(),
                Some(would),
            );
        }
        let because = match tally.agreeing {
            0 => "nothing left the station in the judged time, and the tap was alive before and after".into(),
            agreeing => {
                format!("{} left the station in the judged time, and each agrees", count(agreeing, "flow"))
            }
        };
        (Verdict::Upheld, because, None)
    }
}

/// `1 flow`, `2 flows`.
pub(crate) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
