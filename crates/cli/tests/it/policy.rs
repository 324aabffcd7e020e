//! `creance policy`.

use crate::{Folder, head};
use insta::assert_snapshot;

#[test]
fn the_matrix_of_a_mode_tells_what_a_grant_opens() {
    let ran = Folder::new().run("policy matrix --mode restricted --grant dji.flysafe");
    let allowed: Vec<&str> = ran.out.lines().filter(|line| line.contains(" allowed ")).collect();
    assert_eq!(allowed.len(), 1, "{ran}");
    assert_eq!(ran.out.lines().last().unwrap().split_whitespace().next(), Some("unknown"));
    assert_snapshot!(head(&ran.out, 16), @"
    restricted: 1 of 65 services allowed

    What granting dji.flysafe opens
      HOST                        OPENS AS WELL  TAKES IN ALL
      flysafe-7qgvdlsy.aasky.net  –              location, device-id, account
      flysafe-api.dji.com         –              location, device-id, account
      flysafe.dji.com             –              location, device-id, account
      taken in all: location, device-id, account
      opened as well: –

      SERVICE                     DECISION  DETERMINED BY
      airmap.airspace             denied    restricted
      amap.maps                   denied    restricted
      android.connectivity-check  denied    restricted
      android.play                denied    restricted
      android.push                denied    restricted
    ");
}

#[test]
fn the_matrix_tells_which_services_come_along() {
    let ran = Folder::new().run("policy matrix --mode local-data --exempt dji.registration");
    assert_snapshot!(head(&ran.out, 9), @"
    local-data: 1 of 65 services allowed

    What exempting dji.registration opens
      HOST                 OPENS AS WELL                                       TAKES IN ALL
      mydjiflight.dji.com  dji.firmware-files, dji.flight-log-sync, dji.geoip  flight-log, location, device-id
      taken in all: flight-log, location, device-id
      opened as well: dji.firmware-files, dji.flight-log-sync, dji.geoip

      SERVICE                     DECISION  DETERMINED BY
    ");
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
    assert_snapshot!(Folder::new().run("policy explain api.mapbox.com --exempt mapbox.tiles"), @"
    status 0
    --- out
    api.mapbox.com: mapbox.tiles

    mapbox.tiles: Mapbox tiles
      offline     denied
        `offline` (policies/offline.cedar:5) forbids it: In offline mode nothing leaves, to any service.
      local-data  allowed
        `local-data-exempt` (policies/local-data.cedar:19) permits it: The operator listed this service as exempt from local-data.
      restricted  denied
        `restricted` (policies/restricted.cedar:6) forbids it: In restricted mode nothing leaves but to services that the operator granted.
      standard    allowed
        `standard` (policies/standard.cedar:4) permits it: In standard mode everything may leave, and all of it is recorded.
    ");
}

#[test]
fn explain_of_an_unknown_host_denies_it() {
    assert_snapshot!(Folder::new().run("policy explain made-up.dji.com"), @"
    status 0
    --- out
    made-up.dji.com: the catalogue has no such host
      unknown: probably DJI: shares dji.com with 21 catalogued hosts

      offline     denied
        `offline` (policies/offline.cedar:5) forbids it: In offline mode nothing leaves, to any service.
      local-data  denied
        `local-data` (policies/local-data.cedar:7) forbids it: In local-data mode nothing leaves but to services on the list of exemptions.
        `local-data-unknown` (policies/local-data.cedar:14) forbids it: In local-data mode nothing leaves to a host that the catalogue does not know.
      restricted  denied
        `restricted` (policies/restricted.cedar:6) forbids it: In restricted mode nothing leaves but to services that the operator granted.
        `restricted-unknown` (policies/restricted.cedar:13) forbids it: In restricted mode nothing leaves to a host that the catalogue does not know.
      standard    allowed
        `standard` (policies/standard.cedar:4) permits it: In standard mode everything may leave, and all of it is recorded.
    ");
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
    assert_snapshot!(ran.err, @"
    note: a policy speaks of service `mapbox.tilez`, which the catalogue does not have; it never applies
    note: a policy speaks of party `Djii`, which the catalogue does not have; it never applies
    note: a policy speaks of station `tablet-2`; captures do not name stations, so it does not apply here
    ");
    let local: Vec<&str> = ran.out.lines().skip_while(|line| !line.contains("local-data")).take(2).collect();
    assert_snapshot!(local.join("\n"), @"
    local-data  denied
      `operator/own.cedar/no-maps` (own.cedar:1) forbids it: The tablet carries its own maps.
    ");
}

#[test]
fn a_wrong_policy_and_a_misspelt_service_are_refused() {
    let folder = Folder::new();
    folder
        .write("own.cedar", "@id(\"a\")\npermit (principal, action, resource)\nwhen { resource.hour > 6 };");
    assert_snapshot!(folder.run("policy matrix --policy own.cedar"), @"
    status 2
    --- err
    error: `own.cedar`
      own.cedar:1: for policy `operator/own.cedar/a`, attribute `hour` on entity type `Service` not found
    ");
    assert_snapshot!(folder.run("policy matrix --grant dji.flysave"), @"
    status 2
    --- err
    error: --grant dji.flysave: the catalogue has no such service

    hint: services of `dji`: dji.account, dji.activation, dji.activation-old, dji.app-services, dji.crash-reports, dji.customer-analytics, dji.downloads, dji.elevation
    ");
    assert_snapshot!(folder.run("policy matrix --mode restricted --exempt dji.flysafe").err, @"note: --exempt has a meaning in --mode local-data alone; it exempts nothing here");
}
