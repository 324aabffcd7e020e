//! Where a capture's bytes come from: a file or a stream, compressed or not, with the SHA-256 of
//! the bytes as given computed while they are read.

mod zstd;

use ring::digest;
use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex};

/// Packed bytes read at a time.
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

/// A readable capture, decompressed, whose digest is computed while it is read.
pub struct Source {
    reader: Box<dyn Read + Send>,
    compression: Compression,
    input: Shared,
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
    /// Where the first bytes cannot be read.
    pub fn new(mut input: impl Read + Send + 'static, with_digest: bool) -> io::Result<Self> {
        let mut magic = Vec::new();
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let compression = match *magic {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            // Either a frame or one to be passed over.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Compression::Zstandard,
            _ => Compression::None,
        };
        let input = Shared(Arc::new(Mutex::new(Digested {
            input: Box::new(io::Cursor::new(magic).chain(input)),
            sha256: with_digest.then(|| digest::Context::new(&digest::SHA256)),
            bytes: 0,
        })));
        let packed = || BufReader::with_capacity(CHUNK, input.clone());
        let reader: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(input.clone()),
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed())),
            Compression::Zstandard => Box::new(zstd::Frames::new(packed())),
        };
        Ok(Self { reader, compression, input })
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
    pub fn finish(mut self) -> io::Result<Option<InputDigest>> {
        // A digest names the whole input, also what nobody wanted to read.
        io::copy(&mut self.input, &mut io::sink())?;
        let mut input = self.input.0.lock().map_err(|_| io::Error::other(FAILED))?;
        let bytes = input.bytes;
        Ok(input.sha256.take().map(|context| {
            let mut sha256 = [0; 32];
            for (to, from) in sha256.iter_mut().zip(context.finish().as_ref()) {
                *to = *from;
            }
            InputDigest { sha256, bytes }
        }))
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

/// The input as given, and the digest of what was read of it.
struct Digested {
    input: Box<dyn Read + Send>,
    sha256: Option<digest::Context>,
    bytes: u64,
}

/// Held by what unpacks the input, and by the source, which reads what that leaves.
#[derive(Clone)]
struct Shared(Arc<Mutex<Digested>>);

const FAILED: &str = "reading the input failed before";

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut digested = self.0.lock().map_err(|_| io::Error::other(FAILED))?;
        let count = digested.input.read(buffer)?;
        digested.bytes += count as u64;
        if let Some(sha256) = &mut digested.sha256 {
            sha256.update(buffer.get(..count).unwrap_or_default());
        }
        Ok(count)
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
    fn what_came_before_an_error_is_read() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("a bad sector"))
            }
        }
        let start = io::Cursor::new(vec![7; 300_000]);
        let mut source = Source::new(start.chain(Fails), true).unwrap();
        let mut out = Vec::new();
        assert_eq!(source.read_to_end(&mut out).unwrap_err().to_string(), "a bad sector");
        assert_eq!(out.len(), 300_000);
        assert!(source.finish().is_err(), "a digest of what was not read whole");
    }

    #[test]
    fn short_input_is_no_error_yet() {
        let (out, _, digest) = read_all(vec![1, 2]);
        assert_eq!(out, [1, 2]);
        assert_eq!(digest.unwrap().bytes, 2);
        assert_eq!(read_all(Vec::new()).0, b"");
    }
}
