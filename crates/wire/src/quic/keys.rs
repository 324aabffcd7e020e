//! The keys of Initial packets (RFC 9001, 5; RFC 9369, 3.3).

use super::version::Version;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic};
use ring::hkdf::{HKDF_SHA256, KeyType, Okm, Prk, Salt};

/// Whose packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// The keys for the Initial packets of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) key: [u8; 16],
    pub(crate) iv: [u8; 12],
    pub(crate) header: [u8; 16],
}

impl Keys {
    /// From the first connection id that the client chose for the server.
    pub(crate) fn derive(version: Version, id: &[u8], side: Side) -> Option<Self> {
        let common = Salt::new(HKDF_SHA256, &version.salt).extract(id);
        let secret: [u8; 32] = expand(
            &common,
            match side {
                Side::Client => b"client in",
                Side::Server => b"server in",
            },
        )?;
        let secret = Prk::new_less_safe(HKDF_SHA256, &secret);
        let [key, iv, header]: [&[u8]; 3] = if version.second_labels {
            [b"quicv2 key", b"quicv2 iv", b"quicv2 hp"]
        } else {
            [b"quic key", b"quic iv", b"quic hp"]
        };
        Some(Self { key: expand(&secret, key)?, iv: expand(&secret, iv)?, header: expand(&secret, header)? })
    }

    /// Opens a packet whose number stands at `number_at`; returns the number and the payload.
    /// `largest` is the largest number seen before (RFC 9000, A.3).
    pub(crate) fn open(
        &self,
        packet: &[u8],
        number_at: usize,
        largest: Option<u64>,
    ) -> Option<(u64, Vec<u8>)> {
        let sample = packet.get(number_at..)?.get(4..20)?;
        let mask = self.mask(sample)?;
        let (&first, _) = packet.split_first()?;
        let first = first ^ (mask[0] & 0x0f);
        let number_len = usize::from(first & 3) + 1;
        let payload_at = number_at.checked_add(number_len)?;
        let mut header = packet.get(..payload_at)?.to_vec();
        *header.first_mut()? = first;
        let number_bytes = header.get_mut(number_at..)?;
        let mut shortened = 0;
        for (byte, mask) in number_bytes.iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
            shortened = shortened << 8 | u64::from(*byte);
        }
        let number = whole_number(shortened, number_len, largest);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &self.key).ok()?);
        let mut payload = packet.get(payload_at..)?.to_vec();
        let nonce = Nonce::assume_unique_for_key(self.nonce(number));
        let aad = Aad::from(header);
        let plain_len = key.open_in_place(nonce, aad, &mut payload).ok()?.len();
        payload.truncate(plain_len);
        Some((number, payload))
    }

    pub(crate) fn mask(&self, sample: &[u8]) -> Option<[u8; 5]> {
        let key = quic::HeaderProtectionKey::new(&quic::AES_128, &self.header).ok()?;
        key.new_mask(sample).ok()
    }

    pub(crate) fn nonce(&self, number: u64) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *byte ^= number;
        }
        nonce
    }
}

/// The number of which the lowest `len` bytes were sent, nearest to the one expected.
fn whole_number(shortened: u64, len: usize, largest: Option<u64>) -> u64 {
    let window = 1_u64 << (8 * len);
    let expected = largest.map_or(0, |largest| largest.saturating_add(1));
    let candidate = expected & !(window - 1) | shortened;
    if candidate.saturating_add(window / 2) <= expected {
        candidate.saturating_add(window)
    } else if candidate > expected.saturating_add(window / 2) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
fn expand<const N: usize>(secret: &Prk, label: &[u8]) -> Option<[u8; N]> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label_len = u8::try_from(label.len() + 6).ok()?;
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let info: [&[u8]; 5] = [&length, &[label_len], b"tls13 ", label, &[0]];
    let okm: Okm<'_, Length> = secret.expand(&info, Length(N)).ok()?;
    let mut out = [0; N];
    okm.fill(&mut out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_numbers() {
        // RFC 9000, A.3.
        assert_eq!(whole_number(0x9b32, 2, Some(0xa82f_30ea)), 0xa82f_9b32);
        assert_eq!(whole_number(0, 1, None), 0);
        assert_eq!(whole_number(0xfe, 1, None), 0xfe);
        assert_eq!(whole_number(0x01, 1, Some(0xff)), 0x101);
        assert_eq!(whole_number(0xff, 1, Some(0x100)), 0xff);
    }
}
