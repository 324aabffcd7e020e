//! Whose a conversation is, where its name or its address alone tells: claims 1, 2 and 15.

use super::world::{BUGLY, CHECK, FLYSAFE, MAPS, STRANGER, TILES, World, end};
use super::{Card, LOCAL, LOCAL_MAPS, LOCAL_TILES, Scenario};
use crate::tls::Hello;
use crate::{Side, Tcp};
use creance_model::Verdict;

/// Whose it was cannot be told, so that it may have been what is not allowed.
const WHOSE: &[(u8, Verdict)] =
    &[(1, Verdict::Inconclusive), (2, Verdict::Inconclusive), (13, Verdict::Inconclusive)];

pub(super) fn all() -> Vec<Scenario> {
    let mut all = unrecognised();
    all.push(other_party());
    all
}

/// Noise to an address that DNS gave before the window for a known name. Other hosts are served
/// from such addresses as well.
fn unrecognised() -> Vec<Scenario> {
    let denied: &[(u8, Verdict)] =
        &[(1, Verdict::Inconclusive), (2, Verdict::Inconclusive), (13, Verdict::Refuted)];
    [
        ("noise-to-exempt-address", "Noise to the exempt address", LOCAL_MAPS, WHOSE, MAPS, true),
        ("noise-to-denied-address", "Noise to a denied address", LOCAL, denied, FLYSAFE, true),
        ("datagrams-to-exempt-address", "Datagrams to the exempt address", LOCAL_TILES, WHOSE, TILES, false),
        ("datagrams-to-denied-address", "Datagrams to a denied address", LOCAL, denied, TILES, false),
    ]
    .into_iter()
    .map(|(id, title, args, expected, host, over_tcp)| {
        Card {
            id,
            title,
            says: "What is in no known protocol and names nobody goes to an address that DNS gave for a known name before the window.",
            args,
            expected,
        }
        .told(|world| {
            world.lookup(40_000, host.0, host.1);
            let server = end(host.1, 443);
            let noises = world.noises(10, 800);
            if over_tcp {
                let client = world.client();
                Tcp::new(&mut world.recorder, client, server, World::at(75_000))
                    .open()
                    .send(Side::Client, &noises.concat())
                    .close();
            } else {
                world.one_way(75_000, server, &noises);
            }
        })
    })
    .collect()
}

fn other_party() -> Scenario {
    Card {
        id: "third-party-by-another-name",
        title: "A third party's address by the platform's name",
        says: "A hello names what the system asks to know whether it is on-line; before the window DNS gave its address for a third party's host.",
        args: LOCAL,
        expected: &[(13, Verdict::Refuted), (15, Verdict::Inconclusive)],
    }
    .told(|world| {
        world.lookup(40_000, BUGLY.0, STRANGER);
        world.tls_1_3(80_000, &Hello::new(CHECK.0), STRANGER, 200);
    })
}
