//! What may be on the wire now: the ends of the flows that the ledger has, for whoever watches; and
//! what was seen of them there, held against the ledger's own figures.
//!
//! An end may be used again, so that figures are added up for all flows between the same two ends
//! while they are remembered. What the ledger says of a flow is final when it ends, and never less
//! than what was handed to the wire by then: more on the wire is not the flow's.

mod sent;

pub(crate) use sent::Left;

use crate::shell::desk::Control;
use creance_ledger::FlowStarted;
use creance_model::{Endpoint, Transport};
use sent::Sent;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long packets of a flow may still come after its end: the kernel repeats what was not
/// confirmed, and confirms what comes late (RFC 9293, 3.6.1, half of it on Linux).
const LASTS: Duration = Duration::from_secs(120);

/// Ends that are remembered; of more, those whose flows were over first are forgotten early.
const ENDS_MAX: usize = 500_000;

/// How many are forgotten then at once.
const FORGOTTEN_AT_ONCE: usize = ENDS_MAX / 16;

/// How long after the end of a flow its figures are compared: what left before it has been seen by
/// then.
const COMPARED_AFTER: Duration = Duration::from_secs(2);

/// How long more may be on the wire of an open flow than is known that it was given: it is counted
/// right after it was given.
const GIVEN_WITHIN: Duration = Duration::from_secs(3);

/// What tells one flow from another on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ends {
    pub(crate) transport: Transport,
    pub(crate) from: Endpoint,
    pub(crate) to: Endpoint,
}

/// The ends of flows that are open, or were not long ago.
#[derive(Debug, Default)]
pub(crate) struct OnWire(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    ends: HashMap<Ends, Open>,
    /// How many of them are between the same two addresses, for parts of datagrams, which have no
    /// ports.
    addresses: HashMap<(IpAddr, IpAddr), usize>,
    /// Those whose flows are over, in the order in which they were.
    over: VecDeque<(Instant, Ends)>,
    /// Whether somebody watches. Then also what is to be compared, and when.
    watched: bool,
    due: VecDeque<(Instant, Ends)>,
    doubted: VecDeque<(Instant, Ends, u64)>,
    sums: Sums,
}

/// What was compared so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Flows that ended and whose bytes were compared.
    pub(crate) flows: u64,
    /// Payload of all flows that was seen to leave, each byte once.
    pub(crate) bytes: u64,
    /// Times that less left between two ends than the ledger says: it was dropped on its way to
    /// the link, or not seen.
    pub(crate) fewer: u64,
}

#[derive(Debug)]
struct Open {
    /// Flows of these ends that are open: an end may be used again while the last one's lasts.
    count: u32,
    over: Option<Instant>,
    /// The number of the last of them.
    flow: u64,
    /// How many there were, and how many of them have ended and were not compared.
    flows: u32,
    to_compare: u32,
    /// What the ledger says that left of those that have ended; none where it does not know.
    told: Option<u64>,
    /// What the last one was given so far, where that is counted.
    given: Option<Arc<Control>>,
    sent: Sent,
    /// Whether more than the ledger says is in doubt, and whether that was told.
    doubted: bool,
    is_told: bool,
}

/// What is not as the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Nothing explains a packet between these ends.
    Unexplained,
    /// More left than the ledger says.
    More {
        /// The flow, or the last of several.
        flow: u64,
        ends: Ends,
        /// Payload that left, each byte once, and what the ledger has of it, in bytes.
        left: u64,
        told: u64,
    },
    /// A connection was opened between ends whose flows had theirs.
    Again { flow: u64, ends: Ends },
}

impl OnWire {
    /// Takes up a flow, of which nothing is on the wire yet.
    pub(super) fn begin(&self, flow: u64, started: &FlowStarted, given: Option<&Arc<Control>>) -> Ends {
        let ends = Ends { transport: started.transport, from: started.from, to: started.to };
        let mut known = self.lock();
        if known.ends.len() >= ENDS_MAX {
            known.forget_first(FORGOTTEN_AT_ONCE);
        }
        let Known { ends: all, addresses, .. } = &mut *known;
        let open = all.entry(ends).or_insert_with(|| {
            *addresses.entry(ends.addresses()).or_default() += 1;
            Open::new()
        });
        open.count = open.count.saturating_add(1);
        open.flows = open.flows.saturating_add(1);
        open.flow = flow;
        open.given = given.map(Arc::clone);
        ends
    }

    /// A flow is over, of which so much left by the ledger.
    pub(super) fn end(&self, ends: &Ends, up: Option<u64>, now: Instant) {
        let mut known = self.lock();
        let Some(open) = known.ends.get_mut(ends) else { return };
        open.count = open.count.saturating_sub(1);
        open.over = Some(now);
        open.to_compare = open.to_compare.saturating_add(1);
        open.told = open.told.zip(up).map(|(told, up)| told.saturating_add(up));
        if open.count > 0 {
            return;
        }
        open.given = None;
        known.over.push_back((now, *ends));
        if known.watched {
            known.due.push_back((now + COMPARED_AFTER, *ends));
        }
    }

