//! A gateway as a whole: what its parts share, its start and its end.

use crate::control::{ControlSocket, FlowLines, Watched};
use crate::core::{Families, Questions, Table};
use crate::shell::control::{self, Compose, kept};
use crate::shell::datagrams;
use crate::shell::desk::{Change, Desk};
use crate::shell::keep::{Keep, Keeper};
use crate::shell::listen::{self, Listeners, Places};
use crate::shell::on_wire::OnWire;
use crate::shell::pipes::Pipes;
use crate::shell::record::{RecordError, Recorder};
use crate::shell::resolver::{Resolver, Server};
use crate::shell::tally::{Summary, Tally};
use creance_ledger::{Checkpoint, Event, LedgerError, ModeChanged, Pseudonym, Writer};
use creance_model::{ServiceId, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use socket2::SockRef;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Debug;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{interval, timeout};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// How often progress and refusals are recorded.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// How often it shows that it does its work.
const TICKS_EVERY: Duration = Duration::from_millis(300);

/// Tells whose an address on the station's side is.
pub trait Stations: Send + Sync + Debug {
    /// The station; one that the table does not hold may do nothing.
    fn station(&self, address: IpAddr) -> Pseudonym;

    /// By which families of addresses a station is known. It is told no address of another: what
    /// it sent there would be a stranger's.
    fn families(&self, _station: &Pseudonym) -> Families {
        Families { v4: true, v6: true }
    }
}

/// Everything that a gateway needs, before it listens.
#[derive(Debug)]
pub struct Config {
    /// What may leave.
    pub table: Table,
    /// What the ledger says of it.
    pub mode: Change,
    /// Whose which address is.
    pub stations: Arc<dyn Stations>,
    /// Where flows and decisions are recorded.
    pub ledger: Writer,
    /// Where names are resolved, in the order in which they are tried.
    pub resolvers: Vec<Server>,
    /// Where its own connections leave, and how a firewall knows them; none where none does.
    pub uplink: Option<Uplink>,
}

/// Where connections of a gateway's own leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// Their mark.
    pub mark: u32,
    /// The only interface that they may leave by, whatever routes say.
    pub device: String,
}

impl Uplink {
    /// Has a socket leave there, before anything is sent.
    pub(super) fn hold(&self, socket: &impl AsFd) -> io::Result<()> {
        let socket = SockRef::from(socket);
        socket.set_mark(self.mark)?;
        socket.bind_device(Some(self.device.as_bytes()))
    }
}

/// A gateway that runs.
#[derive(Debug, Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

/// What all parts share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) desk: Arc<Desk>,
    pub(super) questions: Mutex<Questions>,
    pub(super) recorder: Arc<Recorder>,
    pub(super) resolver: Resolver,
    pub(super) stations: Arc<dyn Stations>,
    pub(super) tally: Tally,
    pub(super) pipes: Pipes,
    pub(super) places: Places,
    /// Conversations by datagrams.
    pub(super) talks: Places,
    pub(super) uplink: Option<Uplink>,
    mode: Mutex<(Change, Timestamp)>,
    /// Why nothing is let through, where something outside of it is the reason.
    trouble: Mutex<Option<String>>,
    /// What a watch of its uplink has seen, where there is one.
    watched: Mutex<Option<Watched>>,
}

impl Gateway {
    /// Begins: the ledger tells which table holds before anything is decided by it.
    ///
    /// # Errors
    /// Where the ledger cannot be written, or the system has no random numbers.
    pub async fn start(config: Config) -> io::Result<Self> {
        let Config { table, mode, stations, ledger, resolvers, uplink } = config;
        let mut prefix = [0; 5];
        let random = SystemRandom::new();
        random.fill(&mut prefix).map_err(|_| io::Error::other("the system has no random numbers"))?;
        let recorder = Arc::new(Recorder::new(ledger));
        let event = Event::ModeChanged(ModeChanged {
            generation: table.generation(),
            from: None,
            to: mode.to,
            exempt: mode.exempt.clone(),
            granted: mode.granted.clone(),
            flows_cut: 0,
            last_cut: None,
        });
        recorder.begin(event).map_err(io::Error::other)?.durable().await.map_err(io::Error::other)?;
        let desk = Arc::new(Desk::new(table));
        let tls = Arc::new(tls()?);
        let resolver =
            Resolver::new(Arc::clone(&desk), Arc::clone(&recorder), resolvers, tls, uplink.clone());
        let shared = Shared {
            desk,
            questions: Mutex::new(Questions::new(prefix)),
            recorder,
            resolver,
            stations,
            tally: Tally::default(),
            pipes: Pipes::default(),
            places: Places::for_connections(),
            talks: datagrams::places(),
            uplink,
            mode: Mutex::new(kept(&mode)),
            trouble: Mutex::default(),
            watched: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Serves until `until` is done. `tick` is called several times a second: it shows that the
    /// gateway does its work.
    ///
    /// # Errors
    /// Where a listener cannot be used.
    pub async fn serve<T>(
        &self,
        listeners: Listeners,
        tick: impl Fn() + Send + 'static,
        until: impl Future<Output = T>,
    ) -> io::Result<T> {
        let mut tasks = listen::start(&self.shared, listeners)?;
        let shared = Arc::clone(&self.shared);
        tasks.spawn(async move {
            let mut ticks = interval(TOLD_EVERY);
            loop {
                ticks.tick().await;
                shared.desk.ask_progress();
                shared.recorder.flush();
            }
        });
        tasks.spawn(async move {
            let mut ticks = interval(TICKS_EVERY);
            loop {
                ticks.tick().await;
                tick();
            }
        });
        let result = until.await;
        // Nothing new begins; what runs goes on for a while.
        drop(tasks);
        Ok(result)
    }

    /// The flows that another table would stop: what is shown before a change.
    #[must_use]
    pub fn stopped_by(&self, table: &Table) -> FlowLines {
        self.shared.desk.stopped_by(table)
    }

    /// The flows that are open.
    #[must_use]
    pub fn flows(&self) -> FlowLines {
        self.shared.desk.lines()
    }

    /// What may leave now.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<(Pseudonym, Option<ServiceId>)> {
        self.shared.desk.table().allowed()
    }

    /// Whether a table would let out anything that may not leave now.
    pub(super) fn lets_out_less_than(&self, table: &Table) -> bool {
        table.lets_out_beyond(&self.shared.desk.table())
    }

    /// The number of the table that holds.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.desk.table().generation()
    }

