use super::*;
use crate::Presence;
use crate::table::tests::Fixture;

fn shipped(addr: &str) -> Residency {
    let (table, addr) = (Table::shipped().unwrap(), addr.parse().unwrap());
    let found = table.locate(addr, &[], None);
    assert_eq!(table.conclude(addr, None), found.conclusion, "{addr}");
    found
}

fn code(text: &str) -> Jurisdiction {
    text.parse().unwrap()
}

fn texts(residency: &Residency) -> Vec<String> {
    residency.evidence.iter().map(ToString::to_string).collect()
}

#[test]
fn regions_decide_against_the_registry() {
    for (addr, country, region) in [
        ("52.29.63.1", "DE", "eu-central-1"),
        ("13.124.1.1", "KR", "ap-northeast-2"),
        ("34.107.0.1", "DE", "europe-west3"),
    ] {
        let found = shipped(addr);
        assert_eq!(
            found.conclusion,
            Conclusion::Country {
                country: code(country),
                region: Some(region.to_owned()),
                certainty: Certainty::CloudRegion,
                also: Vec::new(),
            },
            "{addr}"
        );
        assert_eq!(found.certain_country(), Some(code(country)));
        assert_eq!(found.presence(code("US")), Presence::Outside);
        let registered = |piece: &Evidence| matches!(piece, Evidence::RegistryCountry { country, .. } if *country == code("US"));
        assert!(found.evidence.iter().any(registered), "{addr}: the registry says US");
    }
    let found = shipped("52.29.63.1");
    assert!(
        texts(&found)[0]
            .starts_with("AWS eu-central-1 (Frankfurt, DE), by the provider's published ranges of 20"),
        "{:?}",
        texts(&found)
    );
    assert_eq!(found.conclusion.to_string(), "DE, eu-central-1");
}

#[test]
fn a_cloud_without_published_ranges_has_no_place() {
    let found = shipped("47.91.161.230");
    assert_eq!(found.conclusion, Conclusion::Unknown);
    for country in ["US", "CN", "AE"] {
        assert_eq!(found.presence(code(country)), Presence::CannotTell, "{country}");
    }
    let texts = texts(&found);
    assert!(texts[0].contains("AS45102, Alibaba"), "{texts:?}");
    assert!(texts[0].contains("servers in several countries"), "{texts:?}");
    assert!(texts[1].starts_with("registered in US"), "{texts:?}");
}

#[test]
fn anycast_is_never_a_country() {
    for addr in [
        "8.8.8.8",
        "1.1.1.1",
        "9.9.9.9",
        "193.0.14.129",
        "104.16.0.1",
        "223.5.5.5",
        "199.232.1.1",
        "13.107.246.40",
        "13.32.0.1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2001:7fd::1",
    ] {
        let found = shipped(addr);
        assert_eq!(found.conclusion, Conclusion::Anycast, "{addr}: {:?}", texts(&found));
        assert_eq!(found.possible_countries(), None);
        assert_eq!(found.presence(code("US")), Presence::CannotTell);
    }
}

#[test]
fn special_addresses_are_not_looked_up() {
    for addr in ["10.0.0.1", "169.254.1.1", "198.51.100.7", "::1", "fe80::1", "ff02::1", "64:ff9b::a00:1"] {
        assert_eq!(shipped(addr).conclusion, Conclusion::NotPublic, "{addr}");
    }
    for addr in ["2002:341d:3f01::1", "2001:0:341d:3f01::1", "64:ff9b:1::341d:3f01"] {
        assert_eq!(shipped(addr).conclusion, Conclusion::Unknown, "{addr}");
    }
    for addr in ["::ffff:52.29.63.1", "64:ff9b::52.29.63.1"] {
        let found = shipped(addr);
        assert_eq!(found.certain_country(), Some(code("DE")), "{addr}");
        assert!(matches!(found.evidence[0], Evidence::Special { .. }));
    }
}

