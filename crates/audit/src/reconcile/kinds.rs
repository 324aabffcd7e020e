//! The ways in which an entry and the wire do not agree, and what follows from each.

use super::findings::Weight;
use super::matching::Met;

/// Bytes of one flow that may be sent again in other pieces than before, beside a share of all that
/// it sends: keep-alives, and segments that are cut anew.
const AGAIN_BYTES_MAX: u64 = 4 << 10;
/// The same for all flows together.
const ALL_AGAIN_BYTES_MAX: u64 = 64 << 10;
/// The share of what is sent that may be sent again so: one in so many.
const AGAIN_SHARE: u64 = 32;

/// Whether more was sent again in other pieces than before than loss explains.
const fn is_more_than_lost(uncompared: u64, sent: u64, bytes_max: u64) -> bool {
    uncompared > bytes_max + sent / AGAIN_SHARE
}

/// The same of all flows together.
pub(super) fn all_more_than_lost(met: &[Met]) -> Option<u64> {
    let uncompared = met.iter().map(|met| met.uncompared).sum();
    let sent = met.iter().map(|met| met.up).sum();
    is_more_than_lost(uncompared, sent, ALL_AGAIN_BYTES_MAX).then_some(uncompared)
}

/// What is wrong with what was sent beside what the ledger counts.
pub(super) fn beside(met: &Met) -> impl Iterator<Item = Kind> {
    let many = is_more_than_lost(met.uncompared, met.up, AGAIN_BYTES_MAX);
    [
        (met.inexact, Kind::Inexact),
        (met.contradicting > 0, Kind::Contradicts),
        (many, Kind::ManyAgain),
        (met.on_reset > 0, Kind::OnReset),
    ]
    .into_iter()
    .filter_map(|(is_so, kind)| is_so.then_some(kind))
}

/// How an entry and the wire do not agree. In the order in which the findings are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    SentAfterCut,
    MoreLeft,
    LessLeft,
    CameOtherwise,
    NotSeen,
    Late,
    Unknown,
    NotEnded,
    Partly,
    Inexact,
    Contradicts,
    ManyAgain,
    OnReset,
    Stale,
    CutByNone,
}

impl Kind {
    pub(super) const fn weight(self, in_window: bool) -> Weight {
        match (self, in_window) {
            (Self::SentAfterCut, _) => Weight::RefutesMode,
            (Self::MoreLeft, true) => Weight::RefutesExplained,
            (Self::CameOtherwise, _) | (_, false) => Weight::OpensExplained,
            (_, true) => Weight::Opens,
        }
    }

    pub(super) const fn says(self) -> &'static str {
        match self {
            Self::SentAfterCut => {
                "sent payload after the moment at which the ledger says all cut flows were reset"
            }
            Self::MoreLeft => "sent more payload on the wire than the ledger says",
            Self::LessLeft => {
                "sent less payload on the wire than the ledger says: the tap missed some, or the ledger is wrong"
            }
            Self::CameOtherwise => "received another amount of payload on the wire than the ledger says",
            Self::NotSeen => {
                "not on the wire, though the ledger says that bytes moved: the tap missed it, or the ledger is wrong"
            }
            Self::Late => "has its entry after its first packet: the entry was late, or the clocks differ",
            Self::Unknown => "has bytes that the ledger does not know, since the gateway was gone",
            Self::NotEnded => "has no end in the ledger, so that its bytes cannot be compared",
            Self::Partly => "reaches beyond the capture, and its bytes do not agree",
            Self::Inexact => "came too far out of order for its bytes to be counted exactly",
            Self::Contradicts => "sent bytes again that were not the same, of which the ledger counts one",
            Self::ManyAgain => {
                "sent more bytes again that cannot be compared with the first ones than ordinary loss explains"
            }
            Self::OnReset => "sent payload with a reset, which the ledger does not count",
            Self::Stale => "was let out by a table that no longer held",
            Self::CutByNone => "was cut, by the ledger, without a change of mode that says when",
        }
    }
}

/// What such a flow did, in words.
pub(super) fn verb(kind: Kind) -> String {
    let says = kind.says();
    if kind == Kind::NotSeen { format!("is {says}") } else { says.to_owned() }
}
