//! Resolves the names that are let out, over sockets of its own.

mod exchange;

use crate::core::Flow;
use crate::shell::desk::{Desk, OwnError};
use crate::shell::gateway::Uplink;
use crate::shell::messages::{Answered, Family};
use crate::shell::record::Recorder;
use creance_model::HostName;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_rustls::rustls::ClientConfig;

/// Names that are remembered.
const NAMES_MAX: usize = 10_000;

/// How long an answer is kept, in seconds: as it says, within these bounds.
const KEPT_SECONDS: std::ops::RangeInclusive<u32> = 5..=300;

/// Questions that are out at a time.
const ASKED_MAX: usize = 64;

/// Where names are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address and port.
    pub address: SocketAddr,
    /// The name in its certificate, where it is asked over TLS (RFC 7858).
    pub tls: Option<HostName>,
}

/// Why a text names no resolver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no resolver: an address, ADDRESS:PORT, or tls://ADDRESS[:PORT]#NAME for DNS over TLS")]
pub struct ServerError(String);

impl FromStr for Server {
    type Err = ServerError;
    fn from_str(text: &str) -> Result<Self, ServerError> {
        let wrong = || ServerError(text.chars().take(80).collect());
        let (rest, tls) = match text.strip_prefix("tls://") {
            Some(rest) => {
                let (rest, name) = rest.split_once('#').ok_or_else(wrong)?;
                (rest, Some(name.parse().map_err(|_| wrong())?))
            }
            None => (text, None),
        };
        let port = if tls.is_some() { 853 } else { 53 };
        let address = match rest.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, port),
            Err(_) => rest.parse().map_err(|_| wrong())?,
        };
        Ok(Self { address, tls })
    }
}

/// Why a name has no addresses.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ResolveError {
    /// No server answered.
    #[error("no resolver answered")]
    Silent,
    /// The question is not asked.
    #[error(transparent)]
    Own(#[from] OwnError),
}

/// Asks for names.
#[derive(Debug)]
pub(super) struct Resolver {
    desk: Arc<Desk>,
    recorder: Arc<Recorder>,
    servers: Vec<Server>,
    tls: Arc<ClientConfig>,
    known: Mutex<BTreeMap<HostName, (Vec<IpAddr>, Instant)>>,
    asked: Semaphore,
    uplink: Option<Uplink>,
}

impl Resolver {
    pub(super) fn new(
        desk: Arc<Desk>,
        recorder: Arc<Recorder>,
        servers: Vec<Server>,
        tls: Arc<ClientConfig>,
        uplink: Option<Uplink>,
    ) -> Self {
        let (known, asked) = (Mutex::default(), Semaphore::new(ASKED_MAX));
        Self { desk, recorder, servers, tls, known, asked, uplink }
    }

    /// The addresses of a name, in the order in which they are tried; none where it has none. It is
    /// asked for as long as `flow` may leave.
    pub(super) async fn addresses(&self, name: &HostName, flow: &Flow) -> Result<Vec<IpAddr>, ResolveError> {
        let Ok(_permit) = self.asked.acquire().await else { return Err(ResolveError::Silent) };
        // Another flow may have asked meanwhile.
        if let Some(known) = self.recall(name) {
            return Ok(known);
        }
        let mut last = ResolveError::Silent;
        for server in &self.servers {
            match self.ask(server, name, flow).await {
                Ok(Some((addresses, seconds))) => {
                    self.keep(name, &addresses, seconds);
                    return Ok(addresses);
                }
                Ok(None) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// What one server says; none where it does not answer, or cannot tell.
    async fn ask(
        &self,
        server: &Server,
        name: &HostName,
        flow: &Flow,
    ) -> Result<Option<(Vec<IpAddr>, u32)>, ResolveError> {
        let families = [Family::V4, Family::V6];
        let mut answers = self.exchange(server, name, flow, &families).await?;
        if answers.iter().any(|answer| matches!(answer, Some(Answered::Truncated))) {
            answers = self.exchange_stream(server, name, flow, &families).await?;
        }
        let mut addresses = Vec::new();
        let mut seconds = u32::MAX;
        let mut answered = false;
        for answer in answers.into_iter().flatten() {
            if let Answered::Addresses(found, kept) = answer {
                answered = true;
                addresses.extend(found);
                seconds = seconds.min(kept);
            }
        }
        Ok(answered.then_some((addresses, seconds)))
    }

    /// What it was told of a name a short time ago.
    pub(super) fn recall(&self, name: &HostName) -> Option<Vec<IpAddr>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).filter(|(_, until)| *until > Instant::now()).map(|(addresses, _)| addresses.clone())
    }

    fn keep(&self, name: &HostName, addresses: &[IpAddr], seconds: u32) {
        let seconds = seconds.clamp(*KEPT_SECONDS.start(), *KEPT_SECONDS.end());
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= NAMES_MAX {
            known.retain(|_, (_, until)| *until > now);
        }
        if known.len() >= NAMES_MAX {
            known.clear();
        }
        known.insert(name.clone(), (addresses.to_vec(), now + Duration::from_secs(u64::from(seconds))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_or_one_with_a_name_for_tls() {
        let plain = |text: &str| text.parse::<Server>().unwrap().address.to_string();
        assert_eq!(plain("192.0.2.53"), "192.0.2.53:53");
        assert_eq!(plain("192.0.2.53:5353"), "192.0.2.53:5353");
        assert_eq!(plain("2001:db8::53"), "[2001:db8::53]:53");
        assert_eq!(plain("[2001:db8::53]:5353"), "[2001:db8::53]:5353");
        let tls: Server = "tls://192.0.2.53#dns.example".parse().unwrap();
        assert_eq!((tls.address.port(), tls.tls.unwrap().as_str()), (853, "dns.example"));
        for wrong in ["", "dns.example", "tls://192.0.2.53", "192.0.2.53#dns.example", "192.0.2.53:x"] {
            assert!(wrong.parse::<Server>().is_err(), "{wrong}");
        }
    }
}
