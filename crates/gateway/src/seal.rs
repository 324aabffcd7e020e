//! The seal: a signed statement that this installation never leaves `local-data` or `offline`.
//!
//! It lies in a folder of root's, and everything that holds an app or a station reads it from
//! there. What cannot be read or is not root's alone seals offline: it was there for a reason.

use creance_catalogue::{Catalogue, Service};
use creance_ledger::{SigningKey, VerifierKey};
use creance_model::{Mode, ServiceId};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where the seal lies. No argument and no variable names another place.
pub const SEAL: &str = "/etc/creance/seal";

/// The public key that it is signed with, beside it.
const KEY: &str = "/etc/creance/seal.pub";

/// The first line.
const HEAD: &str = "creance seal 1";

/// The longest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The loosest mode from now on: `local-data` or `offline`.
    pub mode: Mode,
    /// The only services that may be exempt, each with the hosts and ports that it had when it
    /// was sealed.
    pub exempt: BTreeMap<ServiceId, BTreeSet<String>>,
}

/// Why a seal does not let something be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The seal cannot be relied on, so that nothing may leave.
    #[error("the seal `{path}` cannot be relied on, so that nothing may leave: {why}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A looser mode was asked for.
    #[error("this installation is sealed to {sealed}: {wanted} was refused")]
    Mode {
        /// The mode of the seal.
        sealed: Mode,
        /// What was asked for.
        wanted: Mode,
    },
    /// A service was to be exempt that the seal does not list.
    #[error(
        "this installation is sealed to {sealed}, and {service} is not exempt in the seal: it was refused"
    )]
    Exempt {
        /// The mode of the seal.
        sealed: Mode,
        /// The service.
        service: ServiceId,
    },
    /// An exempt service has hosts that it had not when it was sealed.
    #[error(
        "{service} reaches `{host}`, which it did not when this installation was sealed: it was refused\n\
         hint: only the catalogue that it was sealed with, or one with fewer hosts, serves"
    )]
    Hosts {
        /// The service.
        service: ServiceId,
        /// The host, with its port.
        host: String,
    },
    /// A mode that is none to seal to.
    #[error("{0} is no mode to seal to: local-data or offline")]
    NoSuchSeal(Mode),
}

impl Seal {
    /// A seal to a mode, with the services that are exempt as the catalogue has them now.
    ///
    /// # Errors
    /// [`SealError::NoSuchSeal`], or [`SealError::Exempt`] for a service that is not there.
    pub fn new(mode: Mode, exempt: &BTreeSet<ServiceId>, catalogue: &Catalogue) -> Result<Self, SealError> {
        if !matches!(mode, Mode::Offline | Mode::LocalData) {
            return Err(SealError::NoSuchSeal(mode));
        }
        let pinned = |id: &ServiceId| match catalogue.service(id) {
            Some(service) if mode == Mode::LocalData => Ok((id.clone(), hosts(service))),
            Some(_) | None => Err(SealError::Exempt { sealed: mode, service: id.clone() }),
        };
        Ok(Self { mode, exempt: exempt.iter().map(pinned).collect::<Result<_, _>>()? })
    }

