//! `creance ledger`.

mod describe;

use crate::args::{LedgerArgs, LedgerCommand, LogArg};
use crate::table::{counted, table};
use crate::terminal::{self, printable};
use anyhow::{Context, Result, bail};
use creance_audit::LogSource;
use creance_ledger::{
    CHECKPOINT_BYTES_MAX, Checkpoint, Directory, Held, Reader, Verified, VerifierKey, verify,
};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A log is not sound.
const NOT_SOUND: u8 = 1;

/// How often `tail --follow` looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &LedgerArgs) -> Result<u8> {
    let desk = Desk::new(args.ledger.as_deref())?;
    match &args.command {
        LedgerCommand::Tail { log, entries, follow, json } => desk.tail(log, *entries, *follow, *json)?,
        LedgerCommand::Show { log: LogArg { log: None }, .. } => terminal::out(&desk.list()?),
        LedgerCommand::Show { log, from, to, json } => desk.show(log, *from, *to, *json)?,
        LedgerCommand::Verify { log, key, against } => return desk.verify(log, key.as_deref(), against),
        LedgerCommand::Checkpoint { key: true, .. } => {
            terminal::out(&format!("{}\n", desk.directory.verifier()?));
        }
        LedgerCommand::Checkpoint { log, key: false } => desk.checkpoint(log)?,
    }
    Ok(0)
}

/// A ledger with its logs.
pub(crate) struct Desk {
    folder: PathBuf,
    directory: Directory,
    logs: Vec<String>,
}

impl Desk {
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self> {
        let folder = match folder {
            Some(folder) => folder.to_owned(),
            None => own_folder()?,
        };
        let directory = Directory::at(folder.clone());
        let logs = directory.logs()?;
        if logs.is_empty() {
            bail!(
                "`{}` holds no logs\nhint: --ledger DIR names the folder that has `logs` in it",
                folder.display()
            );
        }
        Ok(Self { folder, directory, logs })
    }

    /// The log that is meant.
    fn log<'a>(&'a self, given: &'a LogArg) -> Result<&'a str> {
        match (&given.log, &self.logs[..]) {
            (Some(name), logs) if logs.contains(name) => Ok(name),
            (Some(name), logs) => bail!("there is no log `{name}`\nhint: there are: {}", logs.join(", ")),
            (None, [one]) => Ok(one),
            (None, logs) => bail!("there are several logs, and one must be named: {}", logs.join(", ")),
        }
    }

    /// The key that is given, or else the one beside the logs.
    pub(crate) fn key(&self, given: Option<&str>) -> Result<VerifierKey> {
        match given {
            Some(text) => given_key(text),
            None => self.directory.verifier().with_context(|| format!("`{}`", self.folder.display())),
        }
    }

    /// The logs of these names, or all.
    pub(crate) fn sources(&self, names: &[String]) -> Result<Vec<LogSource>> {
        let names = if names.is_empty() { &self.logs } else { names };
        names
            .iter()
            .map(|name| {
                let log = LogArg { log: Some(name.clone()) };
                let name = self.log(&log)?.to_owned();
                Ok(LogSource { folder: self.directory.log_folder(&name)?, name })
            })
            .collect()
    }

    fn reader(&self, name: &str) -> Result<Reader> {
        Ok(Reader::open(&self.directory.log_folder(name)?)?)
    }

    fn list(&self) -> Result<String> {
        let mut rows = Vec::new();
        for name in &self.logs {
            let mut reader = self.reader(name)?;
            let (mut first, mut last) = (None, None);
            while let Some((_, entry)) = reader.read_next()? {
                let at = describe::moment(&entry);
                first.get_or_insert_with(|| at.clone());
                last = Some(at);
            }
            let at = |one: Option<String>| one.unwrap_or_else(|| "–".to_owned());
            rows.push([name.clone(), reader.next().to_string(), at(first), at(last)]);
        }
        Ok(table(["log", "entries", "first", "last"], &rows))
    }

    fn show(&self, log: &LogArg, from: u64, to: Option<u64>, json: bool) -> Result<()> {
        let mut reader = self.reader(self.log(log)?)?;
        reader.skip_to(from)?;
        print(&mut reader, to, json).map(drop)
    }

