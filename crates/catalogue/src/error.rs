//! What is wrong with a catalogue's files, and where.

use std::fmt;

/// The most errors that one call reports; what follows is dropped, and the parse fails all the
/// same.
const ERRORS_MAX: usize = 200;

/// One thing that is wrong in a catalogue file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct CatalogueError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What was read and why it is refused.
    pub message: String,
}

/// Everything that is wrong in a set of catalogue files, in the order of files and lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueErrors(Vec<CatalogueError>);

impl CatalogueErrors {
    /// The errors; at least one, at most 200.
    #[must_use]
    pub fn as_slice(&self) -> &[CatalogueError] {
        &self.0
    }
}

impl fmt::Display for CatalogueErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogueErrors {}

/// Gathers errors, so that one run tells all of them.
#[derive(Debug, Default)]
pub(crate) struct Errors(Vec<CatalogueError>);

impl Errors {
    pub(crate) fn push(&mut self, file: &str, line: usize, message: impl Into<String>) {
        if self.0.len() < ERRORS_MAX {
            self.0.push(CatalogueError { file: file.to_owned(), line, message: message.into() });
        }
    }

    /// `value` where nothing was wrong.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, CatalogueErrors> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Err(CatalogueErrors(self.0))
    }
}
