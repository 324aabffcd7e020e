use super::*;
use crate::place::PlaceKind;
use crate::ranges::tests::pack;

/// The bytes of a small table, and its sections, so that a test can break one.
#[derive(Clone)]
pub(crate) struct Fixture(pub(crate) [Vec<u8>; SECTIONS]);

fn text(text: &str) -> Vec<u8> {
    let mut out = vec![u8::try_from(text.len()).unwrap()];
    out.extend(text.as_bytes());
    out
}

fn place(kind: u8, provider: &str, region: &str, country: &str, also: &str) -> Vec<u8> {
    let code = if country.is_empty() { "\0\0" } else { country };
    let count = u8::try_from(also.len() / 2).unwrap();
    let mut out = vec![kind];
    out.extend([text(provider), text(region), text(""), code.into()].concat());
    out.push(count);
    out.extend(also.as_bytes());
    out
}

fn country(code: [u8; 2]) -> u64 {
    let [a, b] = code.map(|letter| u64::from(letter - b'A'));
    a * 26 + b + 1
}

impl Fixture {
    /// Every 20.N.0.0/16 is place N, for N from 1; 30.0.0.0/8 is registered in NL and announced
    /// by a plain network; 20.0.0.0/8 is registered in US.
    pub(crate) fn new() -> Self {
        let places = [
            place(0, "Cloud", "r-1", "DE", ""),
            place(0, "Cloud", "r-2", "US", "ARCL"),
            place(0, "Cloud", "r-3", "", ""),
            place(1, "Cloud", "edge", "", ""),
            place(2, "Cloud", "", "", ""),
            place(3, "Cloud r-1 and Other r-9", "", "", "CNDE"),
            place(0, "Cloud", "r-7", "US", ""),
        ];
        let count = u16::try_from(places.len()).unwrap().to_le_bytes();
        let owners = [text("Plain"), text("Wide"), text("Everywhere")].concat();
        let network = |number: u32, offset: u32, flag: u32| {
            [number.to_le_bytes(), (flag << 24 | offset).to_le_bytes()].concat()
        };
        let networks = [network(64500, 0, 0), network(64501, 6, 1), network(64502, 11, 2)];
        let v4 = |a: u64, b: u64| a << 24 | b << 16;
        let network4 = [(0, 0), (v4(30, 0), 1), (v4(31, 0), 2), (v4(32, 0), 3), (v4(33, 0), 0)];
        let country4 = [
            (0, 0),
            (v4(20, 0), country(*b"US")),
            (v4(21, 0), 0),
            (v4(30, 0), country(*b"NL")),
            (v4(33, 0), 0),
        ];
        let mut place4: Vec<(u64, u64)> = vec![(0, 0)];
        place4.extend((1..=7).map(|number| (v4(20, number), number)));
        place4.push((v4(20, 8), 0));
        let none6 = || pack(&[(0, 0)], 16);
        Self([
            [text("2026-01-02"), text("2025-03-04"), text("2026-05-06")].concat(),
            [count.to_vec(), places.concat()].concat(),
            networks.concat(),
            owners,
            pack(&network4, 8),
            none6(),
            pack(&country4, 8),
            none6(),
            pack(&place4, 8),
            none6(),
        ])
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut directory = Vec::new();
        let mut offset = HEADER + 8 * SECTIONS;
        for section in &self.0 {
            directory.extend(u32::try_from(offset).unwrap().to_le_bytes());
            directory.extend(u32::try_from(section.len()).unwrap().to_le_bytes());
            offset += section.len();
        }
        seal(&[directory, self.0.concat()].concat())
    }
}

/// Puts a right header before a body.
fn seal(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap();
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(checksum(body).to_le_bytes());
    out.extend(body);
    out
}

fn refused(bytes: &[u8]) -> String {
    Table::parse(bytes).unwrap_err().to_string()
}

#[test]
fn a_small_table_is_read_back() {
    let bytes = Fixture::new().bytes();
    let table = Table::parse(&bytes).unwrap();
    let addr = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!(table.dates().zones, "2025-03-04");
    assert_eq!(table.network_owner(addr("30.1.2.3")), Some((64500, "Plain")));
    assert_eq!(table.network(addr("31.0.0.0")).unwrap().spread, Spread::Countries);
    assert_eq!(table.network_owner(addr("32.255.255.255")), Some((64502, "Everywhere")));
    assert_eq!(table.network_owner(addr("33.0.0.0")), None);
    assert_eq!(table.registry_country(addr("30.0.0.1")).unwrap().as_str(), "NL");
    assert_eq!(table.registry_country(addr("19.255.255.255")), None);
    assert_eq!(table.place(addr("20.4.9.9")).unwrap().kind, PlaceKind::Anycast);
    assert_eq!(table.place(addr("20.8.0.0")), None);
}

