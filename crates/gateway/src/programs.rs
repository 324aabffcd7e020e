//! Programs of the system's that are run with text to read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the system has its programs. What the user's own search path says is not asked.
pub(crate) const FOLDERS: [&str; 7] = [
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/run/current-system/sw/bin",
];

/// Lines of what a program says that are shown.
const LINES_MAX: usize = 4;

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is not there.
    #[error("`{name}` is not installed\nhint: it comes with the package {package}")]
    Missing {
        /// The program.
        name: String,
        /// The package that has it.
        package: String,
    },
    /// It could not be run.
    #[error("running `{path}`")]
    Run {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It said that it failed.
    #[error("`{path}` refused: {said}")]
    Refused {
        /// Which.
        path: PathBuf,
        /// What it said.
        said: String,
    },
}

/// Runs a program with text on its standard input, and gives what it wrote.
pub(crate) fn feed(name: &str, package: &str, args: &[&str], text: &str) -> Result<String, ProgramError> {
    let path = find(name)
        .ok_or_else(|| ProgramError::Missing { name: name.to_owned(), package: package.to_owned() })?;
    feed_at(path, args, text)
}

/// Where a program of the system's lies.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.is_file())
}

/// The same with a program that was found before.
pub(crate) fn feed_at(path: PathBuf, args: &[&str], text: &str) -> Result<String, ProgramError> {
    let failed = |source| ProgramError::Run { path: path.clone(), source };
    let mut child = Command::new(&path)
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // A program that ends early says why on its standard error.
        let _ = input.write_all(text.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().take(LINES_MAX).collect();
    Err(ProgramError::Refused { path, said: said.join("; ") })
}
