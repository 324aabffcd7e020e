//! A connection of an app's, from its door to its end.

use crate::core::{Admission, Door, Reason, Refusal, Step};
use crate::shell::clock::now;
use crate::shell::desk::Ticket;
use crate::shell::dial::{Call, Dialled, NotDialled, Target, dial, endpoint};
use crate::shell::ending;
use crate::shell::gateway::Shared;
use crate::shell::relay::{Direction, Stop};
use creance_ledger::{Decided, Event, FlowBytes, FlowEnd, Pseudonym};
use creance_model::{ServiceId, Transport};
use socket2::SockRef;
use std::cell::RefCell;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::PoisonError;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long the start of a connection may take.
const DOOR_WITHIN: Duration = Duration::from_secs(10);

/// Bytes that are read at a door at once.
const READ_AT_ONCE: usize = 16 << 10;

thread_local! {
    /// What is being read; connections that wait at a door hold no memory but what they have said.
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_AT_ONCE]);
}

/// A connection that a front-end took, and where it is to go.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) stream: TcpStream,
    pub(super) station: Pseudonym,
    pub(super) target: Target,
    pub(super) port: u16,
    /// What it has said already.
    pub(super) said: Vec<u8>,
    /// How its requests are written anew before anything looks at them.
    pub(super) rewrite: Option<Rewrite>,
}

/// Makes requests to a proxy requests to a host, one after the other; none where it is no such
/// request, or to another host.
pub(super) type Rewrite = fn(&[u8], &Target, u16) -> Rewritten;

/// What became of the start of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rewritten {
    /// More of it is needed.
    More,
    /// This is what it is for the host.
    Request(Vec<u8>),
    /// It is none, or for another host.
    Refused(Reason),
}

/// Why a connection is over before its time.
enum Over {
    Refused(Refusal),
    Unreachable(Option<ServiceId>),
    /// The app has gone, or its connection broke.
    Gone,
}

impl From<io::Error> for Over {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(shared: &Shared, mut arrival: Arrival) {
    let over = match let_in(shared, &mut arrival).await {
        Ok((dialled, admission, head)) => {
            relay(shared, arrival, dialled, &admission, head).await;
            return;
        }
        Err(over) => over,
    };
    match over {
        Over::Refused(refusal) => shared.refused(&arrival.station, &refusal, &arrival.target, arrival.port),
        Over::Unreachable(service) => {
            shared.tally.unreachable(service.as_ref(), shown(&arrival.target, arrival.port));
        }
        Over::Gone => {}
    }
    ending::abort(arrival.stream);
}

/// A place as people read it.
pub(super) fn shown(target: &Target, port: u16) -> String {
    match target {
        Target::Name(name) => format!("{name}:{port}"),
        Target::Address(address) => SocketAddr::new(*address, port).to_string(),
    }
}

async fn let_in(shared: &Shared, arrival: &mut Arrival) -> Result<(Dialled, Admission, Vec<u8>), Over> {
    let said = std::mem::take(&mut arrival.said);
    let (admission, head) = at_door(shared, arrival, said).await?.ok_or(Over::Gone)?;
    let call = Call {
        station: &arrival.station,
        target: &arrival.target,
        transport: Transport::Tcp,
        port: arrival.port,
        admission: &admission,
        speaks_first: !head.is_empty(),
    };
    match dial(shared, &call).await {
        Ok(dialled) => Ok((dialled, admission, head)),
        Err(NotDialled::Refused(refusal)) => Err(Over::Refused(refusal)),
        Err(NotDialled::Unreachable) => Err(Over::Unreachable(admission.service)),
    }
}

/// Waits until a connection, or the next request on one, is let out. None where it ends before it
/// says anything.
async fn at_door(
    shared: &Shared,
    arrival: &Arrival,
    mut said: Vec<u8>,
) -> Result<Option<(Admission, Vec<u8>)>, Over> {
    let table = shared.desk.table();
    let Target::Name(name) = &arrival.target else {
        // A bare address leads somewhere only where everything may leave.
        let offer = table.everything(&arrival.station).ok_or(Over::Refused(Refusal::of(Reason::NoName)))?;
        return Ok(Some((Admission::of(&offer), said)));
    };
    let make = if arrival.rewrite.is_some() { Door::for_request } else { Door::new };
    let mut door = match make(&table, &arrival.station, name, arrival.port) {
        Ok(door) => door,
        Err(refusal) => {
            return Err(Over::Refused(refusal));
        }
    };
    let mut step = match door.first() {
        Step::Wait => next(arrival, &mut door, &mut said)?,
        admit @ (Step::Admit(_) | Step::Refuse(_)) => admit,
    };
    let wait = async {
        while step == Step::Wait {
            arrival.stream.readable().await?;
            match read(&arrival.stream, &mut said) {
                Ok(0) if said.is_empty() => return Ok(false),
                Ok(0) => step = door.end(),
                Ok(_) => step = next(arrival, &mut door, &mut said)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Over::from(error)),
            }
        }
        Ok(true)
    };
    match timeout(DOOR_WITHIN, wait).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => return Ok(None),
        Ok(Err(over)) => return Err(over),
        Err(_) => step = door.end(),
    }
    match step {
        Step::Admit(admission) => {
            shared.decided(&arrival.station, table.generation(), &admission);
            let head = door.into_head();
            // Where nothing was waited for, what was said has not been at the door.
            Ok(Some((admission, if head.is_empty() { said } else { head })))
        }
        Step::Refuse(refusal) => Err(Over::Refused(refusal)),
        Step::Wait => Err(Over::Gone),
    }
}

