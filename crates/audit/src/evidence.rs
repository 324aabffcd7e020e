//! Flows that show something, gathered by reason.

use crate::report::data::Reason;
use std::collections::{BTreeMap, BTreeSet};

/// Flow numbers kept for one reason.
const NUMBERS_MAX: usize = 20;
/// Reasons kept apart.
const REASONS_MAX: usize = 200;

/// How many flows show something, and the lowest few of their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) flows: u64,
    pub(crate) numbers: BTreeSet<u64>,
}

impl Evidence {
    pub(crate) fn add(&mut self, number: u64) {
        self.flows += 1;
        self.numbers.insert(number);
        if self.numbers.len() > NUMBERS_MAX {
            self.numbers.pop_last();
        }
    }

    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.numbers.iter().copied().collect()
    }
}

/// Evidence by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reasons(BTreeMap<String, Evidence>);

impl Reasons {
    /// Notes a flow that shows `text`. Reasons beyond the bound are counted together.
    pub(crate) fn add(&mut self, text: &str, number: u64) {
        let text =
            if self.0.contains_key(text) || self.0.len() < REASONS_MAX { text } else { "further reasons" };
        self.0.entry(text.to_owned()).or_default().add(number);
    }

    pub(crate) fn flows(&self) -> u64 {
        self.0.values().map(|evidence| evidence.flows).sum()
    }

    /// By number of flows, most first.
    pub(crate) fn list(&self) -> Vec<Reason> {
        let mut list: Vec<Reason> = self
            .0
            .iter()
            .map(|(text, evidence)| Reason {
                text: text.clone(),
                flows: evidence.flows,
                flow_numbers: evidence.numbers(),
            })
            .collect();
        list.sort_by(|a, b| b.flows.cmp(&a.flows).then_with(|| a.text.cmp(&b.text)));
        list
    }
}
