//! What an audit is asked.

use creance_capture::Window;
use creance_model::{Jurisdiction, Mode, ServiceId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Addresses with a common start, such as `192.168.7.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    addr: IpAddr,
    prefix: u8,
}

/// A text that names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address or network; write `192.168.7.20`, `192.168.7.0/24` or `fd00:1::/64`")]
pub struct NetworkError(String);

impl Network {
    /// Whether it is wider than any site's network: less than 8 bits are given in IPv4, 16 in IPv6.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        self.prefix < if self.addr.is_ipv4() { 8 } else { 16 }
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        let (own, other, bits) = match (self.addr, addr) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()) << 96, u128::from(other.to_bits()) << 96, 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        let prefix = u32::from(self.prefix).min(bits);
        prefix == 0 || (own ^ other) >> (128 - prefix) == 0
    }
}

impl std::str::FromStr for Network {
    type Err = NetworkError;
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let read = || {
            let (addr, prefix) = match text.split_once('/') {
                Some((addr, prefix)) => (addr, Some(prefix)),
                None => (text, None),
            };
            let addr: IpAddr = addr.parse().ok()?;
            let bits = if addr.is_ipv4() { 32 } else { 128 };
            let prefix =
                prefix.map_or(Some(bits), |prefix| prefix.parse().ok().filter(|prefix| *prefix <= bits))?;
            Some(Self { addr, prefix })
        };
        read().ok_or_else(|| NetworkError(text.chars().take(80).collect()))
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.addr, self.prefix)
    }
}

/// One end of a window: a moment, or seconds from the first packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A moment.
    At(Timestamp),
    /// Nanoseconds after the first packet.
    AfterStart(u64),
}

impl Moment {
    /// The moment, given the first packet's.
    #[must_use]
    pub const fn resolve(self, first: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::AfterStart(nanos) => first.after(creance_model::Duration(nanos)),
        }
    }
}

/// A window whose ends may count from the first packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSpec {
    /// Its first moment.
    pub from: Moment,
    /// Its last moment.
    pub to: Moment,
}

/// A text that names no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no window: {why}; write `FROM..TO` with times such as `2026-03-01T10:00:00Z`, or seconds from the first packet such as `+60s..+180s`"
)]
pub struct WindowError {
    text: String,
    why: &'static str,
}

impl WindowSpec {
    /// The window, given the first packet's moment.
    #[must_use]
    pub const fn resolve(self, first: Timestamp) -> Window {
        Window { from: self.from.resolve(first), to: self.to.resolve(first) }
    }
}

impl std::str::FromStr for WindowSpec {
    type Err = WindowError;
    fn from_str(text: &str) -> Result<Self, WindowError> {
        let error = |why| WindowError { text: text.chars().take(120).collect(), why };
        let (from, to) = text.split_once("..").ok_or_else(|| error("it has no `..`"))?;
        let from = moment(from).ok_or_else(|| error("its start is no time"))?;
        let to = moment(to).ok_or_else(|| error("its end is no time"))?;
        let backward = match (from, to) {
            (Moment::At(from), Moment::At(to)) => from >= to,
            (Moment::AfterStart(from), Moment::AfterStart(to)) => from >= to,
            (Moment::At(_), Moment::AfterStart(_)) | (Moment::AfterStart(_), Moment::At(_)) => {
                return Err(error("one end is a time and the other counts from the first packet"));
            }
        };
        if backward { Err(error("it ends before it starts")) } else { Ok(Self { from, to }) }
    }
}

fn moment(text: &str) -> Option<Moment> {
    if let Some(offset) = text.strip_prefix('+') {
        let seconds: f64 = offset.strip_suffix('s').unwrap_or(offset).parse().ok()?;
        if !(0.0..1e9).contains(&seconds) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just above")]
        return Some(Moment::AfterStart((seconds * 1e9) as u64));
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok().map(|nanos| Moment::At(Timestamp(nanos)))
}

/// What an audit is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The mode that is claimed.
    pub mode: Option<Mode>,
    /// Services exempt from Local Data, each with where that comes from.
    pub exempt: BTreeMap<ServiceId, String>,
    /// Services granted in Restricted, each with where that comes from.
    pub granted: BTreeMap<ServiceId, String>,
    /// Jurisdictions that must not be contacted.
    pub forbidden_jurisdictions: BTreeSet<Jurisdiction>,
    /// Claims that decide the exit status besides those that the options above imply.
    pub claims: BTreeSet<u8>,
    /// Whether the app's verdicts decide the exit status, and not the station's.
    pub verdict_of_app: bool,
    /// The stations; empty: inferred.
    pub stations: BTreeSet<IpAddr>,
    /// Declared sinks.
    pub local: Vec<Network>,
    /// Resolvers whose answers are believed.
    pub resolvers: BTreeSet<IpAddr>,
    /// The app that is judged apart, by the name that the capture gives.
    pub app: Option<String>,
    /// The judged window.
    pub window: Option<WindowSpec>,
}

impl Question {
    /// The claims that decide the exit status.
    #[must_use]
    pub fn requested(&self) -> BTreeSet<u8> {
        let mut requested = self.claims.clone();
        match self.mode {
            Some(Mode::Offline | Mode::LocalData) => {
                requested.insert(13);
            }
            Some(Mode::Restricted) => {
                requested.insert(12);
            }
            Some(Mode::Standard) | None => {}
        }
        if !self.forbidden_jurisdictions.is_empty() {
            requested.insert(4);
        }
        requested
    }

    /// Whether an address is a declared sink.
    #[must_use]
    pub fn is_local(&self, addr: IpAddr) -> bool {
        self.local.iter().any(|network| network.contains(addr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_windows_are_read_strictly() {
        let network: Network = "192.168.7.0/24".parse().unwrap();
        assert!(network.contains("192.168.7.200".parse().unwrap()));
        assert!(!network.contains("192.168.8.1".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("8.8.8.8".parse().unwrap()));
        for bad in ["", "1.2.3", "1.2.3.4/33", "1.2.3.4/x", "host"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
        let window: WindowSpec = "+1.5s..+2".parse().unwrap();
        assert_eq!(
            window.resolve(Timestamp(10)),
            Window { from: Timestamp(1_500_000_010), to: Timestamp(2_000_000_010) }
        );
        let window: WindowSpec = "2026-03-01T10:00:00Z..2026-03-01T10:00:01Z".parse().unwrap();
        assert_eq!(window.resolve(Timestamp(0)).to.0 - window.resolve(Timestamp(0)).from.0, 1_000_000_000);
        for bad in ["", "+5..+4", "+5", "+1..2026-03-01T10:00:00Z", "x..y", "+-1..+2", "+nan..+2"] {
            assert!(bad.parse::<WindowSpec>().is_err(), "{bad}");
        }
    }
}
