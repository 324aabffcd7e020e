//! Whom a flow talked to: the names it claimed or was led by, what ties them to its address, and
//! the services that list them.

use crate::sent::Seen;
use crate::stations::Stations;
use creance_capture::{CertificateStore, FlowRecord};
use creance_catalogue::{Binding, Catalogue, Match};
use creance_model::{HostName, PartyKind, Scope, Timestamp, Transport, scope};
use creance_residency::Table;
use creance_wire::certificate::{self, Certificate, Roots, Validity};
use creance_wire::{NameSource, Protocol, ProxyTarget, SignedKeyExchange};
use foldhash::HashMap;
use std::cell::{OnceCell, RefCell};

/// Judgements of certificates remembered between flows.
const JUDGED_MAX: usize = 20_000;

/// How a name came to a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// The flow claimed it itself.
    Claimed(NameSource),
    /// The flow asked a resolver for it.
    Asked,
    /// The flow claimed no name; DNS had led the station to its address by this one.
    Led,
}

/// What ties a name to the address of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tie {
    /// An answer of a believed resolver.
    Dns,
    /// A valid certificate whose key the server proved to hold.
    Certificate,
    /// The party's own network.
    Network,
    /// A DNS question: the name itself is what left.
    Question,
    /// Nothing: it is only claimed.
    Nothing,
}

impl Tie {
    /// Whether it holds against ends that collude: a recorded handshake can be played again, with
    /// its certificate and its signature, by two ends that agree on the randoms.
    pub(crate) const fn holds(self) -> bool {
        match self {
            Self::Dns | Self::Network | Self::Question => true,
            Self::Certificate | Self::Nothing => false,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Certificate => "certificate alone",
            Self::Network => "network",
            Self::Question => "dns question",
            Self::Nothing => "claimed only",
        }
    }
}

/// A service that lists a name, and what binds the name on this flow's port.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'c> {
    pub(crate) found: Match<'c>,
    pub(crate) binding: Binding,
}

/// One name of a flow.
#[derive(Debug, Clone)]
pub(crate) struct Name<'c> {
    /// The name; `None` for a DNS question that is no host name.
    pub(crate) host: Option<HostName>,
    pub(crate) text: String,
    pub(crate) how: How,
    pub(crate) tie: Tie,
    /// The services that list it on this port; for DNS questions, on any port.
    pub(crate) listed: Vec<Listed<'c>>,
    /// DNS: the type of record asked for.
    pub(crate) query_kind: u16,
    pub(crate) in_window: bool,
    /// DNS: how often it was asked for.
    pub(crate) times: u32,
}

/// Whether a resolver is the station's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Resolver {
    /// Its answers are believed.
    #[default]
    Believed,
    /// On the station's network, one of several.
    Doubted,
    /// An address outside that is no well-known resolver.
    Stranger,
}

/// Whom a flow talked to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Who<'c> {
    pub(crate) names: Vec<Name<'c>>,
    /// The names that DNS aliases led through.
    pub(crate) aliases: Vec<HostName>,
    /// The flow is a conversation with a resolver.
    pub(crate) is_resolver: bool,
    /// Which kind of resolver.
    pub(crate) resolver: Resolver,
    /// The flow is a conversation with a proxy: its address is not the named host's.
    pub(crate) is_proxy: bool,
    /// It went through a card other than the station's usual one, so that whoever stands behind
    /// the address may not be whom the name is tied to.
    pub(crate) is_astray: bool,
    /// What the leaf certificate says of its subject, unverified.
    pub(crate) certificate_subject: Option<String>,
}

/// The server's proof that it holds the key of its leaf certificate. Judged where it is needed,
/// and once: under a chain that does not hold it would prove nothing.
#[derive(Debug)]
pub(crate) struct Proof<'a> {
    offered: Option<(&'a SignedKeyExchange, &'a [u8])>,
    judged: OnceCell<Option<bool>>,
}

impl<'a> Proof<'a> {
    pub(crate) fn new(flow: &'a FlowRecord, certificates: &'a CertificateStore) -> Self {
        let exchange = flow.facts.tls.as_ref().and_then(|tls| tls.key_exchange.as_ref());
        let leaf = flow.certificates.first().and_then(|place| certificates.get(*place));
        Self { offered: exchange.zip(leaf), judged: OnceCell::new() }
    }

    pub(crate) const fn is_offered(&self) -> bool {
        self.offered.is_some()
    }

