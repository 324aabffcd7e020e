//! The operator's own geo database, in MaxMind DB format.

use std::net::IpAddr;

use creance_model::Jurisdiction;
use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader};

use crate::MmdbError;

/// A database whose countries the operator vouches for.
#[derive(Debug)]
pub struct Mmdb(Reader<Vec<u8>>);

/// What the database says of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Nothing,
    Country(Jurisdiction),
    Anycast,
    /// The record could not be read: what it would have said is not known.
    Unreadable,
}

impl Mmdb {
    /// Reads a database from the bytes of its file.
    ///
    /// # Errors
    /// Where the bytes are not a MaxMind DB.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, MmdbError> {
        Ok(Self(Reader::from_source(bytes)?))
    }

    pub(crate) fn answer(&self, addr: IpAddr) -> Answer {
        // A database of IPv4 alone has nothing to say of IPv6.
        if addr.is_ipv6() && self.0.metadata().ip_version == 4 {
            return Answer::Nothing;
        }
        self.0.lookup(addr).and_then(|found| read(&found)).unwrap_or(Answer::Unreadable)
    }
}

/// Reads the places where common databases keep the country: `country.iso_code` (GeoIP2),
/// `country_code` and `country` (flat ones).
fn read(found: &LookupResult<'_, Vec<u8>>) -> Result<Answer, MaxMindDbError> {
    if !found.has_data() {
        return Ok(Answer::Nothing);
    }
    let anycast = [PathElement::Key("traits"), PathElement::Key("is_anycast")];
    if found.decode_path::<bool>(&anycast)? == Some(true) {
        return Ok(Answer::Anycast);
    }
    // Where `country` is itself a text, there is no path through it: an error, which counts only
    // where no other place has a country.
    let nested = found.decode_path::<&str>(&[PathElement::Key("country"), PathElement::Key("iso_code")]);
    let code = match &nested {
        Ok(Some(code)) => Some(*code),
        Ok(None) => found.decode_path::<&str>(&[PathElement::Key("country_code")])?,
        Err(_) => match found.decode_path::<&str>(&[PathElement::Key("country_code")])? {
            Some(code) => Some(code),
            None => found.decode_path::<&str>(&[PathElement::Key("country")])?,
        },
    };
    Ok(match code.map(str::parse) {
        None => Answer::Nothing,
        Some(Ok(country)) => Answer::Country(country),
        Some(Err(_)) => Answer::Unreadable,
    })
}
