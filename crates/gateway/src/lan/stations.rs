//! Who the stations are: by address, or by the address of their network card, which anyone can
//! imitate.

use crate::core::Families;
use crate::shell::Stations;
use creance_ledger::Pseudonym;
use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long what the kernel knows of neighbours is remembered.
const KEPT: Duration = Duration::from_secs(2);

/// The longest list of neighbours that is read, in bytes.
const NEIGHBOURS_BYTES_MAX: usize = 1 << 20;

/// The word for a station that nobody has named. No table holds it, so that it may do nothing.
const UNKNOWN: &str = "unknown";

/// By what a station is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KnownBy {
    /// Its address, which the operator's network gives it.
    Address(IpAddr),
    /// The address of its network card alone.
    Card([u8; 6]),
}

/// A station, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationRule {
    /// Its name in the ledger.
    pub station: Pseudonym,
    /// By what it is known.
    pub by: KnownBy,
}

/// Why a text names no station.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no station: NAME=ADDRESS, or NAME=aa:bb:cc:dd:ee:ff for its network card")]
pub struct StationRuleError(String);

impl FromStr for StationRule {
    type Err = StationRuleError;
    fn from_str(text: &str) -> Result<Self, StationRuleError> {
        let wrong = || StationRuleError(text.chars().take(80).collect());
        let (name, by) = text.split_once('=').ok_or_else(wrong)?;
        let station: Pseudonym = name.parse().map_err(|_| wrong())?;
        if station.as_str() == UNKNOWN {
            return Err(wrong());
        }
        let by = match by.parse() {
            Ok(address) => KnownBy::Address(address),
            Err(_) => KnownBy::Card(card(by).ok_or_else(wrong)?),
        };
        Ok(Self { station, by })
    }
}

/// Cards by address.
type Cards = BTreeMap<IpAddr, [u8; 6]>;

/// Tells stations by what they are known by.
#[derive(Debug)]
pub struct Neighbours {
    rules: BTreeMap<KnownBy, Pseudonym>,
    unknown: Pseudonym,
    lan: String,
    /// What the kernel knew, and when.
    cards: Mutex<Option<(Instant, Cards)>>,
}

impl Neighbours {
    /// Stations on an interface.
    ///
    /// # Errors
    /// Where two rules say different things of one address or card.
    pub fn new(lan: String, rules: &[StationRule]) -> Result<Self, String> {
        let unknown: Pseudonym = UNKNOWN.parse().map_err(|_| "no word for unknown stations".to_owned())?;
        let mut by = BTreeMap::new();
        for rule in rules {
            if let Some(other) = by.insert(rule.by, rule.station.clone())
                && other != rule.station
            {
                return Err(format!("stations {other} and {} are known by the same", rule.station));
            }
        }
        Ok(Self { rules: by, unknown, lan, cards: Mutex::default() })
    }

    fn card(&self, address: IpAddr) -> Option<[u8; 6]> {
        let mut cards = self.cards.lock().unwrap_or_else(PoisonError::into_inner);
        let known = cards.as_ref().filter(|(at, cards)| at.elapsed() < KEPT && cards.contains_key(&address));
        if known.is_none() {
            *cards = Some((Instant::now(), neighbours(&self.lan)));
        }
        cards.as_ref().and_then(|(_, cards)| cards.get(&address).copied())
    }
}

impl Stations for Neighbours {
    fn station(&self, address: IpAddr) -> Pseudonym {
        let by_address = self.rules.get(&KnownBy::Address(address));
        let has_cards = self.rules.keys().any(|by| matches!(by, KnownBy::Card(_)));
        let by_card = || self.rules.get(&KnownBy::Card(self.card(address)?));
        by_address.or_else(|| if has_cards { by_card() } else { None }).unwrap_or(&self.unknown).clone()
    }

    fn families(&self, station: &Pseudonym) -> Families {
        let mut families = Families { v4: false, v6: false };
        for (by, _) in self.rules.iter().filter(|(_, name)| *name == station) {
            match by {
                KnownBy::Address(IpAddr::V6(_)) => families.v6 = true,
                // The kernel's list of cards is one of IPv4.
                KnownBy::Address(IpAddr::V4(_)) | KnownBy::Card(_) => families.v4 = true,
            }
        }
        families
    }
}

/// What the kernel knows of an interface's neighbours over IPv4.
fn neighbours(lan: &str) -> Cards {
    let text = fs::read_to_string("/proc/net/arp").unwrap_or_default();
    if text.len() > NEIGHBOURS_BYTES_MAX {
        return Cards::new();
    }
    arp(&text, lan)
}

/// Reads the kernel's list: address, kind, flags, card, mask, interface. Flag 2 says that the
/// card has answered.
fn arp(text: &str, lan: &str) -> Cards {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [address, _, flags, found, _, interface] = words.as_slice() else { return None };
        let complete = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()? & 2 != 0;
        (complete && *interface == lan).then(|| Some((address.parse().ok()?, card(found)?)))?
    };
    text.lines().skip(1).filter_map(line).collect()
}

fn card(text: &str) -> Option<[u8; 6]> {
    let parts: Option<Vec<u8>> = text
        .split(':')
        .map(|part| if part.len() == 2 { u8::from_str_radix(part, 16).ok() } else { None })
        .collect();
    parts?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_known_by_its_address_or_its_card_and_else_unknown() {
        let rules: Vec<StationRule> =
            ["s-1=192.0.2.10", "s-2=2001:db8::2"].iter().map(|text| text.parse().unwrap()).collect();
        let stations = Neighbours::new("lan0".to_owned(), &rules).unwrap();
        let station = |address: &str| stations.station(address.parse().unwrap()).to_string();
        assert_eq!(station("192.0.2.10"), "s-1");
        assert_eq!(station("2001:db8::2"), "s-2");
        assert_eq!(station("192.0.2.11"), "unknown");
        let families = |name: &str| stations.families(&name.parse().unwrap());
        assert_eq!(families("s-1"), Families { v4: true, v6: false });
        assert_eq!(families("s-2"), Families { v4: false, v6: true });
        assert_eq!(families("unknown"), Families { v4: false, v6: false });
        for wrong in ["s-1", "s-1=", "S 1=192.0.2.1", "s-1=aa:bb:cc:dd:ee", "unknown=192.0.2.1", "=192.0.2.1"]
        {
            assert!(wrong.parse::<StationRule>().is_err(), "{wrong}");
        }
        let two: Vec<StationRule> =
            ["s-1=192.0.2.10", "s-2=192.0.2.10"].iter().map(|text| text.parse().unwrap()).collect();
        assert!(Neighbours::new("lan0".to_owned(), &two).is_err());
    }

    #[test]
    fn cards_are_those_that_answered_on_the_stations_side() {
        let text = "IP address       HW type     Flags       HW address            Mask     Device\n\
            192.0.2.10       0x1         0x2         aa:bb:cc:00:00:01     *        lan0\n\
            192.0.2.11       0x1         0x0         00:00:00:00:00:00     *        lan0\n\
            192.0.2.12       0x1         0x2         aa:bb:cc:00:00:02     *        up0\n";
        let found = arp(text, "lan0");
        assert_eq!(found.len(), 1);
        assert_eq!(found[&"192.0.2.10".parse::<IpAddr>().unwrap()], [0xaa, 0xbb, 0xcc, 0, 0, 1]);
    }
}
