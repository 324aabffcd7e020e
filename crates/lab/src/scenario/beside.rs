//! Data in front of what is read, or beside the stream that it is read from.

use super::world::{MAPS, World, end, ip};
use super::{Card, LOCAL, LOCAL_MAPS, REFUTED, ROUTER, STATION, Scenario, UNDECIDED};
use crate::dns::{self, Record};
use crate::ip::{self as packets, Style};
use crate::{Side, Tcp};

pub(super) fn all() -> Vec<Scenario> {
    vec![discovery_behind_options(), question_behind_options(), after_the_end()]
}

fn discovery_behind_options() -> Scenario {
    Card {
        id: "neighbour-discovery-behind-options",
        title: "Data in front of neighbour discovery",
        says: "Neighbour solicitations of ordinary size go to one neighbour, each behind a destination option of 252 bytes.",
        args: LOCAL,
        expected: REFUTED,
    }
    .told(|world| {
        let (from, to) = (ip("fe80::17"), ip("fe80::42"));
        world.recorder.ttl = 255;
        for (noise, at) in world.noises(20, 252).iter().zip((70_000..).step_by(1000)) {
            // An option for experiments (RFC 4727).
            world.recorder.extensions = vec![(60, [&[0x1e, 252][..], noise].concat())];
            let (number, body) = packets::icmp(from, to, 135, 0, &[0; 20]);
            world.recorder.ip(World::at(at), (from, to), number, &body, true);
        }
        world.recorder.extensions.clear();
        world.recorder.ttl = 64;
    })
}

fn question_behind_options() -> Scenario {
    Card {
        id: "dns-question-behind-options",
        title: "Data in front of a question",
        says: "Questions for the exempt name go to the router behind IP options with data.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(|world| {
        for (noise, at) in world.noises(20, 34).iter().zip((70_000..).step_by(1000)) {
            // An option for experiments (RFC 4727).
            let style = Style { options: [&[0x9e, 36][..], noise].concat(), ..Style::default() };
            let question = packets::udp((STATION, 41_000), (ROUTER, 53), &dns::query(7, MAPS.0, dns::A));
            let packet = packets::packet(STATION, ROUTER, 17, &question, &style);
            let frame = world.recorder.link.frame(&packet);
            world.recorder.frame(World::at(at), frame);
        }
    })
}

fn after_the_end() -> Scenario {
    Card {
        id: "dns-over-tcp-after-its-end",
        title: "Data after the end of a connection for questions",
        says: "A question for the exempt name goes to the router over TCP; after both sides have closed, the station sends on.",
        args: LOCAL_MAPS,
        expected: UNDECIDED,
    }
    .told(|world| {
        let client = world.client();
        let noise = world.noises(10, 1200).concat();
        let records = [Record::Address(MAPS.0.into(), ip("13.249.9.90"))];
        Tcp::new(&mut world.recorder, client, end("192.168.1.1", 53), World::at(70_000))
            .open()
            .send(Side::Client, &dns::over_tcp(&dns::query(77, MAPS.0, dns::A)))
            .send(Side::Server, &dns::over_tcp(&dns::answer(77, MAPS.0, dns::A, &records)))
            .close()
            .send(Side::Client, &noise);
    })
}
