//! Answers at the control socket.

use crate::control::{
    Answer, ControlSocket, Difference, FlowLine, LINE_BYTES_MAX, Request, Status, Wanted, read, write,
};
use crate::core::Table;
use crate::shell::clock::now;
use crate::shell::desk::Change;
use crate::shell::gateway::Gateway;
use crate::shell::keep::Keeper;
use creance_model::ServiceId;
use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, sleep, timeout};

/// Askers that are heard at a time.
const ASKERS_MAX: usize = 16;

/// How long an asker may take for its line.
const ASKED_WITHIN: Duration = Duration::from_secs(5);

/// How soon a seal that is new is kept to.
const SEAL_LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// Makes the table of a mode: whoever knows catalogue and policies.
pub trait Compose: Send + Sync + Debug {
    /// The table of a mode.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    fn compose(&self, generation: u64, wanted: &Wanted) -> Result<Table, Refused>;

    /// What must be instead of what is now; none where that may be.
    fn instead(&self, now: &Wanted) -> Option<Wanted>;
}

/// A mode that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why, and what to do, for people.
    pub why: String,
    /// Whether a seal refuses it: an attempt that is recorded.
    pub sealed: bool,
}

/// Who is asked, and how it changes.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) gateway: Gateway,
    pub(super) compose: Arc<dyn Compose>,
    pub(super) keeper: Keeper,
    /// One change at a time.
    pub(super) changing: Mutex<()>,
    pub(super) down: tokio::sync::Notify,
}

/// Listens until it is dropped.
pub(super) async fn serve(desk: Arc<Desk>, socket: ControlSocket) {
    let listener = match socket.listener().try_clone().and_then(UnixListener::from_std) {
        Ok(listener) => listener,
        Err(_) => return,
    };
    let places = Arc::new(Semaphore::new(ASKERS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let desk = Arc::clone(&desk);
                tokio::spawn(async move {
                    let _ = hear(&desk, stream).await;
                    drop(place);
                });
            }
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Changes what a seal does not let be, until it is dropped.
pub(super) async fn keep_to_seal(desk: &Desk) {
    loop {
        sleep(SEAL_LOOKED_AT_EVERY).await;
        let now = wanted(desk.gateway.mode().0);
        if let Some(instead) = desk.compose.instead(&now) {
            desk.gateway.alarm(&format!(
                "{} is not what this installation is sealed to: {} from now on",
                now.mode, instead.mode
            ));
            desk.change(instead, None).await;
        }
    }
}

async fn hear(desk: &Desk, mut stream: UnixStream) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(reader.take(LINE_BYTES_MAX as u64));
    timeout(ASKED_WITHIN, reader.read_until(b'\n', &mut line)).await??;
    let answer = match read(&line) {
        Ok(request) => desk.answer(request).await,
        Err(why) => Answer::Refused { why: format!("the request is not understood: {why}") },
    };
    let line = write(&answer).map_err(io::Error::other)?;
    // One that asks and does not listen must not keep others out.
    timeout(ASKED_WITHIN, async {
        writer.write_all(&line).await?;
        writer.shutdown().await
    })
    .await?
}

impl Desk {
    async fn answer(&self, request: Request) -> Answer {
        match request {
            Request::Status {} => Answer::Status(self.status()),
            Request::WouldChange { wanted } => match self.compose(&wanted) {
                Ok(table) => Answer::WouldChange(self.difference(&table)),
                Err(why) => Answer::Refused { why },
            },
            Request::Change { wanted, generation } => self.change(wanted, generation).await,
            Request::Down {} => {
                // No change may come between, which would be kept.
                let _alone = self.changing.lock().await;
                let not_forgotten = self.keeper.forget().await.err();
                self.down.notify_one();
                Answer::Down { not_forgotten }
            }
        }
    }

    /// The table after the one that holds. An attempt against a seal is recorded.
    fn compose(&self, wanted: &Wanted) -> Result<Table, String> {
        self.compose.compose(self.gateway.generation() + 1, wanted).map_err(|refused| {
            if refused.sealed {
                self.gateway.alarm(&refused.why);
            }
            refused.why
        })
    }

    async fn change(&self, wanted: Wanted, shown: Option<u64>) -> Answer {
        let _alone = self.changing.lock().await;
        let generation = self.gateway.generation();
        if shown.is_some_and(|shown| shown != generation) {
            let why = "the mode was changed meanwhile, so that what was shown does not hold any more";
            return Answer::Refused { why: why.to_owned() };
        }
        let table = match self.compose(&wanted) {
            Ok(table) => table,
            Err(why) => return Answer::Refused { why },
        };
        // What tightens holds at once. What lets out more than before must first be kept: else the
        // next start would not know why it was looser.
        let loosens = self.gateway.lets_out_less_than(&table);
        if loosens && let Err(why) = self.keeper.keep(&wanted).await {
            // It may have got to the disk all the same.
            let _ = self.keeper.keep(&self::wanted(self.gateway.mode().0)).await;
            return Answer::Refused {
                why: format!(
                    "it lets out more than now, and cannot be kept over a restart: {why}\nhint: what lets \
                     out nothing more is put in force all the same"
                ),
            };
        }
        let change =
            Change { to: wanted.mode, exempt: wanted.exempt.clone(), granted: wanted.granted.clone() };
        let begun = Instant::now();
        let changed = self.gateway.change(table, change).await;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let not_kept = if loosens { None } else { self.keeper.keep(&wanted).await.err() };
        match changed {
            Ok(flows_cut) => Answer::Changed { generation: generation + 1, flows_cut, micros, not_kept },
            Err(error) => Answer::Refused {
                why: format!(
                    "the mode was changed and what it stops was cut, but the ledger could not be told, so \
                     that nothing new begins: {error}"
                ),
            },
        }
    }

    fn status(&self) -> Status {
        let (now_, since) = self.gateway.mode();
        Status {
            program: concat!("creance ", env!("CARGO_PKG_VERSION")).to_owned(),
            pid: std::process::id(),
            now: wanted(now_),
            generation: self.gateway.generation(),
            since,
            flows: self.gateway.flows(),
            closed: self.gateway.closed(),
            watched: self.gateway.seen(),
        }
    }

    fn difference(&self, table: &Table) -> Difference {
        let (before, after) = (self.gateway.allowed(), table.allowed());
        let lines = |one: &std::collections::BTreeSet<(creance_ledger::Pseudonym, Option<ServiceId>)>,
                     other: &std::collections::BTreeSet<_>| {
            one.difference(other).map(|(station, service)| (station.to_string(), service.clone())).collect()
        };
        Difference {
            now: wanted(self.gateway.mode().0),
            generation: self.gateway.generation(),
            stops: lines(&before, &after),
            opens: lines(&after, &before),
            cuts: self.gateway.stopped_by(table),
        }
    }
}

fn wanted(change: Change) -> Wanted {
    Wanted { mode: change.to, exempt: change.exempt, granted: change.granted }
}

/// A change, as it is kept with its moment.
pub(super) fn kept(change: &Change) -> (Change, creance_model::Timestamp) {
    (change.clone(), now())
}

impl FlowLine {
    pub(super) fn of(flow: &crate::core::Flow, moved: u64) -> Self {
        Self {
            station: flow.station.to_string(),
            service: flow.service.clone(),
            name: flow.name.as_ref().map(ToString::to_string),
            port: flow.port,
            blinded: flow.blinded,
            moved,
        }
    }
}
