//! Dials what was let out: the name is resolved here, and the flow's entry is durable before its
//! first packet.

use crate::core::{Admission, Flow, Reason, Refusal};
use crate::shell::desk::Ticket;
use crate::shell::gateway::Shared;
use creance_catalogue::Binding as Wanted;
use creance_ledger::{Binding, Event, FlowEnd, FlowStarted, Pseudonym};
use creance_model::{Endpoint, HostName, Scope, Transport, scope};
use socket2::SockRef;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// How long one address is tried while there are others.
const TRIED: Duration = Duration::from_secs(3);

/// How long the last address is tried.
const TRIED_LAST: Duration = Duration::from_secs(15);

/// How often a port is taken again that stands in the way of an older connection to the same end.
const PORTS_TRIED: usize = 4;

/// The bytes of a connection that did not come about.
const NOTHING: Option<(u64, u64)> = Some((0, 0));

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
    let addresses = addresses(shared, call).await?;
    let last = addresses.len().saturating_sub(1);
    for (place, address) in addresses.into_iter().enumerate() {
        let to = SocketAddr::new(address, call.port);
        let patience = if place == last { TRIED_LAST } else { TRIED };
        for _ in 0..PORTS_TRIED {
            let Ok((socket, from)) = own_end(to, shared.mark) else { break };
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
    Err(NotDialled::Unreachable)
}

/// The addresses that may be dialled.
pub(super) async fn addresses(shared: &Shared, call: &Call<'_>) -> Result<Vec<IpAddr>, NotDialled> {
    let found = match call.target {
        Target::Address(address) => vec![*address],
        Target::Name(name) => shared.resolver.addresses(name).await.map_err(|_| NotDialled::Unreachable)?,
    };
    let known = found.len();
    let may: Vec<IpAddr> = found.into_iter().filter(|address| !is_own(*address)).collect();
    if known > 0 && may.is_empty() {
        return Err(NotDialled::Refused(refusal(call, Reason::OwnAddress)));
    }
    Ok(may)
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
    let flow = Flow {
        station: call.station.clone(),
        name: name.cloned(),
        transport: call.transport,
        port: call.port,
        service: admission.service.clone(),
        binding: admission.binding,
    };
    let opened = shared.desk.open(&shared.recorder, flow, |flow, generation| {
        Event::FlowStarted(FlowStarted {
            flow,
            generation,
            station: Some(call.station.clone()),
            service: admission.service.clone(),
            name: name.cloned(),
            binding: binding(admission.binding),
            transport: call.transport,
            from: endpoint(from),
            to: endpoint(to),
        })
    });
    let (ticket, pending) = opened.await?;
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
pub(super) fn own_end(to: SocketAddr, mark: Option<u32>) -> io::Result<(TcpSocket, SocketAddr)> {
    let source = source(to)?;
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Without it a port rests for a minute after each flow, whatever its other end was.
    socket.set_reuseaddr(true)?;
    if let Some(mark) = mark {
        SockRef::from(&socket).set_mark(mark)?;
    }
    socket.bind(SocketAddr::new(source, 0))?;
    let from = socket.local_addr()?;
    Ok((socket, from))
}

/// A socket for datagrams with a port of its own, towards an end.
pub(super) async fn udp_end(
    to: SocketAddr,
    mark: Option<u32>,
) -> io::Result<(tokio::net::UdpSocket, SocketAddr)> {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = tokio::net::UdpSocket::bind(any).await?;
    if let Some(mark) = mark {
        SockRef::from(&socket).set_mark(mark)?;
    }
    socket.connect(to).await?;
    let from = socket.local_addr()?;
    Ok((socket, from))
}

/// The address of this machine that the way to an end begins at. Nothing is sent.
pub(super) fn source(to: SocketAddr) -> io::Result<IpAddr> {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    Ok(socket.local_addr()?.ip())
}

/// Whether an address is this machine's, or no single host's: an app would reach what listens
/// here, and through it what it may not.
fn is_own(address: IpAddr) -> bool {
    let address = address.to_canonical();
    match scope(address) {
        Scope::Loopback | Scope::LinkGroup | Scope::WideGroup => return true,
        Scope::LinkUnicast if address.is_ipv6() => return true,
        Scope::LinkUnicast | Scope::Private | Scope::Reserved | Scope::Global => {}
    }
    // Where there is no way to it, it is not here.
    address.is_unspecified() || source(SocketAddr::new(address, 9)).is_ok_and(|source| source == address)
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
            assert!(is_own(text.parse().unwrap()), "{text}");
        }
        for text in ["192.0.2.1", "2001:db8::1", "10.255.255.1"] {
            assert!(!is_own(text.parse().unwrap()), "{text}");
        }
    }
}
