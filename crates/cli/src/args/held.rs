//! Arguments of what holds apps and stations to a mode.

use crate::args::Lists;
use clap::{Args, Subcommand, ValueEnum};
use creance_gateway::lan::{Own, StationRule};
use creance_gateway::shell::Server;
use creance_model::{Mode, ServiceId};
use std::ffi::OsString;
use std::path::PathBuf;

/// Which home the app sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HomeArg {
    /// The user's own: what the app writes there stays, and may be run outside later.
    Shared,
    /// An empty one, thrown away at the end.
    Private,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The app has a network of its own, which leads to this program alone, and no root is \
    needed. It sees your files, but /tmp and /run are empty, programs with setuid gain nothing, and other \
    programs' sockets, processes and terminals are out of its reach. It ends when the first process of it \
    ends.\n\n\
    Exit status: that of the app, or death by the signal that the app died of; 125 it could not be jailed, \
    or the jail was ended from outside; 126 it cannot be executed; 127 there is no such app; 2 the \
    arguments are wrong."
)]
pub(crate) struct RunArgs {
    /// What may leave: offline, local-data, restricted or standard.
    #[arg(long, value_name = "MODE", default_value_t = Mode::LocalData)]
    pub(crate) mode: Mode,
    #[command(flatten)]
    pub(crate) lists: Lists,
    /// A file of the operator's own Cedar policies; may be repeated. None can undo what a mode forbids.
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// A folder of the organisation's own catalogue entries (*.toml).
    #[arg(long, value_name = "DIR")]
    pub(crate) catalogue: Option<PathBuf>,
    /// The ledger's folder; this user's own where not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: Option<PathBuf>,
    /// A server that resolves names, as ADDRESS, ADDRESS:PORT, or tls://ADDRESS#NAME for DNS over TLS;
    /// may be repeated. The system's own where not given.
    #[arg(long, value_name = "SERVER", value_delimiter = ',')]
    pub(crate) resolver: Vec<Server>,
    /// Which home the app sees: `shared` is yours, with all that it holds; `private` is an empty one
    /// that is thrown away.
    #[arg(long, value_enum, value_name = "HOME", default_value_t = HomeArg::Shared)]
    pub(crate) home: HomeArg,
    /// Let the app reach display and sound. Through X11 it can read what you type and type into other
    /// windows; through either it can reach what they can.
    #[arg(long)]
    pub(crate) gui: bool,
    /// Do not tell at the end what was let out and what was refused; the ledger has it.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// The app and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "APP")]
    pub(crate) app: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0; 2 where it could not be done, and then nothing is let through.")]
pub(crate) struct GatewayArgs {
    #[command(subcommand)]
    pub(crate) command: GatewayCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Run a gateway in the foreground, until Ctrl-C or `creance gateway down`.
    Up(Box<UpArgs>),
    /// Print the rules that drop everything, for `nft -f -`, to be loaded before the network comes up.
    Rules {
        #[command(flatten)]
        site: SiteArgs,
    },
    /// Drop everything until a gateway runs: load the rules that `rules` prints, before the network comes
    /// up. Holes of a gateway that runs are let be.
    Close {
        #[command(flatten)]
        site: SiteArgs,
    },
    /// Tell what the gateways and runs of this user do.
    Status,
    /// End the gateway of this user, and forget its mode. What is closed stays closed.
    Down,
}

#[derive(Debug, Args)]
pub(crate) struct SiteArgs {
    /// The interface on the side of the stations.
    #[arg(long, value_name = "IF")]
    pub(crate) lan: String,
    /// The interface on the side of the internet.
    #[arg(long, value_name = "IF")]
    pub(crate) uplink: String,
    /// An interface that is let be, for whoever looks after this machine; may be repeated.
    #[arg(long, value_name = "IF")]
    pub(crate) management: Vec<String>,
    /// A place that this machine itself may reach, such as its time server's 192.0.2.1:123/udp; may be
    /// repeated.
    #[arg(long, value_name = "ADDRESS:PORT/PROTOCOL")]
    pub(crate) own: Vec<Own>,
}

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) site: SiteArgs,
    /// What may leave: offline, local-data, restricted or standard.
    #[arg(long, value_name = "MODE", default_value_t = Mode::LocalData)]
    pub(crate) mode: Mode,
    #[command(flatten)]
    pub(crate) lists: Lists,
    /// A station, by its address or by that of its network card, which anyone can imitate; may be
    /// repeated. Others may do nothing.
    #[arg(long, value_name = "NAME=ADDRESS")]
    pub(crate) station: Vec<StationRule>,
    /// A file of the operator's own Cedar policies; may be repeated. None can undo what a mode forbids.
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Vec<PathBuf>,
    /// A folder of the organisation's own catalogue entries (*.toml).
    #[arg(long, value_name = "DIR")]
    pub(crate) catalogue: Option<PathBuf>,
    /// The ledger's folder; this user's own where not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: Option<PathBuf>,
    /// A server that resolves names, as ADDRESS, ADDRESS:PORT, or tls://ADDRESS#NAME for DNS over TLS;
    /// may be repeated. The system's own where not given.
    #[arg(long, value_name = "SERVER", value_delimiter = ',')]
    pub(crate) resolver: Vec<Server>,
    /// The port of the HTTP proxy for stations; 0 is none.
    #[arg(long, value_name = "PORT", default_value_t = 3128)]
    pub(crate) proxy_port: u16,
    /// The port of the SOCKS5 proxy for stations; 0 is none.
    #[arg(long, value_name = "PORT", default_value_t = 1080)]
    pub(crate) socks_port: u16,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 it holds; 1 it was not changed, or may not be; 2 nothing runs, or it does not \
    answer."
)]
pub(crate) struct ModeArgs {
    /// The mode to be; what holds is shown where not given.
    #[arg(value_name = "MODE")]
    pub(crate) mode: Option<Mode>,
    #[command(flatten)]
    pub(crate) lists: Lists,
    /// Which gateway or run, by the name that `creance mode` shows; may be left out where one runs alone.
    #[arg(long, value_name = "NAME")]
    pub(crate) at: Option<String>,
    /// Show what would stop and what would open, and change nothing.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Change without asking.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0; 1 it was not sealed; 2 it could not be.")]
pub(crate) struct SealArgs {
    /// The loosest mode from now on: local-data or offline. The seal that is there is shown where not
    /// given.
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<Mode>,
    /// A service that may be exempt from Local Data, with the hosts that it has now; may be repeated.
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    pub(crate) exempt: Vec<ServiceId>,
    /// A folder of the organisation's own catalogue entries (*.toml).
    #[arg(long, value_name = "DIR")]
    pub(crate) catalogue: Option<PathBuf>,
    /// The ledger's folder; this user's own where not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: Option<PathBuf>,
    /// Seal without asking.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Everything runs in network namespaces of its own, without root and without a link to \
    this machine's network.\n\nExit status: 0 everything was as told; 1 something was not; 2 it could \
    not be played."
)]
pub(crate) struct DemoArgs {
    /// Where the reports go; made where it is missing. An earlier demo there is replaced.
    #[arg(long, value_name = "DIR", default_value = "creance-demo")]
    pub(crate) out: PathBuf,
    /// Keep the captures and the ledger beside the reports.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Leave the last act in Standard, to see that the audit finds it.
    #[arg(long)]
    pub(crate) sabotage: bool,
    /// Play the acts: what this program calls itself with, within the small internet.
    #[arg(long, hide = true)]
    pub(crate) stage: bool,
}
