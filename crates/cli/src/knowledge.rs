//! What the program knows: the catalogue, policies and places, with what the operator added.

use anyhow::{Context, Result, bail};
use creance_audit::{Knowledge, digest_of_files};
use creance_catalogue::{Catalogue, shipped_files};
use creance_model::ServiceId;
use creance_policy::Policies;
use creance_residency::{Mmdb, Table};
use creance_wire::certificate::Roots;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest file of the operator's that is read.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// The catalogue's files that an operator added: name and text.
type Texts = Vec<(String, String)>;

pub(crate) fn knowledge(
    overlay: Option<&Path>,
    policies: &[PathBuf],
    geo: Option<&Path>,
) -> Result<Knowledge> {
    let texts = overlay_texts(overlay)?;
    let added = overlaid(&texts)?;
    let mut files: Vec<(&str, &str)> = shipped_files().to_vec();
    files.extend(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let own = self::policies(policies)?;
    Ok(Knowledge {
        shipped_catalogue: if texts.is_empty() { None } else { Some(Catalogue::shipped()?) },
        catalogue: added,
        shipped_policies: if policies.is_empty() { None } else { Some(Policies::shipped()?) },
        policies: own,
        policy_files: policies.iter().map(|path| name_of(path)).collect(),
        geo: Table::shipped()?,
        mmdb: geo.map(mmdb).transpose()?,
        roots: Roots::shipped(),
        catalogue_sha256: digest_of_files(&files),
    })
}

pub(crate) fn catalogue(overlay: Option<&Path>) -> Result<Catalogue> {
    overlaid(&overlay_texts(overlay)?)
}

pub(crate) fn policies(files: &[PathBuf]) -> Result<Policies> {
    let mut policies = Policies::shipped()?;
    for path in files {
        let text = read_text(path)?;
        policies =
            policies.with_operator(&name_of(path), &text).with_context(|| format!("`{}`", path.display()))?;
    }
    Ok(policies)
}

/// Refuses services that the catalogue does not have: a misspelt exemption would exempt nothing, and a
/// reader of the report would take it for one.
pub(crate) fn known(catalogue: &Catalogue, services: &[ServiceId], option: &str) -> Result<()> {
    for id in services {
        if catalogue.service(id).is_none() {
            let party = id.as_str().split('.').next().unwrap_or_default();
            let near: Vec<&str> = catalogue
                .services()
                .map(|service| service.id.as_str())
                .filter(|other| other.split('.').next() == Some(party))
                .take(8)
                .collect();
            let hint = if near.is_empty() {
                "`creance catalogue list` lists all services".to_owned()
            } else {
                format!("services of `{party}`: {}", near.join(", "))
            };
            bail!("{option} {id}: the catalogue has no such service\nhint: {hint}");
        }
    }
    Ok(())
}

fn overlaid(texts: &Texts) -> Result<Catalogue> {
    let shipped = Catalogue::shipped()?;
    if texts.is_empty() {
        return Ok(shipped);
    }
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(shipped.overlay(&files)?)
}

fn overlay_texts(folder: Option<&Path>) -> Result<Texts> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let entries = fs::read_dir(folder)
        .with_context(|| format!("the catalogue folder `{}` cannot be read", folder.display()))?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("the catalogue folder `{}` cannot be read", folder.display()))?
            .path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        bail!("the catalogue folder `{}` holds no file *.toml", folder.display());
    }
    paths.iter().map(|path| Ok((name_of(path), read_text(path)?))).collect()
}

fn mmdb(path: &Path) -> Result<Mmdb> {
    check_size(path)?;
    let bytes = fs::read(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    Mmdb::parse(bytes).with_context(|| format!("`{}` is no database of places", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    check_size(path)?;
    fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))
}

fn check_size(path: &Path) -> Result<()> {
    let size = fs::metadata(path).with_context(|| format!("`{}` cannot be read", path.display()))?.len();
    if size > FILE_BYTES_MAX {
        bail!("`{}` has {size} bytes; at most {FILE_BYTES_MAX} are read", path.display());
    }
    Ok(())
}

/// A path's last part, as text.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
