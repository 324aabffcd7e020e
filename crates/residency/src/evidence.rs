//! What is known about an address's place, piece by piece, in plain words.

use std::fmt;

use creance_model::Jurisdiction;

/// One piece of evidence. Dates are `YYYY-MM-DD`, the day of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The address lies in a range that a cloud publishes for one region.
    CloudRegion {
        /// The provider, such as `AWS`.
        provider: String,
        /// The region or zone as the provider writes it.
        region: String,
        /// The country of the region, where it is listed.
        country: Option<Jurisdiction>,
        /// City or area; may be empty.
        city: String,
        /// Countries of the region's zones abroad, where it is not known that the range is in
        /// none of them.
        also: Vec<Jurisdiction>,
        /// The day of the provider's list.
        date: String,
    },
    /// The address lies in a range that a cloud publishes without a region.
    CloudUnplaced {
        /// The provider.
        provider: String,
        /// The day of the provider's list.
        date: String,
    },
    /// Published ranges put the address into several regions.
    CloudClash {
        /// The providers and regions.
        regions: String,
        /// Their countries, where listed.
        countries: Vec<Jurisdiction>,
        /// The day of the lists.
        date: String,
    },
    /// The address is announced or served from many places.
    Anycast {
        /// Who or what: a provider's service, a kind of server, or a network's owner.
        service: String,
    },
    /// The network that announces the address.
    Asn {
        /// Its number.
        number: u32,
        /// Its owner, as the source says.
        owner: String,
        /// Whether it is known to have servers in several countries.
        spread: bool,
        /// The day of the data.
        date: String,
    },
    /// Where the address is registered, which is not where a server stands.
    RegistryCountry {
        /// The country of registration.
        country: Jurisdiction,
        /// The day of the data.
        date: String,
    },
    /// A word of a host name: a hint that never decides.
    HostToken {
        /// The word.
        token: String,
        /// The country that it hints at.
        country: Jurisdiction,
    },
    /// The operator's own database names a country.
    Override {
        /// The country.
        country: Jurisdiction,
    },
    /// The operator's own database has a record that could not be read.
    OverrideUnreadable,
    /// The address is not an ordinary public one, or stands for another.
    Special {
        /// What it is.
        what: &'static str,
    },
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloudRegion { provider, region, country, city, also, date } => {
                write!(f, "{provider} {region} (")?;
                match (city.as_str(), country) {
                    (_, None) => f.write_str("place of the region not known")?,
                    ("", Some(country)) => write!(f, "{country}")?,
                    (city, Some(country)) => write!(f, "{city}, {country}")?,
                }
                f.write_str(")")?;
                if !also.is_empty() {
                    write!(f, " or a zone of this region in {}", join(also))?;
                }
                write!(f, ", by the provider's published ranges of {date}")
            }
            Self::CloudUnplaced { provider, date } => {
                write!(f, "{provider}, region not stated, by the provider's published ranges of {date}")
            }
            Self::CloudClash { regions, date, .. } => {
                write!(f, "published ranges of {date} contradict each other: {regions}")
            }
            Self::Anycast { service } => {
                write!(f, "served from many places at once: {service}")
            }
            Self::Asn { number, owner, spread, date } => {
                write!(f, "network AS{number}, {owner}, as of {date}")?;
                if *spread {
                    f.write_str("; it has servers in several countries")?;
                }
                Ok(())
            }
            Self::RegistryCountry { country, date } => write!(
                f,
                "registered in {country}, as of {date}; this says who holds the address, and not \
                 where the server stands"
            ),
            Self::HostToken { token, country } => {
                write!(f, "`{token}` in the host name hints at {country}")
            }
            Self::Override { country } => {
                write!(f, "{country}, by the operator's own geo database")
            }
            Self::OverrideUnreadable => {
                f.write_str("the operator's own geo database has an unreadable record here")
            }
            Self::Special { what } => f.write_str(what),
        }
    }
}

/// Country codes in a row.
pub(crate) fn join(countries: &[Jurisdiction]) -> String {
    let codes: Vec<&str> = countries.iter().map(Jurisdiction::as_str).collect();
    codes.join(", ")
}
