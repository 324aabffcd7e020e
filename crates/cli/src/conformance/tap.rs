//! What passed the tap at the far end, and whose it was.

use super::group::{Addresses, Case};
use super::lab::FAR;
use anyhow::{Context, Result};
use creance_capture::{Ended, Engine, FlowRecord, PacketLabel, Reader};
use creance_model::{Endpoint, Scope, Transport, scope};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::net::IpAddr;
use std::path::Path;

/// The two ends of the lab's uplink, which look for each other.
const LINK: [&str; 2] = ["2001:db8:1::1", "2001:db8:1::2"];

/// The port of resolvers.
const QUESTIONS: u16 = 53;

/// What passed of one attempt.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    /// Bytes of payload to the address at which it is to arrive.
    pub(super) up: u64,
    /// The names that its flows bear.
    pub(super) names: BTreeSet<String>,
    /// Its names, or such as stand below them, that a resolver was asked for.
    pub(super) asked: BTreeSet<String>,
    /// Flows to that address, in words.
    pub(super) flows: Vec<String>,
    /// Flows to the addresses of its other names, in words.
    pub(super) elsewhere: Vec<String>,
}

impl Trace {
    /// Whether nothing at all passed.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What passed in a group.
#[derive(Debug)]
pub(super) struct Seen {
    /// Of each attempt.
    pub(super) traces: Vec<Trace>,
    /// What is nobody's, and what could not be read, in words.
    pub(super) strays: Vec<String>,
}

/// Reads a capture and tells whose everything in it is.
pub(super) fn read(path: &Path, cases: &[Case], addresses: &Addresses) -> Result<Seen> {
    let (flows, mut strays) = flows(path)?;
    let mut traces = vec![Trace::default(); cases.len()];
    let whose = Whose::new(cases, addresses);
    for flow in &flows {
        if is_of_the_link(flow) {
            continue;
        }
        let owner = match questions(flow) {
            Some(asked) => whose.asked(flow, &asked, &mut traces),
            None => whose.flow(flow, &mut traces),
        };
        if !owner {
            strays.push(words(flow));
        }
    }
    strays.sort();
    Ok(Seen { traces, strays })
}

/// All flows, and what the capture holds besides.
#[expect(clippy::vec_box, reason = "the engine gives them so")]
fn flows(path: &Path) -> Result<(Vec<Box<FlowRecord>>, Vec<String>)> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("the capture `{shown}` cannot be read"))?;
    let mut reader = Reader::new(BufReader::new(file)).with_context(|| format!("`{shown}` is no capture"))?;
    let mut engine = Engine::new(Vec::new());
    let none: &[PacketLabel] = &[];
    while let Some(frame) = reader.next_frame() {
        engine.frame(&frame, none)?;
    }
    let facts = reader.facts();
    let mut odd = Vec::new();
    if facts.ending != creance_capture::Ending::Complete || facts.truncated_packets > 0 {
        odd.push(format!("the capture is not whole: {:?}", facts.ending));
    }
    let (counts, _, flows) = engine.finish()?;
    odd.extend(
        counts.unread.iter().map(|(name, found)| format!("{} packets not understood: {name}", found.packets)),
    );
    let other = counts.link_only.iter().filter(|(name, _)| name.as_str() != "ARP");
    odd.extend(other.map(|(name, found)| format!("{} packets of {name}", found.packets)));
    if counts.fragments_lost > 0 || counts.heads_given_up > 0 {
        odd.push(format!(
            "{} fragments and {} starts not read",
            counts.fragments_lost, counts.heads_given_up
        ));
    }
    if let Some(flow) = flows.iter().find(|flow| flow.ended == Ended::Evicted) {
        odd.push(format!("not followed to its end: {}", words(flow)));
    }
    Ok((flows, odd))
}

/// Neighbours that look for each other and for groups: what the kernel says by itself on a link.
fn is_of_the_link(flow: &FlowRecord) -> bool {
    let ends = [flow.client.addr, flow.server.addr];
    let is_own = |address: &IpAddr| {
        let own = LINK.iter().any(|own| address.to_string() == *own);
        own || matches!(scope(*address), Scope::LinkUnicast | Scope::LinkGroup)
    };
    flow.transport == Transport::Icmp
        && (flow.confined_to_link || (flow.is_discovery && ends.iter().all(is_own)))
}

