//! The program as its users run it: arguments in; output, files and exit status out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod catalogue;
#[cfg(target_os = "linux")]
mod conformance;
#[cfg(target_os = "linux")]
mod demo;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod held;
mod inputs;
mod ledger;
mod policy;
mod reports;
#[cfg(target_os = "linux")]
mod run;
mod tap;
mod verdicts;

use creance_lab::scenario::{self, Scenario};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder of a test's own, in which the program runs, so that paths in messages are short and
/// the same everywhere.
struct Folder(TempDir);

/// What a run of the program gave.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), content).unwrap();
        self
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }

    /// Runs the program with arguments that hold no spaces.
    fn run(&self, args: &str) -> Ran {
        self.run_with(args, b"")
    }

    /// The same, with bytes on standard input.
    fn run_with(&self, args: &str, input: &[u8]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_creance"))
            .args(args.split_whitespace())
            .current_dir(self.0.path())
            .env_clear()
            .env("TMPDIR", std::env::temp_dir())
            .env("TERM", "xterm-256color")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // The program may end before it has read everything.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        Ran {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Writes a story's capture as `capture.EXTENSION` and audits it with the story's arguments.
    fn audit(&self, story: &Scenario, more: &str) -> Ran {
        let name = format!("capture.{}", story.extension);
        self.write(&name, &story.bytes);
        self.run(&format!("audit {name} {} {more}", story.args.join(" ")))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}", self.status)?;
        for (name, text) in [("out", &self.out), ("err", &self.err)] {
            if !text.is_empty() {
                write!(f, "\n--- {name}\n{}", text.trim_end_matches('\n'))?;
            }
        }
        Ok(())
    }
}

fn story(id: &str) -> Scenario {
    scenario::all().into_iter().find(|story| story.id == id).unwrap()
}

/// The first lines of a text.
fn head(text: &str, lines: usize) -> String {
    text.lines().take(lines).collect::<Vec<_>>().join("\n")
}

fn is_whole(path: &Path) -> bool {
    path.is_file() && path.metadata().unwrap().len() > 0
}
