//! Claim 3: where each server stands.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;
use crate::report::data::Table;
use creance_model::Jurisdiction;
use creance_residency::Conclusion;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Places {
    flows: BTreeMap<Key, u64>,
}

/// What flows are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Country(Jurisdiction),
    Other(&'static str),
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

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        let addr = judged.remote;
        let conclusion = judged.place;
        let key = match (judged.place.certain_country(), conclusion) {
            (Some(country), _) => Key::Country(country),
            (None, Conclusion::Anycast) => Key::Other("anycast"),
            (None, Conclusion::Conflict { .. }) => Key::Other("contradicting evidence"),
            (None, Conclusion::NotPublic) => Key::Other("not public"),
            (None, Conclusion::Country { .. } | Conclusion::Unknown) => Key::Other("not certain"),
        };
        *self.flows.entry(key).or_default() += 1;
        match conclusion {
            Conclusion::Country { .. } if judged.place.certain_country().is_some() => Finding::Agrees,
            // A resolver on the station's own network stands there; where it asks on is its own.
            Conclusion::NotPublic if judged.who.is_resolver => Finding::Agrees,
            Conclusion::NotPublic => {
                Finding::Open(Why::about("{} is on the local network and may relay anywhere", addr))
            }
            Conclusion::Anycast => Finding::Open(Why::about("{} is anycast: many places at once", addr)),
            Conclusion::Conflict { .. } => {
                Finding::Open(Why::about("the evidence about {} contradicts itself", addr))
            }
            Conclusion::Country { .. } | Conclusion::Unknown => {
                Finding::Open(Why::about("nothing certain tells where {} stands", addr))
            }
        }
    }

    fn table(&self) -> Option<Table> {
        Some(Table {
            columns: ["Country or conclusion", "Flows"].map(String::from).to_vec(),
            rows: self
                .flows
                .iter()
                .map(|(key, flows)| {
                    let place = match key {
                        Key::Country(country) => country.to_string(),
                        Key::Other(text) => (*text).to_owned(),
                    };
                    vec![place, flows.to_string()]
                })
                .collect(),
            left_out: 0,
        })
    }
}