    /// Whether it holds; `None` where there is none, or its algorithm is not supported.
    pub(crate) fn holds(&self) -> Option<bool> {
        *self.judged.get_or_init(|| {
            let (exchange, leaf) = self.offered?;
            exchange.is_proven_by(leaf)
        })
    }
}

/// What was made of a chain, and the stretch of time in which nothing changes about it.
#[derive(Debug, Clone, Copy)]
struct Judgement {
    validity: Validity,
    from: Timestamp,
    to: Timestamp,
}

/// A chain of certificates by their places, and the name that it was judged for.
type Chain = (Vec<u32>, Option<HostName>);

/// What attribution needs besides a flow.
#[derive(Debug)]
pub(crate) struct Attributor<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) certificates: &'a CertificateStore,
    pub(crate) roots: &'a Roots,
    pub(crate) geo: &'a Table<'a>,
    pub(crate) stations: &'a Stations,
    judged: RefCell<HashMap<Chain, Judgement>>,
    subjects: RefCell<HashMap<u32, Option<String>>>,
}

impl<'a> Attributor<'a> {
    pub(crate) fn new(
        catalogue: &'a Catalogue,
        certificates: &'a CertificateStore,
        roots: &'a Roots,
        geo: &'a Table<'a>,
        stations: &'a Stations,
    ) -> Self {
        Self {
            catalogue,
            certificates,
            roots,
            geo,
            stations,
            judged: RefCell::default(),
            subjects: RefCell::default(),
        }
    }

    /// The same with another catalogue.
    pub(crate) fn with_catalogue(&self, catalogue: &'a Catalogue) -> Self {
        Self::new(catalogue, self.certificates, self.roots, self.geo, self.stations)
    }

