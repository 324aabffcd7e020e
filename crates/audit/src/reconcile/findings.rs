//! What follows from a reconciliation for the claims.

use crate::report::reconciliation::LedgerFinding;
use std::collections::BTreeMap;

/// The claim that everything is explained.
pub(super) const EXPLAINED: u8 = 1;
/// The claims that hang on a flow's name: who it went to, under which law, whether a mode held, and
/// whose code was asked for.
const NAMED: [u8; 6] = [EXPLAINED, 2, 4, 12, 13, 15];
/// The claims that a mode held.
pub(super) const HELD: [u8; 2] = [12, 13];
/// Flow numbers kept of one finding.
const NUMBERS_MAX: usize = 20;

/// What the ledger says against a claim, and what it leaves open, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ledgered {
    pub(crate) against: Vec<String>,
    pub(crate) open: Vec<String>,
}

/// What something found does to the claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It shows that something left without the ledger's word for it.
    Refutes,
    /// It shows that something left against the mode.
    RefutesMode,
    /// It shows that the ledger is wrong in what it counts.
    RefutesExplained,
    /// It leaves everything open.
    Opens,
    /// It leaves open that everything is explained, and says nothing of the mode.
    OpensExplained,
    /// It leaves open whether the mode held.
    OpensMode,
    /// It leaves open all that hangs on a name.
    OpensNames,
}

impl Weight {
    fn claims(self) -> (Vec<u8>, Vec<u8>) {
        let all = || std::iter::once(EXPLAINED).chain(HELD).collect();
        match self {
            Self::Refutes => (all(), Vec::new()),
            Self::RefutesMode => (HELD.to_vec(), Vec::new()),
            Self::RefutesExplained => (vec![EXPLAINED], HELD.to_vec()),
            Self::Opens => (Vec::new(), all()),
            Self::OpensExplained => (Vec::new(), vec![EXPLAINED]),
            Self::OpensMode => (Vec::new(), HELD.to_vec()),
            Self::OpensNames => (Vec::new(), NAMED.to_vec()),
        }
    }
}

/// Findings in the order in which they matter: as they were added.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<LedgerFinding>,
}

impl Findings {
    pub(super) fn add(&mut self, weight: Weight, text: String, mut flow_numbers: Vec<u64>) {
        flow_numbers.sort_unstable();
        flow_numbers.dedup();
        flow_numbers.truncate(NUMBERS_MAX);
        let (refutes, leaves_open) = weight.claims();
        self.list.push(LedgerFinding { text, refutes, leaves_open, flow_numbers });
    }

    /// The findings, and what they say of each claim.
    pub(super) fn finish(self) -> (Vec<LedgerFinding>, BTreeMap<u8, Ledgered>) {
        let mut claims: BTreeMap<u8, Ledgered> = BTreeMap::new();
        for finding in &self.list {
            for claim in &finding.refutes {
                claims.entry(*claim).or_default().against.push(finding.text.clone());
            }
            for claim in &finding.leaves_open {
                claims.entry(*claim).or_default().open.push(finding.text.clone());
            }
        }
        (self.list, claims)
    }
}
