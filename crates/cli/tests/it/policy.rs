//! `creance policy`.

use crate::{Folder, head};
use insta::assert_snapshot;

#[test]
fn the_matrix_of_a_mode_tells_what_a_grant_opens() {
    let ran = Folder::new().run("policy matrix --mode restricted --grant dji.flysafe");
    let allowed: Vec<&str> = ran.out.lines().filter(|line| line.contains(" allowed ")).collect();
    assert_eq!(allowed.len(), 1, "{ran}");
    assert_eq!(ran.out.lines().last().unwrap().split_whitespace().next(), Some("unknown"));
    assert_snapshot!(head(&ran.out, 16), @"");
}

#[test]
fn the_matrix_tells_which_services_come_along() {
    let ran = Folder::new().run("policy matrix --mode local-data --exempt dji.registration");
    assert_snapshot!(head(&ran.out, 9), @"");
}

#[test]
fn without_a_mode_every_mode_is_shown_and_only_standard_lets_the_unknown_out() {
    let ran = Folder::new().run("policy matrix");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let unknown: Vec<String> = ran
        .out
        .lines()
        .filter(|line| line.contains("unknown (any other host)"))
        .map(|line| line.split_whitespace().skip(4).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        unknown,
        [
            "denied offline",
            "denied local-data, local-data-unknown",
            "denied restricted, restricted-unknown",
            "allowed standard"
        ]
    );
}

#[test]
fn explain_tells_what_each_mode_says_of_a_host() {
    assert_snapshot!(Folder::new().run("policy explain api.mapbox.com --exempt mapbox.tiles"), @"");
}

#[test]
fn explain_of_an_unknown_host_denies_it() {
    assert_snapshot!(Folder::new().run("policy explain made-up.dji.com"), @"");
}

#[test]
fn an_operators_rule_tightens_and_is_named() {
    let folder = Folder::new();
    folder.write(
        "own.cedar",
        r#"@id("no-maps")
@why("The tablet carries its own maps.")
forbid (principal, action, resource == Service::"mapbox.tiles");
@id("misspelt")
forbid (principal == Station::"tablet-2", action, resource == Service::"mapbox.tilez");
@id("party")
forbid (principal, action, resource) when { resource.party == Party::"Djii" };
"#,
    );
    let ran = folder.run("policy explain api.mapbox.com --exempt mapbox.tiles --policy own.cedar");
    assert_eq!(ran.status, 0, "{ran}");
    assert_snapshot!(ran.err, @"");
    let local: Vec<&str> = ran.out.lines().skip_while(|line| !line.contains("local-data")).take(2).collect();
    assert_snapshot!(local.join("\n"), @"");
}

#[test]
fn a_wrong_policy_and_a_misspelt_service_are_refused() {
    let folder = Folder::new();
    folder.write("own.cedar", "@id(\"a\")\npermit (principal, action, resource)\nwhen { resource.hour > 6 };");
    assert_snapshot!(folder.run("policy matrix --policy own.cedar"), @"");
    assert_snapshot!(folder.run("policy matrix --grant dji.flysave"), @"");
    assert_snapshot!(folder.run("policy matrix --mode restricted --exempt dji.flysafe").err, @"");
}
