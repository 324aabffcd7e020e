//! What the program is given to read.

use crate::{Folder, story};
use creance_lab::scenario::Scenario;
use insta::assert_snapshot;

#[test]
fn what_is_no_capture_is_refused() {
    let folder = Folder::new();
    folder.write("notes.txt", "These are notes about a flight, and no capture.\n").write("empty.pcap", "");
    std::fs::create_dir(folder.path("folder")).unwrap();
    assert_snapshot!(folder.run("audit notes.txt"), @"
    status 2
    --- err
    error: `notes.txt`
      not a capture: it starts with 54 68 65 73 65 20 61 72, which is neither pcap nor pcapng
    ");
    assert_snapshot!(folder.run("audit empty.pcap"), @"
    status 2
    --- err
    error: `empty.pcap`
      the file is empty (0 bytes): it holds no capture
    ");
    assert_snapshot!(folder.run("audit folder"), @"
    status 2
    --- err
    error: `folder` is a folder; name the captures in it
    ");
    assert_snapshot!(folder.run("audit missing.pcap"), @"
    status 2
    --- err
    error: `missing.pcap` cannot be read
      No such file or directory (os error 2)
    ");
    assert_snapshot!(folder.run("audit - -"), @"
    status 2
    --- err
    error: standard input (`-`) was given more than once
    ");
    assert_snapshot!(folder.run("audit"), @"
    status 2
    --- err
    error: the following required arguments were not provided:
      <FILE>...

    Usage: creance audit <FILE>...

    For more information, try '--help'.
    ");
}

#[test]
fn misspelt_services_and_windows_are_refused() {
    let folder = Folder::new();
    folder.write("a.pcapng", story("local-data-silence").bytes);
    assert_snapshot!(folder.run("audit a.pcapng --mode local-data --exempt mapbox.tilez"), @"
    status 2
    --- err
    error: --exempt mapbox.tilez: the catalogue has no such service

    hint: services of `mapbox`: mapbox.telemetry, mapbox.tiles
    ");
    assert_snapshot!(folder.run("audit a.pcapng --grant mapbox"), @"
    status 2
    --- err
    error: invalid value 'mapbox' for '--grant <SERVICE>': `mapbox` is not a service id (such as `dji.flysafe`)

    For more information, try '--help'.
    ");
    assert_snapshot!(folder.run("audit a.pcapng --window +60s"), @"
    status 2
    --- err
    error: invalid value '+60s' for '--window <FROM..TO>': `+60s` is no window: it has no `..`; write `FROM..TO` with times such as `2026-03-01T10:00:00Z`, or seconds from the first packet such as `+60s..+180s`

    For more information, try '--help'.
    ");
    assert_snapshot!(folder.run("audit a.pcapng --window +60s..+50s"), @"
    status 2
    --- err
    error: invalid value '+60s..+50s' for '--window <FROM..TO>': `+60s..+50s` is no window: it ends before it starts; write `FROM..TO` with times such as `2026-03-01T10:00:00Z`, or seconds from the first packet such as `+60s..+180s`

    For more information, try '--help'.
    ");
    assert_snapshot!(folder.run("audit a.pcapng --mode lokal"), @"
    status 2
    --- err
    error: invalid value 'lokal' for '--mode <MODE>': `lokal` is no mode; one of: offline, local-data, restricted, standard

    For more information, try '--help'.
    ");
}

#[test]
fn a_capture_cut_in_the_middle_is_judged_and_never_upheld() {
    let mut silence = story("local-data-silence");
    silence.bytes.truncate(silence.bytes.len() * 2 / 3);
    let folder = Folder::new();
    let ran = folder.audit(&silence, "--out report");
    assert_eq!(ran.status, 3, "{ran}");
    let ending = folder.json("report/report.json")["inputs"][0]["ending"].to_string();
    assert!(ending.contains("cut short"), "{ending}");
    assert!(ran.out.contains("cut short"), "{ran}");
}

#[test]
fn standard_input_and_gzip_give_the_verdict_of_the_plain_file() {
    let story = story("cleartext-http");
    let args = story.args.join(" ");
    let folder = Folder::new();
    let plain = folder.audit(&story, "--out plain");
    folder.write("capture.pcapng.gz", gzip(&story.bytes));
    let packed = folder.run(&format!("audit capture.pcapng.gz {args} --out packed"));
    let piped = folder.run_with(&format!("audit - {args} --out piped"), &story.bytes);
    assert_eq!((plain.status, packed.status, piped.status), (1, 1, 1), "{packed}\n{piped}");
    let [plain, packed, piped] =
        ["plain", "packed", "piped"].map(|name| folder.json(&format!("{name}/report.json")));
    for other in [&packed, &piped] {
        assert_eq!(plain["claims"], other["claims"]);
        assert_eq!(plain["contacts"], other["contacts"]);
    }
    assert_eq!(packed["inputs"][0]["compression"], "gzip");
    assert_eq!(piped["inputs"][0]["name"], "standard input");
    assert_eq!(plain["inputs"][0]["sha256"], piped["inputs"][0]["sha256"]);
    assert_ne!(plain["inputs"][0]["sha256"], packed["inputs"][0]["sha256"]);
}

#[test]
fn parts_of_one_recording_are_read_as_one() {
    let Scenario { bytes, args, .. } = story("classic-pcap");
    let half = creance_lab::read::packets(&bytes).unwrap().len() / 2;
    let (mut at, mut packets) = (24, 0);
    while packets < half {
        let kept: [u8; 4] = bytes[at + 8..at + 12].try_into().unwrap();
        at += 16 + u32::from_le_bytes(kept) as usize;
        packets += 1;
    }
    let folder = Folder::new();
    folder.write("one.pcap", &bytes[..at]).write("two.pcap", [&bytes[..24], &bytes[at..]].concat());
    folder.write("whole.pcap", &bytes);
    let args = args.join(" ");
    let parts = folder.run(&format!("audit one.pcap two.pcap {args} --out parts"));
    let whole = folder.run(&format!("audit whole.pcap {args} --out whole"));
    assert_eq!((parts.status, whole.status), (3, 3), "{parts}");
    let [parts, whole] = ["parts", "whole"].map(|name| folder.json(&format!("{name}/report.json")));
    assert_eq!(parts["contacts"], whole["contacts"]);
    assert_eq!(parts["coverage"]["packets"], whole["coverage"]["packets"]);
}

/// A gzip file (RFC 1952) whose blocks are stored as they are.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut chunks = bytes.chunks(0xffff).peekable();
    while let Some(chunk) = chunks.next() {
        let length = u16::try_from(chunk.len()).unwrap();
        out.push(u8::from(chunks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(chunk);
    }
    out.extend(crc32(bytes).to_le_bytes());
    out.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| {
                if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 }
            },
        )
    })
}
