//! What came of it: flow by flow of the ledger, then all together.

use super::book::{Books, Start};
use super::findings::{Findings, Ledgered, Weight};
use super::host;
use super::kinds::{self, Kind, verb};
use super::matching::{LISTED_MAX, Met, Reconciler};
use super::periods::{self, Cut};
use crate::claims::count;
use crate::question::Question;
use crate::report::reconciliation::{Disagreeing, HostKind, LogChecked, Reconciliation};
use crate::text::rfc3339;
use creance_capture::{Counts, Unread, Window};
use creance_ledger::FlowEnd;
use creance_model::{Mode, Timestamp};
use std::collections::BTreeMap;

/// Flow numbers kept of one kind.
const NUMBERS_MAX: usize = 64;

/// Flows of one kind.
#[derive(Debug, Default)]
struct OfKind {
    flows: u64,
    numbers: Vec<u64>,
    first: Option<String>,
}

impl OfKind {
    fn add(&mut self, start: &Start, met: &Met) {
        self.flows += 1;
        if self.numbers.len() < NUMBERS_MAX {
            self.numbers.extend(met.numbers.first());
        }
        self.first.get_or_insert_with(|| shown(start));
    }

    /// One of them, and how many more there are.
    fn told(&self) -> String {
        let first = self.first.as_deref().unwrap_or_default();
        match self.flows {
            0 | 1 => first.to_owned(),
            flows => format!("{first}, and {} more", flows - 1),
        }
    }
}

/// The verdict of each flow of the ledger, while they are gone through.
struct Ledger<'a> {
    books: &'a Books,
    window: Option<Window>,
    kinds: BTreeMap<(Kind, bool), OfKind>,
    list: Vec<Disagreeing>,
    left_out: u64,
    agreeing: u64,
    silent: u64,
    wire: [u64; 2],
    ledger: [u64; 2],
    cuts: Vec<Vec<Cut>>,
    /// Flows of the judged time that the ledger says hid a name, and that the capture shows without.
    hidden: OfKind,
}

impl<'a> Ledger<'a> {
    fn new(books: &'a Books, window: Option<Window>) -> Self {
        let cuts = books.logs.iter().map(|log| vec![Cut::default(); log.periods.len()]).collect();
        Self {
            books,
            window,
            kinds: BTreeMap::new(),
            list: Vec::new(),
            left_out: 0,
            agreeing: 0,
            silent: 0,
            wire: [0; 2],
            ledger: [0; 2],
            cuts,
            hidden: OfKind::default(),
        }
    }

    fn go(&mut self, start: &'a Start, met: &'a Met) {
        let (up, down) = start.end.as_ref().map_or((None, None), |end| (end.up, end.down));
        let [wire_up, wire_down] = &mut self.wire;
        let [ledger_up, ledger_down] = &mut self.ledger;
        if met.pieces > 0 {
            *wire_up += met.up;
            *wire_down += met.down;
            *ledger_up += up.unwrap_or(0);
            *ledger_down += down.unwrap_or(0);
        }
        let kinds = self.kinds_of(start, met);
        let in_window = if met.pieces > 0 { met.in_window } else { self.is_in_window(start) };
        // What the capture shows to be hidden is open without the ledger.
        if start.blinded && !met.seen_hiding && in_window {
            self.hidden.add(start, met);
        }
        if kinds.is_empty() {
            self.agreeing += u64::from(met.pieces > 0);
            self.silent += u64::from(met.pieces == 0);
            return;
        }
        let one = || disagreeing(self.books, start, met, &kinds);
        for kind in &kinds {
            self.kinds.entry((*kind, !in_window)).or_default().add(start, met);
        }
        if self.list.len() < LISTED_MAX {
            let one = one();
            self.list.push(one);
        } else {
            self.left_out += 1;
        }
    }

    fn kinds_of(&mut self, start: &Start, met: &Met) -> Vec<Kind> {
        let mut found = Vec::new();
        if let Some(cut) = periods::cut_by(self.books, start)
            && let Some(tally) = self.cuts.get_mut(start.log).and_then(|cuts| cuts.get_mut(cut.0))
        {
            tally.flows += 1;
            if periods::sent_after(self.books, cut.1, met) {
                tally.sent_after += 1;
                found.push(Kind::SentAfterCut);
            }
        } else if start.end.as_ref().is_some_and(|end| end.how == FlowEnd::Revoked) {
            found.push(Kind::CutByNone);
        }
        found.extend(met.late.map(|_| Kind::Late));
        found.extend(start.stale.then_some(Kind::Stale));
        found.extend(kinds::beside(met));
        found.extend(self.bytes(start, met));
        found.sort_unstable();
        found
    }

