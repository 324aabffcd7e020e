//! One exchange with a server: a datagram each way for each question, or a stream. Each is a flow
//! of its own in the ledger.

use crate::core::Flow;
use crate::shell::desk::{OwnError, Ticket};
use crate::shell::dial::{endpoint, own_end, udp_end};
use crate::shell::ending;
use crate::shell::messages::{self, Answered, Family};
use crate::shell::resolver::{ResolveError, Resolver, Server};
use creance_ledger::{Binding, FlowEnd, FlowStarted};
use creance_model::{HostName, Transport};
use ring::rand::{SecureRandom, SystemRandom};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// How long an answer is waited for before the question is asked again.
const ANSWER_AFTER: Duration = Duration::from_millis(1500);

/// How often a question is asked by datagram.
const TRIES: usize = 2;

/// The longest an exchange by stream takes.
const STREAM_MAX: Duration = Duration::from_secs(5);

/// How long the answer for IPv6 is waited for when that for IPv4 is there.
const OTHER_AFTER: Duration = Duration::from_millis(250);

/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: usize = 65_535;

/// A question that is out.
struct Asked {
    id: u16,
    family: Family,
    answer: Option<Answered>,
}

impl Resolver {
    /// Asks a server about a name, in the way that it is asked.
    pub(super) async fn exchange(
        &self,
        server: &Server,
        name: &HostName,
        flow: &Flow,
        families: &[Family],
    ) -> Result<Vec<Option<Answered>>, ResolveError> {
        if server.tls.is_some() {
            return self.exchange_stream(server, name, flow, families).await;
        }
        // A socket of its own for each: an answer must know its port as well as its number.
        let Ok((socket, from)) = udp_end(server.address, self.uplink.as_ref()).await else {
            return Ok(Vec::new());
        };
        let ticket = self.started(flow, Transport::Udp, from, server.address).await?;
        let mut asked = self.asked_of(families)?;
        let mut bytes = (0, 0);
        let exchange = datagrams(&socket, name, &mut asked, &mut bytes);
        let end = tokio::select! {
            biased;
            end = ticket.control.cut() => end,
            result = exchange => if result.is_ok() { FlowEnd::Finished } else { FlowEnd::Broken },
        };
        drop(socket);
        ticket.end(&self.recorder, Some(bytes), end);
        Ok(asked.into_iter().map(|asked| asked.answer).collect())
    }

    /// Asks a server over a stream, with TLS where that is wanted.
    pub(super) async fn exchange_stream(
        &self,
        server: &Server,
        name: &HostName,
        flow: &Flow,
        families: &[Family],
    ) -> Result<Vec<Option<Answered>>, ResolveError> {
        let Ok((socket, from)) = own_end(server.address, self.uplink.as_ref()) else { return Ok(Vec::new()) };
        let ticket = self.started(flow, Transport::Tcp, from, server.address).await?;
        let mut asked = self.asked_of(families)?;
        let mut stream = None;
        let exchange = self.stream(socket, server, name, &mut asked, &mut stream);
        let end = tokio::select! {
            biased;
            end = ticket.control.cut() => end,
            result = timeout(STREAM_MAX, exchange) => match result {
                Ok(Ok(())) => FlowEnd::Finished,
                Ok(Err(_)) | Err(_) => FlowEnd::Broken,
            },
        };
        let bytes = match stream {
            Some(stream) => ending::reset(stream, None).await,
            None => Some((0, 0)),
        };
        ticket.end(&self.recorder, bytes, end);
        Ok(asked.into_iter().map(|asked| asked.answer).collect())
    }

    async fn stream(
        &self,
        socket: TcpSocket,
        server: &Server,
        name: &HostName,
        asked: &mut [Asked],
        kept: &mut Option<TcpStream>,
    ) -> io::Result<()> {
        let stream = kept.insert(socket.connect(server.address).await?);
        match &server.tls {
            None => questions(stream, name, asked).await,
            Some(tls) => {
                let tls = ServerName::try_from(tls.as_str().to_owned()).map_err(io::Error::other)?;
                let mut stream = TlsConnector::from(Arc::clone(&self.tls)).connect(tls, stream).await?;
                questions(&mut stream, name, asked).await
            }
        }
    }

    async fn started(
        &self,
        flow: &Flow,
        transport: Transport,
        from: SocketAddr,
        to: SocketAddr,
    ) -> Result<Ticket, OwnError> {
        let started = FlowStarted {
            flow: 0,
            generation: 0,
            station: None,
            service: None,
            name: None,
            binding: Binding::Own,
            blinded: false,
            transport,
            from: endpoint(from),
            to: endpoint(to),
        };
        let (ticket, pending) = self.desk.open_own(&self.recorder, flow, started).await?;
        pending.durable().await.map_err(OwnError::from)?;
        Ok(ticket)
    }

    fn asked_of(&self, families: &[Family]) -> Result<Vec<Asked>, ResolveError> {
        let random = SystemRandom::new();
        let mut asked = Vec::new();
        for family in families {
            let mut id = [0; 2];
            random.fill(&mut id).map_err(|_| ResolveError::Silent)?;
            asked.push(Asked { id: u16::from_be_bytes(id), family: *family, answer: None });
        }
        Ok(asked)
    }
}

/// Asks by datagram. `bytes` are those that were sent and that came.
async fn datagrams(
    socket: &UdpSocket,
    name: &HostName,
    asked: &mut [Asked],
    bytes: &mut (u64, u64),
) -> io::Result<()> {
    let mut buffer = vec![0; ANSWER_BYTES_MAX];
    for _ in 0..TRIES {
        for one in asked.iter().filter(|one| one.answer.is_none()) {
            let question = messages::question(one.id, name, one.family);
            bytes.0 += socket.send(&question).await? as u64;
        }
        let mut until = Instant::now() + ANSWER_AFTER;
        while asked.iter().any(|one| one.answer.is_none()) {
            let Ok(received) = timeout_at(until, socket.recv(&mut buffer)).await else { break };
            let length = received?;
            bytes.1 += length as u64;
            take(buffer.get(..length).unwrap_or_default(), name, asked);
            if asked.iter().any(|one| one.answer.is_some()) {
                until = until.min(Instant::now() + OTHER_AFTER);
            }
        }
        if asked.iter().any(|one| one.answer.is_some()) {
            return Ok(());
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// Asks over a stream, where each message has its length before it (RFC 1035, 4.2.2).
async fn questions(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    name: &HostName,
    asked: &mut [Asked],
) -> io::Result<()> {
    for one in asked.iter() {
        let question = messages::question(one.id, name, one.family);
        let length = u16::try_from(question.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), question.as_slice()].concat()).await?;
    }
    stream.flush().await?;
    while asked.iter().any(|one| one.answer.is_none()) {
        let length = usize::from(stream.read_u16().await?);
        let mut message = vec![0; length];
        stream.read_exact(&mut message).await?;
        take(&message, name, asked);
    }
    Ok(())
}

fn take(bytes: &[u8], name: &HostName, asked: &mut [Asked]) {
    for one in asked {
        if one.answer.is_none() {
            one.answer = messages::answer(bytes, one.id, name, one.family);
        }
    }
}
