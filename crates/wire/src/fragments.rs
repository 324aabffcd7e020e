//! Bytes that arrive in pieces and in any order.

/// A run of bytes from offset zero, with holes until they are filled. Bounded.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    /// The bytes up to the first hole.
    start: Vec<u8>,
    /// What is there behind them.
    beyond: Vec<Option<u8>>,
}

/// Why a piece was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FragmentError {
    /// It reaches past what is kept.
    TooFar,
    /// It says something else about bytes that are already there.
    Contradiction,
}

impl Fragments {
    /// Puts a piece at its place, if it ends within `limit` bytes.
    pub(crate) fn add(&mut self, offset: usize, piece: &[u8], limit: usize) -> Result<(), FragmentError> {
        offset.checked_add(piece.len()).filter(|&end| end <= limit).ok_or(FragmentError::TooFar)?;
        let again = self.start.len().saturating_sub(offset).min(piece.len());
        let (again, fresh) = piece.split_at_checked(again).unwrap_or((piece, &[]));
        if !again.is_empty() && self.start.get(offset..offset + again.len()) != Some(again) {
            return Err(FragmentError::Contradiction);
        }
        let from = (offset + again.len()).saturating_sub(self.start.len());
        if !fresh.is_empty() && self.beyond.len() < from + fresh.len() {
            self.beyond.resize(from + fresh.len(), None);
        }
        for (slot, &byte) in self.beyond.iter_mut().skip(from).zip(fresh) {
            if *slot.get_or_insert(byte) != byte {
                return Err(FragmentError::Contradiction);
            }
        }
        let whole = self.beyond.iter().take_while(|slot| slot.is_some()).count();
        self.start.extend(self.beyond.drain(..whole).flatten());
        if self.beyond.is_empty() {
            self.beyond = Vec::new();
        }
        Ok(())
    }

    /// The bytes up to the first hole.
    pub(crate) fn start(&self) -> &[u8] {
        &self.start
    }

    /// The memory that they take, in bytes.
    pub(crate) const fn held(&self) -> usize {
        self.start.capacity() + self.beyond.capacity() * size_of::<Option<u8>>()
    }

    /// How many bytes there are up to the first hole.
    pub(crate) const fn whole(&self) -> usize {
        self.start.len()
    }

    /// Where the last byte ends that is there.
    pub(crate) const fn end(&self) -> usize {
        self.start.len() + self.beyond.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_may_come_in_any_order_and_twice() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.add(3, b"def", 6), Ok(()));
        assert_eq!(fragments.whole(), 0);
        assert_eq!(fragments.add(0, b"abc", 6), Ok(()));
        assert_eq!(fragments.add(2, b"cd", 6), Ok(()));
        assert_eq!((fragments.start(), fragments.end()), (&b"abcdef"[..], 6));
        assert_eq!(fragments.add(8, b"i", 9), Ok(()));
        assert_eq!((fragments.whole(), fragments.end()), (6, 9));
        assert_eq!(fragments.add(4, b"efgh", 9), Ok(()));
        assert_eq!(fragments.start(), b"abcdefghi");
    }

    #[test]
    fn contradictions_and_far_pieces_are_refused() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.add(0, b"abc", 6), Ok(()));
        assert_eq!(fragments.add(2, b"x", 6), Err(FragmentError::Contradiction));
        assert_eq!(fragments.add(6, b"x", 6), Err(FragmentError::TooFar));
        assert_eq!(fragments.add(usize::MAX, b"x", 6), Err(FragmentError::TooFar));
    }
}
