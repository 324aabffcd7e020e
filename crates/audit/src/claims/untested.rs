//! The claims that a capture alone cannot test.

use crate::report::data::{Claim, Ruling};
use creance_model::Verdict;

/// Number, statement, what would test it.
const UNTESTED: [(u8, &str, &str); 12] = [
    (
        7,
        "TLS is pinned, per host, app and platform",
        "an interception with a user CA, a system CA and an unpinned control host (MASTG-TEST-0244)",
    ),
    (
        9,
        "The precision of any location that was sent is known, in metres",
        "decrypted payloads beside the flight log's true track",
    ),
    (
        10,
        "Media and logs were sent only after a user's act",
        "a record of the user's acts beside the capture, over repeated runs",
    ),
    (11, "The switch for diagnostics works", "captures with the switch on and off, with --compare"),
    (
        14,
        "No self-update and no download of code was seen",
        "decrypted payloads, and the app's files before and after",
    ),
    (16, "Storage buckets are private", "requests to the operator's own buckets, with authorisation"),
    (17, "No secrets lie in repositories", "a scan of the app's and the maker's repositories"),
    (
        18,
        "The behaviour is stable across versions and vantage points",
        "captures of several versions and from several places, with --compare",
    ),
    (
        19,
        "What was recorded in Local Data is not sent after it is left",
        "decrypted payloads after Local Data was left, beside what was recorded in it",
    ),
    (
        20,
        "No audio is recorded or sent unless the user turned it on",
        "decrypted payloads, and the app's permissions and acts",
    ),
    (
        21,
        "No facial recognition is embedded or contacted",
        "an inspection of the app's code, and a catalogue of such services",
    ),
    (
        22,
        "Activation and registration work with data that identify nobody",
        "an activation with canary data, decrypted",
    ),
];

/// The claims that no capture alone can test, by number.
pub(crate) fn untested(requested: impl Fn(u8) -> bool) -> Vec<Claim> {
    let ruling = |would: &str| Ruling {
        verdict: Verdict::NotTested.to_string(),
        because: "a capture alone does not show it".into(),
        against: Vec::new(),
        open: Vec::new(),
        agreeing_flows: 0,
        would_decide: Some(would.to_owned()),
    };
    UNTESTED
        .iter()
        .map(|(number, statement, would)| Claim {
            number: *number,
            statement: (*statement).to_owned(),
            requested: requested(*number),
            needs: (*would).to_owned(),
            station: ruling(would),
            app: ruling(would),
            variants: Vec::new(),
            table: None,
        })
        .collect()
}
