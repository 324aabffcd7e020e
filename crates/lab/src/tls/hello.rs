//! The client's first message.

use super::{V1_0, V1_2, V1_3, grease, message};
use crate::bytes::{Put, Sequence, len16, seed};

/// Whether the hello hides another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ech {
    /// No such extension.
    None,
    /// An extension that looks as if (what browsers send to keep the extension common). From
    /// outside it cannot be told from a real one, but for servers known to have no key.
    Grease,
    /// A real one: the server name that shows is the outer one.
    Real,
}

/// A client hello (RFC 8446, 4.1.2; RFC 6066; RFC 7301; RFC 9849).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Server names; usually one, none for a bare address.
    pub names: Vec<String>,
    /// Protocols offered.
    pub alpn: Vec<String>,
    /// Versions offered, the highest first; with none above 1.2 the extension is left out.
    pub versions: Vec<u16>,
    /// Whether another hello is hidden inside.
    pub ech: Ech,
    /// Whether values to be ignored are strewn in (RFC 8701).
    pub grease: bool,
    /// The size of the whole message that padding brings it to (RFC 7685).
    pub pad_to: Option<usize>,
    /// QUIC transport parameters, for a hello that QUIC carries.
    pub quic: Option<Vec<u8>>,
    /// Fixes the random values.
    pub seed: u64,
}

impl Hello {
    /// A hello of today: TLS 1.3 and 1.2, HTTP/2.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            names: vec![name.to_owned()],
            alpn: vec!["h2".into(), "http/1.1".into()],
            versions: vec![V1_3, V1_2],
            ech: Ech::None,
            grease: false,
            pad_to: None,
            quic: None,
            seed: seed(name),
        }
    }

    /// A hello that offers one old version only.
    #[must_use]
    pub fn old(name: &str, version: u16) -> Self {
        Self { alpn: Vec::new(), versions: vec![version], ..Self::new(name) }
    }

    /// A hello for QUIC with the given source connection id.
    #[must_use]
    pub fn for_quic(name: &str, source_id: &[u8]) -> Self {
        let mut parameters = Vec::new();
        // max_idle_timeout, initial_max_data, initial_source_connection_id (RFC 9000, 18.2).
        parameters.put(&[1, 4, 0x80, 0, 0x75, 0x30]).put(&[4, 4, 0x80, 0x60, 0, 0]);
        parameters.u8(0x0f).sized(1, |id| {
            id.put(source_id);
        });
        Self { alpn: vec!["h3".into()], versions: vec![V1_3], quic: Some(parameters), ..Self::new(name) }
    }

    /// The 32 random bytes.
    #[must_use]
    pub fn random(&self) -> Vec<u8> {
        Sequence::new(self.seed ^ 0x72616e64).bytes(32)
    }

    /// The message, without record headers.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let bare = self.build(0);
        match self.pad_to {
            // Four bytes go to the header of the padding.
            Some(size) if size >= bare.len() + 4 => self.build(size - bare.len()),
            Some(_) | None => bare,
        }
    }

    fn build(&self, padding: usize) -> Vec<u8> {
        let mut noise = Sequence::new(self.seed);
        let highest = self.versions.iter().copied().max().unwrap_or(V1_2);
        message(1, |out| {
            out.u16(highest.min(V1_2)).put(&self.random());
            out.sized(1, |id| {
                if self.quic.is_none() {
                    id.put(&noise.bytes(32));
                }
            });
            out.sized(2, |suites| self.suites(suites, highest));
            out.u8(1).u8(0);
            out.sized(2, |extensions| {
                self.extensions(extensions, &mut noise, highest);
                if padding >= 4 {
                    extensions.u16(21).u16(len16(padding - 4)).zeros(padding - 4);
                }
            });
        })
    }

    fn suites(&self, out: &mut Vec<u8>, highest: u16) {
        if self.grease {
            out.u16(grease(self.seed));
        }
        if highest >= V1_3 {
            out.u16(0x1301).u16(0x1302).u16(0x1303);
        }
        if self.quic.is_none() {
            out.u16(0xc02b).u16(0xc02f).u16(0xc013).u16(0x009c).u16(0x002f);
        }
    }

    fn extensions(&self, out: &mut Vec<u8>, noise: &mut Sequence, highest: u16) {
        if self.grease {
            out.u16(grease(self.seed >> 8)).u16(0);
        }
        if !self.names.is_empty() {
            extension(out, 0, |body| {
                body.sized(2, |list| {
                    for name in &self.names {
                        list.u8(0).sized(2, |text| {
                            text.put(name.as_bytes());
                        });
                    }
                });
            });
        }
        extension(out, 10, |body| {
            body.put(&[0, 4, 0, 0x1d, 0, 0x17]);
        });
        extension(out, 11, |body| {
            body.put(&[1, 0]);
        });
        if highest > V1_0 {
            extension(out, 13, |body| {
                body.put(&[0, 8, 8, 7, 4, 3, 8, 4, 4, 1]);
            });
        }
        if !self.alpn.is_empty() {
            extension(out, 16, |body| {
                body.sized(2, |list| {
                    for protocol in &self.alpn {
                        list.sized(1, |text| {
                            text.put(protocol.as_bytes());
                        });
                    }
                });
            });
        }
        if highest >= V1_3 {
            self.extensions_1_3(out, noise);
        }
        if let Some(parameters) = &self.quic {
            extension(out, 57, |body| {
                body.put(parameters);
            });
        }
    }

    fn extensions_1_3(&self, out: &mut Vec<u8>, noise: &mut Sequence) {
        extension(out, 43, |body| {
            body.sized(1, |list| {
                if self.grease {
                    list.u16(grease(self.seed >> 16));
                }
                for version in &self.versions {
                    list.u16(*version);
                }
            });
        });
        extension(out, 51, |body| {
            body.sized(2, |shares| {
                shares.u16(0x1d).sized(2, |key| {
                    key.put(&noise.bytes(32));
                });
            });
        });
        if self.ech > Ech::None {
            let (id, size) = if self.ech == Ech::Real { (0x42, 218) } else { (0x9e, 186) };
            extension(out, 0xfe0d, |body| {
                // Outer; HKDF-SHA256 with AES-128-GCM.
                body.u8(0).u16(1).u16(1).u8(id);
                body.sized(2, |key| {
                    key.put(&noise.bytes(32));
                });
                body.sized(2, |sealed| {
                    sealed.put(&noise.bytes(size));
                });
            });
        }
    }
}

fn extension(out: &mut Vec<u8>, number: u16, body: impl FnOnce(&mut Vec<u8>)) {
    out.u16(number).sized(2, body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_padding_hold() {
        let mut hello = Hello::new("api.example.test");
        let message = hello.message();
        assert_eq!(message[..2], [1, 0]);
        assert_eq!(usize::from(message[2]) * 256 + usize::from(message[3]), message.len() - 4);
        assert!(message.windows(16).any(|w| w == b"api.example.test"));
        hello.pad_to = Some(1500);
        assert_eq!(hello.message().len(), 1500);
        hello.grease = true;
        assert_ne!(hello.message(), Hello { grease: false, ..hello.clone() }.message());
    }
}