    /// In what the bytes do not agree.
    fn bytes(&self, start: &Start, met: &Met) -> Vec<Kind> {
        let Some(end) = &start.end else { return vec![Kind::NotEnded] };
        let (Some(up), Some(down)) = (end.up, end.down) else { return vec![Kind::Unknown] };
        let beyond = self.books.span.is_none_or(|span| start.at < span.first || end.at > span.last);
        if met.pieces == 0 {
            return match (up, down) {
                (0, 0) => Vec::new(),
                _ if beyond => vec![Kind::Partly],
                _ => vec![Kind::NotSeen],
            };
        }
        let mut kinds = Vec::new();
        match up.cmp(&met.up) {
            std::cmp::Ordering::Less => kinds.push(Kind::MoreLeft),
            // Some of it may have left before the capture, or after.
            std::cmp::Ordering::Greater if beyond => kinds.push(Kind::Partly),
            std::cmp::Ordering::Greater => kinds.push(Kind::LessLeft),
            std::cmp::Ordering::Equal => {}
        }
        let read_at_least = met.down.saturating_sub(met.down_doubtful);
        if !(read_at_least..=met.down).contains(&down) {
            let partly = beyond && down > met.down;
            kinds.push(if partly { Kind::Partly } else { Kind::CameOtherwise });
        }
        kinds.dedup();
        kinds
    }

    fn is_in_window(&self, start: &Start) -> bool {
        let end = start.end.as_ref().map_or(Timestamp(i64::MAX), |end| end.at);
        self.window.is_none_or(|window| start.at <= window.to && end >= window.from)
    }
}

/// A flow of the ledger in a few words.
fn shown(start: &Start) -> String {
    let whom = match (&start.name, start.is_own) {
        (Some(name), _) => name.to_string(),
        (None, true) => format!("Creance's own resolver at {}", start.to.addr),
        (None, false) => start.to.addr.to_string(),
    };
    format!("{} to {whom} from {}", start.transport, start.from)
}

fn disagreeing(books: &Books, start: &Start, met: &Met, kinds: &[Kind]) -> Disagreeing {
    let (up, down) = start.end.as_ref().map_or((None, None), |end| (end.up, end.down));
    let on_wire = |bytes: u64| (met.pieces > 0).then_some(bytes);
    let mut what: Vec<String> = kinds.iter().map(|kind| kind.says().to_owned()).collect();
    if let Some(late) = met.late {
        what.push(format!("by {:.6} s", late.as_seconds()));
    }
    if met.pieces > 1 {
        what.push(format!("{} of the capture are this one", count(met.pieces, "flow")));
    }
    Disagreeing {
        log: books.logs.get(start.log).map(|log| log.name.clone()).unwrap_or_default(),
        ledger_flow: start.flow,
        flow_numbers: met.numbers.clone(),
        started: rfc3339(start.at),
        transport: start.transport.to_string(),
        gateway: start.from.to_string(),
        remote: start.to.to_string(),
        name: start.name.as_ref().map(ToString::to_string),
        service: start.service.as_ref().map(ToString::to_string),
        wire_up_payload_bytes: on_wire(met.up),
        ledger_up_payload_bytes: up,
        wire_down_payload_bytes: on_wire(met.down),
        ledger_down_payload_bytes: down,
        what: what.join("; "),
    }
}

