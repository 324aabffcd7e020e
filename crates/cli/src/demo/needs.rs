//! What the demo needs and does not bring along, and where its things lie.

use super::story::ACTS;
use anyhow::{Context, Result, bail};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Beside what the user's own search path has: programs of administration.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
/// The folder of the report on all acts.
pub(super) const COMPARED: &str = "compare";
/// The file that tells a demo's folder from any other.
const MARK: &str = "creance-demo.json";

/// The programs of ours.
pub(super) struct Programs {
    pub(super) creance: PathBuf,
    pub(super) lab: PathBuf,
}

impl Programs {
    /// Finds them, and sees that those of the system's are there that they use.
    pub(super) fn find() -> Result<Self> {
        for (name, package) in [("ip", "iproute2"), ("nft", "nftables")] {
            if on_path(name).is_none() {
                bail!(
                    "`{name}` is not installed, which the demo makes its network with\nhint: it comes with the package {package}"
                );
            }
        }
        let creance = std::env::current_exe().context("this program does not find itself")?;
        let beside = creance.parent().map(|folder| folder.join("creance-lab"));
        let lab = beside.filter(|path| path.is_file()).or_else(|| on_path("creance-lab"));
        let lab = lab.with_context(|| {
            format!(
                "`creance-lab` is neither beside `{}` nor in the search path\nhint: `make run` builds both; so does `cargo build --release --package creance-cli --package creance-lab --bins`",
                creance.display()
            )
        })?;
        Ok(Self { creance, lab })
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    let folders = own.into_iter().chain(FOLDERS.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The folder of a demo.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    /// Makes it anew. What an earlier demo left there goes; a folder of anything else stays as it is.
    pub(super) fn make(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).with_context(|| format!("`{}` is no path", path.display()))?;
        if path.starts_with("/run") {
            bail!("`{}`: the small internet hides /run\nhint: --out names another folder", path.display());
        }
        let folder = Self(path);
        let shown = folder.0.display();
        let is_empty = fs::read_dir(&folder.0).map_or(true, |mut inside| inside.next().is_none());
        if folder.0.exists() && !is_empty {
            if !folder.file(MARK).is_file() {
                bail!("`{shown}` is there and holds no demo\nhint: --out names another folder");
            }
            folder.clear().with_context(|| format!("the demo in `{shown}` cannot be replaced"))?;
        }
        let made = fs::create_dir_all(folder.catalogue()).and_then(|()| fs::write(folder.file(MARK), "{}\n"));
        made.with_context(|| format!("`{shown}` cannot be written\nhint: --out names another folder"))?;
        Ok(folder)
    }

    /// Takes away what a demo makes, and nothing else that somebody may have put beside it.
    fn clear(&self) -> io::Result<()> {
        let captures = ACTS.iter().map(|act| self.capture(act.name)).chain([self.flight(), self.story()]);
        for path in captures.filter(|path| path.exists()) {
            fs::remove_file(path)?;
        }
        let reports = ACTS.iter().map(|act| self.file(act.name)).chain([self.file(COMPARED)]);
        for path in reports.chain([self.ledger(), self.catalogue()]).filter(|path| path.exists()) {
            fs::remove_dir_all(path)?;
        }
        Ok(())
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What was played, for whoever reads the evidence.
    pub(super) fn story(&self) -> PathBuf {
        self.file(MARK)
    }

    /// What the tap saw from the first packet to the last.
    pub(super) fn flight(&self) -> PathBuf {
        self.file("flight.pcapng")
    }

    /// What it saw in an act.
    pub(super) fn capture(&self, act: &str) -> PathBuf {
        self.file(&format!("{act}.pcapng"))
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.file("ledger")
    }

    pub(super) fn catalogue(&self) -> PathBuf {
        self.file("catalogue")
    }
}
