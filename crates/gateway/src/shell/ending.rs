//! The end of a connection, with the bytes that were on the wire.

use creance_ledger::FlowEnd;
use creance_sys::{TcpCounts, queued, tcp_counts};
use socket2::{SockFilter, SockRef};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// How long what is buffered may take to leave once both sides are done.
const DRAINED_AFTER: Duration = Duration::from_secs(30);

/// How often is looked whether it has left.
const LOOKED_EVERY: Duration = Duration::from_millis(5);

/// How long the kernel may still be sending what the window allowed, when nothing comes in any
/// more that would widen it.
const STILLED_AFTER: Duration = Duration::from_micros(300);

/// How long is waited for what the queue of the network card holds, of which nothing can be taken
/// back: on a slow uplink it goes on for longer, and the end must be told in time.
const QUEUED_WITHIN: Duration = Duration::from_millis(50);

/// How often is looked whether it has left.
const QUEUE_LOOKED_EVERY: Duration = Duration::from_millis(1);

/// Bytes that left and that came; none where the kernel does not tell.
pub(super) type Bytes = Option<(u64, u64)>;

/// What a connection was given to send. The kernel's own count of what it sent is too high where
/// sending failed on this machine, as while a link is down: it counts such bytes each time.
#[derive(Debug, Default)]
pub(super) struct Given {
    bytes: AtomicU64,
    ended: AtomicBool,
}

impl Given {
    /// So many bytes were taken by the socket.
    pub(super) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The bytes that it was given so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// It is told that there is no more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Whether it was told that there is no more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// The bytes that left.
    pub(super) fn sent(&self, counts: &TcpCounts) -> u64 {
        let given = self.bytes.load(Ordering::Relaxed);
        // The end is one more that waits to be sent.
        let end = u64::from(self.ended.load(Ordering::Relaxed));
        counts.sent.min(given).min((given + end).saturating_sub(counts.not_sent))
    }
}

/// Ends a connection of which both sides are done: all of it has left then. Where that takes too
/// long, or must end at once, the rest is dropped, and the end is told as that.
pub(super) async fn finish(
    stream: TcpStream,
    given: &Given,
    cut: impl Future<Output = FlowEnd>,
) -> (Bytes, FlowEnd) {
    let drained = async {
        let until = Instant::now() + DRAINED_AFTER;
        loop {
            match tcp_counts(stream.as_fd()) {
                Ok(counts) if counts.not_sent == 0 => return Some((given.sent(&counts), counts.received)),
                Ok(_) if Instant::now() < until => sleep(LOOKED_EVERY).await,
                Ok(_) | Err(_) => return None,
            }
        }
    };
    let (drained, end) = tokio::select! {
        drained = drained => (drained, if drained.is_some() { FlowEnd::Finished } else { FlowEnd::Broken }),
        end = cut => (None, end),
    };
    // What has left and is not confirmed may have to be sent once more: no reset, as dialling asked
    // for. Where that cannot be taken back it is one all the same, and the count holds.
    let bytes = match drained {
        Some(bytes) if SockRef::from(&stream).set_linger(None).is_ok() => Some(bytes),
        Some(_) | None => reset(stream, Some(given)).await,
    };
    (bytes, end)
}

/// Ends a connection at once: what is buffered and has not left is dropped.
pub(super) async fn reset(stream: TcpStream, given: Option<&Given>) -> Bytes {
    let socket = SockRef::from(&stream);
    let _ = socket.set_linger(Some(Duration::ZERO));
    // No segment that comes from now on is taken, so that nothing more is sent because of it and
    // the count stands still. "Return 0" keeps no byte of a packet.
    let _ = socket.attach_filter(&[SockFilter::new(0x06, 0, 0, 0)]);
    sleep(STILLED_AFTER).await;
    left(&stream).await;
    counts(&stream, given)
}

/// Waits for a moment until what a socket handed on has left the machine.
pub(super) async fn left(socket: &impl AsFd) {
    let until = Instant::now() + QUEUED_WITHIN;
    while queued(socket.as_fd()).is_ok_and(|bytes| bytes > 0) && Instant::now() < until {
        sleep(QUEUE_LOOKED_EVERY).await;
    }
}

/// Lets go of an app's connection without an orderly end.
pub(super) fn abort(stream: TcpStream) {
    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    drop(stream);
}

/// What left and what came by now.
pub(super) fn counts(stream: &TcpStream, given: Option<&Given>) -> Bytes {
    let counts = tcp_counts(stream.as_fd()).ok()?;
    Some((given.map_or(counts.sent, |given| given.sent(&counts)), counts.received))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_twice_is_told_once() {
        let counts = |sent, not_sent| TcpCounts { sent, received: 0, not_sent, unconfirmed: 0 };
        let given = Given::default();
        given.add(1000);
        assert_eq!(given.sent(&counts(1000, 0)), 1000);
        assert_eq!(given.sent(&counts(600, 400)), 600);
        assert_eq!(given.sent(&counts(1900, 0)), 1000, "all of it, some of it in vain before");
        assert_eq!(given.sent(&counts(900, 400)), 600, "300 in vain");
        given.end();
        assert_eq!(given.sent(&counts(600, 401)), 600, "the end waits as well");
        assert_eq!(given.sent(&counts(1000, 1)), 1000, "the end alone waits");
        assert_eq!(given.sent(&counts(1000, 0)), 1000);
    }
}
