//! Logs that are not sound, and logs of somebody else.

use super::story::{Story, end};
use super::{finds, reconciliation, says, told};
use creance_ledger::{Event, Held};
use std::fs;
use std::path::Path;

fn change(path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    edit(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// A digit of some port becomes another.
fn change_an_entry(folder: &Path) {
    change(&folder.join("journal"), |bytes| {
        let place = bytes.windows(5).position(|five| five == b":443\"").unwrap();
        bytes[place + 3] = b'4';
    });
}

fn forget_a_tile(folder: &Path) {
    fs::remove_dir_all(folder.join("tile/0")).unwrap();
}

fn forget_the_checkpoint(folder: &Path) {
    fs::remove_file(folder.join("checkpoint")).unwrap();
}

/// The journal is cut behind its 20th entry.
fn cut_the_tail(folder: &Path) {
    change(&folder.join("journal"), |bytes| {
        let mut at = 32;
        for _ in 0..20 {
            let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            at += 12 + length as usize;
        }
        bytes.truncate(at);
    });
}

#[test]
fn a_log_that_is_not_sound_explains_nothing() {
    let ways: [fn(&Path); 4] = [change_an_entry, forget_a_tile, forget_the_checkpoint, cut_the_tail];
    for tamper in ways {
        let mut story = Story::honest();
        story.tamper = Some(tamper);
        let report = story.judge();
        says(&report, "inconclusive", "inconclusive");
        finds(&report, "is not sound and explains nothing");
        let found = reconciliation(&report);
        assert_eq!((found.explained_flows, found.logs[0].sound), (0, false), "{}", told(&report));
    }
}

#[test]
fn a_checkpoint_from_elsewhere_shows_an_older_state() {
    let mut story = Story::honest();
    // It is another key's, so that it cannot be of this log.
    story.held = vec![Held { name: "kept.txt".into(), note: "no note\n".into() }];
    let report = story.judge();
    says(&report, "inconclusive", "inconclusive");
    finds(&report, "kept.txt");
}

#[test]
fn the_log_of_another_machine_explains_nothing() {
    let mut story = Story::honest();
    story.starts().for_each(|(_, started)| started.from = end("10.77.0.9", started.from.port));
    let report = story.judge();
    says(&report, "refuted", "refuted");
    let found = reconciliation(&report);
    assert_eq!((found.explained_flows, found.wire_flows, found.unexplained.len()), (0, 12, 12));
    finds(&report, "not on the wire");
}

#[test]
fn an_empty_log_explains_nothing() {
    let mut story = Story::honest();
    story.entries.clear();
    let report = story.judge();
    says(&report, "refuted", "refuted");
    assert_eq!(reconciliation(&report).unexplained.len(), 12);
}

#[test]
fn a_log_of_another_day_explains_nothing_and_says_where_its_entries_lie() {
    let mut story = Story::honest();
    story.entries.iter_mut().for_each(|(at, _)| at.0 -= 86_400_000_000_000);
    let report = story.judge();
    says(&report, "refuted", "refuted");
    let found = reconciliation(&report);
    assert_eq!((found.ledger_flows, found.logs[0].entries_before), (0, found.logs[0].entries));
}

#[test]
fn a_log_that_contradicts_itself_leaves_open() {
    // The end of a flow twice; the start of one twice; a clock that is set back.
    let twice = |chosen: fn(&Event) -> bool| {
        let mut story = Story::honest();
        let place = story.entries.iter().position(|(_, event)| chosen(event)).unwrap();
        let again = story.entries[place].clone();
        story.entries.insert(place + 1, again);
        story.judge()
    };
    for report in [
        twice(|event| matches!(event, Event::FlowEnded { .. })),
        twice(|event| matches!(event, Event::FlowStarted(_))),
    ] {
        says(&report, "inconclusive", "inconclusive");
        finds(&report, "contradicts itself");
    }
}

#[test]
fn the_same_inputs_give_the_same_report() {
    let json = || serde_json::to_string(&Story::honest().judge()).unwrap();
    let (one, other) = (json(), json());
    assert!(one == other && one.contains("\"agreeing_flows\":12"));
}
