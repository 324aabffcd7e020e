//! Which host names an entry covers.

use crate::domain;
use creance_model::{HostName, HostNameError};
use std::fmt;

/// Which host names an entry covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// This name and no other.
    Exact(HostName),
    /// Every name below this one at any depth, and not this name itself: written `*.name`.
    Below(HostName),
}

/// Why a text is no host pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The name, or what follows `*.`, is not a host name.
    #[error("host `{0}`: {1}")]
    Name(String, HostNameError),
    /// `*` somewhere else than alone in front.
    #[error("host `{0}`: a `*` stands only in front, as in `*.example.com`")]
    Star(String),
    /// The wildcard would cover names of unrelated registrants.
    #[error("host `{0}`: `{1}` is {2}, so the wildcard covers hosts of strangers")]
    TooWide(String, HostName, &'static str),
}

impl HostPattern {
    /// The name itself, or the name that the pattern covers everything below.
    #[must_use]
    pub const fn name(&self) -> &HostName {
        match self {
            Self::Exact(name) | Self::Below(name) => name,
        }
    }

    /// Whether the pattern covers a name.
    #[must_use]
    pub fn covers(&self, host: &HostName) -> bool {
        match self {
            Self::Exact(name) => name == host,
            Self::Below(name) => host != name && host.is_within(name),
        }
    }
}

impl std::str::FromStr for HostPattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        let shown = || text.chars().take(80).collect::<String>();
        let (name, below) = match text.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        if name.contains('*') {
            return Err(PatternError::Star(shown()));
        }
        let name = HostName::parse(name).map_err(|error| PatternError::Name(shown(), error))?;
        if !below {
            return Ok(Self::Exact(name));
        }
        match domain::wildcard_hazard(&name) {
            Some(hazard) => Err(PatternError::TooWide(shown(), name, hazard)),
            None => Ok(Self::Below(name)),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.pad(name.as_str()),
            Self::Below(name) => f.pad(&format!("*.{name}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_what_is_below_and_not_the_apex() {
        let name = |text| HostName::parse(text).unwrap();
        let below: HostPattern = "*.mob.com".parse().unwrap();
        assert!(below.covers(&name("a.mob.com")));
        assert!(below.covers(&name("a.b.mob.com")));
        assert!(!below.covers(&name("mob.com")));
        assert!(!below.covers(&name("xmob.com")));
        assert_eq!(below.to_string(), "*.mob.com");
        let exact: HostPattern = "mob.com".parse().unwrap();
        assert!(exact.covers(&name("MOB.com")));
        assert!(!exact.covers(&name("a.mob.com")));
    }

    #[test]
    fn stars_stand_in_front_and_reach_no_strangers() {
        for text in ["*", "a.*.com", "*a.com", "*.*.com", "**.com", "*.a*.com"] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
        for text in ["*.com", "*.github.io", "*.amazonaws.com", "*.local"] {
            assert!(matches!(text.parse::<HostPattern>(), Err(PatternError::TooWide(..))), "{text}");
        }
    }
}
