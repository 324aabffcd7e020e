//! What an app is told.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Why an app does not begin.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BehaveError(pub String);

/// What an app is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name that it asks for, or says that it asks for.
    pub host: String,
    /// The name that it really means, or a second one.
    pub other: String,
    /// The port of the server.
    pub port: u16,
    /// The way to it.
    pub via: Via,
    /// The file with the authority's certificate (PEM).
    pub ca: Option<String>,
    /// The server's address, where DNS is not to be asked.
    pub address: Option<IpAddr>,
    /// How much to send, in bytes.
    pub bytes: u64,
    /// How long to send.
    pub lasting: Option<Duration>,
    /// Who is asked for names.
    pub resolver: Option<SocketAddr>,
}

/// The way to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// By oneself.
    Direct,
    /// A SOCKS5 proxy (RFC 1928), which is told names.
    Socks(SocketAddr),
    /// An HTTP proxy: asked to CONNECT, but for requests in clear, which it is given as they are.
    Http(SocketAddr),
    /// An HTTP proxy that is asked to CONNECT for everything.
    Connect(SocketAddr),
}

/// The most seconds that an upload may last.
const SECONDS_MAX: u64 = 3600;

impl Options {
    /// Reads options, with what the environment of a small internet says for those that are absent.
    ///
    /// # Errors
    /// Where an option is unknown, or a value is none, or the environment is none of a small
    /// internet's and `--anywhere` is not said: an app must not reach real hosts by mistake.
    pub fn read(args: &[String], port: u16) -> Result<Self, BehaveError> {
        let mut options = Self {
            host: String::new(),
            other: "evil.example".into(),
            port,
            via: Via::Direct,
            ca: std::env::var("CREANCE_LAB_CA").ok(),
            address: None,
            bytes: 1000,
            lasting: None,
            resolver: resolver(),
        };
        let mut anywhere = std::env::var_os("CREANCE_LAB_RESOLVER").is_some();
        let mut rest = args.iter();
        while let Some(option) = rest.next() {
            if option == "--anywhere" {
                anywhere = true;
                continue;
            }
            let value = rest.next().ok_or_else(|| BehaveError(format!("`{option}` needs a value")))?;
            let wrong = || BehaveError(format!("`{option}`: `{value}` is no such value"));
            match option.as_str() {
                "--host" => value.clone_into(&mut options.host),
                "--other" => value.clone_into(&mut options.other),
                "--port" => options.port = value.parse().map_err(|_| wrong())?,
                "--via" => options.via = via(value).ok_or_else(wrong)?,
                "--ca" => options.ca = Some(value.clone()),
                "--address" => options.address = Some(value.parse().map_err(|_| wrong())?),
                "--bytes" => options.bytes = value.parse().map_err(|_| wrong())?,
                "--for" => {
                    let seconds = value.parse().ok().filter(|seconds| *seconds <= SECONDS_MAX);
                    options.lasting = Some(Duration::from_secs(seconds.ok_or_else(wrong)?));
                }
                "--resolver" => {
                    let address: IpAddr = value.parse().map_err(|_| wrong())?;
                    options.resolver = Some(SocketAddr::new(address, 53));
                }
                _ => return Err(BehaveError(format!("`{option}` is no option of `app`"))),
            }
        }
        if options.host.is_empty() {
            return Err(BehaveError("`--host NAME` is missing".into()));
        }
        if !anywhere {
            return Err(BehaveError(
                "this is not within a small internet, and the app would send to real hosts\n\nhint: run it by \
                 `creance-lab internet -- creance-lab app …`, or say `--anywhere`"
                    .into(),
            ));
        }
        Ok(options)
    }
}

/// `direct`, `socks5://ADDRESS:PORT`, `http://ADDRESS:PORT` or `connect://ADDRESS:PORT`.
fn via(text: &str) -> Option<Via> {
    match text.split_once("://") {
        None if text == "direct" => Some(Via::Direct),
        Some(("socks5" | "socks5h", address)) => address.trim_end_matches('/').parse().ok().map(Via::Socks),
        Some(("http", address)) => address.trim_end_matches('/').parse().ok().map(Via::Http),
        Some(("connect", address)) => address.trim_end_matches('/').parse().ok().map(Via::Connect),
        _ => None,
    }
}

/// What the environment names, else the first of `/etc/resolv.conf`.
fn resolver() -> Option<SocketAddr> {
    let named = std::env::var("CREANCE_LAB_RESOLVER").ok().and_then(|text| text.parse().ok());
    let listed = || {
        let text = std::fs::read_to_string("/etc/resolv.conf").ok()?;
        text.lines().find_map(|line| line.strip_prefix("nameserver ")?.trim().parse::<IpAddr>().ok())
    };
    named.or_else(listed).map(|address| SocketAddr::new(address, 53))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_strictly() {
        let read = |text: &str| Options::read(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), 443);
        let options =
            read("--anywhere --host a.b --via socks5://127.0.0.1:1080 --for 3 --address ::1").unwrap();
        assert_eq!(options.via, Via::Socks("127.0.0.1:1080".parse().unwrap()));
        assert_eq!((options.port, options.lasting), (443, Some(Duration::from_secs(3))));
        for wrong in [
            "--port 1",
            "--host",
            "--anywhere --host a --via ftp://1.1.1.1:1",
            "--anywhere --host a --for 9999999",
            "--anywhere --host a --x y",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
