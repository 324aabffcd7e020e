//! What one TCP connection says.

use super::{Arrival, Live, Part, State};
use crate::flow::once::Once;
use crate::flow::questions::Heard;
use crate::flow::record::Ended;
use crate::flow::requests::Requests;
use crate::flow::side::Side;
use crate::names::Names;
use crate::packet::card::Card;
use crate::packet::transport::TcpHeader;
use creance_model::Timestamp;
use creance_wire::{Anomaly, Direction, Facts, Protocol, stream};

/// With less room than this, in bytes, it is left to the starts of conversations, and what comes
/// again is not compared.
const PRINTS_ROOM: usize = 36 << 20;

#[derive(Debug)]
pub(super) struct Tcp {
    pub(super) client: Side,
    pub(super) server: Side,
    pub(super) client_isn: Option<u32>,
    pub(super) want: stream::Want,
    /// What was read of requests, once the heads were.
    pub(super) requests: Option<Box<Requests>>,
    /// How many bytes of the client's side were read.
    pub(super) client_read: usize,
    /// DNS messages of each side that were heard.
    pub(super) dns_heard: [usize; 2],
    pub(super) closed: [bool; 2],
    /// The payload of client and server, each byte once.
    pub(super) once: [Once; 2],
}

impl Live {
    pub(super) fn take_tcp(
        &mut self,
        arrival: &Arrival<'_>,
        direction: Direction,
        cut: bool,
        names: &mut Names,
        room: usize,
    ) {
        let State::Tcp(tcp) = &mut self.state else { return };
        let Some(header) = arrival.segment.tcp else { return };
        let [of_client, of_server] = &mut tcp.once;
        let (own, other, once, acknowledged) = match direction {
            Direction::FromClient => (&mut tcp.client, &mut tcp.server, of_client, of_server),
            Direction::FromServer => (&mut tcp.server, &mut tcp.client, of_server, of_client),
        };
        let sequence = if header.syn() { header.sequence.wrapping_add(1) } else { header.sequence };
        let printed = if room < PRINTS_ROOM { &[] } else { arrival.segment.payload };
        once.take(sequence, printed, arrival.segment.payload_wire_len);
        if header.rst() && arrival.segment.payload_wire_len > 0 {
            once.note_on_reset(arrival.segment.payload_wire_len);
        }
        if header.ack() {
            acknowledged.acknowledge(header.acknowledged);
        }
        if header.syn() && !own.has_started() {
            own.start(sequence);
        }
        if header.syn() {
            // An answer to an opening that is not in the capture names its number too.
            let isn = if header.ack() { header.acknowledged.wrapping_sub(1) } else { header.sequence };
            tcp.client_isn.get_or_insert(isn);
        }
        if header.ack() && other.is_unseen(header.acknowledged) && !header.rst() {
            self.record.unseen_acknowledged += 1;
            // Count each hole once.
            other.skip_to(header.acknowledged);
        }
        let payload = arrival.segment.payload;
        if own.fills_hole(sequence, arrival.segment.payload_wire_len) {
            // Mirrors of both directions may show an acknowledgement before what it is for.
            self.record.unseen_acknowledged = self.record.unseen_acknowledged.saturating_sub(1);
        }
        let seen = own.seen_of(sequence);
        own.pass(sequence, arrival.segment.payload_wire_len);
        let mut grew = false;
        let brings = arrival.segment.payload_wire_len > 0 && !is_keep_alive(payload, seen);
        match tcp.want {
            stream::Want::Nothing => {}
            stream::Want::Requests { body_left } => {
                if direction == Direction::FromClient && brings {
                    let requests = tcp.requests.get_or_insert_default();
                    let (place, facts) = ((sequence, seen), &mut self.record.facts);
                    let body_left = requests.follow(arrival, place, body_left, room, facts);
                    tcp.want = stream::Want::Requests { body_left };
                }
            }
            stream::Want::More { .. } => {
                if brings {
                    grew = if room == 0 && !own.ended {
                        own.give_up();
                        self.head_given_up = true;
                        true
                    } else {
                        own.add(sequence, payload, cut)
                    };
                }
                let end = sequence
                    .wrapping_add(u32::try_from(arrival.segment.payload_wire_len).unwrap_or(u32::MAX));
                if header.fin() && !own.ended {
                    own.close(end);
                    grew |= own.ended;
                }
            }
        }
        self.note_closing(direction, header);
        if grew {
            self.inspect_stream(arrival.at, arrival.part, names, false);
        }
        if let State::Tcp(tcp) = &self.state {
            let requests = tcp.requests.as_ref().map_or(0, |requests| requests.held());
            self.held = tcp.client.held()
                + tcp.server.held()
                + requests
                + tcp.once.iter().map(Once::held).sum::<usize>();
        }
    }

