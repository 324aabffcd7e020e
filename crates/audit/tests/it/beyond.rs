//! Attacks that take more than one capture, another authority, or the app's verdict.

use crate::setup::{claim, question, read, shipped};
use creance_audit::report::data::{Report, Ruling};
use creance_audit::{Baseline, audit};
use creance_lab::link;
use creance_lab::pcapng::{Interface, PcapNg};
use creance_lab::scenario::{self, ROUTER, START, STATION, Scenario};
use creance_lab::tls::Authority;
use creance_lab::{Packet, Recorder, Side, Tcp};
use creance_model::{Duration, Endpoint};
use creance_wire::certificate::Roots;

fn story(id: &str) -> Scenario {
    scenario::all().into_iter().find(|story| story.id == id).unwrap()
}

/// What is said of Local Data in a story; of the station, then of the app.
fn said(story: &Scenario, baseline: Option<Vec<u8>>) -> (Ruling, Ruling) {
    let (question, knowledge) = (question(&story.args), shipped());
    let baseline = baseline.map(|bytes| {
        let mut without_app = [read(vec![bytes], &question).unwrap()];
        Baseline::new(&mut without_app, &question, &knowledge).unwrap()
    });
    let mut reading = read(vec![story.bytes.clone()], &question).unwrap();
    let report = audit(&mut reading, &question, &knowledge, baseline.as_ref(), None).unwrap();
    let claim = claim(&report, 13);
    (claim.station.clone(), claim.app.clone())
}

/// The same capture, recorded at another time.
fn earlier(mut capture: Vec<u8>) -> Vec<u8> {
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut at = 0;
    while at < capture.len() {
        if number(&capture, at) == 6 {
            // The upper half of the time, behind the interface.
            let high = number(&capture, at + 12) - 1000;
            capture[at + 12..at + 16].copy_from_slice(&high.to_le_bytes());
        }
        at += number(&capture, at + 4) as usize;
    }
    capture
}

#[test]
fn an_app_is_judged_by_what_the_capture_says_and_not_by_its_own_bytes() {
    let (_, app) = said(&story("forged-trailer"), None);
    assert_eq!(app.verdict, "refuted", "{}", app.because);
    let (_, app) = said(&story("label-changes-midway"), None);
    assert_eq!(app.verdict, "inconclusive", "{}", app.because);
    let (_, app) = said(&story("further-process-of-app"), None);
    assert_eq!(app.verdict, "refuted", "{}", app.because);
}

#[test]
fn an_app_that_was_not_seen_is_not_upheld() {
    let mut story = story("restricted-by-process");
    story.args.retain(|arg| arg != "--grant" && arg != "dji.flysafe");
    for (app, verdict, because) in [
        ("DJI Fly", "refuted", "asked 192.168.1.1"),
        ("Dji Fly", "inconclusive", "no packet is of an app called `Dji Fly`"),
        ("mDNSResponder", "inconclusive", "no traffic of the app was seen"),
    ] {
        story.args.extend(["--app".into(), app.into()]);
        let (question, knowledge) = (question(&story.args), shipped());
        let mut reading = read(vec![story.bytes.clone()], &question).unwrap();
        let report = audit(&mut reading, &question, &knowledge, None, None).unwrap();
        let ruling = &claim(&report, 12).app;
        assert_eq!(ruling.verdict, verdict, "{app}: {}", ruling.because);
        assert!(ruling.because.contains(because), "{app}: {}", ruling.because);
    }
}

#[test]
fn a_baseline_excuses_the_platform_alone_and_no_capture_is_its_own() {
    let own = story("platform-only");
    let mut copy = own.bytes.clone();
    // A custom block without content: the same packets in another file.
    copy.extend([0xad, 0x0b, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0]);
    for (baseline, verdict) in
        [(own.bytes.clone(), "inconclusive"), (copy, "inconclusive"), (earlier(own.bytes.clone()), "upheld")]
    {
        let (_, app) = said(&own, Some(baseline));
        assert_eq!(app.verdict, verdict, "{}", app.because);
    }
    // The baseline shows the same upload.
    let baseline = earlier(story("local-data-late-upload").bytes);
    let (_, app) = said(&story("flow-spans-window"), Some(baseline));
    assert_eq!(app.verdict, "refuted", "{}", app.because);
    let baseline = earlier(story("local-data-silence").bytes);
    let (_, app) = said(&story("platform-name-lie"), Some(baseline));
    assert_eq!(app.verdict, "refuted", "{}", app.because);
}

