//! Claim 8: what kinds of data were sent.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;
use crate::protection::{Protection, seen_categories};
use crate::report::data::Table;
use creance_model::Category;
use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Categories {
    services: HashMap<String, Row>,
}

#[derive(Debug, Default)]
struct Row {
    takes: BTreeSet<Category>,
    seen: BTreeSet<String>,
    hidden: u64,
}

impl Examine for Categories {
    fn number(&self) -> u8 {
        8
    }

    fn statement(&self) -> String {
        "What was sent is what the catalogue says that the services take".into()
    }

    fn needs(&self) -> &'static str {
        "payload in clear or decrypted; of encrypted payload only the catalogue's word is known (MASTG-TEST-0206)"
    }

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        if judged.who.is_resolver {
            return Finding::Apart;
        }
        let listed: Vec<_> = judged.who.names.iter().flat_map(|name| &name.listed).collect();
        let takes: BTreeSet<Category> =
            listed.iter().flat_map(|listed| listed.found.service.takes.iter().copied()).collect();
        let seen = seen_categories(&judged.flow.facts);
        // Of what is in clear, heads are read and bodies are not.
        let hidden = judged.protection != Protection::ClearByNature;
        let key = listed.first().map_or(judged.to.text, |listed| listed.found.service.id.as_str());
        if !self.services.contains_key(key) && self.services.len() < 500 {
            self.services.insert(key.to_owned(), Row::default());
        }
        if let Some(row) = self.services.get_mut(key) {
            row.takes.extend(&takes);
            row.seen.extend(seen.iter().map(|(category, how)| format!("{category} ({how})")));
            row.hidden += u64::from(hidden);
        }
        if let Some((category, how)) = seen.iter().find(|(category, _)| !takes.contains(category)) {
            return Finding::Against(Why::from(format!(
                "{category} was seen to go to {} ({how}), which the catalogue does not list",
                judged.to
            )));
        }
        if judged.protection == Protection::Nothing {
            return Finding::Apart;
        }
        if hidden || listed.is_empty() {
            return Finding::Open(Why::about("what {} was sent was not read, or cannot be", judged.to));
        }
        Finding::Agrees
    }

    fn table(&self) -> Option<Table> {
        let join = |list: Vec<String>| if list.is_empty() { "–".to_owned() } else { list.join(", ") };
        let sorted: BTreeMap<&String, &Row> = self.services.iter().collect();
        let rows = sorted.into_iter().map(|(service, row)| {
            vec![
                service.clone(),
                join(row.takes.iter().map(ToString::to_string).collect()),
                join(row.seen.iter().cloned().collect()),
                row.hidden.to_string(),
            ]
        });
        Some(Table {
            columns: ["Service", "Takes, says the catalogue", "Seen on the wire", "Flows not readable"]
                .map(String::from)
                .to_vec(),
            rows: rows.take(200).collect(),
            left_out: (self.services.len() as u64).saturating_sub(200),
        })
    }
}
