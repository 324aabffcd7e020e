//! Front-ends: where connections and questions come in.

use crate::core::{Reason, Refusal};
use crate::shell::clock::now;
use crate::shell::connection::{Arrival, serve};
use crate::shell::datagrams::{self, DatagramPort};
use crate::shell::dial::Target;
use crate::shell::ending;
use crate::shell::gateway::Shared;
use crate::shell::{proxy, socks};
use creance_ledger::Pseudonym;
use socket2::SockRef;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections of apps that are held at a time, those at a door among them; more wait to be taken.
const CONNECTIONS_MAX: usize = 6000;

/// Connections of one station that are held at a time; more are refused, so that others have
/// places.
const OF_ONE_STATION_MAX: usize = 3000;

/// How long a client may take for each question over TCP, or for what it tells a proxy.
pub(super) const ASKED_WITHIN: Duration = Duration::from_secs(10);

/// How long a connection with questions may last.
const QUESTIONS_WITHIN: Duration = Duration::from_secs(60);

/// How long is waited when the system gives no more descriptors.
const SCARCE_AFTER: Duration = Duration::from_millis(50);

/// The port of questions.
pub(super) const QUESTIONS_PORT: u16 = 53;

/// Sockets that listen.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Connections whose local address is where they were to go.
    pub transparent: Vec<std::net::TcpListener>,
    /// Datagrams, questions for names among them.
    pub datagrams: Vec<DatagramPort>,
    /// Proxies that are asked by CONNECT, or with requests in clear.
    pub proxy: Vec<std::net::TcpListener>,
    /// SOCKS5 proxies.
    pub socks: Vec<std::net::TcpListener>,
}

/// What a connection comes to.
#[derive(Debug, Clone, Copy)]
enum Front {
    Transparent,
    Proxy,
    Socks,
}

/// How many of something each station holds.
#[derive(Debug)]
pub(super) struct Places {
    held: Arc<Mutex<BTreeMap<Pseudonym, usize>>>,
    of_one_max: usize,
}

/// One of a station's places, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    held: Arc<Mutex<BTreeMap<Pseudonym, usize>>>,
    station: Pseudonym,
}

impl Places {
    /// For connections.
    pub(super) fn for_connections() -> Self {
        Self::new(OF_ONE_STATION_MAX)
    }

    pub(super) fn new(of_one_max: usize) -> Self {
        Self { held: Arc::default(), of_one_max }
    }

    /// A place for a station; none where it has as many as it may.
    pub(super) fn take(&self, station: &Pseudonym) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.get_mut(station) {
            Some(count) if *count >= self.of_one_max => return None,
            Some(count) => *count += 1,
            None => drop(held.insert(station.clone(), 1)),
        }
        Some(Place { held: Arc::clone(&self.held), station: station.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.station) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.station);
            }
        }
    }
}

/// Listens. All ends when the tasks are dropped, but for connections that were let in.
pub(super) fn start(shared: &Arc<Shared>, listeners: Listeners) -> io::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let fronts = [
        (Front::Transparent, listeners.transparent),
        (Front::Proxy, listeners.proxy),
        (Front::Socks, listeners.socks),
    ];
    for (front, listeners) in fronts {
        for listener in listeners {
            listener.set_nonblocking(true)?;
            // What comes to it has this too.
            SockRef::from(&listener).set_tcp_nodelay(true)?;
            let listener = TcpListener::from_std(listener)?;
            tasks.spawn(accept(Arc::clone(shared), Arc::clone(&places), listener, front));
        }
    }
    for port in listeners.datagrams {
        tasks.spawn(datagrams::serve(Arc::clone(shared), port));
    }
    Ok(tasks)
}

async fn accept(shared: Arc<Shared>, places: Arc<Semaphore>, listener: TcpListener, front: Front) {
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let shared = Arc::clone(&shared);
                // Large, and moved several times on its way into a task.
                tokio::spawn(Box::pin(async move {
                    greet(&shared, stream, peer, front).await;
                    drop(place);
                }));
            }
            // Too many descriptors, or a connection that is gone already: the next may do.
            Err(_) => sleep(SCARCE_AFTER).await,
        }
    }
}

async fn greet(shared: &Shared, stream: TcpStream, peer: SocketAddr, front: Front) {
    let station = shared.stations.station(peer.ip().to_canonical());
    let target = stream.local_addr().map(|to| (Target::Address(to.ip()), to.port()));
    let Ok((target, port)) = target else { return };
    let refuse = |stream: TcpStream, reason| {
        shared.refused(&station, &Refusal::of(reason), &target, port);
        ending::abort(stream);
    };
    if !shared.desk.table().knows(&station) {
        return refuse(stream, Reason::UnknownStation);
    }
    let Some(_place) = shared.places.take(&station) else { return refuse(stream, Reason::ManyFlows) };
    let arrival = match front {
        Front::Transparent => transparent(shared, stream, station, &target, port).await,
        // On the heap, so that not every connection has room for it.
        Front::Proxy => Box::pin(proxy::greet(shared, stream, station)).await,
        Front::Socks => Box::pin(socks::greet(shared, stream, station)).await,
    };
    if let Some(arrival) = arrival {
        serve(shared, arrival).await;
    }
}

async fn transparent(
    shared: &Shared,
    stream: TcpStream,
    station: Pseudonym,
    to: &Target,
    port: u16,
) -> Option<Arrival> {
    if port == QUESTIONS_PORT {
        let questions = Box::pin(stream_of_questions(shared, stream, &station));
        let _ = timeout(QUESTIONS_WITHIN, questions).await;
        return None;
    }
    let target = shared.named(&station, to.clone());
    Some(Arrival { stream, station, target, port, said: Vec::new(), rewrite: None })
}

impl Shared {
    /// Where an address leads: to the name that it was made up for, or to nothing but itself.
    pub(super) fn target(&self, station: &Pseudonym, address: IpAddr) -> Target {
        let address = address.to_canonical();
        let questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        match questions.book().name(station, address) {
            Some(name) => Target::Name(name.clone()),
            None => Target::Address(address),
        }
    }

    /// Answers a question.
    pub(super) fn answer(&self, station: &Pseudonym, question: &[u8]) -> Option<Vec<u8>> {
        let table = self.desk.table();
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = questions.answer(&table, station, self.stations.families(station), question, now());
        drop(questions);
        if let Some(refusal) = reply.refused {
            if !table.knows(station) {
                self.refused(station, &refusal, &Target::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), 0);
                return reply.bytes;
            }
            self.recorder.refused(table.generation(), Some(station), &refusal, None);
            let shown = refusal
                .name
                .as_ref()
                .map_or_else(|| "a question".to_owned(), |name| format!("{name} (asked for)"));
            self.tally.refused(&refusal, shown);
        }
        reply.bytes
    }
}

async fn stream_of_questions(shared: &Shared, mut stream: TcpStream, station: &Pseudonym) {
    let exchange = async |stream: &mut TcpStream| -> io::Result<bool> {
        let length = usize::from(stream.read_u16().await?);
        let mut question = vec![0; length];
        stream.read_exact(&mut question).await?;
        let Some(answer) = shared.answer(station, &question) else { return Ok(false) };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat()).await?;
        Ok(true)
    };
    while let Ok(Ok(true)) = timeout(ASKED_WITHIN, exchange(&mut stream)).await {}
}
