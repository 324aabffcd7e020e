//! Arguments.

#[cfg(target_os = "linux")]
mod conformance;
#[cfg(target_os = "linux")]
mod held;

use clap::{Args, Parser, Subcommand, ValueEnum};
use creance_audit::{Network, WindowSpec};
use creance_catalogue::Date;
use creance_model::{HostName, Jurisdiction, Mode, ServiceId};
use std::net::IpAddr;
use std::path::PathBuf;

#[cfg(target_os = "linux")]
pub(crate) use conformance::{Break, ConformanceArgs, StageArg};
#[cfg(target_os = "linux")]
pub(crate) use held::{
    DemoArgs, GatewayArgs, GatewayCommand, HomeArg, ModeArgs, RunArgs, SealArgs, SiteArgs, UpArgs,
};

/// Keeps a drone operator's data on a line that the operator holds.
#[derive(Debug, Parser)]
#[command(name = "creance", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell from captures what left, to whom, and whether a mode held.
    Audit(Box<AuditArgs>),
    /// Look at the catalogue of services.
    Catalogue(CatalogueArgs),
    /// Look at what the modes let out.
    Policy(PolicyArgs),
    /// Read and check the record of what was decided and what left.
    Ledger(LedgerArgs),
    /// Run an app out of which nothing leaves but what a mode lets out.
    #[cfg(target_os = "linux")]
    Run(Box<RunArgs>),
    /// Stand between stations and the internet, and let out what a mode lets out.
    #[cfg(target_os = "linux")]
    Gateway(Box<GatewayArgs>),
    /// Show the mode of what runs, or change it.
    #[cfg(target_os = "linux")]
    Mode(ModeArgs),
    /// Seal this installation: it can never be held less strictly again. There is no undo.
    #[cfg(target_os = "linux")]
    Seal(SealArgs),
    /// Record every frame of an interface, with what was lost, for `creance audit`.
    #[cfg(target_os = "linux")]
    Tap(TapArgs),
    /// Try every known way out against `run` and `gateway`, in a small internet of its own.
    #[cfg(target_os = "linux")]
    Conformance(ConformanceArgs),
    /// Play a flight in three modes, with a gateway, a tap and a small internet of its own, and audit
    /// it.
    #[cfg(target_os = "linux")]
    Demo(DemoArgs),
}

impl Command {
    /// The exit status where the command could not run.
    pub(crate) const fn could_not_run(&self) -> u8 {
        match self {
            Self::Audit(_) | Self::Catalogue(_) | Self::Policy(_) | Self::Ledger(_) => 2,
            #[cfg(target_os = "linux")]
            Self::Gateway(_) | Self::Mode(_) | Self::Seal(_) => 2,
            #[cfg(target_os = "linux")]
            Self::Tap(_) | Self::Conformance(_) | Self::Demo(_) => 2,
            // An app's own statuses begin at 0.
            #[cfg(target_os = "linux")]
            Self::Run(_) => creance_gateway::jail::COULD_NOT_JAIL,
        }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 2 where it could not record, or the interface went down or away while it \
    did: the file then holds what came before."
)]
#[cfg(target_os = "linux")]
pub(crate) struct TapArgs {
    /// The interface: a mirror port, a second box's, or the gateway's own uplink.
    #[arg(long, short, value_name = "INTERFACE")]
    pub(crate) interface: String,
    /// The file, which must not be there yet.
    #[arg(long, short, value_name = "FILE.pcapng")]
    pub(crate) out: PathBuf,
    /// End after so many seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = length)]
    pub(crate) seconds: Option<f64>,
    /// End after so many packets.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) packets: Option<u64>,
    /// Say in the file that the tap stands on the host whose traffic it shows.
    #[arg(long)]
    pub(crate) self_observed: bool,
}

/// How long to record, in seconds.
#[cfg(target_os = "linux")]
fn length(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "write seconds, such as `60`".to_owned())?;
    if seconds > 0.0 && seconds <= 1e9 { Ok(seconds) } else { Err("more than 0 and at most 1e9".to_owned()) }
}

/// Whose verdict decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// The whole station, platform background included.
    Station,
    /// The app alone.
    App,
}

