//! DNS messages (RFC 1035, 2782, 3596, 9460), and mDNS and LLMNR, which share the format.

mod name;

use crate::bytes::Cursor;
use creance_model::HostName;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Kept of one message.
const QUESTIONS_MAX: usize = 16;
const ANSWERS_MAX: usize = 128;
const HEADER_LEN: usize = 12;

/// A name asked about. DNS names may hold bytes that host names do not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueryName {
    /// A host name.
    Host(HostName),
    /// The root.
    Root,
    /// Another name, its labels joined by dots, with bytes other than printable ASCII escaped as `\ddd`.
    Other(String),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name.
    pub name: QueryName,
    /// The type of record asked for (1 is A, 28 AAAA, 65 HTTPS).
    pub kind: u16,
}

/// What an answer ties together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// `name` has this address (A, AAAA, or a hint of SVCB and HTTPS).
    Address {
        /// The owner name.
        name: HostName,
        /// The address.
        addr: IpAddr,
        /// Seconds that it may be remembered.
        ttl_seconds: u32,
    },
    /// `name` is another name for `target` (CNAME, DNAME, SVCB or HTTPS target).
    Alias {
        /// The owner name.
        name: HostName,
        /// What it stands for.
        target: HostName,
    },
    /// `name` publishes keys for encrypted hellos (HTTPS or SVCB with `ech`).
    EchKeys {
        /// The owner name.
        name: HostName,
    },
}

/// A DNS message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Ties an answer to its question.
    pub id: u16,
    /// Whether it is an answer.
    pub response: bool,
    /// The response code (0 is no error, 3 no such name).
    pub rcode: u8,
    /// Whether the message says of itself that it was shortened.
    pub truncated: bool,
    /// Whether parsing stopped before the end; what was read until then is kept.
    pub malformed: bool,
    /// Whether it is, beyond reasonable doubt, an ordinary query or answer: one question for a host
    /// name in the internet's class, and records that fill it to the last byte.
    pub ordinary: bool,
    /// Whether it is a question and nothing but a question: what else it carries may be anything.
    pub bare: bool,
    /// The questions, at most 16.
    pub questions: Vec<Question>,
    /// What the answers tie together, at most 128.
    pub answers: Vec<Answer>,
}

impl Message {
    /// Whether all that it asks for are names of the link itself (RFC 6762, 3 and 4; RFC 4795, 3.1),
    /// which nobody asks on for.
    #[must_use]
    pub fn is_of_link(&self) -> bool {
        const ZONES: [&str; 6] = [
            ".local",
            ".254.169.in-addr.arpa",
            ".8.e.f.ip6.arpa",
            ".9.e.f.ip6.arpa",
            ".a.e.f.ip6.arpa",
            ".b.e.f.ip6.arpa",
        ];
        let of_link = |name: &str| !name.contains('.') || ZONES.iter().any(|zone| name.ends_with(zone));
        // Beyond those that are kept, others may have been asked for.
        self.questions.len() < QUESTIONS_MAX
            && self.questions.iter().all(|question| match &question.name {
                QueryName::Host(host) => of_link(host.as_str()),
                QueryName::Root => true,
                QueryName::Other(text) => of_link(&text.to_ascii_lowercase()),
            })
    }
}

/// Reads a message. What comes before a fault is kept, and [`Message::malformed`] is set.
///
/// `None` where the bytes are no DNS message at all: too short, an operation that was never
/// assigned, more questions announced than there is room for, or not even one of them readable.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Message> {
    let header = Header::read(bytes)?;
    let Read { mut message, first_question, end } = read(&header, bytes)?;
    let whole = !message.malformed && end == bytes.len();
    message.ordinary = whole && header.is_ordinary() && is_about_a_host(&message, first_question);
    message.bare = message.ordinary
        && !message.response
        && first_question.and_then(|(end, _)| bytes.get(end..)).is_some_and(is_harmless_edns);
    Some(message)
}

