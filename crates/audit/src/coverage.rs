//! How much of what happened the captures show, and what that does to verdicts.

use crate::claims::{Limits, count};
use crate::evidence::{Reasons, Subjects, Why};
use crate::judged::{Judged, Ownership};
use crate::reading::Reading;
use crate::report::data::{Control, Counted, Coverage};
use crate::stations::{DECLARED, Stations};
use crate::text::{rfc3339, seconds_after};
use creance_capture::{Compression, Ended, Ending, FlowRecord, Started, Tap, Taps, Unread, Window};
use creance_model::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

/// A step backward that packets of several queues make in ordinary life, in nanoseconds: 0.1 s.
const BACKWARD_NANOS_MAX: u64 = 100_000_000;
/// Addresses that are told apart.
const ADDRESSES_MAX: usize = 1 << 16;
/// Tunnels listed.
const TUNNELS_MAX: usize = 100;

/// What flows add to the coverage.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    flows: u64,
    mid_stream: u64,
    evicted: u64,
    truncated: u64,
    unseen: u64,
    tunnels: BTreeSet<String>,
    blinding: Reasons,
    blinded: Subjects,
    before: Control,
    after: Control,
    /// Taps, and the stations that they saw with traffic both ways before, and after, the window.
    alive: [HashSet<(Tap, IpAddr)>; 2],
    /// Taps that saw stations send in the window.
    tapped: BTreeSet<Tap>,
    /// Whether the app had traffic both ways before, and after, the window.
    app_alive: [bool; 2],
}

impl Observed {
    pub(crate) fn add(&mut self, judged: &Judged<'_>) {
        let FlowRecord { started, ended, truncated_packets, unseen_acknowledged, .. } = judged.flow;
        let FlowRecord { before, after, taps, .. } = judged.flow;
        self.flows += 1;
        self.mid_stream += u64::from(*started == Started::MidStream);
        self.evicted += u64::from(*ended == Ended::Evicted);
        self.truncated += truncated_packets;
        self.unseen += unseen_acknowledged;
        for tunnel in &judged.flow.tunnels {
            if self.tunnels.len() < TUNNELS_MAX {
                self.tunnels.insert(format!("{} {} – {}", tunnel.kind, tunnel.source, tunnel.destination));
            }
        }
        if !judged.left() {
            return;
        }
        for text in judged.blinding {
            self.blinding.add(&Why::just(text), judged.number(), &mut self.blinded);
        }
        let [alive_before, alive_after] = &mut self.alive;
        let [tap_before, tap_within, tap_after] = taps;
        if let Taps::One(tap) = tap_within {
            self.tapped.insert(*tap);
        }
        let [app_before, app_after] = &mut self.app_alive;
        let parts = [
            (&mut self.before, before, tap_before, alive_before, app_before),
            (&mut self.after, after, tap_after, alive_after, app_after),
        ];
        for (control, traffic, tap, alive, app_alive) in parts {
            let (sent, received) = (judged.seen.sent(traffic).packets, judged.seen.received(traffic).packets);
            control.sent_packets += sent;
            control.received_packets += received;
            // Where both ends are stations, what one sent does not show that anything came back.
            let both_ways = traffic.up.packets > 0 && traffic.down.packets > 0;
            *app_alive |= both_ways && judged.ownership == Ownership::App;
            if let (Taps::One(tap), true) = (tap, both_ways)
                && alive.len() < ADDRESSES_MAX
            {
                alive.insert((*tap, judged.seen.station.addr));
            }
        }
    }

