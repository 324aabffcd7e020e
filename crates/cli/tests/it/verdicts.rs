//! Exit statuses, what is printed, and what an operator's own files cannot change.

use crate::{Folder, story};
use insta::assert_snapshot;

#[test]
fn the_exit_status_is_the_verdict() {
    for (id, status) in [
        ("local-data-silence", 0),
        ("restricted-flysafe", 0),
        ("cleartext-http", 1),
        ("restricted-exceeded", 1),
        ("drops", 3),
        ("empty-pcapng", 3),
    ] {
        let ran = Folder::new().audit(&story(id), "");
        assert_eq!((ran.status, ran.err.as_str()), (status, ""), "{id}: {ran}");
    }
    // Nothing was asked for, so nothing can fail; and a claim by its number counts.
    let folder = Folder::new();
    folder.write("a.pcapng", story("cleartext-http").bytes);
    assert_eq!(folder.run("audit a.pcapng").status, 0);
    assert_eq!(folder.run("audit a.pcapng --claim 5").status, 1);
    assert_eq!(folder.run("audit a.pcapng --claim 7").status, 3);
    assert_eq!(folder.run("audit a.pcapng --claim 23").status, 2);
}

#[test]
fn the_summary_says_the_verdict_first() {
    let ran = Folder::new().audit(&story("cleartext-http"), "");
    assert!(ran.out.starts_with("✗ REFUTED  "), "{ran}");
    // Lines break where the terminal ends.
    let words = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in ["android.bugly.qq.com", "of tencent.bugly", "✗ refuted *13 ", "no packet lost"] {
        assert!(words.contains(told), "`{told}` is missing: {ran}");
    }
}

#[test]
fn quiet_prints_nothing_and_keeps_the_status() {
    let ran = Folder::new().audit(&story("cleartext-http"), "--quiet");
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (1, "", ""));
}

#[test]
fn no_escape_byte_is_printed_where_no_terminal_is() {
    let folder = Folder::new();
    for id in ["cleartext-http", "local-data-silence", "name-lie"] {
        let ran = folder.audit(&story(id), "--out report");
        assert!(!format!("{ran}").contains('\u{1b}'), "{id}");
    }
    for args in ["catalogue list", "policy matrix", "audit missing.pcap", "audit --wrong", "--help"] {
        let ran = folder.run(args);
        assert!(!format!("{ran}").contains('\u{1b}'), "{args}");
    }
}

#[test]
fn file_names_and_arguments_cannot_command_the_terminal() {
    let folder = Folder::new();
    let ran = folder.run("audit \u{1b}[2Jx.pcap");
    assert_eq!(ran.status, 2);
    assert!(!format!("{ran}").contains('\u{1b}'), "{ran:?}");
}

#[test]
fn an_operators_permit_for_everything_changes_no_verdict() {
    let folder = Folder::new();
    folder.write("own.cedar", "permit(principal, action, resource);");
    let story = story("cleartext-http");
    let before = folder.audit(&story, "--out before");
    let after = folder.audit(&story, "--out after --policy own.cedar");
    assert_eq!((before.status, after.status), (1, 1), "{after}");
    let [before, after] = ["before", "after"].map(|name| folder.json(&format!("{name}/report.json")));
    let ruling = |report: &serde_json::Value| {
        let claims = report["claims"].as_array().unwrap();
        claims.iter().find(|claim| claim["number"] == 13).unwrap()["station"].clone()
    };
    assert_eq!(ruling(&before), ruling(&after));
    assert_eq!(after["producer"]["policies"], serde_json::json!(["own.cedar"]));
}

#[test]
fn an_exemption_is_the_operators_word_and_the_verdict_without_it_stands_beside() {
    let folder = Folder::new();
    let ran = folder.audit(&story("local-data-exempt-maps"), "--out report");
    assert_eq!(ran.status, 0, "{ran}");
    let report = folder.json("report/report.json");
    let claims = report["claims"].as_array().unwrap();
    let variants = &claims.iter().find(|claim| claim["number"] == 13).unwrap()["variants"];
    assert_eq!(variants[0]["name"], "with no exemptions");
    assert_eq!(variants[0]["verdict"], "refuted");
}

#[test]
fn lists_that_mean_nothing_in_the_mode_are_told() {
    let folder = Folder::new();
    folder.write("a.pcapng", story("local-data-silence").bytes);
    assert_snapshot!(folder.run("audit a.pcapng --quiet --grant dji.flysafe --exempt mapbox.tiles").err, @"
    note: --exempt has a meaning in --mode local-data alone; it exempts nothing here
    note: --grant has a meaning in --mode restricted alone; it grants nothing here
    ");
}
