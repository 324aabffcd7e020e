//! The Merkle tree over a log's entries, grown tile by tile.

use crate::hash::Hash;
use crate::tile::{Kind, TILE_WIDTH, Tile, pack, pack_hashes};

/// A tile with its bytes.
pub type Written = (Tile, Vec<u8>);

/// The right edge of a log's tree: the tiles that are not yet full. It takes entries in their
/// order and gives out each tile when it is full. It holds less than 256 entries, and less than
/// 256 hashes for each level, however long the log.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    size: u64,
    entries: Vec<Vec<u8>>,
    /// For each level the hashes of its last tile, from the entries up. Never full.
    levels: Vec<Vec<Hash>>,
}

impl Builder {
    /// Goes on at the end of full tiles: `levels` are the hashes that stand in the last tile of
    /// each level, that of the entries being empty.
    pub(crate) fn after(full_tiles: u64, levels: Vec<Vec<Hash>>) -> Self {
        Self { size: full_tiles * TILE_WIDTH, entries: Vec::new(), levels }
    }

    /// How many entries the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds an entry; gives the tiles that are full with it.
    pub fn push(&mut self, entry: &[u8]) -> Vec<Written> {
        let mut full = Vec::new();
        self.entries.push(entry.to_vec());
        if self.entries.len() as u64 == TILE_WIDTH {
            let tile = Tile { kind: Kind::Entries, index: self.size / TILE_WIDTH, width: TILE_WIDTH };
            full.push((tile, pack(self.entries.iter().map(Vec::as_slice))));
            self.entries.clear();
        }
        let mut hash = Some(Hash::of_leaf(entry));
        for level in 0_u8.. {
            let Some(one) = hash.take() else { break };
            if usize::from(level) == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { break };
            hashes.push(one);
            if hashes.len() as u64 == TILE_WIDTH {
                let index = self.size >> (8 * (u32::from(level) + 1));
                full.push((
                    Tile { kind: Kind::Hashes(level), index, width: TILE_WIDTH },
                    pack_hashes(hashes),
                ));
                hash = Some(root_of(hashes));
                hashes.clear();
            }
        }
        self.size += 1;
        full
    }

    /// The tiles at the right edge that are not full.
    #[must_use]
    pub fn partial(&self) -> Vec<Written> {
        let entries = (!self.entries.is_empty()).then(|| {
            let bytes = pack(self.entries.iter().map(Vec::as_slice));
            (Kind::Entries, self.size, self.entries.len(), bytes)
        });
        let hashes =
            (0_u8..).zip(&self.levels).filter(|(_, hashes)| !hashes.is_empty()).map(|(level, hashes)| {
                let all = self.size >> (8 * u32::from(level));
                (Kind::Hashes(level), all, hashes.len(), pack_hashes(hashes))
            });
        entries
            .into_iter()
            .chain(hashes)
            .map(|(kind, all, width, bytes)| {
                (Tile { kind, index: all / TILE_WIDTH, width: width as u64 }, bytes)
            })
            .collect()
    }

    /// The root of the tree as it stands.
    #[must_use]
    pub fn root(&self) -> Hash {
        // The full subtrees from left to right are those within the last tile of each level, from
        // the highest level down.
        let peaks: Vec<Hash> = self.levels.iter().rev().flat_map(|hashes| peaks(hashes)).collect();
        peaks
            .into_iter()
            .rev()
            .reduce(|right, left| Hash::of_node(&left, &right))
            .unwrap_or_else(Hash::of_nothing)
    }
}

/// The root of a tree with these leaves.
pub(crate) fn root_of(leaves: &[Hash]) -> Hash {
    peaks(leaves)
        .into_iter()
        .rev()
        .reduce(|right, left| Hash::of_node(&left, &right))
        .unwrap_or_else(Hash::of_nothing)
}

/// The roots of the full subtrees over leaves, from the largest to the smallest.
fn peaks(leaves: &[Hash]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    for (place, leaf) in leaves.iter().enumerate() {
        // Each one bit at the low end is a full subtree that this leaf completes further.
        let mut hash = *leaf;
        for _ in 0..place.trailing_ones() {
            if let Some(left) = peaks.pop() {
                hash = Hash::of_node(&left, &hash);
            }
        }
        peaks.push(hash);
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The definition of RFC 9162, section 2.1.1, word by word, as a second opinion.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_nothing(),
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                Hash::of_node(&defined(&leaves[..split]), &defined(&leaves[split..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let leaves: Vec<Hash> = (0_u32..300).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect();
        for size in 0..leaves.len() {
            assert_eq!(root_of(&leaves[..size]), defined(&leaves[..size]), "{size}");
        }
    }

    #[test]
    fn known_roots_of_other_implementations() {
        // The first leaves of the vectors that certificate-transparency implementations share.
        let inputs: [&[u8]; 3] = [b"", b"\x00", b"\x10"];
        let leaves: Vec<Hash> = inputs.iter().map(|input| Hash::of_leaf(input)).collect();
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        ];
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(root_of(&leaves[..size]).to_string(), *root);
        }
    }

    #[test]
    fn a_log_grown_by_tiles_has_the_root_and_the_tiles_of_the_specification() {
        const SIZE: u32 = 66_000;
        let entries: Vec<Vec<u8>> = (0..SIZE).map(|n| n.to_be_bytes().to_vec()).collect();
        let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::of_leaf(entry)).collect();
        let mut builder = Builder::default();
        let mut tiles = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate() {
            if [0, 1, 255, 256, 257, 65_535, 65_536, 65_537].contains(&place) {
                assert_eq!(builder.root(), defined(&leaves[..place]), "{place}");
            }
            tiles.extend(builder.push(entry));
        }
        assert_eq!(builder.root(), defined(&leaves));
        assert_eq!(builder.size(), u64::from(SIZE));
        tiles.extend(builder.partial());
        assert_eq!(tiles.keys().copied().collect::<Vec<_>>(), {
            let mut all: Vec<Tile> = Tile::of_log(u64::from(SIZE)).collect();
            all.sort();
            all
        });
        let first = Tile { kind: Kind::Hashes(1), index: 0, width: 256 };
        assert_eq!(tiles[&first][..32], *defined(&leaves[..256]).as_bytes());
        let last = Tile { kind: Kind::Hashes(1), index: 1, width: 1 };
        assert_eq!(tiles[&last][..32], *defined(&leaves[65_536..65_792]).as_bytes());
    }
}
