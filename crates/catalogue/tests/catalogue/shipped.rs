//! The files that come with Creance.

use crate::{id, services_of, shipped};
use creance_catalogue::{Binding, Catalogue, Date, Grade, Status, WarningKind, shipped_files};
use creance_model::{Category, PartyKind};
use std::collections::BTreeSet;

#[test]
fn every_file_of_the_folder_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogue");
    let in_folder: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .map(|name| format!("catalogue/{name}"))
        .collect();
    let embedded: Vec<&str> = shipped_files().iter().map(|(name, _)| *name).collect();
    assert!(embedded.is_sorted());
    let embedded: BTreeSet<String> = embedded.into_iter().map(str::to_owned).collect();
    assert_eq!(embedded, in_folder);
}

/// Every host of the sources that the catalogue started from, with one service that it must have.
const HOSTS: &[(&str, &str)] = &[
    ("active.dji.com", "dji.activation"),
    ("mydjiflight.dji.com", "dji.registration"),
    ("mydjiflight.dji.com", "dji.geoip"),
    ("mydjiflight.dji.com", "dji.flight-log-sync"),
    ("mydjiflight.dji.com", "dji.firmware-files"),
    ("flysafe-api.dji.com", "dji.flysafe"),
    ("flysafe.dji.com", "dji.flysafe"),
    ("flysafe-7qgvdlsy.aasky.net", "dji.flysafe"),
    ("adhoc-staging.aasky.net", "dji.staging"),
    ("x.dbeta.me", "dji.staging"),
    ("prototype-be.djicorp.com", "dji.staging"),
    ("account-api.dji.com", "dji.account"),
    ("account.dji.com", "dji.account"),
    ("member-api.dji.com", "dji.account"),
    ("us.djiservice.org", "dji.app-services"),
    ("djigo-hk.djiservice.org", "dji.app-services"),
    ("valueadded.djiservice.org", "dji.app-services"),
    ("statistical-report.djiservice.org", "dji.usage-reports"),
    ("api.djiservice.org", "dji.gateway"),
    ("apigateway.djiservice.org", "dji.gateway"),
    ("djigoapi.djiservice.org", "dji.help"),
    ("content.djiservice.org", "dji.help"),
    ("adhoc.djiservice.org", "dji.self-update"),
    ("service-adhoc.dji.com", "dji.self-update"),
    ("cdp.djiservice.org", "dji.customer-analytics"),
    ("cdp-vg.djiservice.org", "dji.customer-analytics"),
    ("sentry.djiops.com", "dji.crash-reports"),
    ("sentry-io.djiops.com", "dji.crash-reports"),
    ("click.dji.com", "dji.marketing"),
    ("store-api.dji.com", "dji.shop"),
    ("app-h5.dji.com", "dji.pages"),
    ("www.dji.com", "dji.pages"),
    ("developer.dji.com", "dji.pages"),
    ("store.dji.com", "dji.pages"),
    ("bbs.dji.com", "dji.pages"),
    ("forum.dji.com", "dji.pages"),
    ("u.dji.com", "dji.pages"),
    ("dev.dji.com", "dji.flight-record-keys"),
    ("digital-elevation.djigate.com", "dji.elevation"),
    ("es-flight-api-us.djigate.com", "dji.flighthub"),
    ("es-flight-api-eu.djigate.com", "dji.flighthub"),
    ("es-flight-api-cn.djigate.com", "dji.flighthub"),
    ("x.djicdn.com", "dji.downloads"),
    ("www.skypixel.com", "dji.skypixel"),
    ("api.skypixel.com", "dji.skypixel"),
    ("cnblog.skypixel.com", "dji.other-sites"),
    ("factory.fffsky.net", "dji.other-sites"),
    ("repair.dji.com", "dji.support"),
    ("service.dji.com", "dji.support"),
    ("support.dji.com", "dji.support"),
    ("feedback-external.djicorp.com", "dji.feedback"),
    ("active.djicorp.com", "dji.activation-old"),
    ("djiexplore.com", "dji.tutorials"),
    ("explore.djivideos.com", "dji.tutorials"),
    ("android.bugly.qq.com", "tencent.bugly"),
    ("rqd.uu.qq.com", "tencent.bugly"),
    ("mob.com", "mobtech.sdk"),
    ("x.mob.com", "mobtech.sdk"),
    ("weibo.com", "weibo.sdk"),
    ("weibo.cn", "weibo.sdk"),
    ("x.jiguang.cn", "jiguang.push"),
    ("x.jpush.cn", "jiguang.push"),
    ("restapi.amap.com", "amap.maps"),
    ("apilocate.amap.com", "amap.maps"),
    ("abroad.apilocate.amap.com", "amap.maps"),
    ("x.is.autonavi.com", "amap.maps"),
    ("api.maptiler.com", "maptiler.tiles"),
    ("api.mapbox.com", "mapbox.tiles"),
    ("api.tiles.mapbox.com", "mapbox.tiles"),
    ("events.mapbox.com", "mapbox.telemetry"),
    ("maps.googleapis.com", "google.maps"),
    ("ditu.google.cn", "google.maps"),
    ("api.airmap.io", "airmap.airspace"),
    ("cdn.airmap.io", "airmap.airspace"),
    ("djigo4-f53cb.firebaseio.com", "google.go4-database"),
    ("crashlytics.com", "google.crashlytics"),
    ("firebaselogging-pa.googleapis.com", "google.crashlytics"),
    ("graph.facebook.com", "meta.graph"),
    ("x.amemv.com", "bytedance.livestream"),
    ("x.snssdk.com", "bytedance.livestream"),
    ("channels.weixin.qq.com", "tencent.livestream"),
    ("appcentral.parrot.com", "parrot.flight-log-sync"),
    ("accounts.parrot.com", "parrot.account"),
    ("connectivitycheck.gstatic.com", "android.connectivity-check"),
    ("clients3.google.com", "android.connectivity-check"),
    ("play.googleapis.com", "android.play"),
    ("mtalk.google.com", "android.push"),
    ("time.android.com", "android.time"),
    ("captive.apple.com", "apple.connectivity-check"),
    ("1-courier.push.apple.com", "apple.push"),
    ("time.apple.com", "apple.time"),
    ("gs-loc.apple.com", "apple.location"),
    ("www.msftconnecttest.com", "windows.connectivity-check"),
    ("time.windows.com", "windows.time"),
    ("0.android.pool.ntp.org", "ntp-pool.time"),
    ("connectivity-check.ubuntu.com", "ubuntu.connectivity-check"),
    ("terrain-ce.suite.auterion.com", "auterion.terrain"),
    ("firmware.ardupilot.org", "ardupilot.firmware-files"),
    ("terrain.ardupilot.org", "ardupilot.terrain"),
    ("autotest.ardupilot.org", "ardupilot.parameters"),
    ("review.px4.io", "dronecode.flight-review"),
    ("logs.px4.io", "dronecode.flight-review"),
    ("ecn.t0.tiles.virtualearth.net", "microsoft.bing-tiles"),
    ("server.arcgisonline.com", "esri.tiles"),
];

