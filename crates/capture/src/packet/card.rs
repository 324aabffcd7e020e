//! Link-layer addresses, of which every packet has two.

/// The address of a network card, as a number: those of every packet are compared. Zero is none,
/// since programs that make up a header for packets that had none write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Card(u64);

impl Card {
    pub(crate) const NONE: Self = Self(0);

    #[inline]
    pub(crate) const fn new([a, b, c, d, e, f]: [u8; 6]) -> Self {
        Self(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
    }

    /// Its bytes; `None` where there is no address.
    pub(crate) fn bytes(self) -> Option<[u8; 6]> {
        let [_, _, a, b, c, d, e, f] = self.0.to_be_bytes();
        (self != Self::NONE).then_some([a, b, c, d, e, f])
    }

    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Whether it is that of a group, broadcast included.
    #[inline]
    pub(crate) const fn is_group(self) -> bool {
        self.0 & 1 << 40 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_no_address_and_groups_have_their_bit_in_the_first_byte() {
        assert!(Card::new([0; 6]).is_none());
        assert_eq!(Card::NONE.bytes(), None);
        let (one, group) = (Card::new([2, 3, 5, 7, 11, 13]), Card::new([1, 0, 0, 0, 0, 0]));
        assert_eq!(one.bytes(), Some([2, 3, 5, 7, 11, 13]));
        assert_eq!((one.is_group(), group.is_group(), Card::NONE.is_group()), (false, true, false));
        assert!(Card::new([255; 6]).is_group());
    }
}
