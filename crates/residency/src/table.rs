//! The table of places: its file format and its look-ups.
//!
//! The file (version 1, little-endian) is a header (magic `CREANGEO`, version u32, length u32,
//! checksum u64 of all that follows), a directory (offset u32 and length u32 of ten sections, in
//! order and without gaps), and the sections: the dates of the data; the places; the networks (a
//! number u32, then u32 with a flag in the upper 8 bits and the owner's offset below); the owners'
//! names; and six lists of ranges (networks, countries, places; IPv4 and IPv6 of each). It is
//! written by scripts/geo and searched where it lies: parsing checks every byte once and copies
//! only the few hundred places.

use std::net::IpAddr;

use creance_model::Jurisdiction;

use crate::TableError;
use crate::cursor::Cursor;
use crate::hint::RegionNames;
use crate::place::Place;
use crate::ranges::{Family, Ranges};

const MAGIC: &[u8; 8] = b"CREANGEO";
const VERSION: u32 = 1;
const HEADER: usize = 24;
const SECTIONS: usize = 10;
/// AA to ZZ.
const COUNTRIES: u32 = 26 * 26;
static SHIPPED: &[u8] = include_bytes!("../../../catalogue/geo/geo.bin");

/// The sentence that must stand beside networks' owners and registry countries in a report.
pub const ATTRIBUTION: &str = "Networks and owners: Route Views (routeviews.org), NRO (nro.net) and \
    IP Geolocation by DB-IP (https://db-ip.com); registry countries: NRO (nro.net); merged by \
    ip-location-db; CC BY 4.0.";

/// How the servers of a network are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Nothing is known.
    Unknown,
    /// A cloud, hoster, carrier or delivery network with servers in several countries.
    Countries,
    /// Every prefix of it is served from many places.
    Anycast,
}

/// An autonomous system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network<'a> {
    /// Its number.
    pub number: u32,
    /// Its owner, as the source says; at most 127 bytes.
    pub owner: &'a str,
    /// How its servers are spread.
    pub spread: Spread,
}

/// The days of the data, as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates<'a> {
    /// Of the clouds' published ranges.
    pub clouds: &'a str,
    /// Of the zones of AWS ranges.
    pub zones: &'a str,
    /// Of networks, owners and registry countries.
    pub registry: &'a str,
}

/// Address ranges with their networks, registry countries and cloud regions.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    dates: Dates<'a>,
    places: Vec<Place>,
    region_names: RegionNames,
    networks: &'a [[u8; 8]],
    owners: &'a str,
    network_ranges: [Ranges<'a>; 2],
    country_ranges: [Ranges<'a>; 2],
    place_ranges: [Ranges<'a>; 2],
}

impl Table<'static> {
    /// The table that this program carries.
    ///
    /// # Errors
    /// None that a test does not find before the program is built.
    pub fn shipped() -> Result<Self, TableError> {
        Self::parse(SHIPPED)
    }

    /// The bytes of the table that this program carries, for its digest.
    #[must_use]
    pub const fn shipped_bytes() -> &'static [u8] {
        SHIPPED
    }
}

