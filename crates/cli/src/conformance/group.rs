//! A group: one small internet with one gateway, held to one mode, and all that is tried by one
//! way into it.

use super::front::{Front, Setting};
use super::lab::FAR;
use super::peers::Peer;
use super::right::Due;
use super::rows::{Address, Row};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Addresses of names in the small internet.
pub(super) type Addresses = BTreeMap<String, Vec<IpAddr>>;

/// Which group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    /// Through a gateway.
    Gateway(Front, Setting),
    /// Through another proxy.
    Peer(Peer),
    /// Without one, from the host itself: what a jailed app would otherwise do.
    Host,
    /// Without one, from a station whose packets the host forwards.
    Station,
}

impl Id {
    /// Where the same is tried without a gateway.
    pub(super) const fn control(self) -> Self {
        match self {
            Self::Gateway(Front::Run, _) | Self::Host => Self::Host,
            Self::Gateway(..) | Self::Peer(_) | Self::Station => Self::Station,
        }
    }

    /// A word for files and messages.
    pub(super) fn word(self) -> String {
        match self {
            Self::Gateway(front, setting) => format!("{front}-{setting}"),
            Self::Peer(peer) => peer.word().to_owned(),
            Self::Host => "control-host".to_owned(),
            Self::Station => "control-station".to_owned(),
        }
    }
}

/// One attempt.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) row: Row,
    /// The name that it asks for.
    pub(super) host: String,
    /// The second name, where there is one.
    pub(super) other: Option<String>,
    /// The name whose address it goes to, where that is not the host's.
    pub(super) lent: Option<String>,
    /// What has to become of it; without a gateway it has to be delivered.
    pub(super) due: Due,
}

impl Case {
    /// A row's attempt in a group.
    pub(super) fn new(row: &Row, id: Id) -> Self {
        let name = |what: &str, suffix: &str| format!("{}{what}.{suffix}", row.id);
        let due = match id {
            Id::Gateway(_, setting) => row.right.due(row.zone, setting),
            Id::Peer(_) => row.right.due(row.zone, Setting::Exempt),
            Id::Host | Id::Station => Due::DeliveredAnyhow,
        };
        let other = row.other.map(|zone| name("-other", zone.suffix()));
        Self {
            host: name("", row.zone.suffix()),
            lent: match row.address {
                Some(Address::Resolver) => Some(name("", "resolver.test")),
                Some(Address::Other) => other.clone(),
                Some(Address::V6) | None => None,
            },
            other,
            row: row.clone(),
            due,
        }
    }

    /// All names that it may be known by.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        let lent = self.lent.as_ref().filter(|lent| self.other.as_ref() != Some(*lent));
        [Some(&self.host), self.other.as_ref(), lent].into_iter().flatten()
    }

    /// The name at whose address it arrives.
    pub(super) fn target(&self) -> &String {
        self.lent.as_ref().unwrap_or(&self.host)
    }

    /// The arguments of the lab's program. None where an address that it needs is not known.
    pub(super) fn args(&self, id: Id, addresses: &Addresses) -> Option<Vec<String>> {
        let without = matches!(id, Id::Host | Id::Station);
        // Without a proxy nobody can be asked to connect: what is left is the lie in the hello.
        let behaviour = match self.row.behaviour {
            "connect-then-other" if without => "other-sni",
            // A gateway gives a name that has one address both, and dials the one that there is.
            "https" if without && self.host.starts_with("v6-") => "ipv6",
            behaviour => behaviour,
        };
        let mut args = vec!["app".to_owned(), behaviour.to_owned(), "--host".to_owned(), self.host.clone()];
        let mut option = |name: &str, value: String| args.extend([name.to_owned(), value]);
        if let Some(other) = &self.other {
            option("--other", other.clone());
        }
        let of = |name: &String| addresses.get(name).cloned();
        match self.row.address {
            Some(Address::V6) => {
                let v6 = of(&self.host)?.into_iter().find(IpAddr::is_ipv6)?;
                option("--address", v6.to_string());
            }
            Some(Address::Resolver | Address::Other) => {
                option("--address", of(self.target())?.first()?.to_string())
            }
            None => {}
        }
        if let Some(port) = self.row.port {
            option("--port", port.to_string());
        }
        if let Some(bytes) = self.row.bytes {
            option("--bytes", bytes.to_string());
        }
        match id {
            Id::Gateway(front, _) => {
                if let Some(proxy) = front.proxy() {
                    option("--via", proxy.to_owned());
                }
            }
            Id::Peer(peer) if peer.front().proxy().is_some() => {
                option("--via", peer.front().proxy().unwrap_or_default().to_owned());
            }
            // The host answers no questions of stations where it only forwards.
            Id::Station | Id::Peer(_) => option("--resolver", FAR.to_owned()),
            Id::Host => {}
        }
        Some(args)
    }
}

/// A group with all that is tried in it.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: Id,
    pub(super) cases: Vec<Case>,
}

impl Group {
    /// The group of the rows that can be tried in it.
    pub(super) fn new(id: Id, rows: &[Row]) -> Self {
        let fits = |row: &&Row| match id {
            Id::Gateway(front, _) => row.fronts.contains(&front),
            Id::Peer(peer) => row.fronts.contains(&peer.front()),
            Id::Host => row.fronts.contains(&Front::Run),
            Id::Station => row.fronts.iter().any(|front| *front != Front::Run),
        };
        let mut cases: Vec<Case> = Vec::new();
        for row in rows.iter().filter(fits) {
            let case = Case::new(row, id);
            // Without a gateway, what is said by any proxy is the same.
            if !cases.iter().any(|known| known.host == case.host) {
                cases.push(case);
            }
        }
        Self { id, cases }
    }
}

/// The end of names that a station asks for when it is led past its gateway on purpose.
pub(super) const STRAY: &str = "stray.unknown.test";

/// All names of groups.
pub(super) fn names(groups: &[Group]) -> Vec<String> {
    let cases = groups.iter().flat_map(|group| &group.cases);
    let mut names: Vec<String> = cases.flat_map(|case| case.names().cloned().collect::<Vec<_>>()).collect();
    names.push(STRAY.to_owned());
    names.sort();
    names.dedup();
    names
}
