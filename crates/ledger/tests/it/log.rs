//! Writing, closing, opening again.

use crate::sample::{NOW, Written, entries, number_of, numbered};
use creance_ledger::{Entry, Event, Pace, Purpose, Reader, SigningKey, Writer, verify};
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn what_was_written_is_read_in_order_also_after_many_openings() {
    let written = Written::empty();
    let mut expected = Vec::new();
    for round in 0..5_u64 {
        let mut log = written.open();
        for number in round * 300..(round + 1) * 300 {
            let place = log.append(&numbered(number), Purpose::Begin).unwrap();
            assert_eq!(place, log.size() - 1);
            expected.push(number);
        }
        // Every other time without a good end.
        if round % 2 == 0 { drop(log.close(NOW).unwrap()) } else { log.commit().unwrap() }
    }
    let all = entries(&written.folder());
    assert_eq!(all.iter().filter_map(|entry| number_of(entry)).collect::<Vec<_>>(), expected);
    let opened =
        all.iter().filter(|entry| matches!(Entry::from_bytes(entry).unwrap().event, Event::Opened { .. }));
    assert_eq!(opened.count(), 5);
    let found = verify(&written.folder(), None, &written.directory.verifier().unwrap(), &[]).unwrap();
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!((found.entries, found.after_checkpoint()), (1508, 0));
}

#[test]
fn entries_that_were_not_committed_are_not_in_the_log() {
    let written = Written::empty();
    let mut log = written.open();
    log.append(&numbered(1), Purpose::Tell).unwrap();
    drop(log);
    assert_eq!(entries(&written.folder()).len(), 1);
}

#[test]
fn one_process_writes_a_log_at_a_time() {
    let written = Written::empty();
    let log = written.open();
    let error = written.directory.open_log("gateway", "test 1", NOW).unwrap_err().to_string();
    assert!(error.contains("another process writes this log"), "{error}");
    drop(log);
    drop(written.open());
}

#[test]
fn a_journal_is_begun_anew_when_it_is_long_and_nothing_is_lost() {
    let written = Written::empty();
    let mut log = written.open();
    let long = |number: u64| Entry {
        at: NOW,
        event: Event::Alarm { what: format!("{number} {}", "x".repeat(60_000)) },
    };
    // More than the 16 MiB after which a journal is begun anew.
    for number in 0..600 {
        log.append(&long(number), Purpose::Begin).unwrap();
        if number % 50 == 0 {
            log.checkpoint().unwrap();
        }
    }
    log.checkpoint().unwrap();
    let journal = written.folder().join("journal");
    assert!(journal.metadata().unwrap().len() < 16 << 20);
    for number in 600..900 {
        log.append(&long(number), Purpose::Begin).unwrap();
    }
    log.close(NOW).unwrap();
    let mut reader = Reader::open(&written.folder()).unwrap();
    reader.skip_to(1).unwrap();
    for number in 0..900 {
        assert_eq!(reader.read_next().unwrap().unwrap(), (number + 1, long(number).to_bytes()));
    }
    // Opened again, the tree goes on from its tiles.
    drop(written.open().close(NOW).unwrap());
    let found = verify(&written.folder(), None, &written.directory.verifier().unwrap(), &[]).unwrap();
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!(found.entries, 904);
}

#[test]
fn a_tree_goes_on_from_its_tiles_at_every_level() {
    // More than 65,536 entries, so that there is a second level above, with its own right edge.
    let written = Written::empty();
    let mut log = written.open();
    let pad = "x".repeat(250);
    for number in 0..66_500_u64 {
        log.append(
            &Entry { at: NOW, event: Event::Alarm { what: format!("{number} {pad}") } },
            Purpose::Begin,
        )
        .unwrap();
    }
    log.checkpoint().unwrap();
    drop(log);
    let journal = std::fs::read(written.folder().join("journal")).unwrap();
    assert!(
        u64::from_le_bytes(journal[24..32].try_into().unwrap()) > 65_536,
        "the journal was not begun anew"
    );
    let checkpoint = written.open().close(NOW).unwrap();
    assert_eq!(checkpoint.size, 66_503);
    let found = verify(&written.folder(), None, &written.directory.verifier().unwrap(), &[]).unwrap();
    assert!(found.is_sound(), "{:?}", found.problems);
}

