//! Host names.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A host name: one to 253 bytes of lower-case ASCII letters, digits, `-`, `_` and dots, each
/// label one to 63 bytes. Internationalised names are kept in their ASCII form (`xn--…`).
/// Numeric addresses are not host names. A trailing dot is dropped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

/// Why a text is not a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostNameError {
    /// Nothing there.
    #[error("a host name must not be empty")]
    Empty,
    /// More than 253 bytes, or a label of more than 63.
    #[error("a host name has at most 253 bytes, and each label at most 63")]
    TooLong,
    /// `a..b`, or a dot at the start.
    #[error("a host name has no empty label")]
    EmptyLabel,
    /// A byte that host names do not have, such as NUL, a space or a colon.
    #[error("a host name has no byte 0x{0:02x}")]
    Byte(u8),
    /// An IP address.
    #[error("a numeric address is not a host name")]
    Address,
}

impl HostName {
    /// Reads a host name from bytes as they stand on the wire, folding capitals.
    ///
    /// # Errors
    /// Where the bytes are not a host name; nothing is repaired apart from case and a final dot.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HostNameError> {
        let bytes = bytes.strip_suffix(b".").unwrap_or(bytes);
        if bytes.is_empty() {
            return Err(HostNameError::Empty);
        }
        if bytes.len() > 253 {
            return Err(HostNameError::TooLong);
        }
        let mut last: &[u8] = &[];
        // All bytes at once, and then the labels: a name is read for most flows, and seldom wrong.
        let allowed =
            bytes.iter().fold(true, |allowed, &byte| allowed & (is_of_label(byte) | (byte == b'.')));
        for label in bytes.split(|&byte| byte == b'.') {
            if !allowed || label.is_empty() || label.len() > 63 {
                return Err(first_error(bytes));
            }
            last = label;
        }
        let last = last.len();
        let text = String::from_utf8(bytes.to_ascii_lowercase()).map_err(|_| HostNameError::Byte(0x80))?;
        // A name whose last label is a number would be read as an address by some resolvers. Every
        // such label begins with a digit.
        let last = text.get(text.len() - last..).unwrap_or_default();
        let numeric = last.starts_with(|c: char| c.is_ascii_digit())
            && (last.bytes().all(|b| b.is_ascii_digit())
                || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())));
        if numeric {
            return Err(HostNameError::Address);
        }
        Ok(Self(text.into_boxed_str()))
    }

    /// Reads a host name from text. See [`HostName::from_bytes`].
    ///
    /// # Errors
    /// Where the text is not a host name.
    pub fn parse(text: &str) -> Result<Self, HostNameError> {
        Self::from_bytes(text.as_bytes())
    }

    /// The name, in lower case and without a final dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name is `suffix` or stands below it.
    #[must_use]
    pub fn is_within(&self, suffix: &Self) -> bool {
        self.0.strip_suffix(&*suffix.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

const fn is_of_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// What is wrong first in bytes whose labels are not in order.
fn first_error(bytes: &[u8]) -> HostNameError {
    let mut label = 0_usize;
    for &byte in bytes {
        match byte {
            b'.' if label == 0 => return HostNameError::EmptyLabel,
            b'.' => label = 0,
            _ if is_of_label(byte) => label += 1,
            _ => return HostNameError::Byte(byte),
        }
        if label > 63 {
            return HostNameError::TooLong;
        }
    }
    HostNameError::EmptyLabel
}

impl Serialize for HostName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl de::Visitor<'_> for Name {
            type Value = HostName;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a host name")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<HostName, E> {
                HostName::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Name)
    }
}

impl std::fmt::Display for HostName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for HostName {
    type Err = HostNameError;
    fn from_str(text: &str) -> Result<Self, HostNameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for HostName {
    type Error = HostNameError;
    fn try_from(text: String) -> Result<Self, HostNameError> {
        Self::parse(&text)
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_nothing_else_is_repaired() {
        assert_eq!(HostName::parse("WWW.Example.COM.").unwrap().as_str(), "www.example.com");
        for (text, error) in [
            ("", HostNameError::Empty),
            (".", HostNameError::Empty),
            ("a..b", HostNameError::EmptyLabel),
            (".a", HostNameError::EmptyLabel),
            ("evil\0.allowed.test", HostNameError::Byte(0)),
            ("a b", HostNameError::Byte(b' ')),
            ("1.2.3.4", HostNameError::Address),
            ("1.2.3.0x4", HostNameError::Address),
            ("::1", HostNameError::Byte(b':')),
        ] {
            assert_eq!(HostName::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(HostName::parse(&"a".repeat(64)), Err(HostNameError::TooLong));
        assert_eq!(HostName::parse(&vec!["a".repeat(60); 5].join(".")), Err(HostNameError::TooLong));
    }

    #[test]
    fn within_needs_a_label_boundary() {
        let name = |text| HostName::parse(text).unwrap();
        assert!(name("a.dji.com").is_within(&name("dji.com")));
        assert!(name("dji.com").is_within(&name("dji.com")));
        assert!(!name("notdji.com").is_within(&name("dji.com")));
        assert!(!name("com").is_within(&name("dji.com")));
    }
}
