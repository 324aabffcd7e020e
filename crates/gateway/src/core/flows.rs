//! Flows that are open, and what a change of the table stops.

use crate::core::{Reason, Says, Table};
use creance_catalogue::Binding;
use creance_ledger::Pseudonym;
use creance_model::{HostName, ServiceId, Transport};
use std::collections::BTreeMap;

/// Flows that can be open at a time; more are refused.
const FLOWS_MAX: usize = 100_000;

/// A flow that was let out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Whose it is.
    pub station: Pseudonym,
    /// The name that was dialled; none for a bare address, which only leaves where everything may.
    pub name: Option<HostName>,
    /// What carries it.
    pub transport: Transport,
    /// The port.
    pub port: u16,
    /// As which service it was let out.
    pub service: Option<ServiceId>,
    /// What carried the name.
    pub binding: Option<Binding>,
    /// Whether its hello hides another name, or looks as if it did.
    pub blinded: bool,
}

impl Flow {
    /// Whether a table lets it out as it was.
    #[must_use]
    pub fn may_leave(&self, table: &Table) -> bool {
        let Some(name) = &self.name else { return table.everything(&self.station).is_some() };
        match table.may_leave(&self.station, name, self.transport, self.port) {
            Says::Everything(_) => true,
            // What was let out as one service does not go on as another, nor with a looser binding.
            Says::Offers(offers) => offers.iter().any(|offer| {
                offer.service == self.service && (offer.binding.is_none() || offer.binding == self.binding)
            }),
            Says::No(..) => false,
        }
    }
}

/// All open flows of a gateway.
#[derive(Debug, Default)]
pub struct Flows {
    next: u64,
    open: BTreeMap<u64, Flow>,
}

impl Flows {
    /// Flows that number from here on, so that numbers of an earlier process are not used again.
    #[must_use]
    pub const fn starting_at(next: u64) -> Self {
        Self { next, open: BTreeMap::new() }
    }

    /// Takes a flow up and gives its number.
    ///
    /// # Errors
    /// Where the table, which may be another one than the flow was let out by, does not allow it
    /// any more, or where too many are open.
    pub fn open(&mut self, table: &Table, flow: Flow) -> Result<u64, Reason> {
        if !flow.may_leave(table) {
            return Err(Reason::Denied);
        }
        if self.open.len() >= FLOWS_MAX {
            return Err(Reason::ManyFlows);
        }
        let number = self.number();
        self.open.insert(number, flow);
        Ok(number)
    }

    /// Takes a number that no other flow has, for one that no table lets out: Creance's own.
    pub const fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Forgets a flow.
    pub fn close(&mut self, number: u64) -> Option<Flow> {
        self.open.remove(&number)
    }

    /// All that are open, in the order of their starts.
    pub fn all(&self) -> impl Iterator<Item = (u64, &Flow)> {
        self.open.iter().map(|(number, flow)| (*number, flow))
    }

    /// The flows that another table would not have let out as they were, in the order of their
    /// starts: what a change of mode would stop, or stops.
    #[must_use]
    pub fn stopped_by(&self, table: &Table) -> Vec<(u64, &Flow)> {
        self.open
            .iter()
            .filter(|(_, flow)| !flow.may_leave(table))
            .map(|(number, flow)| (*number, flow))
            .collect()
    }
}