#[test]
fn names_are_hints_and_decide_nothing() {
    let table = Table::shipped().unwrap();
    let names = [HostName::parse("log.cn-hangzhou.example.com").unwrap()];
    for addr in ["52.29.63.1", "47.91.161.230"] {
        let addr = addr.parse().unwrap();
        let (with, without) = (table.locate(addr, &names, None), table.locate(addr, &[], None));
        assert_eq!(with.conclusion, without.conclusion);
        let hint = Evidence::HostToken { token: "cn-hangzhou".to_owned(), country: code("CN") };
        assert_eq!(with.evidence.last(), Some(&hint));
        assert_eq!(hint.to_string(), "`cn-hangzhou` in the host name hints at CN");
    }
}

/// The conclusion for 20.N.1.1 of the small table, with what an operator's database says.
fn small(addr: &str, says: Option<&[u8]>) -> Conclusion {
    let bytes = Fixture::new().bytes();
    let table = Table::parse(&bytes).unwrap();
    let extra = says.map(|record| Mmdb::parse(mmdb(record)).unwrap());
    table.locate(addr.parse().unwrap(), &[], extra.as_ref()).conclusion
}

#[test]
fn registration_alone_is_never_certain() {
    let found = small("30.1.1.1", None);
    assert_eq!(found.to_string(), "NL by registration only: not certain");
    assert_eq!((found.certain_country(), found.possible_countries()), (None, None));
    assert_eq!(found.presence(code("NL")), Presence::CannotTell);
    assert_eq!(found.presence(code("CN")), Presence::CannotTell);
    // Of a network with servers in several countries, it is not even that.
    assert_eq!(small("31.1.1.1", None), Conclusion::Unknown);
    assert_eq!(small("32.1.1.1", None), Conclusion::Anycast);
    // Nor of a range that a cloud publishes, without a region or with an unlisted one.
    assert_eq!(small("20.3.1.1", None), Conclusion::Unknown);
    assert_eq!(small("20.5.1.1", None), Conclusion::Unknown);
}

#[test]
fn zones_abroad_leave_the_country_open() {
    let found = small("20.2.1.1", None);
    assert_eq!(found.to_string(), "US or AR, CL, r-2");
    assert_eq!(found.certain_country(), None);
    assert_eq!(found.possible_countries().unwrap(), ["AR", "CL", "US"].map(code));
    assert_eq!(found.presence(code("US")), Presence::CannotTell);
    assert_eq!(found.presence(code("CL")), Presence::CannotTell);
    assert_eq!(found.presence(code("CN")), Presence::Outside);
}

#[test]
fn contradiction_is_a_conflict() {
    let found = small("20.6.1.1", None);
    assert_eq!(found, Conclusion::Conflict { countries: ["CN", "DE"].map(code).to_vec() });
    assert_eq!(found.presence(code("CN")), Presence::CannotTell);
    assert_eq!(found.presence(code("US")), Presence::CannotTell);
    let agrees = Conclusion::Country {
        country: code("US"),
        region: Some("r-7".to_owned()),
        certainty: Certainty::RegistryAgrees,
        also: Vec::new(),
    };
    assert_eq!(small("20.7.1.1", None), agrees);
}