/// Exit status: 0 every requested claim is upheld, or none was requested; 1 a requested claim is
/// refuted; 2 the audit could not run; 3 none is refuted, but one is inconclusive.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 every requested claim is upheld, or none was requested; \
    1 a requested claim is refuted; 2 the audit could not run; 3 none is refuted, but one is inconclusive.")]
pub(crate) struct AuditArgs {
    /// Captures: pcap or pcapng, also .gz and .zst; `-` is standard input. Several are read as parts of
    /// one recording.
    #[arg(required_unless_present = "compare", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The mode that is claimed to have held.
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<Mode>,
    /// A service that is exempt from Local Data; may be repeated.
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    pub(crate) exempt: Vec<ServiceId>,
    /// A service that was granted in Restricted; may be repeated.
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    pub(crate) grant: Vec<ServiceId>,
    /// A country that must not be contacted, by its two-letter code; may be repeated.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) forbid_jurisdiction: Vec<Jurisdiction>,
    /// A claim that counts for the exit status, by its number; may be repeated.
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=22))]
    pub(crate) claim: Vec<u8>,
    /// What is judged; what lies before and after shows that the tap was alive. Times such as
    /// `2026-03-01T10:00:00Z`, or seconds from the first packet such as `+60s..+180s`.
    #[arg(long, value_name = "FROM..TO")]
    pub(crate) window: Option<WindowSpec>,
    /// An address of the station; may be repeated. Inferred where not given.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) station: Vec<IpAddr>,
    /// An address or network whose traffic counts as stayed: the aircraft's link, the own hub. Names,
    /// proxies and tunnels have left all the same.
    #[arg(long, value_name = "NETWORK", value_delimiter = ',')]
    pub(crate) local: Vec<Network>,
    /// The station's own resolver, whose answers tie names to addresses; may be repeated.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) resolver: Vec<IpAddr>,
    /// The app that is judged apart, by the name that the capture gives it.
    #[arg(long, value_name = "NAME", conflicts_with = "baseline")]
    pub(crate) app: Option<String>,
    /// A capture of the same station without the app, so that the platform's background is known.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Vec<PathBuf>,
    /// Whose verdict decides the exit status.
    #[arg(long, value_enum, default_value_t = Subject::Station)]
    pub(crate) verdict_of: Subject,
    /// Captures to put side by side, each as NAME=FILE; two or more.
    #[arg(long, value_name = "NAME=FILE", num_args = 2.., conflicts_with = "files")]
    pub(crate) compare: Vec<String>,
    /// Where to write report.json, report.html and flows.tsv; made where it is missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A folder of the organisation's own catalogue entries (*.toml).
    #[arg(long, value_name = "DIR")]
    pub(crate) catalogue: Option<PathBuf>,
    /// A file of the operator's own Cedar policies; may be repeated. None can undo what a mode forbids.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,
    /// The folder of a gateway's ledger: every flow of the captures, taken at the gateway's uplink, must
    /// be explained by an entry of it, and the bytes must agree.
    #[arg(long, value_name = "DIR", conflicts_with = "compare")]
    pub(crate) ledger: Option<PathBuf>,
    /// A log of that ledger; may be repeated. All of them where not given.
    #[arg(long, value_name = "LOG", requires = "ledger")]
    pub(crate) log: Vec<String>,
    /// The public key of that ledger, as text or as a file of it; the one beside the logs where not
    /// given, which whoever can change the logs can change as well.
    #[arg(long, value_name = "KEY", requires = "ledger")]
    pub(crate) ledger_key: Option<String>,
    /// A checkpoint of that ledger that was kept elsewhere; may be repeated.
    #[arg(long, value_name = "FILE", requires = "ledger")]
    pub(crate) against: Vec<PathBuf>,
    /// How far the clocks of the tap and of the gateway may be apart, in seconds; 0 where the same
    /// machine made both.
    #[arg(long, value_name = "SECONDS", requires = "ledger", default_value_t = 0.0, value_parser = seconds)]
    pub(crate) clocks_within: f64,
    /// The operator's own database of places (MaxMind format).
    #[arg(long, value_name = "FILE.mmdb")]
    pub(crate) geo: Option<PathBuf>,
    /// Do not compute the SHA-256 of the inputs; the report then names them by name alone.
    #[arg(long)]
    pub(crate) no_digest: bool,
    /// Print nothing on standard output.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Seconds between the clocks of two machines; beyond a minute nothing could be told apart.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "write seconds, such as `0.005`".to_owned())?;
    if (0.0..=60.0).contains(&seconds) { Ok(seconds) } else { Err("between 0 and 60 seconds".to_owned()) }
}

