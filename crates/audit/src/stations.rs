//! Which addresses are the stations', and which resolvers are believed. A first look at all flows.

use crate::question::Question;
use creance_capture::{FlowRecord, Traffic};
use creance_model::{Scope, Transport, scope};
use creance_wire::Protocol;
use foldhash::{HashMap, HashSet};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// Addresses, and pairs of them, that the survey tells apart; beyond, claims are lowered. Just
/// below seven eighths of 2^18, where each table would double its memory.
const ADDRESSES_MAX: usize = 229_000;

/// Addresses whose next hops are told apart; beyond, claims are lowered.
const NEXT_HOPS_MAX: usize = 50_000;

/// How a declared station is known to be one.
pub(crate) const DECLARED: &str = "declared";

/// Resolvers that anyone may use and whose operators are known.
const PUBLIC_RESOLVERS: [Ipv4Addr; 8] = [
    Ipv4Addr::new(1, 0, 0, 1),
    Ipv4Addr::new(1, 1, 1, 1),
    Ipv4Addr::new(8, 8, 4, 4),
    Ipv4Addr::new(8, 8, 8, 8),
    Ipv4Addr::new(9, 9, 9, 9),
    Ipv4Addr::new(149, 112, 112, 112),
    Ipv4Addr::new(208, 67, 220, 220),
    Ipv4Addr::new(208, 67, 222, 222),
];

/// The stations, and what else the first look told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stations {
    /// Their addresses, each with how it is known to be one.
    pub addresses: HashMap<IpAddr, Cow<'static, str>>,
    /// Whether they were declared.
    pub declared: bool,
    /// Addresses that opened flows, are no declared station, and cannot be told apart from one.
    pub doubtful: BTreeSet<IpAddr>,
    /// Addresses of other hosts that opened flows, told apart by their link-layer addresses.
    pub others: BTreeSet<IpAddr>,
    /// Resolvers that stations asked and whose answers are believed.
    pub resolvers: BTreeMap<IpAddr, String>,
    /// Resolvers that stations asked and whose answers are not believed, with why.
    pub doubted_resolvers: BTreeMap<IpAddr, String>,
    /// Addresses that sent to the internet through more than one card.
    pub astray: HashSet<IpAddr>,
    /// Resolvers that questions were sent to at more than one card.
    pub astray_resolvers: BTreeSet<IpAddr>,
    /// Addresses that are stations by a card which may stand before several machines.
    pub shared: BTreeSet<IpAddr>,
    /// Addresses that may be the broadcast address of a small network.
    pub broadcasts: BTreeSet<IpAddr>,
    /// Who asked whom, by SOCKS 5, to pass something on.
    pub socks: HashSet<(IpAddr, IpAddr)>,
    /// The capture has more addresses than the survey tells apart.
    pub overflowed: bool,
}

impl Stations {
    /// Whether an address is a station's.
    #[must_use]
    pub(crate) fn contains(&self, addr: IpAddr) -> bool {
        self.addresses.contains_key(&addr)
    }

    /// Adds the addresses that a gateway names as its own on its uplink.
    pub(crate) fn add_gateway(&mut self, addresses: &BTreeSet<IpAddr>) {
        for addr in addresses {
            self.addresses.entry(*addr).or_insert_with(|| "the ledger names it as the gateway's own".into());
            self.others.remove(addr);
        }
    }

    /// Whether the datagrams of a flow may be what its server was asked to pass on: where that takes
    /// them stands in an answer of its own (RFC 1928, 7).
    #[must_use]
    pub(crate) fn asked_to_pass_on(&self, flow: &FlowRecord) -> bool {
        let ends = (flow.client.addr, flow.server.addr);
        let asked = self.socks.contains(&ends) || self.socks.contains(&(ends.1, ends.0));
        asked && flow.transport == Transport::Udp
    }

    /// Whether a flow may have gone to a broadcast address, and so not have left.
    #[must_use]
    pub(crate) fn is_broadcast(&self, flow: &FlowRecord) -> bool {
        is_like_broadcast(flow) && self.broadcasts.contains(&flow.server.addr)
    }