    /// Forgets what cannot be on the wire any more.
    pub(super) fn forget(&self, now: Instant) {
        let mut known = self.lock();
        let passed = |(over, _): &(Instant, Ends)| now.duration_since(*over) > LASTS;
        let count = known.over.iter().take_while(|over| passed(over)).count();
        known.forget_first(count);
    }

    /// From now on packets are told.
    pub(crate) fn watch(&self) {
        self.lock().watched = true;
    }

    /// Packets were missed: what is known of the flows of now is not all, and a place in a
    /// connection whose beginning was missed may be taken for another's. They are not compared.
    pub(crate) fn missed(&self) {
        for open in self.lock().ends.values_mut() {
            open.told = None;
        }
    }

    /// For a look at packets; flows wait for as long as it is held.
    pub(crate) fn look(&self) -> Look<'_> {
        Look(self.lock())
    }

    /// Compares what is due, and tells what is wrong.
    pub(crate) fn compare(&self, now: Instant) -> Vec<Wrong> {
        let mut known = self.lock();
        let mut wrong = Vec::new();
        while let Some((_, ends)) = known.due.pop_front_if(|(at, _)| *at <= now) {
            let Known { ends: all, sums, .. } = &mut *known;
            let Some(open) = all.get_mut(&ends).filter(|open| open.count == 0) else { continue };
            let flows = u64::from(std::mem::take(&mut open.to_compare));
            let Some(told) = open.told.filter(|_| flows > 0) else { continue };
            sums.flows += flows;
            sums.fewer += u64::from(open.sent.bytes() < told);
            wrong.extend(open.more(&ends, told));
        }
        while let Some((_, ends, left)) = known.doubted.pop_front_if(|(at, ..)| *at <= now) {
            let Some(open) = known.ends.get_mut(&ends) else { continue };
            open.doubted = false;
            // Those that have ended meanwhile are compared as that.
            if let Some(most) = open.most().filter(|most| *most < left && open.count > 0) {
                wrong.extend(open.more(&ends, most));
            }
        }
        wrong
    }

    /// What was compared so far.
    pub(crate) fn sums(&self) -> Sums {
        self.lock().sums
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Forgets the ends whose flows were over first, so many of them, but for those that are used
    /// again.
    fn forget_first(&mut self, count: usize) {
        for _ in 0..count {
            let Some((over, ends)) = self.over.pop_front() else { return };
            if self.ends.get(&ends).is_some_and(|open| open.count == 0 && open.over == Some(over)) {
                self.ends.remove(&ends);
                if let Some(count) = self.addresses.get_mut(&ends.addresses()) {
                    *count -= 1;
                    if *count == 0 {
                        self.addresses.remove(&ends.addresses());
                    }
                }
            }
        }
    }
}

/// The ends, while packets are looked at.
pub(crate) struct Look<'a>(MutexGuard<'a, Known>);

impl Look<'_> {
    /// Takes a packet between two ends, and tells what is wrong with it.
    pub(crate) fn take(&mut self, ends: &Ends, left: Left, now: Instant) -> Option<Wrong> {
        let Known { ends: all, sums, doubted, .. } = &mut *self.0;
        let Some(open) = all.get_mut(ends) else { return Some(Wrong::Unexplained) };
        let before = open.sent.bytes();
        open.sent.add(left);
        let bytes = open.sent.bytes();
        sums.bytes = sums.bytes.saturating_add(bytes.saturating_sub(before));
        if open.sent.connections() > open.flows && !open.is_told {
            open.is_told = true;
            return Some(Wrong::Again { flow: open.flow, ends: *ends });
        }
        let most = open.most().filter(|most| bytes > *most && bytes > before)?;
        if open.count == 0 {
            // Where its figures were not compared yet, they will be.
            return if open.to_compare == 0 { open.more(ends, most) } else { None };
        }
        if !open.doubted && !open.is_told {
            open.doubted = true;
            doubted.push_back((now + GIVEN_WITHIN, *ends, bytes));
        }
        None
    }

    /// Whether a part of a datagram without its ports may be of one that is explained.
    pub(crate) fn explains_part(&self, from: IpAddr, to: IpAddr) -> bool {
        self.0.addresses.contains_key(&(from, to))
    }
}

impl Open {
    fn new() -> Self {
        Self {
            count: 0,
            over: None,
            flow: 0,
            flows: 0,
            to_compare: 0,
            told: Some(0),
            given: None,
            sent: Sent::default(),
            doubted: false,
            is_told: false,
        }
    }

    /// The most that may have left by now; none where nobody knows.
    fn most(&self) -> Option<u64> {
        match (self.count, &self.given) {
            (0, _) => self.told,
            (1, Some(control)) => self.told.map(|told| told.saturating_add(control.given.bytes())),
            (1.., _) => None,
        }
    }

    /// That more left than may have, the first time.
    fn more(&mut self, ends: &Ends, told: u64) -> Option<Wrong> {
        let left = self.sent.bytes();
        (left > told && !std::mem::replace(&mut self.is_told, true)).then_some(Wrong::More {
            flow: self.flow,
            ends: *ends,
            left,
            told,
        })
    }
}

impl Ends {
    const fn addresses(&self) -> (IpAddr, IpAddr) {
        (self.from.addr, self.to.addr)
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {} over {}", self.from, self.to, self.transport)
    }
}

#[cfg(test)]
mod tests;
