//! The end of a connection, with the bytes that were on the wire.

use creance_ledger::FlowEnd;
use creance_sys::tcp_counts;
use socket2::{SockFilter, SockRef};
use std::os::fd::AsFd;
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

/// Bytes that left and that came; none where the kernel does not tell.
pub(super) type Bytes = Option<(u64, u64)>;

/// Ends a connection of which both sides are done: all of it has left then. Where that takes too
/// long, or must end at once, the rest is dropped, and the end is told as that.
pub(super) async fn finish(stream: TcpStream, cut: impl Future<Output = FlowEnd>) -> (Bytes, FlowEnd) {
    let drained = async {
        let until = Instant::now() + DRAINED_AFTER;
        loop {
            match tcp_counts(stream.as_fd()) {
                Ok(counts) if counts.not_sent == 0 => return true,
                Ok(_) if Instant::now() < until => sleep(LOOKED_EVERY).await,
                Ok(_) | Err(_) => return false,
            }
        }
    };
    let end = tokio::select! {
        drained = drained => if drained { FlowEnd::Finished } else { FlowEnd::Broken },
        end = cut => end,
    };
    let bytes = if end == FlowEnd::Finished { counts(&stream) } else { reset(stream).await };
    (bytes, end)
}

/// Ends a connection at once: what is buffered and has not left is dropped.
pub(super) async fn reset(stream: TcpStream) -> Bytes {
    let socket = SockRef::from(&stream);
    let _ = socket.set_linger(Some(Duration::ZERO));
    // No segment that comes from now on is taken, so that nothing more is sent because of it and
    // the count stands still. "Return 0" keeps no byte of a packet.
    let _ = socket.attach_filter(&[SockFilter::new(0x06, 0, 0, 0)]);
    sleep(STILLED_AFTER).await;
    counts(&stream)
}

/// Lets go of an app's connection without an orderly end.
pub(super) fn abort(stream: TcpStream) {
    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    drop(stream);
}

fn counts(stream: &TcpStream) -> Bytes {
    tcp_counts(stream.as_fd()).ok().map(|counts| (counts.sent, counts.received))
}
