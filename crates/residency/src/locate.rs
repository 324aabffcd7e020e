//! From an address to its residency.

use std::net::IpAddr;

use creance_model::{HostName, Jurisdiction};

use crate::conclusion::{Certainty, Conclusion, Residency};
use crate::evidence::Evidence;
use crate::hint;
use crate::mmdb::{Answer, Mmdb};
use crate::place::{Place, PlaceKind};
use crate::special::{self, Kind};
use crate::table::{Network, Spread, Table};

impl Table<'_> {
    /// Gathers what is known about where `addr` stands. `names` are the host names seen for it
    /// (at most 16 are looked at); `extra` is the operator's own database.
    ///
    /// The strongest evidence decides: anycast before all, then a provider's published region,
    /// then the operator's database, which cannot overrule a published region but only conflict
    /// with it. A registry's country decides nothing by itself, and a host name never does.
    #[must_use]
    pub fn locate(&self, addr: IpAddr, names: &[HostName], extra: Option<&Mmdb>) -> Residency {
        match special::kind(addr) {
            Kind::Public => self.locate_public(addr, names, extra),
            Kind::NotPublic(what) => only(Evidence::Special { what }, Conclusion::NotPublic),
            Kind::Tunnel(what) => only(Evidence::Special { what }, Conclusion::Unknown),
            Kind::Embeds(inner, what) => {
                // One level: an IPv4 address embeds nothing.
                let mut residency = match special::kind(inner.into()) {
                    Kind::NotPublic(what) => only(Evidence::Special { what }, Conclusion::NotPublic),
                    Kind::Public | Kind::Tunnel(_) | Kind::Embeds(..) => {
                        self.locate_public(inner.into(), names, extra)
                    }
                };
                residency.evidence.insert(0, Evidence::Special { what });
                residency
            }
        }
    }

    /// What [`Table::locate`] concludes, without the evidence: that of a host name decides nothing.
    #[must_use]
    pub fn conclude(&self, addr: IpAddr, extra: Option<&Mmdb>) -> Conclusion {
        match special::kind(addr) {
            Kind::Public => self.facts(addr, extra).conclude(),
            Kind::NotPublic(_) => Conclusion::NotPublic,
            Kind::Tunnel(_) => Conclusion::Unknown,
            Kind::Embeds(inner, _) => match special::kind(inner.into()) {
                Kind::NotPublic(_) => Conclusion::NotPublic,
                Kind::Public | Kind::Tunnel(_) | Kind::Embeds(..) => {
                    self.facts(inner.into(), extra).conclude()
                }
            },
        }
    }

    fn facts(&self, addr: IpAddr, extra: Option<&Mmdb>) -> Facts<'_> {
        Facts {
            place: self.place(addr),
            network: self.network(addr),
            registry: self.registry_country(addr),
            answer: extra.map_or(Answer::Nothing, |extra| extra.answer(addr)),
        }
    }

    fn locate_public(&self, addr: IpAddr, names: &[HostName], extra: Option<&Mmdb>) -> Residency {
        let facts = self.facts(addr, extra);
        let mut evidence = facts.evidence(self);
        let hints = hint::hints(names, self.region_names());
        evidence.extend(
            hints.into_iter().map(|hint| Evidence::HostToken { token: hint.token, country: hint.country }),
        );
        Residency { conclusion: facts.conclude(), evidence }
    }
}

/// What the tables say of a public address.
struct Facts<'a> {
    place: Option<&'a Place>,
    network: Option<Network<'a>>,
    registry: Option<Jurisdiction>,
    answer: Answer,
}