#[test]
fn every_host_of_the_sources_is_there() {
    let catalogue = shipped();
    for (name, service) in HOSTS {
        let found = services_of(&catalogue, name);
        assert!(found.iter().any(|id| id == service), "{name}: {found:?}");
    }
    let party = |name: &str| services_of(&catalogue, name);
    assert_eq!(party("dji.com"), [""; 0], "no wildcard hides what DJI adds");
    assert_eq!(party("new.dji.com"), [""; 0]);
}

#[test]
fn parties_stand_where_the_sources_put_them() {
    let catalogue = shipped();
    for (party, kind, jurisdiction) in [
        ("dji", PartyKind::First, Some("CN")),
        ("parrot", PartyKind::First, Some("FR")),
        ("tencent", PartyKind::Third, Some("CN")),
        ("mobtech", PartyKind::Third, Some("CN")),
        ("weibo", PartyKind::Third, Some("CN")),
        ("jiguang", PartyKind::Third, Some("CN")),
        ("amap", PartyKind::Third, Some("CN")),
        ("bytedance", PartyKind::Third, Some("CN")),
        ("maptiler", PartyKind::Third, Some("CH")),
        ("mapbox", PartyKind::Third, Some("US")),
        ("google", PartyKind::Third, Some("US")),
        ("airmap", PartyKind::Third, Some("US")),
        ("meta", PartyKind::Third, Some("US")),
        ("auterion", PartyKind::Third, None),
        ("android", PartyKind::Platform, Some("US")),
        ("apple", PartyKind::Platform, Some("US")),
        ("windows", PartyKind::Platform, Some("US")),
        ("ubuntu", PartyKind::Platform, Some("GB")),
        ("ntp-pool", PartyKind::Platform, None),
    ] {
        let found = catalogue.party(&party.parse().unwrap()).unwrap();
        let place = found.jurisdiction.map(|j| j.as_str().to_owned());
        assert_eq!((found.kind, place.as_deref()), (kind, jurisdiction), "{party}");
    }
}