#[test]
fn every_cut_and_every_changed_byte_is_seen() {
    let bytes = Fixture::new().bytes();
    for length in 0..bytes.len() {
        assert!(Table::parse(&bytes[..length]).is_err(), "cut at {length}");
    }
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << bit;
            assert!(Table::parse(&changed).is_err(), "bit {bit} of {position}");
        }
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(refused(&longer).contains("it says that it has"));
}

#[test]
fn a_changed_table_with_a_right_checksum_never_panics() {
    let body = Fixture::new().bytes()[HEADER..].to_vec();
    let mut accepted = 0;
    for position in 0..body.len() {
        for value in [0, 1, 2, 3, 63, 64, 127, 128, 200, 254, 255] {
            let mut changed = body.clone();
            changed[position] = value;
            let bytes = seal(&changed);
            if let Ok(table) = Table::parse(&bytes) {
                accepted += 1;
                for first in 0..=255 {
                    let addr = IpAddr::from([first, 1, 2, 3]);
                    std::hint::black_box(table.locate(addr, &[], None).conclusion);
                }
                let addr = "2a05:d014::1".parse().unwrap();
                std::hint::black_box(table.locate(addr, &[], None).conclusion);
            }
        }
    }
    assert!(accepted > 100, "the changes must reach the look-ups: {accepted}");
}

#[test]
fn each_part_is_checked() {
    let broken = |section: usize, change: fn(&mut Vec<u8>)| {
        let mut fixture = Fixture::new();
        change(&mut fixture.0[section]);
        refused(&fixture.bytes())
    };
    let says = |error: &str, what: &str| assert!(error.contains(what), "{error}");
    says(&refused(b"not a table"), "does not begin with");
    let mut newer = Fixture::new().bytes();
    newer[8] = 2;
    assert_eq!(Table::parse(&newer).unwrap_err(), TableError::Version(2));
    says(&broken(0, |dates| dates.push(0)), "in `dates`, something follows");
    says(&broken(1, |places| places[2] = 9), "a place is of no known kind");
    says(&broken(1, |places| places[0] += 1), "in `places`, it ends too early");
    says(&broken(2, |networks| networks[7] = 3), "an owner or a flag is not there");
    says(&broken(2, |networks| networks[4] = 200), "an owner or a flag is not there");
    says(&broken(2, |networks| networks.push(0)), "in `networks`, something follows");
    says(&broken(2, |networks| networks.truncate(8)), "in `IPv4 networks`, a value is too large");
    says(&broken(3, |owners| owners[1] = 0xff), "a text is not UTF-8");
    says(&broken(6, |ranges| ranges.clear()), "in `IPv4 countries`, it ends too early");

    let mut moved = Fixture::new().bytes()[HEADER..].to_vec();
    moved[0] += 1;
    says(&refused(&seal(&moved)), "does not follow the one before");
    let mut longer = Fixture::new().bytes()[HEADER..].to_vec();
    longer.push(0);
    says(&refused(&seal(&longer)), "something follows the last section");
}

/// Rows that scripts/geo/notes.py looked up in the sources, without the packed file.
#[test]
fn the_shipped_table_agrees_with_its_sources() {
    let table = Table::shipped().unwrap();
    let sample = include_str!("../../../../catalogue/geo/sample.tsv");
    let (mut rows, mut placed) = (0, 0);
    for line in sample.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [addr, number, owner, registry, kind, provider, region, country] = fields[..] else {
            panic!("{line}");
        };
        let addr: IpAddr = addr.parse().unwrap();
        let network = table.network_owner(addr);
        let number_found = network.map(|(number, _)| number.to_string());
        assert_eq!(number_found.unwrap_or_default(), number, "{line}");
        assert_eq!(network.map_or("", |(_, owner)| owner), owner, "{line}");
        let found = table.registry_country(addr);
        assert_eq!(found.as_ref().map_or("", Jurisdiction::as_str), registry, "{line}");
        let place = table.place(addr);
        let kind_found = place.map_or("-", |place| match place.kind {
            PlaceKind::Region => "region",
            PlaceKind::Anycast => "anycast",
            PlaceKind::Unplaced => "unplaced",
            PlaceKind::Clash => "clash",
            PlaceKind::Name => "name",
        });
        assert_eq!(kind_found, kind, "{line}");
        if let Some(place) = place {
            let stands = place.country.as_ref().map_or("", Jurisdiction::as_str);
            let found = (&*place.provider, &*place.region, stands);
            assert_eq!(found, (provider, region, country), "{line}");
            placed += 1;
        }
        rows += 1;
    }
    assert_eq!(rows, 240);
    assert!(placed > 100, "{placed}");
}
