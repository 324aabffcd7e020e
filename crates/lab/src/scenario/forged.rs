//! Senders, servers and connections that are not what their numbers say.

use super::carriers::pieces;
use super::world::{CHECK, LOGS, MAPS, STRANGER, World, chain_for, end, ip, speak_1_3};
use super::{Card, LOCAL, LOCAL_MAPS, REFUTED, STATION, Scenario, UNDECIDED};
use crate::bytes::Put;
use crate::dns::Record;
use crate::pcapng::{Interface, PcapNg};
use crate::tls::Hello;
use crate::{Side, Tcp, Udp, link};

pub(super) fn all() -> Vec<Scenario> {
    let mut all = senders();
    all.extend(receivers());
    all.extend(servers());
    all.extend(labels());
    all
}

/// Packets that are handed to a neighbour instead of the router.
fn receivers() -> Vec<Scenario> {
    let neighbour = ip("192.168.1.66");
    vec![
        Card {
            id: "exempt-address-at-neighbour",
            title: "The exempt address at a neighbour's card",
            says: "Packets for the exempt host's address go to a neighbour's card, which answers in its name; all else goes to the router's.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.lookup(75_000, MAPS.0, MAPS.1);
            world.recorder.far_card = Some(neighbour);
            world.tls_1_3(76_000, &Hello::new(MAPS.0), MAPS.1, 40_000);
            world.recorder.far_card = None;
        }),
        Card {
            id: "resolver-at-neighbour",
            title: "The resolver at a neighbour's card",
            says: "A question for the router's address goes to a neighbour's card, which answers in its name.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            world.recorder.far_card = Some(neighbour);
            let records = [Record::Address(MAPS.0.into(), ip(STRANGER))];
            world.ask(75_000, end("192.168.1.1", 53), MAPS.0, &records);
            world.recorder.far_card = None;
            world.tls_1_3(76_000, &Hello::new(MAPS.0), STRANGER, 40_000);
        }),
    ]
}

fn senders() -> Vec<Scenario> {
    let neighbour = ip("192.168.1.77");
    // The neighbour speaks for itself first, so that its card is known.
    let beside = move |world: &mut World| {
        world.station = neighbour;
        world.visit(50_000, LOGS, 900);
        world.station = STATION;
    };
    vec![
        Card {
            id: "address-of-a-neighbour",
            title: "A borrowed address",
            says: "The station's card sends datagrams outside with the address of a neighbour, who is there as well.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            beside(world);
            let payloads = world.noises(20, 1200);
            world.recorder.from_card = Some(STATION);
            world.station = neighbour;
            world.one_way(70_000, end(STRANGER, 9999), &payloads);
            world.station = STATION;
            world.recorder.from_card = None;
        }),
        Card {
            id: "fragments-of-two-cards",
            title: "A datagram of two senders",
            says: "The station's card sends fragments with a neighbour's address; the neighbour sends the last one.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| {
            beside(world);
            let pieces = pieces(neighbour, STRANGER, 64);
            for (place, piece) in pieces.iter().enumerate() {
                let card = if place + 1 < pieces.len() { STATION } else { neighbour };
                let frame = link::ethernet(card, ip(STRANGER), 0x0800, piece);
                world.recorder.frame(World::at(70_000 + place as u64), frame);
            }
        }),
        Card {
            id: "silent-second-station",
            title: "A station that is never seen",
            says: "Two stations are declared and both look silent; one of them is nowhere in the capture, so the tap may not see it.",
            args: "--mode local-data --window +60s..+120s --station 192.168.1.23 --station 192.168.1.24",
            expected: UNDECIDED,
        }
        .told(|_| {}),
    ]
}

