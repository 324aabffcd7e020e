//! What the parser refuses, and where it says so.

use crate::ACME;
use creance_catalogue::{Catalogue, FILE_BYTES_MAX, FILES_MAX};

/// The errors of files, one per line.
fn errors_of(files: &[(&str, &str)]) -> String {
    match Catalogue::parse(files) {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    }
}

/// `ACME` with one text replaced by another, which must be there.
fn acme(from: &str, to: &str) -> String {
    assert!(ACME.contains(from), "{from}");
    ACME.replacen(from, to, 1)
}

#[test]
fn a_right_file_is_read_whole() {
    let catalogue = Catalogue::parse(&[("acme.toml", ACME)]).unwrap();
    let service = catalogue.service(&crate::id("acme.crash")).unwrap();
    assert_eq!(service.note.as_deref(), Some("Gone since 2022."));
    assert_eq!(service.status.as_str(), "retired");
    assert_eq!(service.purpose, "Takes reports of crashes.");
    let party = catalogue.party_of(service).unwrap();
    assert_eq!(party.jurisdiction.unwrap().as_str(), "SE");
    assert!(party.owns_network(64500) && !party.owns_network(15169));
    let sync = catalogue.service(&crate::id("acme.sync")).unwrap();
    assert_eq!(sync.hosts[0].last_seen.unwrap().to_string(), "2023-11-02");
    assert_eq!(sync.hosts[0].ports[0].to_string(), "443/tcp tls");
    assert_eq!(sync.hosts[1].ports[0].to_string(), "8883/tcp name-only");
    assert_eq!(sync.hosts[1].first_seen, None);
    assert!(!service.strict);
    let strict = acme("status = \"retired\"", "status = \"retired\"\nstrict = true");
    let catalogue = Catalogue::parse(&[("acme.toml", &strict)]).unwrap();
    let of = |id: &str| catalogue.service(&crate::id(id)).unwrap().strict;
    assert_eq!((of("acme.crash"), of("acme.sync")), (true, false));
}

/// A text of `ACME`, what replaces it, and the line and words of the error that follows.
const FAULTS: &[(&str, &str, usize, &str)] = &[
    ("format = 1", "format = 2", 1, "`format = 1` alone"),
    ("format = 1", "format = \"1\"", 1, "`format = 1` alone"),
    ("format = 1", "", 1, "has no `format`"),
    ("format = 1", "format = 1\nform = 2", 2, "knows no key `form`"),
    ("id = \"acme\"", "id = \"Acme\"", 4, "no party id"),
    ("kind = \"third\"", "kind = \"fourth\"", 6, "`fourth` is no kind of party"),
    ("kind = \"third\"", "", 3, "a party has no `kind`"),
    ("jurisdiction = \"SE\"", "jurisdiction = \"Sweden\"", 7, "country code"),
    ("jurisdiction", "juristiction", 7, "a party knows no key `juristiction`"),
    ("64501]", "64500]", 8, "lists 64500 twice"),
    ("64501]", "0]", 8, "`asn` lists numbers"),
    ("64501]", "4294967296]", 8, "`asn` lists numbers"),
    ("\"acme.sync\"", "\"sync\"", 11, "a service id"),
    ("\"acme.sync\"", "\"acne.sync\"", 10, "begins with `acme.`"),
    ("purpose = \"Keeps logs.\"", "", 10, "service `acme.sync` has no `purpose`"),
    ("\"Keeps logs.\"", "\"  \"", 13, "`purpose` is empty"),
    ("\"Keeps logs.\"", "\"a\\u001bb\"", 13, "not one line"),
    ("\"Keeps logs.\"", "7", 13, "`purpose` holds a text, and this is integer"),
    ("\"flight-log\"", "\"flightlog\"", 14, "`flightlog` is no category"),
    ("\"account\"]", "\"flight-log\"]", 14, "lists `flight-log` twice"),
    ("takes = [\"flight-log\", \"account\"]", "takes = \"crash\"", 14, "`takes` is a list"),
    ("\"api.example.com\"", "\"a..b\"", 17, "no empty label"),
    ("\"api.example.com\"", "\"192.0.2.1\"", 17, "numeric address"),
    ("\"api.example.com\"", "\"*.com\"", 17, "`com` is a public suffix"),
    ("\"api.example.com\"", "\"*.co.uk\"", 17, "`co.uk` is a public suffix"),
    ("\"api.example.com\"", "\"*.github.io\"", 17, "`github.io` is a public suffix"),
    ("\"api.example.com\"", "\"*.amazonaws.com\"", 17, "unrelated tenants"),
    ("\"api.example.com\"", "\"a*.example.com\"", 17, "stands only in front"),
    ("grade = \"A\"", "grade = \"D\"", 18, "`D` is none of A, B, C"),
    (
        "source = \"the maker's manual\"",
        "",
        16,
        "host `api.example.com` of service `acme.sync` has no `source`",
    ),
    ("\"2021-03\"", "\"2021-13\"", 20, "is no date"),
    ("\"2021-03\"", "\"2024\"", 16, "before it was first seen"),
    ("8883/tcp name-only", "8883/udp tls", 25, "is no port"),
    ("[\"8883/tcp name-only\"]", "[]", 25, "names no port"),
    ("80/tcp http", "443/tcp http", 37, "lists 443/tcp twice"),
    ("status = \"retired\"", "status = \"retired\"\nstrict = false", 35, "`strict` is `true` or absent"),
    ("\"retired\"", "\"dead\"", 34, "`dead` is none of active"),
    ("grade = \"A\"", "grade = \"A\"\ngrade = \"A\"", 19, "duplicate"),
    ("[party]", "[party", 3, ""),
];

