//! Watches the uplink from this machine: what leaves must be of a flow that the ledger has, or of
//! the few kinds that the machine itself sends. It sees what the kernel hands to the card, and so
//! does not replace a tap at the far end.

use crate::lan::rules::Own;
use crate::shell::{Ends, OnWire};
use creance_model::{Endpoint, Transport};
use creance_sys::{PacketKind, PacketSocket};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Room for frames that wait, in bytes, where the kernel gives it.
const ROOM_BYTES: i32 = 32 << 20;

/// As much of a frame as its heads take.
const HEAD_BYTES: usize = 512;

/// How often it is looked whether to end, in nanoseconds.
const LOOKED_EVERY_NS: i64 = 200_000_000;

/// Alarms that differ and are told one by one; of more only that there are.
const ALARMS_MAX: usize = 100;

/// Heads of IPv6 that are followed.
const HEADS_MAX: usize = 8;

/// What was seen on the uplink that nothing explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alarm {
    /// A packet left.
    Unexplained(String),
    /// Not all of it was seen.
    Lost(u32),
    /// It is not watched any more.
    Blind(String),
}

impl std::fmt::Display for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unexplained(what) => write!(f, "nothing explains what left on the uplink: {what}"),
            Self::Lost(count) => write!(f, "{count} frames on the uplink were not looked at in time"),
            Self::Blind(why) => write!(f, "the uplink is not watched any more: {why}"),
        }
    }
}

