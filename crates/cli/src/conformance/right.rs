//! What is right: what has to become of an app's attempt, from what a mode lets out alone.

use super::front::Setting;
use super::zone::Zone;

/// What is right for a row, over all modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// It says whom it means: delivered wherever that name may be reached.
    Named,
    /// It hides or misstates whom it means, or what it speaks: delivered only where everything may
    /// leave.
    Open,
    /// Never delivered.
    Never,
    /// A question: answered where the name may be reached, and never passed on.
    Asked,
    /// The first request is delivered where its name may be reached; the second, for another, only
    /// where everything may leave.
    First,
    /// The second request is never delivered.
    FirstAlways,
}

/// What has to become of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// The app is answered, and the tap shows its bytes, under no name but the host's.
    Delivered,
    /// The same, whatever names it bears.
    DeliveredAnyhow,
    /// The app is not answered, and nothing passes the tap.
    Withheld,
    /// The app is answered, and nothing passes the tap.
    Answered,
    /// The app is not answered for what it asked last, and the tap shows bytes under the host's name
    /// alone.
    FirstAlone,
}

impl Right {
    /// What has to become of an attempt at a host of a zone.
    pub(super) const fn due(self, zone: Zone, setting: Setting) -> Due {
        let everything = matches!(setting, Setting::Standard);
        let may = everything || (setting.has_lists() && zone.is_listed());
        match self {
            Self::Named if may => Due::Delivered,
            Self::Open | Self::First if everything => Due::DeliveredAnyhow,
            Self::Asked if may => Due::Answered,
            Self::First | Self::FirstAlways if may => Due::FirstAlone,
            Self::Named | Self::Open | Self::Never | Self::Asked | Self::First | Self::FirstAlways => {
                Due::Withheld
            }
        }
    }
}

impl Due {
    /// In a word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered | Self::DeliveredAnyhow => "delivered",
            Self::Withheld => "withheld",
            Self::Answered => "answered here",
            Self::FirstAlone => "first alone",
        }
    }

    /// The opposite, to see that what is wrong is noticed.
    pub(super) const fn inverted(self) -> Self {
        match self {
            Self::Delivered | Self::DeliveredAnyhow | Self::Answered | Self::FirstAlone => Self::Withheld,
            Self::Withheld => Self::DeliveredAnyhow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_follows_from_the_mode_and_the_lists() {
        for setting in [Setting::Offline, Setting::LocalData] {
            for right in
                [Right::Named, Right::Open, Right::Never, Right::Asked, Right::First, Right::FirstAlways]
            {
                assert_eq!(right.due(Zone::Tls, setting), Due::Withheld, "{right:?} {setting}");
            }
        }
        for setting in [Setting::Exempt, Setting::Restricted] {
            assert_eq!(Right::Named.due(Zone::Tls, setting), Due::Delivered);
            assert_eq!(Right::Named.due(Zone::Denied, setting), Due::Withheld);
            assert_eq!(Right::Named.due(Zone::Unknown, setting), Due::Withheld);
            assert_eq!(Right::Open.due(Zone::Tls, setting), Due::Withheld);
            assert_eq!(Right::Asked.due(Zone::Tls, setting), Due::Answered);
            assert_eq!(Right::First.due(Zone::Http, setting), Due::FirstAlone);
        }
        assert_eq!(Right::Open.due(Zone::Unknown, Setting::Standard), Due::DeliveredAnyhow);
        assert_eq!(Right::Never.due(Zone::Tls, Setting::Standard), Due::Withheld);
        assert_eq!(Right::FirstAlways.due(Zone::Http, Setting::Standard), Due::FirstAlone);
    }
}
