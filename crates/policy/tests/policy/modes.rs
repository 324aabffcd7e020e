//! What each mode lets leave.

use crate::world::{STATION, expected, id, ids, services, whole_matrix};
use creance_model::{Category, Mode, PartyKind};
use creance_policy::{Policies, Request, ServiceFacts};
use std::collections::BTreeSet;

#[test]
fn every_cell_is_what_the_design_says_and_is_explained() {
    let policies = Policies::shipped().unwrap();
    let cells = whole_matrix(&policies);
    assert_eq!(cells.len(), 4 * 3 * 6 * 7);
    for cell in cells {
        let allowed = expected(&cell.setting, cell.service.as_ref());
        assert_eq!(cell.decision.allowed, allowed, "{:?} {:?}", cell.service, cell.setting);
        assert_eq!(cell.decision.errors, [""; 0]);
        assert!(!cell.decision.determining.is_empty(), "{:?}", cell.setting);
    }
}

#[test]
fn empty_lists_let_nothing_out_of_any_mode_but_standard() {
    let policies = Policies::shipped().unwrap();
    let none = BTreeSet::new();
    for (mode, allowed) in [
        (Mode::Offline, 0),
        (Mode::LocalData, 0),
        (Mode::Restricted, 0),
        (Mode::Standard, services().len() + 1),
    ] {
        let rows = policies.matrix(STATION, mode, None, &services(), &none, &none);
        let open = rows.iter().filter(|row| row.decision.allowed).count();
        assert_eq!(open, allowed, "{mode}");
    }
}

#[test]
fn the_determining_policies_are_named() {
    let policies = Policies::shipped().unwrap();
    let services = services();
    let tiles = services.iter().find(|s| s.id == id("maps.tiles"));
    let (listed, none) = (ids(&["maps.tiles"]), ids(&[]));
    let determining = |mode, seal, service, list| {
        let request =
            Request { station: STATION.to_owned(), mode, seal, service, exempt: list, granted: list };
        policies.decide(&request).determining.join(" ")
    };
    let (sealed, offline) = (Some(Mode::LocalData), Some(Mode::Offline));
    for (mode, seal, service, list, ids) in [
        (Mode::Offline, None, tiles, &listed, "offline"),
        (Mode::LocalData, None, tiles, &none, "local-data"),
        (Mode::LocalData, None, tiles, &listed, "local-data-exempt"),
        (Mode::LocalData, None, None, &listed, "local-data local-data-unknown"),
        (Mode::Restricted, None, tiles, &none, "restricted"),
        (Mode::Restricted, None, tiles, &listed, "restricted-granted"),
        (Mode::Restricted, None, None, &listed, "restricted restricted-unknown"),
        (Mode::Standard, None, tiles, &none, "standard"),
        (Mode::Standard, None, None, &none, "standard"),
        (Mode::Standard, sealed, tiles, &listed, "standard"),
        (Mode::Standard, sealed, tiles, &none, "sealed-local-data"),
        (Mode::Standard, sealed, None, &listed, "sealed-local-data sealed-local-data-unknown"),
        (Mode::Standard, offline, tiles, &listed, "sealed-offline"),
    ] {
        assert_eq!(determining(mode, seal, service, list), ids, "{mode} {seal:?}");
    }
}

#[test]
fn a_seal_that_does_not_exist_denies() {
    let policies = Policies::shipped().unwrap();
    let all: BTreeSet<_> = services().into_iter().map(|service| service.id).collect();
    for seal in [Mode::Restricted, Mode::Standard] {
        let rows = policies.matrix(STATION, Mode::Standard, Some(seal), &services(), &all, &all);
        assert_eq!(rows.len(), services().len() + 1);
        for row in rows {
            assert!(!row.decision.allowed);
            assert!(row.decision.errors[0].contains(seal.as_str()));
        }
    }
}

#[test]
fn rows_stand_in_the_order_of_ids_and_a_denial_wins_among_twins() {
    let none = BTreeSet::new();
    let no_media = r#"forbid (principal, action, resource)
        when { resource.takes.contains(Category::"media") };"#;
    let policies = Policies::shipped().unwrap().with_operator("x", no_media).unwrap();
    let twin = ServiceFacts { takes: vec![Category::Media], ..services()[0].clone() };
    let mut given = services();
    given.reverse();
    let table = |given: &[ServiceFacts]| policies.matrix(STATION, Mode::Standard, None, given, &none, &none);
    assert_eq!(table(&given), table(&services()));
    let order: Vec<_> = table(&given)
        .into_iter()
        .map(|row| row.service.map_or("unknown".to_owned(), |id| id.to_string()))
        .collect();
    assert_eq!(order.join(" "), "maker.logs maker.zones maps.tiles odd.silent own.vault system.time unknown");
    for given in [[twin.clone(), services()[0].clone()], [services()[0].clone(), twin]] {
        let rows = table(&given);
        assert_eq!(rows.len(), 2);
        assert!(!rows[0].decision.allowed, "{given:?}");
    }
}

#[test]
fn the_schema_has_every_word_of_the_model() {
    let none = BTreeSet::new();
    let decide = |rule: &str, facts: &ServiceFacts, mode| {
        let rule = format!("forbid (principal, action, resource) when {{ {rule} }};");
        let policies = Policies::shipped().unwrap().with_operator("word", &rule).unwrap();
        policies.decide(&Request {
            station: STATION.to_owned(),
            mode,
            seal: None,
            service: Some(facts),
            exempt: &none,
            granted: &none,
        })
    };
    let operator = ["operator/word/policy-1"];
    let plain = &services()[0];
    for &category in Category::ALL {
        let facts = ServiceFacts { takes: vec![category], ..plain.clone() };
        let rule = format!("resource.takes.contains(Category::\"{category}\")");
        assert_eq!(decide(&rule, &facts, Mode::Standard).determining, operator);
    }
    for &party_kind in PartyKind::ALL {
        let facts = ServiceFacts { party_kind, ..plain.clone() };
        let rule = format!("resource.partyKind == PartyKind::\"{party_kind}\"");
        assert_eq!(decide(&rule, &facts, Mode::Standard).determining, operator);
    }
    for &mode in Mode::ALL {
        let rule = format!("context.mode == Mode::\"{mode}\"");
        assert!(decide(&rule, plain, mode).determining.contains(&operator[0].to_owned()), "{mode}");
    }
}

#[test]
fn a_decision_is_explained_in_plain_words() {
    let policies = Policies::shipped().unwrap();
    let none = BTreeSet::new();
    let rows = policies.matrix(STATION, Mode::LocalData, None, &[], &none, &none);
    let lines = policies.explain(&rows[0].decision);
    assert_eq!(
        lines,
        [
            "denied",
            "`local-data` (policies/local-data.cedar:7) forbids it: In local-data mode nothing \
             leaves but to services on the list of exemptions.",
            "`local-data-unknown` (policies/local-data.cedar:14) forbids it: In local-data mode \
             nothing leaves to a host that the catalogue does not know.",
        ]
    );
}
