//! Questions for names. They are answered here: none of them leaves.

use crate::core::{Book, Reason, Refusal, Says, Table};
use creance_ledger::Pseudonym;
use creance_model::{Duration, HostName, Timestamp};
use creance_wire::dns::{self, QueryName};
use std::collections::BTreeMap;

/// Different names below one wildcard that a station may ask for; more may be a tunnel.
pub const LABELS_MAX: usize = 64;

/// How long a name counts after it was last asked for: so that what is slow to be used up comes back.
const COUNTED_FOR: Duration = Duration::from_seconds(24 * 60 * 60);

/// Wildcards of which names are counted, over all stations.
const WILDCARDS_MAX: usize = 10_000;

/// How long an answer may be kept, in seconds. Short, so that the book may forget.
const TTL_SECONDS: u32 = 10;

/// An answer, and what is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The bytes of the answer; none where a question cannot even be answered.
    pub bytes: Option<Vec<u8>>,
    /// Why the name is not given, where it is not.
    pub refused: Option<Refusal>,
}

/// Answers questions.
#[derive(Debug)]
pub struct Questions {
    book: Book,
    /// The names that each station asked for below each wildcard, and when it last did.
    below: BTreeMap<(Pseudonym, String), BTreeMap<HostName, Timestamp>>,
}

/// Codes of answers (RFC 1035, 4.1.1).
mod code {
    pub(super) const NO_ERROR: u8 = 0;
    pub(super) const MALFORMED: u8 = 1;
    pub(super) const NO_SUCH_NAME: u8 = 3;
}

/// Kinds of records.
mod kind {
    pub(super) const A: u16 = 1;
    pub(super) const AAAA: u16 = 28;
}

impl Questions {
    /// Nothing asked yet. `prefix` is for made-up IPv6 addresses.
    #[must_use]
    pub const fn new(prefix: [u8; 5]) -> Self {
        Self { book: Book::new(prefix), below: BTreeMap::new() }
    }

    /// Which address stands for which name.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// Answers a station's question, in a message of DNS.
    pub fn answer(
        &mut self,
        table: &Table,
        station: &Pseudonym,
        families: Families,
        query: &[u8],
        now: Timestamp,
    ) -> Reply {
        let Some(asked) = Asked::read(query) else {
            return Reply { bytes: malformed(query), refused: Some(Refusal::of(Reason::NoQuestion)) };
        };
        let Some(name) = asked.name else {
            let bytes = Some(reply(query, asked.question, code::NO_SUCH_NAME, None));
            return Reply { bytes, refused: Some(Refusal::of(Reason::NoQuestion)) };
        };
        match self.give(table, station, &name, asked.kind, now) {
            Ok(data) => {
                let data = data.filter(|_| families.have(asked.kind));
                let bytes = reply(
                    query,
                    asked.question,
                    code::NO_ERROR,
                    data.as_deref().map(|data| (asked.kind, data)),
                );
                Reply { bytes: Some(bytes), refused: None }
            }
            Err(refusal) => {
                let bytes = reply(query, asked.question, code::NO_SUCH_NAME, None);
                Reply { bytes: Some(bytes), refused: Some(Refusal { name: Some(name), ..refusal }) }
            }
        }
    }

    /// The data of the record that was asked for; none where a name that may be had has no such
    /// record. Keys for hidden hellos and hints of other addresses are never given.
    fn give(
        &mut self,
        table: &Table,
        station: &Pseudonym,
        name: &HostName,
        kind: u16,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        match table.may_ask(station, name) {
            Says::Everything(_) => {}
            Says::Offers(_) => self.count(table, station, name, now)?,
            Says::No(reason, service) => return Err(Refusal { reason, name: None, service }),
        }
        let full = || Refusal::of(Reason::ManyNames);
        let (v4, v6) = self.book.addresses(station, name, now).ok_or_else(full)?;
        Ok(match kind {
            kind::A => Some(v4.octets().to_vec()),
            kind::AAAA => Some(v6.octets().to_vec()),
            _ => None,
        })
    }

