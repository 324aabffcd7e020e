//! The modes as Cedar policies behind one function, and the decision table of a mode.
//!
//! The policies are the files under `policies/`, written to be read by the person who must
//! answer for the data. [`Policies::decide`] is the only way to a decision, and Cedar is not
//! seen from outside. An operator may add files of their own; they can tighten a mode and
//! never loosen one, since a mode holds by `forbid`, which no `permit` undoes.
//!
//! Everything fails closed: what no policy permits is denied, and so is a request about which
//! any policy could not be evaluated.

mod decide;
mod error;
mod explain;
mod load;
mod request;
mod statements;
mod table;
mod vocabulary;

pub use decide::Decision;
pub use error::PolicyError;
pub use load::{Mentions, Policies};
pub use request::{Request, ServiceFacts};
pub use statements::{FILE_BYTES_MAX, NESTING_MAX, TOKENS_MAX};
pub use table::Row;

/// The most policies that can be held, the shipped ones and the operator's together.
pub const POLICIES_MAX: usize = 1000;
