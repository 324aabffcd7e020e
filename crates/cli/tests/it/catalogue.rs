//! `creance catalogue`.

use crate::{Folder, head};
use insta::assert_snapshot;

#[test]
fn list_has_a_line_for_each_service() {
    let ran = Folder::new().run("catalogue list");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let services = ran.out.lines().skip(1).count();
    assert!(services >= 60, "{services}");
    assert_snapshot!(head(&ran.out, 8), @"
    SERVICE                     PARTY                KIND      LAW  HOSTS  GRADE  TAKES
    airmap.airspace             AirMap               third     US   2      B      location, zone-query
    amap.maps                   AMap                 third     CN   4      B      location, map-query
    android.connectivity-check  Google (Android)     platform  US   2      A      the address alone
    android.play                Google (Android)     platform  US   1      A      device-id, account, diagnostics
    android.push                Google (Android)     platform  US   1      A      device-id
    android.time                Google (Android)     platform  US   1      A      time
    apple.connectivity-check    Apple                platform  US   1      A      the address alone
    ");
}

#[test]
fn show_tells_everything_about_a_service() {
    assert_snapshot!(Folder::new().run("catalogue show dji.flysafe"), @"
    status 0
    --- out
    dji.flysafe: GEO zones
      Gives zones, unlock licences and temporary restrictions around a place.

      party          DJI (`dji`), first
      jurisdiction   CN
      takes          location, device-id, account
      status         active
      origin         shipped

    Hosts
      HOST                        PORT AND BINDING  GRADE  SEEN  ORIGIN   SOURCE
      flysafe-api.dji.com         443/tcp tls       B      –     shipped  literal in GO 4
      flysafe.dji.com             443/tcp tls       B      –     shipped  literal in GO 4
      flysafe-7qgvdlsy.aasky.net  443/tcp tls       B      –     shipped  literal in DJI app code

    What exempting or granting it opens
      HOST                        OPENS AS WELL  TAKES IN ALL
      flysafe-7qgvdlsy.aasky.net  –              location, device-id, account
      flysafe-api.dji.com         –              location, device-id, account
      flysafe.dji.com             –              location, device-id, account
    ");
}

#[test]
fn show_tells_what_a_shared_host_opens_as_well() {
    assert_snapshot!(Folder::new().run("catalogue show dji.registration"), @"
    status 0
    --- out
    dji.registration: Device registration
      Registers the station and the aircraft with the maker.

      party          DJI (`dji`), first
      jurisdiction   CN
      takes          device-id
      status         active
      origin         shipped

    Hosts
      HOST                 PORT AND BINDING  GRADE  SEEN  ORIGIN   SOURCE
      mydjiflight.dji.com  443/tcp tls       A      2020  shipped  FTI 2020; literal in GO 4

    What exempting or granting it opens
      HOST                 OPENS AS WELL                                       TAKES IN ALL
      mydjiflight.dji.com  dji.firmware-files, dji.flight-log-sync, dji.geoip  flight-log, location, device-id
    ");
}

#[test]
fn lookup_names_every_service_of_a_host() {
    assert_snapshot!(Folder::new().run("catalogue lookup MyDJIFlight.dji.com."), @"
    status 0
    --- out
    mydjiflight.dji.com: 4 services
      PORT AND BINDING  SERVICE              PARTY  KIND   LAW  GRADE  LISTED AS            TAKES
      443/tcp tls       dji.firmware-files   DJI    first  CN   A      mydjiflight.dji.com  device-id
      443/tcp tls       dji.flight-log-sync  DJI    first  CN   A      mydjiflight.dji.com  flight-log, location
      443/tcp tls       dji.geoip            DJI    first  CN   A      mydjiflight.dji.com  location
      443/tcp tls       dji.registration     DJI    first  CN   A      mydjiflight.dji.com  device-id

    The wire cannot tell services on one port of one host apart: whoever allows one allows all.
    Taken in all: flight-log, location, device-id
    ");
}

#[test]
fn lookup_of_an_unknown_host_gives_evidence_and_no_match() {
    let folder = Folder::new();
    assert_snapshot!(folder.run("catalogue lookup made-up.dji.com"), @"
    status 1
    --- out
    made-up.dji.com: the catalogue has no such host
      unknown: probably DJI: shares dji.com with 21 catalogued hosts
    ");
    assert_snapshot!(folder.run("catalogue lookup made-up.example.net"), @"
    status 1
    --- out
    made-up.example.net: the catalogue has no such host
      unknown: registered under example.net, of which the catalogue knows no host
    ");
    assert_snapshot!(folder.run("catalogue lookup 192.168.1.1"), @"
    status 2
    --- err
    error: invalid value '192.168.1.1' for '<HOST>': a numeric address is not a host name

    For more information, try '--help'.
    ");
}

#[test]
fn check_counts_and_warns_as_of_a_day() {
    let ran = Folder::new().run("catalogue check --date 2026-01-01");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_snapshot!(head(&ran.out, 8), @"
    23 parties, 65 services, 117 hosts under 114 names: 38 of grade A, 70 of grade B, 9 of grade C

    124 warnings as of 2026-01-01 (as given)
    18 last seen long ago, 9 of grade C, 5 of which nobody said what they take, 92 without a date

      service `airmap.airspace`, host `api.airmap.io`: nothing says when it was last seen
      service `airmap.airspace`, host `cdn.airmap.io`: nothing says when it was last seen
      service `amap.maps`, host `restapi.amap.com`: nothing says when it was last seen
    ");
    let without = Folder::new().run("catalogue check");
    assert!(without.out.contains("(the newest date in it)"), "{without}");
}

const OWN: &str = r#"format = 1
[party]
id = "own"
name = "Ourselves"
kind = "operator"
[[service]]
id = "own.hub"
name = "Our hub"
purpose = "Keeps our flights."
takes = ["flight-log"]
host = [{ name = "hub.example.org", grade = "A", source = "our own" }]
"#;

#[test]
fn an_overlay_is_counted_and_found() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("own")).unwrap();
    folder.write("own/own.toml", OWN);
    let check = folder.run("catalogue check --date 2026-01-01 --catalogue own");
    assert_eq!(check.status, 0, "{check}");
    let changes: Vec<&str> = check.out.lines().filter(|line| line.starts_with("own.toml: ")).collect();
    assert_eq!(changes, ["own.toml: adds party `own`", "own.toml: adds service `own.hub`"]);
    assert_snapshot!(folder.run("catalogue lookup hub.example.org --catalogue own"), @"
    status 0
    --- out
    hub.example.org: 1 service
      PORT AND BINDING  SERVICE  PARTY      KIND      LAW  GRADE  LISTED AS        TAKES
      443/tcp tls       own.hub  Ourselves  operator  –    A      hub.example.org  flight-log
    ");
}

#[test]
fn a_broken_overlay_is_refused_with_file_and_line() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("own")).unwrap();
    let broken = OWN.replace("\"operator\"", "\"friend\"").replace("flight-log", "gossip");
    folder.write("own/own.toml", broken);
    assert_snapshot!(folder.run("catalogue check --catalogue own"), @"
    status 2
    --- err
    error: own.toml:5: `kind`: `friend` is no kind of party; one of: first, third, platform, operator
      own.toml:10: `takes`: `gossip` is no category of data; one of: flight-log, media, thumbnail, audio, location, device-id, account, credentials, diagnostics, crash, map-query, zone-query, firmware, livestream, rtk, time, telemetry, unknown
    ");
    // Nothing else runs with half a catalogue.
    assert_eq!(folder.run("catalogue list --catalogue own").status, 2);
    assert_snapshot!(folder.run("catalogue list --catalogue missing"), @"
    status 2
    --- err
    error: the catalogue folder `missing` cannot be read
      No such file or directory (os error 2)
    ");
}

#[test]
fn a_misspelt_service_is_refused_with_what_is_near() {
    assert_snapshot!(Folder::new().run("catalogue show mapbox.tilez"), @"
    status 2
    --- err
    error: catalogue show mapbox.tilez: the catalogue has no such service

    hint: services of `mapbox`: mapbox.telemetry, mapbox.tiles
    ");
}
