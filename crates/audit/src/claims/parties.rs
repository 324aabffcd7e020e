//! Claim 2: each party is known.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;
use crate::report::data::Table;
use creance_model::PartyKind;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Parties {
    flows: BTreeMap<String, (PartyKind, u64)>,
}

impl Examine for Parties {
    fn number(&self) -> u8 {
        2
    }

    fn statement(&self) -> String {
        "Each outbound flow is of a known party: first, third, platform or the operator's own".into()
    }

    fn needs(&self) -> &'static str {
        "for each flow a catalogued service whose name is tied to its address"
    }

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        let mut known = !judged.who.names.is_empty();
        for name in &judged.who.names {
            known &= !name.listed.is_empty();
            if let Some(listed) = name.listed.first() {
                let party = listed.found.party;
                match self.flows.get_mut(party.name.as_str()) {
                    Some((_, flows)) => *flows += 1,
                    None => drop(self.flows.insert(party.name.clone(), (party.kind, 1))),
                }
            }
        }
        if !known {
            return Finding::Open(Why::about("the party behind {} is not known", judged.to));
        }
        if judged.is_certain() {
            Finding::Agrees
        } else {
            Finding::Open(Why::about("the name {} is not certain", judged.to))
        }
    }

    fn table(&self) -> Option<Table> {
        let rows = self
            .flows
            .iter()
            .map(|(party, (kind, flows))| vec![kind.to_string(), party.clone(), flows.to_string()]);
        Some(Table {
            columns: ["Kind", "Party", "Names seen in flows"].map(String::from).to_vec(),
            rows: rows.take(200).collect(),
            left_out: (self.flows.len() as u64).saturating_sub(200),
        })
    }
}
