//! Certificates of the lab's own authority.

use super::keys;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
    date_time_ymd,
};

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// 2026 and 2027: at the time of the lab's captures.
    Current,
    /// 2019 and 2020.
    Expired,
}

/// A certificate with those that vouch for it, the leaf first, in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(pub Vec<Vec<u8>>);

/// Issues certificates. The same names give the same bytes.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
}

impl Authority {
    /// The lab's authority, that nobody else trusts.
    ///
    /// # Errors
    /// Where `rcgen` refuses the fixed key or parameters, which a test would show.
    pub fn lab() -> Result<Self, rcgen::Error> {
        let key = key(keys::AUTHORITY)?;
        let mut params = params(&[], "Lab Test Authority", Validity::Current)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key)?.der().to_vec();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// The authority's own certificate, in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// A certificate for names, signed by the authority.
    ///
    /// # Errors
    /// Where a name is none that a certificate can hold.
    pub fn issue(&self, names: &[&str], validity: Validity) -> Result<Chain, rcgen::Error> {
        let subject = names.first().copied().unwrap_or("lab");
        let leaf = params(names, subject, validity)?.signed_by(&key(keys::SERVER)?, &self.issuer)?;
        Ok(Chain(vec![leaf.der().to_vec(), self.certificate.clone()]))
    }

    /// A certificate for names that only vouches for itself.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn self_signed(names: &[&str], validity: Validity) -> Result<Chain, rcgen::Error> {
        let subject = names.first().copied().unwrap_or("lab");
        let leaf = params(names, subject, validity)?.self_signed(&key(keys::SERVER)?)?;
        Ok(Chain(vec![leaf.der().to_vec()]))
    }
}

fn key(der: &[u8]) -> Result<KeyPair, rcgen::Error> {
    KeyPair::from_pkcs8_der_and_sign_algo(&der.into(), &rcgen::PKCS_ED25519)
}

fn params(names: &[&str], subject: &str, validity: Validity) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, subject);
    params.distinguished_name.push(DnType::OrganizationName, "Creance Lab (test only)");
    params.serial_number = Some(SerialNumber::from(crate::bytes::seed(subject) >> 1));
    let (from, to) = match validity {
        Validity::Current => (2026, 2027),
        Validity::Expired => (2019, 2020),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 12, 31);
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_the_same_each_time() {
        let make = || Authority::lab().unwrap().issue(&["a.example.test"], Validity::Current).unwrap();
        assert_eq!(make(), make());
        assert_eq!(make().0.len(), 2);
        let old = Authority::self_signed(&["a.example.test"], Validity::Expired).unwrap();
        assert!(old.0[0].windows(13).any(|w| w == b"201231000000Z"));
    }
}