impl<'a> Table<'a> {
    /// Reads a table and checks all of it.
    ///
    /// # Errors
    /// Where the bytes are not a table of this version, whole and unchanged.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TableError> {
        let [dates, places, networks, owners, ranges @ ..] = sections(bytes)?;
        let dates = parse_dates(dates)?;
        let places = parse_places(places)?;
        let (networks, rest) = networks.as_chunks::<8>();
        Cursor::new(rest, "networks").finish()?;
        let owners = std::str::from_utf8(owners)
            .map_err(|_| Cursor::new(owners, "owners").error("a text is not UTF-8"))?;
        let [network4, network6, country4, country6, place4, place6] = ranges;
        let limit = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (known, placed) = (limit(networks.len()), limit(places.len()));
        let table = Self {
            dates,
            region_names: RegionNames::new(&places),
            places,
            networks,
            owners,
            network_ranges: [
                Ranges::parse(network4, Family::V4, known, "IPv4 networks")?,
                Ranges::parse(network6, Family::V6, known, "IPv6 networks")?,
            ],
            country_ranges: [
                Ranges::parse(country4, Family::V4, COUNTRIES, "IPv4 countries")?,
                Ranges::parse(country6, Family::V6, COUNTRIES, "IPv6 countries")?,
            ],
            place_ranges: [
                Ranges::parse(place4, Family::V4, placed, "IPv4 places")?,
                Ranges::parse(place6, Family::V6, placed, "IPv6 places")?,
            ],
        };
        if table.networks.iter().any(|record| table.network_of(record).is_none()) {
            return Err(Cursor::new(&[], "networks").error("an owner or a flag is not there"));
        }
        Ok(table)
    }

    /// The days of the data.
    #[must_use]
    pub const fn dates(&self) -> Dates<'a> {
        self.dates
    }

    /// The network that announces an address.
    #[must_use]
    pub fn network(&self, addr: IpAddr) -> Option<Network<'a>> {
        let record = numbered(self.networks, find(&self.network_ranges, addr))?;
        self.network_of(record)
    }

    /// The number and the owner of the network that announces an address.
    #[must_use]
    pub fn network_owner(&self, addr: IpAddr) -> Option<(u32, &'a str)> {
        self.network(addr).map(|network| (network.number, network.owner))
    }

    /// The country in which an address is registered. It says where the holder of the range is,
    /// and not where a server stands.
    #[must_use]
    pub fn registry_country(&self, addr: IpAddr) -> Option<Jurisdiction> {
        let value = find(&self.country_ranges, addr).checked_sub(1)?;
        let letter = |number: u32| u8::try_from(number).ok().map(|number| b'A' + number);
        Jurisdiction::from_bytes([letter(value / 26)?, letter(value % 26)?])
    }

    /// What a provider's published ranges, or the list of anycast ranges, say of an address.
    #[must_use]
    pub fn place(&self, addr: IpAddr) -> Option<&Place> {
        numbered(&self.places, find(&self.place_ranges, addr))
    }

    pub(crate) const fn region_names(&self) -> &RegionNames {
        &self.region_names
    }

    fn network_of(&self, record: &[u8; 8]) -> Option<Network<'a>> {
        let [a, b, c, d, e, f, g, flag] = *record;
        let start = usize::try_from(u32::from_le_bytes([e, f, g, 0])).ok()?;
        let length = usize::from(*self.owners.as_bytes().get(start)?);
        let owner = self.owners.get(start + 1..start + 1 + length)?;
        let spread = match flag {
            0 => Spread::Unknown,
            1 => Spread::Countries,
            2 => Spread::Anycast,
            _ => return None,
        };
        Some(Network { number: u32::from_le_bytes([a, b, c, d]), owner, spread })
    }
}

/// A word-wise multiply and rotate over the bytes, zero-filled to a multiple of eight. Each step
/// is a bijection, so that no change of a single word goes unseen. It finds accidents; whoever
/// wants to know that a file is the published one compares its SHA-256.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |total: u64, word: [u8; 8]| {
        (total ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let total = words.iter().fold(0xcbf2_9ce4_8422_2325 ^ length, |total, &word| mix(total, word));
    if rest.is_empty() {
        return total;
    }
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
    mix(total, last)
}

fn sections(bytes: &[u8]) -> Result<[&[u8]; SECTIONS], TableError> {
    let mut cursor = Cursor::new(bytes, "header");
    if cursor.take(MAGIC.len()).ok() != Some(MAGIC.as_slice()) {
        return Err(TableError::NotATable);
    }
    let version = cursor.u32()?;
    if version != VERSION {
        return Err(TableError::Version(version));
    }
    let (stated, sum) = (u64::from(cursor.u32()?), cursor.u64()?);
    let actual = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if stated != actual {
        return Err(TableError::Length { stated, actual });
    }
    if checksum(cursor.rest()) != sum {
        return Err(TableError::Checksum);
    }
    let mut expected = HEADER + 8 * SECTIONS;
    let mut found = [[].as_slice(); SECTIONS];
    for section in &mut found {
        let bound = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
        let (offset, length) = (bound(cursor.u32()?), bound(cursor.u32()?));
        let end = offset.saturating_add(length);
        if offset != expected {
            return Err(cursor.error("a section does not follow the one before"));
        }
        *section = bytes.get(offset..end).ok_or(cursor.error("a section reaches past the end"))?;
        expected = end;
    }
    if expected != bytes.len() {
        return Err(cursor.error("something follows the last section"));
    }
    Ok(found)
}

fn parse_dates(bytes: &[u8]) -> Result<Dates<'_>, TableError> {
    let mut cursor = Cursor::new(bytes, "dates");
    let dates = Dates { clouds: cursor.text()?, zones: cursor.text()?, registry: cursor.text()? };
    cursor.finish()?;
    Ok(dates)
}

fn parse_places(bytes: &[u8]) -> Result<Vec<Place>, TableError> {
    let mut cursor = Cursor::new(bytes, "places");
    let count = cursor.u16()?;
    let places = (0..count).map(|_| Place::parse(&mut cursor)).collect::<Result<_, _>>()?;
    cursor.finish()?;
    Ok(places)
}

/// The item that a list's value means: 0 is none, 1 the first.
fn numbered<T>(items: &[T], value: u32) -> Option<&T> {
    items.get(usize::try_from(value).ok()?.checked_sub(1)?)
}

fn find(ranges: &[Ranges<'_>; 2], addr: IpAddr) -> u32 {
    let [v4, v6] = ranges;
    match addr {
        IpAddr::V4(addr) => v4.get(u64::from(addr.to_bits())),
        IpAddr::V6(addr) => {
            let upper = u64::try_from(addr.to_bits() >> 64).unwrap_or(u64::MAX);
            v6.get(upper)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
