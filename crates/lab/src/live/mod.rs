//! A small internet that runs: servers, names and a tap, in network namespaces of its own.
//!
//! ```text
//!   station                host                               internet
//!   eth0 ---------------- lan0   COMMAND   uplink0 ---------- net0   every other address
//!   192.168.50.10         192.168.50.1     192.0.2.2          192.0.2.1
//!   fd50::10              fd50::1          2001:db8:1::2      2001:db8:1::1
//! ```
//!
//! `creance-lab internet -- COMMAND` runs a command in `host`, with the terminal it was called
//! from; `station` is there with `--lan`. Nothing leaves: no namespace has a link to the machine's
//! own network, so that what a command sends to any address of the real internet comes to a
//! server of the lab. The far end answers on all of them:
//!
//! - DNS on 53 (UDP and TCP), 853 (TLS) and `/dns-query` (HTTPS), as [`addresses`] says;
//! - TLS on [`serve::TLS_PORTS`] with certificates minted for the name in the hello by an
//!   authority made for this run; inside it HTTP/1.1, MQTT, or DNS on 853;
//! - HTTP/1.1 on [`serve::HTTP_PORTS`]: `GET /bytes/N` gives N bytes, `GET /files/NAME` a file of
//!   the folder of `--serve`, `POST /confirm` says after every 16 KiB how many bytes came, any other
//!   `POST` how many came in all;
//! - MQTT on 1883, NTRIP on 2101; on every other TCP port, and on every UDP port, what came goes
//!   back. The kernel answers pings.
//!
//! Three processes hold it: the caller's own (`launch`), the first of a process namespace
//! (`world`), and the one with the servers (`far`). Each ends when the one before is gone, however
//! that ended, and with the first of the process namespace the kernel ends everything in it.
//!
//! The command finds in its environment `CREANCE_LAB_RESOLVER` (an address), `CREANCE_LAB_CA` (a
//! file, PEM), `CREANCE_LAB_CAPTURE` (a file, with `--capture`), and what `creance-lab in` enters:
//! `CREANCE_LAB_FAR` and, with `--lan`, `CREANCE_LAB_STATION` (numbers of processes). `/run` is empty but for a Unix socket of the
//! lab's that resolves names ([`beside`]), so that no service of the machine helps it out.
//!
//! As root the namespaces belong to root, so that a gateway has what it has on a real machine; as
//! anybody else, and where root may not make them so, to a user namespace in which the caller is
//! root.

pub mod addresses;
pub mod beside;
mod config;
mod error;
mod far;
mod launch;
pub mod serve;
mod station;
mod tap;
mod world;

pub use error::LiveError;
pub use launch::internet;
pub use station::enter;

use std::process::ExitCode;

/// The stages that [`internet`] starts itself in, by name. `None` where the name is none.
#[must_use]
pub fn stage(name: &str, args: &[String]) -> Option<Result<ExitCode, LiveError>> {
    match name {
        "stage-world" => Some(world::run(args)),
        "stage-far" => Some(far::run(args)),
        "stage-station" => Some(station::hold()),
        _ => None,
    }
}
