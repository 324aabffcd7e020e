//! One sorted list of address ranges, searched where it lies.
//!
//! Entries come in blocks of 32. A block's index gives the first address of its first entry and
//! where the entry's bytes begin; each further entry stores the step from the one before. A
//! look-up is a binary search over the index and a walk over at most one block.

use crate::TableError;
use crate::cursor::Cursor;

/// Entries in a block.
const BLOCK: usize = 32;
/// Bytes of a block's index: the first key (u64) and the offset of its entries (u32).
const INDEX: usize = 12;

/// The address family of a list, which sets the width of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// The whole address.
    V4,
    /// The upper 64 bits.
    V6,
}

impl Family {
    /// Steps that are a multiple of this power of two are stored divided by it.
    const fn unit_bits(self) -> u32 {
        match self {
            Self::V4 => 8,
            Self::V6 => 16,
        }
    }

    const fn last_key(self) -> u64 {
        match self {
            Self::V4 => u32::MAX as u64,
            Self::V6 => u64::MAX,
        }
    }
}

/// A list of ranges without holes: each reaches to the start of the next. Value 0 says nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranges<'a> {
    family: Family,
    count: usize,
    index: &'a [[u8; INDEX]],
    entries: &'a [u8],
    part: &'static str,
}

impl<'a> Ranges<'a> {
    /// Reads a section and checks every entry of it. No value may be above `limit`.
    pub(crate) fn parse(
        bytes: &'a [u8],
        family: Family,
        limit: u32,
        part: &'static str,
    ) -> Result<Self, TableError> {
        let mut cursor = Cursor::new(bytes, part);
        let count = usize::try_from(cursor.u32()?).map_err(|_| cursor.error("it is too long"))?;
        if count == 0 {
            return Err(cursor.error("it has no entry"));
        }
        let index = cursor.take(count.div_ceil(BLOCK).saturating_mul(INDEX))?;
        let ranges =
            Self { family, count, index: index.as_chunks::<INDEX>().0, entries: cursor.rest(), part };
        ranges.check(limit)?;
        Ok(ranges)
    }

    /// The value of the range that holds `key`.
    pub(crate) fn get(&self, key: u64) -> u32 {
        let number = self.index.partition_point(|block| first_key(block) <= key).saturating_sub(1);
        self.walk(number, key).unwrap_or(0)
    }

    fn walk(&self, number: usize, key: u64) -> Result<u32, TableError> {
        let Some(block) = self.index.get(number) else {
            return Ok(0);
        };
        let mut cursor = self.block_cursor(block)?;
        let mut at = first_key(block);
        let mut value = cursor.varint()?;
        for _ in 1..self.block_length(number) {
            at = at.saturating_add(self.step(&mut cursor)?);
            if at > key {
                break;
            }
            value = cursor.varint()?;
        }
        u32::try_from(value).map_err(|_| cursor.error("a value is too large"))
    }

    fn check(&self, limit: u32) -> Result<(), TableError> {
        let mut cursor = Cursor::new(self.entries, self.part);
        let mut last: Option<u64> = None;
        for (number, block) in self.index.iter().enumerate() {
            let begun = self.entries.len() - cursor.rest().len();
            if usize::try_from(block_offset(block)).ok() != Some(begun) {
                return Err(cursor.error("a block does not begin where its index says"));
            }
            let mut key = first_key(block);
            if last.map_or(key != 0, |last| last >= key) {
                return Err(cursor.error("the ranges are not in order from 0"));
            }
            for entry in 0..self.block_length(number) {
                if entry > 0 {
                    let step = self.step(&mut cursor)?;
                    key = match key.checked_add(step) {
                        Some(next) if step > 0 => next,
                        Some(_) | None => return Err(cursor.error("a step is 0 or too long")),
                    };
                }
                if cursor.varint()? > u64::from(limit) {
                    return Err(cursor.error("a value is too large"));
                }
            }
            last = Some(key);
        }
        if last.is_some_and(|last| last > self.family.last_key()) {
            return Err(cursor.error("a range starts after the last address"));
        }
        cursor.finish()
    }

