//! What was let out and what was refused, by service, for people.

use crate::core::{Admission, Reason, Refusal};
use creance_model::ServiceId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Names that are shown of one service.
const NAMES_MAX: usize = 8;

/// Counts by service.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Summary>);

/// What became of everything that an app tried, by service; none are hosts that nobody knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// What left.
    pub let_out: BTreeMap<Option<ServiceId>, Line>,
    /// What did not, and why.
    pub refused: BTreeMap<(Option<ServiceId>, Reason), Line>,
    /// What would have left and could not be reached.
    pub unreachable: BTreeMap<Option<ServiceId>, Line>,
}

/// One line of a [`Summary`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// How many flows or questions.
    pub count: u64,
    /// Bytes that left, of payload.
    pub up: u64,
    /// Bytes that came, of payload.
    pub down: u64,
    /// Flows of which nobody knows the bytes.
    pub unknown: u64,
    /// Flows whose hello hid another name, or looked as if it did.
    pub blinded: u64,
    /// Names, or addresses where there was no name; at most 8.
    pub names: BTreeSet<String>,
    /// Whether there were more names.
    pub more: bool,
}

impl Line {
    fn name(&mut self, name: String) {
        if self.names.len() < NAMES_MAX || self.names.contains(&name) {
            self.names.insert(name);
        } else {
            self.more = true;
        }
    }
}

impl Tally {
    pub(super) fn let_out(&self, admission: &Admission, to: String, bytes: Option<(u64, u64)>) {
        self.with(|summary| {
            let line = summary.let_out.entry(admission.service.clone()).or_default();
            line.count += 1;
            line.blinded += u64::from(admission.blinded);
            line.name(to);
            match bytes {
                Some((up, down)) => {
                    line.up += up;
                    line.down += down;
                }
                None => line.unknown += 1,
            }
        });
    }

    pub(super) fn refused(&self, refusal: &Refusal, to: String) {
        self.with(|summary| {
            let line = summary.refused.entry((refusal.service.clone(), refusal.reason)).or_default();
            line.count += 1;
            line.name(to);
        });
    }

    pub(super) fn unreachable(&self, service: Option<&ServiceId>, to: String) {
        self.with(|summary| {
            let line = summary.unreachable.entry(service.cloned()).or_default();
            line.count += 1;
            line.name(to);
        });
    }

    pub(super) fn summary(&self) -> Summary {
        self.with(|summary| summary.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Summary) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
