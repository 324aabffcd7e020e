//! Whom the stations talked to, gathered for the report.

use crate::evidence::Evidence;
use crate::judged::Judged;
use crate::knowledge::Knowledge;
use crate::mode::Ruled;
use crate::protection::seen_categories;
use crate::report::data::{Contact, LeftOut, Place};
use crate::text::{rfc3339, seconds_after};
use creance_catalogue::{Catalogue, probable};
use creance_model::{HostName, Timestamp};
use creance_residency::Table;
use foldhash::HashMap;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::slice;

/// Contacts kept apart.
const CONTACTS_MAX: usize = 5_000;
/// Contacts reported one by one.
const REPORTED_MAX: usize = 1_000;
/// Entries kept in each list of a contact.
const LISTED_MAX: usize = 12;
/// Flows of a contact that are asked for hints.
const HINTED_FLOWS_MAX: u64 = 4;
/// Stretches of contact kept; closer ones are merged.
const SPANS_MAX: usize = 200;

/// What a contact is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Service(String),
    Claimed(String),
    Host(HostName),
    Resolver(IpAddr),
    Tunnel(IpAddr),
    Address(IpAddr),
}

#[derive(Debug, Default)]
struct Gathered {
    name: String,
    party: Option<String>,
    party_kind: Option<String>,
    jurisdiction: Option<String>,
    purpose: Option<String>,
    takes: BTreeSet<String>,
    seen: BTreeSet<String>,
    hints: BTreeSet<String>,
    hosts: BTreeSet<String>,
    places: BTreeMap<IpAddr, Place>,
    protocols: BTreeSet<String>,
    ties: BTreeSet<String>,
    apps: BTreeSet<String>,
    ruled: BTreeSet<&'static str>,
    policies: BTreeSet<String>,
    evidence: Evidence,
    up: u64,
    down: u64,
    window_up: u64,
    window_down: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    spans: Vec<(Timestamp, Timestamp)>,
}

/// All contacts so far.
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    by_key: HashMap<Key, Gathered>,
    left_out: LeftOut,
}

impl Contacts {
    pub(crate) fn add(&mut self, judged: &Judged<'_>, app: Option<&str>, knowledge: &Knowledge) {
        let (flow, seen) = (judged.flow, judged.seen);
        let (up, down) = (seen.sent(&flow.total()).bytes, seen.received(&flow.total()).bytes);
        let key = key(judged);
        let is_full = self.by_key.len() >= CONTACTS_MAX;
        let entry = match self.by_key.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if is_full => {
                self.left_out.flows += 1;
                self.left_out.up_bytes += up;
                self.left_out.down_bytes += down;
                return;
            }
            Entry::Vacant(new) => {
                let gathered = described(new.key(), judged);
                new.insert(gathered)
            }
        };
        entry.up += up;
        entry.down += down;
        entry.window_up += seen.sent(&flow.window).bytes;
        entry.window_down += seen.received(&flow.window).bytes;
        entry.evidence.add(flow.number);
        entry.first = Some(entry.first.map_or(flow.first, |first| first.min(flow.first)));
        entry.last = Some(entry.last.map_or(flow.last, |last| last.max(flow.last)));
        entry.add_span(flow.first, flow.last);
        entry.add_names(judged, &knowledge.geo, &knowledge.catalogue);
        keep(&mut entry.protocols, judged.protocols);
        for (category, how) in seen_categories(&flow.facts) {
            keep(&mut entry.seen, &format!("{category} ({how})"));
        }
        if let Some(app) = app {
            keep(&mut entry.apps, app);
        }
        if entry.places.len() < LISTED_MAX && !entry.places.contains_key(&seen.remote.addr) {
            entry.places.insert(seen.remote.addr, place(judged, knowledge));
        }
        if let Some(ruled) = judged.ruled {
            entry.ruled.insert(ruled.word());
            if let Ruled::Allowed(policies) | Ruled::Denied(_, policies) = ruled {
                policies.iter().for_each(|policy| keep(&mut entry.policies, policy));
            }
        }
    }

    /// The contacts by bytes sent, most first, and what was not kept.
    pub(crate) fn finish(self, start: Timestamp) -> (Vec<Contact>, LeftOut) {
        let mut list: Vec<Contact> =
            self.by_key.into_iter().map(|(key, entry)| entry.contact(&key, start)).collect();
        let by_bytes = |a: &Contact, b: &Contact| {
            b.up_bytes.cmp(&a.up_bytes).then_with(|| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)))
        };
        // What the mode denies is listed before anything else is left out.
        let rank = |contact: &Contact| match contact.decision.as_deref() {
            Some("denied") => 0,
            Some("unclear") => 1,
            Some(_) | None => 2,
        };
        list.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| by_bytes(a, b)));
        let mut left_out = self.left_out;
        for contact in list.split_off(list.len().min(REPORTED_MAX)) {
            left_out.flows += contact.flows;
            left_out.up_bytes += contact.up_bytes;
            left_out.down_bytes += contact.down_bytes;
        }
        list.sort_by(by_bytes);
        (list, left_out)
    }
}

