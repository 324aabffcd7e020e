//! A service of the host beside the network: Unix sockets by which any process may have names
//! resolved, as nscd and systemd-resolved offer. What such a service sends for an app leaves from
//! the host itself, so that a jail has to hide it.
//!
//! A question is a name and a line feed; the answer is the name's addresses, separated by spaces,
//! and a line feed.

use super::LiveError;
use crate::dns;
use crate::live::serve::lookup;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr as InetAddr};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

/// The socket in the file system.
pub const PATH: &str = "/run/creance-lab-names.sock";
/// The socket without a file, in the host's network namespace.
pub const ABSTRACT: &str = "creance-lab-names";
/// The longest question, in bytes.
const QUESTION_BYTES_MAX: u64 = 256;

/// Listens on both, for as long as the process runs. `resolver` is asked for what it does not know.
pub(super) fn serve(resolver: &str) -> Result<(), LiveError> {
    let resolver: IpAddr =
        resolver.parse().map_err(|_| LiveError::Usage(format!("`{resolver}` is no address")))?;
    let resolver = InetAddr::new(resolver, 53);
    let path = UnixListener::bind(PATH).map_err(LiveError::io(format!("cannot listen at `{PATH}`")))?;
    let name = SocketAddr::from_abstract_name(ABSTRACT)
        .and_then(|address| UnixListener::bind_addr(&address))
        .map_err(LiveError::io(format!("cannot listen as `{ABSTRACT}`")))?;
    for listener in [path, name] {
        std::thread::spawn(move || {
            // One question at a time: nothing here is in a hurry.
            for stream in listener.incoming().flatten() {
                drop(answer(&stream, resolver));
            }
        });
    }
    Ok(())
}

fn answer(stream: &UnixStream, resolver: InetAddr) -> std::io::Result<()> {
    stream.set_read_timeout(Some(lookup::PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(QUESTION_BYTES_MAX)).read_line(&mut line)?;
    let found = lookup::ask(resolver, line.trim_end(), dns::A)?;
    let text: Vec<String> = found.iter().map(IpAddr::to_string).collect();
    let mut stream = stream;
    writeln!(stream, "{}", text.join(" "))
}
