//! The lab's program, which runs the small internet and the apps in it.

use super::zone;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The far end of the uplink, which is also the resolver.
pub(super) const FAR: &str = "192.0.2.1";

/// The two programs, where an app in a jail can start them, and a folder for everything else.
#[derive(Debug)]
pub(super) struct Lab {
    pub(super) creance: PathBuf,
    pub(super) lab: PathBuf,
    folder: TempDir,
}

impl Lab {
    /// Finds the lab's program beside this one, and sees whether it can run an internet.
    pub(super) fn new() -> Result<Self> {
        let creance = std::env::current_exe().context("this program's own file cannot be found")?;
        let lab = creance.with_file_name("creance-lab");
        if !lab.is_file() {
            bail!(
                "`creance-lab` is not beside this program (`{}`), and nothing can be tried without it\n\
                 hint: `cargo build -p creance-lab` builds it",
                lab.display()
            );
        }
        // A jail hides /tmp and /run, so that neither programs nor results may lie there.
        let folder = tempfile::Builder::new()
            .prefix("creance-conformance-")
            .tempdir_in("/var/tmp")
            .context("no folder can be made in `/var/tmp`")?;
        let found = Self { creance: seen(&creance, folder.path())?, lab: seen(&lab, folder.path())?, folder };
        let catalogue = found.catalogue();
        std::fs::create_dir(&catalogue)
            .and_then(|()| std::fs::write(catalogue.join("conformance.toml"), zone::catalogue()))
            .with_context(|| format!("`{}` cannot be written", catalogue.display()))?;
        found.try_out()?;
        Ok(found)
    }

    /// Where everything is written.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder with the catalogue of the lab's services.
    pub(super) fn catalogue(&self) -> PathBuf {
        self.folder().join("catalogue")
    }

    fn try_out(&self) -> Result<()> {
        let output = Command::new(&self.lab)
            .args(["internet", "--lan", "--capture"])
            .arg(self.folder().join("tried.pcap"))
            .args(["--", "true"])
            .output()
            .context("`creance-lab` cannot be started")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("the small internet cannot be run: {}", said.trim().trim_start_matches("error: "));
        }
        Ok(())
    }

    /// The addresses of names in the small internet.
    pub(super) fn addresses(&self, names: &[String]) -> Result<BTreeMap<String, Vec<IpAddr>>> {
        let output = Command::new(&self.lab)
            .arg("addresses")
            .args(names)
            .output()
            .context("`creance-lab` cannot be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let read = |line: &str| {
            let mut words = line.split(' ');
            let name = words.next()?.to_owned();
            let found: Result<Vec<IpAddr>, _> = words.map(str::parse).collect();
            Some((name, found.ok().filter(|found| !found.is_empty())?))
        };
        let found: BTreeMap<String, Vec<IpAddr>> = text.lines().filter_map(read).collect();
        if let Some(name) = names.iter().find(|name| !found.contains_key(*name)) {
            bail!(
                "`creance-lab addresses` tells none of `{name}`\nhint: build both programs from one source"
            );
        }
        Ok(found)
    }

    /// What the lab's app can do, by name.
    pub(super) fn behaviours(&self) -> Result<Vec<String>> {
        let output =
            Command::new(&self.lab).arg("app").output().context("`creance-lab` cannot be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect())
    }
}

/// The program itself, or a copy of it where a jail would hide it.
fn seen(program: &Path, folder: &Path) -> Result<PathBuf> {
    let hidden = ["/tmp", "/run", "/var/run"].iter().any(|place| program.starts_with(place));
    let Some(name) = program.file_name().filter(|_| hidden) else { return Ok(program.to_owned()) };
    let copy = folder.join(name);
    std::fs::copy(program, &copy).with_context(|| format!("`{}` cannot be copied", program.display()))?;
    Ok(copy)
}