    /// Whether what a station sends to an address may have been taken by a neighbour.
    #[must_use]
    pub(crate) fn is_astray(&self, station: IpAddr, remote: IpAddr) -> bool {
        scope(remote) == Scope::Global && self.astray.contains(&station)
    }
}

/// What was seen of one address.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    sent: bool,
    hardware: Option<[u8; 6]>,
}

/// Cards with the addresses that they sent with, and whether each is known to have done so before
/// the judged window, and after it.
type Cards = HashMap<([u8; 6], IpAddr), [bool; 2]>;

/// What a first look at all flows gathers, before anything is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    seen: HashMap<IpAddr, Seen>,
    /// Who opened flows to whom, where they can leave the link.
    pairs: HashSet<(IpAddr, IpAddr)>,
    /// Who asked which resolver.
    asked: HashSet<(IpAddr, IpAddr)>,
    cards: Cards,
    /// Who spoke SOCKS 5 with whom.
    socks: HashSet<(IpAddr, IpAddr)>,
    /// Private addresses that were sent to by broadcast of the link layer and may be groups.
    broadcasts: HashSet<IpAddr>,
    /// The card that leads each address to the internet, and each resolver's.
    gateways: HashMap<IpAddr, NextHop>,
    resolvers: HashMap<IpAddr, NextHop>,
    /// Who has a resolver of another kind than its network's: a public one, or an encrypted one.
    elsewhere: HashSet<IpAddr>,
    overflowed: bool,
}

/// Where packets for a place were sent first, and whether all of them were.
#[derive(Debug, Clone, Copy)]
struct NextHop {
    card: [u8; 6],
    differ: bool,
}

impl Survey {
    /// Looks at a flow.
    pub(crate) fn look(&mut self, flow: &FlowRecord) {
        let (client, server) = (flow.client.addr, flow.server.addr);
        note(&mut self.seen, flow);
        if !flow.confined_to_link && self.pairs.len() < ADDRESSES_MAX {
            self.pairs.insert((client, server));
        }
        if flow.facts.protocol() == Some(Protocol::Dns) && self.asked.len() < ADDRESSES_MAX {
            self.asked.insert((client, server));
        }
        if flow.facts.layers.contains(&Protocol::Socks5) && self.socks.len() < ADDRESSES_MAX {
            self.socks.insert((client, server));
        }
        self.note_next_hops(flow);
        let encrypted = [Protocol::DnsOverTls, Protocol::DnsOverQuic];
        // A mere ping of a public resolver asks it nothing.
        let speaks = matches!(flow.transport, Transport::Tcp | Transport::Udp);
        if (speaks && is_public(server) || flow.facts.layers.iter().any(|layer| encrypted.contains(layer)))
            && self.elsewhere.len() < ADDRESSES_MAX
        {
            self.elsewhere.insert(client);
        }
        if !flow.confined_to_link {
            self.note_cards(flow);
            if is_like_broadcast(flow) && self.broadcasts.len() < ADDRESSES_MAX {
                self.broadcasts.insert(server);
            }
        }
        self.overflowed |= self.cards.len() >= ADDRESSES_MAX;
        self.overflowed |= self.asked.len() >= ADDRESSES_MAX || self.socks.len() >= ADDRESSES_MAX;
        self.overflowed |= self.seen.len() >= ADDRESSES_MAX || self.pairs.len() >= ADDRESSES_MAX;
    }