#[test]
fn each_fault_is_told_with_file_and_line() {
    for (from, to, line, says) in FAULTS {
        let told = errors_of(&[("acme.toml", &acme(from, to))]);
        let place = format!("acme.toml:{line}: ");
        assert!(
            told.lines().any(|error| error.starts_with(&place) && error.contains(says)),
            "{from} -> {to}: wanted `{place}… {says}`, and got:\n{told}"
        );
    }
}

#[test]
fn the_same_host_twice_in_one_service_is_refused() {
    let twice = acme("\"*.example.com\"", "\"API.example.com.\"");
    let line = ACME.lines().count() - 1;
    assert_eq!(
        errors_of(&[("acme.toml", &twice)]),
        format!("acme.toml:{line}: service `acme.crash` lists host `api.example.com` twice")
    );
}

#[test]
fn all_errors_of_all_files_are_told_at_once() {
    let one = acme("\"crash\"", "\"crush\"").replace("[64500, 64501]", "7");
    let two = "format = 1\nservice = 3\nparty = 4\n";
    let three = "format = 1\n[party]\nid = \"none\"\nextra = [[[";
    let told = errors_of(&[("1.toml", &one), ("2.toml", two), ("3.toml", three)]);
    for place in ["1.toml:8: ", "1.toml:33: ", "2.toml:2: ", "2.toml:3: ", "3.toml:4: "] {
        assert!(told.lines().any(|error| error.starts_with(place)), "{place}\n{told}");
    }
}

#[test]
fn ids_are_defined_once_over_all_files() {
    let told = errors_of(&[("a.toml", ACME), ("b.toml", ACME)]);
    assert!(told.contains("b.toml:3: party `acme` is also at a.toml:3"), "{told}");
    assert!(told.contains("b.toml:10: service `acme.sync` is also at a.toml:10"), "{told}");
    assert!(told.contains("b.toml:29: service `acme.crash` is also at a.toml:29"), "{told}");
    assert_eq!(told.lines().count(), 3, "{told}");
}

#[test]
fn a_party_or_service_must_be_defined_somewhere() {
    let told = errors_of(&[("a.toml", "format = 1\n[party]\nid = \"acme\"\n")]);
    assert_eq!(told, "a.toml:2: party `acme` is nowhere defined; give it `name` and `kind`");
    let extending = "format = 1\n[party]\nid = \"acme\"\n[[service]]\nid = \"acme.none\"\nextends = true\nhost = [{ name = \"a.example.com\", grade = \"A\", source = \"us\" }]\n";
    let told = errors_of(&[("acme.toml", ACME), ("a.toml", extending)]);
    assert_eq!(told, "a.toml:4: service `acme.none` extends an entry that is nowhere defined");
}

#[test]
fn what_grows_is_bounded() {
    let long = "#".repeat(FILE_BYTES_MAX + 1);
    assert!(errors_of(&[("a.toml", &long)]).starts_with("a.toml:1: the file has more than"));
    let deep = format!("format = {}", "[".repeat(200_000));
    assert!(errors_of(&[("a.toml", &deep)]).starts_with("a.toml:1: "));
    let braces = format!("format = {}", "{a=".repeat(200_000));
    assert!(errors_of(&[("a.toml", &braces)]).starts_with("a.toml:1: "));
    let dotted = format!("{}a = 1", "a.".repeat(200_000));
    assert!(errors_of(&[("a.toml", &dotted)]).starts_with("a.toml:1: "));
    let wrong: String = (0..10_000).map(|n| format!("k{n} = 1\n")).collect();
    assert_eq!(errors_of(&[("a.toml", &wrong)]).lines().count(), 200);
    let many = vec![("x.toml", "format = 1\n[party]\nid = \"acme\"\n"); FILES_MAX + 1];
    assert!(errors_of(&many).contains("more than 1000 files"));
}
