//! Certificates: what they say, and whether they hold.

mod validity;

use crate::text::printable;
use creance_model::{HostName, Timestamp};
use ring::digest;
use serde::{Deserialize, Serialize};
pub use validity::{RootError, Roots, Validity, validate};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry as oids;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

/// A text of a certificate is shown with this many characters.
const SHOWN_MAX: usize = 200;
/// At most this many names of one certificate are kept.
const NAMES_MAX: usize = 256;

/// What a certificate says of itself (RFC 5280). Texts are printable and shortened to 200
/// characters; nothing in it is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// For whom it was made.
    pub subject: DistinguishedName,
    /// Who says that he made it.
    pub issuer: DistinguishedName,
    /// Its DNS names, as printable text, wildcards included; at most 256.
    pub names: Vec<String>,
    /// The first moment at which it holds.
    pub not_before: Timestamp,
    /// The last moment at which it holds.
    pub not_after: Timestamp,
    /// The kind of key: `RSA 2048`, `EC P-256`, `Ed25519`, or a dotted number.
    pub key_algorithm: String,
    /// Whether subject and issuer are the same. The signature is not looked at.
    pub self_signed: bool,
    /// The SHA-256 of the whole certificate.
    pub fingerprint: [u8; 32],
}

/// The parts of a distinguished name that people read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistinguishedName {
    /// The first common name.
    pub common_name: Option<String>,
    /// The first organisation.
    pub organisation: Option<String>,
}

impl Certificate {
    /// Reads a certificate in DER. `None` where it is none, or where bytes follow it.
    #[must_use]
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let fingerprint = digest::digest(&digest::SHA256, der);
        let validity = certificate.validity();
        let moment = |seconds| Timestamp::from_seconds(seconds, 0);
        Some(Self {
            subject: DistinguishedName::read(certificate.subject()),
            issuer: DistinguishedName::read(certificate.issuer()),
            names: dns_names(&certificate),
            not_before: moment(validity.not_before.timestamp()),
            not_after: moment(validity.not_after.timestamp()),
            key_algorithm: key_algorithm(certificate.public_key()),
            self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
            fingerprint: fingerprint.as_ref().try_into().ok()?,
        })
    }

    /// Whether one of its DNS names covers `name` (RFC 9525, 6.3): a `*` stands for the whole of
    /// the first label and for nothing else. Common names do not count.
    #[must_use]
    pub fn covers(&self, name: &HostName) -> bool {
        self.names.iter().any(|pattern| covers(pattern, name))
    }
}

impl DistinguishedName {
    fn read(name: &X509Name<'_>) -> Self {
        let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            let value = attribute.attr_value();
            match attribute.as_str() {
                Ok(text) => printable(text.as_bytes(), SHOWN_MAX),
                // A BMPString, as Microsoft's tools write, is UTF-16.
                Err(_) => printable(text_of_bmp(value.data).as_bytes(), SHOWN_MAX),
            }
        };
        Self {
            common_name: name.iter_common_name().next().map(text),
            organisation: name.iter_organization().next().map(text),
        }
    }
}

fn covers(pattern: &str, name: &HostName) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => name
            .as_str()
            .split_once('.')
            .is_some_and(|(_, rest)| parent.contains('.') && rest.eq_ignore_ascii_case(parent)),
        None => name.as_str().eq_ignore_ascii_case(pattern),
    }
}

fn dns_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(alternatives)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = alternatives.value.general_names.iter();
    names
        .filter_map(|name| {
            if let GeneralName::DNSName(name) = name {
                Some(printable(name.as_bytes(), SHOWN_MAX))
            } else {
                None
            }
        })
        .take(NAMES_MAX)
        .collect()
}

fn key_algorithm(key: &SubjectPublicKeyInfo<'_>) -> String {
    let algorithm = &key.algorithm.algorithm;
    let parameters = key.algorithm.parameters.as_ref();
    let curve = parameters.and_then(|parameters| parameters.as_oid().ok());
    if let Ok(PublicKey::RSA(rsa)) = key.parsed() {
        // The highest byte of the modulus is zero where its sign bit would else be set.
        let modulus: Vec<_> = rsa.modulus.iter().skip_while(|&&byte| byte == 0).collect();
        let spare = modulus.first().map_or(0, |byte| byte.leading_zeros());
        let bits = u32::try_from(modulus.len()).unwrap_or(0).saturating_mul(8);
        return format!("RSA {}", bits.saturating_sub(spare));
    }
    if *algorithm == oids::OID_SIG_ED25519 {
        return "Ed25519".to_owned();
    }
    match curve {
        Some(curve) if curve == oids::OID_EC_P256 => "EC P-256".to_owned(),
        Some(curve) if curve == oids::OID_NIST_EC_P384 => "EC P-384".to_owned(),
        Some(curve) if curve == oids::OID_NIST_EC_P521 => "EC P-521".to_owned(),
        Some(_) | None => printable(algorithm.to_id_string().as_bytes(), SHOWN_MAX),
    }
}

fn text_of_bmp(bytes: &[u8]) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return printable(bytes, SHOWN_MAX);
    }
    let units = pairs.iter().map(|&pair| u16::from_be_bytes(pair));
    char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests;
