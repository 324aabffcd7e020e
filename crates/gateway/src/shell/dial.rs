//! Dials what was let out: the name is resolved here, and the flow's entry is durable before its
//! first packet.

use crate::core::{Admission, Flow, Reason, Refusal};
use crate::shell::datagrams::SEND_BYTES;
use crate::shell::desk::{OwnError, Ticket};
use crate::shell::gateway::{Shared, Uplink};
use crate::shell::ports;
use crate::shell::resolver::ResolveError;
use creance_catalogue::Binding as Wanted;
use creance_ledger::{Binding, FlowEnd, FlowStarted, Pseudonym};
use creance_model::{Endpoint, HostName, Scope, Transport, scope};
use rustix::net::connect_unspec;
use rustix::net::sockopt::set_tcp_quickack;
use socket2::{Domain, SockRef, Socket, Type};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

/// How long one address is tried while there are others.
const TRIED: Duration = Duration::from_secs(3);

/// How long the last address is tried.
const TRIED_LAST: Duration = Duration::from_secs(15);

/// How often a port is taken again that stands in the way of an older connection to the same end.
const PORTS_TRIED: usize = 4;

/// How long a way is believed to begin where it did. Should it have changed, then binding fails,
/// or the flow's entry names the address that it has all the same.
const SOURCE_HOLDS: Duration = Duration::from_millis(250);

/// Ways that are remembered.
const SOURCES_MAX: usize = 1000;

/// The bytes of a connection that did not come about.
const NOTHING: Option<(u64, u64)> = Some((0, 0));

thread_local! {
    /// Sockets that look for ways and send nothing; a new one for each costs more than to look.
    static LOOKING_V4: Cell<Option<UdpSocket>> = const { Cell::new(None) };
    static LOOKING_V6: Cell<Option<UdpSocket>> = const { Cell::new(None) };
    /// Where ways began that were looked for last.
    static SOURCES: RefCell<BTreeMap<IpAddr, (IpAddr, Instant)>> = const { RefCell::new(BTreeMap::new()) };
}

/// Where something is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// To a name, which is resolved here.
    Name(HostName),
    /// To a bare address, where everything may leave.
    Address(IpAddr),
}

impl Target {
    pub(super) const fn name(&self) -> Option<&HostName> {
        match self {
            Self::Name(name) => Some(name),
            Self::Address(_) => None,
        }
    }
}

/// What is dialled, for whom and why.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    pub(super) station: &'a Pseudonym,
    pub(super) target: &'a Target,
    pub(super) transport: Transport,
    pub(super) port: u16,
    pub(super) admission: &'a Admission,
    /// Whether something is sent as soon as it stands.
    pub(super) speaks_first: bool,
}

/// A connection that was dialled.
#[derive(Debug)]
pub(super) struct Dialled {
    pub(super) stream: TcpStream,
    pub(super) ticket: Ticket,
}

/// Why nothing was dialled.
#[derive(Debug)]
pub(super) enum NotDialled {
    /// It is not let out after all.
    Refused(Refusal),
    /// It would have been let out, and could not be reached.
    Unreachable,
}

/// Dials over TCP, one address after the other.
pub(super) async fn dial(shared: &Shared, call: &Call<'_>) -> Result<Dialled, NotDialled> {
    let addresses = known(shared, call).await?;
    let last = addresses.len().saturating_sub(1);
    // None where it has no addresses at all.
    let mut all_own = !addresses.is_empty();
    for (place, address) in addresses.into_iter().enumerate() {
        let to = SocketAddr::new(address, call.port);
        let way = way(to);
        all_own &= way == Way::Own;
        let Way::From(source) = way else { continue };
        let patience = if place == last { TRIED_LAST } else { TRIED };
        for _ in 0..PORTS_TRIED {
            let Ok((socket, from)) = end_from(source, to, shared.uplink.as_ref()) else { break };
            if call.speaks_first {
                // What is sent first confirms what came: one packet less. Without it there are more.
                let _ = set_tcp_quickack(&socket, false);
            }
            let ticket = open(shared, call, from, to).await.map_err(NotDialled::Refused)?;
            let connected = tokio::select! {
                // A flow that was cut before it began must not begin.
                biased;
                end = ticket.control.cut() => {
                    ticket.end(&shared.recorder, NOTHING, end);
                    return Err(NotDialled::Refused(refusal(call, Reason::Denied)));
                }
                connected = timeout(patience, socket.connect(to)) => connected,
            };
            match connected {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(Dialled { stream, ticket });
                }
                Ok(Err(error)) => {
                    ticket.end(&shared.recorder, NOTHING, FlowEnd::Broken);
                    if error.kind() != io::ErrorKind::AddrNotAvailable {
                        break;
                    }
                }
                Err(_) => {
                    ticket.end(&shared.recorder, NOTHING, FlowEnd::Broken);
                    break;
                }
            }
        }
    }
    Err(if all_own {
        NotDialled::Refused(refusal(call, Reason::OwnAddress))
    } else {
        NotDialled::Unreachable
    })
}