impl Facts<'_> {
    fn conclude(&self) -> Conclusion {
        let spread = self.network.map_or(Spread::Unknown, |network| network.spread);
        let anycast = self.place.is_some_and(|place| place.kind == PlaceKind::Anycast);
        if anycast || spread == Spread::Anycast || self.answer == Answer::Anycast {
            return Conclusion::Anycast;
        }
        if self.answer == Answer::Unreadable {
            return Conclusion::Unknown;
        }
        let vouched = match self.answer {
            Answer::Country(country) => Some(country),
            Answer::Nothing | Answer::Anycast | Answer::Unreadable => None,
        };
        if let Some(place) = self.place {
            match (place.kind, place.country) {
                (PlaceKind::Clash, _) => return clash(&place.also, vouched),
                (PlaceKind::Region, Some(country)) => {
                    return self.in_region(place, country, vouched);
                }
                (PlaceKind::Region, None)
                | (PlaceKind::Anycast | PlaceKind::Unplaced | PlaceKind::Name, _) => {}
            }
        }
        let known =
            |country, certainty| Conclusion::Country { country, region: None, certainty, also: Vec::new() };
        match (vouched, self.registry) {
            (Some(country), _) => known(country, Certainty::Override),
            // A cloud's registration says where a company is, and is no evidence of a place.
            (None, Some(country)) if self.place.is_none() && spread == Spread::Unknown => {
                known(country, Certainty::RegistryOnly)
            }
            (None, _) => Conclusion::Unknown,
        }
    }

    fn in_region(&self, place: &Place, country: Jurisdiction, vouched: Option<Jurisdiction>) -> Conclusion {
        let region = Some(place.region.to_string());
        match vouched {
            Some(vouched) if vouched != country && !place.also.contains(&vouched) => {
                let mut countries = place.also.clone();
                countries.push(country);
                clash(&countries, Some(vouched))
            }
            // The operator's database tells which of the region's zones it is.
            Some(vouched) if !place.also.is_empty() => Conclusion::Country {
                country: vouched,
                region,
                certainty: Certainty::Override,
                also: Vec::new(),
            },
            Some(_) | None => Conclusion::Country {
                country,
                region,
                certainty: if self.registry == Some(country) {
                    Certainty::RegistryAgrees
                } else {
                    Certainty::CloudRegion
                },
                also: place.also.clone(),
            },
        }
    }

    fn evidence(&self, table: &Table<'_>) -> Vec<Evidence> {
        let dates = table.dates();
        let mut found = Vec::new();
        if let Some(place) = self.place {
            found.extend(of_place(place, dates.clouds));
        }
        match self.answer {
            Answer::Nothing => {}
            Answer::Country(country) => found.push(Evidence::Override { country }),
            Answer::Anycast => found
                .push(Evidence::Anycast { service: "the operator's own geo database says so".to_owned() }),
            Answer::Unreadable => found.push(Evidence::OverrideUnreadable),
        }
        if let Some(network) = self.network {
            if network.spread == Spread::Anycast {
                found.push(Evidence::Anycast { service: format!("all of {}'s network", network.owner) });
            }
            found.push(Evidence::Asn {
                number: network.number,
                owner: network.owner.to_owned(),
                spread: network.spread != Spread::Unknown,
                date: dates.registry.to_owned(),
            });
        }
        found.extend(
            self.registry
                .map(|country| Evidence::RegistryCountry { country, date: dates.registry.to_owned() }),
        );
        found
    }
}

fn of_place(place: &Place, date: &str) -> Option<Evidence> {
    let provider = place.provider.to_string();
    let date = date.to_owned();
    Some(match place.kind {
        PlaceKind::Region => Evidence::CloudRegion {
            provider,
            region: place.region.to_string(),
            country: place.country,
            city: place.city.to_string(),
            also: place.also.clone(),
            date,
        },
        PlaceKind::Anycast => {
            Evidence::Anycast { service: format!("{provider} {}", place.region).trim_end().to_owned() }
        }
        PlaceKind::Unplaced => Evidence::CloudUnplaced { provider, date },
        PlaceKind::Clash => Evidence::CloudClash { regions: provider, countries: place.also.clone(), date },
        PlaceKind::Name => return None,
    })
}

fn clash(countries: &[Jurisdiction], vouched: Option<Jurisdiction>) -> Conclusion {
    let mut countries: Vec<Jurisdiction> = countries.iter().copied().chain(vouched).collect();
    countries.sort_unstable();
    countries.dedup();
    Conclusion::Conflict { countries }
}

fn only(evidence: Evidence, conclusion: Conclusion) -> Residency {
    Residency { evidence: vec![evidence], conclusion }
}

#[cfg(test)]
mod tests;
