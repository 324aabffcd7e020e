//! What binds a name to the bytes that follow it.

use super::world::end;
use super::{Card, Scenario};
use crate::quic::{self, Layout, Version};
use crate::tls::Hello;
use creance_model::Verdict;

/// Local Data with the time of day exempt.
const LOCAL_TIME: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt ntp-pool.time";
const TIME: (&str, &str) = ("2.pool.ntp.org", "162.159.200.1");

pub(super) fn all() -> Vec<Scenario> {
    vec![hello_at_time_server()]
}

/// The name in a hello is as easily said as the one that DNS led by.
fn hello_at_time_server() -> Scenario {
    Card {
        id: "quic-hello-at-time-server",
        title: "A hello at a time server",
        says: "A QUIC hello names the exempt time server at its address; what follows on the same ports is noise.",
        args: LOCAL_TIME,
        expected: &[(1, Verdict::Inconclusive), (2, Verdict::Inconclusive), (13, Verdict::Inconclusive)],
    }
    .told(|world| {
        world.lookup(70_000, TIME.0, TIME.1);
        let [target, source] = [0; 2].map(|_| quic::connection_id(world.recorder.noise().next()));
        let hello = Hello::for_quic(TIME.0, &source).message();
        let mut payloads =
            quic::client_datagrams(Version::V1, &target, &source, &hello, Layout::Whole).unwrap_or_default();
        payloads.extend(world.noises(20, 1200));
        world.one_way(70_100, end(TIME.1, 123), &payloads);
    })
}
