//! Names of things that files refer to.

use serde::{Deserialize, Serialize};

/// A text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}")]
pub struct TextError {
    /// The text, shortened.
    pub text: String,
    /// What it should have been.
    pub what: &'static str,
}

impl TextError {
    fn new(text: &str, what: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), what }
    }
}

/// The id of a service in the catalogue, such as `dji.flysafe`: lower-case letters, digits and
/// `-`, in two or more parts joined by dots.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceId(Box<str>);

impl ServiceId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for ServiceId {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        if text.len() <= 80 && text.contains('.') && text.split('.').all(part) {
            Ok(Self(text.into()))
        } else {
            Err(TextError::new(text, "a service id (such as `dji.flysafe`)"))
        }
    }
}

/// A country or territory by its ISO 3166-1 alpha-2 code, such as `CN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Jurisdiction([u8; 2]);

impl Jurisdiction {
    /// From two bytes, folding lower case.
    #[must_use]
    pub const fn from_bytes(code: [u8; 2]) -> Option<Self> {
        let [a, b] = [code[0].to_ascii_uppercase(), code[1].to_ascii_uppercase()];
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() { Some(Self([a, b])) } else { None }
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Two ASCII capitals by construction.
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl std::str::FromStr for Jurisdiction {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        <[u8; 2]>::try_from(text.as_bytes())
            .ok()
            .and_then(Self::from_bytes)
            .ok_or_else(|| TextError::new(text, "a two-letter country code (such as `CN`)"))
    }
}

macro_rules! text_form {
    ($type:ident) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl TryFrom<String> for $type {
            type Error = TextError;
            fn try_from(text: String) -> Result<Self, TextError> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.as_str().to_owned()
            }
        }
    };
}
text_form!(ServiceId);
text_form!(Jurisdiction);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_ids_and_countries_are_checked() {
        assert!("dji.flysafe".parse::<ServiceId>().is_ok());
        for bad in ["dji", "Dji.x", "dji..x", ".x", "dji.x y", ""] {
            assert!(bad.parse::<ServiceId>().is_err(), "{bad}");
        }
        assert_eq!("cn".parse::<Jurisdiction>().unwrap().as_str(), "CN");
        assert!("CHN".parse::<Jurisdiction>().is_err());
        assert!("1A".parse::<Jurisdiction>().is_err());
    }
}
