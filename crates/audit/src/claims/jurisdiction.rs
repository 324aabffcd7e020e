//! Claim 4: no contact with a jurisdiction.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;
use creance_model::Jurisdiction;
use creance_residency::Presence;
use std::collections::BTreeSet;

#[derive(Debug)]
pub(crate) struct Jurisdictions {
    forbidden: BTreeSet<Jurisdiction>,
}

impl Jurisdictions {
    pub(crate) const fn new(forbidden: BTreeSet<Jurisdiction>) -> Self {
        Self { forbidden }
    }

    /// Whether a party under a forbidden law runs a service with one of the flow's names.
    fn party(&self, judged: &Judged<'_>) -> Option<String> {
        judged.who.names.iter().flat_map(|name| &name.listed).find_map(|listed| {
            let jurisdiction =
                listed.found.party.jurisdiction.filter(|country| self.forbidden.contains(country))?;
            Some(format!("{} answers to the law of {jurisdiction}", listed.found.party.name))
        })
    }
}

impl Examine for Jurisdictions {
    fn number(&self) -> u8 {
        4
    }

    fn statement(&self) -> String {
        let list = self.forbidden.iter().map(Jurisdiction::as_str).collect::<Vec<_>>().join(", ");
        if list.is_empty() {
            "No contact with a forbidden jurisdiction".into()
        } else {
            format!("No contact with {list}: neither a server there nor a party under its law")
        }
    }

    fn needs(&self) -> &'static str {
        "for each flow a known party with its jurisdiction, and a certain place of the server"
    }

    fn not_tested(&self) -> Option<(&'static str, &'static str)> {
        self.forbidden.is_empty().then_some(("no jurisdiction was named", "--forbid-jurisdiction CODE"))
    }

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        let to = judged.to;
        if judged.who.is_resolver {
            if let Some(why) = self.party(judged) {
                return Finding::Open(Why::from(format!(
                    "a name was looked up whose party is forbidden: {why}"
                )));
            }
        } else if let Some(why) = self.party(judged) {
            return Finding::Against(Why::from(format!("{to}: {why}")));
        }
        let presence: Vec<Presence> =
            self.forbidden.iter().map(|country| judged.place.presence(*country)).collect();
        if presence.contains(&Presence::Inside) {
            return Finding::Against(Why::from(format!(
                "{to} stands in a forbidden jurisdiction: {}",
                judged.place
            )));
        }
        let unknown_party = judged.who.names.is_empty()
            || judged.who.names.iter().any(|name| {
                name.listed.is_empty()
                    || name.listed.iter().any(|listed| listed.found.party.jurisdiction.is_none())
            });
        if unknown_party {
            return Finding::Open(Why::about("the law that {} is under is not known", to));
        }
        let on_own_network = *judged.place == creance_residency::Conclusion::NotPublic;
        if judged.who.is_resolver && on_own_network && judged.is_certain() {
            return Finding::Agrees;
        }
        if presence.contains(&Presence::CannotTell) {
            return Finding::Open(Why::from(format!(
                "nothing certain tells where {to} stands ({})",
                judged.place
            )));
        }
        if judged.is_certain() {
            Finding::Agrees
        } else {
            Finding::Open(Why::about("the name {} is not certain", to))
        }
    }
}
