//! Writing numbers and lengths, summing, and numbers that look random but are not.

/// Appends numbers in network byte order.
pub trait Put {
    /// Appends bytes.
    fn put(&mut self, bytes: &[u8]) -> &mut Self;
    /// Appends what `body` writes, preceded by its length in `width` bytes (at most 8).
    fn sized(&mut self, width: usize, body: impl FnOnce(&mut Vec<u8>)) -> &mut Self;

    /// Appends one byte.
    fn u8(&mut self, value: u8) -> &mut Self {
        self.put(&[value])
    }
    /// Appends two bytes.
    fn u16(&mut self, value: u16) -> &mut Self {
        self.put(&value.to_be_bytes())
    }
    /// Appends four bytes.
    fn u32(&mut self, value: u32) -> &mut Self {
        self.put(&value.to_be_bytes())
    }
    /// Appends eight bytes.
    fn u64(&mut self, value: u64) -> &mut Self {
        self.put(&value.to_be_bytes())
    }
    /// Appends `count` zero bytes.
    fn zeros(&mut self, count: usize) -> &mut Self {
        self.put(&vec![0; count])
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.extend_from_slice(bytes);
        self
    }

    fn sized(&mut self, width: usize, body: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let mut inner = Vec::new();
        body(&mut inner);
        let length = (inner.len() as u64).to_be_bytes();
        self.put(length.get(8 - width.min(8)..).unwrap_or_default());
        self.put(&inner)
    }
}

/// The lowest 8 bits.
#[must_use]
pub const fn low8(value: u64) -> u8 {
    (value & 0xff) as u8
}

/// The lowest 16 bits.
#[must_use]
pub const fn low16(value: u64) -> u16 {
    (value & 0xffff) as u16
}

/// The lowest 32 bits.
#[must_use]
pub const fn low32(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

/// A length as 16 bits; a longer one is cut, as fields of that size do.
#[must_use]
pub const fn len16(length: usize) -> u16 {
    low16(length as u64)
}

/// Overwrites bytes from `at` on; does nothing where they do not fit.
pub fn patch(bytes: &mut [u8], at: usize, with: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at.saturating_add(with.len())) {
        place.copy_from_slice(with);
    }
}

/// The sum of 16-bit words that IP, TCP and UDP carry (RFC 1071), over several parts as if joined.
/// Every part but the last must have an even length.
#[must_use]
pub fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u64;
    for part in parts {
        for pair in part.chunks(2) {
            sum += match pair {
                [a, b] => u64::from(u16::from_be_bytes([*a, *b])),
                [a] => u64::from(*a) << 8,
                _ => 0,
            };
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !low16(sum)
}

/// The CRC-32 of Ethernet frames (IEEE 802.3), as it is sent: reflected, complemented.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

/// The CRC-16 with polynomial 0x1021, reflected, from a given start: MCRF4XX and DUML use it.
#[must_use]
pub fn crc16_reflected(start: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x8408 } else { 0 })
    })
}

/// A sequence of numbers fixed by its seed (SplitMix64). Not for secrets.
#[derive(Debug, Clone)]
pub struct Sequence(u64);

impl Sequence {
    /// Starts a sequence.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(count + 8);
        while out.len() < count {
            out.put(&self.next().to_be_bytes());
        }
        out.truncate(count);
        out
    }
}

/// A number fixed by a text (FNV-1a), to seed a [`Sequence`].
#[must_use]
pub fn seed(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Reads hexadecimal digits, skipping everything else.
#[must_use]
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| low8(u64::from(digit))).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_match_published_values() {
        // RFC 1071, section 3, numerical example: sum ddf2, complemented.
        assert_eq!(checksum(&[&hex("0001f203f4f5f6f7")]), !0xddf2);
        // The check values of the CRC catalogue for "123456789".
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc16_reflected(0xffff, b"123456789"), 0x6f91);
    }

    #[test]
    fn lengths_precede_what_they_measure() {
        let mut out = Vec::new();
        out.sized(3, |body| {
            body.u16(0x0102).sized(1, |inner| {
                inner.put(b"ab");
            });
        });
        assert_eq!(out, hex("000005 0102 02 6162"));
    }
}
