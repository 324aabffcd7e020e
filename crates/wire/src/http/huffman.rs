//! The Huffman code of HPACK (RFC 7541, 5.2 and appendix B).
//!
//! The code is canonical: codes of one length are consecutive and stand in the order of their
//! symbols. So it is fully given by how many codes each length has, and the order of the symbols.

/// How many codes there are of each length in bits, from 0 to 30.
const CODES_OF_LENGTH: [u32; 31] =
    [0, 0, 0, 0, 0, 10, 26, 32, 6, 0, 5, 3, 2, 6, 2, 3, 0, 0, 0, 3, 8, 13, 26, 29, 12, 4, 15, 19, 29, 0, 4];

/// The symbols in the order of their codes. The last code, of 30 ones, is the end of string, which
/// must never be sent.
const SYMBOLS: [u8; 256] = [
    48, 49, 50, 97, 99, 101, 105, 111, 115, 116, 32, 37, 45, 46, 47, 51, 52, 53, 54, 55, 56, 57, 61, 65, 95,
    98, 100, 102, 103, 104, 108, 109, 110, 112, 114, 117, 58, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77,
    78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 89, 106, 107, 113, 118, 119, 120, 121, 122, 38, 42, 44, 59, 88,
    90, 33, 34, 40, 41, 63, 39, 43, 124, 35, 62, 0, 36, 64, 91, 93, 126, 94, 125, 60, 96, 123, 92, 195, 208,
    128, 130, 131, 162, 184, 194, 224, 226, 153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230,
    129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190,
    196, 198, 228, 232, 233, 1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158,
    165, 166, 168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239, 9, 142, 144, 145, 148, 159, 171, 206,
    215, 225, 236, 237, 199, 207, 234, 235, 192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242,
    243, 255, 203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254,
    2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127,
    220, 249, 10, 13, 22,
];

/// Decodes a string. `None` where it breaks the rules: the end of string within it, or padding
/// that is not up to seven ones.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(bytes.len() * 8 / 5);
    let mut code = Code::default();
    for byte in bytes {
        for shift in (0..8).rev() {
            if let Some(symbol) = code.push(u32::from(byte >> shift & 1)) {
                text.push(symbol?);
                code = Code::default();
            }
        }
    }
    // Padding is the start of the end of string: ones alone.
    (code.length < 8 && code.bits == (1 << code.length) - 1).then_some(text)
}

/// A code that is being read.
#[derive(Default)]
struct Code {
    bits: u32,
    length: usize,
    /// The first code of the present length.
    first: u32,
    /// How many codes are shorter.
    shorter: u32,
}

impl Code {
    /// Adds a bit. `Some` once the code is whole: its symbol, or `None` for one that must not be.
    fn push(&mut self, bit: u32) -> Option<Option<u8>> {
        let before = CODES_OF_LENGTH.get(self.length).copied().unwrap_or(0);
        self.shorter += before;
        self.first = (self.first + before) << 1;
        self.bits = self.bits << 1 | bit;
        self.length += 1;
        let Some(&count) = CODES_OF_LENGTH.get(self.length) else {
            return Some(None);
        };
        let offset = self.bits.checked_sub(self.first)?;
        (offset < count).then(|| {
            usize::try_from(self.shorter + offset).ok().and_then(|index| SYMBOLS.get(index).copied())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        // RFC 7541, C.4.1 to C.4.3.
        for (coded, text) in [
            (
                &[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff][..],
                "www.example.com",
            ),
            (&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf], "no-cache"),
            (&[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf], "custom-value"),
            (&[], ""),
        ] {
            assert_eq!(decode(coded).as_deref(), Some(text.as_bytes()));
        }
    }

    #[test]
    fn every_byte_has_a_code() {
        let mut seen = SYMBOLS;
        seen.sort_unstable();
        assert!(seen.iter().enumerate().all(|(index, symbol)| index == usize::from(*symbol)));
        assert_eq!(CODES_OF_LENGTH.iter().sum::<u32>(), 257);
    }

    #[test]
    fn bad_padding_and_the_end_of_string_are_refused() {
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff]), None, "end of string");
        assert_eq!(decode(&[0xff]), None, "eight ones");
        assert_eq!(decode(&[0b0001_1000]), None, "zeros as padding");
        assert_eq!(decode(&[0b0001_1111]).as_deref(), Some(&b"a"[..]));
    }
}
