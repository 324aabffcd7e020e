//! `creance catalogue`.

use crate::{Folder, head};
use insta::assert_snapshot;

#[test]
fn list_has_a_line_for_each_service() {
    let ran = Folder::new().run("catalogue list");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let services = ran.out.lines().skip(1).count();
    assert!(services >= 60, "{services}");
    assert_snapshot!(head(&ran.out, 8), @"");
}

#[test]
fn show_tells_everything_about_a_service() {
    assert_snapshot!(Folder::new().run("catalogue show dji.flysafe"), @"");
}

#[test]
fn show_tells_what_a_shared_host_opens_as_well() {
    assert_snapshot!(Folder::new().run("catalogue show dji.registration"), @"");
}

#[test]
fn lookup_names_every_service_of_a_host() {
    assert_snapshot!(Folder::new().run("catalogue lookup MyDJIFlight.dji.com."), @"");
}

#[test]
fn lookup_of_an_unknown_host_gives_evidence_and_no_match() {
    let folder = Folder::new();
    assert_snapshot!(folder.run("catalogue lookup made-up.dji.com"), @"");
    assert_snapshot!(folder.run("catalogue lookup made-up.example.net"), @"");
    assert_snapshot!(folder.run("catalogue lookup 192.168.1.1"), @"");
}

#[test]
fn check_counts_and_warns_as_of_a_day() {
    let ran = Folder::new().run("catalogue check --date 2026-01-01");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_snapshot!(head(&ran.out, 8), @"");
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
    assert_snapshot!(folder.run("catalogue lookup hub.example.org --catalogue own"), @"");
}

#[test]
fn a_broken_overlay_is_refused_with_file_and_line() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("own")).unwrap();
    let broken = OWN.replace("\"operator\"", "\"friend\"").replace("flight-log", "gossip");
    folder.write("own/own.toml", broken);
    assert_snapshot!(folder.run("catalogue check --catalogue own"), @"");
    // Nothing else runs with half a catalogue.
    assert_eq!(folder.run("catalogue list --catalogue own").status, 2);
    assert_snapshot!(folder.run("catalogue list --catalogue missing"), @"");
}

#[test]
fn a_misspelt_service_is_refused_with_what_is_near() {
    assert_snapshot!(Folder::new().run("catalogue show mapbox.tilez"), @"");
}
