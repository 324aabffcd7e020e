//! Questions of our own, in messages of DNS (RFC 1035).

use creance_model::HostName;
use creance_wire::dns::{self, Answer, QueryName};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Aliases that are followed within one answer.
const ALIASES_MAX: usize = 16;

/// Which addresses are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    const fn kind(self) -> u16 {
        match self {
            Self::V4 => 1,
            Self::V6 => 28,
        }
    }
}

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// The addresses of the name, and for how many seconds they hold.
    Addresses(Vec<IpAddr>, u32),
    /// It is too long for a datagram.
    Truncated,
    /// The server cannot tell.
    Failed,
}

/// A question for the addresses of a name.
pub(super) fn question(id: u16, name: &HostName, family: Family) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    // Recursion is wanted.
    bytes.extend_from_slice(&[0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.as_str().split('.') {
        // A host name's labels have at most 63 bytes.
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend_from_slice(&family.kind().to_be_bytes());
    bytes.extend_from_slice(&[0, 1]);
    bytes
}

/// Reads the answer to a question; none where the bytes are not that.
pub(super) fn answer(bytes: &[u8], id: u16, name: &HostName, family: Family) -> Option<Answered> {
    let message = dns::parse(bytes).filter(|message| message.response && message.id == id)?;
    let [asked] = message.questions.as_slice() else { return None };
    if asked.name != QueryName::Host(name.clone()) || asked.kind != family.kind() {
        return None;
    }
    if message.truncated {
        return Some(Answered::Truncated);
    }
    match message.rcode {
        // No error, and no such name: then there are no addresses.
        0 | 3 if !message.malformed => {}
        _ => return Some(Answered::Failed),
    }
    let mut names = BTreeSet::from([name]);
    for _ in 0..ALIASES_MAX {
        let known = names.len();
        for answer in &message.answers {
            if let Answer::Alias { name, target } = answer
                && names.contains(name)
            {
                names.insert(target);
            }
        }
        if names.len() == known {
            break;
        }
    }
    let mut addresses = Vec::new();
    let mut seconds = u32::MAX;
    for answer in &message.answers {
        if let Answer::Address { name, addr, ttl_seconds } = answer
            && names.contains(name)
            && addr.is_ipv4() == (family == Family::V4)
        {
            addresses.push(*addr);
            seconds = seconds.min(*ttl_seconds);
        }
    }
    Some(Answered::Addresses(addresses, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> HostName {
        text.parse().unwrap()
    }

    fn answered(question: &[u8], answers: u8, records: &[u8]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2] = 0x81;
        bytes[7] = answers;
        bytes.extend_from_slice(records);
        bytes
    }

    #[test]
    fn addresses_are_taken_through_aliases_and_for_the_name_alone() {
        let name = host("a.test");
        let asked = question(7, &name, Family::V4);
        let records = [
            // a.test is an alias of b.test, which has an address; c.test has another.
            &[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 8, 1, b'b', 4, b't', b'e', b's', b't', 0][..],
            &[1, b'b', 4, b't', b'e', b's', b't', 0, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 192, 0, 2, 1],
            &[1, b'c', 4, b't', b'e', b's', b't', 0, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 192, 0, 2, 2],
        ]
        .concat();
        let bytes = answered(&asked, 3, &records);
        let wanted = Answered::Addresses(vec!["192.0.2.1".parse().unwrap()], 30);
        assert_eq!(answer(&bytes, 7, &name, Family::V4), Some(wanted));
    }

    #[test]
    fn what_answers_another_question_is_no_answer() {
        let name = host("a.test");
        let asked = question(7, &name, Family::V4);
        let bytes = answered(&asked, 0, &[]);
        assert_eq!(answer(&bytes, 7, &name, Family::V4), Some(Answered::Addresses(vec![], u32::MAX)));
        assert_eq!(answer(&bytes, 8, &name, Family::V4), None, "another number");
        assert_eq!(answer(&bytes, 7, &host("b.test"), Family::V4), None, "another name");
        assert_eq!(answer(&bytes, 7, &name, Family::V6), None, "another kind");
        assert_eq!(answer(&asked, 7, &name, Family::V4), None, "a question");
    }

    #[test]
    fn a_shortened_answer_and_a_failure_are_told() {
        let name = host("a.test");
        let asked = question(7, &name, Family::V6);
        let mut bytes = answered(&asked, 0, &[]);
        bytes[2] |= 2;
        assert_eq!(answer(&bytes, 7, &name, Family::V6), Some(Answered::Truncated));
        bytes[2] = 0x81;
        bytes[3] = 2;
        assert_eq!(answer(&bytes, 7, &name, Family::V6), Some(Answered::Failed));
    }
}
