//! What can go wrong.

/// Why bytes are not a table of places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The first bytes are not those of a table.
    #[error("could not read the geo table: it does not begin with `CREANGEO`")]
    NotATable,
    /// A version that this program does not read.
    #[error("could not read the geo table: its version is {0}, and this program reads version 1")]
    Version(u32),
    /// The file was cut or grew.
    #[error("could not read the geo table: it says that it has {stated} bytes, and has {actual}")]
    Length {
        /// Bytes that the header states.
        stated: u64,
        /// Bytes that there are.
        actual: u64,
    },
    /// The bytes are not those that were written.
    #[error("could not read the geo table: its checksum does not fit; the file was changed")]
    Checksum,
    /// The checksum fits, but a part does not follow the format.
    #[error("could not read the geo table: in `{part}`, {what}")]
    Malformed {
        /// The section.
        part: &'static str,
        /// What is wrong.
        what: &'static str,
    },
}

/// Why the operator's own geo database cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("could not read the geo database given with `--geo` as MaxMind DB")]
pub struct MmdbError(#[from] maxminddb::MaxMindDbError);
