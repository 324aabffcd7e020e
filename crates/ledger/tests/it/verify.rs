//! Whatever is done to a log, whoever checks it is told.

use crate::sample::{NOW, Written, copy, entries, fill};
use creance_ledger::{Held, LedgerError, NoteError, Problem, SigningKey, Tile, Verified, verify};
use std::path::Path;

fn check(written: &Written, folder: &Path, held: &[Held]) -> Verified {
    verify(folder, None, &written.directory.verifier().unwrap(), held).unwrap()
}

fn held(folder: &Path) -> Held {
    let note = std::fs::read_to_string(folder.join("checkpoint")).unwrap();
    Held { name: "kept.txt".to_owned(), note }
}

/// A log of 1000 entries and three that tell of its openings and its end, the checkpoint at 602
/// that somebody kept, and a copy of the folder as it was then.
fn grown() -> (Written, Held, tempfile::TempDir) {
    let written = Written::with(600);
    let kept = held(&written.folder());
    let then = tempfile::tempdir().unwrap();
    copy(&written.folder(), then.path());
    let mut log = written.open();
    fill(&mut log, 600..1000);
    log.close(NOW).unwrap();
    (written, kept, then)
}

#[test]
fn a_good_log_is_sound_and_what_nobody_signed_is_counted() {
    let (written, kept, _) = grown();
    let found = check(&written, &written.folder(), std::slice::from_ref(&kept));
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!((found.entries, found.signed), (1004, 1004));
    let mut log = written.open();
    fill(&mut log, 0..7);
    log.commit().unwrap();
    let found = check(&written, &written.folder(), &[kept]);
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!((found.entries, found.after_checkpoint()), (1012, 7));
}

#[test]
fn a_copy_without_the_journal_is_sound_as_far_as_its_checkpoint() {
    let (written, kept, then) = grown();
    std::fs::remove_file(written.folder().join("journal")).unwrap();
    let found = check(&written, &written.folder(), std::slice::from_ref(&kept));
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!((found.entries, found.after_checkpoint()), (1004, 0));
    // An older checkpoint beside newer tiles: its part of a tile has given way to the whole.
    std::fs::copy(then.path().join("checkpoint"), written.folder().join("checkpoint")).unwrap();
    let found = check(&written, &written.folder(), &[]);
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!(entries(&written.folder()).len(), 602);
}

#[test]
fn a_changed_byte_is_found_in_every_file_that_is_signed_for() {
    let (written, _, _) = grown();
    let tiles = Tile::of_log(1004).map(|tile| written.folder().join(tile.path()));
    let others = ["checkpoint", "journal"].map(|name| written.folder().join(name));
    let signed: Vec<_> = tiles.chain(others).collect();
    assert_eq!(signed.len(), 11);
    for path in &signed {
        let good = std::fs::read(path).unwrap();
        // The room behind a journal's entries holds nothing.
        let used = good.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for place in (0..used).step_by(used / 40 + 1) {
            let mut bad = good.clone();
            bad[place] ^= 0x20;
            std::fs::write(path, &bad).unwrap();
            let result = verify(&written.folder(), None, &written.directory.verifier().unwrap(), &[]);
            let shown = path.strip_prefix(written.folder()).unwrap().display();
            assert!(result.is_err() || !result.unwrap().is_sound(), "{shown} at {place}");
        }
        std::fs::write(path, good).unwrap();
    }
    assert!(check(&written, &written.folder(), &[]).is_sound());
}

#[test]
fn a_changed_entry_is_named() {
    let (written, _, _) = grown();
    let bundle = written.folder().join("tile/entries/001");
    let bytes = std::fs::read(&bundle).unwrap();
    // Entry 300, which says `"flow":299,`, says 999 instead.
    let place = bytes.windows(11).position(|window| window == b"\"flow\":299,").unwrap();
    let mut bad = bytes.clone();
    bad[place + 7] = b'9';
    std::fs::write(&bundle, bad).unwrap();
    std::fs::remove_file(written.folder().join("journal")).unwrap();
    let found = check(&written, &written.folder(), &[]);
    assert!(found.problems.contains(&Problem::ChangedEntry(300)), "{:?}", found.problems);
    assert!(
        found.problems.iter().any(|problem| matches!(problem, Problem::OtherHistory { signed: 1004, .. }))
    );
}

#[test]
fn a_missing_tile_is_named() {
    let (written, _, _) = grown();
    std::fs::remove_file(written.folder().join("tile/0/001")).unwrap();
    let found = check(&written, &written.folder(), &[]);
    assert!(
        matches!(&found.problems[..], [Problem::MissingTile(tile)] if tile.path() == Path::new("tile/0/001")),
        "{:?}",
        found.problems
    );
    let (written, _, _) = grown();
    std::fs::remove_file(written.folder().join("tile/entries/000")).unwrap();
    std::fs::remove_file(written.folder().join("journal")).unwrap();
    let found = check(&written, &written.folder(), &[]);
    assert!(
        found.problems.iter().any(|one| one.to_string().contains("the tile is missing")),
        "{:?}",
        found.problems
    );
    assert_eq!(found.after_checkpoint(), 0);
}

