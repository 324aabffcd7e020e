//! One flow with everything that was concluded of it.

use crate::evidence::Subject;
use crate::mode::{Ruled, binds, is_recognised};
use crate::protection::Protection;
use crate::sent::{Direction, Seen};
use crate::who::{How, Name, Who};
use creance_capture::FlowRecord;
use creance_residency::Conclusion;

/// Whether a flow is the judged app's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// It is.
    App,
    /// It is another's.
    Other,
    /// The capture does not tell.
    Unknown,
}

/// A flow with what was concluded of it.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) flow: &'a FlowRecord,
    pub(crate) seen: &'a Seen,
    pub(crate) who: &'a Who<'a>,
    /// The other end as text.
    pub(crate) remote: Subject<'a>,
    /// Whom it went to, for a sentence.
    pub(crate) to: Subject<'a>,
    /// The protocols as text.
    pub(crate) protocols: &'a str,
    pub(crate) place: &'a Conclusion,
    pub(crate) protection: Protection,
    pub(crate) blinding: &'a [&'static str],
    /// What the claimed mode says, where one is claimed and the flow left.
    pub(crate) ruled: Option<&'a Ruled>,
    pub(crate) ownership: Ownership,
    /// Whether there is any means to tell the app's flows from others.
    pub(crate) tells_app: bool,
    /// Whether the certificates hold for the first name, where there are any.
    pub(crate) validity: Option<creance_wire::certificate::Validity>,
    /// Whether the server proved to hold the key of a chain that holds; `None` also where it had
    /// nothing to prove.
    pub(crate) key_proven: Option<bool>,
    /// Whether it left within the judged window.
    pub(crate) in_window: bool,
}

impl<'a> Judged<'a> {
    pub(crate) const fn number(&self) -> u64 {
        self.flow.number
    }

    pub(crate) fn left(&self) -> bool {
        self.seen.direction == Direction::Left
    }

    /// Whether a name came in the way that its service needs, or, where the flow itself names nobody,
    /// beside a protocol that is known.
    fn fits(&self, name: &Name<'_>) -> bool {
        match name.how {
            How::Asked => true,
            How::Claimed(_) => binds(name, self.flow, self.protection),
            How::Led => is_recognised(self.flow, self.protection),
        }
    }

    /// Whether the services are known for certain: every name listed and tied, nothing hidden, and a
    /// protocol that is known where the flow itself names nobody.
    pub(crate) fn is_certain(&self) -> bool {
        !self.who.is_proxy
            && (!self.who.is_resolver || self.who.resolver == crate::who::Resolver::Believed)
            && self.who.names.iter().all(|name| name.times <= crate::mode::TIMES_MAX)
            && !self.flow.is_tunnel
            && self.flow.header_bytes == [0; 2]
            && self.who.names.iter().all(|name| self.fits(name))
            && !self.who.is_astray
            && self.blinding.is_empty()
            && self.flow.facts.anomalies.is_empty()
            && !self.who.names.is_empty()
            && self.flow.queried_left_out == 0
            && self.who.names.iter().all(|name| name.tie.holds())
    }
}
