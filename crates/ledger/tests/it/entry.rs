//! Entries as bytes: those of the past must be read for ever.

use creance_ledger::{Binding, Decided, Entry, Event, FlowBytes, FlowEnd, FlowStarted, ModeChanged, Refused};
use creance_model::{Endpoint, Mode, Timestamp, Transport};

const AT: Timestamp = Timestamp(1_772_000_000_000_000_000);

fn endpoint(text: &str) -> Endpoint {
    let address: std::net::SocketAddr = text.parse().unwrap();
    Endpoint { addr: address.ip(), port: address.port() }
}

/// Every kind of entry beside the bytes that version 1 has for it.
fn past() -> Vec<(Event, &'static str)> {
    vec![
        (
            Event::Opened { program: "creance 0.1.0".to_owned() },
            r#""what":"opened","program":"creance 0.1.0""#,
        ),
        (Event::Closed, r#""what":"closed""#),
        (Event::Repaired { bytes: 17 }, r#""what":"repaired","bytes":17"#),
        (
            Event::ModeChanged(ModeChanged {
                generation: 2,
                from: Some(Mode::Standard),
                to: Mode::LocalData,
                exempt: vec!["mapbox.tiles".parse().unwrap()],
                granted: vec![],
                flows_cut: 3,
                last_cut: Some(Timestamp(AT.0 + 1_500)),
            }),
            r#""what":"mode-changed","generation":2,"from":"standard","to":"local-data","exempt":["mapbox.tiles"],"granted":[],"flows_cut":3,"last_cut":"2026-02-25T06:13:20.0000015Z""#,
        ),
        (
            Event::Decided(Decided {
                generation: 2,
                station: "s-41c0".parse().unwrap(),
                service: None,
                allowed: false,
                policies: vec!["modes/local-data".to_owned()],
            }),
            r#""what":"decided","generation":2,"station":"s-41c0","allowed":false,"policies":["modes/local-data"]"#,
        ),
        (
            Event::FlowStarted(FlowStarted {
                flow: 9,
                generation: 1,
                station: Some("s-41c0".parse().unwrap()),
                service: Some("dji.flysafe".parse().unwrap()),
                name: Some("flysafe-api.dji.com".parse().unwrap()),
                binding: Binding::Tls,
                blinded: true,
                transport: Transport::Tcp,
                from: endpoint("192.0.2.7:40001"),
                to: endpoint("[2001:db8::5]:443"),
            }),
            r#""what":"flow-started","flow":9,"generation":1,"station":"s-41c0","service":"dji.flysafe","name":"flysafe-api.dji.com","binding":"tls","blinded":true,"transport":"tcp","from":"192.0.2.7:40001","to":"[2001:db8::5]:443""#,
        ),
        (
            Event::FlowStarted(FlowStarted {
                flow: 10,
                generation: 1,
                station: None,
                service: None,
                name: None,
                binding: Binding::Own,
                blinded: false,
                transport: Transport::Other(47),
                from: endpoint("192.0.2.7:0"),
                to: endpoint("192.0.2.53:0"),
            }),
            r#""what":"flow-started","flow":10,"generation":1,"binding":"own","blinded":false,"transport":"ip-47","from":"192.0.2.7:0","to":"192.0.2.53:0""#,
        ),
        (
            Event::FlowProgressed(FlowBytes { flow: 9, up: Some(517), down: None }),
            r#""what":"flow-progressed","flow":9,"up":517,"down":null"#,
        ),
        (
            Event::FlowEnded {
                bytes: FlowBytes { flow: 9, up: Some(900), down: Some(4_100) },
                end: FlowEnd::Revoked,
            },
            r#""what":"flow-ended","flow":9,"up":900,"down":4100,"end":"revoked""#,
        ),
        (
            Event::Refused(Refused {
                generation: 2,
                station: Some("s-41c0".parse().unwrap()),
                service: None,
                name: Some("example.net".parse().unwrap()),
                to: Some(endpoint("203.0.113.9:443")),
                reason: "denied".to_owned(),
                count: 40,
                since: AT,
            }),
            r#""what":"refused","generation":2,"station":"s-41c0","name":"example.net","to":"203.0.113.9:443","reason":"denied","count":40,"since":"2026-02-25T06:13:20Z""#,
        ),
        (
            Event::Sealed { mode: Mode::LocalData, exempt: vec!["dji.maps".parse().unwrap()] },
            r#""what":"sealed","mode":"local-data","exempt":["dji.maps"]"#,
        ),
        (
            Event::Alarm { what: "a flow is unexplained".to_owned() },
            r#""what":"alarm","text":"a flow is unexplained""#,
        ),
    ]
}

#[test]
fn entries_of_the_past_are_read_and_written_as_they_were() {
    for (event, middle) in past() {
        let line = format!(r#"{{"v":1,"at":"2026-02-25T06:13:20Z",{middle}}}"#);
        let entry = Entry { at: AT, event };
        assert_eq!(String::from_utf8(entry.to_bytes()).unwrap(), line);
        assert_eq!(Entry::from_bytes(line.as_bytes()).unwrap(), entry);
    }
}

#[test]
fn what_is_not_an_entry_says_why() {
    for (bytes, why) in [
        (&b"\xff"[..], "expected value"),
        (br#"{"v":2,"at":"2026-02-25T06:13:20Z","what":"sworn"}"#, "version 2"),
        (br#"{"v":1,"at":"yesterday","what":"closed"}"#, "no moment"),
        (br#"{"v":1,"at":"2026-02-25T06:13:20Z","what":"sworn"}"#, "unknown variant"),
        (br#"{"v":1,"at":"2026-02-25T06:13:20Z","what":"repaired","bytes":1,"more":2}"#, "more"),
        (
            br#"{"v":1,"at":"2026-02-25T06:13:20Z","what":"flow-started","flow":1,"generation":1,"binding":"own","transport":"udp","from":"192.0.2.7:1","to":"192.0.2.53:53"}"#,
            "missing field `blinded`",
        ),
        (
            br#"{"v":1,"at":"2026-02-25T06:13:20Z","what":"flow-ended","flow":1,"up":1,"down":1,"end":"x"}"#,
            "`x`",
        ),
    ] {
        let error = Entry::from_bytes(bytes).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn pseudonyms_are_words() {
    for bad in ["", "Anna", "two words", "a_b", &"x".repeat(41)] {
        assert!(bad.parse::<creance_ledger::Pseudonym>().is_err(), "{bad}");
    }
}
