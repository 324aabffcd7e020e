//! What binds a name to the bytes that follow it, and an app to its processes.

use super::world::{STRANGER, World, end};
use super::{Card, REFUTED, Scenario, UNDECIDED, UPHELD};
use crate::pcapng::{Interface, PcapNg};
use crate::quic::{self, Layout, Version};
use crate::tls::Hello;
use crate::{Side, Tcp, app, drone};
use creance_model::Verdict;

/// Local Data with the time of day exempt.
const LOCAL_TIME: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt ntp-pool.time";
/// Local Data with Google's map tiles exempt, which may be fetched in the open.
const LOCAL_TILES: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt google.tiles";
const TIME: (&str, &str) = ("2.pool.ntp.org", "162.159.200.1");
const TILES: (&str, &str) = ("mt0.google.com", "142.250.185.110");

pub(super) fn all() -> Vec<Scenario> {
    let mut all = vec![hello_at_time_server(), further_process()];
    all.extend(requests());
    all
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

/// A connection to the exempt host with two requests.
fn twice(
    (id, title, says): (&'static str, &'static str, &'static str),
    expected: &'static [(u8, Verdict)],
    requests: [Vec<u8>; 2],
) -> Scenario {
    Card { id, title, says, args: LOCAL_TILES, expected }.told(|world| {
        world.lookup(75_000, TILES.0, TILES.1);
        let client = world.client();
        let mut tcp = Tcp::new(&mut world.recorder, client, end(TILES.1, 80), World::at(75_100));
        tcp.open();
        for request in requests {
            tcp.send(Side::Client, &request).send(Side::Server, &app::http_response("200 OK", 2));
        }
        tcp.close();
    })
}

fn requests() -> Vec<Scenario> {
    let named = || app::http_request("GET", TILES.0, "/vt", 0);
    let addressed = || app::http_request("POST", STRANGER, "/up", 900);
    let silent = || [&b"POST /up HTTP/1.0\r\nContent-Length: 900\r\n\r\n"[..], &[b'x'; 900]].concat();
    vec![
        twice(
            (
                "local-data-exempt-http-twice",
                "Two requests for the exempt host",
                "A connection to the exempt host carries two requests for it.",
            ),
            UPHELD,
            [named(), named()],
        ),
        twice(
            (
                "http-second-address",
                "A second request for an address",
                "Behind a request for the exempt host, the same connection carries an upload for a stranger's address.",
            ),
            UNDECIDED,
            [named(), addressed()],
        ),
        twice(
            (
                "http-first-address",
                "A first request for an address",
                "The same two requests the other way round.",
            ),
            UNDECIDED,
            [addressed(), named()],
        ),
        twice(
            (
                "http-second-for-nobody",
                "A second request for nobody",
                "Behind a request for the exempt host, the same connection carries an upload that names no host.",
            ),
            UNDECIDED,
            [named(), silent()],
        ),
        twice(
            (
                "http-first-for-nobody",
                "A first request for nobody",
                "The same two requests the other way round.",
            ),
            UNDECIDED,
            [silent(), named()],
        ),
    ]
}

/// What is said of the app in this is held by a test of the audit.
fn further_process() -> Scenario {
    let story = Card {
        id: "further-process-of-app",
        title: "Another process of the app",
        says: "The app's packets name it; in the window a second process of its package uploads.",
        args: "--mode local-data --window +60s..+120s --station 192.168.1.23 --app dji.go.v5",
        expected: REFUTED,
    };
    let mut world = World::new(story.id);
    world.recorder.app_by_process(0);
    world.before();
    world.link_only();
    world.after();
    world.recorder.app_by_process(1);
    let payloads: Vec<Vec<u8>> = (0..20).map(drone::position_json).collect();
    world.one_way(70_000, end(STRANGER, 9999), &payloads);
    let (names, packets) = world.finish();
    let mut file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    file.processes = vec![(10_234, "dji.go.v5".into()), (10_234, "dji.go.v5:remote".into())];
    story.file(names, "pcapng", file.write(&packets))
}
