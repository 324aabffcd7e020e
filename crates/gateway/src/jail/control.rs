//! What the stages tell one another: a message a packet, with descriptors beside it.

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The most descriptors in a message.
const DESCRIPTORS_MAX: usize = 8;
/// The longest message.
const MESSAGE_BYTES_MAX: usize = 8192;
/// The longest text of an error; the rest is cut off.
const TEXT_BYTES_MAX: usize = 8000;

const START: u8 = b'S';
const GO: u8 = b'G';
const SIGNAL: u8 = b'K';
const WALL: u8 = b'W';
const FAILED: u8 = b'F';
const REFUSED: u8 = b'R';
const EXITED: u8 = b'X';
const KILLED: u8 = b'D';

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// To the first process: its standard input and the host's list of sockets in files. To the
    /// app's stage: its standard input.
    Start,
    /// To the first process: start the app.
    Go,
    /// To the first process: a signal for the app.
    Signal(u8),
    /// To the front: this many TCP listeners, as many sockets for datagrams, and as many for
    /// answers to those.
    Wall(u8),
    /// What could not be done, with the exit status that says so.
    Failed(u8, String),
    /// To the front: this many packets that are neither TCP nor UDP were refused.
    Refused(u64),
    /// The app ended with this status.
    Exited(u8),
    /// The app ended by this signal.
    Killed(u8),
}

/// Two ends of a new channel.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// The end that this process was started with, as standard input.
pub(super) fn inherited() -> io::Result<OwnedFd> {
    io::stdin().as_fd().try_clone_to_owned()
}

/// Sends a message.
pub(super) fn send(to: &OwnedFd, message: &Message, with: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(2);
    match message {
        Message::Start => bytes.push(START),
        Message::Go => bytes.push(GO),
        Message::Signal(signal) => bytes.extend([SIGNAL, *signal]),
        Message::Wall(tcp) => bytes.extend([WALL, *tcp]),
        Message::Refused(count) => {
            bytes.push(REFUSED);
            bytes.extend(count.to_be_bytes());
        }
        Message::Exited(status) => bytes.extend([EXITED, *status]),
        Message::Killed(signal) => bytes.extend([KILLED, *signal]),
        Message::Failed(status, text) => {
            bytes.extend([FAILED, *status]);
            bytes.extend(text.bytes().take(TEXT_BYTES_MAX));
        }
    }
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut room);
    if !with.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(with)) {
        return Err(io::Error::other("too many descriptors for a message"));
    }
    let sent = retry_on_intr(|| sendmsg(to, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL))?;
    if sent == bytes.len() { Ok(()) } else { Err(io::Error::other("a message was cut")) }
}

/// The next message, waited for; none where the other end is closed.
pub(super) fn receive(from: &OwnedFd) -> io::Result<Option<(Message, Vec<OwnedFd>)>> {
    receive_with(from, RecvFlags::empty())
}

/// The next message if there is one; [`io::ErrorKind::WouldBlock`] if there is none yet.
pub(super) fn receive_now(from: &OwnedFd) -> io::Result<Option<(Message, Vec<OwnedFd>)>> {
    receive_with(from, RecvFlags::DONTWAIT)
}

fn receive_with(from: &OwnedFd, flags: RecvFlags) -> io::Result<Option<(Message, Vec<OwnedFd>)>> {
    let mut bytes = [0_u8; MESSAGE_BYTES_MAX];
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut room);
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    let mut once =
        || retry_on_intr(|| recvmsg(from, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, flags));
    // An end that was closed with something unread in it is told once, before what it had sent.
    let got = match once() {
        Err(Errno::CONNRESET) => once(),
        got => got,
    };
    let length = match got {
        Ok(got) => got.bytes,
        Err(Errno::CONNRESET) => 0,
        Err(error) => return Err(error.into()),
    };
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    let bytes = bytes.get(..length).unwrap_or_default();
    if bytes.is_empty() {
        return Ok(None);
    }
    let message = read(bytes).ok_or_else(|| io::Error::other("a message that no stage sends"))?;
    Ok(Some((message, descriptors)))
}

fn read(bytes: &[u8]) -> Option<Message> {
    Some(match *bytes {
        [START] => Message::Start,
        [GO] => Message::Go,
        [SIGNAL, signal] => Message::Signal(signal),
        [WALL, tcp] => Message::Wall(tcp),
        [REFUSED, ref count @ ..] => Message::Refused(u64::from_be_bytes(count.try_into().ok()?)),
        [EXITED, status] => Message::Exited(status),
        [KILLED, signal] => Message::Killed(signal),
        [FAILED, status, ref text @ ..] => {
            Message::Failed(status, String::from_utf8_lossy(text).into_owned())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_descriptors_pass_and_an_end_is_told() {
        let (near, far) = pair().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        send(&near, &Message::Start, &[file.as_fd(), near.as_fd()]).unwrap();
        send(&near, &Message::Failed(126, "why\nhint: what".to_owned()), &[]).unwrap();
        let (message, with) = receive(&far).unwrap().unwrap();
        assert_eq!((message, with.len()), (Message::Start, 2));
        drop(with);
        send(&near, &Message::Refused(70_000), &[]).unwrap();
        let (message, _) = receive(&far).unwrap().unwrap();
        assert_eq!(message, Message::Failed(126, "why\nhint: what".to_owned()));
        assert_eq!(receive(&far).unwrap().unwrap().0, Message::Refused(70_000));
        assert_eq!(receive_now(&far).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(near);
        assert!(receive(&far).unwrap().is_none());
    }

    #[test]
    fn what_was_sent_before_an_end_is_heard_also_where_that_end_left_something_unread() {
        let (near, far) = pair().unwrap();
        send(&near, &Message::Start, &[]).unwrap();
        send(&far, &Message::Exited(3), &[]).unwrap();
        drop(far);
        assert_eq!(receive(&near).unwrap().unwrap().0, Message::Exited(3));
        assert!(receive(&near).unwrap().is_none());
    }
}
