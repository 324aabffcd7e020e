//! Which names DNS in the capture tied to which addresses.

use crate::flow::Binding;
use creance_model::{HostName, Timestamp};
use creance_wire::dns::{Answer, Message};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// Addresses remembered; beyond, the oldest are forgotten.
const ADDRESSES_MAX: usize = 50_000;
/// Bytes that they take; beyond, the oldest addresses are forgotten.
const BYTES_MAX: usize = 24 << 20;
/// Names remembered for one address; beyond, the oldest are forgotten.
const NAMES_MAX: usize = 16;
/// The longest chain of aliases followed.
const ALIASES_MAX: usize = 16;

/// The names tied to each address so far.
#[derive(Debug, Default)]
pub(crate) struct Names {
    by_address: HashMap<IpAddr, Vec<Binding>, foldhash::fast::RandomState>,
    order: VecDeque<IpAddr>,
    /// About how much memory the ties take, in bytes.
    held: usize,
    /// Ties that were forgotten to make room.
    pub(crate) forgotten: u64,
}

impl Names {
    /// Learns from an answer to a question that was seen. Only what the chain of aliases leads to
    /// from the name that was asked for is believed.
    pub(crate) fn learn(
        &mut self,
        asked: &HostName,
        message: &Message,
        resolver: IpAddr,
        asked_by: IpAddr,
        at: Timestamp,
    ) {
        let mut chain = vec![asked];
        while chain.len() <= ALIASES_MAX {
            let Some(last) = chain.last() else { break };
            let next = message.answers.iter().find_map(|answer| match answer {
                Answer::Alias { name, target } if name == *last && !chain.contains(&target) => Some(target),
                Answer::Alias { .. } | Answer::Address { .. } | Answer::EchKeys { .. } => None,
            });
            match next {
                Some(target) => chain.push(target),
                None => break,
            }
        }
        for answer in &message.answers {
            let Answer::Address { name, addr, .. } = answer else { continue };
            let Some(position) = chain.iter().position(|link| *link == name) else { continue };
            let aliases = chain.iter().skip(1).take(position).map(|&link| link.clone()).collect();
            self.tie(*addr, Binding { name: asked.clone(), aliases, resolver, asked_by, at });
        }
    }

    /// The names tied to an address before now.
    pub(crate) fn of(&self, addr: IpAddr) -> Vec<Binding> {
        self.by_address.get(&addr).cloned().unwrap_or_default()
    }

    fn tie(&mut self, addr: IpAddr, binding: Binding) {
        if !self.by_address.contains_key(&addr) {
            while self.order.len() >= ADDRESSES_MAX || self.held > BYTES_MAX {
                let Some(oldest) = self.order.pop_front() else { break };
                let forgotten = self.by_address.remove(&oldest).unwrap_or_default();
                self.held -= forgotten.iter().map(Binding::held).sum::<usize>();
                self.forgotten += forgotten.len() as u64;
            }
            self.order.push_back(addr);
        }
        self.held += binding.held();
        let list = self.by_address.entry(addr).or_default();
        if let Some(known) =
            list.iter_mut().find(|known| known.name == binding.name && known.resolver == binding.resolver)
        {
            self.held -= known.held();
            *known = binding;
            return;
        }
        if list.len() >= NAMES_MAX {
            self.held -= list.remove(0).held();
            self.forgotten += 1;
        }
        list.push(binding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use creance_wire::dns::{QueryName, Question};

    fn host(text: &str) -> HostName {
        HostName::parse(text).unwrap()
    }

    #[test]
    fn only_the_chain_from_the_question_is_believed() {
        let addr: IpAddr = "198.51.100.7".parse().unwrap();
        let evil: IpAddr = "198.51.100.66".parse().unwrap();
        let address = |name: &str, addr| Answer::Address { name: host(name), addr, ttl_seconds: 60 };
        let message = Message {
            id: 1,
            response: true,
            rcode: 0,
            truncated: false,
            malformed: false,
            ordinary: false,
            bare: false,
            questions: vec![Question { name: QueryName::Host(host("a.test")), kind: 1 }],
            answers: vec![
                Answer::Alias { name: host("a.test"), target: host("cdn.test") },
                address("cdn.test", addr),
                address("bank.test", evil),
            ],
        };
        let mut names = Names::default();
        let resolver = "192.168.1.1".parse().unwrap();
        names.learn(&host("a.test"), &message, resolver, "192.168.1.2".parse().unwrap(), Timestamp(5));
        let ties = names.of(addr);
        assert_eq!(ties.len(), 1);
        assert_eq!((&ties[0].name, ties[0].aliases.as_slice()), (&host("a.test"), &[host("cdn.test")][..]));
        assert!(names.of(evil).is_empty());
    }
}