impl Reconciler<'_> {
    /// What the ledger and the wire say of each other, and what that does to the claims.
    pub(crate) fn finish(
        self,
        question: &Question,
        window: Option<Window>,
        counts: &Counts,
    ) -> (Reconciliation, BTreeMap<u8, Ledgered>) {
        let books = self.books;
        let mut ledger = Ledger::new(books, window);
        for (start, met) in books.starts.iter().zip(&self.met) {
            ledger.go(start, met);
        }
        let mut findings = Findings::default();
        self.about_flows(&mut findings);
        about_entries(&ledger, &mut findings);
        if let Some(bytes) = kinds::all_more_than_lost(&self.met) {
            let text = format!(
                "{} were sent again that cannot be compared with the first ones, more than ordinary loss explains",
                count(bytes, "byte")
            );
            findings.add(Weight::Opens, text, Vec::new());
        }
        about_hidden(&ledger, &mut findings);
        about_mode(books, question, window, &mut findings);
        self.about_host(window, counts, &mut findings);
        let host = self.about_frames(counts, &mut findings);
        about_logs(&ledger, &mut findings);
        let (findings, claims) = findings.finish();
        let (modes, modes_left_out) = periods::listed(books, &ledger.cuts);
        let unexplained = self.left_in_window.flows + self.left_outside.flows + self.came.flows;
        let [wire_up, wire_down] = ledger.wire;
        let [ledger_up, ledger_down] = ledger.ledger;
        let reconciliation = Reconciliation {
            logs: books.logs.iter().map(checked).collect(),
            key_was_given: books.key_was_given,
            clocks_within_seconds: books.clocks_within.as_seconds(),
            gateway_addresses: books.addresses.iter().map(ToString::to_string).collect(),
            ledger_flows: books.starts.len() as u64,
            agreeing_flows: ledger.agreeing,
            silent_flows: ledger.silent,
            wire_flows: self.wire_flows,
            explained_flows: self.explained,
            other_hosts_flows: self.of_others,
            tunnelled_flows: self.within_tunnels,
            wire_up_payload_bytes: wire_up,
            wire_down_payload_bytes: wire_down,
            ledger_up_payload_bytes: ledger_up,
            ledger_down_payload_bytes: ledger_down,
            again_up_payload_bytes: self.again,
            findings,
            unexplained_left_out: unexplained.saturating_sub(self.unexplained.len() as u64),
            unexplained: self.unexplained.into_values().collect(),
            disagreeing: ledger.list,
            disagreeing_left_out: ledger.left_out,
            host,
            modes,
            modes_left_out,
        };
        (reconciliation, claims)
    }

    /// Flows of the wire without an entry. Where the ledger itself is not whole, what it lacks
    /// shows nothing.
    fn about_flows(&self, findings: &mut Findings) {
        let whole = self.books.is_whole();
        let numbers = |in_window: bool, sent: bool| -> Vec<u64> {
            let list = self.unexplained.values();
            let chosen = list.filter(|one| one.in_window == in_window && (one.sent_packets > 0) == sent);
            chosen.map(|one| one.flow).collect()
        };
        let left = |tally: super::matching::Tally, when: &str| {
            format!(
                "{} left the gateway {when} that no entry of the ledger explains, with {} of payload",
                count(tally.flows, "flow"),
                count(tally.up, "byte")
            )
        };
        if self.left_in_window.flows > 0 {
            let weight = if whole { Weight::Refutes } else { Weight::Opens };
            findings.add(weight, left(self.left_in_window, "in the judged time"), numbers(true, true));
        }
        if self.left_outside.flows > 0 {
            let text = left(self.left_outside, "outside of the judged time");
            findings.add(Weight::OpensExplained, text, numbers(false, true));
        }
        if self.came.flows > 0 {
            let text = format!(
                "{} came to the gateway, unanswered, that no entry explains",
                count(self.came.flows, "flow")
            );
            let all = [numbers(true, false), numbers(false, false)].concat();
            findings.add(Weight::OpensExplained, text, all);
        }
    }

    /// What the host sent of its own kinds, beyond what it sends of them by itself.
    fn about_host(&self, window: Option<Window>, counts: &Counts, findings: &mut Findings) {
        let whole = counts.first.zip(counts.last).map(|(from, to)| Window { from, to });
        for text in self.host.values().filter_map(|of| of.excess(whole, window)) {
            findings.add(Weight::Opens, text, Vec::new());
        }
    }

    /// Frames that are no part of any flow: those of the listed kinds, and the others.
    fn about_frames(&self, counts: &Counts, findings: &mut Findings) -> Vec<HostKind> {
        let mut host: Vec<HostKind> = self.host.values().map(|of| of.all.clone()).collect();
        let frames = |name: &str, of: &Unread| HostKind {
            kind: name.to_owned(),
            flows: 0,
            packets: of.packets,
            bytes: of.bytes,
        };
        let (listed, others): (Vec<_>, Vec<_>) =
            counts.link_only.iter().partition(|(name, _)| host::is_link_kind(name));
        host.extend(listed.into_iter().map(|(name, of)| frames(name, of)));
        for (name, of) in others.into_iter().chain(&counts.unread) {
            let text = format!("{} that no entry can explain: {name}", count(of.packets, "packet"));
            findings.add(Weight::Opens, text, Vec::new());
        }
        host
    }
}

