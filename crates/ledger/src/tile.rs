//! Where the tiles of a log lie, and what they hold (c2sp.org/tlog-tiles).

use crate::hash::Hash;
use std::path::PathBuf;

/// How many hashes, or entries, a full tile has.
pub const TILE_WIDTH: u64 = 256;

/// The longest entry, in bytes: a bundle gives lengths in sixteen bits.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The entries themselves.
    Entries,
    /// Hashes at a level: of entries at 0, of full tiles of the level below at the others.
    Hashes(u8),
}

/// A tile by its place. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Its number, counted from 0 at the left.
    pub index: u64,
    /// How many entries or hashes are in it: 1 to 256.
    pub width: u64,
}

impl Tile {
    /// Every tile that a log of this size has, the last of each level perhaps in part.
    pub fn of_log(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0_u8..8).map(move |level| (Kind::Hashes(level), size >> (8 * u32::from(level))));
        std::iter::once((Kind::Entries, size)).chain(levels).flat_map(|(kind, width)| {
            (0..width.div_ceil(TILE_WIDTH)).map(move |index| {
                let width = (width - index * TILE_WIDTH).min(TILE_WIDTH);
                Self { kind, index, width }
            })
        })
    }

    /// Whether it can still grow.
    #[must_use]
    pub const fn is_partial(self) -> bool {
        self.width < TILE_WIDTH
    }

    /// The same tile when it is full.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: TILE_WIDTH, ..self }
    }

    /// Its path below the log's folder, such as `tile/0/x001/067.p/12`.
    #[must_use]
    pub fn path(self) -> PathBuf {
        let level = match self.kind {
            Kind::Entries => "entries".to_owned(),
            Kind::Hashes(level) => level.to_string(),
        };
        let partial = if self.is_partial() { format!(".p/{}", self.width) } else { String::new() };
        PathBuf::from(format!("tile/{level}/{}{partial}", digits(self.index)))
    }
}

/// A number in groups of three digits, all but the last with an `x` before them.
fn digits(mut index: u64) -> String {
    let mut text = format!("{:03}", index % 1000);
    while index >= 1000 {
        index /= 1000;
        text = format!("x{:03}/{text}", index % 1000);
    }
    text
}

/// Puts entries behind one another, each with its length before it. An entry that is too long is
/// refused before it comes here; it is left out.
pub(crate) fn pack<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        if let Ok(length) = u16::try_from(entry.len()) {
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(entry);
        }
    }
    bytes
}

/// The entries of a bundle; none where a length leads past its end.
#[must_use]
pub fn unpack(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bytes = rest;
    }
    bytes.is_empty().then_some(entries)
}

/// The bytes of a tile of hashes.
pub(crate) fn pack_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |kind, index, width| Tile { kind, index, width }.path().display().to_string();
        assert_eq!(path(Kind::Hashes(0), 0, 256), "tile/0/000");
        assert_eq!(path(Kind::Hashes(3), 1_234_067, 256), "tile/3/x001/x234/067");
        assert_eq!(path(Kind::Entries, 67, 12), "tile/entries/067.p/12");
        assert_eq!(path(Kind::Entries, 1000, 256), "tile/entries/x001/000");
    }

    #[test]
    fn a_log_has_the_tiles_of_the_specification() {
        // The example of the specification: 70,000 entries.
        let tiles: Vec<Tile> = Tile::of_log(70_000).collect();
        let at = |kind| tiles.iter().filter(move |tile| tile.kind == kind);
        assert_eq!(at(Kind::Entries).count(), 274);
        assert_eq!(at(Kind::Hashes(0)).count(), 274);
        assert_eq!(at(Kind::Hashes(0)).next_back().unwrap().path().display().to_string(), "tile/0/273.p/112");
        assert_eq!(at(Kind::Hashes(1)).count(), 2);
        assert_eq!(at(Kind::Hashes(1)).next_back().unwrap().path().display().to_string(), "tile/1/001.p/17");
        assert_eq!(at(Kind::Hashes(2)).map(|tile| tile.width).collect::<Vec<_>>(), [1]);
        assert_eq!(Tile::of_log(0).count(), 0);
        assert_eq!(Tile::of_log(256).count(), 3);
    }

    #[test]
    fn bundles_come_back_and_damaged_ones_do_not() {
        let entries: Vec<&[u8]> = vec![b"one", b"", b"three"];
        let bytes = pack(entries.iter().copied());
        assert_eq!(unpack(&bytes).unwrap(), entries);
        assert_eq!(unpack(&[]).unwrap(), Vec::<&[u8]>::new());
        for cut in [1, 2, 4, bytes.len() - 1] {
            assert_eq!(unpack(&bytes[..cut]), None, "{cut}");
        }
    }
}
