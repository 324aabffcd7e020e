//! QUIC Initial packets (RFC 9000, RFC 9001; version 2: RFC 9369), really encrypted, since their
//! keys follow from what stands in the open.

use crate::bytes::{Put, Sequence, low8, low16, low32, patch};
use ring::aead::quic::{AES_128 as MASK_AES_128, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

/// A version of QUIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// RFC 9000.
    V1,
    /// RFC 9369.
    V2,
}

/// Who sends a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The client: its first packets are padded to 1200 bytes.
    Client,
    /// The server.
    Server,
}

/// What one Initial packet is made of.
#[derive(Debug, Clone)]
pub struct Initial<'a> {
    /// The version.
    pub version: Version,
    /// The sender.
    pub from: Sender,
    /// The connection id that the client chose for the server first: the keys follow from it.
    pub key_id: &'a [u8],
    /// The receiver's connection id.
    pub target_id: &'a [u8],
    /// The sender's connection id.
    pub source_id: &'a [u8],
    /// The packet's number.
    pub number: u32,
    /// The frames.
    pub frames: &'a [u8],
    /// The size of the datagram that padding brings it to.
    pub pad_to: usize,
}

impl Initial<'_> {
    /// The protected packet (RFC 9001, 5).
    ///
    /// # Errors
    /// Where the cipher refuses, which it does for none of the sizes used here.
    pub fn seal(&self) -> Result<Vec<u8>, Unspecified> {
        let header_size = 1 + 4 + 2 + self.target_id.len() + self.source_id.len() + 1 + 2 + 4;
        let mut sealed = self.frames.to_vec();
        let least = self.pad_to.saturating_sub(header_size + 16).max(4);
        sealed.resize(sealed.len().max(least), 0);

        let kind = match self.version {
            Version::V1 => 0,
            Version::V2 => 1,
        };
        let mut out = vec![0xc3 | (kind << 4)];
        out.u32(self.version.number());
        out.u8(low8(self.target_id.len() as u64)).put(self.target_id);
        out.u8(low8(self.source_id.len() as u64)).put(self.source_id);
        out.u8(0).u16(0x4000 | low16(sealed.len() as u64 + 20));
        let number_at = out.len();
        out.u32(self.number);

        let keys = Keys::derive(self.version, self.from, self.key_id)?;
        keys.seal(self.number, &out, &mut sealed)?;
        out.put(&sealed);
        keys.hide(&mut out, number_at)?;
        Ok(out)
    }
}

/// CRYPTO frames that carry `bytes` from `offset` on (RFC 9000, 19.6), `size` bytes in each.
#[must_use]
pub fn crypto_frames(bytes: &[u8], offset: usize, size: usize) -> Vec<Vec<u8>> {
    bytes
        .chunks(size.max(1))
        .enumerate()
        .map(|(index, part)| {
            let mut out = vec![6];
            out.u16(0x4000 | low16((offset + index * size.max(1)) as u64));
            out.u16(0x4000 | low16(part.len() as u64)).put(part);
            out
        })
        .collect()
}

/// How a hello is laid into packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One frame in one packet.
    Whole,
    /// Frames of this many bytes in order, one packet.
    Split(usize),
    /// Frames of this many bytes in a mixed order with pings and padding between, one packet.
    Shuffled(usize),
    /// The first so many bytes in one datagram, the rest in another that comes before it.
    TwoDatagrams(usize),
}

/// The client's first datagrams around a hello message.
///
/// # Errors
/// As [`Initial::seal`].
pub fn client_datagrams(
    version: Version,
    target_id: &[u8],
    source_id: &[u8],
    hello: &[u8],
    layout: Layout,
) -> Result<Vec<Vec<u8>>, Unspecified> {
    let packets: Vec<Vec<u8>> = match layout {
        Layout::Whole => vec![crypto_frames(hello, 0, hello.len()).concat()],
        Layout::Split(size) => vec![crypto_frames(hello, 0, size).concat()],
        Layout::Shuffled(size) => vec![shuffled(crypto_frames(hello, 0, size))],
        Layout::TwoDatagrams(first) => {
            let (head, tail) = hello.split_at(first.min(hello.len()));
            // The second half comes first, as some clients do on purpose.
            vec![
                crypto_frames(tail, head.len(), tail.len()).concat(),
                crypto_frames(head, 0, head.len()).concat(),
            ]
        }
    };
    packets
        .iter()
        .zip(0..)
        .map(|(frames, number)| {
            Initial {
                version,
                from: Sender::Client,
                key_id: target_id,
                target_id,
                source_id,
                number,
                frames,
                pad_to: 1200,
            }
            .seal()
        })
        .collect()
}

/// A packet with a short header: noise that only shows the connection id.
#[must_use]
pub fn short(noise: &mut Sequence, target_id: &[u8], size: usize) -> Vec<u8> {
    let mut out = vec![0x40 | low8(noise.next() & 0x3f)];
    out.put(target_id).put(&noise.bytes(size));
    out
}

/// Every other frame from the end, then the rest, with PING and PADDING in between.
fn shuffled(frames: Vec<Vec<u8>>) -> Vec<u8> {
    let (odd, even): (Vec<_>, Vec<_>) = frames.into_iter().enumerate().partition(|(index, _)| index % 2 == 1);
    let mut out = Vec::new();
    for (_, frame) in odd.into_iter().rev().chain(even.into_iter().rev()) {
        out.put(&frame).u8(1).zeros(3);
    }
    out
}

