//! What is to be jailed, and how it is told from stage to stage.

use crate::jail::JailError;
use std::ffi::OsString;
use std::path::PathBuf;

/// Which home the app sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// The user's own.
    Shared,
    /// One that is empty and is thrown away.
    Private,
}

/// What is to be jailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The app and its arguments.
    pub app: Vec<OsString>,
    /// Its home.
    pub home: Home,
    /// Whether it may reach display and sound.
    pub gui: bool,
    /// Folders that are out of its reach: absolute, without symbolic links. Made where missing.
    pub closed: Vec<PathBuf>,
    /// Files and folders that it may read and not change: absolute, without symbolic links.
    pub kept: Vec<PathBuf>,
    /// Sockets in files that are out of its reach, where they are found: absolute.
    pub(super) covered: Vec<PathBuf>,
    /// The user, as the host counts.
    pub uid: u32,
    /// The user's group, as the host counts.
    pub gid: u32,
    /// The process that starts the jail, as the host counts.
    pub front: i32,
}

/// This process's user, as a number.
#[must_use]
pub fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

impl Spec {
    /// An app of this process's user, with the user's home and without display.
    #[must_use]
    pub fn new(app: Vec<OsString>) -> Self {
        Self {
            app,
            home: Home::Shared,
            gui: false,
            closed: Vec::new(),
            kept: Vec::new(),
            covered: Vec::new(),
            uid: user(),
            gid: rustix::process::getgid().as_raw(),
            front: rustix::process::getpid().as_raw_nonzero().get(),
        }
    }

    pub(super) fn to_args(&self) -> Vec<OsString> {
        let home = match self.home {
            Home::Shared => "shared",
            Home::Private => "private",
        };
        let mut args: Vec<OsString> = vec![home.into(), if self.gui { "gui" } else { "bare" }.into()];
        args.extend([self.uid.to_string(), self.gid.to_string(), self.front.to_string()].map(OsString::from));
        for list in [&self.closed, &self.kept, &self.covered] {
            args.push(list.len().to_string().into());
            args.extend(list.iter().map(|path| path.clone().into_os_string()));
        }
        args.extend(self.app.iter().cloned());
        args
    }

    pub(super) fn from_args(args: impl Iterator<Item = OsString>) -> Result<Self, JailError> {
        Self::read(args).ok_or_else(|| JailError::new("a stage of the jail was started with other arguments"))
    }

    fn read(mut args: impl Iterator<Item = OsString>) -> Option<Self> {
        let home = match args.next()?.to_str()? {
            "shared" => Home::Shared,
            "private" => Home::Private,
            _ => return None,
        };
        let gui = match args.next()?.to_str()? {
            "gui" => true,
            "bare" => false,
            _ => return None,
        };
        let uid = args.next()?.to_str()?.parse().ok()?;
        let gid = args.next()?.to_str()?.parse().ok()?;
        let front = args.next()?.to_str()?.parse().ok()?;
        let closed = paths(&mut args)?;
        let kept = paths(&mut args)?;
        let covered = paths(&mut args)?;
        let app: Vec<OsString> = args.collect();
        (!app.is_empty()).then_some(Self { app, home, gui, closed, kept, covered, uid, gid, front })
    }
}

fn paths(args: &mut impl Iterator<Item = OsString>) -> Option<Vec<PathBuf>> {
    let count: usize = args.next()?.to_str()?.parse().ok()?;
    let paths: Vec<PathBuf> = args.by_ref().take(count).map(PathBuf::from).collect();
    (paths.len() == count).then_some(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn what_one_stage_tells_the_next_understands() {
        let mut spec = Spec::new(vec!["app".into(), OsString::from_vec(vec![0xff, b' ']), "--".into()]);
        spec.home = Home::Private;
        spec.closed = vec!["/a b".into(), "/c".into()];
        spec.kept = vec!["/d".into()];
        spec.covered = vec!["/e".into()];
        assert_eq!(Spec::from_args(spec.to_args().into_iter()), Ok(spec.clone()));
        let short = spec.to_args().into_iter().take(6);
        assert!(Spec::from_args(short).is_err());
    }
}