#[test]
fn an_older_state_put_back_shows_against_a_checkpoint_kept_elsewhere_alone() {
    let (written, _, then) = grown();
    let kept = held(&written.folder());
    let found = check(&written, then.path(), &[]);
    assert!(found.is_sound(), "nobody can see it by the folder alone: {:?}", found.problems);
    let found = check(&written, then.path(), &[kept]);
    assert!(
        matches!(&found.problems[..], [Problem::Short { signed: 1004, entries: 602, .. }]),
        "{:?}",
        found.problems
    );
}

#[test]
fn a_tail_cut_from_the_journal_shows_and_the_log_does_not_go_on() {
    let written = Written::with(100);
    let path = written.folder().join("journal");
    let journal = std::fs::read(&path).unwrap();
    let end = journal.windows(11).position(|window| window == b"\"flow\":050,".as_slice());
    assert_eq!(end, None);
    let cut = journal.windows(10).position(|window| window == b"\"flow\":50,").unwrap() - 60;
    std::fs::write(&path, &journal[..cut]).unwrap();
    let found = check(&written, &written.folder(), &[]);
    assert!(
        found.problems.iter().any(|one| matches!(one, Problem::Short { signed: 102, .. })),
        "{:?}",
        found.problems
    );
    let error = written.directory.open_log("gateway", "test 1", NOW).unwrap_err();
    assert!(matches!(error, LedgerError::RolledBack { signed: 102, .. }), "{error}");
}

#[test]
fn two_histories_under_one_key_show() {
    let (written, kept, then) = grown();
    // Somebody with the key goes on from the older state another way.
    std::fs::remove_dir_all(written.folder()).unwrap();
    copy(then.path(), &written.folder());
    let mut log = written.open();
    fill(&mut log, 0..700);
    log.close(NOW).unwrap();
    let found = check(&written, &written.folder(), &[kept]);
    assert!(found.is_sound(), "the two agree as far as that: {:?}", found.problems);
    let (other, kept, _) = grown();
    let key: SigningKey = other.directory.key().unwrap();
    let found = verify(&written.folder(), None, key.verifier(), &[kept]).unwrap();
    assert!(
        found.problems.iter().any(|one| matches!(one, Problem::BadCheckpoint { .. })),
        "{:?}",
        found.problems
    );
}

#[test]
fn a_fork_is_told_from_growth() {
    let (written, _, then) = grown();
    let kept = held(&written.folder());
    std::fs::remove_dir_all(written.folder()).unwrap();
    copy(then.path(), &written.folder());
    let mut log = written.open();
    fill(&mut log, 0..700);
    log.close(NOW).unwrap();
    let found = check(&written, &written.folder(), &[kept]);
    assert!(
        matches!(&found.problems[..], [Problem::OtherHistory { name, signed: 1004 }] if name == "kept.txt"),
        "{:?}",
        found.problems
    );
    assert_eq!(found.signed, found.entries, "its own checkpoint holds all the same");
}

#[test]
fn a_log_in_the_place_of_another_shows() {
    let (written, kept, _) = grown();
    let log = written.directory.open_log("other", "test 1", NOW).unwrap();
    log.close(NOW).unwrap();
    let other = written.directory.log_folder("other").unwrap();
    let found = check(&written, &other, &[kept]);
    assert!(matches!(&found.problems[..], [Problem::OtherLog { .. }]), "{:?}", found.problems);
    std::fs::remove_dir_all(written.folder()).unwrap();
    std::fs::rename(&other, written.folder()).unwrap();
    let error = written.directory.open_log("gateway", "test 1", NOW).unwrap_err();
    assert!(matches!(error, LedgerError::Note { source: NoteError::NotSigned(_), .. }), "{error}");
    // Whoever knows the name that it must bear is told as well.
    let key = written.directory.verifier().unwrap();
    let name = format!("{}/gateway", key.name());
    let found = verify(&written.folder(), Some(&name), &key, &[]).unwrap();
    assert!(matches!(&found.problems[..], [Problem::OtherLog { .. }]), "{:?}", found.problems);
}

#[test]
fn a_checkpoint_by_another_key_signs_for_nothing() {
    let (written, _, _) = grown();
    let path = written.folder().join("checkpoint");
    let note = std::fs::read_to_string(&path).unwrap();
    let text = note.split("\n\n").next().unwrap();
    let origin = note.lines().next().unwrap();
    let forged = SigningKey::from_seed(origin, [9; 32]).unwrap().sign(&format!("{text}\n"));
    std::fs::write(&path, forged).unwrap();
    let found = check(&written, &written.folder(), &[]);
    assert!(matches!(&found.problems[..], [Problem::BadCheckpoint { .. }]), "{:?}", found.problems);
    assert_eq!(found.after_checkpoint(), found.entries);
}
