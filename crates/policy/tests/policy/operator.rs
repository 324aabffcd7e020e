//! Files of an operator's own: what is taken, what is refused, and what they can do.

use crate::world::{STATION, assert_no_looser, ids, services};
use creance_model::Mode;
use creance_policy::{FILE_BYTES_MAX, POLICIES_MAX, Policies, PolicyError, Request, TOKENS_MAX};
use std::collections::BTreeSet;

fn with(text: &str) -> Result<Policies, PolicyError> {
    Policies::shipped().unwrap().with_operator("own.cedar", text)
}

/// The services that may leave in `standard`.
fn open(policies: &Policies, station: &str) -> Vec<String> {
    let none = BTreeSet::new();
    policies
        .matrix(station, Mode::Standard, None, &services(), &none, &none)
        .into_iter()
        .filter(|row| row.decision.allowed)
        .map(|row| row.service.map_or("unknown".to_owned(), |id| id.to_string()))
        .collect()
}

#[test]
fn a_forbid_tightens_and_is_named() {
    let policies = with(
        "// No media abroad.\n\n@id(\"no-cn\") @why(\"Our contract says so.\")\n\
         forbid (principal, action, resource) when { resource.jurisdiction == Jurisdiction::\"CN\" };\n\
         forbid (principal == Station::\"tablet\", action, resource == Service::\"maps.tiles\");",
    )
    .unwrap();
    assert_eq!(open(&policies, STATION).join(" "), "maps.tiles odd.silent own.vault system.time unknown");
    assert_eq!(open(&policies, "tablet").join(" "), "odd.silent own.vault system.time unknown");
    let none = BTreeSet::new();
    let decision = policies.decide(&Request {
        station: STATION.to_owned(),
        mode: Mode::Standard,
        seal: None,
        service: services().first(),
        exempt: &none,
        granted: &none,
    });
    assert_eq!(decision.determining, ["operator/own.cedar/no-cn"]);
    assert_eq!(
        policies.explain(&decision),
        ["denied", "`operator/own.cedar/no-cn` (own.cedar:3) forbids it: Our contract says so."]
    );
    assert_eq!(policies.mentions().services, ids(&["maps.tiles"]));
    assert!(policies.mentions().stations.contains("tablet"));
    // Of the two services, by mode: standard, so sealed, local-data, so sealed, restricted, so sealed.
    assert_eq!(assert_no_looser(&policies, "no-cn"), 12 + 2 + 2 + 2 + 4 + 1);
}

#[test]
fn a_forbid_reaches_what_is_exempt_and_granted() {
    let policies = with("forbid (principal, action, resource == Service::\"maps.tiles\");").unwrap();
    let tiles = ids(&["maps.tiles"]);
    for mode in [Mode::LocalData, Mode::Restricted] {
        let rows = policies.matrix(STATION, mode, None, &services(), &tiles, &tiles);
        assert!(rows.iter().all(|row| !row.decision.allowed), "{mode}");
    }
}

#[test]
fn what_does_not_fit_the_schema_is_refused_with_its_line() {
    let rules = [
        ("permit (principal, action, resource) when { context.mode == \"local-data\" };", "type"),
        ("forbid (principal, action, resource) when { context.mode == Mode::\"locl-data\" };", "locl"),
        ("forbid (principal, action, resource) when { context.hour > 6 };", "hour"),
        ("forbid (principal, action, resource) when { resource.host == \"a.test\" };", "host"),
        ("forbid (principal, action, resource == Host::\"a.test\");", "Host"),
        ("forbid (principal, action == Action::\"send\", resource);", "send"),
        ("forbid (principal, action, resource == Service::\"Maps Tiles\");", "Maps Tiles"),
        (
            "forbid (principal, action, resource) when { resource.jurisdiction == Jurisdiction::\"China\" };",
            "China",
        ),
        (
            "forbid (principal, action, resource) when { resource.jurisdiction == Jurisdiction::\"cn\" };",
            "cn",
        ),
        (
            "forbid (principal, action, resource) when { resource.takes.contains(Category::\"video\") };",
            "video",
        ),
        ("forbid (principal == ?principal, action, resource);", "template"),
        ("forbid (principal, action, resource in ?resource);", "template"),
        ("forbid (principal, action, resource) when { false };", "false"),
        ("@id(\"a/b\") forbid (principal, action, resource);", "@id"),
        ("@id(\"\") forbid (principal, action, resource);", "@id"),
        ("@why(\"\\u{1b}[2J\") forbid (principal, action, resource);", "@why"),
        ("@id(\"mine\") forbid (principal, action, resource);", "line 2"),
        ("entity Service = { party: Party };", "unexpected"),
        ("forbid (principal, action, resource)", "unexpected"),
        ("forbid", "unexpected"),
        (";", "unexpected"),
        ("\u{0}", "invalid"),
        ("\"", "invalid"),
    ];
    for (rule, word) in rules {
        let text = format!(
            "// one comment\n@id(\"mine\") forbid (principal, action, resource == Service::\"a.b\");\n\n{rule}"
        );
        match with(&text) {
            Err(PolicyError::Policy { file, line, why }) => {
                assert_eq!((file.as_str(), line), ("own.cedar", 4), "{rule}");
                assert!(why.contains(word), "{rule}: {why}");
            }
            other => panic!("{rule}: {other:?}"),
        }
    }
}

