//! Signatures made with the key of a certificate.

use ring::signature as algorithms;
use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::oid_registry as oids;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A family of signatures with its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    RsaSha1,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
    PssSha256,
    PssSha384,
    PssSha512,
    Ed25519,
}

impl Scheme {
    /// From its number in TLS 1.2 (RFC 5246, 7.4.1.4.1; RFC 8446, 4.2.3).
    pub(crate) const fn of_tls(number: u16) -> Option<Self> {
        Some(match number {
            0x0201 => Self::RsaSha1,
            0x0401 => Self::RsaSha256,
            0x0501 => Self::RsaSha384,
            0x0601 => Self::RsaSha512,
            0x0403 => Self::EcdsaSha256,
            0x0503 => Self::EcdsaSha384,
            0x0804 => Self::PssSha256,
            0x0805 => Self::PssSha384,
            0x0806 => Self::PssSha512,
            0x0807 => Self::Ed25519,
            _ => return None,
        })
    }

    fn algorithm(self, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, key) {
            (Self::RsaSha1, KeyKind::Rsa) => &algorithms::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Self::RsaSha256, KeyKind::Rsa) => &algorithms::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            (Self::RsaSha384, KeyKind::Rsa) => &algorithms::RSA_PKCS1_2048_8192_SHA384,
            (Self::RsaSha512, KeyKind::Rsa) => &algorithms::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            (Self::PssSha256, KeyKind::Rsa) => &algorithms::RSA_PSS_2048_8192_SHA256,
            (Self::PssSha384, KeyKind::Rsa) => &algorithms::RSA_PSS_2048_8192_SHA384,
            (Self::PssSha512, KeyKind::Rsa) => &algorithms::RSA_PSS_2048_8192_SHA512,
            (Self::EcdsaSha256, KeyKind::P256) => &algorithms::ECDSA_P256_SHA256_ASN1,
            (Self::EcdsaSha384, KeyKind::P256) => &algorithms::ECDSA_P256_SHA384_ASN1,
            (Self::EcdsaSha256, KeyKind::P384) => &algorithms::ECDSA_P384_SHA256_ASN1,
            (Self::EcdsaSha384, KeyKind::P384) => &algorithms::ECDSA_P384_SHA384_ASN1,
            (Self::Ed25519, KeyKind::Ed25519) => &algorithms::ED25519,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl KeyKind {
    fn of(key: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let algorithm = &key.algorithm.algorithm;
        if *algorithm == oids::OID_PKCS1_RSAENCRYPTION {
            return Some(Self::Rsa);
        }
        if *algorithm == oids::OID_SIG_ED25519 {
            return Some(Self::Ed25519);
        }
        let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
        if *algorithm != oids::OID_KEY_TYPE_EC_PUBLIC_KEY {
            None
        } else if curve == oids::OID_EC_P256 {
            Some(Self::P256)
        } else if curve == oids::OID_NIST_EC_P384 {
            Some(Self::P384)
        } else {
            None
        }
    }
}

/// Whether `signature` over `message` was made with the key of the certificate `der`. `None`
/// where the certificate cannot be read, or key and scheme are not a pair that is supported.
pub(crate) fn verify_with_certificate(
    der: &[u8],
    scheme: Scheme,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(der).ok()?;
    let key = certificate.public_key();
    let algorithm = scheme.algorithm(KeyKind::of(key)?)?;
    let key = UnparsedPublicKey::new(algorithm, &key.subject_public_key.data);
    Some(key.verify(message, signature).is_ok())
}
