//! Who stands behind a card, an address of a group, or a byte that was sent before.

use super::world::{STRANGER, World, end, ip};
use super::{Card, LOCAL, REFUTED, STATION, Scenario};
use crate::{Side, Udp, drone};
use creance_model::Endpoint;

/// Another machine on the station's network.
const NEIGHBOUR: &str = "192.168.1.66";

pub(super) fn all() -> Vec<Scenario> {
    vec![
        to_own_address(
            "own-address-as-destination",
            "The station's card sends datagrams to a neighbour's card, from a stranger's address and for the station's own.",
            STRANGER,
        ),
        to_own_address(
            "own-address-as-destination-nearby",
            "The same from an address of the station's network that nobody has.",
            "192.168.1.99",
        ),
    ]
}

/// What the station's card sends for its own address looks like something that it received.
fn to_own_address(id: &'static str, says: &'static str, source: &str) -> Scenario {
    let title = "Datagrams for the station's own address";
    Card { id, title, says, args: LOCAL, expected: REFUTED }.told(|world| {
        let (from, to) = (end(source, 5001), Endpoint { addr: STATION, port: 9999 });
        world.recorder.from_card = Some(STATION);
        world.recorder.far_card = Some(ip(NEIGHBOUR));
        let mut udp = Udp::new(&mut world.recorder, from, to, World::at(70_000));
        for step in 0..30 {
            udp.send(Side::Client, &drone::position_json(step));
        }
        world.recorder.from_card = None;
        world.recorder.far_card = None;
    })
}