impl Version {
    /// The number in the header.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::V1 => 1,
            Self::V2 => 0x6b33_43cf,
        }
    }

    const fn salt(self) -> [u8; 20] {
        match self {
            Self::V1 => [
                0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c,
                0xad, 0xcc, 0xbb, 0x7f, 0x0a,
            ],
            Self::V2 => [
                0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d,
                0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
            ],
        }
    }

    const fn labels(self) -> [&'static str; 3] {
        match self {
            Self::V1 => ["quic key", "quic iv", "quic hp"],
            Self::V2 => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
        }
    }
}

struct Keys {
    seal: LessSafeKey,
    iv: [u8; 12],
    mask: HeaderProtectionKey,
}

impl Keys {
    /// RFC 9001, 5.2.
    fn derive(version: Version, from: Sender, key_id: &[u8]) -> Result<Self, Unspecified> {
        let common = Salt::new(HKDF_SHA256, &version.salt()).extract(key_id);
        let label = match from {
            Sender::Client => "client in",
            Sender::Server => "server in",
        };
        let secret = Prk::new_less_safe(HKDF_SHA256, &expand::<32>(&common, label)?);
        let [key, iv, mask] = version.labels();
        Ok(Self {
            seal: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &expand::<16>(&secret, key)?)?),
            iv: expand(&secret, iv)?,
            mask: HeaderProtectionKey::new(&MASK_AES_128, &expand::<16>(&secret, mask)?)?,
        })
    }

    /// RFC 9001, 5.3.
    fn seal(&self, number: u32, header: &[u8], body: &mut Vec<u8>) -> Result<(), Unspecified> {
        let mut nonce = self.iv;
        for (byte, part) in nonce.iter_mut().rev().zip(number.to_be_bytes().iter().rev()) {
            *byte ^= part;
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.seal.seal_in_place_append_tag(nonce, Aad::from(header), body)
    }

    /// RFC 9001, 5.4, for packet numbers of four bytes.
    fn hide(&self, packet: &mut [u8], number_at: usize) -> Result<(), Unspecified> {
        let sample = packet.get(number_at + 4..number_at + 20).ok_or(Unspecified)?;
        let [first, rest @ ..] = self.mask.new_mask(sample)?;
        let flags = packet.first().copied().unwrap_or_default();
        patch(packet, 0, &[flags ^ (first & 0x0f)]);
        let number = packet.get(number_at..number_at + 4).ok_or(Unspecified)?;
        let hidden: Vec<u8> = number.iter().zip(rest).map(|(byte, mask)| byte ^ mask).collect();
        patch(packet, number_at, &hidden);
        Ok(())
    }
}

/// A length that HKDF is asked for.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label of TLS 1.3 (RFC 8446, 7.1) with an empty context.
fn expand<const SIZE: usize>(secret: &Prk, label: &str) -> Result<[u8; SIZE], Unspecified> {
    let mut info = Vec::new();
    info.u16(low16(SIZE as u64)).sized(1, |text| {
        text.put(b"tls13 ").put(label.as_bytes());
    });
    info.u8(0);
    let mut out = [0; SIZE];
    secret.expand(&[&info], Length(SIZE))?.fill(&mut out)?;
    Ok(out)
}

/// A connection id of eight bytes, fixed by a number.
#[must_use]
pub fn connection_id(number: u64) -> Vec<u8> {
    let mut noise = Sequence::new(number);
    let mut out = Vec::new();
    out.u32(low32(noise.next())).u32(low32(noise.next()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;

    /// RFC 9001, A.2: the CRYPTO frame of the client's Initial packet.
    const HELLO_FRAME: &str = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
        04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100
        000a00080006001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9
        caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306
        030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000
        ffff0801100104800075300901100f088394c8f03e51570806048000ffff";

    #[test]
    fn the_keys_are_those_of_the_standard() {
        // RFC 9001, A.1, and RFC 9369, A.1: the client's initialisation vectors.
        let id = hex("8394c8f03e515708");
        let iv = |version, from| Keys::derive(version, from, &id).unwrap().iv.to_vec();
        assert_eq!(iv(Version::V1, Sender::Client), hex("fa044b2f42a3fd3b46fb255c"));
        assert_eq!(iv(Version::V1, Sender::Server), hex("0ac1493ca1905853b0bba03e"));
        assert_eq!(iv(Version::V2, Sender::Client), hex("91f73e2351d8fa91660e909f"));
    }

    #[test]
    fn the_clients_first_packet_is_that_of_the_standard() {
        let id = hex("8394c8f03e515708");
        let packet = Initial {
            version: Version::V1,
            from: Sender::Client,
            key_id: &id,
            target_id: &id,
            source_id: b"",
            number: 2,
            frames: &hex(HELLO_FRAME),
            pad_to: 1200,
        }
        .seal()
        .unwrap();
        assert_eq!(packet.len(), 1200);
        assert_eq!(
            packet[..38],
            hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b")
        );
        assert_eq!(packet[1184..], hex("e221af44860018ab0856972e194cd934"));
    }

    #[test]
    fn a_shuffled_hello_holds_each_byte_once() {
        let hello: Vec<u8> = (0..100).collect();
        let frames = shuffled(crypto_frames(&hello, 0, 30));
        assert_eq!(frames[..7], [6, 0x40, 90, 0x40, 10, 90, 91]);
        assert_eq!(frames.iter().filter(|b| **b == 6).count(), 5);
    }
}
