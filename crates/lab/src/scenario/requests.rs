//! Requests in the open: whom each one on a connection is for.

use super::sinks::{SINK, WITH_SINK};
use super::world::{BUGLY, TILES, World, end};
use super::{Card, LOCAL_TILES, REFUTED, Scenario, UNDECIDED, UPHELD};
use crate::bytes::low32;
use crate::{Side, Tcp, app};
use creance_model::Verdict;

pub(super) fn all() -> Vec<Scenario> {
    let mut all = denied();
    all.extend(honest());
    all.push(sink());
    all
}

/// A connection to the exempt host, on which `talk` speaks.
pub(super) fn fetched(
    (id, title, says): (&'static str, &'static str, &'static str),
    expected: &'static [(u8, Verdict)],
    talk: impl FnOnce(&mut Tcp<'_>),
) -> Scenario {
    Card { id, title, says, args: LOCAL_TILES, expected }.told(|world| {
        world.lookup(75_000, TILES.0, TILES.1);
        let client = world.client();
        let mut tcp = Tcp::new(&mut world.recorder, client, end(TILES.1, 80), World::at(75_100));
        tcp.open();
        talk(&mut tcp);
        tcp.send(Side::Server, &app::http_response("200 OK", 2)).close();
    })
}

fn denied() -> Vec<Scenario> {
    let first = || app::http_request("GET", TILES.0, "/vt", 0);
    let long = || app::http_request("POST", TILES.0, "/vt", 70_000);
    let second = || app::http_request("POST", BUGLY.0, "/rqd/async", 3_000);
    vec![
        fetched(
            (
                "http-second-host-reversed",
                "A second host, last part first",
                "After a request for the exempt host the parts of one for a denied host arrive last first.",
            ),
            UNDECIDED,
            |tcp| {
                tcp.send(Side::Client, &first()).send_reversed(Side::Client, &second(), 3);
            },
        ),
        fetched(
            (
                "http-second-host-swapped",
                "A second host, its head cut in two",
                "The same, cut within the line that names the host.",
            ),
            UNDECIDED,
            |tcp| {
                let second = second();
                let (head, tail) = second.split_at(40.min(second.len()));
                tcp.send(Side::Client, &first()).gap(Side::Client, 40);
                for part in tail.chunks(1400) {
                    tcp.send_sizes(Side::Client, part, &[]);
                }
                tcp.back(Side::Client, second.len()).send_sizes(Side::Client, head, &[]);
                tcp.gap(Side::Client, low32(tail.len() as u64));
            },
        ),
        fetched(
            (
                "http-second-host-midway",
                "A second host within a segment",
                "A segment holds the end of a request for the exempt host and the beginning of one for a denied host.",
            ),
            REFUTED,
            |tcp| {
                let both = [app::http_request("POST", TILES.0, "/vt", 2_000), second()].concat();
                tcp.send(Side::Client, &both);
            },
        ),
        fetched(
            (
                "http-second-host-behind-body",
                "A second host behind a long body",
                "A segment holds the end of a body of 70,000 bytes for the exempt host and a whole request for a denied host.",
            ),
            REFUTED,
            |tcp| {
                let (long, second) = (long(), app::http_request("POST", BUGLY.0, "/rqd/async", 700));
                let (body, end) = long.split_at(long.len() - 300);
                tcp.send(Side::Client, body).send(Side::Client, &[end, &second].concat());
            },
        ),
        fetched(
            (
                "http-second-host-split-behind-body",
                "A second host, cut in two behind a long body",
                "The same, and the denied host's name is in the next segment.",
            ),
            UNDECIDED,
            |tcp| {
                let (long, second) = (long(), second());
                let (body, end) = long.split_at(long.len() - 300);
                let (head, tail) = second.split_at(30.min(second.len()));
                tcp.send(Side::Client, body).send(Side::Client, &[end, head].concat());
                tcp.send(Side::Client, tail);
            },
        ),
    ]
}

fn honest() -> Vec<Scenario> {
    vec![fetched(
        (
            "local-data-exempt-http",
            "Exempt tiles in the open",
            "The exempt host is sent a body of many segments over plain HTTP, and asked again on the same connection.",
        ),
        UPHELD,
        |tcp| {
            tcp.send(Side::Client, &app::http_request("POST", TILES.0, "/vt", 20_000))
                .send(Side::Server, &app::http_response("200 OK", 40))
                .send(Side::Client, &app::http_request("GET", TILES.0, "/vt", 0));
        },
    )]
}

/// A host that no catalogue lists is not the sink's own for that.
fn sink() -> Scenario {
    Card {
        id: "sink-asked-for-unlisted-name",
        title: "A declared sink by the name of nobody",
        says: "The sink is sent a request for a public name that no catalogue lists: it may pass it on.",
        args: WITH_SINK,
        expected: UNDECIDED,
    }
    .told(|world| {
        let client = world.client();
        let request = app::http_request("POST", "collect.lab-stranger.net", "/collect", 700);
        Tcp::new(&mut world.recorder, client, end(SINK, 80), World::at(80_000))
            .open()
            .send(Side::Client, &request)
            .close();
    })
}
