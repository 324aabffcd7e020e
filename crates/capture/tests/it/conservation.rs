//! Every packet is somewhere: in a flow, or counted as something that is none.

use crate::support::{Run, read, whole};
use creance_capture::{Reader, Source, Volume};
use std::path::{Path, PathBuf};

/// Packets that are counted as not understood and are flows all the same.
const ALSO_FLOWS: [&str; 6] = [
    "bytes behind an IP packet",
    "source routing",
    "TCP header cut short",
    "TCP header with an impossible length",
    "UDP header cut short",
    "UDP header with an impossible length",
];

/// A story whose second section, of one packet, is not read: the first one is not as long as it says.
const DAMAGED: &str = "section-longer-than-it-is";

#[track_caller]
fn nothing_is_lost(run: &Run, what: &str) {
    let counts = &run.counts;
    let on_the_wire = run.flows.iter().filter(|flow| flow.tunnels.is_empty());
    let in_flows: u64 = on_the_wire.map(|flow| whole(flow).packets).sum();
    let unread: u64 = counts
        .unread
        .iter()
        .filter(|(name, _)| !ALSO_FLOWS.contains(&name.as_str()))
        .map(|(_, one)| one.packets)
        .sum();
    let link_only: u64 = counts.link_only.values().map(|one| one.packets).sum();
    let sum = in_flows + unread + link_only;
    if run.flows.iter().any(|flow| flow.is_tunnel) {
        // What is not understood within a tunnel is counted beside the tunnel's own packets.
        assert!(in_flows <= counts.packets && sum >= counts.packets, "{what}: {in_flows} {sum} {counts:?}");
    } else {
        assert_eq!(sum, counts.packets, "{what}: {counts:?}");
    }
    for flow in &run.flows {
        let mut parts = [Volume::default(); 2];
        for part in [flow.before, flow.window, flow.after] {
            parts[0].merge(part.up);
            parts[1].merge(part.down);
        }
        assert_eq!(parts, [flow.total().up, flow.total().down], "{what}: flow {}", flow.number);
        assert!(flow.first <= flow.last, "{what}: flow {}", flow.number);
    }
    let interfaces: u64 = run.facts.interfaces.iter().map(|interface| interface.packets).sum();
    assert_eq!(interfaces, counts.packets, "{what}");
    for (flow, number) in run.flows.iter().zip(1..) {
        assert_eq!(flow.number, number, "{what}");
    }
}

#[test]
fn in_every_story_of_the_lab() {
    let stories = creance_lab::scenario::all();
    assert!(stories.len() > 20);
    for story in stories {
        let run = read(&story.bytes[..], None).unwrap();
        nothing_is_lost(&run, story.id);
        let seen = creance_lab::read::packets(&story.bytes).unwrap();
        let behind_damage = if story.id == DAMAGED { 1 } else { 0 };
        assert_eq!(run.counts.packets + behind_damage, seen.len() as u64, "{}", story.id);
    }
}

#[test]
fn in_the_sample() {
    nothing_is_lost(&read(&creance_lab::sample::capture()[..], None).unwrap(), "sample");
}

#[test]
fn in_captures_of_the_world() {
    let place = std::env::var_os("CREANCE_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    let mut files = Vec::new();
    list(&place.join("captures"), &mut files);
    files.sort();
    if files.is_empty() {
        println!("skipped: no captures at {}", place.display());
        return;
    }
    let mut opened = 0;
    for path in files {
        let source = Source::new(std::fs::File::open(&path).unwrap(), false).unwrap();
        let Ok(run) = read(source, None) else { continue };
        opened += 1;
        nothing_is_lost(&run, &path.display().to_string());
    }
    assert!(opened > 300, "only {opened} captures could be opened");
}

#[test]
fn in_a_stream_that_gives_one_byte_at_a_time() {
    struct Drip<'a>(&'a [u8]);
    impl std::io::Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }
    let file = creance_lab::sample::capture();
    let dripped = read(Drip(&file), None).unwrap();
    let whole = read(&file[..], None).unwrap();
    assert_eq!((dripped.flows, dripped.facts), (whole.flows, whole.facts));
    let mut reader = Reader::new(&file[..]).unwrap();
    while reader.next_frame().is_some() {}
    assert_eq!(reader.offset(), file.len() as u64);
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|end| end == "pcap" || end == "pcapng" || end == "cap") {
            files.push(path);
        }
    }
}
