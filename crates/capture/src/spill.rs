//! Flow records on disk, so that millions of them need no memory.

use crate::engine::FlowSink;
use crate::flow::FlowRecord;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

/// The largest record that is written or believed.
const RECORD_BYTES_MAX: usize = 16 << 20;

/// Writes records to a file without a name, which disappears with the process.
#[derive(Debug)]
pub struct Spill {
    out: BufWriter<File>,
    /// A record as bytes, in room that is used again.
    bytes: Vec<u8>,
    records: u64,
}

impl Spill {
    /// A spill in `folder`, or in the system's folder for temporary files.
    ///
    /// # Errors
    /// Where no file can be made there.
    pub fn new(folder: Option<&Path>) -> io::Result<Self> {
        let file = match folder {
            Some(folder) => tempfile::tempfile_in(folder)?,
            None => tempfile::tempfile()?,
        };
        Ok(Self { out: BufWriter::with_capacity(1 << 18, file), bytes: vec![0; 1 << 12], records: 0 })
    }

    /// Ends the writing.
    ///
    /// # Errors
    /// Where the last bytes cannot be written.
    pub fn finish(self) -> io::Result<Flows> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Flows { file, records: self.records })
    }
}

impl FlowSink for Spill {
    fn take(&mut self, record: Box<FlowRecord>) -> io::Result<()> {
        let count = write(&record, &mut self.bytes)?;
        let length = u32::try_from(count).unwrap_or(u32::MAX);
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(self.bytes.get(..count).unwrap_or_default())?;
        self.records += 1;
        Ok(())
    }
}

/// Writes a record to the start of a buffer, which grows where need be; returns how many bytes it is.
fn write(record: &FlowRecord, bytes: &mut Vec<u8>) -> io::Result<usize> {
    loop {
        let written = postcard::to_slice(record, bytes).map(|written| written.len());
        match written {
            Ok(count) => return Ok(count),
            Err(postcard::Error::SerializeBufferFull) if bytes.len() < RECORD_BYTES_MAX => {
                bytes.resize(bytes.len() * 2, 0);
            }
            Err(postcard::Error::SerializeBufferFull) => {
                return Err(io::Error::other("a flow record is larger than 16 MiB"));
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

/// Records that can be read as often as needed.
#[derive(Debug)]
pub struct Flows {
    file: File,
    records: u64,
}

impl Flows {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.records
    }

    /// Another handle on the same records. The two must not be read at the same time.
    ///
    /// # Errors
    /// Where the system gives no further handle.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, records: self.records })
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Shows each record, in the order in which flows ended.
    ///
    /// # Errors
    /// Where the file cannot be read back, or what was read is not what was written.
    pub fn each(&mut self, mut show: impl FnMut(Box<FlowRecord>) -> io::Result<()>) -> io::Result<()> {
        self.file.rewind()?;
        let mut input = BufReader::with_capacity(1 << 18, &self.file);
        let mut bytes = Vec::new();
        for _ in 0..self.records {
            let mut length = [0; 4];
            input.read_exact(&mut length)?;
            bytes.resize((u32::from_le_bytes(length) as usize).min(RECORD_BYTES_MAX), 0);
            input.read_exact(&mut bytes)?;
            show(postcard::from_bytes(&bytes).map_err(io::Error::other)?)?;
        }
        Ok(())
    }
}
