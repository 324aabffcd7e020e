//! A disk that is full closes the log for what would begin, and opens it again by itself.

use crate::sample::{NOW, entries, number_of, numbered};
use creance_ledger::{Directory, Entry, Event, Pace, Purpose, Writer, verify};
use std::io::Write;
use std::process::Command;

const FOLDER: &str = "CREANCE_TEST_SMALL_DISK";

/// Not a test of its own: what the next one starts, on a disk of a few megabytes.
#[test]
fn child_on_a_small_disk() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = std::path::PathBuf::from(folder);
    let directory = Directory::at(folder.join("ledger"));
    let log = directory.open_log("gateway", "test 1", NOW).unwrap();
    let writer = Writer::start(log, Pace::default()).unwrap();
    let ballast = folder.join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    let long = Entry { at: NOW, event: Event::Alarm { what: "x".repeat(2000) } };
    let begun = (0..10_000).take_while(|_| writer.record_and_wait(&long, Purpose::Begin).is_ok()).count();
    // The room that was made ahead, less the reserve.
    assert!((100..1_000).contains(&begun), "{begun}");
    let refused = writer.record_and_wait(&long, Purpose::Begin).unwrap_err();
    assert!(refused.is_no_room(), "{refused}");
    assert!(refused.to_string().contains("No space left"), "{refused}");
    assert!(writer.closed().unwrap().contains("No space left"));
    // What runs can end, and that is told.
    for number in 0..1_000 {
        writer.record_and_wait(&numbered(number), Purpose::Tell).unwrap();
    }
    // Nothing can be signed, nothing is lost, and it is said.
    assert!(writer.checkpoint().is_err());
    drop(file);
    std::fs::remove_file(&ballast).unwrap();
    writer.record_and_wait(&long, Purpose::Begin).unwrap();
    assert_eq!(writer.closed(), None);
    let checkpoint = writer.close(NOW).unwrap();
    let log = directory.log_folder("gateway").unwrap();
    let all = entries(&log);
    let told = all.iter().filter(|entry| number_of(entry).is_some()).count();
    assert_eq!((told, all.len()), (1_000, begun + 1_003));
    assert_eq!(checkpoint.size, all.len() as u64);
    let found = verify(&log, None, &directory.verifier().unwrap(), &[]).unwrap();
    assert!(found.is_sound(), "{:?}", found.problems);
    println!("the small disk was full and is not");
}

#[test]
fn a_full_disk_closes_the_log_for_what_would_begin_alone() {
    let place = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=6m none "$1" && exec "$2" --exact full_disk::child_on_a_small_disk --nocapture"#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(place.path())
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, place.path())
        .output();
    let Ok(output) = output else {
        println!("skipped: no `unshare` here");
        return;
    };
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if said.contains("unshare") || said.contains("mount:") {
        println!("skipped: no small disk can be made here: {said}");
        return;
    }
    assert!(output.status.success() && said.contains("the small disk was full and is not"), "{said}");
}
