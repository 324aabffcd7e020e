//! Datagrams of apps: questions are answered here, and the others go through a door for each
//! conversation.

use crate::core::{Admission, DatagramDoor, Reason, Refusal, Step};
use crate::shell::connection::shown;
use crate::shell::desk::Ticket;
use crate::shell::dial::{Call, NotDialled, Target, addresses, open, udp_end};
use crate::shell::gateway::Shared;
use crate::shell::listen::{Places, QUESTIONS_PORT};
use crate::shell::{ending, packet};
use creance_ledger::{Event, FlowBytes, FlowEnd, Pseudonym};
use creance_model::Transport;
use creance_sys::{Datagram, receive, tell_destinations};
use socket2::{SockRef, Socket};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// Conversations that are held at a time; datagrams of more are dropped.
const CONVERSATIONS_MAX: usize = 4096;

/// Conversations of one station that are held at a time, so that others have places.
const OF_ONE_STATION_MAX: usize = 1024;

/// Datagrams of one conversation that may wait.
const WAITING_MAX: usize = 64;

/// The longest datagram, in bytes.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// A conversation is over when nothing moved for so long (RFC 4787, 4.3: two minutes or more).
const IDLE_AFTER: Duration = Duration::from_secs(120);

/// Room for what is on its way out, in bytes. It is small, since a cut cannot take it back.
pub(super) const SEND_BYTES: usize = 8 << 10;

/// How long a datagram waits for it.
const SENT_WITHIN: Duration = Duration::from_millis(5);

/// How long a hello may take to be whole.
const DOOR_WITHIN: Duration = Duration::from_secs(10);

/// How long is waited when the system has no room.
const SCARCE_AFTER: Duration = Duration::from_millis(50);

/// Where datagrams of one family come in, and where answers go out.
#[derive(Debug)]
pub struct DatagramPort {
    socket: std::net::UdpSocket,
    answers: Socket,
}

impl DatagramPort {
    /// From a socket to which datagrams for all addresses are led, and one that
    /// [`crate::shell::answer_socket`] made.
    ///
    /// # Errors
    /// Where the first is none that can say where a datagram was to go.
    pub fn new(socket: std::net::UdpSocket, answers: Socket) -> io::Result<Self> {
        tell_destinations(socket.as_fd(), socket.local_addr()?.is_ipv6())?;
        socket.set_nonblocking(true)?;
        answers.set_nonblocking(true)?;
        Ok(Self { socket, answers })
    }
}

type Conversations = Arc<Mutex<BTreeMap<(SocketAddr, SocketAddr), mpsc::Sender<Vec<u8>>>>>;

/// Listens until it is dropped; conversations that were let out go on.
pub(super) async fn serve(shared: Arc<Shared>, port: DatagramPort) {
    let Ok(socket) = UdpSocket::from_std(port.socket) else { return };
    let answers = Arc::new(port.answers);
    let conversations = Conversations::default();
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let received = socket.async_io(Interest::READABLE, || receive(socket.as_fd(), &mut buffer)).await;
        let Ok(datagram) = received else {
            sleep(SCARCE_AFTER).await;
            continue;
        };
        let Datagram { length, from, to, cut } = datagram;
        let bytes = buffer.get(..length).unwrap_or_default();
        if cut {
            continue;
        }
        let station = shared.stations.station(from.ip().to_canonical());
        if to.port() == QUESTIONS_PORT {
            if let Some(answer) = shared.answer(&station, bytes) {
                let _ = packet::send(&answers, to, from, &answer);
            }
            continue;
        }
        if !shared.desk.table().knows(&station) {
            shared.refused(
                &station,
                &Refusal::of(Reason::UnknownStation),
                &Target::Address(to.ip()),
                to.port(),
            );
            let _ = packet::send_unreachable(&answers, to, from);
            continue;
        }
        hand_on(&shared, &conversations, &answers, station, (from, to), bytes);
    }
}

