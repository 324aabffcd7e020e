//! Bytes that arrive in pieces and in any order.

/// A run of bytes from offset zero, with holes until they are filled. Bounded.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    bytes: Vec<Option<u8>>,
    whole: usize,
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
        let end = offset.checked_add(piece.len()).filter(|&end| end <= limit).ok_or(FragmentError::TooFar)?;
        if self.bytes.len() < end {
            self.bytes.resize(end, None);
        }
        let slots = self.bytes.iter_mut().skip(offset);
        for (slot, &byte) in slots.zip(piece) {
            if *slot.get_or_insert(byte) != byte {
                return Err(FragmentError::Contradiction);
            }
        }
        let more = self.bytes.iter().skip(self.whole);
        self.whole += more.take_while(|slot| slot.is_some()).count();
        Ok(())
    }

    /// The bytes up to the first hole.
    pub(crate) fn start(&self) -> Vec<u8> {
        let known = self.bytes.iter().take(self.whole);
        known.copied().flatten().collect()
    }

    /// The memory that they take, in bytes.
    pub(crate) const fn held(&self) -> usize {
        self.bytes.capacity() * size_of::<Option<u8>>()
    }

    /// How many bytes there are up to the first hole.
    pub(crate) const fn whole(&self) -> usize {
        self.whole
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
        assert_eq!(fragments.start(), b"abcdef");
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
