//! Claim 5: nothing in clear.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;
use crate::protection::Protection;
use crate::report::data::Table;
use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Rows kept.
const ROWS_MAX: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Cleartext {
    flows: HashMap<String, BTreeMap<Protection, u64>>,
    rows: usize,
}

impl Examine for Cleartext {
    fn number(&self) -> u8 {
        5
    }

    fn statement(&self) -> String {
        "No payload was sent in clear (names, time and discovery, which are in clear by nature, are listed apart)".into()
    }

    fn needs(&self) -> &'static str {
        "every packet, and a recognised protocol for each flow (MASTG-TEST-0236)"
    }

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        let protocols = judged.protocols;
        let known = self.flows.get_mut(protocols).and_then(|kinds| kinds.get_mut(&judged.protection));
        if let Some(flows) = known {
            *flows += 1;
        } else if self.rows < ROWS_MAX {
            self.rows += 1;
            self.flows.entry(protocols.to_owned()).or_default().insert(judged.protection, 1);
        }
        match judged.protection {
            Protection::Encrypted | Protection::ClearByNature | Protection::Nothing => Finding::Agrees,
            Protection::Cleartext => {
                Finding::Against(Why::from(format!("{protocols} in clear to {}", judged.to)))
            }
            Protection::Tunnel => Finding::Open(Why::from(format!(
                "within {protocols} to {} anything may be carried",
                judged.to
            ))),
            Protection::Unknown => {
                Finding::Open(Why::about("a protocol that is not recognised, to {}", judged.to))
            }
        }
    }

    fn table(&self) -> Option<Table> {
        let rows = self.flows.iter().flat_map(|(protocols, kinds)| {
            kinds.iter().map(move |(protection, flows)| (*protection, protocols, *flows))
        });
        let sorted: BTreeSet<(Protection, &String, u64)> = rows.collect();
        let rows = sorted.into_iter().map(|(protection, protocols, flows)| {
            let protection = match protection {
                Protection::Encrypted => "encrypted",
                Protection::Cleartext => "in clear",
                Protection::ClearByNature => "in clear by nature",
                Protection::Tunnel => "tunnel",
                Protection::Nothing => "no payload",
                Protection::Unknown => "not recognised",
            };
            vec![protection.to_owned(), protocols.clone(), flows.to_string()]
        });
        Some(Table {
            columns: ["Protection", "Protocols", "Flows"].map(String::from).to_vec(),
            rows: rows.collect(),
            left_out: 0,
        })
    }
}
