//! Addresses that are made up for names, one for each station and name, so that a connection
//! tells which name it is for.

use creance_ledger::Pseudonym;
use creance_model::{Duration, HostName, Timestamp};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many names can have addresses at a time: all hosts of 198.18.0.0/15 but the first and the
/// last.
pub const NAMES_MAX: u32 = (1 << 17) - 2;

/// The first address of the network that is set aside for testing devices between networks
/// (RFC 2544), so that no host that anyone wants to reach has one of it.
const FIRST_V4: u32 = 0xc612_0000;

/// An address that nobody asked for in this time may be given to another name. Answers are kept
/// for far less.
const REUSED_AFTER: Duration = Duration::from_seconds(3600);

/// Which address stands for which name.
#[derive(Debug)]
pub struct Book {
    prefix: u128,
    by_name: BTreeMap<(Pseudonym, HostName), u32>,
    entries: Vec<Entry>,
    max: u32,
}

#[derive(Debug)]
struct Entry {
    station: Pseudonym,
    name: HostName,
    asked: Timestamp,
}

impl Book {
    /// An empty book. `prefix` are the 40 random bits of the network of its IPv6 addresses
    /// (RFC 4193).
    #[must_use]
    pub const fn new(prefix: [u8; 5]) -> Self {
        Self::with_room(prefix, NAMES_MAX)
    }

    const fn with_room(prefix: [u8; 5], max: u32) -> Self {
        let [a, b, c, d, e] = prefix;
        let prefix = u128::from_be_bytes([0xfd, a, b, c, d, e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        Self { prefix, by_name: BTreeMap::new(), entries: Vec::new(), max }
    }

    /// The addresses of a name for a station, which are made up where it has none; none where
    /// there is no more room.
    pub fn addresses(
        &mut self,
        station: &Pseudonym,
        name: &HostName,
        now: Timestamp,
    ) -> Option<(Ipv4Addr, Ipv6Addr)> {
        let key = (station.clone(), name.clone());
        let number = match self.by_name.get(&key) {
            Some(number) => *number,
            None => self.take(key, now)?,
        };
        let entry = self.entries.get_mut(usize::try_from(number).ok()?)?;
        // A clock that was set back makes nothing older.
        entry.asked = entry.asked.max(now);
        let v6 = Ipv6Addr::from(self.prefix | u128::from(number + 1));
        Some((Ipv4Addr::from(FIRST_V4 + number + 1), v6))
    }

    /// The name that an address stands for, for the station that it was given to.
    #[must_use]
    pub fn name(&self, station: &Pseudonym, address: IpAddr) -> Option<&HostName> {
        let number = match address {
            IpAddr::V4(address) => u32::from(address).checked_sub(FIRST_V4 + 1)?,
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(mapped) => u32::from(mapped).checked_sub(FIRST_V4 + 1)?,
                None => u32::try_from(u128::from(address) ^ self.prefix).ok()?.checked_sub(1)?,
            },
        };
        let entry = self.entries.get(usize::try_from(number).ok()?)?;
        (entry.station == *station).then_some(&entry.name)
    }

    fn take(&mut self, key: (Pseudonym, HostName), now: Timestamp) -> Option<u32> {
        let (station, name) = key.clone();
        let entry = Entry { station, name, asked: now };
        let used = u32::try_from(self.entries.len()).ok()?;
        let number = if used < self.max {
            self.entries.push(entry);
            used
        } else {
            let (number, oldest) = (0..).zip(&mut self.entries).min_by_key(|(_, entry)| entry.asked)?;
            if now.since(oldest.asked) < REUSED_AFTER {
                return None;
            }
            let old = std::mem::replace(oldest, entry);
            self.by_name.remove(&(old.station, old.name));
            number
        };
        self.by_name.insert(key, number);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_772_000_000_000_000_000);

    fn station(text: &str) -> Pseudonym {
        text.parse().unwrap()
    }

    fn host(text: &str) -> HostName {
        text.parse().unwrap()
    }

    #[test]
    fn each_station_and_name_has_addresses_of_its_own_that_lead_back() {
        let mut book = Book::new([1, 2, 3, 4, 5]);
        let mut seen = std::collections::BTreeSet::new();
        for one in ["s-1", "s-2"] {
            for name in ["a.test", "b.test"] {
                let (v4, v6) = book.addresses(&station(one), &host(name), START).unwrap();
                assert_eq!(book.addresses(&station(one), &host(name), START), Some((v4, v6)));
                assert!(seen.insert(IpAddr::V4(v4)) && seen.insert(IpAddr::V6(v6)));
                for address in [IpAddr::V4(v4), IpAddr::V6(v6), IpAddr::V6(v4.to_ipv6_mapped())] {
                    assert_eq!(book.name(&station(one), address), Some(&host(name)));
                    assert_eq!(book.name(&station("s-3"), address), None, "another station's");
                }
            }
        }
        assert_eq!(seen.first().unwrap().to_string(), "198.18.0.1");
        assert!(seen.last().unwrap().to_string().starts_with("fd01:203:405::"), "{seen:?}");
    }

    #[test]
    fn addresses_that_were_not_given_out_have_no_name() {
        let mut book = Book::new([1, 2, 3, 4, 5]);
        book.addresses(&station("s-1"), &host("a.test"), START).unwrap();
        for text in [
            "198.18.0.0",
            "198.18.0.2",
            "198.19.255.255",
            "0.0.0.0",
            "8.8.8.8",
            "fd01:203:405::",
            "fd01:203:405::2",
            "fd01:203:406::1",
            "::1",
        ] {
            assert_eq!(book.name(&station("s-1"), text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_full_book_gives_out_what_nobody_asked_for_in_an_hour_and_else_nothing() {
        let mut book = Book::with_room([0; 5], 3);
        let at = |seconds| START.after(Duration::from_seconds(seconds));
        let ask = |book: &mut Book, name: &str, seconds| {
            book.addresses(&station("s-1"), &host(name), at(seconds)).map(|(v4, _)| v4.to_string())
        };
        assert_eq!(ask(&mut book, "a.test", 0).unwrap(), "198.18.0.1");
        ask(&mut book, "b.test", 1);
        ask(&mut book, "c.test", 2);
        assert_eq!(ask(&mut book, "d.test", 3599), None);
        ask(&mut book, "a.test", 3599);
        assert_eq!(ask(&mut book, "d.test", 3601).unwrap(), "198.18.0.2");
        assert_eq!(ask(&mut book, "a.test", 3601).unwrap(), "198.18.0.1");
        assert_eq!(book.name(&station("s-1"), "198.18.0.2".parse().unwrap()), Some(&host("d.test")));
        assert_eq!(ask(&mut book, "b.test", 3602).unwrap(), "198.18.0.3", "it starts anew");
        assert_eq!(book.by_name.len(), 3);
    }

    #[test]
    fn the_last_address_is_within_the_network() {
        assert_eq!(Ipv4Addr::from(FIRST_V4 + NAMES_MAX).to_string(), "198.19.255.254");
    }
}
