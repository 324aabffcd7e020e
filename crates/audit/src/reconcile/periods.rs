//! The modes that the ledger says held, and what left after a mode no longer allowed it.

use super::book::{Books, Start};
use super::matching::Met;
use crate::report::reconciliation::ModePeriod;
use crate::text::rfc3339;
use creance_capture::Window;
use creance_ledger::{FlowEnd, ModeChanged};
use creance_model::{Mode, ServiceId, Timestamp};

/// Periods that are listed.
const LISTED_MAX: usize = 200;

/// A change of mode, and until when it held.
#[derive(Debug, Clone)]
pub(super) struct Period {
    pub(super) at: Timestamp,
    /// The next change; `None` is until the end.
    pub(super) to: Option<Timestamp>,
    pub(super) change: ModeChanged,
}

impl Period {
    pub(super) const fn new(at: Timestamp, change: ModeChanged) -> Self {
        Self { at, to: None, change }
    }

    fn overlaps(&self, window: Window) -> bool {
        self.at <= window.to && self.to.is_none_or(|to| to >= window.from)
    }
}

/// What came of the flows that a change cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// Flows that the ledger ends with it.
    pub(super) flows: u64,
    /// Those of them that the wire shows sending payload after the last reset.
    pub(super) sent_after: u64,
}

/// The change that cut a flow: of those after the flow was let out the one whose last reset is
/// nearest to the flow's end.
pub(super) fn cut_by(books: &Books, start: &Start) -> Option<(usize, Timestamp)> {
    let end = start.end.as_ref().filter(|end| end.how == FlowEnd::Revoked)?;
    let periods = &books.logs.get(start.log)?.periods;
    periods
        .iter()
        .enumerate()
        .filter(|(_, period)| period.change.generation > start.generation)
        .filter_map(|(place, period)| period.change.last_cut.map(|cut| (place, cut)))
        .min_by_key(|(_, cut)| cut.0.abs_diff(end.at.0))
}

/// Whether a flow that was cut by then sent payload afterwards.
pub(super) fn sent_after(books: &Books, last_cut: Timestamp, met: &Met) -> bool {
    met.sent_last.is_some_and(|sent| sent > last_cut.after(books.clocks_within))
}

/// Periods in the judged time in which another mode held than the one that is claimed.
pub(super) fn of_other_mode(
    books: &Books,
    mode: Mode,
    window: Window,
) -> impl Iterator<Item = (&str, &Period)> {
    let logs = books.logs.iter();
    logs.flat_map(|log| log.periods.iter().map(move |period| (log.name.as_str(), period)))
        .filter(move |(_, period)| period.overlaps(window) && period.change.to != mode)
}

/// The periods for the report, with those left out.
pub(super) fn listed(books: &Books, cuts: &[Vec<Cut>]) -> (Vec<ModePeriod>, u64) {
    let names = |list: &[ServiceId]| list.iter().map(ToString::to_string).collect();
    let all = books.logs.iter().zip(cuts).flat_map(|(log, cuts)| {
        log.periods.iter().zip(cuts).map(move |(period, cut)| ModePeriod {
            log: log.name.clone(),
            from: rfc3339(period.at),
            to: period.to.map(rfc3339),
            mode: period.change.to.to_string(),
            generation: period.change.generation,
            exempt: names(&period.change.exempt),
            granted: names(&period.change.granted),
            flows_cut: period.change.flows_cut,
            last_cut: period.change.last_cut.map(rfc3339),
            cut_flows_in_capture: cut.flows,
            sent_after_cut: cut.sent_after,
        })
    });
    let count: usize = books.logs.iter().map(|log| log.periods.len()).sum();
    (all.take(LISTED_MAX).collect(), count.saturating_sub(LISTED_MAX) as u64)
}
