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

use std::hash::{Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;

/// The program, where anyone may run it: the folder that it was built in may be its owner's alone.
fn program() -> &'static str {
    static PLACE: OnceLock<String> = OnceLock::new();
    PLACE.get_or_init(|| {
        let built = Path::new(env!("CARGO_BIN_EXE_creance-lab"));
        let mut hasher = std::hash::DefaultHasher::new();
        built.hash(&mut hasher);
        let folder = PathBuf::from(format!("/var/tmp/creance-lab-tests-{:016x}", hasher.finish()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        let (place, new) = (folder.join("creance-lab"), folder.join(format!("new.{}", std::process::id())));
        if std::fs::hard_link(built, &new).is_err() {
            std::fs::copy(built, &new).unwrap();
        }
        std::fs::rename(&new, &place).unwrap();
        // A link that is renamed over another to the same file stays where it was.
        let _ = std::fs::remove_file(&new);
        place.display().to_string()
    })
}

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
            Who::Caller => Command::new(program()),
            Who::Ordinary => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", program()]);
                command
            }
        };
        command.args(args).env("LAB", program()).current_dir(self.folder.path());
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
