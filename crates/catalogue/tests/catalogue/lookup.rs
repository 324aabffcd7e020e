//! Finding services by name and port, and what a grant opens.

use crate::{ACME, host, id, services_of, shipped};
use creance_catalogue::{Binding, Catalogue, HostPattern};
use creance_model::{Category, Transport};

fn acme() -> Catalogue {
    Catalogue::parse(&[("acme.toml", ACME)]).unwrap()
}

#[test]
fn the_exact_name_comes_before_the_longest_suffix() {
    let catalogue = acme();
    for (name, expected) in [
        ("api.example.com", vec!["acme.crash", "acme.sync"]),
        ("other.example.com", vec!["acme.crash"]),
        ("x.sync.example.com", vec!["acme.sync"]),
        ("x.y.sync.example.com", vec!["acme.sync"]),
        ("sync.example.com", vec!["acme.crash"]),
        ("x.api.example.com", vec!["acme.crash"]),
        ("example.com", vec![]),
        ("notexample.com", vec![]),
        ("com", vec![]),
        ("api.example.com.evil.test", vec![]),
    ] {
        assert_eq!(services_of(&catalogue, name), expected, "{name}");
    }
    assert_eq!(
        catalogue.lookup(&host("api.example.com")).takes(),
        [Category::FlightLog, Category::Account, Category::Crash]
    );
    assert!(!catalogue.lookup(&host("example.org")).is_known());
}

#[test]
fn a_port_that_a_service_does_not_list_is_not_its_own() {
    let catalogue = acme();
    let found = catalogue.lookup(&host("api.example.com"));
    let at = |transport, port| -> Vec<(String, Binding)> {
        found.at(transport, port).map(|(found, port)| (found.service.id.to_string(), port.binding)).collect()
    };
    assert_eq!(
        at(Transport::Tcp, 443),
        [("acme.crash".to_owned(), Binding::Tls), ("acme.sync".to_owned(), Binding::Tls)]
    );
    assert_eq!(at(Transport::Tcp, 80), [("acme.crash".to_owned(), Binding::Http)]);
    assert_eq!(at(Transport::Tcp, 22), []);
    assert_eq!(at(Transport::Udp, 443), []);
}

#[test]
fn a_grant_shows_every_category_that_it_opens() {
    let catalogue = shipped();
    let opened = catalogue.opened_by(&[id("dji.registration")]).unwrap();
    assert_eq!(opened.len(), 1);
    let at = &opened[0];
    assert_eq!(at.pattern.to_string(), "mydjiflight.dji.com");
    let also: Vec<_> = at.also.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(also, ["dji.firmware-files", "dji.flight-log-sync", "dji.geoip"]);
    assert_eq!(at.takes(), [Category::FlightLog, Category::Location, Category::DeviceId]);
}

#[test]
fn what_was_granted_is_not_listed_as_opened_besides() {
    let catalogue = acme();
    let ids = [id("acme.sync"), id("acme.crash"), id("acme.sync")];
    let opened = catalogue.opened_by(&ids).unwrap();
    let api = opened.iter().find(|at| *at.pattern == HostPattern::Exact(host("api.example.com"))).unwrap();
    assert_eq!((api.granted.len(), api.also.len()), (2, 0));
    assert_eq!(opened.len(), 3);
    assert!(catalogue.opened_by(&[]).unwrap().is_empty());
    let error = catalogue.opened_by(&[id("acme.none")]).unwrap_err();
    assert_eq!(error.to_string(), "the catalogue has no service `acme.none`");
}

#[test]
fn services_on_different_ports_of_a_host_do_not_open_each_other() {
    let apart = ACME.replace("\"443/tcp tls\", \"80/tcp http\"", "\"80/tcp http\"");
    let catalogue = Catalogue::parse(&[("acme.toml", &apart)]).unwrap();
    let opened = catalogue.opened_by(&[id("acme.sync")]).unwrap();
    assert!(opened.iter().all(|at| at.also.is_empty()));
}