impl Gathered {
    fn add_names(&mut self, judged: &Judged<'_>, geo: &Table<'_>, catalogue: &Catalogue) {
        let who = judged.who;
        let owner = || geo.network_owner(judged.seen.remote.addr).map(|(_, owner)| owner);
        for name in &who.names {
            keep(&mut self.hosts, &name.text);
            keep(&mut self.ties, name.tie.as_str());
            // A resolver takes questions; what is asked for, its party takes.
            if who.is_resolver {
                continue;
            }
            for listed in &name.listed {
                for category in &listed.found.service.takes {
                    keep(&mut self.takes, category.as_str());
                }
            }
            // What the first few flows hint at, the others hint at too.
            let early = self.evidence.flows <= HINTED_FLOWS_MAX;
            if let (true, Some(host)) = (name.listed.is_empty() && early, &name.host) {
                let hints =
                    probable(host, who.certificate_subject.as_deref(), &who.aliases, owner(), catalogue);
                hints.iter().for_each(|hint| keep(&mut self.hints, &hint.text));
            }
        }
        if !who.names.is_empty() || !self.hints.is_empty() {
            return;
        }
        if let Some(owner) = owner() {
            keep(
                &mut self.hints,
                &format!("probably a customer of {owner}: its network announces the address"),
            );
        }
    }

    fn add_span(&mut self, first: Timestamp, last: Timestamp) {
        self.spans.push((first, last));
        if self.spans.len() < SPANS_MAX * 2 {
            return;
        }
        self.spans = merged(std::mem::take(&mut self.spans));
    }

    fn contact(self, key: &Key, start: Timestamp) -> Contact {
        let (kind, id) = match key {
            Key::Service(id) => ("service", id.clone()),
            Key::Claimed(id) => ("claimed service", id.clone()),
            Key::Host(host) => ("unknown host", host.to_string()),
            Key::Resolver(addr) => ("resolver", addr.to_string()),
            Key::Tunnel(addr) => ("tunnel", addr.to_string()),
            Key::Address(addr) => ("unknown address", addr.to_string()),
        };
        let decision = ["denied", "unclear", "allowed"].into_iter().find(|word| self.ruled.contains(word));
        Contact {
            kind: kind.to_owned(),
            id,
            name: self.name,
            party: self.party,
            party_kind: self.party_kind,
            jurisdiction: self.jurisdiction,
            purpose: self.purpose,
            takes: list(self.takes),
            seen: list(self.seen),
            hints: list(self.hints),
            hosts: list(self.hosts),
            places: self.places.into_values().collect(),
            protocols: self.protocols.into_iter().filter(|text| !text.is_empty()).collect(),
            ties: list(self.ties),
            apps: list(self.apps),
            decision: decision.map(str::to_owned),
            policies: list(self.policies),
            flows: self.evidence.flows,
            flow_numbers: self.evidence.numbers(),
            up_bytes: self.up,
            down_bytes: self.down,
            window_up_bytes: self.window_up,
            window_down_bytes: self.window_down,
            first: self.first.map(rfc3339).unwrap_or_default(),
            last: self.last.map(rfc3339).unwrap_or_default(),
            spans: merged(self.spans)
                .into_iter()
                .map(|(first, last)| [seconds_after(start, first), seconds_after(start, last)])
                .collect(),
        }
    }
}

