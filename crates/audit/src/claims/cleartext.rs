//! Claim 5: nothing in clear.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;
use crate::protection::Protection;
use crate::report::data::Table;

#[derive(Debug, Default)]
pub(crate) struct Cleartext {
    flows: Vec<(Protection, String, u64)>,
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
        let key = (judged.protection, protocols);
        let known = self.flows.iter_mut().find(|(protection, text, _)| (*protection, text.as_str()) == key);
        if let Some((.., flows)) = known {
            *flows += 1;
        } else if self.flows.len() < 200 {
            self.flows.push((key.0, protocols.to_owned(), 1));
        }
        match judged.protection {
            Protection::Encrypted | Protection::ClearByNature | Protection::Nothing => Finding::Agrees,
            Protection::Cleartext => {
                Finding::Against(Why::from(format!("{protocols} in clear to {}", judged.to())))
            }
            Protection::Tunnel => Finding::Open(Why::from(format!(
                "within {protocols} to {} anything may be carried",
                judged.to()
            ))),
            Protection::Unknown => {
                Finding::Open(Why::about("a protocol that is not recognised, to {}", judged.to()))
            }
        }
    }

    fn table(&self) -> Option<Table> {
        let mut sorted = self.flows.clone();
        sorted.sort();
        let rows = sorted.iter().map(|(protection, protocols, flows)| {
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
