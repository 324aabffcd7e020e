//! TLS records, hellos and certificates in clear (RFC 8446, 5246, 6101 and older).

pub(crate) mod handshake;
mod hello;
pub(crate) mod proof;
mod records;
mod server_hello;
pub(crate) mod signature;
mod ssl2;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use crate::{Anomaly, Direction, Facts, Protocol};
use handshake::{Flavour, Handshake};
pub use hello::{ClientHello, HelloError, ServerName};
use records::{Look, Said};
pub(crate) use server_hello::ServerHello;

/// How far a reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Not TLS.
    NotTls,
    /// Call again when a side has at least this many bytes, counted from the start of what was
    /// given. `usize::MAX` for a side whose further bytes would tell nothing.
    Needs {
        /// Bytes of the client's side.
        client: usize,
        /// Bytes of the server's side.
        server: usize,
    },
    /// Nothing more can be learnt.
    Done,
}

/// Reads the start of both sides of a TLS conversation, each without gaps, and adds what they
/// tell to `facts`.
///
/// A pure function of its arguments: call it again with longer starts and fresh facts. A side
/// that was not captured is given as empty. Sides that were mistaken for each other, as happens
/// where a capture starts late, are put right by what they say.
///
/// A client hello counts as read only when all of it is there: where the stream ended before,
/// `facts.tls` has `client_hello` false, and the caller knows why.
pub fn read(client: &[u8], server: &[u8], facts: &mut Facts) -> Outcome {
    if let Some(outcome) = ssl2::read(client, server, facts) {
        return outcome;
    }
    let (asks, answers) = (records::look(client), records::look(server));
    let swapped = asks.speaks(handshake::SERVER_HELLO) && !answers.speaks(handshake::SERVER_HELLO)
        || answers.speaks(handshake::CLIENT_HELLO) && !asks.speaks(handshake::CLIENT_HELLO);
    if swapped {
        let sides = Sides {
            client: server,
            server: client,
            asks: answers,
            answers: asks,
            roles: [Direction::FromServer, Direction::FromClient],
        };
        let (client, server) = match sides.read(facts) {
            Outcome::Needs { client, server } => (server, client),
            Outcome::NotTls => return Outcome::NotTls,
            Outcome::Done => return Outcome::Done,
        };
        return Outcome::Needs { client, server };
    }
    Sides { client, server, asks, answers, roles: [Direction::FromClient, Direction::FromServer] }.read(facts)
}

struct Sides<'a> {
    client: &'a [u8],
    server: &'a [u8],
    asks: Look,
    answers: Look,
    roles: [Direction; 2],
}

impl Sides<'_> {
    fn read(&self, facts: &mut Facts) -> Outcome {
        match (self.asks, self.answers) {
            (Look::Not, _) | (Look::TooShort, Look::Not) => return Outcome::NotTls,
            (Look::TooShort, Look::TooShort) => {
                return Outcome::Needs { client: records::LOOK_LEN, server: records::LOOK_LEN };
            }
            (Look::TooShort, Look::Record { .. }) | (Look::Record { .. }, _) => {}
        }
        facts.add_layer(Protocol::Tls);
        facts.tls.get_or_insert_default();
        if self.asks.is_midway() || self.answers.is_midway() {
            facts.add_anomaly(Anomaly::HeadMissing);
        }
        let answer = match self.answers {
            Look::Not => {
                facts.add_anomaly(Anomaly::Malformed(Protocol::Tls));
                Said::nothing_more()
            }
            Look::TooShort => Said::needs(records::LOOK_LEN),
            Look::Record { .. } if self.answers.is_midway() => Said::nothing_more(),
            Look::Record { .. } => records::read_server(self.server),
        };
        let question = match self.asks {
            Look::Not | Look::TooShort => Said::needs(records::LOOK_LEN),
            Look::Record { .. } if self.asks.is_midway() => Said::nothing_more(),
            Look::Record { .. } => records::read_client(self.client, answer.hellos_due()),
        };
        self.note(&question, &answer, facts);
        match (question.needs, answer.needs) {
            (usize::MAX, usize::MAX) => Outcome::Done,
            (client, server) => Outcome::Needs { client, server },
        }
    }

    fn note(&self, question: &Said, answer: &Said, facts: &mut Facts) {
        let mut handshake = Handshake::new(Flavour::Tls);
        for message in &question.messages {
            handshake.client_message(message.kind, &message.body, facts);
        }
        for message in &answer.messages {
            handshake.server_message(message.kind, &message.body, facts);
        }
        if answer.changed_cipher {
            handshake.server_changed_cipher(facts);
        }
        for (said, direction) in [question, answer].into_iter().zip(self.roles) {
            said.note(direction, facts);
        }
    }
}
