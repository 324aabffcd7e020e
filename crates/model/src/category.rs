//! Kinds of data.

use serde::{Deserialize, Serialize};

/// A kind of data that a service may take, or that was seen leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Records of a flight: positions, heights, speeds, events.
    FlightLog,
    /// Photos and video.
    Media,
    /// Small pictures made from media.
    Thumbnail,
    /// Sound.
    Audio,
    /// Where the pilot or the aircraft is.
    Location,
    /// Serial numbers and other marks of a device.
    DeviceId,
    /// Who the user is.
    Account,
    /// Passwords, tokens.
    Credentials,
    /// How the software is used and how it fares.
    Diagnostics,
    /// Reports of a crash.
    Crash,
    /// Which piece of a map is looked at.
    MapQuery,
    /// Which airspace is asked about.
    ZoneQuery,
    /// Firmware and other code.
    Firmware,
    /// Live pictures.
    Livestream,
    /// Corrections for positioning.
    Rtk,
    /// The time of day.
    Time,
    /// Live positions and states of an aircraft.
    Telemetry,
    /// Nobody has said what it takes.
    Unknown,
}

crate::words!(Category, UnknownCategory, "category of data", {
    FlightLog => "flight-log",
    Media => "media",
    Thumbnail => "thumbnail",
    Audio => "audio",
    Location => "location",
    DeviceId => "device-id",
    Account => "account",
    Credentials => "credentials",
    Diagnostics => "diagnostics",
    Crash => "crash",
    MapQuery => "map-query",
    ZoneQuery => "zone-query",
    Firmware => "firmware",
    Livestream => "livestream",
    Rtk => "rtk",
    Time => "time",
    Telemetry => "telemetry",
    Unknown => "unknown",
});
