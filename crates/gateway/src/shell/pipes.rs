//! Pipes for moving bytes within the kernel.

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

/// How much a pipe holds, in bytes, where the system gives it.
const HOLDS: usize = 512 << 10;

/// Pipes that are kept for later.
const KEPT_MAX: usize = 64;

/// A pipe, which is empty between two uses.
#[derive(Debug)]
pub(super) struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
    /// Bytes in it.
    pub(super) held: usize,
}

/// Pipes that nobody uses now.
#[derive(Debug, Default)]
pub(super) struct Pipes(Mutex<Vec<Pipe>>);

impl Pipes {
    /// A pipe, from those that are kept where there is one.
    pub(super) fn take(&self) -> io::Result<Pipe> {
        if let Some(pipe) = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(pipe);
        }
        let (out, into) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
        // A user's pipes together may not be larger than the system says; a small one does as well.
        let _ = fcntl_setpipe_size(&into, HOLDS);
        Ok(Pipe { out, into, held: 0 })
    }

    /// Keeps an empty pipe for later.
    pub(super) fn give_back(&self, pipe: Pipe) {
        let mut pipes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What another flow left in a pipe must not come out in the next.
        if pipe.held == 0 && pipes.len() < KEPT_MAX {
            pipes.push(pipe);
        }
    }
}

impl Pipe {
    /// Takes at most `max` bytes from a socket; 0 is its end.
    pub(super) fn fill(&mut self, from: impl AsFd, max: usize) -> io::Result<usize> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let moved = splice(from, None, &self.into, None, max.min(HOLDS), flags)?;
        self.held += moved;
        Ok(moved)
    }

    /// Gives what is held to a socket, as far as that takes it.
    pub(super) fn drain(&mut self, to: impl AsFd) -> io::Result<usize> {
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let moved = splice(&self.out, None, to, None, self.held, flags)?;
        self.held -= moved;
        Ok(moved)
    }
}
