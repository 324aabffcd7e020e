//! What every test here needs: the shipped knowledge, questions, and one call from bytes to report.

use creance_audit::report::data::{Claim, Report};
use creance_audit::{InputFile, Knowledge, Question, Reading, ReadingError, audit};
use creance_capture::Source;
use creance_catalogue::Catalogue;
use creance_policy::Policies;
use creance_residency::Table;
use creance_wire::certificate::Roots;
use std::collections::BTreeSet;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// What is shipped, and nothing of an operator's.
pub(crate) fn shipped() -> Knowledge {
    Knowledge {
        catalogue: Catalogue::shipped().unwrap(),
        shipped_catalogue: None,
        policies: Policies::shipped().unwrap(),
        shipped_policies: None,
        policy_files: Vec::new(),
        geo: Table::shipped().unwrap(),
        mmdb: None,
        roots: Roots::shipped(),
        catalogue_sha256: String::new(),
    }
}

/// The question that a story's arguments ask.
pub(crate) fn question(args: &[String]) -> Question {
    let mut question = Question::default();
    let mut words = args.iter();
    while let Some(option) = words.next() {
        let value = words.next().unwrap().as_str();
        match option.as_str() {
            "--mode" => question.mode = Some(value.parse().unwrap()),
            "--window" => question.window = Some(value.parse().unwrap()),
            "--station" => drop(question.stations.insert(value.parse().unwrap())),
            "--local" => question.local.push(value.parse().unwrap()),
            "--resolver" => drop(question.resolvers.insert(value.parse().unwrap())),
            "--app" => question.app = Some(value.to_owned()),
            "--exempt" => drop(question.exempt.insert(value.parse().unwrap(), option.clone())),
            "--grant" => drop(question.granted.insert(value.parse().unwrap(), option.clone())),
            _ => panic!("{option}: this option is not known here; add it"),
        }
    }
    question
}

/// Reads and judges a capture that lies in memory.
pub(crate) fn judge(
    bytes: Vec<u8>,
    question: &Question,
    knowledge: &Knowledge,
) -> Result<Report, ReadingError> {
    let mut reading = read(vec![bytes], question)?;
    Ok(audit(&mut reading, question, knowledge, None, None).unwrap())
}

/// Reads captures that lie in memory, as parts of one recording.
pub(crate) fn read(files: Vec<Vec<u8>>, question: &Question) -> Result<Reading, ReadingError> {
    let input = |bytes| {
        let source = Source::new(Cursor::new(bytes), true).unwrap();
        InputFile { name: "capture".to_owned(), source }
    };
    Reading::new(files.into_iter().map(input).collect(), question.window, None, &mut |_| {})
}

pub(crate) fn claim(report: &Report, number: u8) -> &Claim {
    report.claims.iter().find(|claim| claim.number == number).unwrap()
}

/// Where the project's folder is.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Real captures, sorted by path; none, with the reason printed, where they are not at hand.
pub(crate) fn real_captures() -> Vec<PathBuf> {
    let folder = captures_folder();
    let mut captures = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if matches!(extension, Some("pcap" | "pcapng" | "cap" | "trace" | "ntar" | "gz")) {
                captures.push(path);
            }
        }
    }
    if captures.is_empty() {
        println!("skipped: no real captures in {}; set CREANCE_CORPUS", folder.display());
    }
    captures.sort();
    captures
}

pub(crate) fn captures_folder() -> PathBuf {
    let corpus =
        std::env::var_os("CREANCE_CORPUS").map_or_else(|| root().join("../shared/corpus"), PathBuf::from);
    corpus.join("captures")
}

/// What became of one job.
pub(crate) struct Done<R> {
    /// What it returned, or with which words it panicked.
    pub(crate) result: Result<R, String>,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: u128,
}

/// Does jobs on two threads, in any order, and returns what became of them in the order given.
/// The whole test program ends with the jobs' names where none of them ends for `stall` seconds.
pub(crate) fn on_two_threads<J: Sync, R: Send>(
    jobs: &[J],
    stall: u64,
    name: impl Fn(&J) -> String,
    work: impl Fn(&Knowledge, &J) -> R + Sync,
) -> Vec<Done<R>> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel::<(usize, Option<Done<R>>)>();
    let mut done: Vec<Option<Done<R>>> = jobs.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                let knowledge = shipped();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    sender.send((index, None)).unwrap();
                    sender.send((index, Some(timed(|| work(&knowledge, job))))).unwrap();
                }
            });
        }
        drop(sender);
        let mut running = BTreeSet::new();
        loop {
            match receiver.recv_timeout(Duration::from_secs(stall)) {
                Ok((index, None)) => drop(running.insert(index)),
                Ok((index, result)) => {
                    running.remove(&index);
                    done[index] = result;
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let names: Vec<String> = running.iter().map(|index| name(&jobs[*index])).collect();
                    println!("hangs: nothing ended for {stall} s while these ran: {names:?}");
                    std::process::exit(101);
                }
            }
        }
    });
    done.into_iter().map(Option::unwrap).collect()
}

#[expect(clippy::disallowed_methods, reason = "the time that a job takes is what is tested")]
fn timed<R>(work: impl FnOnce() -> R) -> Done<R> {
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    });
    Done { result, took_ms: start.elapsed().as_millis() }
}
