//! Words in host names that hint at a place. A name is chosen by whoever runs the server and may
//! say anything: a hint never decides.

use std::collections::BTreeMap;

use creance_model::{HostName, Jurisdiction};

use crate::place::{Place, PlaceKind};

/// Names looked at for one address.
const NAMES_MAX: usize = 16;
/// Hints kept for one address.
const HINTS_MAX: usize = 8;
/// Words of the longest region name (`us-east-1-bue-1` has five).
const WORDS_MAX: usize = 5;

/// Country words and airports that operators put into host names. Those that are also words of
/// other meaning (`in`, `it`, `is`, `no`, `my`, `ca`) are left out.
const WORDS: [(&str, [u8; 2]); 40] = [
    ("us", *b"US"),
    ("usa", *b"US"),
    ("cn", *b"CN"),
    ("china", *b"CN"),
    ("hk", *b"HK"),
    ("tw", *b"TW"),
    ("jp", *b"JP"),
    ("kr", *b"KR"),
    ("sg", *b"SG"),
    ("de", *b"DE"),
    ("fr", *b"FR"),
    ("nl", *b"NL"),
    ("uk", *b"GB"),
    ("gb", *b"GB"),
    ("au", *b"AU"),
    ("ru", *b"RU"),
    ("br", *b"BR"),
    ("fra", *b"DE"),
    ("iad", *b"US"),
    ("sfo", *b"US"),
    ("lax", *b"US"),
    ("sjc", *b"US"),
    ("sea", *b"US"),
    ("ord", *b"US"),
    ("dfw", *b"US"),
    ("jfk", *b"US"),
    ("nrt", *b"JP"),
    ("hnd", *b"JP"),
    ("icn", *b"KR"),
    ("sin", *b"SG"),
    ("hkg", *b"HK"),
    ("lhr", *b"GB"),
    ("ams", *b"NL"),
    ("cdg", *b"FR"),
    ("dub", *b"IE"),
    ("syd", *b"AU"),
    ("gru", *b"BR"),
    ("bom", *b"IN"),
    ("pek", *b"CN"),
    ("pvg", *b"CN"),
];

/// Regions' names in lower case. A name that stands for different countries is none's.
#[derive(Debug, Clone, Default)]
pub(crate) struct RegionNames(BTreeMap<String, Option<Jurisdiction>>);

impl RegionNames {
    pub(crate) fn new(places: &[Place]) -> Self {
        let mut names = BTreeMap::new();
        for place in places {
            let named = matches!(place.kind, PlaceKind::Region | PlaceKind::Name);
            if let Some(country) = place.country.filter(|_| named) {
                names
                    .entry(place.region.to_ascii_lowercase())
                    .and_modify(|known: &mut Option<Jurisdiction>| {
                        *known = known.filter(|known| *known == country);
                    })
                    .or_insert(Some(country));
            }
        }
        Self(names)
    }
}

/// A word of a host name and the country that it hints at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) token: String,
    pub(crate) country: Jurisdiction,
}

/// The hints in some names, each once, in the order in which they stand.
pub(crate) fn hints(names: &[HostName], regions: &RegionNames) -> Vec<Hint> {
    let mut found: Vec<Hint> = Vec::new();
    for name in names.iter().take(NAMES_MAX) {
        // The last label is a registry's and says nothing about a server.
        let labels = name.as_str().rsplit_once('.').map_or("", |(labels, _)| labels);
        for hint in labels.split('.').flat_map(|label| in_label(label, regions)) {
            if !found.contains(&hint) && found.len() < HINTS_MAX {
                found.push(hint);
            }
        }
    }
    found
}

fn in_label(label: &str, regions: &RegionNames) -> Vec<Hint> {
    let words: Vec<&str> = label.split('-').collect();
    for length in (1..=WORDS_MAX).rev() {
        for window in words.windows(length) {
            let token = window.join("-");
            match regions.0.get(&token) {
                Some(Some(country)) => {
                    let country = *country;
                    return vec![Hint { token, country }];
                }
                // Known, and of two countries: its parts must not speak instead.
                Some(None) => return Vec::new(),
                None => {}
            }
        }
    }
    words.into_iter().filter_map(in_word).collect()
}

fn in_word(word: &str) -> Option<Hint> {
    let bare = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let (_, code) = WORDS.iter().find(|(known, _)| *known == bare)?;
    Some(Hint { token: word.to_owned(), country: Jurisdiction::from_bytes(*code)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    fn of(name: &str) -> Vec<String> {
        let table = Table::shipped().unwrap();
        hints(&[HostName::parse(name).unwrap()], table.region_names())
            .into_iter()
            .map(|hint| format!("{} {}", hint.token, hint.country))
            .collect()
    }

    #[test]
    fn regions_airports_and_countries_are_found() {
        assert_eq!(of("s3-eu-central-1.example.com"), ["eu-central-1 DE"]);
        assert_eq!(of("a.us-east-1-bue-1.example.com"), ["us-east-1-bue-1 AR"]);
        assert_eq!(of("log-us.example.com"), ["us US"]);
        assert_eq!(of("fra1.cdn.example.com"), ["fra1 DE"]);
        assert_eq!(of("oss-cn-hangzhou.example.com"), ["cn-hangzhou CN"]);
    }

    #[test]
    fn what_may_mean_anything_is_no_hint() {
        // The last label, an ambiguous region (Singapore for one cloud, Hong Kong for another),
        // and a word that merely contains one.
        for name in ["www.example.us", "ap-southeast-1.example.com", "status.example.com"] {
            assert_eq!(of(name), Vec::<String>::new(), "{name}");
        }
    }
}