#[test]
fn a_trusted_certificate_alone_ties_no_stranger() {
    let story = story("handshake-played-again");
    let question = question(&story.args);
    let mut knowledge = shipped();
    let authority = Authority::lab().unwrap();
    knowledge.roots = Roots::shipped().with([authority.certificate()]).unwrap();
    let mut reading = read(vec![story.bytes], &question).unwrap();
    let report = audit(&mut reading, &question, &knowledge, None, None).unwrap();
    let ruling = &claim(&report, 13).station;
    assert_eq!(ruling.verdict, "inconclusive", "{}", ruling.because);
    assert!(report.contacts.iter().any(|contact| contact.ties.contains(&"certificate alone".to_owned())));
}

/// The silent story of a station that is seen every ten seconds outside of the window, in files
/// that each hold one stretch of it, in seconds.
fn in_files(stretches: &[[u64; 2]]) -> Report {
    let at = |second: u64| START.after(Duration::from_seconds(second));
    let mut recorder = Recorder::new(link::Link::Ethernet, 1);
    for second in (0..180).step_by(10) {
        recorder.frame(at(second), link::arp(STATION, ROUTER));
        if !(55..125).contains(&second) {
            let client = Endpoint { addr: STATION, port: 40_000 + u16::try_from(second).unwrap() };
            let server = Endpoint { addr: "52.29.63.44".parse().unwrap(), port: 443 };
            Tcp::new(&mut recorder, client, server, at(second)).open().send(Side::Client, b"x").close();
        }
    }
    let packets = recorder.finish();
    let file = |[from, to]: &[u64; 2]| {
        let within = |packet: &&Packet| (at(*from)..at(*to)).contains(&packet.at);
        let kept: Vec<Packet> = packets.iter().filter(within).cloned().collect();
        PcapNg::new(vec![Interface::lossless(1, kept.len())]).write(&kept)
    };
    let args = "--mode local-data --station 192.168.1.23 --window +60s..+120s";
    let question = question(&args.split(' ').map(str::to_owned).collect::<Vec<_>>());
    let mut reading = read(stretches.iter().map(file).collect(), &question).unwrap();
    audit(&mut reading, &question, &shipped(), None, None).unwrap()
}

#[test]
fn a_window_must_lie_within_one_file() {
    for (stretches, expected) in [
        (&[[0, 180]][..], "upheld"),
        // The window is whole in the second file.
        (&[[0, 20], [20, 180]], "upheld"),
        // Nobody watched in the window, or for a part of it.
        (&[[0, 60], [121, 180]], "inconclusive"),
        (&[[0, 85], [95, 180]], "inconclusive"),
        // The tap was not seen alive in the file that holds the window.
        (&[[0, 60], [60, 125], [125, 180]], "inconclusive"),
    ] {
        let report = in_files(stretches);
        let ruling = &claim(&report, 13).station;
        assert_eq!(ruling.verdict, expected, "{stretches:?}: {}", ruling.because);
    }
}

#[test]
fn hosts_that_were_not_judged_are_listed_as_not_covered() {
    let story = story("local-data-neighbour");
    let mut reading = read(vec![story.bytes], &question(&story.args)).unwrap();
    let report = audit(&mut reading, &question(&story.args), &shipped(), None, None).unwrap();
    let listed = report.coverage.not_covered.iter().any(|text| {
        text.contains("were not judged, though one may be the station by another card: 192.168.1.")
    });
    assert!(listed, "{:?}", report.coverage.not_covered);
}
