//! The runtime that a gateway runs on.

use rustix::process::{Resource, getrlimit, setrlimit};
use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Runs a gateway to its end, on this thread: a second one costs a connection more than it gains.
///
/// # Errors
/// Where the system gives no runtime.
pub fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}

/// Waits until the process is told to end: by Ctrl-C, or by whoever looks after services.
pub(crate) async fn signalled() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Each connection takes two descriptors or more, and shells give 1024.
pub(crate) fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it cannot be raised fewer connections are held at a time.
    let _ = setrlimit(Resource::Nofile, limit);
}
