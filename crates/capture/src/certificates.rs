//! Certificates that servers sent, each kept once.

use crate::flow::FlowRecord;
use std::collections::HashMap;
use std::hash::BuildHasher;

/// Bytes of certificates kept.
const BYTES_MAX: usize = 16 << 20;

/// Certificates by the order in which they were first seen.
#[derive(Debug, Default)]
pub struct CertificateStore {
    /// Places by a hash of the certificate. Where two have the same, the second stands at the next.
    by_hash: HashMap<u64, u32, foldhash::fast::RandomState>,
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
        let mut hash = self.by_hash.hasher().hash_one(&der);
        while let Some(&place) = self.by_hash.get(&hash) {
            if self.get(place) == Some(&der) {
                return Some(place);
            }
            hash = hash.wrapping_add(1);
        }
        if self.bytes + der.len() > BYTES_MAX {
            return None;
        }
        let place = u32::try_from(self.list.len()).ok()?;
        self.bytes += der.len();
        self.list.push(der);
        self.by_hash.insert(hash, place);
        Some(place)
    }
}
