//! The parser meets damaged files: it may refuse them, and it must not panic.

use crate::{ACME, host};
use creance_catalogue::{Catalogue, shipped_files};
use creance_model::ServiceId;

/// A small generator of numbers (xorshift64), so that each run does the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// Pieces that mean something to the format.
const PIECES: &[&str] = &[
    "\"",
    "'''",
    "[[service]]",
    "[party]",
    "{",
    "}",
    "]",
    "=",
    ".",
    "\n",
    "\r",
    "\0",
    "#",
    "*.",
    "é",
    "-1",
    "0x7fffffffffffffff",
    "1e999",
    "true",
    "1979-05-27",
    "host = [",
    "id",
    "extends = true",
    "\u{202e}",
    "\\u0000",
];

fn mutate(text: &str, numbers: &mut Numbers) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len().max(1)).min(bytes.len());
        match numbers.below(4) {
            0 => bytes.truncate(at),
            1 => {
                let piece = PIECES[numbers.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
            2 => {
                let end = (at + numbers.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn damaged_files_never_panic_and_errors_stand_in_the_file() {
    let mut numbers = Numbers(0x0063_7265_616e_6365);
    let (mut accepted, mut refused) = (0, 0);
    let small = shipped_files().iter().filter(|(_, text)| text.len() < 3000);
    let seeds: Vec<&str> = small.map(|(_, text)| *text).chain([ACME]).collect();
    for round in 0..4000 {
        let text = mutate(seeds[round % seeds.len()], &mut numbers);
        match Catalogue::parse(&[("m.toml", &text)]) {
            Ok(catalogue) => {
                accepted += 1;
                let ids: Vec<ServiceId> = catalogue.services().map(|s| s.id.clone()).collect();
                catalogue.opened_by(&ids).unwrap();
                assert!(catalogue.lookup(&host("api.example.com")).matches().len() <= ids.len());
            }
            Err(errors) => {
                refused += 1;
                let lines = text.matches('\n').count() + 1;
                assert!(!errors.as_slice().is_empty());
                for error in errors.as_slice() {
                    assert!((1..=lines).contains(&error.line), "{error} of {lines} lines");
                }
            }
        }
    }
    assert!(accepted > 200 && refused > 2000, "{accepted} accepted, {refused} refused");
}
