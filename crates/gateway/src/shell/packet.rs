//! Answers to datagrams, as whole packets: they come from whatever address was asked, and no
//! socket has that.

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The protocol of raw sockets that are given whole packets (`IPPROTO_RAW`).
const WHOLE_PACKETS: i32 = 255;

/// UDP's number (RFC 768).
const UDP: u8 = 17;

/// ICMP's numbers (RFC 792, RFC 4443).
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;

const UDP_HEAD_BYTES: usize = 8;

/// How many hops an answer may take; stations are on the link, or in the jail.
const HOPS: u8 = 64;

/// A socket for answers of one family. It must be made where the rules of the firewall let it.
///
/// # Errors
/// Where the process may not have one.
pub fn answer_socket(ipv6: bool) -> io::Result<Socket> {
    let domain = if ipv6 { Domain::IPV6 } else { Domain::IPV4 };
    Socket::new(domain, Type::RAW, Some(Protocol::from(WHOLE_PACKETS)))
}

/// Sends an answer in the name of `from`. One that cannot be sent now is lost, as datagrams are.
pub(super) fn send(socket: &Socket, from: SocketAddr, to: SocketAddr, payload: &[u8]) -> io::Result<usize> {
    let packet = packet(from, to, payload).ok_or(io::ErrorKind::InvalidInput)?;
    // The port is in the packet; raw sockets of IPv6 refuse another than 0 here.
    socket.send_to(&packet, &SockAddr::from(SocketAddr::new(to.ip(), 0)))
}

/// Tells an app that nothing listens where its datagram was to go, so that it tries another way
/// at once: over TCP instead of QUIC.
pub(super) fn send_unreachable(socket: &Socket, from: SocketAddr, to: SocketAddr) -> io::Result<usize> {
    let packet = unreachable(from, to).ok_or(io::ErrorKind::InvalidInput)?;
    socket.send_to(&packet, &SockAddr::from(SocketAddr::new(to.ip(), 0)))
}

/// The word of a closed port (RFC 792, RFC 4443) about a datagram from `to` that was to go to
/// `from`, whose head comes with it.
fn unreachable(from: SocketAddr, to: SocketAddr) -> Option<Vec<u8>> {
    let about = packet(to, from, &[])?;
    let (kind, code, protocol) = if from.is_ipv4() { (3, 3, ICMP) } else { (1, 4, ICMP_V6) };
    let mut body = vec![kind, code, 0, 0, 0, 0, 0, 0];
    body.extend_from_slice(&about);
    let length = u16::try_from(body.len()).ok()?;
    let (mut packet, mut sum) = head(from.ip(), to.ip(), protocol, length)?;
    if from.is_ipv4() {
        // That of IPv4 covers no addresses.
        sum = Sum::default();
    }
    sum.add(&body);
    if let Some(place) = body.get_mut(2..4) {
        place.copy_from_slice(&sum.finish().to_be_bytes());
    }
    packet.extend_from_slice(&body);
    Some(packet)
}

/// A packet of UDP over IP (RFC 791, RFC 8200); none where the families differ, or it is too long.
fn packet(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(UDP_HEAD_BYTES + payload.len()).ok()?;
    let mut udp = Vec::with_capacity(usize::from(length));
    udp.extend_from_slice(&from.port().to_be_bytes());
    udp.extend_from_slice(&to.port().to_be_bytes());
    udp.extend_from_slice(&length.to_be_bytes());
    udp.extend_from_slice(&[0, 0]);
    udp.extend_from_slice(payload);
    let (mut packet, mut sum) = head(from.ip(), to.ip(), UDP, length)?;
    sum.add(&udp);
    if let Some(place) = udp.get_mut(6..8) {
        place.copy_from_slice(&sum.finish().to_be_bytes());
    }
    packet.extend_from_slice(&udp);
    Some(packet)
}

/// The head of a packet with so many bytes behind it, and the checksum so far: over addresses,
/// protocol and length.
fn head(from: IpAddr, to: IpAddr, protocol: u8, length: u16) -> Option<(Vec<u8>, Sum)> {
    let mut packet = Vec::with_capacity(40 + usize::from(length));
    let mut sum = Sum::default();
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            packet.extend_from_slice(&[0x45, 0]);
            packet.extend_from_slice(&length.checked_add(20)?.to_be_bytes());
            // The kernel fills in the number and the checksum.
            packet.extend_from_slice(&[0, 0, 0, 0, HOPS, protocol, 0, 0]);
            packet.extend_from_slice(&from.octets());
            packet.extend_from_slice(&to.octets());
            sum.add(&from.octets());
            sum.add(&to.octets());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            packet.extend_from_slice(&[0x60, 0, 0, 0]);
            packet.extend_from_slice(&length.to_be_bytes());
            packet.extend_from_slice(&[protocol, HOPS]);
            packet.extend_from_slice(&from.octets());
            packet.extend_from_slice(&to.octets());
            sum.add(&from.octets());
            sum.add(&to.octets());
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    }
    sum.add(&[0, protocol]);
    sum.add(&length.to_be_bytes());
    Some((packet, sum))
}

/// The internet's checksum (RFC 1071), for pieces of which only the last may have an odd length.
#[derive(Default)]
struct Sum(u32);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks(2) {
            let word = match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                [high] => u16::from_be_bytes([high, 0]),
                _ => 0,
            };
            self.0 += u32::from(word);
            self.0 = (self.0 & 0xffff) + (self.0 >> 16);
        }
    }

    /// Zero says that there is no checksum, so that it is sent as its other form.
    fn finish(&self) -> u16 {
        match u16::try_from(self.0).map(|sum| !sum) {
            Ok(0) | Err(_) => 0xffff,
            Ok(sum) => sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(from: &[u8], to: &[u8], udp: &[u8]) -> u32 {
        let mut sum = Sum::default();
        sum.add(from);
        sum.add(to);
        sum.add(&[0, UDP]);
        sum.add(&u16::try_from(udp.len()).unwrap().to_be_bytes());
        sum.add(udp);
        sum.0
    }

    #[test]
    fn a_packet_has_the_lengths_and_the_checksum_that_it_must_have() {
        let v4 =
            packet("198.18.0.1:123".parse().unwrap(), "10.99.0.2:40000".parse().unwrap(), b"odd").unwrap();
        assert_eq!(v4.len(), 31);
        assert_eq!(v4[..4], [0x45, 0, 0, 31]);
        assert_eq!(v4[20..26], [0, 123, 0x9c, 0x40, 0, 11]);
        assert_eq!(verify(&v4[12..16], &v4[16..20], &v4[20..]), 0xffff);
        let v6 =
            packet("[fd00::1]:443".parse().unwrap(), "[fd99::2]:40000".parse().unwrap(), b"even").unwrap();
        assert_eq!(v6.len(), 52);
        assert_eq!(v6[4..8], [0, 12, UDP, HOPS]);
        assert_eq!(verify(&v6[8..24], &v6[24..40], &v6[40..]), 0xffff);
        let mixed = packet("198.18.0.1:1".parse().unwrap(), "[fd99::2]:2".parse().unwrap(), b"");
        assert_eq!(mixed, None);
        assert_eq!(
            packet("198.18.0.1:1".parse().unwrap(), "10.0.0.1:2".parse().unwrap(), &[0; 65_520]),
            None
        );
    }
}