/// A watch, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch an interface.
    pub(super) fn start(
        index: u32,
        wire: Arc<OnWire>,
        own: Vec<Own>,
        alarm: impl Fn(Alarm) + Send + 'static,
    ) -> io::Result<Self> {
        let socket = PacketSocket::open(index, ROOM_BYTES)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = move || {
            let mut told = BTreeSet::new();
            if let Err(error) = watch(&socket, &stopped, &wire, &own, &mut |what: Alarm| {
                if told.len() < ALARMS_MAX && told.insert(what.to_string()) {
                    alarm(what);
                }
            }) {
                alarm(Alarm::Blind(error.to_string()));
            }
        };
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(work)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch(
    socket: &PacketSocket,
    stop: &AtomicBool,
    wire: &OnWire,
    own: &[Own],
    alarm: &mut impl FnMut(Alarm),
) -> io::Result<()> {
    let mut buffer = [0; HEAD_BYTES];
    while !stop.load(Ordering::Relaxed) {
        match socket.receive(&mut buffer) {
            Ok(packet) if packet.kind == PacketKind::Outgoing => {
                let seen = buffer.get(..packet.captured).unwrap_or_default();
                if let Some(what) = unexplained(seen, wire, own) {
                    alarm(Alarm::Unexplained(what));
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let lost = socket.counts()?.dropped;
                if lost > 0 {
                    alarm(Alarm::Lost(lost));
                }
                let limit = Timespec { tv_sec: 0, tv_nsec: LOOKED_EVERY_NS };
                poll(&mut [PollFd::new(&socket.as_fd(), PollFlags::IN)], Some(&limit))?;
            }
            // The interface went down, and may come up again.
            Err(error) if error.kind() == io::ErrorKind::NetworkDown => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What a frame is, where nothing explains it.
fn unexplained(frame: &[u8], wire: &OnWire, own: &[Own]) -> Option<String> {
    let (kind, bytes) = network(frame).unwrap_or((0, &[]));
    let packet = match kind {
        // ARP, and who may use the link (EAPOL).
        0x0806 | 0x888e => return None,
        0x0800 => ipv4(bytes),
        0x86dd => ipv6(bytes),
        _ => return Some(format!("a frame of type {kind:#06x}")),
    };
    let Some(packet) = packet else { return Some(format!("a broken packet of type {kind:#06x}")) };
    if is_the_machines(&packet, own) || explained(&packet, wire) {
        return None;
    }
    let Packet { from, to, protocol, .. } = packet;
    let ports = match packet.what {
        What::Ports(from, to) => format!(", port {from} to {to}"),
        What::Icmp(kind) => format!(", type {kind}"),
        What::Part | What::Other => String::new(),
    };
    Some(format!("{from} to {to}, protocol {protocol}{ports}"))
}

fn explained(packet: &Packet, wire: &OnWire) -> bool {
    let transport = match packet.protocol {
        6 => Transport::Tcp,
        17 => Transport::Udp,
        _ => return false,
    };
    match packet.what {
        What::Ports(from, to) => wire.explains(&Ends {
            transport,
            from: Endpoint { addr: packet.from, port: from },
            to: Endpoint { addr: packet.to, port: to },
        }),
        What::Part => wire.explains_part(packet.from, packet.to),
        What::Icmp(_) | What::Other => false,
    }
}

/// The few kinds of packets that the machine itself sends, and the rules let pass.
fn is_the_machines(packet: &Packet, own: &[Own]) -> bool {
    match (packet.protocol, &packet.what) {
        // Its address: DHCP.
        (17, What::Ports(68, 67) | What::Ports(546, 547)) => true,
        // Neighbours and routers, and which groups it hears.
        (58, What::Icmp(133 | 135 | 136 | 143)) | (2, _) => true,
        (_, What::Ports(_, to)) => own.iter().any(|own| own.is(packet.to, *to, packet.protocol == 17)),
        _ => false,
    }
}

struct Packet {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    what: What,
}

enum What {
    Ports(u16, u16),
    Icmp(u8),
    /// A later part of a packet, which has no ports.
    Part,
    Other,
}

/// The type and the payload of an Ethernet frame, tags taken off.
fn network(frame: &[u8]) -> Option<(u16, &[u8])> {
    let mut at = 12;
    for _ in 0..3 {
        let kind = u16::from_be_bytes(*frame.get(at..)?.first_chunk()?);
        at += 2;
        if !matches!(kind, 0x8100 | 0x88a8) {
            return Some((kind, frame.get(at..)?));
        }
        at += 2;
    }
    None
}

fn ipv4(bytes: &[u8]) -> Option<Packet> {
    let head = usize::from(bytes.first()? & 0xf) * 4;
    let part = u16::from_be_bytes(*bytes.get(6..)?.first_chunk()?) & 0x1fff != 0;
    let protocol = *bytes.get(9)?;
    let from: [u8; 4] = *bytes.get(12..)?.first_chunk()?;
    let to: [u8; 4] = *bytes.get(16..)?.first_chunk()?;
    let what = if part { What::Part } else { what(protocol, bytes.get(head..)?) };
    Some(Packet { from: Ipv4Addr::from(from).into(), to: Ipv4Addr::from(to).into(), protocol, what })
}

fn ipv6(bytes: &[u8]) -> Option<Packet> {
    let from: [u8; 16] = *bytes.get(8..)?.first_chunk()?;
    let to: [u8; 16] = *bytes.get(24..)?.first_chunk()?;
    let (mut protocol, mut rest) = (*bytes.get(6)?, bytes.get(40..)?);
    let mut part = false;
    for _ in 0..HEADS_MAX {
        match protocol {
            // Options and routes: how long they are is said in words of eight bytes.
            0 | 43 | 60 => {
                let length = (usize::from(*rest.get(1)?) + 1) * 8;
                protocol = *rest.first()?;
                rest = rest.get(length..)?;
            }
            44 => {
                part = u16::from_be_bytes(*rest.get(2..)?.first_chunk()?) & 0xfff8 != 0;
                protocol = *rest.first()?;
                rest = rest.get(8..)?;
                if part {
                    break;
                }
            }
            _ => break,
        }
    }
    let what = if part { What::Part } else { what(protocol, rest) };
    Some(Packet { from: Ipv6Addr::from(from).into(), to: Ipv6Addr::from(to).into(), protocol, what })
}

fn what(protocol: u8, bytes: &[u8]) -> What {
    match (protocol, bytes) {
        (6 | 17, [a, b, c, d, ..]) => What::Ports(u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])),
        (1 | 58, [kind, ..]) => What::Icmp(*kind),
        _ => What::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with a packet of IPv4 behind so many tags.
    fn frame(tags: usize, protocol: u8, to: [u8; 4], rest: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; 12];
        for _ in 0..tags {
            frame.extend_from_slice(&[0x81, 0, 0, 7]);
        }
        frame.extend_from_slice(&[8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1]);
        frame.extend_from_slice(&to);
        frame.extend_from_slice(rest);
        frame
    }

    fn says(frame: &[u8]) -> Option<String> {
        let own = ["192.0.2.123:123/udp".parse().unwrap()];
        unexplained(frame, &OnWire::default(), &own)
    }

    #[test]
    fn what_the_machine_itself_sends_needs_no_entry_and_all_else_does() {
        let to = [203, 0, 113, 9];
        assert_eq!(says(&frame(0, 17, [255; 4], &[0, 68, 0, 67])), None);
        assert_eq!(says(&frame(0, 17, [192, 0, 2, 123], &[1, 0, 0, 123])), None);
        assert!(says(&frame(0, 6, [192, 0, 2, 123], &[1, 0, 0, 123])).is_some(), "another transport");
        assert_eq!(says(&[&[0; 12][..], &[8, 6, 0, 1]].concat()), None);
        for tags in 0..3 {
            let said = says(&frame(tags, 6, to, &[1, 0, 1, 187])).unwrap();
            assert_eq!(said, "192.0.2.1 to 203.0.113.9, protocol 6, port 256 to 443");
        }
        assert_eq!(says(&frame(0, 1, to, &[8, 0])).unwrap(), "192.0.2.1 to 203.0.113.9, protocol 1, type 8");
        assert!(says(&frame(0, 47, to, &[])).unwrap().ends_with("protocol 47"));
        assert_eq!(says(&[0; 14]).unwrap(), "a frame of type 0x0000");
        assert!(says(&[0; 3]).is_some() && says(&frame(0, 6, to, &[])[..20]).is_some());
    }

    #[test]
    fn heads_of_ipv6_are_followed_to_the_ports() {
        let mut frame = vec![0; 12];
        frame.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 0, 64]);
        frame.extend_from_slice(&[0x20; 32]);
        // Options, then the first part of a datagram.
        frame.extend_from_slice(&[44, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 9, 0, 53, 1, 187]);
        let said = says(&frame).unwrap();
        assert!(said.ends_with("protocol 17, port 53 to 443"), "{said}");
        let solicit = [0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 58, 255];
        let frame = [&[0; 12][..], &solicit, &[0x20; 32], &[135, 0]].concat();
        assert_eq!(says(&frame), None);
    }
}
