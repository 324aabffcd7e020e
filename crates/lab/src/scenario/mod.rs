//! Stories that an audit must judge rightly: captures, how to judge them, and what to say.
//!
//! All captures run for 180 seconds from 2026-05-04T09:00:00Z on, the station is
//! [`STATION`] unless a story says otherwise, and the judged window is the middle minute.

mod averages;
mod behind;
mod beside;
mod bound;
mod cards;
mod carriers;
mod cooked;
mod files;
mod flows;
mod forged;
mod handshakes;
mod honest;
mod names;
mod parties;
mod passing;
mod paths;
mod questions;
mod requests;
mod resent;
mod resolvers;
mod seams;
mod security;
mod senders;
mod sinks;
mod unread;
mod world;

pub use world::{ROUTER, START, STATION, STATION_V6};
pub(crate) use world::{World, chain_for, end as endpoint};

use crate::link::Link;
use crate::pcapng::{Interface, PcapNg};
use creance_model::Verdict;

/// A capture with what an audit of it must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its name, fit for a file name.
    pub id: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What it shows, in one plain sentence.
    pub says: &'static str,
    /// Arguments to `creance audit`, besides the file.
    pub args: Vec<String>,
    /// Claims (by number) with their verdicts for the whole station.
    pub expected: Vec<(u8, Verdict)>,
    /// Whether the claims hold and the capture can show it, so that `Upheld` is required. For
    /// every other story the one hard rule is that no listed claim is upheld that is not listed
    /// as such; whether it is refuted or inconclusive says how much could be seen.
    pub honest: bool,
    /// The server names that stand readable in hellos of TLS and QUIC, sorted, one for each hello.
    pub hello_names: Vec<String>,
    /// The end of its file name: `pcap` or `pcapng`.
    pub extension: &'static str,
    /// The capture file.
    pub bytes: Vec<u8>,
}

/// Every story, in a fixed order.
#[must_use]
pub fn all() -> Vec<Scenario> {
    [
        honest::all(),
        names::all(),
        questions::all(),
        resolvers::all(),
        forged::all(),
        beside::all(),
        senders::all(),
        paths::all(),
        sinks::all(),
        requests::all(),
        flows::all(),
        carriers::all(),
        files::all(),
        seams::all(),
        security::all(),
        unread::all(),
        parties::all(),
        cards::all(),
        cooked::all(),
        averages::all(),
        handshakes::all(),
        resent::all(),
        behind::all(),
        passing::all(),
        bound::all(),
    ]
    .concat()
}

/// What a story is called and what must be said of it.
pub(crate) struct Card {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) says: &'static str,
    pub(crate) args: &'static str,
    pub(crate) expected: &'static [(u8, Verdict)],
}

/// The arguments of most stories: the middle minute was Local Data without exemptions.
pub(crate) const LOCAL: &str = "--mode local-data --window +60s..+120s --station 192.168.1.23";
/// The same with map tiles exempt.
pub(crate) const LOCAL_MAPS: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt mapbox.tiles";

/// The same with Google's map tiles exempt, which may be fetched over QUIC and in the open.
pub(crate) const LOCAL_TILES: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --exempt google.tiles";

/// Local Data without exemptions for both of the station's addresses.
pub(crate) const BOTH: &str =
    "--mode local-data --window +60s..+120s --station 192.168.1.23 --station 2a02:810:1:1::17";

pub(crate) const REFUTED: &[(u8, Verdict)] = &[(13, Verdict::Refuted)];
pub(crate) const UNDECIDED: &[(u8, Verdict)] = &[(13, Verdict::Inconclusive)];
/// What left is of no allowed service, and what it carried was read by nobody.
pub(crate) const LEFT_UNREAD: &[(u8, Verdict)] = &[(5, Verdict::Inconclusive), (13, Verdict::Refuted)];
/// All that was sent is known, of an exempt service, and not in clear but where that is ordinary.
pub(crate) const KNOWN: &[(u8, Verdict)] = &[
    (1, Verdict::Upheld),
    (2, Verdict::Upheld),
    (5, Verdict::Upheld),
    (13, Verdict::Upheld),
    (15, Verdict::Upheld),
];
pub(crate) const UPHELD: &[(u8, Verdict)] = &[(13, Verdict::Upheld)];

impl Card {
    /// A story in a pcapng file that lost nothing, with traffic before and after the window.
    pub(crate) fn told(self, story: impl FnOnce(&mut World)) -> Scenario {
        self.framed(Link::Ethernet, story)
    }

    /// The same, with another framing.
    pub(crate) fn framed(self, link: Link, story: impl FnOnce(&mut World)) -> Scenario {
        let mut world = World::new(self.id);
        world.recorder.link = link;
        world.before();
        world.link_only();
        story(&mut world);
        world.after();
        self.lossless(world)
    }

    /// The packets of a world in a pcapng file that lost nothing.
    pub(crate) fn lossless(self, world: World) -> Scenario {
        let linktype = world.recorder.link.linktype();
        let (names, packets) = world.finish();
        let file = PcapNg::new(vec![Interface::lossless(linktype, packets.len())]);
        self.file(names, "pcapng", file.write(&packets))
    }

    /// A story with its file.
    pub(crate) fn file(self, hello_names: Vec<String>, extension: &'static str, bytes: Vec<u8>) -> Scenario {
        Scenario {
            id: self.id,
            title: self.title,
            says: self.says,
            args: self.args.split_whitespace().map(str::to_owned).collect(),
            honest: self.expected.iter().any(|(_, verdict)| *verdict == Verdict::Upheld),
            expected: self.expected.to_vec(),
            hello_names,
            extension,
            bytes,
        }
    }
}

#[cfg(test)]
mod tests;
