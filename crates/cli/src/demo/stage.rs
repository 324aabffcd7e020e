//! The play itself, within the small internet: taps, a gateway, an app, and changes of mode.

use super::audits;
use super::children::{Running, end_now, waited};
use super::needs::{Folder, Programs};
use super::page::Page;
use super::story::{ACTS, ATTEMPTS, Act, Attempt, OVERLAY, place};
use crate::{held, table::counted};
use anyhow::{Context, Result, bail};
use creance_audit::report::data::{Contact, Report};
use creance_audit::report::text::bytes;
use creance_gateway::control::{Answer, Request, ask};
use creance_model::Mode;
use serde_json::{Value, json};
use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How often, and how long apart, is looked whether a stream moves.
const LOOKS_MAX: u32 = 500;
const LOOK: Duration = Duration::from_millis(20);
/// How long the tap listens on when an act is over: what was sent last is still on its way.
const SETTLE: Duration = Duration::from_millis(200);
/// Contacts that are named with what they were sent.
const NAMED_MAX: usize = 4;
/// An app that could not even try ends with this.
const UNTRIED: i32 = 2;

/// Plays all acts and writes down what was played.
pub(super) fn play(folder: &Folder, programs: Programs, sabotage: bool) -> Result<()> {
    if std::env::var_os("CREANCE_LAB_FAR").is_none() {
        bail!("--stage is for within the small internet\nhint: `creance demo` makes one");
    }
    fs::write(folder.catalogue().join("site.toml"), OVERLAY)
        .with_context(|| format!("`{}` cannot be written", folder.catalogue().display()))?;
    let mut stage = Stage { folder, programs, page: Page::new(), streams: Vec::new() };
    let flight = stage.tap("flight.pcapng")?;
    let mut played = Vec::new();
    let mut gateway = None;
    for (number, act) in ACTS.iter().enumerate() {
        stage.page.heading(&format!("Act {}: {}, {}", number + 1, act.name, act.says));
        let is_wrong = sabotage && number + 1 == ACTS.len();
        if gateway.is_none() {
            gateway = Some(stage.gateway(act)?);
        } else if is_wrong {
            stage.page.prose("  ", "Sabotage: somebody switches to Standard instead.");
            stage.change(Mode::Standard, &[])?;
        } else {
            stage.change(act.mode, &[act.option(), &act.listed.join(",")])?;
        }
        played.push(stage.act(act)?);
    }
    stage.page.heading("Landed: back to standard, so that the tap is seen alive after the last act as well");
    stage.change(Mode::Standard, &[])?;
    let first = ATTEMPTS.first().context("nothing is tried")?;
    stage.tried(first, &waited(&mut stage.app(first)?.0)?)?;
    stage.streams.clear();
    std::thread::sleep(SETTLE);
    if let Some(gateway) = gateway {
        gateway.end()?;
    }
    flight.end()?;
    let text = serde_json::to_string_pretty(&json!({ "format": 1, "acts": played }))?;
    fs::write(folder.story(), text + "\n")
        .with_context(|| format!("`{}` cannot be written", folder.story().display()))
}

struct Stage<'a> {
    folder: &'a Folder,
    programs: Programs,
    page: Page,
    /// What goes on until it is cut off.
    streams: Vec<App>,
}

/// An app, ended with its holder.
struct App(Child);

impl Drop for App {
    fn drop(&mut self) {
        end_now(&mut self.0);
    }
}

