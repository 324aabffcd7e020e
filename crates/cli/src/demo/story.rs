//! What is played: the acts, and what the app tries in each of them.

use anyhow::{Context, Result};
use creance_model::{Mode, ServiceId};

/// An act: a mode with what it lets out.
pub(super) struct Act {
    /// Of files and folders; the mode's own name.
    pub(super) name: &'static str,
    pub(super) mode: Mode,
    /// In one line.
    pub(super) says: &'static str,
    /// The services that are granted or exempt.
    pub(super) listed: &'static [&'static str],
    /// The claim that the audit must uphold.
    pub(super) claim: Option<u8>,
}

/// In the order in which they are played; each changes the mode of the gateway that runs.
pub(super) const ACTS: [Act; 3] = [
    Act {
        name: "standard",
        mode: Mode::Standard,
        says: "everything may leave, and all of it is recorded",
        listed: &[],
        claim: None,
    },
    Act {
        name: "restricted",
        mode: Mode::Restricted,
        says: "only what is granted: map tiles and RTK corrections",
        listed: &["mapbox.tiles", "site.rtk"],
        claim: Some(12),
    },
    Act {
        name: "local-data",
        mode: Mode::LocalData,
        says: "nothing but the one exemption: map tiles",
        listed: &["mapbox.tiles"],
        claim: Some(13),
    },
];

impl Act {
    /// The option that lists services in this mode.
    pub(super) const fn option(&self) -> &'static str {
        match self.mode {
            Mode::LocalData => "--exempt",
            Mode::Offline | Mode::Restricted | Mode::Standard => "--grant",
        }
    }

    /// The services that are granted or exempt.
    pub(super) fn services(&self) -> Result<Vec<ServiceId>> {
        self.listed
            .iter()
            .map(|id| id.parse().with_context(|| format!("`{id}` is no name of a service")))
            .collect()
    }
}

/// One thing that the app tries.
pub(super) struct Attempt {
    /// In a few words.
    pub(super) what: &'static str,
    /// The behaviour of `creance-lab app`.
    pub(super) behaviour: &'static str,
    pub(super) host: &'static str,
    /// More arguments.
    pub(super) more: &'static [&'static str],
    /// Whether it goes on until it is cut off.
    pub(super) lasts: bool,
    /// The name that the far end sees where it leaves; none leaves in no mode.
    pub(super) seen: Option<&'static str>,
}

const fn once(what: &'static str, behaviour: &'static str, host: &'static str) -> Attempt {
    Attempt { what, behaviour, host, more: &[], lasts: false, seen: Some(host) }
}

/// The longest that what lasts goes on, in seconds: much longer than an act.
const LASTING: [&str; 2] = ["--for", "120"];

/// What the app tries in every act.
pub(super) const ATTEMPTS: [Attempt; 12] = [
    once("GEO zones", "https", "flysafe-api.dji.com"),
    once("map tiles", "https", "api.mapbox.com"),
    once("maps over QUIC", "quic", "maps.googleapis.com"),
    once("account", "https", "account-api.dji.com"),
    once("a crash report", "https", "sentry.djiops.com"),
    once("the map maker's telemetry", "https", "events.mapbox.com"),
    once("activation in clear", "http", "active.djicorp.com"),
    once("analytics at an address known by heart", "hard-coded", "cdp.djiservice.org"),
    Attempt { seen: Some("dns.google"), ..once("a name over HTTPS", "doh", "mydjiflight.dji.com") },
    Attempt { seen: None, ..once("bytes hidden in names", "dns-tunnel", "tunnel.example") },
    Attempt { lasts: true, more: &LASTING, ..once("RTK corrections", "ntrip", "rtk.operator.example") },
    Attempt { lasts: true, more: &LASTING, ..once("flight-log upload", "upload", "mydjiflight.dji.com") },
];

/// The operator's own entry of the catalogue: no maker lists the operator's base.
pub(super) const OVERLAY: &str = r#"format = 1

[party]
id = "site"
name = "The operator's own site"
kind = "operator"

[[service]]
id = "site.rtk"
name = "RTK corrections"
purpose = "Corrects positions, from the operator's own base."
takes = ["rtk"]
host = [
    { name = "rtk.operator.example", ports = ["2101/tcp name-only"], grade = "A", source = "the operator's own network" },
]
"#;

/// Where things stand in the lab.
pub(super) mod place {
    /// The station's addresses.
    pub(crate) const STATION: [&str; 2] = ["192.168.50.10", "fd50::10"];
    /// The interfaces of the gateway.
    pub(crate) const LAN: &str = "lan0";
    pub(crate) const UPLINK: &str = "uplink0";
    /// The gateway's address at its uplink.
    pub(crate) const GATEWAY: &str = "192.0.2.2";
    /// Whom the gateway asks for names.
    pub(crate) const RESOLVER: &str = "192.0.2.1";
    /// The far end's interface.
    pub(crate) const FAR: &str = "net0";
}
