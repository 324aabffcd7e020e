//! The tunnels that were seen, each with a number.

use crate::flow::Tunnel;
use crate::packet::encapsulation::Carrier;
use std::collections::HashMap;

/// Different tunnels that are told apart.
const TUNNELS_MAX: usize = 4096;

/// Tunnels by number; 0 is none.
#[derive(Debug, Default)]
pub(super) struct Tunnels {
    numbers: HashMap<(u32, Carrier), u32, foldhash::fast::RandomState>,
    list: Vec<(u32, Carrier)>,
}

impl Tunnels {
    /// The number of a tunnel within another.
    pub(super) fn number(&mut self, within: u32, carrier: Carrier) -> u32 {
        // Both directions are one tunnel.
        let carrier = if carrier.source <= carrier.destination {
            carrier
        } else {
            Carrier { source: carrier.destination, destination: carrier.source, ..carrier }
        };
        if let Some(&id) = self.numbers.get(&(within, carrier)) {
            return id;
        }
        if self.list.len() >= TUNNELS_MAX {
            // Beyond the bound tunnels are no longer told apart; their outer flows still are.
            return u32::MAX;
        }
        self.list.push((within, carrier));
        let id = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.numbers.insert((within, carrier), id);
        id
    }

    /// The tunnels that lead to this one, outermost first.
    pub(super) fn chain(&self, mut id: u32) -> Vec<Tunnel> {
        let mut chain = Vec::new();
        while let Some(&(within, carrier)) =
            (id as usize).checked_sub(1).and_then(|place| self.list.get(place))
        {
            chain.push(Tunnel {
                kind: carrier.kind.to_owned(),
                source: carrier.source,
                destination: carrier.destination,
            });
            id = within;
        }
        chain.reverse();
        chain
    }
}