    /// The seal of this installation; none where it has none.
    ///
    /// # Errors
    /// [`SealError::Unreadable`].
    pub fn of_installation() -> Result<Option<Self>, SealError> {
        let text = match read_of_root(Path::new(SEAL)) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(why) => return Err(SealError::Unreadable { path: SEAL.into(), why }),
        };
        let wrong = |why: String| SealError::Unreadable { path: SEAL.into(), why };
        let key = read_of_root(Path::new(KEY))
            .and_then(|key| key.ok_or_else(|| "its key is missing".to_owned()))
            .map_err(|why| SealError::Unreadable { path: KEY.into(), why })?;
        let key: VerifierKey = key.trim_end().parse().map_err(|_| wrong("its key is none".to_owned()))?;
        Self::open(&text, &key).map(Some).map_err(wrong)
    }

    /// Whether a mode with these exemptions may be.
    ///
    /// # Errors
    /// What the seal does not let be.
    pub fn allows(&self, mode: Mode, exempt: &[ServiceId], catalogue: &Catalogue) -> Result<(), SealError> {
        if mode > self.mode {
            return Err(SealError::Mode { sealed: self.mode, wanted: mode });
        }
        for id in exempt {
            let unlisted = || SealError::Exempt { sealed: self.mode, service: id.clone() };
            let pinned = self.exempt.get(id).ok_or_else(unlisted)?;
            let service = catalogue.service(id).ok_or_else(unlisted)?;
            if let Some(host) = hosts(service).difference(pinned).next() {
                return Err(SealError::Hosts { service: id.clone(), host: host.clone() });
            }
        }
        Ok(())
    }

    /// As a signed note, for people and programs.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let mut text = format!("{HEAD}\nmode {}\n", self.mode);
        for (service, hosts) in &self.exempt {
            for host in hosts {
                text.push_str(&format!("exempt {service} {host}\n"));
            }
        }
        key.sign(&text)
    }

    /// Seals this installation: the key first, then the seal, each whole or not at all.
    ///
    /// # Errors
    /// Where the folder or a file cannot be written.
    pub fn put(&self, key: &SigningKey) -> io::Result<()> {
        let folder = Path::new(SEAL).parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        write_whole(Path::new(KEY), &format!("{}\n", key.verifier()))?;
        write_whole(Path::new(SEAL), &self.sign(key))?;
        File::open(folder)?.sync_all()
    }

    fn open(note: &str, key: &VerifierKey) -> Result<Self, String> {
        let text = key.open(note).map_err(|error| error.to_string())?;
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(format!("it does not begin with `{HEAD}`"));
        }
        let mode = lines.next().and_then(|line| line.strip_prefix("mode "));
        let mode: Mode = mode.and_then(|mode| mode.parse().ok()).ok_or("it has no mode")?;
        if !matches!(mode, Mode::Offline | Mode::LocalData) {
            return Err(format!("{mode} is no mode to seal to"));
        }
        let mut exempt = BTreeMap::<ServiceId, BTreeSet<String>>::new();
        for line in lines {
            let said = line.strip_prefix("exempt ").and_then(|line| line.split_once(' '));
            let (service, host) = said.ok_or_else(|| format!("`{line}` is not understood"))?;
            let service = service.parse().map_err(|_| format!("`{service}` is no service"))?;
            exempt.entry(service).or_default().insert(host.to_owned());
        }
        Ok(Self { mode, exempt })
    }
}

/// A service's hosts with their ports, one by one, as a seal lists them.
fn hosts(service: &Service) -> BTreeSet<String> {
    let one = |host: &creance_catalogue::ServiceHost| {
        let pattern = host.pattern.to_string();
        host.ports.iter().map(move |port| format!("{pattern} {port}")).collect::<Vec<_>>()
    };
    service.hosts.iter().flat_map(one).collect()
}

