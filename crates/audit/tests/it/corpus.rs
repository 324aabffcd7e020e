//! Captures that nobody here made: none may harm the audit, and no name may be missed.

use crate::setup::{captures_folder, judge, on_two_threads, real_captures};
use creance_audit::Question;
use std::collections::{BTreeMap, BTreeSet};

/// The longest that one of them may take in an unoptimised build on a busy machine, in
/// milliseconds; the largest has 1.5 MB.
const TOOK_MS_MAX: u128 = 20_000;

/// Server names that stood in hellos, by the capture's file name.
type Names = BTreeMap<String, BTreeSet<String>>;

#[test]
fn every_real_capture_is_judged_in_time_and_no_server_name_is_missed() {
    let captures = real_captures();
    let question = Question { mode: Some(creance_model::Mode::LocalData), ..Question::default() };
    let done = on_two_threads(
        &captures,
        120,
        |path| path.display().to_string(),
        |knowledge, path| {
            let report = judge(std::fs::read(path).unwrap(), &question, knowledge).ok()?;
            assert_eq!(report.hosts_left_out, 0, "some names are not listed");
            // Without a window there is no positive control, so silence cannot be shown.
            assert_ne!(crate::setup::claim(&report, 13).station.verdict, "upheld");
            let hello = |source: &String| matches!(source.as_str(), "tls" | "quic" | "dtls" | "invalid");
            let of_hellos = report.hosts.iter().filter(|host| host.sources.iter().any(hello));
            Some(of_hellos.map(|host| host.name.to_ascii_lowercase()).collect::<BTreeSet<String>>())
        },
    );
    let mut names = Names::new();
    let mut faults = Vec::new();
    for (path, done) in captures.iter().zip(done) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match done.result {
            Ok(found) => drop(names.insert(name.clone(), found.unwrap_or_default())),
            Err(panic) => faults.push(format!("{name}: {panic}")),
        }
        if done.took_ms > TOOK_MS_MAX {
            faults.push(format!("{name}: took {} ms", done.took_ms));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_recall(&names);
}

/// Every name that tshark finds must be found; what only nDPI finds is counted.
fn assert_recall(names: &Names) {
    let Ok(list) = std::fs::read_to_string(captures_folder().join("ndpi/HOSTS.tsv")) else { return };
    let (mut found, mut missed, mut only_ndpi) = (0, Vec::new(), [0, 0]);
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let host = fields[1].trim_end_matches('.').to_ascii_lowercase();
        let hit = names.get(fields[0]).is_some_and(|names| names.contains(&host));
        match (fields[2].contains("tshark"), hit) {
            (true, true) => found += 1,
            (true, false) => missed.push(format!("{}: {host}", fields[0])),
            (false, hit) => only_ndpi[usize::from(hit)] += 1,
        }
    }
    println!(
        "{found} names that tshark finds; {} of those that only nDPI finds, {} not",
        only_ndpi[1], only_ndpi[0]
    );
    assert!(missed.is_empty(), "{} names missed:\n{}", missed.len(), missed.join("\n"));
    assert!(found > 0, "the list of names was read, and holds none");
}