/// A MaxMind DB (format 2.0) with one record for every IPv4 address.
fn mmdb(record: &[u8]) -> Vec<u8> {
    let text = |text: &str| [&[0x40 | u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let number = |value: u8| vec![0xa1, value];
    let long = |value: u8| vec![0xc1, value];
    // One node; both branches point to the start of the data (nodes + 16 bytes between).
    let mut out = vec![0, 0, 17, 0, 0, 17];
    out.extend([0; 16]);
    out.extend(record);
    out.extend(b"\xab\xcd\xefMaxMind.com");
    out.push(0xe0 | 9);
    for (key, value) in [
        ("node_count", long(1)),
        ("record_size", number(24)),
        ("ip_version", number(4)),
        ("database_type", text("test")),
        ("languages", vec![0x00, 0x04]),
        ("binary_format_major_version", number(2)),
        ("binary_format_minor_version", number(0)),
        ("build_epoch", vec![0x01, 0x02, 1]),
        ("description", vec![0xe0]),
    ] {
        out.extend(text(key));
        out.extend(value);
    }
    out
}

const NESTED_FR: &[u8] = b"\xe1\x47country\xe1\x48iso_code\x42FR";
const FLAT_CODE_FR: &[u8] = b"\xe1\x4ccountry_code\x42FR";
const FLAT_FR: &[u8] = b"\xe1\x47country\x42FR";
const NESTED_DE: &[u8] = b"\xe1\x47country\xe1\x48iso_code\x42DE";
const NESTED_CL: &[u8] = b"\xe1\x47country\xe1\x48iso_code\x42CL";
const ANYCAST: &[u8] = b"\xe1\x46traits\xe1\x4ais_anycast\x01\x07";
const NO_COUNTRY: &[u8] = b"\xe1\x44city\x41x";
const BAD_CODE: &[u8] = b"\xe1\x4ccountry_code\x43FRA";
const NUMBER: &[u8] = b"\xe1\x47country\xa1\x05";

#[test]
fn the_operators_database_fills_gaps_and_overrules_nothing_published() {
    let by_override = |country: &str| Conclusion::Country {
        country: code(country),
        region: None,
        certainty: Certainty::Override,
        also: Vec::new(),
    };
    for says in [NESTED_FR, FLAT_CODE_FR, FLAT_FR] {
        for addr in ["20.3.1.1", "20.5.1.1", "30.1.1.1", "31.1.1.1", "99.1.1.1"] {
            assert_eq!(small(addr, Some(says)), by_override("FR"), "{addr}");
        }
    }
    assert_eq!(by_override("FR").certain_country(), Some(code("FR")));
    let conflict = Conclusion::Conflict { countries: ["DE", "FR"].map(code).to_vec() };
    assert_eq!(small("20.1.1.1", Some(NESTED_FR)), conflict);
    assert_eq!(small("20.1.1.1", Some(NESTED_DE)), small("20.1.1.1", None));
    assert_eq!(small("20.2.1.1", Some(NESTED_CL)).certain_country(), Some(code("CL")));
    assert_eq!(small("20.2.1.1", Some(NESTED_DE)).certain_country(), None);
    assert_eq!(small("20.4.1.1", Some(NESTED_FR)), Conclusion::Anycast);
    assert_eq!(small("32.1.1.1", Some(NESTED_FR)), Conclusion::Anycast);
    assert_eq!(small("20.1.1.1", Some(ANYCAST)), Conclusion::Anycast);
    assert_eq!(small("20.1.1.1", Some(NO_COUNTRY)), small("20.1.1.1", None));
    assert_eq!(small("10.1.1.1", Some(NESTED_FR)), Conclusion::NotPublic);
}

#[test]
fn a_broken_database_lowers_and_never_panics() {
    for says in [BAD_CODE, NUMBER] {
        assert_eq!(small("20.1.1.1", Some(says)), Conclusion::Unknown);
        assert_eq!(small("30.1.1.1", Some(says)), Conclusion::Unknown);
    }
    assert!(Mmdb::parse(b"no database".to_vec()).is_err());
    let whole = mmdb(NESTED_FR);
    let table = Table::shipped().unwrap();
    for position in 0..whole.len() {
        for value in [0, 1, 0x20, 0x7f, 0x80, 0xe1, 0xff] {
            let mut changed = whole.clone();
            changed[position] = value;
            if let Ok(extra) = Mmdb::parse(changed) {
                for addr in ["52.29.63.1", "201.1.1.1", "2a05:d014::1"] {
                    let found = table.locate(addr.parse().unwrap(), &[], Some(&extra));
                    std::hint::black_box(found.certain_country());
                }
            }
        }
    }
}

#[test]
fn zones_of_a_region_stand_where_they_stand() {
    for (addr, country, region) in [
        ("15.220.120.1", "AR", "us-east-1-bue-1"),
        ("15.220.48.1", "PL", "eu-central-1-waw-1"),
        ("15.220.152.1", "DE", "eu-central-1"),
    ] {
        let found = shipped(addr);
        assert_eq!(found.certain_country(), Some(code(country)), "{addr}");
        assert_eq!(found.conclusion.to_string(), format!("{country}, {region}"));
    }
}
