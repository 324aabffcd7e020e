//! A jail for one app, made without root.
//!
//! The app's network has no uplink. What it sends to any address arrives at sockets that were
//! made inside and are held outside, by the process that started the jail; the rules of the
//! inner firewall lead there, and are not the wall. Four processes take part, each the same
//! program started anew:
//!
//! - the front, in the host's network, which holds the [`Wall`];
//! - the outer, which leaves the host's namespaces and waits;
//! - the first process of the jail, which lays out network and files, starts the app, reaps, and
//!   reports;
//! - the app, in a user namespace of its own, without a capability over anything of the jail's.
//!
//! When one of the first three dies, the app dies.

mod aliases;
mod app;
mod control;
mod devices;
mod environment;
mod error;
mod files;
mod filter;
mod first;
mod front;
mod gui;
mod hold;
mod ledgers;
mod network;
mod outer;
mod pins;
mod remedy;
mod root;
mod shut;
mod signals;
mod spec;
mod strays;
mod streams;

pub use error::{COULD_NOT_JAIL, JailError};
pub use front::{Ended, Jail, Wall};
pub use hold::{Held, Hold, hold};
pub use ledgers::{Known, Ledgers, LedgersError};
pub use signals::{Heard, Signals, die_as};
pub use spec::{Home, Spec, user};

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// The stages' names, as the first argument. They hold a colon, which no command does.
const OUTER: &str = "jail:outer";
const FIRST: &str = "jail:first";
const APP: &str = "jail:app";

/// The system's superuser, as the host counts.
const ROOT: u32 = 0;

/// The program that is running, also where its path is not in reach.
const SELF: &str = "/proc/self/exe";

/// Goes on with the making of a jail where this process was started for that; to be called before
/// anything else. None where it was not.
#[must_use]
pub fn stage(mut args: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let _program = args.next();
    let stage = args.next()?;
    let run = match stage.to_str()? {
        OUTER => outer::run,
        FIRST => first::run,
        APP => app::run,
        _ => return None,
    };
    let control = match control::inherited() {
        Ok(control) => control,
        Err(_) => return Some(ExitCode::from(COULD_NOT_JAIL)),
    };
    let Some(error) = spec::Spec::from_args(args).and_then(|spec| run(&spec, &control)).err() else {
        return Some(ExitCode::SUCCESS);
    };
    // Where nobody listens any more there is nobody to tell.
    let _ = control::send(&control, &control::Message::Failed(error.status(), error.to_string()), &[]);
    Some(ExitCode::from(error.status()))
}

/// A command that starts the next stage.
fn next_stage(name: &str, spec: &Spec) -> std::process::Command {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(SELF);
    command.arg0("creance").arg(OsStr::new(name)).args(spec.to_args());
    command
}
