//! Blocks of pcapng, written one by one (draft-ietf-opsawg-pcapng).

/// Writes blocks of one section.
#[derive(Clone, Copy)]
pub(crate) struct Blocks {
    pub(crate) big: bool,
}

pub(crate) const LITTLE: Blocks = Blocks { big: false };
pub(crate) const BIG: Blocks = Blocks { big: true };

impl Blocks {
    pub(crate) fn u16(self, value: u16) -> Vec<u8> {
        if self.big { value.to_be_bytes().to_vec() } else { value.to_le_bytes().to_vec() }
    }

    pub(crate) fn u32(self, value: u32) -> Vec<u8> {
        if self.big { value.to_be_bytes().to_vec() } else { value.to_le_bytes().to_vec() }
    }

    pub(crate) fn u64(self, value: u64) -> Vec<u8> {
        if self.big { value.to_be_bytes().to_vec() } else { value.to_le_bytes().to_vec() }
    }

    pub(crate) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = self.u32(body.len() as u32 + 12);
        [self.u32(kind), length.clone(), body, length].concat()
    }

    pub(crate) fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut padded = value.to_vec();
        padded.resize(value.len().next_multiple_of(4), 0);
        [self.u16(code), self.u16(value.len() as u16), padded].concat()
    }

    pub(crate) fn section(self, options: &[Vec<u8>]) -> Vec<u8> {
        let head = [self.u32(0x1a2b_3c4d), self.u16(1), self.u16(0), vec![0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &[head, options.concat()].concat())
    }

    pub(crate) fn interface(self, link_type: u16, options: &[Vec<u8>]) -> Vec<u8> {
        let head = [self.u16(link_type), self.u16(0), self.u32(0)].concat();
        self.block(1, &[head, options.concat()].concat())
    }

    pub(crate) fn packet(self, interface: u32, ticks: u64, bytes: &[u8], options: &[Vec<u8>]) -> Vec<u8> {
        let length = self.u32(bytes.len() as u32);
        let mut body = [
            self.u32(interface),
            self.u32((ticks >> 32) as u32),
            self.u32(ticks as u32),
            length.clone(),
            length,
            bytes.to_vec(),
        ]
        .concat();
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(options.concat());
        self.block(6, &body)
    }

    pub(crate) fn statistics(self, interface: u32, options: &[Vec<u8>]) -> Vec<u8> {
        self.block(5, &[self.u32(interface), vec![0; 8], options.concat()].concat())
    }

    /// The option that counts packets which the interface lost.
    pub(crate) fn dropped(self, count: u64) -> Vec<u8> {
        self.option(5, &self.u64(count))
    }
}
