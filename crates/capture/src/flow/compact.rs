//! How a record's parts of fixed size are written down: as a few bytes each, where serde would go
//! from number to number.

use super::record::Traffic;
use creance_model::Endpoint;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Bytes that are lent by what is read.
struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = &'de [u8];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<&'de [u8], E> {
        Ok(bytes)
    }
}

/// Link-layer addresses: six bytes each, or none.
pub(super) mod cards {
    use super::*;

    type Cards = [Option<[u8; 6]>; 2];

    pub(in super::super) fn serialize<S: Serializer>(
        cards: &Cards,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match cards {
            [None, None] => serializer.serialize_bytes(&[]),
            // All zeros is no address; see `Card`.
            [one, other] => {
                let bytes = [one.unwrap_or_default(), other.unwrap_or_default()];
                serializer.serialize_bytes(bytes.as_flattened())
            }
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Cards, D::Error> {
        let bytes = deserializer.deserialize_bytes(Bytes)?;
        match bytes.as_chunks() {
            ([], []) => Ok([None; 2]),
            ([one, other], []) => Ok([*one, *other].map(|card| Some(card).filter(|card| *card != [0; 6]))),
            _ => Err(D::Error::custom("not the link-layer addresses of two ends")),
        }
    }
}

/// An address and a port: four bytes or sixteen, and two.
pub(super) mod end {
    use super::*;
    use std::net::IpAddr;

    pub(in super::super) fn serialize<S: Serializer>(
        end: &Endpoint,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let [a, b] = end.port.to_le_bytes();
        match end.addr {
            IpAddr::V4(addr) => {
                let [c, d, e, f] = addr.octets();
                serializer.serialize_bytes(&[a, b, c, d, e, f])
            }
            IpAddr::V6(addr) => {
                let mut bytes = [0; 18];
                let (port, rest) = bytes.split_at_mut(2);
                port.copy_from_slice(&[a, b]);
                rest.copy_from_slice(&addr.octets());
                serializer.serialize_bytes(&bytes)
            }
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Endpoint, D::Error> {
        let wrong = || D::Error::custom("not an address and a port");
        let bytes = deserializer.deserialize_bytes(Bytes)?;
        let (port, addr) = bytes.split_first_chunk::<2>().ok_or_else(wrong)?;
        let addr = match (<[u8; 4]>::try_from(addr), <[u8; 16]>::try_from(addr)) {
            (Ok(addr), _) => IpAddr::from(addr),
            (Err(_), Ok(addr)) => IpAddr::from(addr),
            (Err(_), Err(_)) => return Err(wrong()),
        };
        Ok(Endpoint { addr, port: u16::from_le_bytes(*port) })
    }
}

/// Traffic, of which there is mostly none before and after the judged window.
pub(super) mod traffic {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        traffic: &Traffic,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Some(traffic).filter(|traffic| **traffic != Traffic::default()).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Traffic, D::Error> {
        Option::deserialize(deserializer).map(Option::unwrap_or_default)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Volume;
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Parts {
        #[serde(with = "cards")]
        cards: [Option<[u8; 6]>; 2],
        #[serde(with = "end")]
        end: Endpoint,
        #[serde(with = "traffic")]
        traffic: Traffic,
    }

    #[test]
    fn what_is_written_is_read_again() {
        let card = Some([1, 2, 3, 4, 5, 6]);
        let up = Volume { packets: 1, bytes: 300, payload: 0, keepalive: 1 };
        for (cards, addr, traffic) in [
            ([None, None], "192.0.2.7", Traffic::default()),
            ([card, None], "2001:db8::7", Traffic { up, ..Traffic::default() }),
            ([None, card], "::", Traffic { opened: true, ..Traffic::default() }),
            ([card, card], "0.0.0.0", Traffic { down: up, ..Traffic::default() }),
        ] {
            let parts = Parts { cards, end: Endpoint { addr: addr.parse().unwrap(), port: 443 }, traffic };
            let bytes = postcard::to_stdvec(&parts).unwrap();
            assert_eq!(postcard::from_bytes::<Parts>(&bytes).unwrap(), parts);
            for cut in 0..bytes.len() {
                assert!(postcard::from_bytes::<Parts>(&bytes[..cut]).is_err());
            }
        }
    }
}
