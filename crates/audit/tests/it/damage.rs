//! Damaged captures: nothing panics, nothing hangs, and no lie becomes `upheld`.
//!
//! To look at one, name its seed in CREANCE_DAMAGE_SEED: its file is written and it alone is judged.

use crate::mutate::{Damage, Dice, damage};
use crate::setup::{claim, judge, on_two_threads, question, real_captures, shipped};
use creance_audit::Question;
use creance_lab::scenario;
use std::collections::BTreeMap;

/// How many damaged captures are judged; where no real captures are at hand, a third of them.
/// CREANCE_DAMAGE_CASES sets another number.
const CASES: u64 = 20_000;
/// One in so many is a story of the lab, whose rules take most of the time to decide.
const STORY_EVERY: u64 = 3;
/// Real captures larger than this are left out, in bytes.
const REAL_BYTES_MAX: usize = 64 << 10;
/// A case that takes longer is a hang, in seconds.
const STALL_SECONDS: u64 = 30;

/// A capture to be damaged.
struct Base {
    name: String,
    bytes: Vec<u8>,
    question: Question,
    /// Claims of silence that it does not uphold as it is.
    not_upheld: Vec<u8>,
}

#[test]
fn damage_does_no_harm_and_makes_no_lie_true() {
    let bases = bases();
    let single = std::env::var("CREANCE_DAMAGE_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let has_real = bases.iter().any(|base| base.question.mode.is_none());
    let cases = std::env::var("CREANCE_DAMAGE_CASES").ok().map_or(CASES, |cases| cases.parse().unwrap());
    let every = (0..cases).filter(|seed| has_real || seed.is_multiple_of(STORY_EVERY));
    let seeds: Vec<u64> = single.map_or_else(|| every.collect(), |seed| vec![seed]);
    if let Some(seed) = single {
        let path = std::env::temp_dir().join(format!("creance-damage-{seed}"));
        println!(
            "{:?} of {} is written to {}",
            case(seed, &bases).1,
            bases[base_of(seed, &bases)].name,
            path.display()
        );
        std::fs::write(path, case(seed, &bases).0).unwrap();
    }
    let done = on_two_threads(
        &seeds,
        STALL_SECONDS,
        |seed| format!("seed {seed} of {}", bases[base_of(*seed, &bases)].name),
        |knowledge, seed| {
            let base = &bases[base_of(*seed, &bases)];
            let (bytes, kind) = case(*seed, &bases);
            let Ok(report) = judge(bytes, &base.question, knowledge) else { return (kind, Vec::new()) };
            let is_upheld = |number: &&u8| claim(&report, **number).station.verdict == "upheld";
            (kind, base.not_upheld.iter().filter(is_upheld).copied().collect())
        },
    );
    let (mut faults, mut kinds) = (Vec::new(), BTreeMap::<Damage, u64>::new());
    for (seed, done) in seeds.iter().zip(done) {
        let name = &bases[base_of(*seed, &bases)].name;
        match done.result {
            Err(panic) => faults.push(format!("seed {seed} of {name}: panicked: {panic}")),
            Ok((kind, upheld)) => {
                *kinds.entry(kind).or_default() += 1;
                faults.extend(
                    upheld
                        .iter()
                        .map(|claim| format!("seed {seed} of {name}, {kind:?}: claim {claim} is upheld")),
                );
            }
        }
    }
    println!("{} damaged captures of {} whole ones: {kinds:?}", seeds.len(), bases.len());
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The damaged file of a seed, and what was done to it.
fn case(seed: u64, bases: &[Base]) -> (Vec<u8>, Damage) {
    let mut dice = Dice::new(seed);
    let other = &bases[dice.below(bases.len())].bytes;
    let mut bytes = bases[base_of(seed, bases)].bytes.clone();
    let kind = damage(&mut bytes, other, &mut dice);
    (bytes, kind)
}

/// Stories stand first; real captures follow.
fn base_of(seed: u64, bases: &[Base]) -> usize {
    let stories = bases.iter().take_while(|base| base.question.mode.is_some()).count();
    let mut dice = Dice::new(seed ^ 0x5eed);
    if seed.is_multiple_of(STORY_EVERY) {
        dice.below(stories)
    } else {
        stories + dice.below(bases.len() - stories)
    }
}

fn bases() -> Vec<Base> {
    let knowledge = shipped();
    let mut bases = Vec::new();
    for story in scenario::all() {
        let question = question(&story.args);
        let report = judge(story.bytes.clone(), &question, &knowledge).unwrap();
        let is_open = |number: &u8| !story.honest && claim(&report, *number).station.verdict != "upheld";
        let not_upheld = [12, 13].into_iter().filter(is_open).collect();
        bases.push(Base { name: story.id.to_owned(), bytes: story.bytes, question, not_upheld });
    }
    for path in real_captures() {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.len() <= REAL_BYTES_MAX {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            bases.push(Base { name, bytes, question: Question::default(), not_upheld: Vec::new() });
        }
    }
    bases
}
