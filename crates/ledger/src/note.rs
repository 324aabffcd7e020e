//! Signed notes and the keys that sign them (c2sp.org/signed-note), with Ed25519.

use crate::hash::Hash;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// The algorithm byte of Ed25519 in keys.
const ED25519_BYTE: u8 = 1;

/// What begins a line of signature: an em dash and a space.
const SIGNATURE_START: &str = "\u{2014} ";

/// More lines of signature than a note needs.
const SIGNATURES_MAX: usize = 100;

/// The longest name of a key, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Why a key or a note was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// A text that is no name: empty, too long, or with white space or `+` in it.
    #[error("`{0}` cannot name a key: 1 to {NAME_BYTES_MAX} bytes without white space and `+`")]
    Name(String),
    /// A text that is no key.
    #[error("this is no {0}")]
    Key(&'static str),
    /// A note without the form of one.
    #[error("this is no signed note: {0}")]
    Form(&'static str),
    /// No signature by the key.
    #[error("it is not signed by `{0}`")]
    NotSigned(String),
    /// A signature in the key's name that does not hold.
    #[error("the signature by `{0}` does not hold: the text was changed, or another key signed it")]
    BadSignature(String),
}

/// A key that checks signatures, and its name. The text form is `NAME+ID+KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: [u8; 32],
}

impl VerifierKey {
    /// The name in lines of signature.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same key under another name.
    ///
    /// # Errors
    /// [`NoteError::Name`] where the name cannot be one.
    pub fn named(&self, name: &str) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key: self.key })
    }

    /// Opens a signed note: its text, once the signature of this key holds. Signatures of others
    /// are passed over.
    ///
    /// # Errors
    /// Every kind of [`NoteError`] but those about names and keys.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = split(note)?;
        let mut signed = false;
        for line in signatures {
            let (name, blob) = read_signature(line)?;
            let Some(signature) = blob.strip_prefix(&self.id()).filter(|_| name == self.name) else {
                continue;
            };
            UnparsedPublicKey::new(&ED25519, self.key)
                .verify(text.as_bytes(), signature)
                .map_err(|_| NoteError::BadSignature(self.name.clone()))?;
            signed = true;
        }
        if signed { Ok(text) } else { Err(NoteError::NotSigned(self.name.clone())) }
    }

    fn id(&self) -> [u8; 4] {
        let hash = Hash::of(&[self.name.as_bytes(), b"\n", &[ED25519_BYTE], &self.key]);
        let [a, b, c, d, ..] = *hash.as_bytes();
        [a, b, c, d]
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_key(f, &self.name, self.id(), &self.key)
    }
}

impl std::str::FromStr for VerifierKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, id, key) = read_key(text).ok_or(NoteError::Key("key to verify with"))?;
        check_name(name)?;
        let key = Self { name: name.to_owned(), key };
        if key.id() == id { Ok(key) } else { Err(NoteError::Key("key to verify with")) }
    }
}

/// A key that signs. Its text form, `PRIVATE+KEY+NAME+ID+SEED`, is a secret.
pub struct SigningKey {
    verifier: VerifierKey,
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// From a name and 32 bytes that nobody can guess.
    ///
    /// # Errors
    /// [`NoteError::Name`] where the name cannot be one.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| NoteError::Key("seed of a signing key"))?;
        let key = <[u8; 32]>::try_from(pair.public_key().as_ref())
            .map_err(|_| NoteError::Key("seed of a signing key"))?;
        Ok(Self { verifier: VerifierKey { name: name.to_owned(), key }, seed, pair })
    }

    /// The same key under another name.
    ///
    /// # Errors
    /// [`NoteError::Name`] where the name cannot be one.
    pub fn named(&self, name: &str) -> Result<Self, NoteError> {
        Self::from_seed(name, self.seed)
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// A note: the text, an empty line, and a line of signature. The text must end a line.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let mut blob = self.verifier.id().to_vec();
        blob.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!("{text}\n{SIGNATURE_START}{} {}\n", self.verifier.name, STANDARD.encode(blob))
    }

    /// The text form, which whoever has can sign in this log's name.
    #[must_use]
    pub fn secret_text(&self) -> String {
        struct Secret<'a>(&'a SigningKey);
        impl std::fmt::Display for Secret<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let verifier = &self.0.verifier;
                write_key(f, &verifier.name, verifier.id(), &self.0.seed)
            }
        }
        format!("PRIVATE+KEY+{}", Secret(self))
    }
}

