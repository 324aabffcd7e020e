//! Claims 12 and 13: the mode held.

use super::{Examine, Finding};
use crate::evidence::Why;
use crate::judged::Judged;
use crate::mode::Ruled;
use creance_model::{Mode, ServiceId};

/// That nothing left but what the mode lets out.
#[derive(Debug)]
pub(crate) struct Held {
    number: u8,
    mode: Option<Mode>,
    let_out: Vec<ServiceId>,
}

impl Held {
    /// Claim 12, tested where Restricted is claimed.
    pub(crate) fn restricted(mode: Option<Mode>, granted: Vec<ServiceId>) -> Self {
        let mode = mode.filter(|mode| *mode == Mode::Restricted);
        Self { number: 12, mode, let_out: granted }
    }

    /// Claim 13, tested where Local Data or Offline is claimed.
    pub(crate) fn local_data(mode: Option<Mode>, exempt: Vec<ServiceId>) -> Self {
        let mode = mode.filter(|mode| matches!(mode, Mode::LocalData | Mode::Offline));
        // Offline knows no exemptions.
        let let_out = if mode == Some(Mode::Offline) { Vec::new() } else { exempt };
        Self { number: 13, mode, let_out }
    }
}

impl Examine for Held {
    fn number(&self) -> u8 {
        self.number
    }

    fn statement(&self) -> String {
        let list = self.let_out.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(", ");
        match (self.number, self.let_out.is_empty()) {
            (12, true) => "Restricted sent nothing, since nothing was granted".into(),
            (12, false) => format!("Restricted sent nothing but what was granted ({list})"),
            (_, true) => match self.mode {
                Some(Mode::Offline) => "Offline sent nothing".into(),
                Some(Mode::LocalData | Mode::Restricted | Mode::Standard) | None => {
                    "Local Data sent nothing".into()
                }
            },
            (_, false) => format!("Local Data sent nothing but its exempt services ({list})"),
        }
    }

    fn needs(&self) -> &'static str {
        "every packet of the window, drops known to be zero, the tap shown to be alive before and after, and for each flow that left a name that is tied to its address"
    }

    fn not_tested(&self) -> Option<(&'static str, &'static str)> {
        match (self.mode, self.number) {
            (Some(_), _) => None,
            (None, 12) => Some(("Restricted was not claimed", "--mode restricted --grant SERVICE…")),
            (None, _) => Some(("Local Data was not claimed", "--mode local-data, with --window FROM..TO")),
        }
    }

    fn examine<'j>(&mut self, judged: &Judged<'j>) -> Finding<'j> {
        match judged.ruled {
            Some(Ruled::Allowed(_)) => Finding::Agrees,
            Some(Ruled::Denied(why, _)) => Finding::Against(why.as_str().into()),
            Some(Ruled::Unclear(why)) => Finding::Open(why.as_str().into()),
            None => Finding::Open(Why::just("no decision")),
        }
    }

    /// Restricted with grants is shown alive by what it lets out; silence is not.
    fn is_silence(&self) -> bool {
        true
    }

    fn needs_flows(&self) -> bool {
        false
    }
}
