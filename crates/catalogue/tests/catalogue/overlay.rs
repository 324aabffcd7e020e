//! An organisation's own entries.

use crate::{ACME, host, id, services_of, shipped};
use creance_catalogue::{Catalogue, Change, Origin, Overlaid};
use creance_model::{Category, PartyKind};

fn changed(file: &str, change: Change) -> Overlaid {
    Overlaid { file: file.to_owned(), change }
}

#[test]
fn the_shipped_catalogue_has_nothing_overlaid() {
    assert_eq!(shipped().overlaid(), []);
    let catalogue = shipped();
    assert!(catalogue.services().all(|s| s.origin == Origin::Shipped));
    assert!(catalogue.parties().all(|p| p.origin == Origin::Shipped));
}

#[test]
fn added_entries_are_counted_and_keep_what_was_there() {
    let before = shipped().services().count();
    let catalogue = shipped().overlay(&[("acme.toml", ACME)]).unwrap();
    assert_eq!(catalogue.services().count(), before + 2);
    assert_eq!(services_of(&catalogue, "active.dji.com"), ["dji.activation"]);
    let acme = "acme".parse().unwrap();
    assert_eq!(
        catalogue.overlaid(),
        [
            changed("acme.toml", Change::PartyAdded(acme)),
            changed("acme.toml", Change::ServiceAdded(id("acme.crash"))),
            changed("acme.toml", Change::ServiceAdded(id("acme.sync"))),
        ]
    );
    let service = catalogue.service(&id("acme.sync")).unwrap();
    assert_eq!(service.origin, Origin::Overlay("acme.toml".to_owned()));
}

#[test]
fn a_service_of_a_known_party_is_redefined_under_its_id() {
    let own = r#"format = 1
party = { id = "dji" }
[[service]]
id = "dji.flysafe"
name = "Zones by our proxy"
purpose = "Gives zones."
takes = ["zone-query"]
host = [{ name = "zones.example.com", grade = "A", source = "our network" }]
"#;
    let catalogue = shipped().overlay(&[("own.toml", own)]).unwrap();
    let service = catalogue.service(&id("dji.flysafe")).unwrap();
    assert_eq!(service.takes, [Category::ZoneQuery]);
    assert_eq!(service.origin, Origin::Overlay("own.toml".to_owned()));
    assert_eq!(services_of(&catalogue, "zones.example.com"), ["dji.flysafe"]);
    assert_eq!(services_of(&catalogue, "flysafe-api.dji.com"), [""; 0]);
    assert_eq!(catalogue.overlaid(), [changed("own.toml", Change::ServiceRedefined(id("dji.flysafe")))]);
}

#[test]
fn hosts_are_added_to_a_service_and_counted() {
    let own = r#"format = 1
party = { id = "dji" }
[[service]]
id = "dji.flysafe"
extends = true
host = [
    { name = "zones.example.com", grade = "A", source = "our network" },
    { name = "zones2.example.com", grade = "A", source = "our network" },
]
"#;
    let catalogue = shipped().overlay(&[("own.toml", own)]).unwrap();
    let found = catalogue.lookup(&host("zones.example.com"));
    let found = found.matches().first().unwrap();
    assert_eq!(found.service.origin, Origin::Shipped);
    assert_eq!(found.host.origin, Origin::Overlay("own.toml".to_owned()));
    assert_eq!(services_of(&catalogue, "flysafe-api.dji.com"), ["dji.flysafe"]);
    let change = Change::HostsAdded(id("dji.flysafe"), 2);
    assert_eq!(change.to_string(), "adds 2 hosts to service `dji.flysafe`");
    assert_eq!(catalogue.overlaid(), [changed("own.toml", change)]);

    let again = own.replace("zones2.example.com", "flysafe.dji.com");
    let errors = shipped().overlay(&[("own.toml", &again)]).unwrap_err();
    assert_eq!(errors.to_string(), "own.toml:3: service `dji.flysafe` has host `flysafe.dji.com` already");
    let more = own.replace("extends = true", "extends = true\ntakes = []");
    let errors = shipped().overlay(&[("own.toml", &more)]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "own.toml:6: service `dji.flysafe`, which extends another entry, knows no key `takes`"
    );
    for word in ["false", "1"] {
        let no = own.replace("extends = true", &format!("extends = {word}"));
        let errors = shipped().overlay(&[("own.toml", &no)]).unwrap_err();
        assert_eq!(errors.to_string(), "own.toml:5: `extends` is `true` or absent");
    }
}

#[test]
fn a_redefined_party_is_counted() {
    let own = "format = 1\n[party]\nid = \"dji\"\nname = \"Us\"\nkind = \"operator\"\n";
    let catalogue = shipped().overlay(&[("own.toml", own)]).unwrap();
    let dji = "dji".parse().unwrap();
    assert_eq!(catalogue.party(&dji).unwrap().kind, PartyKind::Operator);
    assert_eq!(catalogue.overlaid(), [changed("own.toml", Change::PartyRedefined(dji))]);
}

#[test]
fn overlays_add_up() {
    let own = "format = 1\nparty = { id = \"acme\" }\n[[service]]\nid = \"acme.sync\"\nextends = true\nhost = [{ name = \"b.example.net\", grade = \"B\", source = \"us\" }]\n";
    let once = Catalogue::parse(&[("acme.toml", ACME)]).unwrap();
    let twice = once.overlay(&[("own.toml", own)]).unwrap();
    assert_eq!(twice.overlaid().len(), 4);
    assert_eq!(services_of(&twice, "b.example.net"), ["acme.sync"]);
    let both = Catalogue::parse(&[("own.toml", own), ("acme.toml", ACME)]).unwrap();
    assert_eq!(both.overlaid().len(), 4);
}
