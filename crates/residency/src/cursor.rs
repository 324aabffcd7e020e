//! Reads numbers and texts from bytes, in order.

use crate::TableError;

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// What is read, for the error.
    part: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8], part: &'static str) -> Self {
        Self { rest: bytes, part }
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) const fn error(&self, what: &'static str) -> TableError {
        TableError::Malformed { part: self.part, what }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], TableError> {
        let (head, tail) = self.rest.split_at_checked(count).ok_or(self.error("it ends too early"))?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TableError> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or(self.error("it ends too early"))?;
        self.rest = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, TableError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, TableError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, TableError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, TableError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Seven bits a byte, lowest first; no needless last byte.
    pub(crate) fn varint(&mut self) -> Result<u64, TableError> {
        // Most numbers are of one byte, and look-ups read some tens of them.
        if let Some((&byte, tail)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = tail;
            return Ok(u64::from(byte));
        }
        let mut value = 0_u64;
        for (number, &byte) in self.rest.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if number == 9 && bits > 1 {
                return Err(self.error("a number has more than 64 bits"));
            }
            value |= bits << (7 * number);
            if byte & 0x80 == 0 {
                if byte == 0 && number > 0 {
                    return Err(self.error("a number is longer than it need be"));
                }
                self.rest = self.rest.get(number + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(self.error("a number does not end"))
    }

    /// A length byte and that many bytes of UTF-8.
    pub(crate) fn text(&mut self) -> Result<&'a str, TableError> {
        let length = self.u8()?;
        if length > 127 {
            return Err(self.error("a text is longer than 127 bytes"));
        }
        let bytes = self.take(usize::from(length))?;
        std::str::from_utf8(bytes).map_err(|_| self.error("a text is not UTF-8"))
    }

    pub(crate) fn finish(self) -> Result<(), TableError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.error("something follows its end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_have_one_form() {
        let read = |bytes: &[u8]| Cursor::new(bytes, "test").varint();
        assert_eq!(read(&[0]).unwrap(), 0);
        assert_eq!(read(&[0xac, 0x02]).unwrap(), 300);
        assert!(read(&[0x80, 0x00]).is_err());
        assert!(read(&[0x80]).is_err());
        assert!(read(&[0xff; 11]).is_err());
        let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(read(&largest).unwrap(), u64::MAX);
    }
}