#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0; 1 where `lookup` finds no such host; 2 where the catalogue or an \
    overlay is wrong, or names no such service.")]
pub(crate) struct CatalogueArgs {
    #[command(subcommand)]
    pub(crate) command: CatalogueCommand,
    /// A folder of the organisation's own catalogue entries (*.toml).
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) catalogue: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueCommand {
    /// List all services.
    List,
    /// Show a service with its hosts.
    Show {
        /// The service, such as `dji.flysafe`.
        service: ServiceId,
    },
    /// Tell whose a host is, or who may run it.
    #[command(
        after_help = "Exit status: 0 the catalogue has the host; 1 it has not; 2 it could not be read."
    )]
    Lookup {
        /// The host name.
        host: HostName,
    },
    /// Check the catalogue and the overlay, and name what is weak in them.
    #[command(
        after_help = "Exit status: 0, with warnings as well; 2 where a file is wrong, each fault with \
        its file and line."
    )]
    Check {
        /// The day of the check, such as `2026-03-01`; the newest date in the catalogue where not given.
        #[arg(long, value_name = "DATE")]
        date: Option<Date>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0; 2 where a policy, the catalogue or a name is wrong.")]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
    /// A folder of the organisation's own catalogue entries (*.toml).
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) catalogue: Option<PathBuf>,
    /// A file of the operator's own Cedar policies; may be repeated.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) policy: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print which services a mode lets out, with the policy that determined it.
    Matrix {
        /// The mode; all modes where not given.
        #[arg(long, value_name = "MODE")]
        mode: Option<Mode>,
        #[command(flatten)]
        lists: Lists,
    },
    /// Explain what each mode says of a host.
    Explain {
        /// The host name.
        host: HostName,
        #[command(flatten)]
        lists: Lists,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Lists {
    /// A service that is exempt from Local Data; may be repeated.
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    pub(crate) exempt: Vec<ServiceId>,
    /// A service that is granted in Restricted; may be repeated.
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    pub(crate) grant: Vec<ServiceId>,
}

#[derive(Debug, Args)]
pub(crate) struct LedgerArgs {
    #[command(subcommand)]
    pub(crate) command: LedgerCommand,
    /// The ledger's folder; this user's own where not given.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) ledger: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Print the last entries of a log.
    Tail {
        #[command(flatten)]
        log: LogArg,
        /// How many entries.
        #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
        entries: u64,
        /// Go on with entries as they come, until Ctrl-C.
        #[arg(long, short)]
        follow: bool,
        /// Print entries as they stand in the log, a line of JSON for each.
        #[arg(long)]
        json: bool,
    },
    /// Print a log's entries; without a log, list all logs.
    Show {
        #[command(flatten)]
        log: LogArg,
        /// The first entry, by its number.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        from: u64,
        /// The last entry, by its number.
        #[arg(long, value_name = "NUMBER")]
        to: Option<u64>,
        /// Print entries as they stand in the log, a line of JSON for each.
        #[arg(long)]
        json: bool,
    },
    /// Check all logs, or one: that no entry was changed, taken out or put in, and against
    /// checkpoints kept elsewhere that no tail was cut off and no older state put back.
    #[command(after_help = "Exit status: 0 all logs are sound; 1 one is not; 2 it could not be checked.")]
    Verify {
        #[command(flatten)]
        log: LogArg,
        /// The public key, as text or as a file of it; the ledger's own where not given, which
        /// whoever can change the logs can change as well.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// A checkpoint that was kept elsewhere; may be repeated.
        #[arg(long, value_name = "FILE")]
        against: Vec<PathBuf>,
    },
    /// Print a log's newest checkpoint, to be kept elsewhere.
    Checkpoint {
        #[command(flatten)]
        log: LogArg,
        /// Print the public key instead.
        #[arg(long)]
        key: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LogArg {
    /// The log, by its name; may be left out where there is one alone.
    #[arg(value_name = "LOG")]
    pub(crate) log: Option<String>,
}
