//! Why there is no jail, or no app in it.

use std::fmt;
use std::io;

/// The exit status where the jail could not be made or ended by itself.
pub const COULD_NOT_JAIL: u8 = 125;
/// The exit status where the app cannot be executed.
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// The exit status where there is no such app.
pub(super) const NOT_FOUND: u8 = 127;

/// Why there is no jail, or no app in it: a line, causes below it, and a remedy after `hint: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JailError {
    status: u8,
    text: String,
}

impl JailError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { status: COULD_NOT_JAIL, text: text.into() }
    }

    pub(super) const fn with_status(status: u8, text: String) -> Self {
        Self { status, text }
    }

    /// For `map_err`: what could not be done.
    pub(super) fn doing<E: Into<io::Error>>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self::new(format!("the jail could not be made: {what}: {}", error.into()))
    }

    pub(super) fn hint(mut self, hint: &str) -> Self {
        self.text.push_str("\nhint: ");
        self.text.push_str(hint);
        self
    }

    /// The exit status that says so: 125 no jail, 126 not executable, 127 not found.
    #[must_use]
    pub const fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for JailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for JailError {}
