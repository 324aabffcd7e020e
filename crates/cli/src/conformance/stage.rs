//! What runs within the small internet: this program once more, first beside the gateway, and then,
//! for the attempts, where the app would be. What to do stands in a file of JSON.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Attempts at a time: they mostly wait.
const AT_ONCE: usize = 12;

/// How long an attempt may take, in looks at it.
const LOOKS_MAX: u32 = 6000;
/// How long a service may take to listen, in looks at it.
const READY_LOOKS_MAX: u32 = 300;
const LOOK: Duration = Duration::from_millis(10);

/// What is done within one small internet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stage {
    /// Whether the host forwards what comes from stations.
    pub(super) forwards: bool,
    /// Commands that must succeed first.
    pub(super) before: Vec<Vec<String>>,
    /// What runs beside the attempts, each with the words by which it says that it is ready, or the
    /// port that it then listens at.
    pub(super) beside: Vec<Service>,
    /// By which command this program is started anew for the attempts.
    pub(super) prefix: Vec<String>,
    /// The attempts.
    pub(super) cases: Vec<Vec<String>>,
    /// Commands behind the attempts, whose end does not matter.
    pub(super) after: Vec<Vec<String>>,
}

/// What runs beside the attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) command: Vec<String>,
    pub(super) ready: Ready,
}

/// By what it is known that a service is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ready {
    /// It says so.
    Says(String),
    /// It listens at a TCP port.
    Listens(u16),
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    /// The app's exit status: 0 answered, 1 not, 2 could not be tried.
    pub(super) code: i32,
    /// What it said.
    pub(super) line: String,
}

impl Stage {
    pub(super) fn to_json(&self) -> Value {
        let services: Vec<Value> = self
            .beside
            .iter()
            .map(|service| match &service.ready {
                Ready::Says(words) => json!({ "command": service.command, "says": words }),
                Ready::Listens(port) => json!({ "command": service.command, "listens": port }),
            })
            .collect();
        json!({
            "forwards": self.forwards,
            "before": self.before,
            "beside": services,
            "prefix": self.prefix,
            "cases": self.cases,
            "after": self.after,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let service = |value: &Value| {
            let ready = match (value["says"].as_str(), value["listens"].as_u64()) {
                (Some(words), None) => Ready::Says(words.to_owned()),
                (None, Some(port)) => Ready::Listens(u16::try_from(port).ok()?),
                _ => return None,
            };
            Some(Service { command: words(&value["command"])?, ready })
        };
        Some(Self {
            forwards: value["forwards"].as_bool()?,
            before: commands(&value["before"])?,
            beside: value["beside"].as_array()?.iter().map(service).collect::<Option<_>>()?,
            prefix: words(&value["prefix"])?,
            cases: commands(&value["cases"])?,
            after: commands(&value["after"])?,
        })
    }

    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let value: Value = serde_json::from_slice(&text)?;
        Self::from_json(&value).with_context(|| format!("`{}` is no stage", path.display()))
    }
}

fn words(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|word| Some(word.as_str()?.to_owned())).collect()
}

fn commands(value: &Value) -> Option<Vec<Vec<String>>> {
    value.as_array()?.iter().map(words).collect()
}

/// Everything within one small internet: what runs beside, then the attempts, whose results go to
/// the file `results`.
pub(super) fn world(path: &Path) -> Result<u8> {
    let stage = Stage::read(path)?;
    if stage.forwards {
        for switch in ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"] {
            std::fs::write(switch, "1").with_context(|| format!("`{switch}` cannot be written"))?;
        }
    }
    for words in &stage.before {
        let status = command(words)?.status().with_context(|| format!("`{}` cannot run", words.join(" ")))?;
        if !status.success() {
            bail!("`{}` failed: {status}", words.join(" "));
        }
    }
    let mut running = Vec::new();
    let attempted = start(&stage, path, &mut running).and_then(|()| attempt(&stage, path));
    if attempted.is_ok() {
        for words in &stage.after {
            // Whether it is let out is for the tap to say.
            let _ = command(words)?.stdout(Stdio::null()).status();
        }
    }
    let mut gone = None;
    for (mut child, name) in running {
        if child.try_wait()?.is_some() {
            gone = Some(name);
        }
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        child.wait()?;
    }
    attempted?;
    match gone {
        Some(name) => bail!("`{name}` ended before all was tried"),
        None => Ok(0),
    }
}

fn start(stage: &Stage, path: &Path, running: &mut Vec<(Child, String)>) -> Result<()> {
    for service in &stage.beside {
        let name = service.command.first().cloned().unwrap_or_default();
        let log = path.with_extension(format!("{}.log", running.len()));
        let started = command(&service.command)?.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = started.with_context(|| format!("`{name}` cannot be started"))?;
        let stderr = child.stderr.take().context("a service has no standard error")?;
        let words = match &service.ready {
            Ready::Says(words) => Some(words.as_str()),
            Ready::Listens(_) => None,
        };
        let heard = listen(stderr, words, log).with_context(|| format!("`{name}` is not ready"));
        let listens = match service.ready {
            Ready::Listens(port) => listens(&mut child, port),
            Ready::Says(_) => Ok(()),
        };
        running.push((child, name.clone()));
        heard.and(listens.with_context(|| format!("`{name}` is not ready")))?;
    }
    Ok(())
}

/// Reads what a service says until it says the words, and the rest in a thread, into a file.
fn listen(stderr: impl Read + Send + 'static, words: Option<&str>, log: PathBuf) -> Result<()> {
    let mut lines = BufReader::new(stderr);
    let mut all = String::new();
    while words.is_some_and(|words| !all.contains(words)) {
        if lines.read_line(&mut all)? == 0 {
            bail!("it ended before it was ready: {}", all.trim());
        }
    }
    std::thread::spawn(move || {
        let read = lines.read_to_string(&mut all);
        let _ = read.and_then(|_| std::fs::write(log, all));
    });
    Ok(())
}

