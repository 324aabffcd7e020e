//! The ways into a gateway, and the modes that it is held to.

use super::zone;
use std::fmt;
use std::str::FromStr;

/// A way into a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Front {
    /// The jail of `creance run`.
    Run,
    /// A station whose packets are led to the gateway.
    Transparent,
    /// The HTTP proxy, asked to CONNECT.
    Connect,
    /// The HTTP proxy, given requests in clear.
    Http,
    /// The SOCKS5 proxy.
    Socks,
}

impl Front {
    pub(crate) const ALL: [Self; 5] = [Self::Run, Self::Transparent, Self::Connect, Self::Http, Self::Socks];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Transparent => "transparent",
            Self::Connect => "connect",
            Self::Http => "http",
            Self::Socks => "socks",
        }
    }

    /// Which proxy an app is told to take.
    pub(super) const fn proxy(self) -> Option<&'static str> {
        match self {
            Self::Run | Self::Transparent => None,
            Self::Connect => Some("connect://192.168.50.1:3128"),
            Self::Http => Some("http://192.168.50.1:3128"),
            Self::Socks => Some("socks5://192.168.50.1:1080"),
        }
    }
}

/// What a gateway is held to, with its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setting {
    /// Nothing.
    Offline,
    /// Local Data with no exemption.
    LocalData,
    /// Local Data with the listed services exempt.
    Exempt,
    /// Restricted with the listed services granted.
    Restricted,
    /// Everything.
    Standard,
}

impl Setting {
    pub(crate) const ALL: [Self; 5] =
        [Self::Offline, Self::LocalData, Self::Exempt, Self::Restricted, Self::Standard];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::LocalData => "local-data",
            Self::Exempt => "local-data-exempt",
            Self::Restricted => "restricted",
            Self::Standard => "standard",
        }
    }

    /// Whether the listed services may leave.
    pub(super) const fn has_lists(self) -> bool {
        matches!(self, Self::Exempt | Self::Restricted)
    }

    /// As arguments of `creance`.
    pub(super) fn args(self) -> Vec<String> {
        let args: &[&str] = match self {
            Self::Offline => &["--mode", "offline"],
            Self::LocalData => &["--mode", "local-data"],
            Self::Exempt => &["--mode", "local-data", "--exempt"],
            Self::Restricted => &["--mode", "restricted", "--grant"],
            Self::Standard => &["--mode", "standard"],
        };
        let mut args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        if self.has_lists() {
            args.push(zone::listed());
        }
        args
    }
}

macro_rules! words {
    ($type:ident, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text).ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|value| value.as_str()).collect();
                    format!(concat!("`{}` is no ", $what, ": {}"), text, words.join(", "))
                })
            }
        }
    };
}

words!(Front, "way in");
words!(Setting, "mode here");
