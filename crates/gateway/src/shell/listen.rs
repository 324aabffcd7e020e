//! Front-ends: where connections and questions come in.

use crate::shell::clock::now;
use crate::shell::connection::{Arrival, serve};
use crate::shell::dial::Target;
use crate::shell::gateway::Shared;
use crate::shell::{proxy, socks};
use creance_ledger::Pseudonym;
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Connections of apps that are held at a time, those at a door among them; more wait to be taken.
const CONNECTIONS_MAX: usize = 6000;

/// How long a client may take for each question over TCP, or for what it tells a proxy.
pub(super) const ASKED_WITHIN: Duration = Duration::from_secs(10);

/// How long is waited when the system gives no more descriptors.
const SCARCE_AFTER: Duration = Duration::from_millis(50);

/// The longest question in a datagram, in bytes.
const QUESTION_BYTES_MAX: usize = 4096;

/// The port of questions.
const QUESTIONS_PORT: u16 = 53;

/// Sockets that listen.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Connections whose local address is where they were to go.
    pub transparent: Vec<std::net::TcpListener>,
    /// Questions for names.
    pub dns: Vec<std::net::UdpSocket>,
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
            let listener = TcpListener::from_std(listener)?;
            tasks.spawn(accept(Arc::clone(shared), Arc::clone(&places), listener, front));
        }
    }
    for socket in listeners.dns {
        socket.set_nonblocking(true)?;
        tasks.spawn(questions(Arc::clone(shared), UdpSocket::from_std(socket)?));
    }
    Ok(tasks)
}

async fn accept(shared: Arc<Shared>, places: Arc<Semaphore>, listener: TcpListener, front: Front) {
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    greet(&shared, stream, peer, front).await;
                    drop(place);
                });
            }
            // Too many descriptors, or a connection that is gone already: the next may do.
            Err(_) => sleep(SCARCE_AFTER).await,
        }
    }
}

async fn greet(shared: &Shared, stream: TcpStream, peer: SocketAddr, front: Front) {
    let station = shared.stations.station(peer.ip().to_canonical());
    let arrival = match front {
        Front::Transparent => transparent(shared, stream, station).await,
        Front::Proxy => proxy::greet(shared, stream, station).await,
        Front::Socks => socks::greet(shared, stream, station).await,
    };
    if let Some(arrival) = arrival {
        serve(shared, arrival).await;
    }
}

async fn transparent(shared: &Shared, stream: TcpStream, station: Pseudonym) -> Option<Arrival> {
    let to = stream.local_addr().ok()?;
    if to.port() == QUESTIONS_PORT {
        stream_of_questions(shared, stream, &station).await;
        return None;
    }
    let target = shared.target(&station, to.ip());
    Some(Arrival { stream, station, target, port: to.port(), said: Vec::new(), rewrite: None })
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
    fn answer(&self, station: &Pseudonym, question: &[u8]) -> Option<Vec<u8>> {
        let table = self.desk.table();
        let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = questions.answer(&table, station, question, now());
        drop(questions);
        if let Some(refusal) = reply.refused {
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

async fn questions(shared: Arc<Shared>, socket: UdpSocket) {
    // Answers come from the address that was asked, whichever it was.
    let Ok(state) = UdpSocketState::new((&socket).into()) else { return };
    let mut buffer = vec![0; QUESTION_BYTES_MAX * state.gro_segments()];
    loop {
        let mut meta = [RecvMeta::default()];
        let received = socket
            .async_io(Interest::READABLE, || {
                state.recv((&socket).into(), &mut [IoSliceMut::new(&mut buffer)], &mut meta)
            })
            .await;
        if received.is_err() {
            sleep(SCARCE_AFTER).await;
            continue;
        }
        let [meta] = meta;
        let station = shared.stations.station(meta.addr.ip().to_canonical());
        let all = buffer.get(..meta.len).unwrap_or_default();
        for question in all.chunks(meta.stride.max(1)) {
            let Some(answer) = shared.answer(&station, question) else { continue };
            let transmit = Transmit {
                destination: meta.addr,
                ecn: None,
                contents: &answer,
                segment_size: None,
                src_ip: meta.dst_ip,
            };
            // Where it cannot be sent now the app asks again.
            let _ = socket.try_io(Interest::WRITABLE, || state.try_send((&socket).into(), &transmit));
        }
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
