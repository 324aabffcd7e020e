//! Whether a chain of certificates holds.

use super::Certificate;
use creance_model::{HostName, Timestamp};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage};

/// Whether a chain held for a name at a moment.
///
/// It is judged by the roots that are given, which are those of today rather than of that
/// moment: [`Validity::UnknownIssuer`] therefore means "cannot be decided", not "refuted", where
/// the capture is old, or the organisation has roots of its own. Revocation is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Validity {
    /// It held.
    Valid,
    /// A certificate of the chain had expired.
    Expired,
    /// A certificate of the chain did not hold yet.
    NotYetValid,
    /// The chain held, but not for the name.
    NameMismatch,
    /// The server's certificate names itself as its issuer, and is not a root that is trusted.
    SelfSigned,
    /// No chain leads to a root that is known; cannot be decided.
    UnknownIssuer,
    /// The chain leads to a known root, but a certificate in it must not be used in this way.
    NotAllowed,
    /// A signature in the chain is wrong.
    BadSignature,
    /// There is no certificate, or one cannot be read.
    Malformed,
    /// A signature or key in the chain is of a kind that is not supported; cannot be decided.
    UnsupportedAlgorithm,
}

/// Why bytes are not a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("root certificate {index} of those given is not a certificate in DER that can be a root")]
pub struct RootError {
    /// Its place among those given, from zero.
    pub index: usize,
}

/// Roots of trust.
#[derive(Debug, Clone)]
pub struct Roots {
    anchors: Vec<TrustAnchor<'static>>,
}

impl Roots {
    /// The roots that this build carries: Mozilla's, as the crate webpki-roots has them.
    #[must_use]
    pub fn shipped() -> Self {
        Self { anchors: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
    }

    /// These roots and others, in DER: an organisation's own.
    ///
    /// # Errors
    /// Where one of them cannot be a root.
    pub fn with<'a>(mut self, extra: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, RootError> {
        for (index, der) in extra.into_iter().enumerate() {
            let der = CertificateDer::from(der);
            let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|_| RootError { index })?;
            self.anchors.push(anchor.to_owned());
        }
        Ok(self)
    }
}

/// Judges a chain, leaf first, for `name` (or for none) at the moment `at`.
#[must_use]
pub fn validate(chain: &[Vec<u8>], name: Option<&HostName>, at: Timestamp, roots: &Roots) -> Validity {
    let Some((leaf, others)) = chain.split_first() else {
        return Validity::Malformed;
    };
    let Some(says) = Certificate::parse(leaf) else {
        return Validity::Malformed;
    };
    let leaf = CertificateDer::from(leaf.as_slice());
    let others: Vec<_> = others.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    match check(&leaf, &others, name, at, roots) {
        Ok(()) => Validity::Valid,
        // Whether such a certificate may sign itself is beside the point: nobody vouches for it.
        Err(_) if says.self_signed => match at {
            _ if at > says.not_after => Validity::Expired,
            _ if at < says.not_before => Validity::NotYetValid,
            _ => Validity::SelfSigned,
        },
        Err(error) => Validity::of(&error),
    }
}

fn check(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    name: Option<&HostName>,
    at: Timestamp,
    roots: &Roots,
) -> Result<(), webpki::Error> {
    let leaf = EndEntityCert::try_from(leaf)?;
    let seconds = u64::try_from(at.seconds()).map_err(|_| webpki::Error::BadDerTime)?;
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &roots.anchors,
        others,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        KeyUsage::server_auth(),
        None,
        None,
    )?;
    let Some(name) = name else {
        return Ok(());
    };
    let name = ServerName::try_from(name.as_str()).map_err(|_| webpki::Error::MalformedDnsIdentifier)?;
    leaf.verify_is_valid_for_subject_name(&name)
}

impl Validity {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "webpki adds errors without notice; what is not understood is never valid"
    )]
    fn of(error: &webpki::Error) -> Self {
        use webpki::Error;
        match error {
            Error::CertExpired { .. } => Self::Expired,
            Error::CertNotValidYet { .. } => Self::NotYetValid,
            Error::CertNotValidForName(_) | Error::MalformedDnsIdentifier => Self::NameMismatch,
            Error::UnknownIssuer => Self::UnknownIssuer,
            Error::InvalidSignatureForPublicKey => Self::BadSignature,
            Error::CaUsedAsEndEntity
            | Error::EndEntityUsedAsCa
            | Error::RequiredEkuNotFoundContext(_)
            | Error::NameConstraintViolation
            | Error::PathLenConstraintViolated
            | Error::EmptyEkuExtension => Self::NotAllowed,
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
            | Error::UnsupportedCertVersion
            | Error::UnsupportedCriticalExtension
            | Error::UnsupportedNameType => Self::UnsupportedAlgorithm,
            _ => Self::Malformed,
        }
    }
}