fn key(judged: &Judged<'_>) -> Key {
    let addr = judged.seen.remote.addr;
    if judged.flow.is_tunnel {
        return Key::Tunnel(addr);
    }
    if judged.who.is_resolver {
        return Key::Resolver(addr);
    }
    let Some(name) = judged.who.names.first() else { return Key::Address(addr) };
    if name.listed.is_empty() {
        return name.host.clone().map_or(Key::Address(addr), Key::Host);
    }
    let ids: BTreeSet<&str> = name.listed.iter().map(|listed| listed.found.service.id.as_str()).collect();
    let ids = ids.into_iter().collect::<Vec<_>>().join(" + ");
    // What merely claims a name is not counted with those whose name it is.
    if name.tie.holds() { Key::Service(ids) } else { Key::Claimed(ids) }
}

fn described(key: &Key, judged: &Judged<'_>) -> Gathered {
    let name = match key {
        Key::Service(id) | Key::Claimed(id) => id.clone(),
        Key::Host(host) => host.to_string(),
        Key::Resolver(addr) => format!("resolver {addr}"),
        Key::Tunnel(addr) => format!("tunnel to {addr}"),
        Key::Address(addr) => addr.to_string(),
    };
    let mut entry = Gathered { name, ..Gathered::default() };
    let listed = judged.who.names.first().map(|name| name.listed.as_slice()).unwrap_or_default();
    if let (Key::Service(_) | Key::Claimed(_), Some(first)) = (key, listed.first()) {
        let join = |texts: BTreeSet<&str>| texts.into_iter().collect::<Vec<_>>().join(" / ");
        entry.name = join(listed.iter().map(|listed| listed.found.service.name.as_str()).collect());
        if matches!(key, Key::Claimed(_)) {
            entry.name = format!("claims to be {}", entry.name);
        }
        entry.purpose =
            Some(join(listed.iter().map(|listed| listed.found.service.purpose.as_str()).collect()));
        entry.party = Some(first.found.party.name.clone());
        entry.party_kind = Some(first.found.party.kind.to_string());
        entry.jurisdiction = first.found.party.jurisdiction.map(|country| country.to_string());
    }
    entry
}

/// Where the other end stands, with the evidence, which is gathered for what is shown alone.
fn place(judged: &Judged<'_>, knowledge: &Knowledge) -> Place {
    let addr = judged.seen.remote.addr;
    let name = judged.who.names.first().and_then(|name| name.host.as_ref());
    let residency = knowledge.geo.locate(addr, name.map_or(&[], slice::from_ref), knowledge.mmdb.as_ref());
    Place {
        address: addr.to_string(),
        conclusion: residency.conclusion.to_string(),
        country: residency.certain_country().map(|country| country.to_string()),
        evidence: residency.evidence.iter().map(ToString::to_string).collect(),
    }
}

fn keep(set: &mut BTreeSet<String>, text: &str) {
    if set.len() < LISTED_MAX && !set.contains(text) {
        set.insert(text.to_owned());
    }
}

fn list(set: BTreeSet<String>) -> Vec<String> {
    set.into_iter().collect()
}

/// Sorted stretches; the closest are merged until few enough are left.
fn merged(mut spans: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    spans.sort_unstable();
    let mut gap = 0_i64;
    loop {
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (first, last) in &spans {
            match joined.last_mut() {
                Some(open) if first.0.saturating_sub(open.1.0) <= gap => open.1 = open.1.max(*last),
                _ => joined.push((*first, *last)),
            }
        }
        if joined.len() <= SPANS_MAX {
            return joined;
        }
        gap = gap.saturating_mul(2).max(1_000_000);
    }
}