/// Sends a datagram, and waits for a moment where others are still on their way out.
async fn send(socket: &UdpSocket, datagram: &[u8]) -> io::Result<usize> {
    if datagram.len() > SEND_BYTES / 2 {
        SockRef::from(socket).set_send_buffer_size(2 * DATAGRAM_BYTES_MAX)?;
    }
    match socket.try_send(datagram) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            let _ = timeout(SENT_WITHIN, socket.writable()).await;
            socket.try_send(datagram)
        }
        sent => sent,
    }
}

/// Places for conversations.
pub(super) fn places() -> Places {
    Places::new(OF_ONE_STATION_MAX)
}

/// Gives a datagram to its conversation, which begins where there is none.
fn hand_on(
    shared: &Arc<Shared>,
    conversations: &Conversations,
    answers: &Arc<Socket>,
    station: Pseudonym,
    ends: (SocketAddr, SocketAddr),
    bytes: &[u8],
) {
    let mut open = conversations.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = open.get(&ends)
        && sender.try_send(bytes.to_vec()).is_ok()
    {
        return;
    }
    // A conversation that is over, or one with more than it can take, which loses some.
    if open.len() >= CONVERSATIONS_MAX || open.get(&ends).is_some_and(|sender| !sender.is_closed()) {
        return;
    }
    let Some(place) = shared.talks.take(&station) else {
        drop(open);
        let refusal = Refusal::of(Reason::ManyFlows);
        return shared.refused(&station, &refusal, &Target::Address(ends.1.ip()), ends.1.port());
    };
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let _ = sender.try_send(bytes.to_vec());
    open.insert(ends, sender);
    drop(open);
    let (shared, conversations, answers) =
        (Arc::clone(shared), Arc::clone(conversations), Arc::clone(answers));
    tokio::spawn(async move {
        let (from, to) = ends;
        let target = shared.target(&station, to.ip());
        let talk = Talk { shared: &shared, answers: &answers, station, target, from, to };
        talk.run(receiver).await;
        conversations.lock().unwrap_or_else(PoisonError::into_inner).remove(&ends);
        drop(place);
    });
}

/// A conversation.
struct Talk<'a> {
    shared: &'a Shared,
    answers: &'a Socket,
    station: Pseudonym,
    target: Target,
    from: SocketAddr,
    to: SocketAddr,
}

/// A conversation that was let out.
struct Out {
    socket: UdpSocket,
    ticket: Ticket,
    up: u64,
    down: u64,
}

