//! A window on a stream of bytes that can be looked at before it is passed over.

use std::io::{self, Read};

/// Bytes read from the stream at a time.
const CHUNK: usize = 1 << 18;

/// Buffers a reader; what was shown stays valid until the next call.
#[derive(Debug)]
pub(super) struct Buffer<R> {
    input: R,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the stream of `start`.
    offset: u64,
    at_end: bool,
}

impl<R: Read> Buffer<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, bytes: vec![0; CHUNK], start: 0, end: 0, offset: 0, at_end: false }
    }

    /// Where in the stream the next byte stands.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// At least `count` bytes if the stream has that many, else what is left.
    #[inline]
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.end - self.start < count && !self.at_end {
            self.fill(count)?;
        }
        Ok(self.bytes.get(self.start..self.end).unwrap_or_default())
    }

    /// Passes over bytes that were shown.
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// A part of the last `span` bytes that were passed over.
    #[inline]
    pub(super) fn behind(&self, span: usize, part: std::ops::Range<usize>) -> &[u8] {
        let from = self.start.saturating_sub(span);
        self.bytes.get(from + part.start..from + part.end).unwrap_or_default()
    }

    /// Passes over bytes, shown or not. Returns whether the stream had that many.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            let have = self.peek(1)?.len();
            if have == 0 {
                return Ok(false);
            }
            let step = usize::try_from(count).map_or(have, |count| count.min(have));
            self.advance(step);
            count -= step as u64;
        }
        Ok(true)
    }

    pub(super) fn into_inner(self) -> R {
        self.input
    }

    #[cold]
    fn fill(&mut self, count: usize) -> io::Result<()> {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.bytes.len() < count {
            self.bytes.resize(count.max(CHUNK), 0);
        }
        while self.end < count {
            let free = self.bytes.get_mut(self.end..).unwrap_or_default();
            match self.input.read(free) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // What came before the error can still be read.
                    self.at_end = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}