/// Takes what there is to read, at most [`READ_AT_ONCE`], and puts it behind what was said.
fn read(stream: &TcpStream, said: &mut Vec<u8>) -> io::Result<usize> {
    READ.with_borrow_mut(|buffer| {
        let length = stream.try_read(buffer)?;
        said.extend_from_slice(buffer.get(..length).unwrap_or_default());
        Ok(length)
    })
}

/// Shows the door what was said and it has not seen.
fn next(arrival: &Arrival, door: &mut Door, said: &mut Vec<u8>) -> Result<Step, Over> {
    let Some(rewrite) = arrival.rewrite.filter(|_| door.is_empty()) else {
        let new = std::mem::take(said);
        return Ok(if new.is_empty() { Step::Wait } else { door.feed(&new) });
    };
    match rewrite(said, &arrival.target, arrival.port) {
        Rewritten::More => Ok(Step::Wait),
        Rewritten::Request(request) => {
            said.clear();
            Ok(door.feed(&request))
        }
        Rewritten::Refused(reason) => {
            Err(Over::Refused(Refusal { reason, name: arrival.target.name().cloned(), service: None }))
        }
    }
}

/// Moves the bytes of a connection until it ends.
async fn relay(shared: &Shared, arrival: Arrival, dialled: Dialled, admission: &Admission, head: Vec<u8>) {
    let Dialled { stream, ticket } = dialled;
    let end = {
        let control = &*ticket.control;
        let upward = upward(shared, &arrival, &stream, &ticket, admission.again_after, head);
        let downward = downward(shared, &arrival, &stream, &ticket);
        let both = async { tokio::try_join!(upward, downward) };
        tokio::pin!(both);
        loop {
            tokio::select! {
                biased;
                end = control.cut() => break end,
                result = &mut both => break result.map_or_else(|end| end, |_| FlowEnd::Finished),
                () = control.progress() => progress(shared, &stream, &ticket),
            }
        }
    };
    let Arrival { stream: app, target, port, .. } = arrival;
    let (bytes, end) = if end == FlowEnd::Finished {
        drop(app);
        ending::finish(stream, &ticket.control.given, ticket.control.cut()).await
    } else {
        let bytes = ending::reset(stream, Some(&ticket.control.given)).await;
        ending::abort(app);
        (bytes, end)
    };
    shared.tally.let_out(admission, shown(&target, port), bytes);
    ticket.end(&shared.recorder, bytes, end);
}