    fn note_cards(&mut self, flow: &FlowRecord) {
        self.overflowed |= flow.other_hardware_left_out;
        let sent: [fn(&Traffic) -> bool; 2] =
            [|traffic| traffic.up.packets > 0, |traffic| traffic.down.packets > 0];
        let ends = [flow.client.addr, flow.server.addr].into_iter().zip(sent);
        for (((addr, sent), card), further) in ends.zip(flow.hardware).zip(&flow.other_hardware) {
            // Which of several cards sent when is not known.
            let when = if further.is_empty() { [sent(&flow.before), sent(&flow.after)] } else { [false; 2] };
            let card = card.filter(|_| sent(&flow.total())).map(|card| (card, when));
            for (card, [before, after]) in
                card.into_iter().chain(further.iter().map(|card| (*card, [false; 2])))
            {
                if self.cards.len() < ADDRESSES_MAX || self.cards.contains_key(&(card, addr)) {
                    let [known_before, known_after] = self.cards.entry((card, addr)).or_default();
                    *known_before |= before;
                    *known_after |= after;
                }
            }
        }
    }

    fn note_next_hops(&mut self, flow: &FlowRecord) {
        let ends = [flow.client.addr, flow.server.addr];
        let [to_client, to_server] = flow.next_hops;
        let is_dns = flow.facts.protocol() == Some(Protocol::Dns);
        for (from, to, card) in [(ends[0], ends[1], to_server), (ends[1], ends[0], to_client)] {
            let Some(card) = card else { continue };
            if scope(to) == Scope::Global {
                self.overflowed |= note_next_hop(&mut self.gateways, from, card, flow.next_hops_differ);
            }
            if is_dns && to == flow.server.addr {
                self.overflowed |= note_next_hop(&mut self.resolvers, to, card, flow.next_hops_differ);
            }
        }
    }

    /// The cards that sent with one of these addresses.
    pub(crate) fn cards_of(&self, addresses: &BTreeSet<IpAddr>) -> BTreeSet<[u8; 6]> {
        self.cards.keys().filter(|(_, addr)| addresses.contains(addr)).map(|(card, _)| *card).collect()
    }

    /// The stations that the question names, or those that can be inferred.
    pub(crate) fn stations(&self, question: &Question) -> Stations {
        let mut stations = Stations {
            declared: !question.stations.is_empty(),
            overflowed: self.overflowed,
            ..Stations::default()
        };
        if stations.declared {
            let own = own_cards(question, &self.cards);
            declare(&mut stations, question, &self.seen, &self.pairs, &own);
            add_by_card(&mut stations, &own, &self.cards);
            stations.shared = shared(question, &self.cards);
        } else {
            infer(&mut stations, &self.seen, &self.pairs);
        }
        believe(&mut stations, question, &self.asked, &self.resolvers, &self.elsewhere);
        let differ = self.gateways.iter().filter(|(addr, hop)| hop.differ && stations.contains(**addr));
        stations.astray = differ.map(|(addr, _)| *addr).collect();
        let silent = |addr: &&IpAddr| self.seen.get(*addr).is_some_and(|entry| !entry.sent);
        stations.socks.clone_from(&self.socks);
        stations.broadcasts = self.broadcasts.iter().filter(silent).copied().collect();
        stations
    }
}

/// Notes where packets for a place went; returns whether there is no more room to do so.
fn note_next_hop(hops: &mut HashMap<IpAddr, NextHop>, of: IpAddr, card: [u8; 6], differ: bool) -> bool {
    if let Some(hop) = hops.get_mut(&of) {
        hop.differ |= differ || hop.card != card;
        return false;
    }
    if hops.len() >= NEXT_HOPS_MAX {
        return true;
    }
    hops.insert(of, NextHop { card, differ });
    false
}

fn note(seen: &mut HashMap<IpAddr, Seen>, flow: &FlowRecord) {
    let [client, server] = flow.hardware;
    for (addr, hardware, sent) in [
        (flow.client.addr, client, flow.total().up.packets > 0),
        (flow.server.addr, server, flow.total().down.packets > 0),
    ] {
        if seen.len() >= ADDRESSES_MAX && !seen.contains_key(&addr) {
            continue;
        }
        let entry = seen.entry(addr).or_default();
        entry.sent |= sent;
        if sent {
            entry.hardware = entry.hardware.or(hardware);
        }
    }
}

