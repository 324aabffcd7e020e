//! Power cuts and kill -9.

use crate::sample::{NOW, Written, copy, entries, fill, number_of, numbered};
use creance_ledger::{Directory, Entry, Event, Pace, Purpose, Writer, verify};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "CREANCE_TEST_LEDGER";

/// Not a test of its own: what the next one starts and kills. It says a number once the entry is
/// durable.
#[test]
fn child_that_writes() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let log = Directory::at(folder.into()).open_log("gateway", "test 1", NOW).unwrap();
    let first = log.size();
    let writer = Writer::start(log, Pace { every: Duration::from_millis(3), entries: 200 }).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let writer = &writer;
            scope.spawn(move || {
                for step in 0.. {
                    let number = first * 1_000_000 + step * 4 + thread;
                    writer.record_and_wait(&numbered(number), Purpose::Begin).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "durable {number}").and_then(|()| out.flush()).unwrap();
                }
            });
        }
    });
}

#[test]
fn kill_9_at_any_moment_loses_nothing_that_was_acknowledged() {
    let written = Written::empty();
    let mut acknowledged = Vec::new();
    for round in 0..12_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child_that_writes", "--nocapture"])
            .env(FOLDER, written.home.path().join("ledger"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut read = |acknowledged: &mut Vec<u64>| {
            let line = lines.next()?.unwrap();
            let number = line.split("durable ").nth(1).and_then(|number| number.parse().ok());
            acknowledged.extend::<Option<u64>>(number);
            Some(())
        };
        let goal = acknowledged.len() + 150 * round + 1;
        while acknowledged.len() < goal {
            read(&mut acknowledged).expect("the child writes until it is killed");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        while read(&mut acknowledged).is_some() {}
    }
    written.open().close(NOW).unwrap();
    let all = entries(&written.folder());
    let numbers: std::collections::BTreeSet<u64> = all.iter().filter_map(|entry| number_of(entry)).collect();
    let lost: Vec<&u64> = acknowledged.iter().filter(|number| !numbers.contains(number)).collect();
    assert!(lost.is_empty(), "{lost:?} of {}", acknowledged.len());
    assert!(acknowledged.len() > 9_000, "{}", acknowledged.len());
    let found = verify(&written.folder(), None, &written.directory.verifier().unwrap(), &[]).unwrap();
    assert!(found.is_sound(), "{:?}", found.problems);
}

#[test]
fn a_torn_tail_is_cut_kept_and_told_of_wherever_it_is_torn() {
    let written = Written::empty();
    let mut log = written.open();
    fill(&mut log, 0..5);
    log.commit().unwrap();
    drop(log);
    let kept_whole = tempfile::tempdir().unwrap();
    copy(&written.folder(), kept_whole.path());
    let path = written.folder().join("journal");
    let whole = std::fs::read(&path).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let last = numbered(4).to_bytes().len() + 12;
    for torn in 1..last {
        // The last entry reached the disk in part; the room behind it is still zeros, or is not.
        for keeps_room in [true, false] {
            let mut bytes = whole.clone();
            bytes[end - torn..].fill(0);
            bytes.truncate(if keeps_room { whole.len() } else { end - torn });
            std::fs::remove_dir_all(written.folder()).unwrap();
            copy(kept_whole.path(), &written.folder());
            std::fs::write(&path, &bytes).unwrap();
            drop(written.open());
            let all = entries(&written.folder());
            let events: Vec<Event> =
                all.iter().map(|entry| Entry::from_bytes(entry).unwrap().event).collect();
            assert_eq!(all.iter().filter_map(|entry| number_of(entry)).collect::<Vec<_>>(), [0, 1, 2, 3]);
            let kept = std::fs::read(written.folder().join("torn-5")).unwrap();
            assert!(!kept.is_empty() && kept.len() <= last - torn, "{torn}");
            assert_eq!(kept[..], whole[end - last..end - last + kept.len()], "{torn}");
            assert_eq!(events[5], Event::Repaired { bytes: kept.len() as u64 }, "{torn}");
            assert!(matches!(events[6], Event::Opened { .. }));
        }
    }
}

#[test]
fn a_whole_tail_is_not_repaired() {
    let written = Written::empty();
    drop(written.open());
    drop(written.open());
    let all = entries(&written.folder());
    assert!(all.iter().all(|entry| matches!(Entry::from_bytes(entry).unwrap().event, Event::Opened { .. })));
    assert_eq!(all.len(), 2);
}

#[test]
fn what_a_crash_left_half_done_beside_the_log_does_no_harm() {
    let written = Written::with(300);
    for name in ["journal.new", "checkpoint.new", "tile/0/001.p/44.new"] {
        std::fs::write(written.folder().join(name), b"half").unwrap();
    }
    drop(written.open().close(NOW).unwrap());
    let found = verify(&written.folder(), None, &written.directory.verifier().unwrap(), &[]).unwrap();
    assert!(found.is_sound(), "{:?}", found.problems);
}
