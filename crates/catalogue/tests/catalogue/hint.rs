//! Evidence about hosts that the catalogue does not know.

use crate::{host, shipped};
use creance_catalogue::{Hint, HintKind, probable};

fn domain_hint(name: &str) -> String {
    let hints = probable(&host(name), None, &[], None, &shipped());
    assert_eq!(hints.len(), 1);
    assert_eq!(hints[0].kind, HintKind::Domain);
    hints[0].text.clone()
}

#[test]
fn a_shared_registrable_domain_is_evidence() {
    // Counted by hand in dji.toml: names that end in .aasky.net and in .djicdn.com.
    assert_eq!(domain_hint("new.aasky.net"), "probably DJI: shares aasky.net with 2 catalogued hosts");
    assert_eq!(domain_hint("djicdn.com"), "probably DJI: shares djicdn.com with 1 catalogued host");
    assert_eq!(
        domain_hint("x.google.com"),
        "probably Google or Google (Android): shares google.com with 7 catalogued hosts"
    );
    assert_eq!(
        domain_hint("a.b.unheard-of.co.uk"),
        "registered under unheard-of.co.uk, of which the catalogue knows no host"
    );
}

#[test]
fn tenants_of_shared_domains_are_not_tied_together() {
    for (name, landlord) in [
        ("other-app.firebaseio.com", "firebaseio.com"),
        ("dji.github.io", "github.io"),
        ("dji.s3.amazonaws.com", "amazonaws.com"),
        ("storage.googleapis.com", "googleapis.com"),
        ("d111111abcdef8.cloudfront.net", "cloudfront.net"),
    ] {
        assert_eq!(
            domain_hint(name),
            format!("one of the tenants of {landlord}, who have nothing else to do with each other")
        );
    }
    assert_eq!(domain_hint("printer"), "the name ends in no registrable domain");
    assert_eq!(domain_hint("com"), "the name ends in no registrable domain");
}

#[test]
fn certificate_aliases_and_network_are_told_as_what_they_are() {
    let aliases = [
        host("new.example.com"),
        host("active.dji.com"),
        host("other.weibo.cn.w.kunlungr.com"),
        host("lb.dji.com"),
        host("a.example.net"),
    ];
    let hints = probable(
        &host("new.example.com"),
        Some("CN=*.dji.com, O=Somebody\u{202e}\n\u{1b}[31m"),
        &aliases,
        Some("Alibaba (US) Technology Co., Ltd."),
        &shipped(),
    );
    let of = |kind| -> Vec<&str> {
        let of_kind = |hint: &&Hint| hint.kind == kind;
        hints.iter().filter(of_kind).map(|hint| hint.text.as_str()).collect()
    };
    assert_eq!(of(HintKind::Domain), ["registered under example.com, of which the catalogue knows no host"]);
    let certificate = of(HintKind::Certificate);
    assert_eq!(certificate.len(), 1);
    assert!(
        certificate[0].starts_with(
            "its certificate was issued to “CN=*.dji.com, O=Somebody\u{fffd}\u{fffd}\u{fffd}[31m”; probably DJI: shares dji.com with "
        ),
        "{certificate:?}"
    );
    let alias = of(HintKind::Alias);
    assert_eq!(alias.len(), 4, "the name itself is no alias of its own");
    assert_eq!(alias[0], "DNS leads to active.dji.com, which the catalogue lists for DJI");
    assert_eq!(
        alias[1],
        "DNS leads to other.weibo.cn.w.kunlungr.com, a tenant of kunlungr.com: that tells the landlord, not the party"
    );
    assert!(alias[2].starts_with("DNS leads to lb.dji.com; probably DJI: shares dji.com"));
    assert_eq!(alias[3], "DNS leads to a.example.net, registered under example.net");
    assert_eq!(
        of(HintKind::Network),
        ["the address stands in a network of “Alibaba (US) Technology Co., Ltd.”"]
    );
}

#[test]
fn what_strangers_wrote_is_bounded() {
    let aliases: Vec<_> = (0..1000).map(|n| host(&format!("a{n}.example.net"))).collect();
    let long = "x".repeat(100_000);
    let hints = probable(&host("a.example.com"), Some(&long), &aliases, Some(&long), &shipped());
    assert_eq!(hints.len(), 19);
    assert!(hints.iter().all(|hint| hint.text.len() < 600));
    assert!(hints.is_sorted_by_key(|hint| hint.kind));
}
