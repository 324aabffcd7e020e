//! `creance run`, as root where the tests run as root, and as an ordinary user. Where the system
//! does not let one make namespaces, the tests say so and look at nothing.

mod denied;
mod kills;
mod ledgers;
mod status;
mod terminal;
mod ways;

use std::ffi::OsStr;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A user without rights, as most systems number it.
const NOBODY: u32 = 65534;

const PYTHON: &str = "/usr/bin/python3";

/// The program, where anyone may run it: the folder that it was built in may be its owner's alone.
/// The lab's program stands beside it.
pub(crate) fn creance() -> &'static str {
    static PLACE: OnceLock<String> = OnceLock::new();
    PLACE.get_or_init(|| {
        let built = Path::new(env!("CARGO_BIN_EXE_creance"));
        let mut hasher = std::hash::DefaultHasher::new();
        built.hash(&mut hasher);
        let folder = PathBuf::from(format!("/var/tmp/creance-tests-{:016x}", hasher.finish()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        for name in ["creance", "creance-lab"] {
            let from = built.with_file_name(name);
            let new = folder.join(format!("{name}.{}", std::process::id()));
            // The lab's is missed by those who need it.
            if from.is_file() && std::fs::hard_link(&from, &new).is_err() {
                std::fs::copy(&from, &new).unwrap();
            }
            if new.exists() {
                std::fs::rename(&new, folder.join(name)).unwrap();
                // A link that is renamed over another to the same file stays where it was.
                let _ = std::fs::remove_file(&new);
            }
        }
        folder.join("creance").display().to_string()
    })
}

/// Someone who runs an app, with a home outside of what a jail empties.
pub(crate) struct Person {
    pub(crate) home: TempDir,
    /// The number, where it is not the tests' own.
    pub(crate) uid: Option<u32>,
}

/// What came of a run.
pub(crate) struct Came {
    /// The exit status, or 128 and the signal.
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Person {
    pub(crate) fn new(uid: Option<u32>) -> Self {
        let home = tempfile::Builder::new().prefix("creance-run").tempdir_in("/var/tmp").unwrap();
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755)).unwrap();
        if let Some(uid) = uid {
            chown(home.path(), Some(uid), Some(uid)).unwrap();
        }
        Self { home, uid }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file that anyone may read.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    /// A program run by this person, in the home, with nothing of the tests' environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Some(uid) = self.uid {
            command.uid(uid).gid(uid);
        }
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn creance(&self) -> Command {
        self.command(creance())
    }

    /// `creance run` in the mode that needs no network, with options before the app.
    fn jail<S: AsRef<OsStr>>(&self, options: &[&str], app: &[S]) -> Command {
        let mut command = self.creance();
        command.args(["run", "--mode", "offline"]).args(options).arg("--").args(app);
        command
    }

    fn shell(&self, text: &str) -> Came {
        self.jail(&[], &["sh", "-c", text]).came()
    }
}

/// How a command's end is told.
pub(crate) trait Comes {
    fn came(&mut self) -> Came;
}

impl Comes for Command {
    fn came(&mut self) -> Came {
        Came::from(self.output().unwrap())
    }
}

impl From<Output> for Came {
    fn from(output: Output) -> Self {
        let status = output.status;
        Self {
            status: status.code().unwrap_or_else(|| 128 + status.signal().unwrap()),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl std::fmt::Display for Came {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}\n--- out\n{}\n--- err\n{}", self.status, self.out, self.err)
    }
}

/// Who the tests can be: themselves, and an ordinary user where they are root. Nobody where the
/// system lets no namespaces be made, judged by another program.
pub(crate) fn people() -> Vec<Person> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let mut people = vec![Person::new(None)];
    if root {
        people.push(Person::new(Some(NOBODY)));
    }
    people.retain(|person| {
        let may = person.command("unshare").args(["-Urnmpf", "--mount-proc", "true"]).came();
        if may.status != 0 {
            println!("skipped for user {:?}: no namespaces can be made here: {}", person.uid, may.err);
        }
        may.status == 0
    });
    for program in ["nft", "ip"] {
        if people.first().is_some_and(|person| {
            person.command("sh").args(["-c", &format!("command -v {program}")]).came().status != 0
        }) {
            println!("skipped: `{program}` is not installed");
            people.clear();
        }
    }
    people
}

/// Whether a program is there, and a word where it is not.
fn there(program: &str) -> bool {
    let there = Path::new(program).is_file();
    if !there {
        println!("skipped: `{program}` is not installed");
    }
    there
}