    /// What limits every verdict of "all" or "nothing".
    pub(crate) fn limits(
        &self,
        reading: &Reading,
        stations: &Stations,
        no_app: Option<(String, String)>,
    ) -> Limits {
        let mut incomplete = Vec::new();
        if reading.counts.packets == 0 {
            incomplete.push("the capture holds no packet".to_owned());
        }
        incomplete.extend(inputs(reading));
        incomplete.extend(counted(reading));
        incomplete.extend(seams(reading));
        if self.unseen > 0 {
            incomplete.push(format!(
                "{} of bytes that are not in the capture: it has lost packets",
                count(self.unseen, "acknowledgement")
            ));
        }
        if !stations.doubtful.is_empty() {
            let list: Vec<String> = stations.doubtful.iter().take(5).map(ToString::to_string).collect();
            incomplete.push(format!(
                "{} sent as well and cannot be told apart from the declared stations ({}); declare what is a station's",
                count(stations.doubtful.len() as u64, "other host"),
                list.join(", ")
            ));
        }
        if stations.overflowed {
            incomplete
                .push("more addresses, or cards that sent for one of them, than can be told apart".into());
        }
        let no_app_control = match self.app_alive {
            [true, true] => None,
            [false, _] => Some("no traffic of the app was seen before the window".to_owned()),
            [_, false] => Some("no traffic of the app was seen after the window".to_owned()),
        };
        Limits {
            incomplete,
            no_control: self.no_control(reading, stations),
            no_app,
            no_app_control,
            ledger: BTreeMap::new(),
        }
    }

    fn no_control(&self, reading: &Reading, stations: &Stations) -> Option<String> {
        let Some(window) = reading.window else {
            return Some(
                "no window was given, so that nothing shows the tap to have been alive before and after"
                    .into(),
            );
        };
        let alive = |control: Control| control.sent_packets > 0 && control.received_packets > 0;
        match (alive(self.before), alive(self.after)) {
            (false, false) => Some("no traffic of the station was seen before or after the window".into()),
            (false, true) => Some("no traffic of the station was seen before the window".into()),
            (true, false) => Some("no traffic of the station was seen after the window".into()),
            (true, true) if window.from >= window.to => Some("the window is empty".into()),
            (true, true) => self.unwatched(reading, stations),
        }
    }

    /// Why no recording shows the stations alive on both sides of the window. What one recording
    /// saw before and another one after shows of neither that it watched in between.
    fn unwatched(&self, reading: &Reading, stations: &Stations) -> Option<String> {
        let around = recordings(reading).into_iter().filter(|recording| recording.holds(reading.window));
        let whys: Vec<Option<String>> = around.map(|it| self.silent_in(&it, reading, stations)).collect();
        if whys.is_empty() || whys.iter().any(Option::is_none) {
            // That none holds the window is said elsewhere.
            return None;
        }
        whys.into_iter().flatten().next()
    }

    /// A tap or a declared station that a recording does not show alive on both sides of the window.
    fn silent_in(&self, recording: &Recording, reading: &Reading, stations: &Stations) -> Option<String> {
        let [before, after] = &self.alive;
        let of_recording = |(tap, _): &&(Tap, IpAddr)| {
            recording.input == tap.input && recording.interfaces.contains(&tap.interface)
        };
        let tapped = |list: &HashSet<(Tap, IpAddr)>| -> BTreeSet<Tap> {
            list.iter().filter(of_recording).map(|(tap, _)| *tap).collect()
        };
        let (taps_before, taps_after) = (tapped(before), tapped(after));
        if taps_before.is_empty() || taps_after.is_empty() {
            let name =
                reading.inputs.get(recording.input as usize).map_or("the capture", |input| &input.name);
            return Some(format!(
                "the recording in `{name}` that holds the window does not show the station's traffic both before and after it"
            ));
        }
        let tapped = self.tapped.iter().filter(|tap| tap.input == recording.input).copied();
        let all: BTreeSet<Tap> = taps_before.iter().chain(&taps_after).copied().chain(tapped).collect();
        let on_one_side = |tap: &&Tap| !taps_before.contains(*tap) || !taps_after.contains(*tap);
        if let Some(tap) = all.iter().find(on_one_side) {
            return Some(format!(
                "interface {} did not see the station both before and after the window, and may not have watched all of it",
                tap.interface
            ));
        }
        let declared = stations.addresses.iter().filter(|(_, how)| *how == DECLARED).map(|(addr, _)| *addr);
        let declared: BTreeSet<IpAddr> = declared.collect();
        for (alive, when) in self.alive.iter().zip(["before", "after"]) {
            let seen: BTreeSet<IpAddr> = alive.iter().filter(of_recording).map(|(_, addr)| *addr).collect();
            if let Some(silent) = declared.difference(&seen).next() {
                return Some(format!("no traffic of the station {silent} was seen {when} the window"));
            }
        }
        None
    }

