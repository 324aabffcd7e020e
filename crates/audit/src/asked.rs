//! What was asked and what the audit knew, for the report.

use crate::knowledge::{Knowledge, hex};
use crate::question::Question;
use crate::reading::Reading;
use crate::report::data;
use crate::stations::Stations;
use crate::text::{rfc3339, seconds_after};
use creance_catalogue::Catalogue;
use creance_model::ServiceId;
use creance_residency::Table;
use ring::digest;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn producer(knowledge: &Knowledge) -> data::Producer {
    let geo = digest::digest(&digest::SHA256, Table::shipped_bytes());
    data::Producer {
        name: "creance",
        version: env!("CARGO_PKG_VERSION"),
        catalogue_sha256: knowledge.catalogue_sha256.clone(),
        overlays: knowledge
            .catalogue
            .overlaid()
            .iter()
            .map(|entry| format!("{}: {}", entry.file, entry.change))
            .collect(),
        geo_date: knowledge.geo.dates().clouds.to_owned(),
        geo_sha256: hex(geo.as_ref()),
        policies: knowledge.policy_files.clone(),
    }
}

pub(crate) fn asked(
    question: &Question,
    knowledge: &Knowledge,
    stations: &Stations,
    baselines: &[String],
    reading: &Reading,
) -> data::Question {
    data::Question {
        mode: question.mode.map(|mode| mode.to_string()),
        exempt: allowances(&question.exempt, &knowledge.catalogue),
        granted: allowances(&question.granted, &knowledge.catalogue),
        forbidden_jurisdictions: question.forbidden_jurisdictions.iter().map(ToString::to_string).collect(),
        requested_claims: question.requested().into_iter().collect(),
        verdict_of: if question.verdict_of_app { "app" } else { "station" },
        stations: listed_stations(stations),
        local: question.local.iter().map(ToString::to_string).collect(),
        app: question.app.clone(),
        baselines: baselines.to_vec(),
        window: reading.window.map(|window| data::Window {
            from: rfc3339(window.from),
            to: rfc3339(window.to),
            seconds: seconds_after(window.from, window.to),
        }),
    }
}

/// Stations in the report; a capture of a whole network may have any number.
fn listed_stations(stations: &Stations) -> Vec<data::Station> {
    const LISTED_MAX: usize = 200;
    let sorted: BTreeMap<_, _> = stations.addresses.iter().collect();
    let mut list: Vec<data::Station> = sorted
        .into_iter()
        .take(LISTED_MAX)
        .map(|(addr, how)| data::Station { address: addr.to_string(), how: how.clone().into_owned() })
        .collect();
    let further = stations.addresses.len().saturating_sub(LISTED_MAX);
    if further > 0 {
        list.push(data::Station {
            address: format!("{further} more"),
            how: "not listed one by one".to_owned(),
        });
    }
    list
}

fn allowances(list: &BTreeMap<ServiceId, String>, catalogue: &Catalogue) -> Vec<data::Allowance> {
    list.iter()
        .map(|(service, origin)| {
            let opened = catalogue.opened_by(std::slice::from_ref(service)).unwrap_or_default();
            let takes: BTreeSet<String> =
                opened.iter().flat_map(|o| o.takes()).map(|category| category.to_string()).collect();
            let also: BTreeSet<String> =
                opened.iter().flat_map(|o| &o.also).map(|other| other.id.to_string()).collect();
            data::Allowance {
                service: service.to_string(),
                origin: origin.clone(),
                takes: takes.into_iter().collect(),
                also_opens: also.into_iter().collect(),
            }
        })
        .collect()
}
