//! The files that an audit leaves.

use crate::{Folder, is_whole, story};
use insta::assert_snapshot;
use std::process::Command;

const FILES: [&str; 3] = ["report.json", "report.html", "flows.tsv"];

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let folder = Folder::new();
    let sample = creance_lab::sample::capture();
    folder.write("sample.pcapng", sample);
    let args = "audit sample.pcapng --mode local-data --exempt mapbox.tiles --window +60s..+120s";
    for out in ["one", "two/below"] {
        let ran = folder.run(&format!("{args} --out {out}"));
        assert_eq!(ran.status, 1, "{ran}");
    }
    for file in FILES {
        assert!(is_whole(&folder.path("one").join(file)), "{file}");
        assert!(
            folder.read(&format!("one/{file}")) == folder.read(&format!("two/below/{file}")),
            "{file} differs"
        );
    }
    let html = String::from_utf8(folder.read("one/report.html")).unwrap();
    for fetched in ["src=\"http", "href=\"http", "url(http", "@import", "<script"] {
        assert!(!html.contains(fetched), "the page holds `{fetched}`");
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path("one")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), FILES.len(), "{left:?}");
}

#[test]
fn every_flow_has_a_line() {
    let folder = Folder::new();
    folder.audit(&story("standard-all-known"), "--out report");
    let lines = String::from_utf8(folder.read("report/flows.tsv")).unwrap();
    let flows = folder.json("report/report.json")["coverage"]["flows"].as_u64().unwrap();
    assert_eq!(lines.lines().count() as u64, flows + 1);
    let widths: Vec<usize> = lines.lines().map(|line| line.split('\t').count()).collect();
    assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{widths:?}");
}

#[test]
fn the_report_names_the_digest_of_its_input() {
    let folder = Folder::new();
    folder.audit(&story("local-data-silence"), "--out report");
    let report = folder.json("report/report.json");
    let told = report["inputs"][0]["sha256"].as_str().unwrap();
    assert_eq!(report["inputs"][0]["bytes"], folder.read("capture.pcapng").len());
    let Ok(output) = Command::new("sha256sum").arg(folder.path("capture.pcapng")).output() else {
        println!("skipped: sha256sum is not installed");
        return;
    };
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told, theirs.split_whitespace().next().unwrap());
    folder.audit(&story("local-data-silence"), "--out report --no-digest");
    assert_eq!(folder.json("report/report.json")["inputs"][0]["sha256"], serde_json::Value::Null);
}

#[test]
fn where_no_report_can_be_written_the_audit_could_not_run() {
    let folder = Folder::new();
    let story = story("local-data-silence");
    folder.write("taken", "a file where a folder is wanted");
    assert_snapshot!(folder.audit(&story, "--out taken"), @"
    status 2
    --- err
    error: `taken` is a file; --out needs a folder, which is made where it is not there
    ");
    std::fs::create_dir_all(folder.path("half/report.json")).unwrap();
    assert_snapshot!(folder.audit(&story, "--out half"), @"
    status 2
    --- err
    error: `half/report.json` cannot be written
      Is a directory (os error 21)
    ");
    std::fs::create_dir_all(folder.path("lines/flows.tsv")).unwrap();
    assert_snapshot!(folder.audit(&story, "--out lines"), @"
    status 2
    --- err
    error: `lines/flows.tsv` cannot be written
      Is a directory (os error 21)
    ");
    assert_snapshot!(folder.run("audit --compare a=capture.pcapng b=capture.pcapng --out taken"), @"
    status 2
    --- err
    error: `taken` is a file; --out needs a folder, which is made where it is not there
    ");
}

#[test]
fn captures_stand_side_by_side() {
    let folder = Folder::new();
    folder.write("a.pcapng", story("local-data-silence").bytes);
    folder.write("b.pcapng", story("cleartext-http").bytes);
    let args = "--mode local-data --window +60s..+120s --station 192.168.1.23";
    let ran = folder.run(&format!("audit --compare quiet=a.pcapng talks=b.pcapng {args} --out report"));
    assert_eq!(ran.status, 1, "{ran}");
    for told in ["✓ upheld", "✗ refuted", "contacted in `talks` and not in `quiet`: tencent.bugly"] {
        assert!(ran.out.contains(told), "`{told}` is missing: {ran}");
    }
    for file in
        ["report/report.json", "report/report.html", "report/quiet/flows.tsv", "report/talks/flows.tsv"]
    {
        assert!(is_whole(&folder.path(file)), "{file}");
    }
    let comparison = folder.json("report/report.json");
    assert_eq!(comparison["schema"], "creance.compare/1");
    assert_eq!(comparison["names"], serde_json::json!(["quiet", "talks"]));
    assert_eq!(comparison["reports"].as_array().unwrap().len(), 2);
}

#[test]
fn names_of_a_comparison_cannot_leave_the_folder() {
    let folder = Folder::new();
    folder.write("a.pcapng", story("local-data-silence").bytes);
    assert_snapshot!(folder.run("audit --compare ../x=a.pcapng b=a.pcapng --out report"), @"
    status 2
    --- err
    error: --compare ../x=a.pcapng: a name has letters, digits, `-` and `_`, at most 60
    ");
    assert_snapshot!(folder.run("audit --compare x=a.pcapng x=a.pcapng"), @"
    status 2
    --- err
    error: --compare x=a.pcapng: the name `x` was given twice
    ");
    assert_snapshot!(folder.run("audit --compare a.pcapng b=a.pcapng"), @"
    status 2
    --- err
    error: --compare a.pcapng: write NAME=FILE, such as `standard=flight-1.pcapng`
    ");
    assert!(!folder.path("x").exists());
}