fn is_about_a_host(message: &Message, first_question: Option<(usize, u16)>) -> bool {
    matches!(first_question, Some((_, 1 | 0x8001)))
        && matches!(message.questions.as_slice(), [question]
            if matches!(question.name, QueryName::Host(_)) && (1..=260).contains(&question.kind))
}

/// Whether what follows a question is nothing, an empty EDNS record, or one with a cookie
/// (RFC 6891, 7873).
fn is_harmless_edns(rest: &[u8]) -> bool {
    let empty = matches!(rest, [] | [0, 0, 41, _, _, 0, 0, _, _, 0, 0]);
    let cookie = matches!(rest, [0, 0, 41, _, _, 0, 0, _, _, 0, _, 0, 10, 0, 8 | 24, cookie @ ..]
        if cookie.len() == 8 || cookie.len() == 24);
    empty || cookie
}

/// The fixed head of a message (RFC 1035, 4.1.1).
struct Header {
    id: u16,
    response: bool,
    opcode: u8,
    truncated: bool,
    reserved: bool,
    rcode: u8,
    questions: u16,
    answers: u16,
    authorities: u16,
    additionals: u16,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let id = cursor.u16()?;
        let [high, low] = cursor.array()?;
        let header = Self {
            id,
            response: high & 0x80 != 0,
            opcode: high >> 3 & 0xf,
            truncated: high & 2 != 0,
            reserved: low & 0x40 != 0,
            rcode: low & 0xf,
            questions: cursor.u16()?,
            answers: cursor.u16()?,
            authorities: cursor.u16()?,
            additionals: cursor.u16()?,
        };
        let assigned = matches!(header.opcode, 0..=2 | 4..=6);
        // A question has at least a root name, a type and a class.
        let room = usize::from(header.questions) * 5 <= cursor.len();
        (assigned && room).then_some(header)
    }

    /// Whether it is that of an ordinary query, or of the answer to one.
    const fn is_ordinary(&self) -> bool {
        let common = self.opcode == 0 && !self.reserved && self.questions == 1;
        let records = if self.response {
            self.rcode <= 5
        } else {
            self.rcode == 0 && self.answers == 0 && self.authorities == 0 && self.additionals <= 2
        };
        common && records
    }
}

/// What was read of a message.
struct Read {
    message: Message,
    /// The place after the first question, and its class.
    first_question: Option<(usize, u16)>,
    /// Where parsing stopped.
    end: usize,
}

fn read(header: &Header, bytes: &[u8]) -> Option<Read> {
    let mut message = Message {
        id: header.id,
        response: header.response,
        rcode: header.rcode,
        truncated: header.truncated,
        malformed: false,
        ordinary: false,
        bare: false,
        questions: Vec::new(),
        answers: Vec::new(),
    };
    let mut at = HEADER_LEN;
    let mut first_question = None;
    let announced = header.questions > 0;
    let records =
        [header.answers, header.authorities, header.additionals].into_iter().map(u32::from).sum::<u32>();
    for _ in 0..header.questions {
        match question(bytes, at) {
            Some((question, class, end)) if message.questions.len() < QUESTIONS_MAX => {
                message.questions.push(question);
                first_question.get_or_insert((end, class));
                at = end;
            }
            _ => {
                message.malformed = true;
                break;
            }
        }
    }
    // Bytes that announce something of which nothing can be read are not DNS.
    if announced && message.questions.is_empty() {
        return None;
    }
    if !announced && (records == 0 && !header.response) {
        return None;
    }
    // Only an answer to a standard query ties names to addresses.
    let telling = header.response && header.opcode == 0;
    for _ in 0..records {
        if message.malformed {
            break;
        }
        match record(bytes, at, telling, &mut message.answers) {
            Some(end) if message.answers.len() <= ANSWERS_MAX => at = end,
            _ => message.malformed = true,
        }
    }
    message.answers.truncate(ANSWERS_MAX);
    let nothing_read = !announced && message.malformed && message.answers.is_empty();
    (!nothing_read).then_some(Read { message, first_question, end: at })
}

