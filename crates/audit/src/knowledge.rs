//! What an audit knows besides the capture.

use creance_catalogue::Catalogue;
use creance_policy::Policies;
use creance_residency::{Mmdb, Table};
use creance_wire::certificate::Roots;
use ring::digest;

/// What an audit knows besides the capture.
#[derive(Debug)]
pub struct Knowledge {
    /// The catalogue, overlays included.
    pub catalogue: Catalogue,
    /// The catalogue as it was shipped, where overlays changed it.
    pub shipped_catalogue: Option<Catalogue>,
    /// The policies, the operator's included.
    pub policies: Policies,
    /// The policies as they were shipped, where the operator added some.
    pub shipped_policies: Option<Policies>,
    /// The names of the files of policies that the operator added.
    pub policy_files: Vec<String>,
    /// Where addresses stand.
    pub geo: Table<'static>,
    /// The operator's own database of places.
    pub mmdb: Option<Mmdb>,
    /// Roots that certificates are judged by.
    pub roots: Roots,
    /// SHA-256 of the catalogue's files, in hexadecimal.
    pub catalogue_sha256: String,
}

/// SHA-256 of named texts, each preceded by its name and length, in hexadecimal.
#[must_use]
pub fn digest_of_files(files: &[(&str, &str)]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for (name, text) in files {
        context.update(format!("{name}\n{}\n", text.len()).as_bytes());
        context.update(text.as_bytes());
    }
    hex(context.finish().as_ref())
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
