//! The flows in progress, bounded in number and forgotten by packet time.

use super::key::FlowKey;
use super::live::Live;
use super::record::Ended;
use creance_model::{Duration, Timestamp, Transport};
use std::collections::{HashMap, VecDeque};

/// Flows in progress.
const FLOWS_MAX: usize = 60_000;
/// How long a silent TCP connection is waited for.
const TCP_IDLE: Duration = Duration::from_seconds(15 * 60);
/// How long a silent flow of another transport is waited for.
const OTHER_IDLE: Duration = Duration::from_seconds(3 * 60);
/// How long stragglers of a closed connection are waited for.
const OVER_IDLE: Duration = Duration::from_seconds(30);
/// How often a flow is looked at again.
const LOOK_AGAIN: Duration = Duration::from_seconds(30);
/// Entries of the queue, those of flows that are gone included.
const LOOKS_MAX: usize = 4 * FLOWS_MAX;

#[derive(Debug)]
struct Slot {
    key: FlowKey,
    live: Live,
}

/// What a look at a slot needs where nothing is to be done, which is nearly always: kept close
/// together, since there are about as many looks as packets.
#[derive(Debug, Clone, Copy)]
struct Pulse {
    /// That of the flow in the slot; `None` where it is free.
    generation: Option<u32>,
    /// No sooner is the flow silent for so long that it ends.
    due: Timestamp,
}

/// A queue entry: look at this flow once packet time has come this far.
#[derive(Debug, Clone, Copy)]
struct Look {
    slot: u32,
    /// Tells the entry from one of an earlier user of the slot.
    generation: u32,
    at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    index: HashMap<FlowKey, u32, foldhash::fast::RandomState>,
    slots: Vec<Option<Slot>>,
    /// One for each slot.
    pulses: Vec<Pulse>,
    free: Vec<u32>,
    looks: VecDeque<Look>,
    generation: u32,
    now: Timestamp,
}

impl Table {
    /// Moves packet time forward and takes out at most one flow that is due to end, or that must
    /// make room where memory is `short`. Called again until it returns `None`.
    #[inline]
    pub(crate) fn expire(&mut self, now: Timestamp, short: bool) -> Option<(Live, Ended)> {
        self.now = self.now.max(now);
        loop {
            let crowded = short || self.index.len() >= FLOWS_MAX;
            let look = *self.looks.front()?;
            if look.at > self.now && !crowded {
                return None;
            }
            self.looks.pop_front();
            let Some(pulse) = self.pulses.get_mut(look.slot as usize) else { continue };
            if pulse.generation != Some(look.generation) {
                continue;
            }
            // At the end of time nothing can be put off any more.
            let again = self.now.after(LOOK_AGAIN);
            let is_last = again <= self.now;
            if crowded || self.now >= pulse.due {
                let slot = self.slots.get(look.slot as usize).and_then(Option::as_ref);
                let Some(Slot { live, .. }) = slot else { continue };
                let silent = self.now.since(live.record.last);
                if silent >= patience(live) {
                    return self.take_out(look.slot).map(|live| (live, Ended::Idle));
                }
                if crowded && (silent > LOOK_AGAIN || look.at > self.now || is_last) {
                    return self.take_out(look.slot).map(|live| (live, Ended::Evicted));
                }
                pulse.due = live.record.last.after(patience(live));
            }
            self.looks.push_back(Look { at: again, ..look });
            if is_last {
                return None;
            }
        }
    }

    /// The flow with this key, and its place.
    #[inline]
    pub(crate) fn find(&mut self, key: &FlowKey) -> Option<(u32, &mut Live)> {
        let place = *self.index.get(key)?;
        self.slots.get_mut(place as usize)?.as_mut().map(|slot| (place, &mut slot.live))
    }

    /// Says that the flow at a place need not be waited for as long as before.
    pub(crate) fn hasten(&mut self, place: u32) {
        if let Some(pulse) = self.pulses.get_mut(place as usize) {
            pulse.due = Timestamp(i64::MIN);
        }
    }

    pub(crate) fn insert(&mut self, key: FlowKey, live: Live) {
        self.generation = self.generation.wrapping_add(1);
        let due = live.record.last.after(patience(&live));
        let pulse = Pulse { generation: Some(self.generation), due };
        let place = if let Some(place) = self.free.pop() {
            if let (Some(slot), Some(old)) =
                (self.slots.get_mut(place as usize), self.pulses.get_mut(place as usize))
            {
                *slot = Some(Slot { key, live });
                *old = pulse;
            }
            place
        } else {
            self.slots.push(Some(Slot { key, live }));
            self.pulses.push(pulse);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        };
        self.index.insert(key, place);
        if self.looks.len() >= LOOKS_MAX {
            // Packet time may stand still while connections follow one another on the same ports.
            let pulses = &self.pulses;
            self.looks.retain(|look| {
                pulses.get(look.slot as usize).is_some_and(|it| it.generation == Some(look.generation))
            });
        }
        let at = self.now.after(LOOK_AGAIN);
        self.looks.push_back(Look { slot: place, generation: self.generation, at });
    }

    pub(crate) fn remove(&mut self, key: &FlowKey) -> Option<Live> {
        let place = *self.index.get(key)?;
        self.take_out(place)
    }

    /// Takes out all flows, in the order of their slots.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Live> + use<> {
        self.index.clear();
        self.free.clear();
        self.looks.clear();
        self.pulses.clear();
        std::mem::take(&mut self.slots).into_iter().flatten().map(|slot| slot.live)
    }

    fn take_out(&mut self, place: u32) -> Option<Live> {
        let slot = self.slots.get_mut(place as usize)?.take()?;
        if let Some(pulse) = self.pulses.get_mut(place as usize) {
            pulse.generation = None;
        }
        self.index.remove(&slot.key);
        self.free.push(place);
        Some(slot.live)
    }
}

const fn patience(live: &Live) -> Duration {
    match live.record.transport {
        Transport::Tcp if live.is_over => OVER_IDLE,
        Transport::Tcp => TCP_IDLE,
        Transport::Udp | Transport::Icmp | Transport::Other(_) => OTHER_IDLE,
    }
}
