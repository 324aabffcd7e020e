//! The reflected CRCs that drone protocols use, bit by bit: frames are short and few.

/// CRC-8 with the polynomial 0x31, reflected.
pub(super) fn crc8(bytes: &[u8], seed: u8) -> u8 {
    bytes.iter().fold(seed, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x8c } else { 0 })
    })
}

/// CRC-16 with the polynomial 0x1021, reflected (X.25 without the final inversion).
pub(super) fn crc16(bytes: impl IntoIterator<Item = u8>, seed: u16) -> u16 {
    bytes.into_iter().fold(seed, |crc, byte| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x8408 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_are_those_of_the_catalogues() {
        // CRC-16/MCRF4XX and CRC-8/MAXIM-DOW of "123456789".
        assert_eq!(crc16(*b"123456789", 0xffff), 0x6f91);
        assert_eq!(crc8(b"123456789", 0), 0xa1);
    }
}
