//! Claim 3: where each server stands.

use super::{Examine, Finding};
use crate::judged::Judged;
use crate::report::data::Table;
use creance_residency::Conclusion;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Places {
    flows: BTreeMap<String, u64>,
}

impl Examine for Places {
    fn number(&self) -> u8 {
        3
    }

    fn statement(&self) -> String {
        "The country of each server is known, with the method".into()
    }

    fn needs(&self) -> &'static str {
        "for each address a range that its provider publishes for a region, or the operator's own database; registries alone say where an owner is registered"
    }

    fn examine(&mut self, judged: &Judged<'_>) -> Finding {
        let addr = judged.seen.remote.addr;
        let conclusion = &judged.place.conclusion;
        let key = judged
            .place
            .certain_country()
            .map_or_else(|| conclusion.to_string(), |country| country.to_string());
        if self.flows.contains_key(&key) || self.flows.len() < 500 {
            *self.flows.entry(key).or_default() += 1;
        }
        match conclusion {
            Conclusion::Country { .. } if judged.place.certain_country().is_some() => Finding::Agrees,
            // A resolver on the station's own network stands there; where it asks on is its own.
            Conclusion::NotPublic if judged.who.is_resolver => Finding::Agrees,
            Conclusion::NotPublic => {
                Finding::Open(format!("{addr} is on the local network and may relay anywhere"))
            }
            Conclusion::Anycast => Finding::Open(format!("{addr} is anycast: many places at once")),
            Conclusion::Conflict { .. } => {
                Finding::Open(format!("the evidence about {addr} contradicts itself"))
            }
            Conclusion::Country { .. } | Conclusion::Unknown => {
                Finding::Open(format!("nothing certain tells where {addr} stands"))
            }
        }
    }

    fn table(&self) -> Option<Table> {
        Some(Table {
            columns: ["Country or conclusion", "Flows"].map(String::from).to_vec(),
            rows: self.flows.iter().map(|(place, flows)| vec![place.clone(), flows.to_string()]).collect(),
            left_out: 0,
        })
    }
}