/// Flows of the ledger that do not agree with the wire.
fn about_entries(ledger: &Ledger<'_>, findings: &mut Findings) {
    for ((kind, outside), of_kind) in &ledger.kinds {
        let text = format!("a flow that the ledger has ({}) {}", of_kind.told(), verb(*kind));
        findings.add(kind.weight(!outside), text, of_kind.numbers.clone());
    }
}

/// Flows that hid a name from the gateway, which the capture does not show.
fn about_hidden(ledger: &Ledger<'_>, findings: &mut Findings) {
    if ledger.hidden.flows > 0 {
        let text = format!(
            "the ledger says that a flow ({}) hid its inner name (ECH), so that the visible one may not be the \
             true one",
            ledger.hidden.told()
        );
        findings.add(Weight::OpensNames, text, ledger.hidden.numbers.clone());
    }
}

/// What the ledger itself says of the mode.
fn about_mode(books: &Books, question: &Question, window: Option<Window>, findings: &mut Findings) {
    let Some(mode) = question.mode.filter(|mode| *mode != Mode::Standard) else { return };
    let Some(window) = window.or_else(|| books.span.map(|span| Window { from: span.first, to: span.last }))
    else {
        return;
    };
    for (log, period) in periods::of_other_mode(books, mode, window).take(3) {
        let text = format!(
            "the ledger's log `{log}` says that from {} on the mode was {}, not {mode}",
            rfc3339(period.at),
            period.change.to
        );
        findings.add(Weight::OpensMode, text, Vec::new());
    }
    let listed = match mode {
        Mode::LocalData => Some(&question.exempt),
        Mode::Restricted => Some(&question.granted),
        Mode::Offline | Mode::Standard => None,
    };
    let allowed = |start: &&Start| {
        let Some(listed) = listed.filter(|listed| !listed.is_empty()) else { return false };
        start.is_own || start.service.as_ref().is_some_and(|service| listed.contains_key(service))
    };
    let within = |start: &&Start| start.at >= window.from && start.at <= window.to;
    let mut against = books.starts.iter().filter(within).filter(|start| !allowed(start));
    if let Some(first) = against.next() {
        let more = match against.count() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let text =
            format!("the ledger itself says that it let out what {mode} forbids: {}{more}", shown(first));
        findings.add(Weight::RefutesMode, text, Vec::new());
    }
}

/// What is wrong with the logs, and what they lack.
fn about_logs(ledger: &Ledger<'_>, findings: &mut Findings) {
    for (log, cuts) in ledger.books.logs.iter().zip(&ledger.cuts) {
        if let Some(problem) = log.problems.first() {
            let word = if log.sound { "contradicts itself" } else { "is not sound and explains nothing" };
            findings.add(Weight::Opens, format!("the log `{}` {word}: {problem}", log.name), Vec::new());
        }
        for (period, cut) in log.periods.iter().zip(cuts) {
            let whole =
                ledger.books.span.is_some_and(|span| span.first <= period.at && period.at <= span.last);
            if whole && cut.flows != period.change.flows_cut {
                let text = format!(
                    "the log `{}` says that the change of {} cut {}, and ends {} with it",
                    log.name,
                    rfc3339(period.at),
                    count(period.change.flows_cut, "flow"),
                    count(cut.flows, "flow")
                );
                findings.add(Weight::Opens, text, Vec::new());
            }
        }
    }
    if ledger.books.logs.is_empty() {
        findings.add(Weight::Opens, "the ledger has no log".to_owned(), Vec::new());
    }
}

fn checked(log: &super::log::LogRead) -> LogChecked {
    let [entries_before, entries_after] = log.outside;
    LogChecked {
        name: log.name.clone(),
        sound: log.sound,
        entries: log.entries,
        signed_entries: log.signed,
        first: log.first.map(rfc3339),
        last: log.last.map(rfc3339),
        entries_before,
        entries_after,
        problems: log.problems.clone(),
        problems_left_out: log.problems_left_out,
    }
}
