//! What a flow to a resolver asks, and what of the answers is believed.

use super::live::Part;
use super::record::{FlowRecord, Queried};
use crate::names::Names;
use crate::packet::card::Card;
use creance_model::Timestamp;
use creance_wire::dns::{Message, QueryName};
use creance_wire::{Anomaly, Direction, Protocol};

/// Names kept for one DNS flow.
const QUERIED_MAX: usize = 256;
/// Questions that wait for their answer.
const PENDING_MAX: usize = 64;

/// A DNS message, and how it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard<'a> {
    pub(super) message: &'a Message,
    pub(super) direction: Direction,
    /// The link-layer addresses of the sender and the receiver, where it came in one packet.
    pub(super) cards: [Card; 2],
    pub(super) at: Timestamp,
    pub(super) part: Part,
}

/// The questions of a flow.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Those without an answer so far.
    pending: Vec<Pending>,
    /// Whether the asker sent more than questions, or the answering side asked.
    pub(super) more_than_a_question: bool,
    /// Whether a card other than the one that was asked sent something for the answering side.
    pub(super) strange_answer: bool,
}

/// A question, and the cards that it went from and to.
#[derive(Debug)]
struct Pending {
    id: u16,
    name: QueryName,
    /// As bytes, which take less room.
    cards: [Option<[u8; 6]>; 2],
}

impl Pending {
    /// Whether a message of these cards may be the answer. Whoever asks does not answer itself,
    /// and nobody else answers for the one that was asked.
    fn is_answered_by(&self, [sender, receiver]: [Card; 2]) -> bool {
        let [asker, asked] = self.cards.map(|card| card.map_or(Card::NONE, Card::new));
        let agree = |one: Card, other: Card| one.is_none() || other.is_none() || one == other;
        (sender.is_none() || sender != asker) && agree(sender, asked) && agree(receiver, asker)
    }
}

impl Questions {
    /// About how much memory they take, in bytes.
    pub(super) fn held(&self) -> usize {
        let names = self.pending.iter().map(|pending| match &pending.name {
            QueryName::Host(host) => host.as_str().len(),
            QueryName::Root => 0,
            QueryName::Other(text) => text.len(),
        });
        names.sum::<usize>() + self.pending.capacity() * size_of::<Pending>()
    }

    /// Keeps what a message asks, and learns from it where it answers.
    pub(super) fn take(&mut self, heard: &Heard<'_>, record: &mut FlowRecord, names: &mut Names) {
        let &Heard { message, direction, cards, at, part } = heard;
        let group = record.facts.protocol() != Some(Protocol::Dns);
        let odd = match direction {
            Direction::FromClient => message.response || !message.bare,
            Direction::FromServer => !message.response,
        };
        if !group && odd {
            self.more_than_a_question = true;
            record.facts.add_anomaly(Anomaly::MoreThanAQuestion);
        }
        if !message.response {
            for question in &message.questions {
                note(record, &question.name, question.kind, part);
                if self.pending.len() >= PENDING_MAX {
                    self.pending.remove(0);
                }
                // What the answering side asks, nobody answers.
                if direction == Direction::FromClient {
                    let cards = cards.map(Card::bytes);
                    self.pending.push(Pending { id: message.id, name: question.name.clone(), cards });
                }
            }
            return;
        }
        // mDNS and LLMNR answers speak of the link only and tie nothing.
        if group || direction != Direction::FromServer {
            return;
        }
        let Some(question) = message.questions.first() else {
            record.unasked_answers += 1;
            return;
        };
        let asked = self.pending.iter().position(|it| it.id == message.id && it.name == question.name);
        let genuine = asked
            .and_then(|place| self.pending.get(place))
            .is_some_and(|pending| pending.is_answered_by(cards));
        // Over TCP an earlier segment may have brought it, so that nothing of such a flow ties. Within
        // a tunnel nothing shows who sent it.
        let believed = genuine && !self.strange_answer && record.tunnels.is_empty();
        let (Some(place), true) = (asked, believed) else {
            record.unasked_answers += 1;
            return;
        };
        // The first answer counts; a second to the same question ties nothing.
        self.pending.remove(place);
        let QueryName::Host(name) = &question.name else { return };
        names.learn(name, message, record.server.addr, record.client.addr, at);
    }
}

fn note(record: &mut FlowRecord, name: &QueryName, kind: u16, part: Part) {
    let in_window = part == Part::Window;
    let (host, text) = match name {
        QueryName::Host(host) => (Some(host.clone()), host.as_str().to_owned()),
        QueryName::Root => (None, ".".to_owned()),
        QueryName::Other(text) => (None, text.clone()),
    };
    let same = |queried: &&mut Queried| queried.text == text && queried.kind == kind;
    if let Some(known) = record.queried.iter_mut().find(same) {
        known.in_window |= in_window;
        known.times = known.times.saturating_add(1);
    } else if record.queried.len() < QUERIED_MAX {
        record.queried.push(Queried { host, text, kind, in_window, times: 1 });
    } else {
        record.queried_left_out += 1;
    }
}
