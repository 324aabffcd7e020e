//! Claim 5: nothing in clear.

use super::{Examine, Finding};
use crate::judged::Judged;
use crate::protection::{Protection, describe};
use crate::report::data::Table;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Cleartext {
    flows: BTreeMap<(Protection, String), u64>,
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

    fn examine(&mut self, judged: &Judged<'_>) -> Finding {
        let protocols = describe(&judged.flow.facts).join(", ");
        let protocols = if protocols.is_empty() { judged.flow.transport.to_string() } else { protocols };
        if self.flows.len() < 500 {
            *self.flows.entry((judged.protection, protocols.clone())).or_default() += 1;
        }
        match judged.protection {
            Protection::Encrypted | Protection::ClearByNature | Protection::Nothing => Finding::Agrees,
            Protection::Cleartext => Finding::Against(format!("{protocols} in clear to {}", judged.to())),
            Protection::Tunnel => {
                Finding::Open(format!("within {protocols} to {} anything may be carried", judged.to()))
            }
            Protection::Unknown => {
                Finding::Open(format!("a protocol that is not recognised, to {}", judged.to()))
            }
        }
    }

    fn table(&self) -> Option<Table> {
        let rows = self.flows.iter().map(|((protection, protocols), flows)| {
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
