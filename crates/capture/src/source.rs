//! Where a capture's bytes come from: a file or a stream, compressed or not, with the SHA-256 of
//! the bytes as given computed on another thread while they are read.

mod zstd;

use ring::digest;
use std::io::{self, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Bytes handed to the digest at a time.
const CHUNK: usize = 1 << 18;

/// How an input was packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, one or more members.
    Gzip,
    /// Zstandard, one or more frames.
    Zstandard,
}

impl Compression {
    /// Its usual name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstandard => "zstd",
        }
    }
}

/// What is known of an input once all of it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputDigest {
    /// SHA-256 of the bytes as given (before decompression).
    pub sha256: [u8; 32],
    /// How many bytes that were.
    pub bytes: u64,
}

/// A readable capture, decompressed, with the digest of its input growing beside it.
pub struct Source {
    reader: Box<dyn Read + Send>,
    compression: Compression,
    digest: Option<JoinHandle<io::Result<InputDigest>>>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("compression", &self.compression).finish_non_exhaustive()
    }
}

impl Source {
    /// Wraps an input; the compression is told by its first bytes. Without `with_digest` no
    /// digest is computed (and none can be reported).
    ///
    /// # Errors
    /// Where the first bytes cannot be read, or the thread cannot be started.
    pub fn new(input: impl Read + Send + 'static, with_digest: bool) -> io::Result<Self> {
        let (mut input, digest): (Box<dyn Read + Send>, _) = if with_digest {
            let (reader, handle) = DigestReader::start(input)?;
            (Box::new(reader), Some(handle))
        } else {
            (Box::new(input), None)
        };
        let mut magic = [0_u8; 4];
        let mut have = 0;
        while let Some(rest) = magic.get_mut(have..).filter(|rest| !rest.is_empty()) {
            match input.read(rest) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let start = io::Cursor::new(magic.get(..have).unwrap_or_default().to_vec());
        let whole = start.chain(input);
        let (reader, compression): (Box<dyn Read + Send>, _) = match magic {
            [0x1f, 0x8b, ..] => (
                Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(CHUNK, whole))),
                Compression::Gzip,
            ),
            // Either a frame or one to be passed over.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
                (Box::new(zstd::Frames::new(BufReader::with_capacity(CHUNK, whole))), Compression::Zstandard)
            }
            _ => (Box::new(whole), Compression::None),
        };
        Ok(Self { reader, compression, digest })
    }

    /// How the input is packed.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        self.compression
    }

    /// Reads what is left of the input, also what comes after a damaged place, and returns the
    /// digest of the whole; `None` where none was asked for.
    ///
    /// # Errors
    /// Where the rest of the input cannot be read, so that no digest of the whole exists.
    pub fn finish(self) -> io::Result<Option<InputDigest>> {
        // Dropping the reader hands what is left to the digest and closes the channel.
        drop(self.reader);
        match self.digest {
            None => Ok(None),
            Some(handle) => {
                handle.join().map_err(|_| io::Error::other("the digest's thread failed"))?.map(Some)
            }
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

/// Passes bytes on and gives a copy to the digest's thread.
struct DigestReader<R: Read> {
    input: R,
    full: SyncSender<io::Result<Vec<u8>>>,
    empty: Receiver<Vec<u8>>,
    chunk: Vec<u8>,
}

impl<R: Read> DigestReader<R> {
    fn start(input: R) -> io::Result<(Self, JoinHandle<io::Result<InputDigest>>)> {
        let (full, full_received) = sync_channel::<io::Result<Vec<u8>>>(4);
        let (empty_sent, empty) = sync_channel::<Vec<u8>>(8);
        let handle = std::thread::Builder::new().name("digest".into()).spawn(move || {
            let mut context = digest::Context::new(&digest::SHA256);
            let mut bytes = 0;
            for chunk in full_received {
                let mut chunk = chunk?;
                context.update(&chunk);
                bytes += chunk.len() as u64;
                chunk.clear();
                // The reader may be gone; then nobody wants the buffer back.
                let _ = empty_sent.try_send(chunk);
            }
            let mut sha256 = [0; 32];
            for (to, from) in sha256.iter_mut().zip(context.finish().as_ref()) {
                *to = *from;
            }
            Ok(InputDigest { sha256, bytes })
        })?;
        Ok((Self { input, full, empty, chunk: Vec::with_capacity(CHUNK) }, handle))
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        let chunk = std::mem::replace(&mut self.chunk, next);
        self.full.send(Ok(chunk)).map_err(|_| io::Error::other("the digest's thread has ended"))
    }
}

impl<R: Read> Read for DigestReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.chunk.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if self.chunk.len() >= CHUNK {
            self.pass_on()?;
        }
        Ok(count)
    }
}

impl<R: Read> Drop for DigestReader<R> {
    fn drop(&mut self) {
        // A digest names the whole input, also what nobody wanted to read.
        let rest = io::copy(self, &mut io::sink());
        let last = rest.map(|_| std::mem::take(&mut self.chunk));
        // Where the thread is gone, joining it reports that.
        let _ = self.full.send(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_all(input: Vec<u8>) -> (Vec<u8>, Compression, Option<InputDigest>) {
        let mut source = Source::new(io::Cursor::new(input), true).unwrap();
        let mut out = Vec::new();
        source.read_to_end(&mut out).unwrap();
        let compression = source.compression();
        (out, compression, source.finish().unwrap())
    }

    #[test]
    fn the_digest_names_the_bytes_as_given() {
        let plain: Vec<u8> = (0..3_000_000_u32).map(|i| (i / 7).to_le_bytes()[0]).collect();
        let (out, compression, digest) = read_all(plain.clone());
        assert!(out == plain);
        assert_eq!(compression, Compression::None);
        let expected = digest::digest(&digest::SHA256, &plain);
        assert_eq!(digest.unwrap().sha256, expected.as_ref());
        assert_eq!(digest.unwrap().bytes, 3_000_000);
    }

    #[test]
    fn gzip_members_are_joined() {
        let member = |text: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let packed = [member(b"one "), member(b"two")].concat();
        let (out, compression, digest) = read_all(packed.clone());
        assert_eq!(out, b"one two");
        assert_eq!(compression, Compression::Gzip);
        assert_eq!(digest.unwrap().bytes, packed.len() as u64);
    }

    #[test]
    fn a_damaged_stream_still_has_the_digest_of_the_whole() {
        let mut packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3].to_vec();
        packed.extend(vec![0xff; 2_000_000]);
        let expected = digest::digest(&digest::SHA256, &packed);
        let mut source = Source::new(io::Cursor::new(packed), true).unwrap();
        assert!(source.read_to_end(&mut Vec::new()).is_err());
        assert_eq!(source.finish().unwrap().unwrap().sha256, expected.as_ref());
    }

    #[test]
    fn short_input_is_no_error_yet() {
        let (out, _, digest) = read_all(vec![1, 2]);
        assert_eq!(out, [1, 2]);
        assert_eq!(digest.unwrap().bytes, 2);
        assert_eq!(read_all(Vec::new()).0, b"");
    }
}
