//! Asks a gateway.

use crate::control::{Answer, LINE_BYTES_MAX, Request, read, write};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an answer may take: a change waits until all that it stops is cut.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It cannot be reached, or breaks off.
    #[error("the gateway at `{path}` does not answer")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It says what is not understood.
    #[error("the gateway at `{path}` says what is not understood: {why}\nhint: it may be of another version")]
    Answer {
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Asks the gateway at a socket.
///
/// # Errors
/// [`AskError`].
pub fn ask(path: &Path, request: &Request) -> Result<Answer, AskError> {
    let fail = |source| AskError::Io { path: path.to_owned(), source };
    let strange = |why| AskError::Answer { path: path.to_owned(), why };
    let mut stream = UnixStream::connect(path).map_err(fail)?;
    stream.set_read_timeout(Some(ANSWERED_WITHIN)).map_err(fail)?;
    stream.set_write_timeout(Some(ANSWERED_WITHIN)).map_err(fail)?;
    stream.write_all(&write(request).map_err(strange)?).map_err(fail)?;
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream.take(LINE_BYTES_MAX as u64));
    reader.read_until(b'\n', &mut line).map_err(fail)?;
    if line.is_empty() {
        return Err(fail(io::ErrorKind::UnexpectedEof.into()));
    }
    read(&line).map_err(strange)
}