    /// The mode that holds, and since when.
    #[must_use]
    pub fn mode(&self) -> (Change, Timestamp) {
        self.mode_lock().clone()
    }

    /// Puts another table in force, and gives how many flows were cut.
    ///
    /// # Errors
    /// Where the ledger cannot be written: then the table is in force all the same, and nothing
    /// new begins.
    pub async fn change(&self, table: Table, change: Change) -> Result<u64, RecordError> {
        let from = std::mem::replace(&mut *self.mode_lock(), kept(&change)).0.to;
        self.shared.desk.change(&self.shared.recorder, table, change, Some(from)).await
    }

    /// Keeps to the seal of the installation, also to one that comes while it runs.
    pub async fn keep_to_seal(&self, compose: Arc<dyn Compose>) {
        let desk = control::Desk {
            gateway: self.clone(),
            compose,
            keeper: Keeper::default(),
            changing: tokio::sync::Mutex::default(),
            down: tokio::sync::Notify::new(),
        };
        control::keep_to_seal(&desk).await;
    }

    /// Answers at a control socket until `until` is done, or until it is told there to end. Each
    /// change is kept in `keep`, where there is one.
    pub async fn control<T>(
        &self,
        socket: ControlSocket,
        compose: Arc<dyn Compose>,
        keep: Option<Arc<dyn Keep>>,
        until: impl Future<Output = T>,
    ) -> Option<T> {
        let desk = Arc::new(control::Desk {
            gateway: self.clone(),
            compose,
            keeper: Keeper::new(keep),
            changing: tokio::sync::Mutex::default(),
            down: tokio::sync::Notify::new(),
        });
        tokio::select! {
            result = until => Some(result),
            () = control::keep_to_seal(&desk) => None,
            () = control::serve(Arc::clone(&desk), socket) => None,
            () = desk.down.notified() => None,
        }
    }

    /// What may be on the wire now, for whoever watches it.
    pub(crate) fn on_wire(&self) -> Arc<OnWire> {
        Arc::clone(self.shared.desk.wire())
    }

    /// Records that something is wrong, for a person to look at.
    pub fn alarm(&self, what: &str) {
        let _ = self.shared.recorder.tell(Event::Alarm { what: what.to_owned() });
    }

    /// Why nothing new may begin, where that is so.
    #[must_use]
    pub fn closed(&self) -> Option<String> {
        let trouble = self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.recorder.closed().or_else(|| trouble.clone())
    }

    /// Tells when the ledger takes no more entries, and when it takes them again, once each, until it
    /// is dropped.
    pub(crate) async fn tell_of_ledger(&self, tell: impl Fn(&str)) -> Infallible {
        let mut ticks = interval(TOLD_EVERY);
        let mut was_closed = false;
        loop {
            ticks.tick().await;
            let closed = self.shared.recorder.closed();
            match (&closed, was_closed) {
                (Some(why), false) => {
                    tell(&format!("warning: the ledger takes no entries, so that nothing new begins: {why}"));
                }
                (None, true) => tell("note: the ledger takes entries again, and what may begin does"),
                (Some(_), true) | (None, false) => {}
            }
            was_closed = closed.is_some();
        }
    }

    /// Takes why nothing is let through from outside, for whoever asks.
    pub(crate) fn trouble(&self, why: Option<String>) {
        *self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Takes what a watch of the uplink has seen so far, for whoever asks.
    pub(crate) fn watched(&self, seen: Watched) {
        *self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    /// What a watch of the uplink has seen so far, where there is one.
    pub(super) fn seen(&self) -> Option<Watched> {
        self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has become of everything so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.shared.tally.summary()
    }

    /// Ends: waits for so long for flows that end by themselves, cuts the others, and closes the
    /// log. Where that fails it is as after a crash, and loses nothing.
    pub async fn close(self, patience: Duration) -> (Summary, Result<Checkpoint, LedgerError>) {
        let desk = Arc::clone(&self.shared.desk);
        let ended = async {
            while desk.flows() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = timeout(patience, ended).await;
        desk.cut_all().await;
        (self.summary(), self.shared.recorder.close().await)
    }

    fn mode_lock(&self) -> std::sync::MutexGuard<'_, (Change, Timestamp)> {
        self.shared.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a resolver's certificate is held against.
fn tls() -> io::Result<ClientConfig> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
