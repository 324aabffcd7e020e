//! Random rules from a small grammar of everything that the schema offers.

use crate::world::assert_no_looser;
use creance_policy::Policies;
use std::fmt::Write;

/// SplitMix64: the same rules on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const SERVICES: [&str; 5] = [
    "Service::\"maker.logs\"",
    "Service::\"maps.tiles\"",
    "Service::\"own.vault\"",
    "Service::\"unknown\"",
    "resource",
];

const ATOMS: [&str; 22] = [
    "true",
    "context.mode == Mode::\"offline\"",
    "context.mode == Mode::\"local-data\"",
    "context.mode == Mode::\"restricted\"",
    "context.mode != Mode::\"standard\"",
    "context.sealed == Seal::\"none\"",
    "context.sealed == Seal::\"local-data\"",
    "context.sealed != Seal::\"offline\"",
    "context.exempt.isEmpty()",
    "context.granted.containsAny(context.exempt)",
    "context.exempt.containsAll(context.granted)",
    "resource.takes.contains(Category::\"flight-log\")",
    "resource.takes.containsAny([Category::\"media\", Category::\"unknown\"])",
    "resource.party == Party::\"maker\"",
    "resource.partyKind == PartyKind::\"platform\"",
    "resource.partyKind != PartyKind::\"unknown\"",
    "resource.jurisdiction == Jurisdiction::\"CN\"",
    "resource.jurisdiction == Jurisdiction::\"unknown\"",
    "principal == Station::\"controller-1\"",
    "principal in Station::\"tablet\"",
    "\"logs\" like \"l*s\"",
    "9223372036854775807 + 1 == 0",
];

fn condition(dice: &mut Dice, depth: usize) -> String {
    let sides = if depth == 0 { 2 } else { 7 };
    match dice.below(sides) {
        0 => dice.pick(&ATOMS[..ATOMS.len() - 1]).to_owned(),
        1 if dice.below(12) == 0 => ATOMS[ATOMS.len() - 1].to_owned(),
        1 => {
            let list = dice.pick(&["context.exempt", "context.granted"]);
            format!("{list}.contains({})", dice.pick(&SERVICES))
        }
        2 => format!("!({})", condition(dice, depth - 1)),
        3 | 4 => format!("({}) && ({})", condition(dice, depth - 1), condition(dice, depth - 1)),
        5 => format!("({}) || ({})", condition(dice, depth - 1), condition(dice, depth - 1)),
        _ => format!(
            "if {} then {} else {}",
            condition(dice, depth - 1),
            condition(dice, depth - 1),
            condition(dice, depth - 1)
        ),
    }
}

fn rule(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.below(4) == 0 {
        let id = dice.pick(&["offline", "local-data", "restricted", "sealed-offline"]);
        write!(text, "@id(\"{id}\") ").unwrap();
    }
    let effect = dice.pick(&["permit", "permit", "forbid"]);
    let principal = dice.pick(&["", " == Station::\"controller-1\"", " is Station"]);
    let action = dice.pick(&["", " == Action::\"leave\""]);
    let resource = match dice.below(3) {
        0 => format!(" == {}", dice.pick(&SERVICES[..4])),
        1 => " is Service".to_owned(),
        _ => String::new(),
    };
    write!(text, "{effect} (principal{principal}, action{action}, resource{resource})").unwrap();
    for _ in 0..dice.below(3) {
        let clause = dice.pick(&["when", "when", "unless"]);
        write!(text, "\n  {clause} {{ {} }}", condition(dice, 3)).unwrap();
    }
    text + ";"
}

#[test]
fn no_random_rules_loosen_anything() {
    let mut dice = Dice(2026);
    let (mut taken, mut refused, mut tightened) = (0, 0, 0);
    for _ in 0..60 {
        let mut policies = Policies::shipped().unwrap();
        let mut rules = String::new();
        for file in 0..6 {
            let rule = rule(&mut dice);
            match policies.clone().with_operator(&format!("file-{file}"), &rule) {
                Ok(more) => {
                    policies = more;
                    rules += &rule;
                    rules.push('\n');
                    taken += 1;
                }
                Err(_) => refused += 1,
            }
        }
        tightened += assert_no_looser(&policies, &rules);
    }
    println!("random rules: {taken} taken, {refused} refused, {tightened} decisions tightened");
    assert!(taken > 200, "{taken}");
    assert!(tightened > 1000, "{tightened}");
}
