//! What follows from the evidence, and what an audit may say with it.

use std::fmt;

use creance_model::Jurisdiction;

use crate::evidence::{Evidence, join};

/// The evidence about one address, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Residency {
    /// Every piece found, strongest first.
    pub evidence: Vec<Evidence>,
    /// What follows.
    pub conclusion: Conclusion,
}

/// How a country is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Only registered there, by a network that is not known to span countries. Never certain.
    RegistryOnly,
    /// The operator's own database says so, and nothing published contradicts it.
    Override,
    /// The provider publishes the range for a region there.
    CloudRegion,
    /// The provider publishes the range for a region there, and it is registered there too.
    RegistryAgrees,
}

/// Where an address stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conclusion {
    /// In a country, as certain as `certainty` says.
    Country {
        /// The country.
        country: Jurisdiction,
        /// The provider's region, such as `eu-central-1`.
        region: Option<String>,
        /// How it is known.
        certainty: Certainty,
        /// Countries in which it may stand instead. Where there are any, none is certain.
        also: Vec<Jurisdiction>,
    },
    /// In many places at once: in no country.
    Anycast,
    /// The evidence contradicts itself.
    Conflict {
        /// The countries that it names, in order; may be incomplete.
        countries: Vec<Jurisdiction>,
    },
    /// There is no evidence of a place.
    Unknown,
    /// Not an address of the public internet. What receives it may relay it anywhere.
    NotPublic,
}

/// Whether a server stands in one given country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It does, for certain.
    Inside,
    /// It does not, for certain.
    Outside,
    /// The evidence does not tell.
    CannotTell,
}

impl Residency {
    /// The country that is certain. See [`Conclusion::certain_country`].
    #[must_use]
    pub const fn certain_country(&self) -> Option<Jurisdiction> {
        self.conclusion.certain_country()
    }

    /// The only countries that come into question. See [`Conclusion::possible_countries`].
    #[must_use]
    pub fn possible_countries(&self) -> Option<Vec<Jurisdiction>> {
        self.conclusion.possible_countries()
    }

    /// Whether the server stands in `country`.
    #[must_use]
    pub fn presence(&self, country: Jurisdiction) -> Presence {
        self.conclusion.presence(country)
    }
}

impl Conclusion {
    /// The country, only where a claim may rest on it: a provider's published region, or the
    /// operator's own database, and no other country in question.
    #[must_use]
    pub const fn certain_country(&self) -> Option<Jurisdiction> {
        match self {
            Self::Country {
                country,
                certainty: Certainty::CloudRegion | Certainty::RegistryAgrees | Certainty::Override,
                also,
                ..
            } if also.is_empty() => Some(*country),
            Self::Country { .. }
            | Self::Anycast
            | Self::Conflict { .. }
            | Self::Unknown
            | Self::NotPublic => None,
        }
    }

    /// The countries of which one is certainly the right one, in order. None where it may be any
    /// country: registration alone, anycast, conflict, unknown, not public.
    #[must_use]
    pub fn possible_countries(&self) -> Option<Vec<Jurisdiction>> {
        match self {
            Self::Country {
                country,
                certainty: Certainty::CloudRegion | Certainty::RegistryAgrees | Certainty::Override,
                also,
                ..
            } => {
                let mut countries = also.clone();
                countries.push(*country);
                countries.sort_unstable();
                countries.dedup();
                Some(countries)
            }
            Self::Country { certainty: Certainty::RegistryOnly, .. }
            | Self::Anycast
            | Self::Conflict { .. }
            | Self::Unknown
            | Self::NotPublic => None,
        }
    }

    /// Whether the server stands in `country`: the question of "no contact with jurisdiction X".
    #[must_use]
    pub fn presence(&self, country: Jurisdiction) -> Presence {
        match self.possible_countries().as_deref() {
            Some([only]) if *only == country => Presence::Inside,
            Some(countries) if !countries.contains(&country) => Presence::Outside,
            Some(_) | None => Presence::CannotTell,
        }
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country { country, region, certainty, also } => {
                write!(f, "{country}")?;
                if !also.is_empty() {
                    write!(f, " or {}", join(also))?;
                }
                if let Some(region) = region {
                    write!(f, ", {region}")?;
                }
                match certainty {
                    Certainty::RegistryOnly => f.write_str(" by registration only: not certain"),
                    Certainty::Override => f.write_str(" by the operator's own geo database"),
                    Certainty::CloudRegion | Certainty::RegistryAgrees => Ok(()),
                }
            }
            Self::Anycast => f.write_str("many places at once (anycast): no country"),
            Self::Conflict { countries } if countries.is_empty() => {
                f.write_str("not known: the evidence contradicts itself")
            }
            Self::Conflict { countries } => {
                write!(f, "not known: the evidence contradicts itself ({})", join(countries))
            }
            Self::Unknown => f.write_str("not known"),
            Self::NotPublic => f.write_str("not an address of the public internet"),
        }
    }
}
