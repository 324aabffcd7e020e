//! Data that a measure over many packets would not show.

use super::world::{World, end};
use super::{Card, Scenario};
use crate::{app, drone};
use creance_model::Verdict;

pub(super) fn all() -> Vec<Scenario> {
    vec![empty_datagrams(), behind_stun(true), behind_stun(false)]
}

/// Small datagrams of data behind a request of STUN at a time server.
fn behind_stun(with_time: bool) -> Scenario {
    let server = ("2.pool.ntp.org", "162.159.200.1");
    Card {
        id: if with_time { "stun-at-time-server" } else { "stun-alone-at-time-server" },
        title: "STUN at a time server",
        says: "The exempt time server is sent a request of STUN, and then small datagrams of positions.",
        args: "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt ntp-pool.time",
        expected: &[(1, Verdict::Inconclusive), (5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
    }
    .told(|world: &mut World| {
        world.lookup(70_000, server.0, server.1);
        let mut payloads = if with_time { vec![app::ntp()] } else { Vec::new() };
        payloads.push(app::stun(&mut world.noise()));
        payloads.extend((0..50).map(drone::position_json));
        world.one_way(70_100, end(server.1, 123), &payloads);
    })
}

fn empty_datagrams() -> Scenario {
    let server = ("2.pool.ntp.org", "162.159.200.1");
    Card {
        id: "ntp-among-empty-datagrams",
        title: "Data among empty datagrams",
        says: "A question for the time is followed by large datagrams, each between thirty empty ones: on average they are as small as such questions are.",
        args: "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt ntp-pool.time",
        expected: &[(5, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
    }
    .told(|world: &mut World| {
        world.lookup(70_000, server.0, server.1);
        let mut payloads = vec![app::ntp()];
        for noise in world.noises(20, 1400) {
            payloads.extend(vec![Vec::new(); 30]);
            payloads.push(noise);
        }
        world.one_way(70_100, end(server.1, 123), &payloads);
    })
}
