//! Why the small internet could not come up, or could not be trusted.

use std::io;
use std::path::{Path, PathBuf};

/// Why the small internet could not come up, or could not be trusted.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// The system makes no namespaces for the caller.
    #[error(
        "this system makes no namespaces for this user ({0})\n\nhint: allow it with `sysctl \
         kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu) or `sysctl \
         user.max_user_namespaces=10000`, or run this as root; in a container, give it CAP_SYS_ADMIN"
    )]
    Refused(io::Error),
    /// A file system could not be mounted in the namespaces.
    #[error(
        "cannot mount {what} over `{path}`\n\nhint: a container that hides parts of /proc forbids it; \
         start it with those unmasked"
    )]
    Mount {
        /// What was to be mounted.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// A program that sets up the network or listens is missing or failed.
    #[error("`{program}` {why}\n\nhint: `scripts/ensure.sh lab` installs what the lab needs")]
    Program {
        /// Its name.
        program: String,
        /// What happened.
        why: String,
    },
    /// The tap did not see everything.
    #[error("the capture is not complete: {0}")]
    Tap(String),
    /// A process of the lab ended before it should have.
    #[error("the lab's `{0}` ended before the command did")]
    Gone(&'static str),
    /// A process of the lab failed and has said why.
    #[error("the lab's `{0}` failed, as it says above")]
    Failed(&'static str),
    /// The command could not be started.
    #[error("cannot start `{command}`")]
    Command {
        /// Its first word.
        command: String,
        /// What the kernel says.
        source: io::Error,
    },
    /// Anything else that the system refused.
    #[error("{what}")]
    Io {
        /// What was tried, and on what.
        what: String,
        /// What the system says.
        source: io::Error,
    },
}

impl LiveError {
    /// Makes an error of what the system says, for `map_err`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    pub(crate) fn mount(what: &'static str, path: &Path) -> impl FnOnce(rustix::io::Errno) -> Self {
        let path = path.to_owned();
        move |errno| Self::Mount { what, path, source: errno.into() }
    }
}