/// Waits until somebody listens at a TCP port.
fn listens(child: &mut Child, port: u16) -> Result<()> {
    let wanted = format!(":{port:04X}");
    for _ in 0..READY_LOOKS_MAX {
        for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
            let text = std::fs::read_to_string(path).with_context(|| format!("`{path}` cannot be read"))?;
            let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            // 0A is a socket that listens.
            if lines.any(|words| matches!(words.as_slice(), [_, at, _, "0A", ..] if at.ends_with(&wanted))) {
                return Ok(());
            }
        }
        if let Some(status) = child.try_wait()? {
            bail!("it ended before it listened at port {port}: {status}");
        }
        std::thread::sleep(LOOK);
    }
    bail!("nobody listens at port {port}")
}

/// Starts this program anew where the app would be.
fn attempt(stage: &Stage, path: &Path) -> Result<()> {
    let results = path.with_extension("results");
    let file = std::fs::File::create(&results)
        .with_context(|| format!("`{}` cannot be written", results.display()))?;
    let own = std::env::current_exe().context("this program's own file cannot be found")?;
    let tail =
        [own.as_os_str(), "conformance".as_ref(), "--stage".as_ref(), "cases".as_ref(), "--of".as_ref()];
    let output = match stage.prefix.split_first() {
        Some((program, args)) => Command::new(program).args(args).args(tail).arg(path).stdout(file).output(),
        None => Command::new(&own).args(tail.iter().skip(1)).arg(path).stdout(file).output(),
    };
    let output = output.context("the attempts cannot be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("the attempts failed: {}: {}", output.status, said.trim());
    }
    Ok(())
}

/// The attempts, a few at a time: a line of result for each on standard output.
pub(super) fn cases(path: &Path) -> Result<u8> {
    let stage = Stage::read(path)?;
    let next = AtomicUsize::new(0);
    let out = Mutex::new(std::io::stdout());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(words) = stage.cases.get(number) else { return };
                    let came = one(words);
                    let line = came.line.replace(['\t', '\n'], " ");
                    let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
                    // A line that is missing is found by who reads them.
                    let _ = writeln!(out, "{number}\t{}\t{line}", came.code);
                }
            });
        }
    });
    Ok(0)
}

/// One attempt; what went wrong with the program itself has a status of its own.
fn one(words: &[String]) -> Came {
    let failed = |line: String| Came { code: 125, line };
    let spawned = command(words).and_then(|mut command| {
        Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    });
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return failed(format!("could not be started: {error:#}")),
    };
    for _ in 0..LOOKS_MAX {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) => std::thread::sleep(LOOK),
            Err(error) => return failed(error.to_string()),
        }
    }
    let late = matches!(child.try_wait(), Ok(None));
    let _ = child.kill();
    match child.wait_with_output() {
        Ok(_) if late => failed("it did not end".to_owned()),
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            let line = String::from_utf8_lossy(&said).trim().to_owned();
            Came { code: output.status.code().unwrap_or(125), line }
        }
        Err(error) => failed(error.to_string()),
    }
}

fn command(words: &[String]) -> Result<Command> {
    let (program, args) = words.split_first().context("a command has no word")?;
    let mut command = Command::new(program);
    command.args(args);
    Ok(command)
}

/// The results of the attempts, one for each.
pub(super) fn results(path: &Path, count: usize) -> Result<Vec<Came>> {
    let path = path.with_extension("results");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let mut found: Vec<Option<Came>> = vec![None; count];
    for line in text.lines() {
        let mut parts = line.splitn(3, '\t');
        let (number, code) = (parts.next().map(str::parse::<usize>), parts.next().map(str::parse::<i32>));
        let (Some(Ok(number)), Some(Ok(code)), Some(said)) = (number, code, parts.next()) else {
            bail!("`{}` holds a line that is no result: `{line}`", path.display());
        };
        let place = found.get_mut(number).filter(|place| place.is_none());
        *place.with_context(|| format!("attempt {number} is told twice, or was none"))? =
            Some(Came { code, line: said.to_owned() });
    }
    let all: Option<Vec<Came>> = found.into_iter().collect();
    all.context("an attempt has no result")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_goes_to_its_file_and_back() {
        let one = |text: &str| vec![text.to_owned(), "a b".to_owned()];
        let stage = Stage {
            forwards: true,
            before: vec![one("x")],
            beside: vec![
                Service { command: one("y"), ready: Ready::Says("up".to_owned()) },
                Service { command: one("z"), ready: Ready::Listens(3128) },
            ],
            prefix: one("p"),
            cases: vec![one("c"), one("d")],
            after: vec![],
        };
        assert_eq!(Stage::from_json(&stage.to_json()), Some(stage));
        assert_eq!(Stage::from_json(&json!({ "forwards": true })), None);
    }

    #[test]
    fn each_attempt_has_one_result() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let with = |text: &str| {
            std::fs::write(path.with_extension("results"), text).unwrap();
            results(&path, 2)
        };
        let came = with("1\t0\tb\n0\t1\ta: c\n").unwrap();
        assert_eq!(came[0], Came { code: 1, line: "a: c".to_owned() });
        for wrong in ["", "0\t1\ta\n", "0\t1\ta\n0\t1\tb\n", "0\t1\ta\n2\t1\tb\n", "0\tx\ta\n1\t0\tb\n"] {
            assert!(with(wrong).is_err(), "{wrong:?}");
        }
    }
}
