//! The socket of a gateway, in a folder that says who may use it.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

const SUFFIX: &str = "sock";

/// A gateway's socket, which goes with it.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    listener: UnixListener,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Something about a file went wrong.
    #[error("`{path}` cannot be used for the control socket")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder is another user's, or others may write to it.
    #[error(
        "the folder `{0}` for the control socket is not this user's alone: others could answer in its \
         place\nhint: remove it, or set XDG_RUNTIME_DIR to a folder of your own"
    )]
    NotOwn(PathBuf),
    /// Another process answers there.
    #[error("another gateway answers at `{0}` already\nhint: `creance gateway down` ends it")]
    Taken(PathBuf),
}

impl ControlSocket {
    /// Makes a socket in a folder, which is made where it is missing. A socket that a process
    /// left behind is put aside; one that answers is not.
    ///
    /// # Errors
    /// [`SocketError`].
    pub fn make(folder: &Path, name: &str) -> Result<Self, SocketError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |source| SocketError::File { path, source }
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail(folder))?;
        let found = fs::symlink_metadata(folder).map_err(fail(folder))?;
        let own = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
        if !own || found.permissions().mode() & 0o022 != 0 {
            return Err(SocketError::NotOwn(folder.to_owned()));
        }
        let path = folder.join(name).with_extension(SUFFIX);
        if UnixStream::connect(&path).is_ok() {
            return Err(SocketError::Taken(path));
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(&path)(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(fail(&path))?;
        // The folder keeps others out; within it the socket is for whoever may enter.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).map_err(fail(&path))?;
        listener.set_nonblocking(true).map_err(fail(&path))?;
        Ok(Self { path, listener })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The sockets in a folder at which a gateway answers, in the order of their names.
#[must_use]
pub fn running(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == SUFFIX))
        .filter(|path| UnixStream::connect(path).is_ok())
        .collect();
    paths.sort();
    paths
}