/// The addresses of a target.
async fn known(shared: &Shared, call: &Call<'_>) -> Result<Vec<IpAddr>, NotDialled> {
    match call.target {
        Target::Address(address) => Ok(vec![*address]),
        Target::Name(name) => {
            if let Some(known) = shared.resolver.recall(name) {
                return Ok(known);
            }
            // On the heap, so that not every connection has room for it.
            Box::pin(shared.resolver.addresses(name, &flow(call))).await.map_err(|error| match error {
                ResolveError::Own(OwnError::Denied) => NotDialled::Refused(refusal(call, Reason::Denied)),
                ResolveError::Own(OwnError::Record(_)) => {
                    NotDialled::Refused(refusal(call, Reason::NotRecorded))
                }
                ResolveError::Silent => NotDialled::Unreachable,
            })
        }
    }
}

/// The addresses that may be dialled.
pub(super) async fn addresses(shared: &Shared, call: &Call<'_>) -> Result<Vec<IpAddr>, NotDialled> {
    let found = known(shared, call).await?;
    let known = found.len();
    let own = |address: &IpAddr| way(SocketAddr::new(*address, call.port)) == Way::Own;
    let may: Vec<IpAddr> = found.into_iter().filter(|address| !own(address)).collect();
    if known > 0 && may.is_empty() {
        return Err(NotDialled::Refused(refusal(call, Reason::OwnAddress)));
    }
    Ok(may)
}

/// The flow that a call is for.
fn flow(call: &Call<'_>) -> Flow {
    Flow {
        station: call.station.clone(),
        name: call.target.name().cloned(),
        transport: call.transport,
        port: call.port,
        service: call.admission.service.clone(),
        binding: call.admission.binding,
        blinded: call.admission.blinded,
    }
}

pub(super) fn refusal(call: &Call<'_>, reason: Reason) -> Refusal {
    Refusal { reason, name: call.target.name().cloned(), service: call.admission.service.clone() }
}

/// Opens the flow and waits until its entry is durable.
pub(super) async fn open(
    shared: &Shared,
    call: &Call<'_>,
    from: SocketAddr,
    to: SocketAddr,
) -> Result<Ticket, Refusal> {
    let admission = call.admission;
    let name = call.target.name();
    let flow = flow(call);
    let started = FlowStarted {
        flow: 0,
        generation: 0,
        station: Some(call.station.clone()),
        service: admission.service.clone(),
        name: name.cloned(),
        binding: binding(admission.binding),
        blinded: admission.blinded,
        transport: call.transport,
        from: endpoint(from),
        to: endpoint(to),
    };
    let (ticket, pending) = shared.desk.open(&shared.recorder, flow, started).await?;
    pending.durable().await.map_err(|_| refusal(call, Reason::NotRecorded))?;
    Ok(ticket)
}

/// What tied the name, in the ledger's words. Where nothing had to carry it, it was tied by the
/// address that was made up for it, or by nothing.
const fn binding(wanted: Option<Wanted>) -> Binding {
    match wanted {
        Some(Wanted::Tls) => Binding::Tls,
        Some(Wanted::Quic) => Binding::Quic,
        Some(Wanted::Http) => Binding::Http,
        Some(Wanted::NameOnly) | None => Binding::NameOnly,
    }
}