/// A declared station may have addresses that nobody declared: those with its link-layer address
/// are its own, and where there is none, other senders cannot be told apart from it. Only flows
/// that no declared station takes part in are looked at: the far ends of the others are known.
fn declare(
    stations: &mut Stations,
    question: &Question,
    seen: &HashMap<IpAddr, Seen>,
    pairs: &HashSet<(IpAddr, IpAddr)>,
    own: &BTreeMap<[u8; 6], IpAddr>,
) {
    for addr in &question.stations {
        stations.addresses.insert(*addr, DECLARED.into());
    }
    let declared = |addr: &IpAddr| question.stations.contains(addr);
    let stray = pairs.iter().filter(|(client, server)| !declared(client) && !declared(server));
    for (addr, is_client) in stray.flat_map(|(client, server)| [(*client, true), (*server, false)]) {
        let Some(entry) = seen.get(&addr).filter(|entry| entry.sent) else { continue };
        match entry.hardware.map(|hardware| own.get(&hardware)) {
            // Beyond a router every address has the router's link-layer address.
            Some(Some(station))
                if scope(*station) != Scope::Global || addr.is_ipv6() != station.is_ipv6() =>
            {
                let how = format!("inferred: it has the link-layer address of {station}");
                stations.addresses.insert(addr, how.into());
            }
            Some(Some(_)) | None => {
                stations.doubtful.insert(addr);
            }
            Some(None) if is_client => {
                stations.others.insert(addr);
            }
            Some(None) => {}
        }
    }
}

/// The cards that sent with the declared addresses, each with the lowest of them.
fn own_cards(question: &Question, cards: &Cards) -> BTreeMap<[u8; 6], IpAddr> {
    let mut own: BTreeMap<[u8; 6], IpAddr> = BTreeMap::new();
    for (card, addr) in cards.keys().filter(|(_, addr)| question.stations.contains(addr)) {
        own.entry(*card).and_modify(|known| *known = (*known).min(*addr)).or_insert(*addr);
    }
    own
}

/// Whatever address a frame names: a declared station's card sent it.
fn add_by_card(stations: &mut Stations, own: &BTreeMap<[u8; 6], IpAddr>, cards: &Cards) {
    // Sorted, so that the same of several cards is named each time.
    let sorted: BTreeSet<&([u8; 6], IpAddr)> =
        cards.keys().filter(|(card, _)| own.contains_key(card)).collect();
    for (card, addr) in sorted {
        let Some(station) = own.get(card).filter(|_| !stations.contains(*addr)) else { continue };
        // Beyond a router every address has the router's card, the far ends' included.
        if scope(*station) != Scope::Global {
            stations.others.remove(addr);
            let how = format!("inferred: the card of {station} sent with it");
            stations.addresses.insert(*addr, how.into());
        } else {
            stations.doubtful.insert(*addr);
        }
    }
}

/// Addresses beside a declared one that its card sent with all along. A machine has one private
/// IPv4 address at a time, so that the card may be an extender's, which it puts before everything
/// behind it.
fn shared(question: &Question, cards: &Cards) -> BTreeSet<IpAddr> {
    let declared = |addr: &IpAddr| question.stations.contains(addr);
    let lasting = cards
        .iter()
        .filter(|((_, addr), when)| **when == [true; 2] && addr.is_ipv4() && scope(*addr) == Scope::Private);
    let (own, others): (Vec<_>, Vec<_>) =
        lasting.map(|(pair, _)| *pair).partition(|(_, addr)| declared(addr));
    let own: BTreeSet<[u8; 6]> = own.into_iter().map(|(card, _)| card).collect();
    others.into_iter().filter(|(card, _)| own.contains(card)).map(|(_, addr)| addr).collect()
}

/// Whether a flow went to every card on the link, for an address that is the last of some network
/// of at least four (RFC 919): whether it is the last of this one, no packet tells.
fn is_like_broadcast(flow: &FlowRecord) -> bool {
    let [_, to_server] = flow.next_hops;
    let last = matches!(flow.server.addr, IpAddr::V4(addr) if addr.to_bits().trailing_ones() >= 2);
    last && scope(flow.server.addr) == Scope::Private
        && to_server == Some([0xff; 6])
        && !flow.next_hops_differ
        && flow.total().down.packets == 0
}

