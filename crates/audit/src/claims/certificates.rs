//! Claim 6: TLS versions and certificates.

use super::{Examine, Finding};
use crate::judged::Judged;
use crate::protection::version_name;
use crate::report::data::Table;
use creance_capture::FlowRecord;
use creance_wire::Protocol;
use creance_wire::certificate::Validity;
use std::collections::BTreeMap;

/// The oldest version that is acceptable, as on the wire: TLS 1.2 (RFC 8996).
const OLDEST: u16 = 0x0303;

/// Decides by what the audit made of each chain.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    rows: BTreeMap<(Option<u16>, &'static str), u64>,
}

impl Certificates {
    fn certificate<'j>(judged: &Judged<'j>) -> (&'static str, Finding<'j>) {
        let Some(tls) = &judged.flow.facts.tls else { return ("none seen", Finding::Apart) };
        let to = judged.to;
        if judged.flow.certificates.is_empty() {
            let why = match tls.version {
                Some(0x0304 | 0x7f00..=0x7fff) => "hidden by TLS 1.3",
                Some(_) if tls.resumed => "not sent: an earlier session was resumed",
                Some(_) => "not in the capture",
                None => "no answer of the server in the capture",
            };
            return (why, Finding::Open(format!("the certificate of {to}: {why}").into()));
        }
        let against =
            |what: &'static str| (what, Finding::Against(format!("the certificate of {to} {what}").into()));
        let open =
            |what: &'static str| (what, Finding::Open(format!("the certificate of {to} {what}").into()));
        match judged.validity {
            Some(Validity::Valid) if judged.key_proven == Some(false) => {
                against("does not fit the key that the server used")
            }
            Some(Validity::Valid) => ("valid", Finding::Agrees),
            Some(Validity::Expired) => against("had expired"),
            Some(Validity::NotYetValid) => against("did not hold yet"),
            Some(Validity::NameMismatch) => against("is for another name"),
            Some(Validity::SelfSigned) => against("is self-signed"),
            Some(Validity::NotAllowed) => against("must not be used for this"),
            Some(Validity::BadSignature) => against("has a wrong signature"),
            Some(Validity::UnknownIssuer) => open("leads to no root that is known today"),
            Some(Validity::Malformed) => open("cannot be read"),
            Some(Validity::UnsupportedAlgorithm) => open("uses an algorithm that is not supported"),
            None => open("was not judged"),
        }
    }
}

fn version(flow: &FlowRecord) -> Option<u16> {
    if flow.facts.layers.contains(&Protocol::Ssl2) {
        return Some(0x0002);
    }
    flow.facts.tls.as_ref()?.version
}

impl Examine for Certificates {
    fn number(&self) -> u8 {
        6
    }

    fn statement(&self) -> String {
        "Every TLS connection used TLS 1.2 or later, with a certificate that held for its name".into()
    }

    fn needs(&self) -> &'static str {
        "the server's answer and its certificates, which TLS 1.3 and QUIC hide from a capture; then only its keys or an interception can decide"
    }

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        if judged.flow.facts.tls.is_none() && !judged.flow.facts.layers.contains(&Protocol::Ssl2) {
            return Finding::Apart;
        }
        let version = version(judged.flow);
        let (certificate, finding) = Self::certificate(judged);
        if self.rows.len() < 500 || self.rows.contains_key(&(version, certificate)) {
            *self.rows.entry((version, certificate)).or_default() += 1;
        }
        // DTLS numbers count downwards from 0xfeff, which is 1.0.
        match version.filter(|version| *version < OLDEST || *version == 0xfeff) {
            Some(old) => Finding::Against(format!("{} was used with {}", long_name(old), judged.to).into()),
            None => finding,
        }
    }

    fn table(&self) -> Option<Table> {
        let rows = self.rows.iter().map(|((version, certificate), flows)| {
            let version = version.map_or_else(|| "not seen".to_owned(), long_name);
            vec![version, (*certificate).to_owned(), flows.to_string()]
        });
        Some(Table {
            columns: ["TLS version", "Certificate", "Flows"].map(String::from).to_vec(),
            rows: rows.collect(),
            left_out: 0,
        })
    }
}

fn long_name(version: u16) -> String {
    let name = version_name(version);
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("TLS {name}") } else { name }
}
