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
    /// 2000 to 2099.
    Always,
}

/// A certificate with those that vouch for it, the leaf first, in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(pub Vec<Vec<u8>>);

/// Issues certificates. The same names give the same bytes.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
    pem: String,
    server: KeyPair,
}

impl Authority {
    /// The lab's authority, that nobody else trusts.
    ///
    /// # Errors
    /// Where `rcgen` refuses the fixed key or parameters, which a test would show.
    pub fn lab() -> Result<Self, rcgen::Error> {
        Self::with(key(keys::AUTHORITY)?, key(keys::SERVER)?, Validity::Current)
    }

    /// An authority with keys of its own, made now, of a kind that every client knows (ECDSA with
    /// P-256), whose certificates are valid at any time that a machine's clock may show.
    ///
    /// # Errors
    /// Where no keys can be made.
    pub fn live() -> Result<Self, rcgen::Error> {
        Self::with(KeyPair::generate()?, KeyPair::generate()?, Validity::Always)
    }

    fn with(key: KeyPair, server: KeyPair, validity: Validity) -> Result<Self, rcgen::Error> {
        let mut params = params(&[], "Lab Test Authority", validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let made = params.self_signed(&key)?;
        let (certificate, pem) = (made.der().to_vec(), made.pem());
        Ok(Self { issuer: Issuer::new(params, key), certificate, pem, server })
    }

    /// The authority's own certificate, as programs take it from a file.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The key of all its servers, in DER (PKCS#8).
    #[must_use]
    pub fn server_key(&self) -> Vec<u8> {
        self.server.serialize_der()
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
        let leaf = params(names, subject, validity)?.signed_by(&self.server, &self.issuer)?;
        Ok(Chain(vec![leaf.der().to_vec(), self.certificate.clone()]))
    }

    /// A certificate for one name that is valid at any time. The name of its holder is a fixed one:
    /// there a long name would have no room.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn issue_live(&self, name: &str) -> Result<Chain, rcgen::Error> {
        let mut params = params(&[name], "Lab Test Server", Validity::Always)?;
        params.serial_number = Some(SerialNumber::from(crate::bytes::seed(name) >> 1));
        let leaf = params.signed_by(&self.server, &self.issuer)?;
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
        Validity::Always => (2000, 2099),
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
