//! Arguments of `creance conformance`.

use crate::conformance::{Front, Setting};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Break {
    /// What has to become of one attempt is turned round.
    Expectation,
    /// A packet goes past the gateway.
    Packet,
}

/// What runs within a small internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageArg {
    /// The gateway and what is about it.
    World,
    /// The attempts.
    Cases,
}

#[derive(Debug, Args)]
#[command(after_help = "Nothing is sent to a real host: all runs in namespaces of their own, by \
    `creance-lab`, which lies beside this program. What counts is what passed a tap at the far end, and \
    whether the app was answered.\n\n\
    Exit status: 0 all is right; 1 something is wrong; 2 it could not be run.")]
pub(crate) struct ConformanceArgs {
    /// Try everything, not the quick selection.
    #[arg(long)]
    pub(crate) all: bool,
    /// Through these alone: run, transparent, connect, http, socks; may be repeated.
    #[arg(long, value_name = "WAY", value_delimiter = ',')]
    pub(crate) front: Vec<Front>,
    /// In these modes alone: offline, local-data, local-data-exempt, restricted, standard; may be
    /// repeated.
    #[arg(long, value_name = "MODE", value_delimiter = ',')]
    pub(crate) mode: Vec<Setting>,
    /// Run the rows about hellos against HAProxy, nginx, sniproxy and Squid as well, where they are
    /// installed, and print the table side by side.
    #[arg(long)]
    pub(crate) peers: bool,
    /// Write the table to this file as well (Markdown).
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// List the rows, and try nothing.
    #[arg(long)]
    pub(crate) list: bool,
    /// Break it on purpose, to see that it is noticed.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) sabotage: Option<Break>,
    #[arg(long, hide = true, value_enum)]
    pub(crate) stage: Option<StageArg>,
    #[arg(long, hide = true)]
    pub(crate) of: Option<PathBuf>,
}
