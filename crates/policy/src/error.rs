//! Why policies could not be loaded.

use crate::{FILE_BYTES_MAX, POLICIES_MAX};

/// Why a file of policies was refused. Nothing of a refused file is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The schema that Creance ships does not hold together.
    #[error("policies/creance.cedarschema: {why}")]
    Schema {
        /// What is wrong with it.
        why: String,
    },
    /// A name that cannot be part of a policy's id.
    #[error("`{name}` cannot name a file of policies: 1 to 80 of letters, digits, `-`, `_` and `.`")]
    FileName {
        /// The name, shortened.
        name: String,
    },
    /// A file of this name is loaded already.
    #[error("`{name}` is loaded already; give this file another name")]
    FileTwice {
        /// The name.
        name: String,
    },
    /// More text than a file may have.
    #[error("{name}: {bytes} bytes are too many for a file of policies; at most {FILE_BYTES_MAX}")]
    FileTooLarge {
        /// The name.
        name: String,
        /// The size, in bytes.
        bytes: usize,
    },
    /// A file without policies, which would look as if it held something back.
    #[error("{name}: no policy in this file")]
    FileEmpty {
        /// The name.
        name: String,
    },
    /// More policies than can be held.
    #[error("{name}: more than {POLICIES_MAX} policies with this file")]
    TooMany {
        /// The name.
        name: String,
    },
    /// A policy that is not Cedar, does not fit the schema, or could never apply.
    #[error("{file}:{line}: {why}")]
    Policy {
        /// The file's name.
        file: String,
        /// The line on which the policy begins, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}
