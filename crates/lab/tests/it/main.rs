//! The small internet as its users run it: with and without root, and when its processes are
//! killed.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod behaviours;
mod ends;
mod servers;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

const LAB: &str = env!("CARGO_BIN_EXE_creance-lab");
/// Nobody's number, for a test that begins as root.
const NOBODY: &str = "65534";

/// Who runs the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Caller,
    Ordinary,
}

/// A way to run the lab that this machine allows.
struct Lab {
    who: Who,
    folder: TempDir,
}

impl Lab {
    /// All ways that this machine allows; for each other one the reason is printed.
    fn all() -> Vec<Self> {
        // An ordinary user already is one.
        let root = rustix::process::geteuid().is_root();
        let ways = if root { vec![Who::Caller, Who::Ordinary] } else { vec![Who::Caller] };
        ways.into_iter().filter_map(Self::try_new).collect()
    }

    fn any() -> Option<Self> {
        Self::all().pop()
    }

    fn try_new(who: Who) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let lab = Self { who, folder };
        let tried = lab.command(&["internet", "--", "true"]).output().unwrap();
        let said = String::from_utf8_lossy(&tried.stderr).into_owned();
        if said.contains("makes no namespaces") || said.contains("cannot mount") {
            println!("skipped for {who:?}: {said}");
            return None;
        }
        assert!(tried.status.success(), "{who:?}: {said}");
        Some(lab)
    }

    /// The lab with arguments, not started.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = match self.who {
            Who::Caller => Command::new(LAB),
            Who::Ordinary => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", LAB]);
                command
            }
        };
        command.args(args).env("LAB", LAB).current_dir(self.folder.path());
        command
    }

    /// Runs a script of the shell in a small internet; `$LAB` is the lab's program.
    fn script(&self, options: &[&str], script: &str) -> Output {
        let args = [&["internet"], options, &["--", "sh", "-c", script]].concat();
        self.command(&args).output().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
