//! Running groups, a few at a time, each in a small internet of its own.

use super::entries;
use super::front::{Front, Setting};
use super::group::{Addresses, Group, Id, STRAY};
use super::judge::{self, Control, Verdict};
use super::lab::{FAR, Lab};
use super::stage::{self, Ready, Service, Stage};
use super::tap;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The ledger of a group, below its folder.
const LEDGER: &str = "ledger";

/// What a group came to.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) group: Group,
    /// One for each attempt.
    pub(super) verdicts: Vec<Verdict>,
    /// What passed the tap and is nobody's.
    pub(super) strays: Vec<String>,
}

/// What the same attempts came to without a gateway, by group and host.
pub(super) type Controls = BTreeMap<(Id, String), Control>;

/// Runs `each` for all of them, `at_once` at a time; in the order given.
pub(super) fn in_parallel<T: Sync, R: Send>(
    all: &[T],
    at_once: usize,
    each: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(all.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(number) else { return };
                    let result = each(one);
                    done.lock().unwrap_or_else(PoisonError::into_inner).insert(number, result);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.into_values().collect()
}

/// A group of attempts without a gateway.
pub(super) fn control(lab: &Lab, group: &Group, addresses: &Addresses) -> Result<Controls> {
    let stage = Stage { forwards: group.id == Id::Station, ..bare(lab, group, addresses)? };
    let (seen, came) = run(lab, group, &stage, addresses)?;
    let found = group.cases.iter().zip(&came).zip(&seen.traces);
    Ok(found
        .map(|((case, came), trace)| ((group.id, case.host.clone()), judge::control(case, came, trace)))
        .collect())
}

/// The attempts of a group where its apps stand, with nothing beside them.
pub(super) fn bare(lab: &Lab, group: &Group, addresses: &Addresses) -> Result<Stage> {
    let prefix = if group.id == Id::Host { Vec::new() } else { in_station(lab) };
    Ok(Stage { prefix, cases: commands(lab, group, addresses)?, ..Stage::default() })
}

/// A group of attempts through a gateway. With `stray`, something goes past the gateway on purpose.
pub(super) fn through(
    lab: &Lab,
    group: Group,
    addresses: &Addresses,
    controls: &Controls,
    stray: bool,
) -> Result<Tried> {
    let Id::Gateway(front, setting) = group.id else { bail!("this group has no gateway") };
    let folder = lab.folder().join(group.id.word());
    let common = held(lab, &folder, setting)?;
    let creance = lab.creance.display().to_string();
    let mut stage = bare(lab, &group, addresses)?;
    if front == Front::Run {
        stage.prefix = [vec![creance, "run".to_owned()], common, vec!["--".to_owned()]].concat();
    } else {
        let site = [
            "--lan",
            "lan0",
            "--uplink",
            "uplink0",
            "--station",
            "s-1=192.168.50.10",
            "--station",
            "s-1=fd50::10",
        ];
        let site = site.iter().map(|word| (*word).to_owned()).collect();
        let up = vec![creance, "gateway".to_owned(), "up".to_owned()];
        stage.beside = vec![Service {
            command: [up, site, common].concat(),
            ready: Ready::Says("between `lan0` and `uplink0`".to_owned()),
        }];
    }
    if stray {
        let app =
            [lab.lab.display().to_string(), "app".into(), "af-packet".into(), "--host".into(), STRAY.into()];
        stage.after = vec![app.to_vec()];
    }
    let (seen, came) = run(lab, &group, &stage, addresses)?;
    let said = entries::read(&folder.join(LEDGER))?;
    let verdicts = group.cases.iter().zip(&came).zip(&seen.traces).map(|((case, came), trace)| {
        let control = controls.get(&(group.id.control(), case.host.clone()));
        entries::judge(case, setting, &said, judge::judge(case, came, trace, control))
    });
    Ok(Tried { verdicts: verdicts.collect(), strays: seen.strays, group })
}

/// How this program is told what to hold to.
fn held(lab: &Lab, folder: &Path, setting: Setting) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    let mut args = setting.args();
    for (option, value) in [("--catalogue", lab.catalogue()), ("--ledger", folder.join(LEDGER))] {
        args.extend([option.to_owned(), value.display().to_string()]);
    }
    args.extend(["--resolver".to_owned(), FAR.to_owned()]);
    Ok(args)
}

fn in_station(lab: &Lab) -> Vec<String> {
    let lab = lab.lab.display().to_string();
    [lab.as_str(), "in", "station", "--"].map(str::to_owned).to_vec()
}

fn commands(lab: &Lab, group: &Group, addresses: &Addresses) -> Result<Vec<Vec<String>>> {
    let one = |case: &super::group::Case| {
        let args = case.args(group.id, addresses);
        let args = args.with_context(|| format!("`{}` has no address that it needs", case.host))?;
        Ok([vec![lab.lab.display().to_string()], args].concat())
    };
    group.cases.iter().map(one).collect()
}

/// Runs a stage in a small internet and reads what came of it.
pub(super) fn run(
    lab: &Lab,
    group: &Group,
    stage: &Stage,
    addresses: &Addresses,
) -> Result<(tap::Seen, Vec<stage::Came>)> {
    let word = group.id.word();
    let capture = internet(lab, &word, stage).with_context(|| format!("group `{word}` could not be run"))?;
    let came = stage::results(&lab.folder().join(format!("{word}.json")), group.cases.len())?;
    Ok((tap::read(&capture, &group.cases, addresses)?, came))
}

/// Runs a stage in a small internet, and gives the capture of its far end.
pub(super) fn internet(lab: &Lab, word: &str, stage: &Stage) -> Result<PathBuf> {
    let folder = lab.folder();
    let spec = folder.join(format!("{word}.json"));
    let capture = folder.join(format!("{word}.pcap"));
    std::fs::write(&spec, stage.to_json().to_string())?;
    let output = Command::new(&lab.lab)
        .args(["internet", "--lan", "--capture"])
        .arg(&capture)
        .arg("--")
        .arg(&lab.creance)
        .args(["conformance", "--stage", "world", "--of"])
        .arg(&spec)
        .env("XDG_STATE_HOME", folder.join(format!("{word}.state")))
        .stdin(Stdio::null())
        .output()
        .context("`creance-lab` cannot be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}", said.trim().trim_start_matches("error: "));
    }
    Ok(capture)
}