/// What a resolver of the lab's was asked; none where it is no such conversation.
fn questions(flow: &FlowRecord) -> Option<Vec<String>> {
    let is_resolver = flow.server.port == QUESTIONS && flow.server.addr.to_string() == FAR;
    let read = is_resolver && flow.queried_left_out == 0 && !flow.queried.is_empty();
    read.then(|| {
        let name = |asked: &creance_capture::Queried| {
            asked.host.as_ref().map_or_else(|| asked.text.clone(), ToString::to_string)
        };
        flow.queried.iter().map(name).collect()
    })
}

/// A flow, for people.
fn words(flow: &FlowRecord) -> String {
    let total = flow.total();
    let mut text = format!(
        "{} {} -> {}: {} packets up with {} bytes, {} down with {}",
        flow.transport,
        flow.client,
        flow.server,
        total.up.packets,
        total.up.payload,
        total.down.packets,
        total.down.payload,
    );
    let mut names: Vec<String> = flow.facts.names.iter().map(|seen| seen.name.to_string()).collect();
    names.extend(questions(flow).unwrap_or_default());
    if !names.is_empty() {
        text.push_str(&format!(", naming {}", names.join(", ")));
    }
    text
}

/// Which attempt an address or a name belongs to.
struct Whose<'a> {
    cases: &'a [Case],
    /// By address: the attempt, and whether it is to arrive there. Addresses that names share have
    /// several.
    at: BTreeMap<IpAddr, Vec<(usize, bool)>>,
}

impl<'a> Whose<'a> {
    fn new(cases: &'a [Case], addresses: &Addresses) -> Self {
        let mut at: BTreeMap<IpAddr, Vec<(usize, bool)>> = BTreeMap::new();
        for (number, case) in cases.iter().enumerate() {
            for name in case.names() {
                for address in addresses.get(name).into_iter().flatten() {
                    at.entry(*address).or_default().push((number, name == case.target()));
                }
            }
        }
        Self { cases, at }
    }

    /// Notes questions; false where one is nobody's.
    fn asked(&self, flow: &FlowRecord, asked: &[String], traces: &mut [Trace]) -> bool {
        let mut all = flow.facts.left_out == 0;
        for name in asked {
            let is_below =
                |own: &String| name.strip_suffix(own.as_str()).is_some_and(|rest| rest.ends_with('.'));
            let found = self.cases.iter().position(|case| case.names().any(|own| own == name));
            let found = found.or_else(|| self.cases.iter().position(|case| is_below(&case.host)));
            match found.and_then(|number| traces.get_mut(number)) {
                Some(trace) => drop(trace.asked.insert(name.clone())),
                None => all = false,
            }
        }
        all
    }

    /// Notes any other flow; false where it is nobody's.
    fn flow(&self, flow: &FlowRecord, traces: &mut [Trace]) -> bool {
        let total = flow.total();
        for (end, payload) in [(flow.server, total.up.payload), (flow.client, total.down.payload)] {
            let Some((number, arrives)) = self.owner(end, flow) else { continue };
            let Some(trace) = traces.get_mut(number) else { continue };
            if arrives {
                trace.up += payload;
                trace.flows.push(words(flow));
            } else {
                trace.elsewhere.push(words(flow));
            }
            trace.names.extend(flow.facts.names.iter().map(|seen| seen.name.to_string()));
            return true;
        }
        false
    }

    fn owner(&self, end: Endpoint, flow: &FlowRecord) -> Option<(usize, bool)> {
        match self.at.get(&end.addr)?.as_slice() {
            [one] => Some(*one),
            // Only the name that it bears tells whose it is.
            several => {
                let [seen] = flow.facts.names.as_slice() else { return None };
                let name = seen.name.to_string();
                several.iter().copied().find(|(number, _)| {
                    self.cases.get(*number).is_some_and(|case| case.names().any(|own| *own == name))
                })
            }
        }
    }
}