#[test]
fn what_a_service_takes_and_its_flags_follow_the_sources() {
    let catalogue = shipped();
    let service = |text: &str| catalogue.service(&id(text)).unwrap();
    assert_eq!(service("dji.flysafe").takes, [Category::Location, Category::DeviceId, Category::Account]);
    assert_eq!(service("dji.downloads").takes, []);
    assert_eq!(service("dji.staging").status, Status::Staging);
    assert_eq!(service("mobtech.sdk").status, Status::Retired);
    assert_eq!(service("dji.flysafe").status, Status::Active);
    let bugly = &service("tencent.bugly").hosts[0];
    assert_eq!(bugly.grade, Grade::A);
    assert_eq!(bugly.first_seen.unwrap().to_string(), "2018");
    assert_eq!(bugly.ports[1].binding, Binding::Http);
    assert_eq!(service("apple.time").hosts[0].ports[0].to_string(), "123/udp name-only");
    // Networks that rent machines to strangers tie nothing.
    for asn in [8075, 15169, 16509, 45090, 132_203, 396_982] {
        assert!(catalogue.parties().all(|party| !party.owns_network(asn)), "AS{asn}");
    }
}

#[test]
fn checks_name_what_is_doubtful_on_a_given_day() {
    let catalogue = shipped();
    let doubts = |day: &str, wanted: fn(WarningKind) -> bool| -> BTreeSet<String> {
        let day: Date = day.parse().unwrap();
        let warnings = catalogue.check(day).into_iter();
        let wanted = warnings.filter(|w| wanted(w.kind));
        wanted.filter_map(|w| w.host).map(|host| host.to_string()).collect()
    };
    let weak = doubts("2024", |kind| kind == WarningKind::GradeC);
    let expected: BTreeSet<String> = [
        "cdp.djiservice.org",
        "cdp-vg.djiservice.org",
        "sentry.djiops.com",
        "sentry-io.djiops.com",
        "store-api.dji.com",
        "crashlytics.com",
        "*.crashlytics.com",
        "firebaselogging-pa.googleapis.com",
        "graph.facebook.com",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(weak, expected);
    let stale = |kind| matches!(kind, WarningKind::Stale(_));
    assert!(doubts("2021-12", stale).contains("android.bugly.qq.com"));
    assert!(!doubts("2021-11", stale).contains("android.bugly.qq.com"));
    assert!(!doubts("2030", stale).contains("*.mob.com"), "retired services may be old");
    let early = doubts("2019", |kind| matches!(kind, WarningKind::FromTheFuture(_)));
    assert!(early.contains("active.dji.com") && !early.contains("android.bugly.qq.com"));
    let undated = doubts("2024", |kind| kind == WarningKind::Undated);
    assert!(undated.contains("api.mapbox.com") && !undated.contains("active.dji.com"));
    let unknown = catalogue.check("2024".parse().unwrap()).into_iter();
    let unknown = unknown.filter(|w| w.kind == WarningKind::TakesUnknown);
    assert_eq!(
        unknown.map(|w| w.to_string()).next().unwrap(),
        "service `dji.app-services`: nobody has said what it takes"
    );
}

#[test]
fn a_file_of_the_first_format_stays_readable() {
    let old = "format = 1\n[party]\nid = \"a\"\nname = \"A\"\nkind = \"operator\"\n[[service]]\nid = \"a.b\"\nname = \"B\"\npurpose = \"C.\"\ntakes = []\nhost = [{ name = \"nas\", ports = [\"445/tcp name-only\"], grade = \"A\", source = \"us\" }]\n";
    let catalogue = Catalogue::parse(&[("old.toml", old)]).unwrap();
    assert_eq!(services_of(&catalogue, "nas"), ["a.b"]);
}