impl Talk<'_> {
    async fn run(&self, mut datagrams: mpsc::Receiver<Vec<u8>>) {
        if let Err(refusal) = self.talk(&mut datagrams).await {
            self.shared.refused(&self.station, &refusal, &self.target, self.to.port());
            // It holds no place: what still comes is looked at as if it were the first.
            let _ = packet::send_unreachable(self.answers, self.to, self.from);
        }
    }

    async fn talk(&self, datagrams: &mut mpsc::Receiver<Vec<u8>>) -> Result<(), Refusal> {
        let table = self.shared.desk.table();
        let mut door = match &self.target {
            Target::Name(name) => Some(DatagramDoor::new(&table, &self.station, name, self.to.port())?),
            Target::Address(_) => None,
        };
        let (admission, first) = match &mut door {
            Some(door) => self.at_door(door, datagrams).await?,
            None => {
                let offer = table.everything(&self.station).ok_or(Refusal::of(Reason::NoName))?;
                (Admission::of(&offer), Vec::new())
            }
        };
        self.shared.decided(&self.station, table.generation(), &admission);
        let Some(mut out) = self.dial(&admission).await? else { return Ok(()) };
        let result = self.relay(&mut out, door.as_mut(), datagrams, first).await;
        let Out { socket, ticket, up, down } = out;
        let end = result.as_ref().map_or(FlowEnd::Broken, |end| *end);
        // What was handed on cannot be taken back: the end is when it has left.
        ending::left(&socket).await;
        drop(socket);
        let to = shown(&self.target, self.to.port());
        self.shared.tally.let_out(&admission, to, Some((up, down)));
        ticket.end(&self.shared.recorder, Some((up, down)), end);
        result.map(drop)
    }

    async fn at_door(
        &self,
        door: &mut DatagramDoor,
        datagrams: &mut mpsc::Receiver<Vec<u8>>,
    ) -> Result<(Admission, Vec<Vec<u8>>), Refusal> {
        let wait = async {
            while let Some(datagram) = datagrams.recv().await {
                match door.feed(&datagram) {
                    (Step::Wait, _) => {}
                    (Step::Admit(admission), leave) => return Ok((admission, leave)),
                    (Step::Refuse(refusal), _) => return Err(refusal),
                }
            }
            Err(Refusal::of(Reason::TooLate))
        };
        let waited = timeout(DOOR_WITHIN, wait).await;
        waited.unwrap_or_else(|_| {
            Err(match door.end() {
                Step::Refuse(refusal) => refusal,
                Step::Wait | Step::Admit(_) => Refusal::of(Reason::TooLate),
            })
        })
    }

    /// Opens the flow; none where the name cannot be reached.
    async fn dial(&self, admission: &Admission) -> Result<Option<Out>, Refusal> {
        let call = Call {
            station: &self.station,
            target: &self.target,
            transport: Transport::Udp,
            port: self.to.port(),
            admission,
            speaks_first: true,
        };
        let found = match addresses(self.shared, &call).await {
            Ok(found) => found,
            Err(NotDialled::Refused(refusal)) => return Err(refusal),
            Err(NotDialled::Unreachable) => Vec::new(),
        };
        for address in found {
            let to = SocketAddr::new(address, call.port);
            let Ok((socket, from)) = udp_end(to, self.shared.uplink.as_ref()).await else { continue };
            let ticket = open(self.shared, &call, from, to).await?;
            return Ok(Some(Out { socket, ticket, up: 0, down: 0 }));
        }
        let to = shown(&self.target, call.port);
        self.shared.tally.unreachable(admission.service.as_ref(), to);
        Ok(None)
    }

    async fn relay(
        &self,
        out: &mut Out,
        mut door: Option<&mut DatagramDoor>,
        datagrams: &mut mpsc::Receiver<Vec<u8>>,
        first: Vec<Vec<u8>>,
    ) -> Result<FlowEnd, Refusal> {
        let control = Arc::clone(&out.ticket.control);
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        let mut leave = first;
        loop {
            for datagram in leave.drain(..) {
                // What cannot be sent is lost, as datagrams are.
                if let Ok(sent) = send(&out.socket, &datagram).await {
                    out.up += sent as u64;
                    control.moved.fetch_add(sent as u64, Ordering::Relaxed);
                }
            }
            tokio::select! {
                biased;
                end = control.cut() => return Ok(end),
                () = control.progress() => {
                    let bytes = FlowBytes { flow: out.ticket.number, up: Some(out.up), down: Some(out.down) };
                    self.shared.recorder.note(Event::FlowProgressed(bytes));
                }
                datagram = datagrams.recv() => {
                    let Some(datagram) = datagram else { return Ok(FlowEnd::Finished) };
                    match &mut door {
                        None => leave.push(datagram),
                        Some(door) => match door.feed(&datagram) {
                            (Step::Admit(_), now) => leave = now,
                            (Step::Wait, _) => {}
                            (Step::Refuse(refusal), _) => return Err(refusal),
                        },
                    }
                }
                received = out.socket.recv(&mut buffer) => {
                    // Errors tell that a port is closed, which the app finds out by itself.
                    if let Ok(length) = received {
                        out.down += length as u64;
                        control.moved.fetch_add(length as u64, Ordering::Relaxed);
                        let bytes = buffer.get(..length).unwrap_or_default();
                        let _ = packet::send(self.answers, self.to, self.from, bytes);
                    }
                }
                () = sleep(IDLE_AFTER) => return Ok(FlowEnd::Idle),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_needs_a_socket_of_datagrams() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let answers = Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
        assert!(DatagramPort::new(socket, answers).is_ok());
    }
}
