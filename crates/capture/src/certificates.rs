//! Certificates that servers sent, each kept once.

use crate::flow::FlowRecord;
use ring::digest;
use std::collections::HashMap;

/// Bytes of certificates kept.
const BYTES_MAX: usize = 16 << 20;

/// Certificates by the order in which they were first seen.
#[derive(Debug, Default)]
pub struct CertificateStore {
    by_digest: HashMap<[u8; 32], u32>,
    list: Vec<Vec<u8>>,
    bytes: usize,
}

impl CertificateStore {
    /// A certificate in DER by its place.
    #[must_use]
    pub fn get(&self, place: u32) -> Option<&[u8]> {
        self.list.get(place as usize).map(Vec::as_slice)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Moves a flow's certificates into the store.
    pub fn settle(&mut self, record: &mut FlowRecord) {
        let Some(tls) = &mut record.facts.tls else { return };
        for der in std::mem::take(&mut tls.certificates) {
            match self.keep(der) {
                Some(place) => record.certificates.push(place),
                None => record.certificates_not_kept = true,
            }
        }
    }

    /// Keeps a certificate; `None` where there is no more room.
    fn keep(&mut self, der: Vec<u8>) -> Option<u32> {
        let hash = digest::digest(&digest::SHA256, &der);
        let key = <[u8; 32]>::try_from(hash.as_ref()).ok()?;
        if let Some(&place) = self.by_digest.get(&key) {
            return Some(place);
        }
        if self.bytes + der.len() > BYTES_MAX {
            return None;
        }
        let place = u32::try_from(self.list.len()).ok()?;
        self.bytes += der.len();
        self.list.push(der);
        self.by_digest.insert(key, place);
        Some(place)
    }
}
