//! `creance demo`, judged by what its far tap wrote.

use crate::run::{Came, Comes, Person, people};
use creance_lab::live::addresses;
use creance_lab::read;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::Command;

/// The gateway's addresses at its uplink.
const GATEWAY: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 2))];
/// Whom it asks for names.
const RESOLVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Someone without rights, where namespaces are permitted.
fn person() -> Option<Person> {
    people().pop()
}

fn demo(person: &Person, more: &[&str]) -> Came {
    person.creance().args(["demo", "--out", "shown"]).args(more).came()
}

fn report(person: &Person, act: &str) -> Value {
    let path = person.path("shown").join(act).join("report.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn verdict(report: &Value, number: u64) -> String {
    let claims = report["claims"].as_array().unwrap();
    let claim = claims.iter().find(|claim| claim["number"] == number).unwrap();
    claim["station"]["verdict"].as_str().unwrap().to_owned()
}

/// Where the gateway's packets went, by the far tap.
fn sent_to(capture: &Path) -> BTreeSet<IpAddr> {
    let file = std::fs::read(capture).unwrap();
    let packets = read::packets(&file).unwrap();
    assert!(!packets.is_empty(), "`{}` is empty", capture.display());
    let ends = packets.iter().filter_map(|packet| match packet.bytes.get(12..14)? {
        [0x08, 0x00] => {
            let address = |at: usize| Some(IpAddr::from(*packet.bytes.get(at..)?.first_chunk::<4>()?));
            Some((address(26)?, address(30)?))
        }
        [0x86, 0xdd] => {
            let address = |at: usize| Some(IpAddr::from(*packet.bytes.get(at..)?.first_chunk::<16>()?));
            Some((address(22)?, address(38)?))
        }
        _ => None,
    });
    let sent = ends.filter(|(from, to)| GATEWAY.contains(from) && !to.is_multicast());
    sent.map(|(_, to)| to).collect()
}

fn at(host: &str) -> BTreeSet<IpAddr> {
    addresses::all(host).into_iter().collect()
}

#[test]
fn the_story_is_as_told() {
    let Some(person) = person() else { return };
    // What an earlier demo left is replaced; what somebody else put there stays.
    std::fs::create_dir(person.path("shown")).unwrap();
    person.write("shown/creance-demo.json", "{}");
    person.write("shown/flight.pcapng", "of an earlier one");
    person.write("shown/mine.txt", "mine");
    if let Some(uid) = person.uid {
        std::os::unix::fs::chown(person.path("shown"), Some(uid), Some(uid)).unwrap();
        for file in ["creance-demo.json", "flight.pcapng"] {
            std::os::unix::fs::chown(person.path("shown").join(file), Some(uid), Some(uid)).unwrap();
        }
    }
    let came = demo(&person, &["--keep"]);
    assert_eq!(came.status, 0, "{came}");
    assert!(came.out.ends_with("✓ Everything was as told.\n"), "{came}");
    assert!(!came.out.contains('✗'), "{came}");
    assert_eq!(std::fs::read_to_string(person.path("shown/mine.txt")).unwrap(), "mine");
    for (act, number) in [("restricted", 12), ("local-data", 13)] {
        let report = report(&person, act);
        assert_eq!((verdict(&report, number).as_str(), verdict(&report, 1).as_str()), ("upheld", "upheld"));
        assert_eq!(report["coverage"]["dropped"], 0);
        assert_eq!(report["coverage"]["lowered_by"], Value::Array(vec![]));
        assert_eq!(report["reconciliation"]["findings"], Value::Array(vec![]));
        assert_eq!(report["reconciliation"]["unexplained"], Value::Array(vec![]));
    }
    let capture = |act: &str| person.path("shown").join(format!("{act}.pcapng"));
    let (maps, corrections) = (at("api.mapbox.com"), at("rtk.operator.example"));
    let but_resolver = |act: &str| {
        let mut sent = sent_to(&capture(act));
        sent.remove(&RESOLVER);
        sent
    };
    let everything = but_resolver("standard");
    for host in ["flysafe-api.dji.com", "mydjiflight.dji.com", "cdp.djiservice.org", "active.djicorp.com"] {
        assert!(!everything.is_disjoint(&at(host)), "{host} is not among {everything:?}");
    }
    assert!(everything.contains(&IpAddr::from([8, 8, 8, 8])), "{everything:?}");
    let granted = but_resolver("restricted");
    assert!(granted.is_subset(&maps.union(&corrections).copied().collect()), "{granted:?}");
    assert!(!granted.is_disjoint(&maps) && !granted.is_disjoint(&corrections), "{granted:?}");
    let exempt = but_resolver("local-data");
    assert!(!exempt.is_empty() && exempt.is_subset(&maps), "{exempt:?}");
}

#[test]
fn a_story_in_which_nobody_switches_is_found_out() {
    let Some(person) = person() else { return };
    let came = demo(&person, &["--sabotage"]);
    assert_eq!(came.status, 1, "{came}");
    assert!(came.out.contains("✗ Not everything was as told:"), "{came}");
    let (restricted, local) = (report(&person, "restricted"), report(&person, "local-data"));
    assert_eq!((verdict(&restricted, 12).as_str(), verdict(&local, 13).as_str()), ("upheld", "refuted"));
    assert!(came.out.contains("local-data: claim 13 is refuted"), "{came}");
    for gone in ["flight.pcapng", "local-data.pcapng", "ledger"] {
        assert!(!person.path("shown").join(gone).exists(), "{gone} is kept without --keep");
    }
}

#[test]
fn what_cannot_be_played_says_why_and_touches_nothing() {
    let Some(person) = person() else { return };
    // A folder of somebody's own.
    std::fs::create_dir(person.path("shown")).unwrap();
    person.write("shown/flight.pcapng", "mine");
    let came = demo(&person, &[]);
    assert_eq!(came.status, 2, "{came}");
    assert!(came.err.contains("is there and holds no demo\n\nhint: --out"), "{came}");
    assert_eq!(std::fs::read_to_string(person.path("shown/flight.pcapng")).unwrap(), "mine");
    // Without the lab.
    let alone = person.path("creance");
    std::fs::copy(crate::run::creance(), &alone).unwrap();
    let came = person.command(&alone).args(["demo", "--out", "/nowhere/at/all"]).came();
    assert_eq!(came.status, 2, "{came}");
    assert!(
        came.err.contains("`creance-lab` is neither beside") && came.err.contains("hint: `make run`"),
        "{came}"
    );
    // Without namespaces, and without the capabilities that would do without.
    let script = r#"echo 0 >/proc/sys/user/max_user_namespaces || exit 9
        exec setpriv --bounding-set=-all --inh-caps=-all "$C" demo --out refused"#;
    let mut command = person.command("unshare");
    let came = command.args(["-Ur", "sh", "-c", script]).env("C", crate::run::creance()).came();
    assert_eq!(came.status, 2, "{came}");
    assert!(came.err.contains("this system makes no namespaces for this user"), "{came}");
    assert!(came.err.contains("the flight could not be played"), "{came}");
}

#[test]
fn the_stage_is_for_the_small_internet_alone() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(crate::run::creance())
        .args(["demo", "--stage", "--out"])
        .arg(folder.path())
        .env_remove("CREANCE_LAB_FAR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    // Without the lab's program this is what is said first.
    assert!(said.contains("--stage is for within the small internet"), "{said}");
}
