use super::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// 15 June 2026, in the middle of the validity of what is made here.
const THEN: Timestamp = Timestamp::from_seconds(1_781_481_600, 0);
const YEAR_SECONDS: i64 = 31_557_600;

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

fn name(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

/// An authority, and a server's certificate that it signed.
fn issued(names: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let mut ca = params(&[]);
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name = rcgen::DistinguishedName::new();
    ca.distinguished_name.push(DnType::CommonName, "Test Root");
    let ca_key = KeyPair::generate().unwrap();
    let root = ca.self_signed(&ca_key).unwrap();
    let mut leaf = params(names);
    leaf.distinguished_name = rcgen::DistinguishedName::new();
    leaf.distinguished_name.push(DnType::CommonName, "evil\u{202e}\n");
    leaf.distinguished_name.push(DnType::OrganizationName, "Maker GmbH");
    let issuer = Issuer::new(ca, ca_key);
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
    (root.der().to_vec(), leaf.der().to_vec())
}

#[test]
fn what_a_certificate_says() {
    let (root, leaf) = issued(&["maps.test", "*.cdn.test"]);
    let says = Certificate::parse(&leaf).unwrap();
    assert_eq!(says.subject.common_name.as_deref(), Some("evil\\u{202e}\\u{a}"));
    assert_eq!(says.subject.organisation.as_deref(), Some("Maker GmbH"));
    assert_eq!(says.issuer.common_name.as_deref(), Some("Test Root"));
    assert_eq!(says.names, ["maps.test", "*.cdn.test"]);
    assert_eq!(says.not_before, Timestamp::from_seconds(1_767_225_600, 0));
    assert_eq!(says.not_after, Timestamp::from_seconds(1_798_761_600, 0));
    assert_eq!(says.key_algorithm, "EC P-256");
    assert!(!says.self_signed && Certificate::parse(&root).unwrap().self_signed);
    let digest = digest::digest(&digest::SHA256, &leaf);
    assert_eq!(says.fingerprint, digest.as_ref());
    assert_eq!(Certificate::parse(&[leaf.as_slice(), &[0]].concat()), None);
    assert_eq!(Certificate::parse(&leaf[..leaf.len() - 1]), None);
}

#[test]
fn a_wildcard_stands_for_one_label() {
    let (_, leaf) = issued(&["maps.test", "*.cdn.test", "*.test"]);
    let says = Certificate::parse(&leaf).unwrap();
    for (host, covered) in [
        ("maps.test", true),
        ("a.maps.test", false),
        ("a.cdn.test", true),
        ("a.b.cdn.test", false),
        ("cdn.test", false),
        ("other.test", false),
    ] {
        assert_eq!(says.covers(&name(host)), covered, "{host}");
    }
}

#[test]
fn chains_are_judged() {
    let (root, leaf) = issued(&["maps.test"]);
    let roots = Roots::shipped().with([root.as_slice()]).unwrap();
    let chain = [leaf];
    let host = name("maps.test");
    let judge = |name: Option<&HostName>, at| validate(&chain, name, at, &roots);
    assert_eq!(judge(Some(&host), THEN), Validity::Valid);
    assert_eq!(judge(None, THEN), Validity::Valid);
    assert_eq!(judge(Some(&name("other.test")), THEN), Validity::NameMismatch);
    let shifted = |years| Timestamp::from_seconds(THEN.seconds() + years * YEAR_SECONDS, 0);
    assert_eq!(judge(Some(&host), shifted(1)), Validity::Expired);
    assert_eq!(judge(Some(&host), shifted(-1)), Validity::NotYetValid);
    assert_eq!(validate(&chain, Some(&host), THEN, &Roots::shipped()), Validity::UnknownIssuer);
}

#[test]
fn who_vouches_for_himself_is_not_valid() {
    let key = KeyPair::generate().unwrap();
    let chain = [params(&["maps.test"]).self_signed(&key).unwrap().der().to_vec()];
    let judge = |at| validate(&chain, Some(&name("maps.test")), at, &Roots::shipped());
    assert_eq!(judge(THEN), Validity::SelfSigned);
    assert_eq!(judge(Timestamp::from_seconds(0, 0)), Validity::NotYetValid);
    assert_eq!(judge(Timestamp::from_seconds(1_800_000_000, 0)), Validity::Expired);
}

#[test]
fn a_forged_signature_is_seen() {
    let (root, leaf) = issued(&["maps.test"]);
    let (other_root, _) = issued(&["maps.test"]);
    let roots = Roots::shipped().with([other_root.as_slice()]).unwrap();
    assert_eq!(validate(std::slice::from_ref(&leaf), None, THEN, &roots), Validity::BadSignature);
    let roots = Roots::shipped().with([root.as_slice()]).unwrap();
    assert_eq!(validate(&[leaf], None, THEN, &roots), Validity::Valid);
}

#[test]
fn what_cannot_be_read_is_malformed() {
    let roots = Roots::shipped();
    assert_eq!(validate(&[], None, THEN, &roots), Validity::Malformed);
    let junk = [b"junk".to_vec()];
    assert_eq!(validate(&junk, None, THEN, &roots), Validity::Malformed);
    let error = roots.with([b"junk".as_slice()]).unwrap_err();
    assert_eq!(error, RootError { index: 0 });
}

#[test]
fn damaged_certificates_do_no_harm() {
    let (root, leaf) = issued(&["maps.test"]);
    let roots = Roots::shipped().with([root.as_slice()]).unwrap();
    let host = name("maps.test");
    crate::tls::testing::mutate(&leaf, 20_000, |der| {
        if der != leaf {
            let says = Certificate::parse(der);
            assert_ne!(says.map(|says| says.fingerprint), Some([0; 32]));
        }
    });
    crate::tls::testing::mutate(&leaf, 2_000, |der| {
        if der != leaf {
            let verdict = validate(&[der.to_vec()], Some(&host), THEN, &roots);
            assert_ne!(verdict, Validity::Valid);
        }
    });
}