    fn note_closing(&mut self, direction: Direction, header: TcpHeader) {
        let State::Tcp(tcp) = &mut self.state else { return };
        if header.rst() {
            let [client, server] = &mut self.record.reset_by;
            *(if direction == Direction::FromClient { client } else { server }) = true;
            self.is_over = true;
            self.record.ended = Ended::Reset;
        } else if header.fin() {
            let [client, server] = &mut tcp.closed;
            *(if direction == Direction::FromClient { &mut *client } else { &mut *server }) = true;
            if *client && *server && !self.is_over {
                self.is_over = true;
                self.record.ended = Ended::Closed;
            }
        }
    }

    pub(super) fn inspect_stream(&mut self, at: Timestamp, part: Part, names: &mut Names, last: bool) {
        let State::Tcp(tcp) = &mut self.state else { return };
        let stream::Want::More { client, server } = tcp.want else { return };
        let (ours, theirs) = (&tcp.client, &tcp.server);
        let due =
            last || ours.head.len() >= client || theirs.head.len() >= server || ours.ended || theirs.ended;
        if !due {
            return;
        }
        let inspection = stream::inspect(stream::Heads {
            client: &ours.head,
            server: &theirs.head,
            server_port: self.record.server.port,
            client_ended: ours.ended,
            server_ended: theirs.ended,
        });
        tcp.want = match inspection.want {
            // What was not kept cannot be counted.
            stream::Want::Requests { .. } if tcp.client.broken => stream::Want::Requests { body_left: None },
            want @ (stream::Want::Nothing | stream::Want::More { .. } | stream::Want::Requests { .. }) => {
                want
            }
        };
        tcp.client_read = tcp.client.head.len();
        let still_waiting = matches!(inspection.want, stream::Want::More { .. });
        let is_followed = matches!(inspection.want, stream::Want::Requests { .. });
        let mut facts = inspection.facts;
        if !still_waiting || last {
            if (tcp.client.broken || tcp.server.broken)
                && (still_waiting
                    || facts.layers.is_empty()
                    || is_open_ended(&facts)
                    || (tcp.client.broken && (misses_hello(&facts) || is_followed)))
            {
                facts.add_anomaly(Anomaly::NotFollowed);
            }
            if tcp.client.contradicts || tcp.server.contradicts {
                facts.add_anomaly(Anomaly::ContradictingSegments);
            }
        }
        if is_followed && tcp.client.has_gap() {
            // What came early waits for bytes that are not there yet, and is not kept.
            facts.add_anomaly(Anomaly::NotFollowed);
        }
        if self.questions.more_than_a_question {
            facts.add_anomaly(Anomaly::MoreThanAQuestion);
        }
        self.record.facts = facts;
        let heard_before = tcp.dns_heard;
        tcp.dns_heard = [inspection.dns[0].len(), inspection.dns[1].len()];
        if is_followed {
            let (sequence, head) = tcp.client.take_head();
            tcp.requests = Some(Box::new(Requests::new(sequence, head)));
        }
        if !still_waiting {
            tcp.client.release();
            tcp.server.release();
        }
        let sides = [Direction::FromClient, Direction::FromServer];
        for ((messages, known), direction) in inspection.dns.iter().zip(heard_before).zip(sides) {
            for message in messages.iter().skip(known) {
                let heard = Heard { message, direction, cards: [Card::NONE; 2], at, part };
                self.questions.take(&heard, &mut self.record, names);
            }
        }
        self.weigh();
    }
}

/// Whether a segment only asks whether the other end is still there: a byte of nothing in the place
/// of the last one (RFC 9293, 3.8.4).
fn is_keep_alive(payload: &[u8], seen: Option<usize>) -> bool {
    payload == [0] && seen == Some(1)
}

/// Protocols whose every message tells something, so that a break in the head matters.
fn is_open_ended(facts: &Facts) -> bool {
    matches!(facts.protocol(), Some(Protocol::Dns))
}

/// Whether this is TLS whose client was not understood.
fn misses_hello(facts: &Facts) -> bool {
    facts.tls.as_ref().is_some_and(|tls| !tls.client_hello)
}