#[test]
fn files_have_plain_names_that_are_used_once_and_something_in_them() {
    let rule = "forbid (principal, action, resource == Service::\"a.b\");";
    let shipped = || Policies::shipped().unwrap();
    for name in ["", "a/b", "../a", "a b", "a\n", "é", &"a".repeat(81)] {
        let refused = shipped().with_operator(name, rule);
        assert!(matches!(refused, Err(PolicyError::FileName { .. })), "{name}");
    }
    let twice = shipped().with_operator("a", rule).unwrap().with_operator("a", rule);
    assert_eq!(twice.unwrap_err(), PolicyError::FileTwice { name: "a".to_owned() });
    for empty in ["", " \n", "// forbid (principal, action, resource);"] {
        assert_eq!(with(empty).unwrap_err(), PolicyError::FileEmpty { name: "own.cedar".to_owned() });
    }
}

#[test]
fn everything_that_can_grow_has_a_bound() {
    let huge = " ".repeat(FILE_BYTES_MAX + 1);
    assert!(
        matches!(with(&huge), Err(PolicyError::FileTooLarge { bytes, .. }) if bytes == FILE_BYTES_MAX + 1)
    );
    let many = "forbid (principal, action, resource == Service::\"a.b\");\n".repeat(POLICIES_MAX);
    assert_eq!(with(&many).unwrap_err(), PolicyError::TooMany { name: "own.cedar".to_owned() });
}

/// Each text takes as many tokens as a policy may have; on this thread's ordinary stack none
/// may overflow, whatever is said of it.
#[test]
fn the_longest_policies_do_not_exhaust_the_stack() {
    let tokens = TOKENS_MAX - 30;
    for (first, more, cost) in [
        ("1", "+1", 2),
        ("1", "-1", 2),
        ("1", "*1", 2),
        ("true", "&&true", 3),
        ("true", "||true", 3),
        ("context", ".mode", 2),
        ("resource", "[\"a\"]", 3),
        ("principal", " has a", 2),
        ("resource", " in resource", 2),
        ("1", "<1", 2),
        ("resource is A", "::A", 3),
        ("context has a", ".a", 2),
        ("context.exempt", ".contains(resource)", 5),
    ] {
        let body = format!("{first}{}", more.repeat(tokens / cost));
        for condition in [body.clone(), format!("({body}) == 1"), format!("[{body}].isEmpty()")] {
            let text = format!("permit (principal, action, resource) when {{ {condition} }};");
            if let Ok(policies) = with(&text) {
                assert_no_looser(&policies, &text);
            }
        }
    }
    for (open, close) in [("(", ")"), ("[", "]"), ("!(", ")"), ("{a:", "}"), ("if true then ", "")] {
        let body = format!("{}true{}", open.repeat(400), close.repeat(400));
        let text = format!("permit (principal, action, resource) when {{ {body} }};");
        let refused = with(&text).unwrap_err().to_string();
        assert!(refused.contains("nests"), "{refused}");
    }
    for sign in ["!", "-"] {
        let text = format!("permit (principal, action, resource) when {{ {}1 }};", sign.repeat(tokens));
        assert!(matches!(with(&text), Err(PolicyError::Policy { line: 1, .. })));
    }
    let long = format!(
        "forbid (principal, action, resource) when {{ context.exempt.isEmpty(){} }};",
        " || resource == Service::\"maps.tiles\"".repeat(200)
    );
    assert!(assert_no_looser(&with(&long).unwrap(), "long") > 0);
}

#[test]
fn the_example_of_the_documentation_works() {
    let page = include_str!("../../../../docs/policies.md");
    let (_, rest) = page.split_once("```cedar\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let policies = with(example).unwrap();
    assert_eq!(open(&policies, STATION).join(" "), "maker.logs maker.zones maps.tiles own.vault system.time");
    assert_eq!(policies.mentions().services, ids(&["mapbox.tiles"]));
}
