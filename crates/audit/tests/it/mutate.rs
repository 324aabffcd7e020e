//! Damage to capture files, the same for the same seed.

/// Numbers that look random (xorshift64*).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        // Zero would stay zero, and small seeds would start alike.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`; 0 where `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }
}

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Damage {
    /// Single bits changed anywhere.
    Flips,
    /// The end is missing.
    Cut,
    /// Bytes taken out, put in or written over, from here or from another file.
    Splice,
    /// Extreme numbers where lengths and counts stand.
    Extremes,
}

/// Damages a file; `other` gives bytes to splice in.
pub(crate) fn damage(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) -> Damage {
    match dice.below(4) {
        0 => {
            for _ in 0..=dice.below(16) {
                let at = dice.below(bytes.len());
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            Damage::Flips
        }
        1 => {
            bytes.truncate(dice.below(bytes.len()));
            Damage::Cut
        }
        2 => {
            splice(bytes, other, dice);
            Damage::Splice
        }
        _ => {
            extremes(bytes, dice);
            Damage::Extremes
        }
    }
}

fn splice(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let mut range = |length: usize| {
        let from = dice.below(length);
        from..(from + 1 + dice.below(600)).min(length)
    };
    let (own, taken, from) = (range(bytes.len()), range(bytes.len()), range(other.len()));
    let piece = match dice.below(4) {
        0 => Vec::new(),
        1 => bytes[taken].to_vec(),
        _ => other[from].to_vec(),
    };
    let place = if dice.below(2) == 0 { own } else { own.start..own.start };
    bytes.splice(place, piece);
}

/// Half of them near the starts of packets and blocks, where lengths stand.
fn extremes(bytes: &mut [u8], dice: &mut Dice) {
    let seams = seams(bytes);
    for _ in 0..=dice.below(3) {
        let at = match seams.get(dice.below(seams.len())) {
            Some(seam) if dice.below(2) == 0 => seam + dice.below(90),
            Some(_) | None => dice.below(bytes.len()),
        };
        let numbers = [0, 1, 0x7f, 0xff, 0xffff, 0x10000, 0x7fff_ffff, 0xffff_fff0, u32::MAX, 0x8000_0000];
        let number = numbers[dice.below(numbers.len())];
        let text = if dice.below(2) == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
        let width = [1, 2, 4][dice.below(3)];
        let low = if text[0] == number.to_le_bytes()[0] { &text[..width] } else { &text[4 - width..] };
        for (offset, byte) in low.iter().enumerate() {
            if let Some(place) = bytes.get_mut(at + offset) {
                *place = *byte;
            }
        }
    }
}

/// Where packets of a pcap or blocks of a pcapng file start.
fn seams(bytes: &[u8]) -> Vec<usize> {
    let word = |at: usize, big: bool| {
        let four: Option<[u8; 4]> = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
        four.map(|four| if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) } as usize)
    };
    let is_blocks = bytes.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
    let big = if is_blocks { bytes.get(8) == Some(&0x1a) } else { bytes.first() == Some(&0xa1) };
    let (mut at, mut seams) = (if is_blocks { 0 } else { 24 }, Vec::new());
    while seams.len() < 10_000 && at < bytes.len() {
        seams.push(at);
        let step = if is_blocks { word(at + 4, big) } else { word(at + 8, big).map(|kept| kept + 16) };
        match step {
            Some(step) if step >= 12 => at = at.saturating_add(step),
            Some(_) | None => break,
        }
    }
    seams
}