impl std::str::FromStr for SigningKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        const WHAT: NoteError = NoteError::Key("signing key");
        let text = text.strip_prefix("PRIVATE+KEY+").ok_or(WHAT)?;
        let (name, id, seed) = read_key(text).ok_or(WHAT)?;
        let key = Self::from_seed(name, seed)?;
        if key.verifier.id() == id { Ok(key) } else { Err(WHAT) }
    }
}

/// Shows the name alone: what is secret is not for logs.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// A note's text, which ends a line, and its lines of signature.
fn split(note: &str) -> Result<(&str, Vec<&str>), NoteError> {
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(NoteError::Form("it holds control characters"));
    }
    // The text may hold empty lines; the signatures do not.
    let end = note.rfind("\n\n").ok_or(NoteError::Form("no empty line before signatures"))?;
    let (text, signatures) = (note.get(..=end), note.get(end + 2..));
    let (Some(text), Some(signatures)) = (text, signatures) else {
        return Err(NoteError::Form("no empty line before signatures"));
    };
    let lines = signatures.strip_suffix('\n').ok_or(NoteError::Form("the last line does not end"))?;
    let lines: Vec<&str> = lines.split('\n').collect();
    if lines.len() > SIGNATURES_MAX {
        return Err(NoteError::Form("too many signatures"));
    }
    Ok((text, lines))
}

/// The name and the bytes of a line of signature.
fn read_signature(line: &str) -> Result<(&str, Vec<u8>), NoteError> {
    const WHAT: NoteError = NoteError::Form("a line of signature is not one");
    let (name, blob) =
        line.strip_prefix(SIGNATURE_START).and_then(|rest| rest.split_once(' ')).ok_or(WHAT)?;
    check_name(name).map_err(|_| WHAT)?;
    let blob = STANDARD.decode(blob).ok().filter(|blob| blob.len() > 4).ok_or(WHAT)?;
    Ok((name, blob))
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(is_odd) {
        return Err(NoteError::Name(name.chars().take(80).collect()));
    }
    Ok(())
}

fn write_key(f: &mut std::fmt::Formatter<'_>, name: &str, id: [u8; 4], key: &[u8]) -> std::fmt::Result {
    let bytes: Vec<u8> = std::iter::once(ED25519_BYTE).chain(key.iter().copied()).collect();
    write!(f, "{name}+{:08x}+{}", u32::from_be_bytes(id), STANDARD.encode(bytes))
}

/// The name, the id and the 32 bytes of a key's text. The base64 may hold a `+` itself.
fn read_key(text: &str) -> Option<(&str, [u8; 4], [u8; 32])> {
    let (name, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let is_hex = id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let id = u32::from_str_radix(id, 16).ok().filter(|_| is_hex)?;
    let bytes = STANDARD.decode(key).ok()?;
    let key = bytes.strip_prefix(&[ED25519_BYTE])?;
    Some((name, id.to_be_bytes(), key.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vectors of the format's first implementation, golang.org/x/mod/sumdb/note.
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SKEY: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn notes_are_those_of_the_first_implementation() {
        let signer: SigningKey = SKEY.parse().unwrap();
        assert_eq!(signer.verifier().to_string(), VKEY);
        assert_eq!(signer.secret_text(), SKEY);
        let note = signer.sign(TEXT);
        assert_eq!(note, format!("{TEXT}\n{SIGNATURE}"));
        assert_eq!(VKEY.parse::<VerifierKey>().unwrap().open(&note).unwrap(), TEXT);
        assert!(!format!("{signer:?}").contains("AYEKFAL"));
    }

    #[test]
    fn a_changed_byte_is_refused_wherever_it_stands() {
        let key: VerifierKey = VKEY.parse().unwrap();
        let note = format!("{TEXT}\n{SIGNATURE}");
        for place in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[place] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(key.open(&changed).is_err(), "{place}: {changed}");
            }
        }
    }

    #[test]
    fn other_signatures_are_passed_over_and_needed_ones_are_not() {
        let key: VerifierKey = VKEY.parse().unwrap();
        let other = SigningKey::from_seed("witness.example", [7; 32]).unwrap();
        let by_other = other.sign(TEXT);
        assert_eq!(key.open(&by_other), Err(NoteError::NotSigned("PeterNeumann".to_owned())));
        let both = format!("{by_other}{SIGNATURE}");
        assert_eq!(key.open(&both).unwrap(), TEXT);
        assert_eq!(other.verifier().open(&both).unwrap(), TEXT);
    }

    #[test]
    fn keys_with_a_changed_byte_are_no_keys() {
        for place in 0..VKEY.len() {
            let mut bytes = VKEY.as_bytes().to_vec();
            bytes[place] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(changed.parse::<VerifierKey>().is_err(), "{changed}");
        }
        assert!(SigningKey::from_seed("two words", [0; 32]).is_err());
    }
}