impl Stage<'_> {
    /// A tap at the far end, that writes to a file of the folder.
    fn tap(&self, name: &str) -> Result<Running> {
        let mut command = Command::new(&self.programs.lab);
        command.args(["in", "internet", "--"]).arg(&self.programs.creance);
        command.args(["tap", "--interface", place::FAR, "--out"]).arg(self.folder.file(name));
        Running::start("the tap", &mut command, "Recording")
    }

    fn gateway(&self, act: &Act) -> Result<Running> {
        let mut command = Command::new(&self.programs.creance);
        command.args(["gateway", "up", "--lan", place::LAN, "--uplink", place::UPLINK]);
        for address in place::STATION {
            command.arg("--station").arg(format!("s-1={address}"));
        }
        let mode = act.mode.to_string();
        command.args(["--resolver", place::RESOLVER, "--mode", &mode]);
        command.arg("--catalogue").arg(self.folder.catalogue()).arg("--ledger").arg(self.folder.ledger());
        let line = format!(
            "creance gateway up --lan {} --uplink {} --station s-1={} --mode {mode}",
            place::LAN,
            place::UPLINK,
            place::STATION.first().unwrap_or(&"")
        );
        self.page.prose("  $ ", &line);
        // The mode that it leaves is nobody else's.
        command.env("XDG_STATE_HOME", self.folder.ledger().join("state"));
        Running::start("the gateway", &mut command, "ledger log")
    }

    /// Changes the mode of the gateway, and shows what that stops.
    fn change(&self, mode: Mode, lists: &[&str]) -> Result<()> {
        let mode = mode.to_string();
        let words = [&["mode", mode.as_str()], lists, &["--yes"]].concat();
        self.page.prose("  $ ", &format!("creance {}", words.join(" ")));
        let output = Command::new(&self.programs.creance)
            .args(&words)
            .stdin(Stdio::null())
            .output()
            .context("`creance mode` cannot be started")?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("`creance mode` failed ({}): {}", output.status, said.trim());
        }
        for line in said.lines().filter(|line| !line.trim().is_empty()) {
            self.page.quoted(line);
        }
        Ok(())
    }

    /// One act: everything is tried under the mode that holds.
    fn act(&mut self, act: &Act) -> Result<Value> {
        let from = held::now();
        let tap = self.tap(&format!("{}.pcapng", act.name))?;
        let outcomes = self.attempts()?;
        std::thread::sleep(SETTLE);
        let to = held::now();
        tap.end()?;
        self.tell(act, &outcomes)?;
        let tried = ATTEMPTS.iter().zip(&outcomes).map(
            |(attempt, answered)| json!({ "what": attempt.what, "host": attempt.host, "answered": answered }),
        );
        Ok(json!({
            "act": act.name,
            "mode": act.mode.to_string(),
            "listed": act.listed,
            "from": audits::moment(from)?,
            "to": audits::moment(to)?,
            "tried": tried.collect::<Vec<_>>(),
        }))
    }

    /// Tries everything at once: whether each was answered.
    fn attempts(&mut self) -> Result<Vec<bool>> {
        let apps: Vec<App> = ATTEMPTS.iter().map(|attempt| self.app(attempt)).collect::<Result<_>>()?;
        let mut outcomes = Vec::new();
        for (attempt, mut app) in ATTEMPTS.iter().zip(apps) {
            if attempt.lasts {
                outcomes.push(self.flows(attempt, &mut app)?);
                self.streams.push(app);
            } else {
                let status = waited(&mut app.0).with_context(|| format!("the app's {}", attempt.what))?;
                outcomes.push(self.tried(attempt, &status)?);
            }
        }
        Ok(outcomes)
    }

    /// The app on the station, which tries one thing.
    fn app(&self, attempt: &Attempt) -> Result<App> {
        let mut command = Command::new(&self.programs.lab);
        command.args(["in", "station", "--"]).arg(&self.programs.lab);
        command.args(["app", attempt.behaviour, "--host", attempt.host]).args(attempt.more);
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        started.map(App).context("the app cannot be started")
    }

    /// Whether what was tried was answered.
    fn tried(&self, attempt: &Attempt, status: &ExitStatus) -> Result<bool> {
        match status.code() {
            Some(0) => Ok(true),
            Some(code) if code != UNTRIED => Ok(false),
            _ => bail!(
                "the app could not try `{}` ({status})\nhint: `creance-lab internet -- creance-lab app {} --host {}` says why",
                attempt.what,
                attempt.behaviour,
                attempt.host
            ),
        }
    }

    /// Waits until what lasts moves bytes through the gateway, or has ended.
    fn flows(&self, attempt: &Attempt, app: &mut App) -> Result<bool> {
        let socket = held::sockets()?.join("gateway").with_extension("sock");
        for _ in 0..LOOKS_MAX {
            if let Some(status) = app.0.try_wait()? {
                return self.tried(attempt, &status);
            }
            let Answer::Status(status) = ask(&socket, &Request::Status {})? else {
                bail!("the gateway answers something else than it was asked")
            };
            let is_it = |name: &Option<String>| name.as_deref() == Some(attempt.host);
            if status.flows.lines.iter().any(|flow| is_it(&flow.name) && flow.moved > 0) {
                return Ok(true);
            }
            std::thread::sleep(LOOK);
        }
        bail!("the app's {} neither goes on nor ends", attempt.what)
    }

    /// What the app was answered, and what the far tap saw.
    fn tell(&self, act: &Act, outcomes: &[bool]) -> Result<()> {
        let which = |answered: bool| -> Vec<&str> {
            let pairs = ATTEMPTS.iter().zip(outcomes).filter(|(_, outcome)| **outcome == answered);
            pairs.map(|(attempt, _)| attempt.what).collect()
        };
        let all: Vec<&str> = ATTEMPTS.iter().map(|attempt| attempt.what).collect();
        let is_first = ACTS.first().is_some_and(|first| first.name == act.name);
        let tried = if is_first {
            format!("{}: {}", counted(all.len(), "thing"), all.join(", "))
        } else {
            "the same again".to_owned()
        };
        self.page.prose("  the app tried  ", &tried);
        let (answered, refused) = (which(true), which(false));
        // Of two lists the shorter one says it all.
        let less = if answered.len() < refused.len() { &answered } else { &refused };
        let told = |list: &Vec<&str>| match list.len() {
            0 => "none".to_owned(),
            number if list == less => format!("{number}: {}", list.join(", ")),
            number if less.is_empty() => format!("all {number}"),
            number => format!("{number}: all else"),
        };
        self.page.prose("  answered       ", &told(&answered));
        self.page.prose("  refused        ", &told(&refused));
        if is_first {
            let says = "The gateway answers names itself: bytes that are hidden in them leave in no mode.";
            self.page.prose("                 ", says);
        }
        let report = audits::seen(self.folder, act)?;
        self.page.prose("  the far tap    ", &counts(&report));
        Ok(())
    }
}

/// What a capture of the far end holds, in a sentence.
fn counts(report: &Report) -> String {
    let one = |contact: &Contact| {
        let host = contact.hosts.first().filter(|_| contact.kind != "resolver");
        format!("{} {}", host.unwrap_or(&contact.name), bytes(contact.up_bytes))
    };
    let mut named: Vec<String> = report.contacts.iter().map(one).collect();
    let more = named.split_off(named.len().min(NAMED_MAX)).len();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    let flows: u64 = report.contacts.iter().map(|contact| contact.flows).sum();
    let sent: u64 = report.contacts.iter().map(|contact| contact.up_bytes).sum();
    let list = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
    format!("{}, {} sent{list}", counted(usize::try_from(flows).unwrap_or(usize::MAX), "flow"), bytes(sent))
}
