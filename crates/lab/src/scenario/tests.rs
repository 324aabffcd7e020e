use super::*;
use std::collections::BTreeSet;
use std::process::Command;

#[test]
fn stories_have_names_of_their_own_and_the_same_bytes_each_time() {
    let (first, second) = (all(), all());
    let ids: BTreeSet<_> = first.iter().map(|story| story.id).collect();
    assert_eq!(ids.len(), first.len());
    assert!(first.len() >= 50, "{}", first.len());
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(a, b, "{}", a.id);
        assert!(!a.expected.is_empty() && a.says.ends_with('.'), "{}", a.id);
        assert_eq!(a.honest, a.expected.iter().any(|(_, verdict)| *verdict == Verdict::Upheld), "{}", a.id);
    }
}

#[test]
fn whole_captures_last_three_minutes() {
    for story in all() {
        if story.id.starts_with("empty") || story.id == "cut-in-the-middle" {
            continue;
        }
        let seen = crate::read::packets(&story.bytes).unwrap();
        let first = seen.first().unwrap().nanos;
        assert_eq!(seen.last().unwrap().nanos - first, 180_000_000_000, "{}", story.id);
    }
}

/// Names that tshark 4.0 does not find: it takes whatever starts on port 443 for TLS and then
/// does not follow a CONNECT there, and takes a connection that starts with the numbers of the one
/// before for the same bytes sent again. Fragments of which some have a source route have two far ends
/// for it, so that it does not join them.
const UNSEEN: &[(&str, &str)] = &[
    ("proxy-at-exempt-address", "mydjiflight.dji.com"),
    ("port-used-again", "mydjiflight.dji.com"),
    ("fragments-with-source-route", "api.mapbox.com"),
];

/// Stories of bytes that are on a protocol's port and not of that protocol, and of bytes that are sent
/// again in other pieces.
const MALFORMED: &[&str] = &[
    "dns-noise-after-question",
    "mavlink-at-time-server",
    "ntp-among-empty-datagrams",
    "stun-at-time-server",
    "stun-alone-at-time-server",
    "local-data-exempt-http-resent",
];

#[test]
fn tshark_reads_every_story_and_its_names() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark is not installed");
        return;
    }
    let folder = std::env::temp_dir().join(format!("creance-lab-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for story in all() {
        let path = folder.join(format!("{}.{}", story.id, story.extension));
        std::fs::write(&path, &story.bytes).unwrap();
        let output = tshark(&path);
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let cut = story.id == "cut-in-the-middle";
        assert_eq!(output.status.success(), !cut, "{}: {errors}", story.id);
        let mut names: Vec<String> = Vec::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            names.extend(fields[0].split(',').filter(|name| !name.is_empty()).map(str::to_owned));
            // 0 is a wrong sum; 1 and 2 are right and not checked.
            let wrong = fields[1..4].iter().any(|status| status.split(',').any(|one| one == "0"));
            assert!(!wrong, "{}: a wrong sum: {line}", story.id);
            let malformed = fields.get(4).is_some_and(|text| !text.is_empty());
            assert!(!malformed || MALFORMED.contains(&story.id), "{}: malformed: {line}", story.id);
        }
        names.sort();
        if !cut {
            let mut expected = story.hello_names.clone();
            if let Some((_, hidden)) = UNSEEN.iter().find(|(id, _)| *id == story.id) {
                let at = expected.iter().position(|name| name == hidden).unwrap();
                expected.remove(at);
            }
            assert_eq!(names, expected, "{}", story.id);
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Server names, the state of each sum, and what tshark cannot read; one packet a line.
fn tshark(path: &std::path::Path) -> std::process::Output {
    Command::new("tshark")
        .args(["-n", "-o", "ip.defragment:TRUE", "-o", "tcp.reassemble_out_of_order:TRUE"])
        .args([
            "-o",
            "tcp.check_checksum:TRUE",
            "-o",
            "udp.check_checksum:TRUE",
            "-o",
            "ip.check_checksum:TRUE",
        ])
        .args(["-T", "fields", "-e", "tls.handshake.extensions_server_name"])
        .args(["-e", "tcp.checksum.status", "-e", "udp.checksum.status", "-e", "ip.checksum.status"])
        .args(["-e", "_ws.malformed", "-r"])
        .arg(path)
        .output()
        .unwrap()
}
