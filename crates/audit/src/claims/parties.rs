//! Claim 2: each party is known.

use super::{Examine, Finding};
use crate::judged::Judged;
use crate::report::data::Table;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Parties {
    flows: BTreeMap<(String, String), u64>,
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

    fn examine(&mut self, judged: &Judged<'_>) -> Finding {
        let mut known = !judged.who.names.is_empty();
        for name in &judged.who.names {
            known &= !name.listed.is_empty();
            if let Some(listed) = name.listed.first() {
                let party = listed.found.party;
                *self.flows.entry((party.kind.to_string(), party.name.clone())).or_default() += 1;
            }
        }
        if !known {
            return Finding::Open(format!("the party behind {} is not known", judged.to()));
        }
        if judged.is_certain() {
            Finding::Agrees
        } else {
            Finding::Open(format!("the name {} is not certain", judged.to()))
        }
    }

    fn table(&self) -> Option<Table> {
        let rows = self
            .flows
            .iter()
            .map(|((kind, party), flows)| vec![kind.clone(), party.clone(), flows.to_string()]);
        Some(Table {
            columns: ["Kind", "Party", "Names seen in flows"].map(String::from).to_vec(),
            rows: rows.take(200).collect(),
            left_out: (self.flows.len() as u64).saturating_sub(200),
        })
    }
}
