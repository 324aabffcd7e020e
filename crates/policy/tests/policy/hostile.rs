//! Rules written to undo a mode.

use crate::world::{assert_no_looser, expected, whole_matrix};
use creance_policy::Policies;

const PERMIT: &str = "permit (principal, action, resource)";

fn hostile() -> Vec<String> {
    let conditions = [
        "when { true }",
        "unless { false }",
        "when { context.mode == Mode::\"local-data\" }",
        "when { context.mode == Mode::\"offline\" }",
        "when { context.mode == Mode::\"restricted\" } unless { context.granted.contains(resource) }",
        "when { context.sealed == Seal::\"offline\" || context.sealed == Seal::\"local-data\" }",
        "when { context.mode == \"local-data\" }",
        "unless { context.mode == Mode::\"standard\" }",
        "when { resource == Service::\"unknown\" }",
        "when { resource == Service::\"maker.logs\" }",
        "when { resource.takes.contains(Category::\"unknown\") }",
        "when { context.exempt.isEmpty() && context.granted.isEmpty() }",
        "when { context.exempt == [] }",
        "when { [Service::\"maker.logs\", Service::\"unknown\"].contains(resource) }",
        "when { {mode: Mode::\"standard\"}.mode == Mode::\"standard\" }",
        "when { 9223372036854775807 + 1 > 0 }",
        "when { context has mode && resource has party && principal is Station }",
        "when { if context.mode == Mode::\"offline\" then true else false }",
    ];
    let mut rules = vec![format!("{PERMIT};")];
    rules.extend(conditions.iter().map(|condition| format!("{PERMIT} {condition};")));
    for shipped in [
        "offline",
        "local-data",
        "local-data-unknown",
        "restricted",
        "restricted-unknown",
        "sealed-offline",
        "sealed-local-data",
        "policy0",
        "operator",
        "..",
    ] {
        rules.push(format!("@id(\"{shipped}\") {PERMIT};"));
        rules.push(format!("@id(\"{shipped}\") @id(\"other\") {PERMIT};"));
        rules.push(format!("@id(\"../{shipped}\") {PERMIT};"));
    }
    rules.extend([
        "permit (principal, action == Action::\"leave\", resource);".to_owned(),
        "permit (principal == Station::\"controller-1\", action, resource is Service);".to_owned(),
        "permit (principal, action, resource == Service::\"unknown\");".to_owned(),
        "permit (principal, action in [Action::\"leave\"], resource);".to_owned(),
        "permit (principal == ?principal, action, resource == ?resource);".to_owned(),
        "entity Mode enum [\"standard\"];".to_owned(),
        "entity Service in [Service]; permit (principal, action, resource);".to_owned(),
        format!("Service::\"unknown\" = Service::\"maps.tiles\"; {PERMIT};"),
        format!("{PERMIT}; }} {PERMIT};"),
        format!("{PERMIT};\n").repeat(900),
        format!("{PERMIT} when {{ true{} }};", " || true".repeat(600)),
        format!("// \u{202e} nothing to see\n{PERMIT};\r\n"),
        format!("@why(\"\") {PERMIT};"),
    ]);
    rules
}

#[test]
fn no_rule_of_an_operators_undoes_what_a_mode_or_a_seal_holds() {
    let (mut taken, mut refused) = (0, 0);
    for rules in hostile() {
        match Policies::shipped().unwrap().with_operator("hostile", &rules) {
            Ok(policies) => {
                taken += 1;
                assert_no_looser(&policies, &rules);
            }
            Err(_) => refused += 1,
        }
    }
    println!("hostile files: {taken} taken, {refused} refused");
    assert!(taken >= 35, "{taken}");
    assert!(refused >= 18, "{refused}");
}

#[test]
fn a_permit_changes_nothing_and_no_shipped_policy_is_shadowed() {
    let permits = format!("@id(\"local-data\") {PERMIT}; @id(\"offline\") {PERMIT};");
    let without = whole_matrix(&Policies::shipped().unwrap());
    let policies = Policies::shipped().unwrap().with_operator("x", &permits).unwrap();
    for (with, without) in whole_matrix(&policies).into_iter().zip(without) {
        let (with, without) = (with.decision, without.decision);
        assert_eq!(with.allowed, without.allowed);
        if !with.allowed {
            assert_eq!(with.determining, without.determining);
        } else {
            let of_operator = |id: &&String| id.starts_with("operator/x/");
            assert_eq!(with.determining.iter().filter(of_operator).count(), 2);
            assert_eq!(with.determining.len(), without.determining.len() + 2);
        }
    }
}

/// Cedar skips a policy that fails: a failing `forbid` must not let through what it may have
/// been meant to hold.
#[test]
fn a_rule_that_fails_while_deciding_denies_and_is_named() {
    for effect in ["permit", "forbid"] {
        let rule = format!("{effect} (principal, action, resource) when {{ 9223372036854775807 + 1 > 0 }};");
        let policies = Policies::shipped().unwrap().with_operator("x", &rule).unwrap();
        for cell in whole_matrix(&policies) {
            assert!(!cell.decision.allowed);
            assert_eq!(cell.decision.errors.len(), 1);
            assert!(cell.decision.errors[0].contains("operator/x/policy-1"));
            if expected(&cell.setting, cell.service.as_ref()) {
                assert_eq!(cell.decision.determining, ["operator/x/policy-1"]);
                let lines = policies.explain(&cell.decision);
                assert_eq!(lines.len(), 3);
                assert!(lines[0].starts_with("denied: deciding failed"), "{lines:?}");
            } else {
                assert!(!cell.decision.determining.contains(&"operator/x/policy-1".to_owned()));
            }
        }
    }
}
