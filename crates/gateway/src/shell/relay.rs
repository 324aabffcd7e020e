//! Moves bytes between two connections: by copying first, since most connections are short, and
//! within the kernel from [`SPLICED_AFTER`] on.

use crate::shell::ending::Given;
use crate::shell::pipes::Pipes;
use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Bytes after which a direction is moved within the kernel.
const SPLICED_AFTER: u64 = 64 << 10;

/// Bytes that are copied at once.
const COPIED_AT_ONCE: usize = 32 << 10;

thread_local! {
    /// What is being copied, for one read and one write; connections that wait hold no memory.
    static COPIED: RefCell<Vec<u8>> = RefCell::new(vec![0; COPIED_AT_ONCE]);
}

/// Why a direction stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Its source has no more.
    End,
    /// So many bytes were moved as were asked for.
    Limit,
}

/// One direction of a flow.
#[derive(Debug)]
pub(super) struct Direction<'a> {
    pub(super) from: &'a TcpStream,
    pub(super) to: &'a TcpStream,
    pub(super) pipes: &'a Pipes,
    /// Bytes that both directions have moved.
    pub(super) moved: &'a AtomicU64,
    /// Where is told what `to` took, where that matters.
    pub(super) given: Option<&'a Given>,
    /// Bytes that this one has moved.
    pub(super) total: u64,
}

/// What one step did.
enum Moved {
    Some,
    End,
    /// Bytes that were read and not all written.
    Rest(Vec<u8>),
}

impl Direction<'_> {
    /// Writes bytes that were read before.
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.to.try_write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.count(written);
                    bytes = bytes.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.to.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Moves bytes until the source ends, or until `limit` of them were moved.
    pub(super) async fn run(&mut self, limit: Option<u64>) -> io::Result<Stop> {
        let until = limit.map(|limit| self.total.saturating_add(limit));
        loop {
            let left = until.map_or(u64::MAX, |until| until.saturating_sub(self.total));
            if left == 0 {
                return Ok(Stop::Limit);
            }
            self.from.readable().await?;
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            let stop =
                if self.total < SPLICED_AFTER { self.copy(left).await? } else { self.splice(left).await? };
            if let Some(stop) = stop {
                return Ok(stop);
            }
            // A fast flow must let others have their turn, and hear that it is to end.
            tokio::task::coop::consume_budget().await;
        }
    }

    async fn copy(&mut self, left: usize) -> io::Result<Option<Stop>> {
        let step = COPIED.with_borrow_mut(|buffer| {
            let room = buffer.len().min(left);
            let buffer = buffer.get_mut(..room).unwrap_or_default();
            let length = match self.from.try_read(buffer) {
                Ok(0) => return Ok(Moved::End),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Moved::Some),
                Err(error) => return Err(error),
            };
            let bytes = buffer.get(..length).unwrap_or_default();
            let written = match self.to.try_write(bytes) {
                Ok(written) => written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error),
            };
            self.count(written);
            let rest = bytes.get(written..).unwrap_or_default();
            Ok(if rest.is_empty() { Moved::Some } else { Moved::Rest(rest.to_vec()) })
        })?;
        match step {
            Moved::Some => Ok(None),
            Moved::End => Ok(Some(Stop::End)),
            Moved::Rest(rest) => self.write(&rest).await.map(|()| None),
        }
    }

    /// Moves what there is within the kernel, and gives the pipe back as soon as there is nothing,
    /// so that idle flows hold none.
    async fn splice(&mut self, left: usize) -> io::Result<Option<Stop>> {
        // Without pipes, as where too many files are open, bytes are copied.
        let Ok(mut pipe) = self.pipes.take() else { return self.copy(left).await };
        let filled = self.from.try_io(Interest::READABLE, || pipe.fill(self.from.as_fd(), left));
        let stop = match filled {
            Ok(0) => Some(Stop::End),
            Ok(_) => None,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => return Err(error),
        };
        while pipe.held > 0 {
            match self.to.try_io(Interest::WRITABLE, || pipe.drain(self.to.as_fd())) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(moved) => self.count(moved),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.to.writable().await?,
                Err(error) => return Err(error),
            }
        }
        self.pipes.give_back(pipe);
        Ok(stop)
    }

    fn count(&mut self, bytes: usize) {
        self.total = self.total.saturating_add(bytes as u64);
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
        if let Some(given) = self.given {
            given.add(bytes);
        }
    }
}
