//! What the kernel says of an interface by its number: whether it is up, and what it counted of what
//! it sent (rtnetlink(7)).

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};
use std::io;
use std::os::fd::OwnedFd;

const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
const ERROR: u16 = 2;
/// A message's head, and what a link's has before its attributes.
const HEAD_BYTES: usize = 16;
const LINK_BYTES: usize = 16;
/// In a link's flags.
const IS_UP: u32 = 1;

const INFO: u16 = 18;
const INFO_KIND: u16 = 1;
const COUNTERS: u16 = 23;
const CARRIER_CHANGES: u16 = 35;

/// Room for an answer, of which a link's takes some two thousand bytes.
const ANSWER_BYTES: usize = 32 << 10;

/// Frames and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) frames: u64,
    pub(super) bytes: u64,
}

/// How a link is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) is_up: bool,
    /// How often it was found to have a neighbour, or none.
    pub(super) changes: u32,
    /// What it has sent.
    pub(super) sent: Amount,
    /// What kind of device of the kernel's own it is, such as `bond`.
    pub(super) kind: Option<String>,
}

/// Asks for the state of a link.
#[derive(Debug)]
pub(super) struct Link {
    socket: OwnedFd,
    index: u32,
}

impl Link {
    pub(super) fn of(index: u32) -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        Ok(Self { socket, index })
    }

    /// How it is now.
    ///
    /// # Errors
    /// ENODEV where there is no link of this number any more.
    pub(super) fn state(&self) -> io::Result<State> {
        let mut ask = Vec::with_capacity(HEAD_BYTES + LINK_BYTES);
        ask.extend(u32::try_from(HEAD_BYTES + LINK_BYTES).unwrap_or(0).to_ne_bytes());
        ask.extend(GET_LINK.to_ne_bytes());
        // A request, of no number.
        ask.extend(1_u16.to_ne_bytes());
        ask.extend([0; 12]);
        ask.extend(self.index.to_ne_bytes());
        ask.extend([0; 8]);
        send(&self.socket, &ask, SendFlags::empty())?;
        let mut answer = vec![0; ANSWER_BYTES];
        // The kernel has answered when it has taken the question.
        let (length, _) = recv(&self.socket, &mut answer[..], RecvFlags::empty())?;
        read(answer.get(..length).unwrap_or_default(), self.index)
    }
}

fn read(answer: &[u8], index: u32) -> io::Result<State> {
    let odd = || io::Error::new(io::ErrorKind::InvalidData, "the kernel's answer about the link is odd");
    let kind = two(answer, 4).ok_or_else(odd)?;
    if kind == ERROR {
        let error = four(answer, HEAD_BYTES).ok_or_else(odd)?.cast_signed();
        return Err(io::Error::from_raw_os_error(error.saturating_neg()));
    }
    let is_its = four(answer, HEAD_BYTES + 4) == Some(index);
    if kind != NEW_LINK || !is_its {
        return Err(odd());
    }
    let flags = four(answer, HEAD_BYTES + 8).ok_or_else(odd)?;
    let mut state = State { is_up: flags & IS_UP != 0, ..State::default() };
    let mut is_counted = false;
    for (kind, value) in attributes(answer.get(HEAD_BYTES + LINK_BYTES..).unwrap_or_default()) {
        match kind {
            // Frames that came, that went; bytes that came, that went.
            COUNTERS => {
                let (frames, bytes) = eight(value, 8).zip(eight(value, 24)).ok_or_else(odd)?;
                state.sent = Amount { frames, bytes };
                is_counted = true;
            }
            CARRIER_CHANGES => state.changes = four(value, 0).ok_or_else(odd)?,
            INFO => {
                let kind = attributes(value).find(|(kind, _)| *kind == INFO_KIND);
                state.kind = kind.map(|(_, text)| {
                    String::from_utf8_lossy(text.strip_suffix(&[0]).unwrap_or(text)).into_owned()
                });
            }
            _ => {}
        }
    }
    if is_counted { Ok(state) } else { Err(odd()) }
}

/// The attributes, each with a head of its length and its kind, and ending at a multiple of four.
fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(two(rest, 0)?);
        // The two highest bits are about the value.
        let kind = two(rest, 2)? & 0x3fff;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

fn two(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_counts_what_it_sends_and_a_link_that_is_not_there_is_an_error() {
        let link = Link::of(1).unwrap();
        let before = link.state().unwrap();
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(&[7; 100], socket.local_addr().unwrap()).unwrap();
        let after = link.state().unwrap();
        assert!(after.is_up);
        assert!(after.sent.frames > before.sent.frames, "{before:?} {after:?}");
        assert!(after.sent.bytes >= before.sent.bytes + 128, "{before:?} {after:?}");
        let gone = Link::of(0x7fff_fff0).unwrap().state().unwrap_err();
        assert_eq!(rustix::io::Errno::from_io_error(&gone), Some(rustix::io::Errno::NODEV));
    }

    #[test]
    fn an_answer_that_is_cut_off_is_odd() {
        let mut answer = vec![0; 32];
        answer[4] = 16;
        answer[20] = 9;
        answer[24] = 1;
        let mut attribute = |kind: u16, value: &[u8]| {
            answer.extend(u16::try_from(value.len() + 4).unwrap().to_ne_bytes());
            answer.extend(kind.to_ne_bytes());
            answer.extend(value);
            answer.resize(answer.len().next_multiple_of(4), 0);
        };
        attribute(INFO | 0x8000, &[9, 0, 1, 0, b'b', b'o', b'n', b'd', 0]);
        attribute(CARRIER_CHANGES, &[3, 0, 0, 0]);
        attribute(COUNTERS, &[1_u64, 2, 3, 4].map(u64::to_ne_bytes).concat());
        let state = read(&answer, 9).unwrap();
        let sent = Amount { frames: 2, bytes: 4 };
        assert_eq!(state, State { is_up: true, changes: 3, sent, kind: Some("bond".to_owned()) });
        assert!(read(&answer, 8).is_err(), "another link");
        for length in 0..answer.len() {
            assert!(read(&answer[..length], 9).is_err(), "{length}");
        }
    }
}
