//! Strict reading of TOML tables: each key is asked for by name, and what nobody asked for is an
//! error at its line.

use crate::error::Errors;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest text of a catalogue file, in bytes.
const TEXT_BYTES_MAX: usize = 500;

/// One file: where its lines begin, and where what is wrong in it goes.
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a str,
    breaks: Vec<usize>,
    pub(crate) errors: &'a mut Errors,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, text: &str, errors: &'a mut Errors) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { file, breaks, errors }
    }

    /// The line, from 1, in which a span begins.
    pub(crate) fn line(&self, span: &Range<usize>) -> usize {
        self.breaks.partition_point(|at| *at < span.start) + 1
    }

    pub(crate) fn error(&mut self, line: usize, message: impl Into<String>) {
        self.errors.push(self.file, line, message);
    }

    /// The text of a value, if it is one line of 1 to 500 bytes without control characters.
    pub(crate) fn text<'v>(&mut self, key: &str, value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
        let line = self.line(&value.span());
        let Some(text) = value.get_ref().as_str() else {
            let found = value.get_ref().type_str();
            self.error(line, format!("`{key}` holds a text, and this is {found}"));
            return None;
        };
        if text.trim().is_empty() {
            self.error(line, format!("`{key}` is empty"));
            return None;
        }
        if text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
            self.error(line, format!("`{key}` is not one line of at most {TEXT_BYTES_MAX} bytes"));
            return None;
        }
        Some(text)
    }

    /// The value of a text.
    pub(crate) fn parsed<T>(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(key, value)?;
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                let line = self.line(&value.span());
                self.error(line, format!("`{key}`: {error}"));
                None
            }
        }
    }

    /// The tables of a list, each with its line.
    pub(crate) fn tables<'v, 'i>(
        &mut self,
        key: &str,
        value: &'v Spanned<DeValue<'i>>,
    ) -> Vec<Fields<'v, 'i>> {
        let mut tables = Vec::new();
        for item in self.items(key, value) {
            let line = self.line(&item.span());
            match item.get_ref().as_table() {
                Some(table) => tables.push(Fields::new(table, line)),
                None => self.error(line, format!("`{key}` is a list of tables")),
            }
        }
        tables
    }

    /// The values of a list.
    pub(crate) fn items<'v, 'i>(
        &mut self,
        key: &str,
        value: &'v Spanned<DeValue<'i>>,
    ) -> Vec<&'v Spanned<DeValue<'i>>> {
        match value.get_ref().as_array() {
            Some(items) => items.iter().collect(),
            None => {
                let (line, found) = (self.line(&value.span()), value.get_ref().type_str());
                self.error(line, format!("`{key}` is a list, and this is {found}"));
                Vec::new()
            }
        }
    }
}

/// The keys of one table, taken one by one.
pub(crate) struct Fields<'v, 'i> {
    left: Vec<(&'v str, Range<usize>, &'v Spanned<DeValue<'i>>)>,
    /// The line where the table begins.
    pub(crate) line: usize,
}

impl<'v, 'i> Fields<'v, 'i> {
    pub(crate) fn new(table: &'v DeTable<'i>, line: usize) -> Self {
        let left = table.iter().map(|(key, value)| (&**key.get_ref(), key.span(), value)).collect();
        Self { left, line }
    }

    /// Whether no key is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Takes a key that may be absent.
    pub(crate) fn take(&mut self, key: &str) -> Option<&'v Spanned<DeValue<'i>>> {
        let at = self.left.iter().position(|(name, ..)| *name == key)?;
        Some(self.left.swap_remove(at).2)
    }

    /// Takes a key that must be there.
    pub(crate) fn require(
        &mut self,
        reader: &mut Reader<'_>,
        what: &str,
        key: &str,
    ) -> Option<&'v Spanned<DeValue<'i>>> {
        let value = self.take(key);
        if value.is_none() {
            reader.error(self.line, format!("{what} has no `{key}`"));
        }
        value
    }

    /// Takes a text that must be there.
    pub(crate) fn text(&mut self, reader: &mut Reader<'_>, what: &str, key: &str) -> Option<String> {
        let value = self.require(reader, what, key)?;
        reader.text(key, value).map(str::to_owned)
    }

    /// Takes a text that must be there and reads it.
    pub(crate) fn parsed<T>(&mut self, reader: &mut Reader<'_>, what: &str, key: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.require(reader, what, key)?;
        reader.parsed(key, value)
    }

    /// Takes a text that may be absent and reads it. An unreadable one was reported.
    pub(crate) fn optional<T>(&mut self, reader: &mut Reader<'_>, key: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.take(key)?;
        reader.parsed(key, value)
    }

    /// Reports the keys that nobody took.
    pub(crate) fn finish(mut self, reader: &mut Reader<'_>, what: &str) {
        self.left.sort_by_key(|(_, span, _)| span.start);
        for (key, span, _) in self.left {
            let line = reader.line(&span);
            let shown: String = key.chars().take(80).collect();
            reader.error(line, format!("{what} knows no key `{shown}`"));
        }
    }
}
