//! Checkpoints: what a log says of itself at a size (c2sp.org/tlog-checkpoint).

use crate::hash::Hash;
use crate::note::{NoteError, SigningKey, VerifierKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The largest checkpoint that is read, in bytes; one of ours has less than 300.
pub const CHECKPOINT_BYTES_MAX: u64 = 64 << 10;

/// A log's name, its size, and the root of its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, which is the name of the key that signs.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// As a note signed by the log's key.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        key.sign(&format!("{}\n{}\n{root}\n", self.origin, self.size))
    }

    /// Reads a checkpoint and checks its signature. The log bears the name of the key, or one
    /// below it (`KEY/LOG`), so that one key serves all logs of an installation.
    ///
    /// # Errors
    /// [`NoteError`] where it is no checkpoint, or not signed by this key.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        let checkpoint = Self::read(note)?;
        let below = checkpoint.origin.strip_prefix(key.name());
        if !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err(NoteError::NotSigned(key.name().to_owned()));
        }
        key.named(&checkpoint.origin)?.open(note)?;
        Ok(checkpoint)
    }

    /// Reads a checkpoint without looking at its signature.
    ///
    /// # Errors
    /// [`NoteError::Form`] where it is none.
    pub fn read(note: &str) -> Result<Self, NoteError> {
        const WHAT: NoteError = NoteError::Form("no name, size and root in its first three lines");
        let mut lines = note.split('\n');
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let origin = origin.filter(|origin| !origin.is_empty()).ok_or(WHAT)?;
        let digits = size.filter(|size| size.bytes().all(|b| b.is_ascii_digit())).ok_or(WHAT)?;
        let size = digits.parse().ok().filter(|size: &u64| size.to_string() == digits).ok_or(WHAT)?;
        let root = root.and_then(|root| STANDARD.decode(root).ok()).ok_or(WHAT)?;
        let root = Hash::from_bytes(&root).ok_or(WHAT)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_under_the_installation_s_key_alone() {
        let key = SigningKey::from_seed("creance/0011", [3; 32]).unwrap();
        let checkpoint =
            Checkpoint { origin: "creance/0011/gateway".to_owned(), size: 17, root: Hash::of_leaf(b"x") };
        let note = checkpoint.sign(&key.named(&checkpoint.origin).unwrap());
        assert_eq!(Checkpoint::open(&note, key.verifier()).unwrap(), checkpoint);
        let other = SigningKey::from_seed("creance/0011", [4; 32]).unwrap();
        assert!(Checkpoint::open(&note, other.verifier()).is_err());
        let elsewhere = Checkpoint { origin: "creance/00112/gateway".to_owned(), ..checkpoint };
        let note = elsewhere.sign(&key.named(&elsewhere.origin).unwrap());
        assert!(Checkpoint::open(&note, key.verifier()).is_err());
        for bad in ["", "a\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "\n1\nAAAA\n", "a\n1\nAAAA\n"] {
            assert!(Checkpoint::read(bad).is_err(), "{bad:?}");
        }
    }
}