    fn block_length(&self, number: usize) -> usize {
        self.count.saturating_sub(number.saturating_mul(BLOCK)).min(BLOCK)
    }

    fn block_cursor(&self, block: &[u8; INDEX]) -> Result<Cursor<'a>, TableError> {
        let mut cursor = Cursor::new(self.entries, self.part);
        let offset = usize::try_from(block_offset(block)).unwrap_or(usize::MAX);
        cursor.take(offset)?;
        Ok(cursor)
    }

    fn step(&self, cursor: &mut Cursor<'a>) -> Result<u64, TableError> {
        let coded = cursor.varint()?;
        let fine = coded & 1 == 1;
        let step = coded >> 1;
        if fine {
            return Ok(step);
        }
        step.checked_mul(1 << self.family.unit_bits()).ok_or(cursor.error("a step is 0 or too long"))
    }
}

fn first_key(block: &[u8; INDEX]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *block;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn block_offset(block: &[u8; INDEX]) -> u32 {
    let [.., a, b, c, d] = *block;
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn varint(mut value: u64, out: &mut Vec<u8>) {
        while value > 0x7f {
            out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
            value >>= 7;
        }
        out.push(u8::try_from(value).unwrap());
    }

    /// Packs (first key, value) rows as scripts/geo/pack.py does.
    pub(crate) fn pack(rows: &[(u64, u64)], unit_bits: u32) -> Vec<u8> {
        let (mut index, mut entries) = (Vec::new(), Vec::new());
        for (number, &(key, value)) in rows.iter().enumerate() {
            if number % BLOCK == 0 {
                index.extend(key.to_le_bytes());
                index.extend(u32::try_from(entries.len()).unwrap().to_le_bytes());
            } else {
                let step = key - rows[number - 1].0;
                let aligned = step.trailing_zeros() >= unit_bits;
                let coded = if aligned { step >> unit_bits << 1 } else { step << 1 | 1 };
                varint(coded, &mut entries);
            }
            varint(value, &mut entries);
        }
        let count = u32::try_from(rows.len()).unwrap().to_le_bytes();
        [count.as_slice(), &index, &entries].concat()
    }

    fn rows() -> Vec<(u64, u64)> {
        // Steps of many sizes, over several blocks and a partial last one.
        let mut key = 0;
        (0..300_u64)
            .map(|number| {
                let row = (key, number % 7);
                key += if number % 3 == 0 { 256 * (number + 1) } else { number + 1 };
                row
            })
            .collect()
    }

    #[test]
    fn every_address_finds_its_range() {
        let rows = rows();
        let bytes = pack(&rows, 8);
        let ranges = Ranges::parse(&bytes, Family::V4, 6, "test").unwrap();
        for (number, &(key, value)) in rows.iter().enumerate() {
            assert_eq!(u64::from(ranges.get(key)), value, "first of {number}");
            let last = rows.get(number + 1).map_or(u64::from(u32::MAX), |row| row.0 - 1);
            assert_eq!(u64::from(ranges.get(last)), value, "last of {number}");
        }
    }

    #[test]
    fn what_is_not_a_list_is_refused() {
        let bytes = pack(&rows(), 8);
        let parse = |bytes: &[u8], limit| {
            Ranges::parse(bytes, Family::V4, limit, "test").map(|_| ()).map_err(|e| e.to_string())
        };
        let failed = |bytes: &[u8], limit: u32, what: &str| {
            let error = parse(bytes, limit).unwrap_err();
            assert!(error.contains(what), "{error}");
        };
        failed(&bytes, 5, "a value is too large");
        failed(&bytes[..20], 6, "it ends too early");
        failed(&bytes[..bytes.len() - 1], 6, "a number does not end");
        failed(&[bytes.as_slice(), &[0]].concat(), 6, "something follows its end");
        failed(&pack(&[(1, 1)], 8), 6, "not in order from 0");
        failed(&pack(&[], 8), 6, "it has no entry");
        failed(&pack(&[(0, 1), (1 << 32, 1)], 8), 6, "after the last address");
        let mut moved = bytes;
        moved[4 + INDEX + 8] ^= 1;
        failed(&moved, 6, "does not begin where its index says");
    }
}
