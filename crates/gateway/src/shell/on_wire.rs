//! What may be on the wire now: the ends of the flows that the ledger has, for whoever watches.

use creance_ledger::FlowStarted;
use creance_model::{Endpoint, Transport};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long packets of a flow may still come after its end: the kernel repeats what was not
/// confirmed, and confirms what comes late (RFC 9293, 3.6.1, half of it on Linux).
const LASTS: Duration = Duration::from_secs(120);

/// Ends that are remembered; of more, those whose flows are over are forgotten early.
const ENDS_MAX: usize = 500_000;

/// What tells one flow from another on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ends {
    pub(crate) transport: Transport,
    pub(crate) from: Endpoint,
    pub(crate) to: Endpoint,
}

/// The ends of flows that are open, or were not long ago.
#[derive(Debug, Default)]
pub(crate) struct OnWire(Mutex<BTreeMap<Ends, Open>>);

#[derive(Debug, Clone, Copy)]
struct Open {
    /// Flows of these ends that are open: an end may be used again while the last one's lasts.
    count: u32,
    over: Option<Instant>,
}

impl OnWire {
    /// Takes up a flow, of which nothing is on the wire yet.
    pub(super) fn begin(&self, started: &FlowStarted) -> Ends {
        let ends = Ends { transport: started.transport, from: started.from, to: started.to };
        let mut known = self.lock();
        if known.len() >= ENDS_MAX {
            known.retain(|_, open| open.count > 0);
        }
        let open = known.entry(ends).or_insert(Open { count: 0, over: None });
        open.count = open.count.saturating_add(1);
        ends
    }

    /// A flow is over.
    pub(super) fn end(&self, ends: &Ends, now: Instant) {
        if let Some(open) = self.lock().get_mut(ends) {
            open.count = open.count.saturating_sub(1);
            open.over = Some(now);
        }
    }

    /// Forgets what cannot be on the wire any more.
    pub(super) fn forget(&self, now: Instant) {
        let over = |open: &Open| open.over.is_none_or(|over| now.duration_since(over) > LASTS);
        self.lock().retain(|_, open| open.count > 0 || !over(open));
    }

    /// Whether a packet between these ends is explained.
    pub(crate) fn explains(&self, ends: &Ends) -> bool {
        self.lock().contains_key(ends)
    }

    /// Whether a part of a datagram without its ports may be of one that is explained.
    pub(crate) fn explains_part(&self, from: IpAddr, to: IpAddr) -> bool {
        self.lock().keys().any(|ends| ends.from.addr == from && ends.to.addr == to)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Ends, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use creance_ledger::Binding;

    fn started(port: u16) -> FlowStarted {
        let at = |text: &str, port| Endpoint { addr: text.parse().unwrap(), port };
        FlowStarted {
            flow: 1,
            generation: 1,
            station: None,
            service: None,
            name: None,
            binding: Binding::Own,
            blinded: false,
            transport: Transport::Udp,
            from: at("192.0.2.1", port),
            to: at("192.0.2.53", 53),
        }
    }

    #[test]
    fn a_flow_is_explained_from_its_beginning_until_some_time_after_its_end() {
        let wire = OnWire::default();
        let ends = wire.begin(&started(4000));
        let other = Ends { from: started(4001).from, ..ends };
        assert!(wire.explains(&ends) && !wire.explains(&other));
        assert!(wire.explains_part(ends.from.addr, ends.to.addr));
        assert!(!wire.explains_part(ends.to.addr, ends.from.addr));
        let start = Instant::now();
        wire.begin(&started(4000));
        wire.end(&ends, start);
        wire.forget(start + LASTS * 2);
        assert!(wire.explains(&ends), "the second one is open");
        wire.end(&ends, start);
        wire.forget(start + LASTS / 2);
        assert!(wire.explains(&ends));
        wire.forget(start + LASTS * 2);
        assert!(!wire.explains(&ends) && wire.lock().is_empty());
    }
}
