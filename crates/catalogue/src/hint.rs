//! Evidence about hosts that the catalogue does not know.

use crate::catalogue::Catalogue;
use crate::domain::{Owner, owner};
use crate::entry::Service;
use creance_model::HostName;
use std::collections::{BTreeMap, BTreeSet};

/// The most aliases of one chain that are looked at.
const ALIASES_MAX: usize = 16;

/// The longest foreign text that a hint repeats, in characters.
const QUOTE_CHARS_MAX: usize = 120;

/// One piece of evidence about who may run a host that the catalogue does not know. It is for
/// people to read: it names no service, and nothing turns it into a match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hint {
    /// What the evidence is.
    pub kind: HintKind,
    /// The evidence in words, such as "probably DJI: shares dji.com with 23 catalogued hosts".
    pub text: String,
}

/// What a hint rests on. Ordered as hints are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintKind {
    /// The domain under which the name is registered.
    Domain,
    /// What the server's certificate says. Unless its chain was verified, anyone may write it.
    Certificate,
    /// Where the name's DNS aliases lead.
    Alias,
    /// Who announces the network of the address.
    Network,
}

/// Evidence about a host that the catalogue does not know: the domain under which it is
/// registered, the subject of the certificate that it showed, the aliases that DNS led through,
/// and the owner of the address's network. Domains whose names belong to unrelated tenants
/// (clouds, content networks, the private section of the public suffix list) tie nothing.
#[must_use]
pub fn probable(
    host: &HostName,
    certificate_subject: Option<&str>,
    aliases: &[HostName],
    network_owner: Option<&str>,
    catalogue: &Catalogue,
) -> Vec<Hint> {
    let mut hints = vec![Hint { kind: HintKind::Domain, text: domain_text(host, catalogue) }];
    if let Some(subject) = certificate_subject {
        hints.push(Hint { kind: HintKind::Certificate, text: certificate_text(subject, catalogue) });
    }
    hints.extend(
        aliases
            .iter()
            .take(ALIASES_MAX)
            .filter(|a| *a != host)
            .map(|alias| Hint { kind: HintKind::Alias, text: alias_text(alias, catalogue) }),
    );
    if let Some(network) = network_owner {
        hints.push(Hint {
            kind: HintKind::Network,
            text: format!("the address stands in a network of {}", quoted(network)),
        });
    }
    hints
}

fn domain_text(host: &HostName, catalogue: &Catalogue) -> String {
    match owner(host) {
        Owner::Domain(domain) => shared_text(domain, catalogue)
            .unwrap_or_else(|| format!("registered under {domain}, of which the catalogue knows no host")),
        Owner::Tenant { of } => {
            format!("one of the tenants of {of}, who have nothing else to do with each other")
        }
        Owner::Nobody => "the name ends in no registrable domain".to_owned(),
    }
}

/// Whose hosts stand under a domain, or `None` where the catalogue has none there.
fn shared_text(domain: &str, catalogue: &Catalogue) -> Option<String> {
    let domain = HostName::parse(domain).ok()?;
    let mut patterns = BTreeSet::new();
    let mut parties: BTreeMap<_, usize> = BTreeMap::new();
    for service in catalogue.services() {
        for host in &service.hosts {
            if host.pattern.name().is_within(&domain) && patterns.insert(&host.pattern) {
                *parties.entry(party_name(service, catalogue)).or_default() += 1;
            }
        }
    }
    // The party with the most hosts first; ties by name.
    let mut names: Vec<_> = parties.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
    let hosts = match patterns.len() {
        0 => return None,
        1 => "1 catalogued host".to_owned(),
        count => format!("{count} catalogued hosts"),
    };
    Some(format!("probably {}: shares {domain} with {hosts}", names.join(" or ")))
}

fn party_name<'a>(service: &'a Service, catalogue: &'a Catalogue) -> &'a str {
    catalogue.party_of(service).map_or_else(|| service.party.as_str(), |party| party.name.as_str())
}

fn certificate_text(subject: &str, catalogue: &Catalogue) -> String {
    let mut text = format!("its certificate was issued to {}", quoted(subject));
    let common_name = subject
        .split([',', '/', '+', '\n'])
        .filter_map(|part| part.trim().strip_prefix("CN="))
        .find_map(|name| HostName::parse(name.trim().trim_start_matches("*.")).ok());
    if let Some(Owner::Domain(domain)) = common_name.as_ref().map(owner)
        && let Some(shared) = shared_text(domain, catalogue)
    {
        text.push_str("; ");
        text.push_str(&shared);
    }
    text
}

fn alias_text(alias: &HostName, catalogue: &Catalogue) -> String {
    let found = catalogue.lookup(alias);
    if let Some(found) = found.matches().first() {
        return format!("DNS leads to {alias}, which the catalogue lists for {}", found.party.name);
    }
    match owner(alias) {
        Owner::Domain(domain) => match shared_text(domain, catalogue) {
            Some(shared) => format!("DNS leads to {alias}; {shared}"),
            None => format!("DNS leads to {alias}, registered under {domain}"),
        },
        Owner::Tenant { of } => {
            format!("DNS leads to {alias}, a tenant of {of}: that tells the landlord, not the party")
        }
        Owner::Nobody => format!("DNS leads to {alias}"),
    }
}

/// Foreign text on one line, shortened, with what is not printable replaced.
fn quoted(text: &str) -> String {
    let mut shown: String =
        text.chars().take(QUOTE_CHARS_MAX).map(|c| if is_plain(c) { c } else { '\u{fffd}' }).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("“{shown}”")
}

/// Whether a character stays where it is written: control characters and marks that turn the
/// direction of writing could make a certificate's text look like the report's own words.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '“' | '”')
}