fn servers() -> Vec<Scenario> {
    vec![
        Card {
            id: "handshake-played-again",
            title: "A recorded handshake played again",
            says: "A handshake of the exempt host, with its certificate, its randoms and its signature, is played again by a stranger who has agreed on it with the app.",
            args: LOCAL_MAPS,
            expected: UNDECIDED,
        }
        .told(|world| {
            let chain = chain_for(MAPS.0);
            world.lookup(70_000, MAPS.0, MAPS.1);
            world.tls_1_2(70_100, MAPS.0, MAPS.1, &chain, true);
            world.tls_1_2(80_000, MAPS.0, STRANGER, &chain, true);
        }),
        Card {
            id: "port-used-again",
            title: "A connection that looks like the one before",
            says: "After the exempt host, the same ports carry another connection that starts with the same numbers and names a denied host.",
            args: LOCAL_MAPS,
            expected: REFUTED,
        }
        .told(|world| {
            world.lookup(70_000, MAPS.0, MAPS.1);
            let client = world.client();
            let mut noise = world.noise();
            for name in [MAPS.0, LOGS.0] {
                world.note_name(name);
            }
            let mut tcp = Tcp::new(&mut world.recorder, client, end(MAPS.1, 443), World::at(70_100));
            tcp.open();
            speak_1_3(&mut tcp, &Hello::new(MAPS.0), &mut noise, 400);
            tcp.close().until(World::at(80_000)).open_again();
            speak_1_3(&mut tcp, &Hello::new(LOGS.0), &mut noise, 20_000);
            tcp.close();
        }),
        Card {
            id: "port-used-again-unclosed",
            title: "The same, without an end between",
            says: "As before, but the first connection was never closed.",
            args: LOCAL_MAPS,
            expected: REFUTED,
        }
        .told(|world| {
            world.lookup(70_000, MAPS.0, MAPS.1);
            let client = world.client();
            let mut noise = world.noise();
            world.note_name(LOGS.0);
            let mut tcp = Tcp::new(&mut world.recorder, client, end(MAPS.1, 443), World::at(70_100));
            tcp.open().until(World::at(80_000)).open_again();
            speak_1_3(&mut tcp, &Hello::new(LOGS.0), &mut noise, 20_000);
            tcp.reset(Side::Client);
        }),
    ]
}

/// The places of the app and of the system in the list of processes.
const APP: u32 = 0;
const SYSTEM: u32 = 1;

/// What is said of the app in these is held by a test of the audit.
fn labels() -> Vec<Scenario> {
    let args = "--mode local-data --window +60s..+120s --station 192.168.1.23 --app dji.go.v5";
    vec![
        Card {
            id: "forged-trailer",
            title: "A trailer within a payload",
            says: "The app's datagrams end like a trailer of PCAPdroid that names the system.",
            args,
            expected: REFUTED,
        }
        .labelled(|world| {
            let mut trailer = 0x0107_2021_u32.to_be_bytes().to_vec();
            trailer.u32(1000).put(b"android").zeros(17);
            let payloads: Vec<Vec<u8>> =
                world.noises(20, 1200).into_iter().map(|noise| [noise, trailer.clone()].concat()).collect();
            world.recorder.app_by_process(APP);
            world.one_way(70_000, end(STRANGER, 9999), &payloads);
        }),
        Card {
            id: "label-changes-midway",
            title: "A flow of two apps",
            says: "A flow's first datagrams are said to be the system's and the others the app's.",
            args,
            expected: REFUTED,
        }
        .labelled(|world| {
            let client = world.client();
            for (process, at) in [(SYSTEM, 70_000), (APP, 71_000)] {
                world.recorder.app_by_process(process);
                for noise in world.noises(10, 1200) {
                    Udp::new(&mut world.recorder, client, end(STRANGER, 9999), World::at(at))
                        .send(Side::Client, &noise);
                }
            }
        }),
        Card {
            id: "platform-name-lie",
            title: "The platform's name, borrowed",
            says: "A hello to a stranger names what the system asks to know whether it is on-line.",
            args: LOCAL,
            expected: REFUTED,
        }
        .told(|world| world.tls_1_3(80_000, &Hello::new(CHECK.0), STRANGER, 200)),
    ]
}

impl Card {
    /// A story in which each packet names its process: the system's, until it is set otherwise.
    fn labelled(self, story: impl FnOnce(&mut World)) -> Scenario {
        let mut world = World::new(self.id);
        world.recorder.app_by_process(SYSTEM);
        world.before();
        world.link_only();
        story(&mut world);
        world.recorder.app_by_process(SYSTEM);
        world.after();
        let (names, packets) = world.finish();
        let mut file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
        file.processes = vec![(10_234, "dji.go.v5".into()), (1000, "android".into())];
        self.file(names, "pcapng", file.write(&packets))
    }
}