/// Writes a file beside its place, and puts it there.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o644).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Reads a file that nobody but root can have written, with every folder above it. None where it
/// is not there.
fn read_of_root(path: &Path) -> Result<Option<String>, String> {
    let is_roots = |found: &Metadata| found.uid() == 0 && found.permissions().mode() & 0o022 == 0;
    for folder in path.ancestors().skip(1) {
        let found = match fs::symlink_metadata(folder) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        // Where the last folder is missing there is no seal, whoever owns those above.
        if !found.is_dir() {
            return Err(format!("`{}` is no folder", folder.display()));
        }
    }
    let not_there = fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if not_there {
        return Ok(None);
    }
    for folder in path.ancestors().skip(1) {
        let found = fs::symlink_metadata(folder).map_err(|error| error.to_string())?;
        if !is_roots(&found) {
            return Err(format!("`{}` is not root's alone", folder.display()));
        }
    }
    let flags = rustix::fs::OFlags::NOFOLLOW.union(rustix::fs::OFlags::NONBLOCK).bits();
    let mut options = File::options();
    let flags = i32::try_from(flags).map_err(|error| error.to_string())?;
    let file = options.read(true).custom_flags(flags).open(path).map_err(|error| error.to_string())?;
    let found = file.metadata().map_err(|error| error.to_string())?;
    if !found.is_file() || !is_roots(&found) {
        return Err("it is no file of root's alone".to_owned());
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &str = r#"
format = 1
[party]
id = "maker"
name = "Maker"
kind = "first"
[[service]]
id = "maker.maps"
name = "Maps"
purpose = "Serves maps."
takes = ["map-query"]
host = [{ name = "maps.test", grade = "A", source = "the test" }]
[[service]]
id = "maker.logs"
name = "Logs"
purpose = "Takes logs."
takes = ["flight-log"]
host = [{ name = "logs.test", grade = "A", source = "the test" }]
"#;

    fn catalogue(text: &str) -> Catalogue {
        Catalogue::parse(&[("maker.toml", text)]).unwrap()
    }

    fn ids(ids: &[&str]) -> Vec<ServiceId> {
        ids.iter().map(|id| id.parse().unwrap()).collect()
    }

    fn seal() -> Seal {
        let exempt = ids(&["maker.maps"]).into_iter().collect();
        Seal::new(Mode::LocalData, &exempt, &catalogue(CATALOGUE)).unwrap()
    }

    #[test]
    fn a_seal_is_signed_text_that_comes_back() {
        let key = SigningKey::from_seed("creance/0011", [3; 32]).unwrap();
        let note = seal().sign(&key);
        assert!(note.starts_with(
            "creance seal 1\nmode local-data\nexempt maker.maps maps.test 443/tcp tls\n\n\u{2014} creance/0011 "
        ));
        assert_eq!(Seal::open(&note, key.verifier()), Ok(seal()));
        assert!(Seal::open(&note.replace("local-data", "offline"), key.verifier()).is_err());
        let other = SigningKey::from_seed("creance/0011", [4; 32]).unwrap();
        assert!(Seal::open(&note, other.verifier()).is_err());
        for text in [
            "creance seal 2\nmode offline\n",
            "creance seal 1\nmode standard\n",
            "creance seal 1\nmode offline\nx\n",
        ] {
            assert!(Seal::open(&key.sign(text), key.verifier()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_looser_than_the_seal_is_not_allowed() {
        let own = catalogue(CATALOGUE);
        let says = |mode, exempt: &[&str]| seal().allows(mode, &ids(exempt), &own);
        assert_eq!(says(Mode::LocalData, &[]), Ok(()));
        assert_eq!(says(Mode::LocalData, &["maker.maps"]), Ok(()));
        assert_eq!(says(Mode::Offline, &[]), Ok(()));
        assert!(matches!(says(Mode::Restricted, &[]), Err(SealError::Mode { .. })));
        assert!(matches!(says(Mode::Standard, &[]), Err(SealError::Mode { .. })));
        assert!(matches!(says(Mode::LocalData, &["maker.logs"]), Err(SealError::Exempt { .. })));
        let grown = CATALOGUE.replace(
            r#"{ name = "maps.test", grade = "A", source = "the test" }"#,
            r#"{ name = "maps.test", grade = "A", source = "the test" }, { name = "evil.test", grade = "A", source = "the test" }"#,
        );
        let grown = seal().allows(Mode::LocalData, &ids(&["maker.maps"]), &catalogue(&grown));
        assert!(matches!(grown, Err(SealError::Hosts { host, .. }) if host == "evil.test 443/tcp tls"));
        let looser = CATALOGUE.replacen(
            r#"{ name = "maps.test", "#,
            r#"{ name = "maps.test", ports = ["443/tcp name-only"], "#,
            1,
        );
        let looser = seal().allows(Mode::LocalData, &ids(&["maker.maps"]), &catalogue(&looser));
        assert!(matches!(looser, Err(SealError::Hosts { .. })), "another binding is another port");
    }

    #[test]
    fn a_seal_is_to_a_mode_that_holds_and_to_services_that_are_there() {
        let own = catalogue(CATALOGUE);
        let none = BTreeSet::new();
        assert_eq!(Seal::new(Mode::Standard, &none, &own), Err(SealError::NoSuchSeal(Mode::Standard)));
        assert!(Seal::new(Mode::LocalData, &ids(&["maker.else"]).into_iter().collect(), &own).is_err());
        assert!(Seal::new(Mode::Offline, &ids(&["maker.maps"]).into_iter().collect(), &own).is_err());
    }
}