/// A question with its class, and the place after it.
fn question(bytes: &[u8], at: usize) -> Option<(Question, u16, usize)> {
    let (name, end) = name::read(bytes, at)?;
    let mut cursor = Cursor::new(bytes.get(end..)?);
    let (kind, class) = (cursor.u16()?, cursor.u16()?);
    Some((Question { name, kind }, class, end + 4))
}

/// Reads one record and returns the place after it.
fn record(bytes: &[u8], at: usize, telling: bool, answers: &mut Vec<Answer>) -> Option<usize> {
    let (owner, end) = name::read(bytes, at)?;
    let mut cursor = Cursor::new(bytes.get(end..)?);
    let kind = cursor.u16()?;
    let class = cursor.u16()?;
    let ttl_seconds = cursor.u32()?;
    let data_len = usize::from(cursor.u16()?);
    let data = cursor.take(data_len)?;
    let end = bytes.len() - cursor.len();
    let data_at = end - data_len;
    // The top bit of the class is multicast DNS's "flush" (RFC 6762, 10.2).
    let internet = class & 0x7fff == 1;
    let QueryName::Host(owner) = owner else {
        return Some(end);
    };
    if !telling || !internet {
        return Some(end);
    }
    let mut inner = Cursor::new(data);
    match kind {
        1 => answers.push(Answer::Address {
            name: owner,
            addr: Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into(),
            ttl_seconds,
        }),
        28 => answers.push(Answer::Address {
            name: owner,
            addr: Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into(),
            ttl_seconds,
        }),
        // CNAME and DNAME.
        5 | 39 => alias(bytes, data_at, end, owner, answers)?,
        // SRV: priority, weight and port before the target (RFC 2782).
        33 => {
            inner.skip(6)?;
            alias(bytes, data_at + 6, end, owner, answers)?;
        }
        // SVCB and HTTPS: priority before the target (RFC 9460, 2.2).
        64 | 65 => service(bytes, data_at, end, &owner, ttl_seconds, answers)?,
        _ => {}
    }
    Some(end)
}

/// Reads the name at `at`, which must end by `end`, as what `owner` stands for.
fn alias(bytes: &[u8], at: usize, end: usize, owner: HostName, answers: &mut Vec<Answer>) -> Option<()> {
    let (target, after) = name::read(bytes, at)?;
    if after > end {
        return None;
    }
    if let QueryName::Host(target) = target {
        answers.push(Answer::Alias { name: owner, target });
    }
    Some(())
}

/// Reads the data of SVCB and HTTPS: its target, the addresses hinted at and keys for ECH.
fn service(
    bytes: &[u8],
    at: usize,
    end: usize,
    owner: &HostName,
    ttl_seconds: u32,
    answers: &mut Vec<Answer>,
) -> Option<()> {
    let (target, after) = name::read(bytes, at.checked_add(2)?)?;
    let mut parameters = Cursor::new(bytes.get(after..end)?);
    // The root as target is the owner itself (RFC 9460, 2.5.2).
    let served = match target {
        QueryName::Host(target) => {
            answers.push(Answer::Alias { name: owner.clone(), target: target.clone() });
            target
        }
        QueryName::Root | QueryName::Other(_) => owner.clone(),
    };
    while !parameters.is_empty() && answers.len() <= ANSWERS_MAX {
        let key = parameters.u16()?;
        let value = parameters.vec16()?;
        let mut hints: Vec<IpAddr> = Vec::new();
        match key {
            4 => hints.extend(value.as_chunks::<4>().0.iter().map(|a| IpAddr::from(*a))),
            6 => hints.extend(value.as_chunks::<16>().0.iter().map(|a| IpAddr::from(*a))),
            5 => answers.push(Answer::EchKeys { name: owner.clone() }),
            _ => {}
        }
        answers.extend(hints.into_iter().take(ANSWERS_MAX).map(|addr| Answer::Address {
            name: served.clone(),
            addr,
            ttl_seconds,
        }));
    }
    Some(())
}

#[cfg(test)]
mod tests;