#[test]
fn many_writers_at_once_are_all_in_the_log_once() {
    let written = Written::empty();
    let pace = Pace { every: Duration::from_millis(20), entries: 300 };
    let writer = Writer::start(written.open(), pace).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let writer = &writer;
            scope.spawn(move || {
                for number in thread * 500..(thread + 1) * 500 {
                    writer.record_and_wait(&numbered(number), Purpose::Begin).unwrap();
                }
            });
        }
    });
    let (sender, receiver) = mpsc::channel();
    writer
        .record(&numbered(4000), Purpose::Tell, move |result| sender.send(result.unwrap()).unwrap())
        .unwrap();
    assert_eq!(receiver.recv().unwrap(), 4001);
    assert_eq!(writer.closed(), None);
    let checkpoint = writer.close(NOW).unwrap();
    assert_eq!(checkpoint.size, 4003);
    let all = entries(&written.folder());
    let mut numbers: Vec<u64> = all.iter().filter_map(|entry| number_of(entry)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..=4000).collect::<Vec<_>>());
    let found = verify(&written.folder(), None, &written.directory.verifier().unwrap(), &[]).unwrap();
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!(found.after_checkpoint(), 0);
}

#[test]
fn a_writer_signs_by_itself_in_time() {
    let written = Written::empty();
    let pace = Pace { every: Duration::from_millis(5), entries: 1_000_000 };
    let writer = Writer::start(written.open(), pace).unwrap();
    let checkpoint = written.folder().join("checkpoint");
    // Entries that keep coming do not put it off.
    let signed = (0..2_000).find(|number| {
        writer.record_and_wait(&numbered(*number), Purpose::Tell).unwrap();
        std::thread::sleep(Duration::from_millis(1));
        checkpoint.exists()
    });
    assert!(signed.is_some());
}

#[test]
fn a_reader_sees_entries_come() {
    let written = Written::empty();
    let mut log = written.open();
    let mut reader = Reader::open(&written.folder()).unwrap();
    assert!(reader.read_next().unwrap().is_some());
    for number in 0..1000 {
        assert_eq!(reader.read_next().unwrap(), None);
        log.append(&numbered(number), Purpose::Tell).unwrap();
        assert_eq!(reader.read_next().unwrap(), None, "not durable yet");
        log.commit().unwrap();
        assert_eq!(reader.read_next().unwrap(), Some((number + 1, numbered(number).to_bytes())));
    }
}

#[test]
fn a_reader_goes_on_when_the_journal_is_begun_anew() {
    let written = Written::empty();
    let mut log = written.open();
    let mut readers: Vec<Reader> = (0..3).map(|_| Reader::open(&written.folder()).unwrap()).collect();
    let long = |number: u64| Entry {
        at: NOW,
        event: Event::Alarm { what: format!("{number} {}", "x".repeat(60_000)) },
    };
    let mut read = |place: usize, count: u64| {
        let reader = &mut readers[place];
        for _ in 0..count {
            let (number, entry) = reader.read_next().unwrap().unwrap();
            if number > 0 {
                assert_eq!(entry, long(number - 1).to_bytes());
            }
        }
    };
    for number in 0..400 {
        log.append(&long(number), Purpose::Begin).unwrap();
    }
    log.commit().unwrap();
    // One has read nothing yet, one less than what will be in tiles alone, one all.
    read(1, 200);
    read(2, 401);
    log.checkpoint().unwrap();
    for number in 400..500 {
        log.append(&long(number), Purpose::Begin).unwrap();
    }
    log.commit().unwrap();
    read(0, 501);
    read(1, 301);
    read(2, 100);
}

#[test]
fn a_key_is_made_once_and_not_again_where_logs_were_signed() {
    let written = Written::with(1);
    let key = written.directory.key().unwrap();
    assert_eq!(key.verifier(), &written.directory.verifier().unwrap());
    let path = written.home.path().join("ledger/key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap().trim().parse::<SigningKey>().unwrap().verifier(),
        key.verifier()
    );
    std::fs::remove_file(&path).unwrap();
    let error = written.directory.key().unwrap_err().to_string();
    assert!(error.contains("the key is gone"), "{error}");
}