/// Every private address that talks to a public one is a station; where there is none, every
/// address that opened a flow. In doubt an address is a station, since what a station sends has
/// left.
fn infer(stations: &mut Stations, seen: &HashMap<IpAddr, Seen>, pairs: &HashSet<(IpAddr, IpAddr)>) {
    let is_inside = |addr: IpAddr| matches!(scope(addr), Scope::Private | Scope::LinkUnicast);
    let is_outside = |addr: IpAddr| matches!(scope(addr), Scope::Global | Scope::Reserved);
    let sent = |addr: &IpAddr| seen.get(addr).is_some_and(|entry| entry.sent);
    for (client, server) in pairs {
        for (inside, outside) in [(client, server), (server, client)] {
            if is_inside(*inside) && is_outside(*outside) && sent(inside) {
                stations
                    .addresses
                    .insert(*inside, "inferred: a private address that talks to public ones".into());
            }
        }
    }
    let stray: BTreeSet<IpAddr> = pairs
        .iter()
        .filter(|(client, server)| !stations.contains(*client) && !stations.contains(*server))
        .map(|(client, _)| *client)
        .collect();
    for client in stray {
        let how = "inferred: it opened flows to addresses that are no station's";
        stations.addresses.insert(client, how.into());
    }
}

/// Answers of a resolver tie names to addresses only where the resolver is not the app's choice:
/// a declared one, a well-known public one, or the only one on the station's own network.
fn believe(
    stations: &mut Stations,
    question: &Question,
    asked: &HashSet<(IpAddr, IpAddr)>,
    next_hops: &HashMap<IpAddr, NextHop>,
    elsewhere: &HashSet<IpAddr>,
) {
    let resolvers: BTreeSet<IpAddr> = asked
        .iter()
        .filter(|(client, _)| stations.contains(*client))
        .map(|(_, resolver)| *resolver)
        .collect();
    let on_link = |addr: &IpAddr| matches!(scope(*addr), Scope::Private | Scope::LinkUnicast);
    let private = resolvers.iter().filter(|addr| on_link(addr)).count();
    let any_public = resolvers.iter().any(|addr| is_public(*addr))
        || elsewhere.iter().any(|client| stations.contains(*client));
    for resolver in resolvers {
        let public = is_public(resolver);
        let astray = next_hops.get(&resolver).is_some_and(|hop| hop.differ);
        if astray {
            stations.astray_resolvers.insert(resolver);
        }
        let (believed, why) = if astray {
            (false, "questions for it went to more than one card, and a neighbour may have answered")
        } else if question.resolvers.contains(&resolver) {
            (true, "declared")
        } else if !question.resolvers.is_empty() {
            (false, "it is none of those declared with --resolver")
        } else if public {
            (true, "a well-known public resolver")
        } else if on_link(&resolver) && private == 1 && !any_public {
            (true, "inferred: the only resolver on the station's network")
        } else if on_link(&resolver) {
            (
                false,
                "stations have other resolvers as well, on their network, public or encrypted; say which is theirs with --resolver",
            )
        } else {
            (false, "an address on the internet that is no well-known resolver; an app may have chosen it")
        };
        let list = if believed { &mut stations.resolvers } else { &mut stations.doubted_resolvers };
        list.insert(resolver, why.to_owned());
    }
}

/// Whether an address is a resolver's that anyone may use and whose operator is known.
fn is_public(addr: IpAddr) -> bool {
    matches!(addr, IpAddr::V4(v4) if PUBLIC_RESOLVERS.contains(&v4)) || is_public_v6(addr)
}

fn is_public_v6(addr: IpAddr) -> bool {
    let IpAddr::V6(addr) = addr else { return false };
    matches!(
        addr.segments(),
        [0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888 | 0x8844]
            | [0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111 | 0x1001]
            | [0x2620, 0x00fe, 0, 0, 0, 0, 0, 0x00fe | 0x0009]
    )
}