    pub(crate) fn report(self, reading: &Reading, limits: &Limits, stations: &Stations) -> Coverage {
        let counts = &reading.counts;
        let seconds = counts.first.zip(counts.last).map_or(0.0, |(first, last)| seconds_after(first, last));
        let drops: Option<Vec<u64>> = reading
            .inputs
            .iter()
            .flat_map(|input| &input.facts.interfaces)
            .map(creance_capture::Interface::drops)
            .collect();
        Coverage {
            first: counts.first.map(rfc3339),
            last: counts.last.map(rfc3339),
            seconds,
            packets: counts.packets,
            bytes: counts.wire_bytes,
            flows: self.flows,
            dropped: drops.filter(|drops| !drops.is_empty()).map(|drops| drops.iter().sum()),
            truncated_packets: reading.inputs.iter().map(|input| input.facts.truncated_packets).sum(),
            mid_stream_flows: self.mid_stream,
            evicted_flows: self.evicted,
            unseen_acknowledged: self.unseen,
            unread: list(&counts.unread),
            link_only: list(&counts.link_only),
            tunnels: self.tunnels.into_iter().collect(),
            blinding: self.blinding.list(&self.blinded),
            control_before: self.before,
            control_after: self.after,
            lowered_by: limits.incomplete.iter().chain(&limits.no_control).cloned().collect(),
            not_covered: self_observed(reading).chain(not_covered(stations)).collect(),
        }
    }
}

fn inputs(reading: &Reading) -> Vec<String> {
    let mut list = Vec::new();
    for input in &reading.inputs {
        let name = &input.name;
        match &input.facts.ending {
            Ending::Complete => {}
            Ending::CutShort { offset } => list.push(format!("`{name}` is cut short at byte {offset}")),
            Ending::Damaged { offset, what } => {
                list.push(format!("`{name}` is damaged at byte {offset}: {what}"))
            }
            Ending::Unreadable { offset, what } if input.compression == Compression::None => {
                list.push(format!("`{name}` cannot be read on at byte {offset}: {what}"));
            }
            Ending::Unreadable { offset, what } => list.push(format!(
                "`{name}` cannot be unpacked on at byte {offset} of its content ({}): {what}",
                input.compression.as_str()
            )),
        }
        for interface in &input.facts.interfaces {
            let of = interface.name.as_deref().unwrap_or("an interface");
            match interface.drops() {
                Some(0) => {}
                Some(dropped) => {
                    list.push(format!("`{name}` says that {of} lost {}", count(dropped, "packet")))
                }
                None => list.push(format!("`{name}` does not say whether packets of {of} were lost")),
            }
            if interface.delivered.is_some_and(|delivered| delivered > interface.packets) {
                list.push(format!("`{name}` holds fewer packets of {of} than it says were captured"));
            }
            if let Some(filter) = &interface.filter {
                list.push(format!("`{name}` was captured with the filter `{filter}`"));
            }
        }
        if input.facts.truncated_packets > 0 {
            list.push(format!(
                "{} of `{name}` cut short by the snap length",
                count(input.facts.truncated_packets, "packet")
            ));
        }
        if input.facts.unknown_blocks > 0 {
            list.push(format!(
                "`{name}` holds {} of an unknown kind, which may be packets",
                count(input.facts.unknown_blocks, "block")
            ));
        }
        if input.facts.untimed_packets > 0 && reading.window.is_some() {
            list.push(format!("{} of `{name}` without a time", count(input.facts.untimed_packets, "packet")));
        }
    }
    list
}

