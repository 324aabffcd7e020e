//! `creance conformance`: the quick selection, and that what is wrong is noticed.

use crate::{Folder, Ran};
use std::path::Path;
use std::process::Command;

const LAB: &str = "creance-lab";

/// A folder to run in, where this machine can run a small internet.
fn folder() -> Option<Folder> {
    let lab = Path::new(crate::run::creance()).with_file_name(LAB);
    assert!(lab.is_file(), "`{}` is missing: cargo build -p creance-lab", lab.display());
    let folder = Folder::new();
    let tried = Command::new(&lab)
        .args(["internet", "--lan", "--capture", "tried.pcap", "--", "true"])
        .current_dir(folder.path("."))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tried.stderr).into_owned();
    if ["makes no namespaces", "cannot mount", "could not be started"].iter().any(|why| said.contains(why)) {
        println!("skipped: {said}");
        return None;
    }
    assert!(tried.status.success(), "{said}");
    Some(folder)
}

fn has(ran: &Ran, words: &str) -> bool {
    ran.out.lines().any(|line| line.contains(words))
}

#[test]
fn the_quick_selection_is_right() {
    let Some(folder) = folder() else { return };
    let ran = folder.run("conformance --out table.md");
    assert_eq!(ran.status, 0, "{ran}");
    assert!(has(&ran, " right, 0 wrong, 0 not proven, "), "{ran}");
    let page = String::from_utf8(folder.read("table.md")).unwrap();
    for row in [
        "| allowed: an allowed name | `xxDDD` | `xxDDD` | `··D··` |  | `··D··` |",
        "| capitals: the name in capitals | `xxDDD` | `xxDDD` | `··D··` |  | `··D··` |",
        "| strict-ech: the same with ECH | `xxxxD` | `xxxxD` | `··x··` |  | `··x··` |",
        "| http-second-host: a second request names a denied host | `xx11D` | `xx11D` | `··1··` | `··1··` | `··1··` |",
        "| dns-tunnel: 3 KB in names below an allowed one | `xxxxx` | `xxxxx` |  |  |  |",
    ] {
        assert!(page.contains(row), "{row}\n{page}");
    }
}

#[test]
fn an_expectation_that_is_turned_round_is_wrong() {
    let Some(folder) = folder() else { return };
    let ran = folder.run("conformance --front connect --mode restricted --sabotage expectation");
    assert_eq!(ran.status, 1, "{ran}");
    let wrong: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("wrong: ")).collect();
    assert_eq!(wrong.len(), 1, "{ran}");
    let told = "wrong: allowed in connect-restricted, which has to be withheld: passed: tcp 192.0.2.2:";
    assert!(wrong[0].starts_with(told), "{ran}");
}

/// From the host's own network beside a jail, and from that of a gateway whose firewall it evades.
#[test]
fn a_packet_past_the_gateway_makes_its_group_wrong() {
    let Some(folder) = folder() else { return };
    for front in ["run", "http"] {
        let ran = folder.run(&format!("conformance --front {front} --mode offline --sabotage packet"));
        assert_eq!(ran.status, 1, "{ran}");
        let told = format!("wrong: in {front}-offline, explained by no attempt: udp 192.0.2.2:");
        assert!(ran.out.lines().any(|line| line.starts_with(&told) && line.contains(":8000: ")), "{ran}");
        assert!(has(&ran, " right, 1 wrong, "), "{ran}");
    }
}

#[test]
fn what_could_not_be_run_ends_with_2_and_says_what_helps() {
    let folder = Folder::new();
    let alone = folder.path("creance");
    std::fs::copy(crate::run::creance(), &alone).unwrap();
    let ran = Command::new(&alone).arg("conformance").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("`creance-lab` is not beside this program"), "{said}");
    assert!(said.contains("hint: "), "{said}");
    assert_eq!(folder.run("conformance --front sideways").status, 2);
}

#[test]
fn rows_are_listed_without_trying_them() {
    let ran = Folder::new().run("conformance --list");
    assert_eq!(ran.status, 0, "{ran}");
    assert!(has(&ran, "small-records  "), "{ran}");
}
