//! The catalogue as its callers see it.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod hint;
mod lookup;
mod mutation;
mod overlay;
mod shipped;
mod strict;

use creance_catalogue::Catalogue;
use creance_model::{HostName, ServiceId};

/// A host name that is known to be one.
fn host(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

/// A service id that is known to be one.
fn id(text: &str) -> ServiceId {
    text.parse().unwrap()
}

/// The shipped catalogue.
fn shipped() -> Catalogue {
    Catalogue::shipped().unwrap_or_else(|errors| panic!("{errors}"))
}

/// The ids of the services that list a name.
fn services_of(catalogue: &Catalogue, name: &str) -> Vec<String> {
    let found = catalogue.lookup(&host(name));
    found.matches().iter().map(|found| found.service.id.to_string()).collect()
}

/// A party with two services on one host and a wildcard, in the long form of TOML.
const ACME: &str = r#"format = 1

[party]
id = "acme"
name = "Acme"
kind = "third"
jurisdiction = "SE"
asn = [64500, 64501]

[[service]]
id = "acme.sync"
name = "Sync"
purpose = "Keeps logs."
takes = ["flight-log", "account"]

[[service.host]]
name = "api.example.com"
grade = "A"
source = "the maker's manual"
first_seen = "2021-03"
last_seen = "2023-11-02"

[[service.host]]
name = "*.sync.example.com"
ports = ["8883/tcp name-only"]
grade = "B"
source = "SDK"

[[service]]
id = "acme.crash"
name = "Crash reports"
purpose = "Takes reports of crashes."
takes = ["crash"]
status = "retired"
note = "Gone since 2022."
host = [
    { name = "api.example.com", ports = ["443/tcp tls", "80/tcp http"], grade = "C", source = "list" },
    { name = "*.example.com", grade = "C", source = "list" },
]
"#;
