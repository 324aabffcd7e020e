//! Plain data that every part of Creance shares.
//!
//! Nothing here opens a file, reads a clock or panics on any input. A value that exists is
//! valid: a [`HostName`] cannot hold a space, a [`Jurisdiction`] is two capital letters.

mod category;
mod host;
mod ids;
mod mode;
mod net;
mod party;
mod time;
mod verdict;

pub use category::{Category, UnknownCategory};
pub use host::{HostName, HostNameError};
pub use ids::{Jurisdiction, ServiceId, TextError};
pub use mode::{Mode, UnknownMode};
pub use net::{Endpoint, Scope, Transport, scope};
pub use party::{PartyKind, UnknownPartyKind};
pub use time::{Duration, Timestamp};
pub use verdict::{ClaimId, UnknownVerdict, Verdict};

/// Implements the text form of an enum: its word, `Display`, `FromStr` and `ALL`.
///
/// Text forms are part of files that people write, so they are listed by hand at each enum.
macro_rules! words {
    ($type:ident, $error:ident, $what:literal, { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that files, reports and the command line use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($error(text.chars().take(80).collect())),
                }
            }
        }

        #[doc = concat!("A word that names no ", $what, ".")]
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("`{0}` is no {what}; one of: {all}", what = $what, all = Self::all())]
        pub struct $error(pub String);

        impl $error {
            fn all() -> String {
                $type::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", ")
            }
        }
    };
}
pub(crate) use words;
