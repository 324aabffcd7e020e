//! The decision table of a mode.

use crate::{Decision, Policies, ServiceFacts};
use creance_model::{Mode, ServiceId};
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The service; none stands for every host that the catalogue does not know.
    pub service: Option<ServiceId>,
    /// What is decided.
    pub decision: Decision,
}

impl Policies {
    /// The whole of a mode for a station: a row for each service in the order of ids, then the
    /// row for hosts that the catalogue does not know. A service that is given twice with
    /// different facts has one row, the denial if either is denied.
    #[must_use]
    pub fn matrix(
        &self,
        station: &str,
        mode: Mode,
        seal: Option<Mode>,
        services: &[ServiceFacts],
        exempt: &BTreeSet<ServiceId>,
        granted: &BTreeSet<ServiceId>,
    ) -> Vec<Row> {
        let station = self.vocabulary.station(station);
        let context = self.vocabulary.context(mode, seal, exempt, granted);
        let decide = |service| match &context {
            Ok(context) => self.decide_in(station.clone(), context.clone(), service),
            Err(why) => Decision::failed(why.clone()),
        };
        let mut known = BTreeMap::<&ServiceId, Decision>::new();
        for service in services {
            let decision = decide(Some(service));
            let denied_before = known.get(&service.id).is_some_and(|other| !other.allowed);
            if !denied_before {
                known.insert(&service.id, decision);
            }
        }
        let rows = known.into_iter().map(|(id, decision)| Row { service: Some(id.clone()), decision });
        let unknown = Row { service: None, decision: decide(None) };
        rows.chain([unknown]).collect()
    }
}
