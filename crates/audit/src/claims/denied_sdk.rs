//! Claim 15: no denied SDK was contacted.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;
use crate::mode::Ruled;
use creance_model::{Mode, PartyKind, ServiceId};
use std::collections::BTreeSet;

#[derive(Debug)]
pub(crate) struct DeniedSdk {
    mode: Option<Mode>,
    /// Exempt or granted services.
    allowed: BTreeSet<ServiceId>,
}

impl DeniedSdk {
    pub(crate) fn new(mode: Option<Mode>, allowed: BTreeSet<ServiceId>) -> Self {
        Self { mode: mode.filter(|mode| *mode != Mode::Standard), allowed }
    }
}

impl Examine for DeniedSdk {
    fn number(&self) -> u8 {
        15
    }

    fn statement(&self) -> String {
        "No third party's service that the mode denies was contacted".into()
    }

    fn needs(&self) -> &'static str {
        "every packet of the window and a known party for each flow; what is merely embedded in an app no capture shows"
    }

    fn not_tested(&self) -> Option<(&'static str, &'static str)> {
        self.mode
            .is_none()
            .then_some(("no mode that denies anything was claimed", "--mode local-data or --mode restricted"))
    }

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        let third = judged
            .who
            .names
            .iter()
            .filter(|name| name.in_window)
            .flat_map(|name| &name.listed)
            .filter(|listed| listed.found.party.kind == PartyKind::Third)
            .find(|listed| !self.allowed.contains(&listed.found.service.id));
        match (judged.ruled, third) {
            (Some(Ruled::Denied(..)), Some(listed)) => {
                let service = listed.found.service;
                let how = if judged.who.is_resolver { "looked up" } else { "contacted" };
                let text =
                    format!("{} ({}) of {} was {how}", service.name, service.id, listed.found.party.name);
                if judged.who.is_resolver {
                    Finding::Open(text.into())
                } else {
                    Finding::Against(text.into())
                }
            }
            (Some(Ruled::Unclear(why)), _) => Finding::Open(why.as_str().into()),
            _ if judged.who.names.is_empty()
                || judged.who.names.iter().any(|name| name.listed.is_empty()) =>
            {
                Finding::Open(Why::about("the party behind {} is not known", judged.to))
            }
            (Some(Ruled::Denied(..)), None) if !judged.is_certain() => {
                Finding::Open(Why::about("the party behind {} is not certain", judged.to))
            }
            _ => Finding::Agrees,
        }
    }

    fn is_silence(&self) -> bool {
        true
    }

    fn needs_flows(&self) -> bool {
        false
    }
}