/// What was watched in one go: a capture, or a section of one.
struct Recording {
    input: u32,
    /// Its interfaces with packets.
    interfaces: Vec<u32>,
    first: Timestamp,
    last: Timestamp,
}

impl Recording {
    fn holds(&self, window: Option<Window>) -> bool {
        window.is_some_and(|window| self.first <= window.from && window.to <= self.last)
    }
}

fn recordings(reading: &Reading) -> Vec<Recording> {
    let mut list: BTreeMap<(usize, u64), Recording> = BTreeMap::new();
    for (input, read) in reading.inputs.iter().enumerate() {
        for (index, interface) in read.facts.interfaces.iter().enumerate() {
            let Some((first, last)) = interface.span else { continue };
            let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let recording = list.entry((input, interface.section)).or_insert_with(|| Recording {
                input: number(input),
                interfaces: Vec::new(),
                first,
                last,
            });
            recording.interfaces.push(number(index));
            recording.first = recording.first.min(first);
            recording.last = recording.last.max(last);
        }
    }
    list.into_values().collect()
}

/// Places where time was not watched without a break.
fn seams(reading: &Reading) -> Vec<String> {
    let mut list = Vec::new();
    if reading.counts.backward_nanos_max > BACKWARD_NANOS_MAX {
        let millis = reading.counts.backward_nanos_max / 1_000_000;
        list.push(format!("the clock of the capture steps back by {}", count(millis, "millisecond")));
    }
    let Some(window) = reading.window else { return list };
    if !recordings(reading).iter().any(|recording| recording.holds(Some(window))) {
        list.push(
            "no one recording lasts from the window's beginning to its end, and what nobody watched is not shown".to_owned(),
        );
    }
    list
}

fn counted(reading: &Reading) -> Vec<String> {
    let counts = &reading.counts;
    let mut list: Vec<String> = counts
        .unread
        .iter()
        .map(|(name, unread)| format!("{} not understood: {name}", count(unread.packets, "packet")))
        .collect();
    if counts.fragments_lost > 0 {
        list.push(format!("{} never became whole", count(counts.fragments_lost, "fragmented packet")));
    }
    list
}

fn list(kinds: &BTreeMap<String, Unread>) -> Vec<Counted> {
    kinds
        .iter()
        .map(|(name, unread)| Counted {
            name: name.clone(),
            packets: unread.packets,
            bytes: unread.bytes,
            first_packet: unread.first_packet,
        })
        .collect()
}

/// Recordings that say of themselves that they were made on the host which they show.
fn self_observed(reading: &Reading) -> impl Iterator<Item = String> {
    let says = |comment: &String| comment.starts_with("self-observed");
    reading.inputs.iter().filter(move |input| input.facts.comments.iter().any(says)).map(|input| {
        format!(
            "what the host itself did not let its tap see: `{}` is self-observed, and only a tap at the far end would be independent",
            input.name
        )
    })
}

fn not_covered(stations: &Stations) -> Vec<String> {
    let mut list = vec![
        "other radios of the station or the aircraft (a mobile dongle, eSIM, a second Wi-Fi, tethering): off or not, the capture does not show it".to_owned(),
        "frames that a tap on the sending host itself does not see; a tap at the far end does".to_owned(),
        "what is inside encrypted payload, and who reads it behind the address".to_owned(),
    ];
    if !stations.resolvers.is_empty() {
        list.push("whom the resolvers asked in turn".into());
    }
    if !stations.others.is_empty() {
        let some: Vec<String> = stations.others.iter().take(5).map(ToString::to_string).collect();
        list.push(format!(
            "{} with link-layer addresses of their own sent as well and were not judged, though one may be the station by another card: {}",
            count(stations.others.len() as u64, "other host"),
            some.join(", ")
        ));
    }
    list
}