    pub(crate) fn who(&self, flow: &FlowRecord, seen: &Seen, proof: &Proof<'_>) -> Who<'a> {
        let is_resolver = flow.facts.protocol() == Some(Protocol::Dns) || !flow.queried.is_empty();
        let mut who = Who {
            is_resolver,
            is_proxy: !flow.facts.proxy_targets.is_empty()
                || flow
                    .facts
                    .layers
                    .iter()
                    .any(|layer| matches!(layer, Protocol::HttpProxy | Protocol::Socks4 | Protocol::Socks5)),
            certificate_subject: self.subject(flow),
            is_astray: flow.next_hops_differ || self.stations.is_astray(seen.station.addr, seen.remote.addr),
            ..Who::default()
        };
        if is_resolver {
            who.resolver = match scope(seen.remote.addr) {
                _ if self.stations.resolvers.contains_key(&seen.remote.addr) => Resolver::Believed,
                _ if self.stations.astray_resolvers.contains(&seen.remote.addr) => Resolver::Doubted,
                Scope::Private | Scope::LinkUnicast | Scope::Loopback => Resolver::Doubted,
                Scope::LinkGroup | Scope::WideGroup | Scope::Reserved | Scope::Global => Resolver::Stranger,
            };
            who.names.extend(flow.queried.iter().map(|queried| Name {
                listed: queried.host.as_ref().map_or_else(Vec::new, |host| self.on_any_port(host)),
                host: queried.host.clone(),
                text: queried.text.clone(),
                how: How::Asked,
                tie: Tie::Question,
                query_kind: queried.kind,
                // Over TCP a question may have been sent long before it could be read.
                in_window: queried.in_window
                    || (flow.transport == Transport::Tcp && seen.sent(&flow.window).payload > 0),
                times: queried.times,
            }));
            return who;
        }
        for seen_name in &flow.facts.names {
            self.add(&mut who, (flow, seen, proof), &seen_name.name, How::Claimed(seen_name.source));
        }
        for target in &flow.facts.proxy_targets {
            if let ProxyTarget::Name(name, _) = target {
                self.add(&mut who, (flow, seen, proof), name, How::Claimed(NameSource::HttpProxyTarget));
            }
        }
        for binding in &flow.bindings {
            if !who.names.iter().any(|name| matches!(name.how, How::Claimed(_))) && !who.is_proxy {
                self.add(&mut who, (flow, seen, proof), &binding.name, How::Led);
            }
            let claimed = who.names.iter().any(|name| name.host.as_ref() == Some(&binding.name));
            if claimed {
                who.aliases.extend(
                    binding
                        .aliases
                        .iter()
                        .filter(|alias| !who.aliases.contains(alias))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
        }
        who
    }

    /// Whether a flow's certificates hold for a name, at the flow's first packet.
    pub(crate) fn validity(&self, flow: &FlowRecord, name: Option<&HostName>) -> Validity {
        let key = (flow.certificates.clone(), name.cloned());
        let at = flow.first;
        if let Some(known) = self.judged.borrow().get(&key).filter(|known| known.from <= at && at < known.to)
        {
            return known.validity;
        }
        let chain: Vec<Vec<u8>> = flow
            .certificates
            .iter()
            .filter_map(|place| self.certificates.get(*place))
            .map(<[u8]>::to_vec)
            .collect();
        let validity = certificate::validate(&chain, name, at, self.roots);
        let (from, to) = unchanged(&chain, at);
        let mut judged = self.judged.borrow_mut();
        if judged.len() >= JUDGED_MAX {
            judged.clear();
        }
        judged.insert(key, Judgement { validity, from, to });
        validity
    }

    fn add(&self, who: &mut Who<'a>, of: (&FlowRecord, &Seen, &Proof<'_>), host: &HostName, how: How) {
        let (flow, seen, _) = of;
        if who.names.iter().any(|name| name.host.as_ref() == Some(host) && name.how == how) {
            return;
        }
        let listed: Vec<Listed<'a>> = self
            .catalogue
            .lookup(host)
            .at(flow.transport, seen.remote.port)
            .map(|(found, port)| Listed { found, binding: port.binding })
            .collect();
        let tie = if who.is_proxy { Tie::Nothing } else { self.tie(of, host, &listed) };
        who.names.push(Name {
            host: Some(host.clone()),
            text: host.as_str().to_owned(),
            how,
            tie,
            listed,
            query_kind: 0,
            in_window: seen.left_in_window(flow),
            times: 0,
        });
    }

    fn on_any_port(&self, host: &HostName) -> Vec<Listed<'a>> {
        let lookup = self.catalogue.lookup(host);
        lookup.matches().iter().map(|found| Listed { found: *found, binding: Binding::NameOnly }).collect()
    }

    fn tie(&self, of: (&FlowRecord, &Seen, &Proof<'_>), host: &HostName, listed: &[Listed<'_>]) -> Tie {
        let (flow, seen, proof) = of;
        // A public service at an address of the local network is a relay, whatever DNS says.
        let own = listed.iter().any(|listed| listed.found.party.kind == PartyKind::Operator);
        if scope(seen.remote.addr) != Scope::Global && !own {
            return Tie::Nothing;
        }
        let led = flow.bindings.iter().any(|binding| {
            binding.name == *host
                && self.stations.resolvers.contains_key(&binding.resolver)
                && self.stations.contains(binding.asked_by)
                && binding.resolver != seen.remote.addr
        });
        if led {
            return Tie::Dns;
        }
        if proof.is_offered()
            && self.validity(flow, Some(host)) == Validity::Valid
            && proof.holds() == Some(true)
        {
            return Tie::Certificate;
        }
        let networked = listed.iter().any(|listed| !listed.found.party.asn.is_empty());
        let network = if networked { self.geo.network_owner(seen.remote.addr) } else { None };
        if network
            .is_some_and(|(number, _)| listed.iter().any(|listed| listed.found.party.owns_network(number)))
        {
            return Tie::Network;
        }
        Tie::Nothing
    }

    fn subject(&self, flow: &FlowRecord) -> Option<String> {
        let leaf = *flow.certificates.first()?;
        if let Some(known) = self.subjects.borrow().get(&leaf) {
            return known.clone();
        }
        let subject =
            self.certificates.get(leaf).and_then(Certificate::parse).map(|certificate| certificate.subject);
        let text = subject.and_then(|subject| subject.organisation.or(subject.common_name));
        self.subjects.borrow_mut().insert(leaf, text.clone());
        text
    }
}

/// The stretch around a moment in which no certificate of a chain begins or ceases to hold.
fn unchanged(chain: &[Vec<u8>], at: Timestamp) -> (Timestamp, Timestamp) {
    let (mut from, mut to) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    for certificate in chain.iter().filter_map(|der| Certificate::parse(der)) {
        // Both ends are included, to the second.
        let second = creance_model::Duration::from_seconds(1);
        for edge in [certificate.not_before, certificate.not_after.after(second)] {
            if edge <= at {
                from = from.max(edge);
            } else {
                to = to.min(edge);
            }
        }
    }
    (from, to)
}