    fn tail(&self, log: &LogArg, entries: u64, follow: bool, json: bool) -> Result<()> {
        let name = self.log(log)?;
        let mut end = self.reader(name)?;
        while end.read_next()?.is_some() {}
        let mut reader = self.reader(name)?;
        reader.skip_to(end.next().saturating_sub(entries))?;
        while print(&mut reader, None, json)? && follow {
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn checkpoint(&self, log: &LogArg) -> Result<()> {
        let name = self.log(log)?;
        let path = self.directory.log_folder(name)?.join("checkpoint");
        let note = read_text(&path)?;
        let checkpoint = Checkpoint::open(&note, &self.directory.verifier()?)
            .with_context(|| format!("`{}`", path.display()))?;
        terminal::out(&note);
        let mut reader = self.reader(name)?;
        reader.skip_to(checkpoint.size)?;
        while reader.read_next()?.is_some() {}
        let after = reader.next().saturating_sub(checkpoint.size);
        if after > 0 {
            let after = counted(usize::try_from(after).unwrap_or(usize::MAX), "later entry");
            terminal::note(&format!("note: it does not sign for {after}"));
        }
        Ok(())
    }

    fn verify(&self, log: &LogArg, key: Option<&str>, against: &[PathBuf]) -> Result<u8> {
        if key.is_none() {
            terminal::note(
                "note: the key is the ledger's own; whoever can change the logs can change it as well. \
                 --key KEY gives one that was kept elsewhere",
            );
        }
        let key = self.key(key)?;
        let held = held(against)?;
        let names: Vec<&str> = match &log.log {
            Some(_) => vec![self.log(log)?],
            None => self.logs.iter().map(String::as_str).collect(),
        };
        let mut sound = true;
        let mut unused = held.clone();
        for name in names {
            let origin = format!("{}/{name}", key.name());
            // One that cannot be read is shown with each log: it could be of any.
            let is_for = |held: &Held| Checkpoint::read(&held.note).map_or(true, |one| one.origin == origin);
            let held: Vec<Held> = held.iter().filter(|held| is_for(held)).cloned().collect();
            unused.retain(|held| !is_for(held));
            match verify(&self.directory.log_folder(name)?, Some(&origin), &key, &held) {
                Ok(found) => {
                    sound &= found.is_sound();
                    terminal::out(&report(name, &found, held.len()));
                }
                Err(error) => {
                    sound = false;
                    terminal::out(&printable(&format!("{name}: NOT SOUND\n  {error}\n")));
                }
            }
        }
        for held in unused {
            sound = false;
            let origin = Checkpoint::read(&held.note).map(|one| one.origin).unwrap_or_default();
            terminal::out(&printable(&format!(
                "{}: NOT SOUND\n  it signs for the log `{origin}`, which was not checked or is not here\n",
                held.name
            )));
        }
        Ok(if sound { 0 } else { NOT_SOUND })
    }
}

/// Checkpoints that were kept elsewhere, from their files.
pub(crate) fn held(paths: &[PathBuf]) -> Result<Vec<Held>> {
    paths.iter().map(|path| Ok(Held { name: path.display().to_string(), note: read_text(path)? })).collect()
}

/// Prints what there is to read; false where whoever reads the output has gone away.
fn print(reader: &mut Reader, to: Option<u64>, json: bool) -> Result<bool> {
    while to.is_none_or(|to| reader.next() <= to) {
        let Some((number, entry)) = reader.read_next()? else { break };
        let line =
            if json { String::from_utf8_lossy(&entry).into_owned() } else { describe::line(number, &entry) };
        if !terminal::line(&printable(&line)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What was found of a log, in words.
fn report(name: &str, found: &Verified, held: usize) -> String {
    let count = |number: u64, what| counted(usize::try_from(number).unwrap_or(usize::MAX), what);
    let word = if found.is_sound() { "sound" } else { "NOT SOUND" };
    let mut text = format!(
        "{name}: {word}\n  {}, {} signed for by a checkpoint that holds, {} after it\n",
        count(found.entries, "entry"),
        found.signed,
        found.after_checkpoint()
    );
    for problem in &found.problems {
        text.push_str(&format!("  {problem}\n"));
    }
    if found.problems_left_out > 0 {
        text.push_str(&format!("  and {} more\n", found.problems_left_out));
    }
    if found.after_checkpoint() > 0 {
        text.push_str("  nobody has signed for the last ones: a change of those would not show\n");
    }
    if held == 0 {
        text.push_str(
            "  without a checkpoint kept elsewhere (--against FILE), an older state put back would not show\n",
        );
    }
    printable(&text)
}

/// A key as text, or the file that holds it.
fn given_key(text: &str) -> Result<VerifierKey> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let path = Path::new(text);
    let held = read_text(path).context("the key that was given is neither a key nor a file of one")?;
    held.trim().parse().with_context(|| format!("`{}`", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(CHECKPOINT_BYTES_MAX).read_to_string(&mut text))
        .with_context(|| format!("`{}` cannot be read", path.display()))?;
    Ok(text)
}

/// Where this user's ledger lies.
/// The folder of this user's ledger.
pub(crate) fn own_folder() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let state = state.or_else(|| set("HOME").map(|home| home.join(".local/state")));
    let state =
        state.context("neither XDG_STATE_HOME nor HOME is set\nhint: --ledger DIR names the folder")?;
    Ok(state.join("creance/ledger"))
}