/// From the app to the host: request by request where each has a door of its own.
async fn upward(
    shared: &Shared,
    arrival: &Arrival,
    stream: &TcpStream,
    ticket: &Ticket,
    again_after: Option<u64>,
    head: Vec<u8>,
) -> Result<(), FlowEnd> {
    let (moved, given) = (&ticket.control.moved, Some(&ticket.control.given));
    let mut direction =
        Direction { from: &arrival.stream, to: stream, pipes: &shared.pipes, moved, given, total: 0 };
    let (mut again_after, mut head) = (again_after, head);
    loop {
        direction.write(&head).await.map_err(broken)?;
        let limit = again_after.map(|after| after.saturating_sub(head.len() as u64));
        match direction.run(limit).await.map_err(broken)? {
            Stop::End => break,
            Stop::Limit => {}
        }
        // The next request may come at any time: a door's patience begins with its first byte.
        if arrival.stream.readable().await.is_err() {
            return Err(FlowEnd::Broken);
        }
        match Box::pin(at_door(shared, arrival, Vec::new())).await {
            Ok(Some((admission, next))) => (again_after, head) = (admission.again_after, next),
            Ok(None) => break,
            Err(Over::Refused(refusal)) => {
                shared.refused(&arrival.station, &refusal, &arrival.target, arrival.port);
                return Err(FlowEnd::Broken);
            }
            Err(Over::Unreachable(_) | Over::Gone) => return Err(FlowEnd::Broken),
        }
    }
    ticket.control.given.end();
    SockRef::from(stream).shutdown(Shutdown::Write).map_err(broken)
}

/// From the host to the app.
async fn downward(
    shared: &Shared,
    arrival: &Arrival,
    stream: &TcpStream,
    ticket: &Ticket,
) -> Result<(), FlowEnd> {
    let moved = &ticket.control.moved;
    let mut direction =
        Direction { from: stream, to: &arrival.stream, pipes: &shared.pipes, moved, given: None, total: 0 };
    direction.run(None).await.map_err(broken)?;
    if ticket.control.given.has_ended() {
        // To close it, which comes next, tells the app as much.
        return Ok(());
    }
    SockRef::from(&arrival.stream).shutdown(Shutdown::Write).map_err(broken)
}

fn broken(_: io::Error) -> FlowEnd {
    FlowEnd::Broken
}

fn progress(shared: &Shared, stream: &TcpStream, ticket: &Ticket) {
    if let Some((up, down)) = ending::counts(stream, Some(&ticket.control.given)) {
        let bytes = FlowBytes { flow: ticket.number, up: Some(up), down: Some(down) };
        shared.recorder.note(Event::FlowProgressed(bytes));
    }
}

impl Shared {
    /// Where something is to go that was asked for by name or address.
    pub(super) fn named(&self, station: &Pseudonym, target: Target) -> Target {
        match target {
            Target::Address(address) => self.target(station, address),
            name @ Target::Name(_) => name,
        }
    }

    /// Whether a connection may begin at all, before anything was heard of it.
    pub(super) fn may_begin(&self, station: &Pseudonym, target: &Target, port: u16) -> Result<(), Refusal> {
        let table = self.desk.table();
        match target {
            Target::Name(name) => {
                Door::new(&table, station, name, port)?;
                let mut questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
                questions.may_name(&table, station, name, now())
            }
            Target::Address(_) => {
                table.everything(station).map(drop).ok_or_else(|| Refusal::of(Reason::NoName))
            }
        }
    }

    /// Records that a service may leave, the first time that it is let out by a table.
    pub(super) fn decided(&self, station: &Pseudonym, generation: u64, admission: &Admission) {
        self.recorder.decided(Decided {
            generation,
            station: station.clone(),
            service: admission.service.clone(),
            allowed: true,
            policies: admission.policies.clone(),
        });
    }

    /// Records a refusal, and counts it for people.
    pub(super) fn refused(&self, station: &Pseudonym, refusal: &Refusal, target: &Target, port: u16) {
        let table = self.desk.table();
        let generation = table.generation();
        if !table.knows(station) {
            // What it says of itself is counted, and not kept.
            let refusal = Refusal::of(Reason::UnknownStation);
            self.recorder.refused(generation, Some(station), &refusal, None);
            self.tally.refused(&refusal, "anything".to_owned());
            return;
        }
        let to = match target {
            Target::Address(address) => Some(endpoint(SocketAddr::new(*address, port))),
            Target::Name(_) => None,
        };
        self.recorder.refused(generation, Some(station), refusal, to);
        self.tally.refused(refusal, shown(target, port));
    }
}
