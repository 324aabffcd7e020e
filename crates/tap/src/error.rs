//! Why an interface could not be recorded.

use std::io;
use std::path::PathBuf;

/// Why an interface could not be recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TapError {
    /// There is no such interface.
    #[error("there is no interface `{0}`\nhint: `ip link` lists them")]
    NoInterface(String),
    /// Receiving all frames needs a privilege.
    #[error(
        "receiving every frame of `{0}` needs the capability CAP_NET_RAW\n\
         hint: run it with `sudo`, or give it to the program once: `sudo setcap cap_net_raw+ep \"$(command -v creance)\"`"
    )]
    NotPermitted(String),
    /// The socket.
    #[error("`{interface}` cannot be {doing}")]
    Socket {
        /// The interface.
        interface: String,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A kind of link whose frames no reader would understand.
    #[error(
        "`{interface}` is a link of kind {hardware} (ARPHRD_…), which cannot be recorded: Ethernet and bare IP can"
    )]
    Kind {
        /// The interface.
        interface: String,
        /// What the kernel calls it.
        hardware: u16,
    },
    /// The file that is there would be lost.
    #[error("`{}` is there already, and a recording is never written over\nhint: --out names another file", .0.display())]
    Exists(PathBuf),
    /// The file.
    #[error("`{}` cannot be written", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A thread.
    #[error("no thread can be started")]
    Thread(#[source] io::Error),
}