    /// Whether a station may name another host, in whatever way it does: names below a wildcard
    /// are counted, since they are resolved when they are dialled.
    ///
    /// # Errors
    /// Where it has named too many.
    pub fn may_name(
        &mut self,
        table: &Table,
        station: &Pseudonym,
        name: &HostName,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match table.may_ask(station, name) {
            Says::Offers(_) => self.count(table, station, name, now),
            Says::Everything(_) | Says::No(..) => Ok(()),
        }
    }

    /// Counts names below a wildcard, each of which could be made up to carry data.
    fn count(
        &mut self,
        table: &Table,
        station: &Pseudonym,
        name: &HostName,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(wildcard) = table.wildcard(name) else { return Ok(()) };
        let key = (station.clone(), wildcard);
        let is_new = !self.below.contains_key(&key);
        let counts = |last: &Timestamp| now.since(*last) < COUNTED_FOR;
        if is_new && self.below.len() >= WILDCARDS_MAX {
            self.below.retain(|_, names| names.values().any(counts));
            if self.below.len() >= WILDCARDS_MAX {
                return Err(Refusal::of(Reason::ManyLabels));
            }
        }
        let names = self.below.entry(key).or_default();
        if names.len() >= LABELS_MAX && !names.contains_key(name) {
            names.retain(|_, last| counts(last));
            if names.len() >= LABELS_MAX {
                return Err(Refusal::of(Reason::ManyLabels));
            }
        }
        names.insert(name.clone(), now);
        Ok(())
    }
}

/// Families of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Families {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

impl Families {
    const fn have(self, kind: u16) -> bool {
        match kind {
            kind::A => self.v4,
            kind::AAAA => self.v6,
            _ => true,
        }
    }
}

/// A question.
struct Asked<'a> {
    /// None for names that no host has.
    name: Option<HostName>,
    kind: u16,
    /// Its bytes in the message.
    question: &'a [u8],
}

impl<'a> Asked<'a> {
    fn read(query: &'a [u8]) -> Option<Self> {
        let message = dns::parse(query).filter(|message| !message.response && !message.malformed)?;
        let [question] = message.questions.as_slice() else { return None };
        // The operation must be a query, and the class the internet's.
        let is_query = query.get(2).is_some_and(|flags| flags & 0x78 == 0);
        let bytes = question_bytes(query)?;
        let class = bytes.last_chunk::<2>();
        if !is_query || class != Some(&[0, 1]) {
            return None;
        }
        let name = match &question.name {
            QueryName::Host(name) => Some(name.clone()),
            QueryName::Root | QueryName::Other(_) => None,
        };
        Some(Self { name, kind: question.kind, question: bytes })
    }
}

/// The bytes of the first question, whose name must be written out.
fn question_bytes(query: &[u8]) -> Option<&[u8]> {
    let mut at = HEAD_BYTES;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        match length {
            0 => break,
            1..=63 => at += length,
            _ => return None,
        }
    }
    query.get(HEAD_BYTES..at + 4)
}

const HEAD_BYTES: usize = 12;

/// An answer to a question, with at most one record.
fn reply(query: &[u8], question: &[u8], code: u8, record: Option<(u16, &[u8])>) -> Vec<u8> {
    let mut bytes = query.get(..2).unwrap_or(&[0, 0]).to_vec();
    // An answer; recursion is wanted where the question wanted it, and to be had.
    let wanted = query.get(2).map_or(0, |flags| flags & 1);
    bytes.extend_from_slice(&[0x80 | wanted, 0x80 | code]);
    bytes.extend_from_slice(&[0, 1, 0, u8::from(record.is_some()), 0, 0, 0, 0]);
    bytes.extend_from_slice(question);
    if let Some((kind, data)) = record {
        // The name of the record is that of the question, by its place.
        bytes.extend_from_slice(&[0xc0, 12]);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 1]);
        bytes.extend_from_slice(&TTL_SECONDS.to_be_bytes());
        // 4 or 16 bytes of address.
        bytes.extend_from_slice(&u16::try_from(data.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(data);
    }
    bytes
}

/// What is said to a question that is none; nothing to an answer, so that no two talk for ever.
fn malformed(query: &[u8]) -> Option<Vec<u8>> {
    let [a, b, flags, ..] = *query else { return None };
    (flags & 0x80 == 0).then(|| vec![a, b, 0x80, 0x80 | code::MALFORMED, 0, 0, 0, 0, 0, 0, 0, 0])
}