pub(super) const fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint { addr: address.ip(), port: address.port() }
}

/// A socket with a port of its own, towards an end, before anything is sent: so that the entry
/// can name it.
pub(super) fn own_end(to: SocketAddr, uplink: Option<&Uplink>) -> io::Result<(TcpSocket, SocketAddr)> {
    end_from(source(to)?, to, uplink)
}

fn end_from(source: IpAddr, to: SocketAddr, uplink: Option<&Uplink>) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Without it a port rests for a minute after each flow, whatever its other end was.
    socket.set_reuseaddr(true)?;
    if let Some(uplink) = uplink {
        uplink.hold(&socket)?;
    }
    // Where this process dies the kernel closes its sockets: with a reset, which drops what is
    // buffered, so that nothing leaves that nobody counts any more.
    SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
    let port = ports::bind(&socket, source)?;
    Ok((socket, SocketAddr::new(source, port)))
}

/// A socket for datagrams with a port of its own, towards an end.
pub(super) async fn udp_end(
    to: SocketAddr,
    uplink: Option<&Uplink>,
) -> io::Result<(tokio::net::UdpSocket, SocketAddr)> {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = tokio::net::UdpSocket::bind(any).await?;
    SockRef::from(&socket).set_send_buffer_size(SEND_BYTES)?;
    if let Some(uplink) = uplink {
        uplink.hold(&socket)?;
    }
    socket.connect(to).await?;
    let from = socket.local_addr()?;
    Ok((socket, from))
}

/// How an address is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is this machine's, or no single host's: an app would reach what listens here, and
    /// through it what it may not.
    Own,
    /// From this address of this machine.
    From(IpAddr),
    /// There is none.
    None,
}

fn way(to: SocketAddr) -> Way {
    let address = to.ip().to_canonical();
    match scope(address) {
        Scope::Loopback | Scope::LinkGroup | Scope::WideGroup => return Way::Own,
        Scope::LinkUnicast if address.is_ipv6() => return Way::Own,
        Scope::LinkUnicast | Scope::Private | Scope::Reserved | Scope::Global => {}
    }
    if address.is_unspecified() {
        return Way::Own;
    }
    match remembered(to) {
        Ok(source) if source.to_canonical() == address => Way::Own,
        Ok(source) => Way::From(source),
        Err(_) => Way::None,
    }
}

/// As [`source`], by what was found a moment ago.
fn remembered(to: SocketAddr) -> io::Result<IpAddr> {
    SOURCES.with_borrow_mut(|known| {
        let now = Instant::now();
        if let Some((source, at)) = known.get(&to.ip())
            && now.duration_since(*at) < SOURCE_HOLDS
        {
            return Ok(*source);
        }
        let source = source(to)?;
        if known.len() >= SOURCES_MAX {
            known.clear();
        }
        known.insert(to.ip(), (source, now));
        Ok(source)
    })
}

/// The address of this machine that the way to an end begins at. Nothing is sent.
fn source(to: SocketAddr) -> io::Result<IpAddr> {
    let kept = if to.is_ipv4() { &LOOKING_V4 } else { &LOOKING_V6 };
    let domain = if to.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = match kept.take() {
        Some(socket) => socket,
        None => Socket::new(domain, Type::DGRAM, None)?.into(),
    };
    socket.connect(to)?;
    let source = socket.local_addr()?.ip();
    // One that still had a way would find the next by it.
    if connect_unspec(&socket).is_ok() {
        kept.set(Some(socket));
    }
    Ok(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_groups_are_not_dialled() {
        for text in [
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "::",
            "224.0.0.251",
            "255.255.255.255",
            "ff02::1",
            "fe80::1",
        ] {
            assert_eq!(way(SocketAddr::new(text.parse().unwrap(), 9)), Way::Own, "{text}");
        }
        for text in ["192.0.2.1", "2001:db8::1", "10.255.255.1"] {
            assert_ne!(way(SocketAddr::new(text.parse().unwrap(), 9)), Way::Own, "{text}");
        }
    }
}
