//! The new format: sections, interfaces, times, losses, and everything that is no packet.

use crate::blocks::{BIG, Blocks, LITTLE};
use crate::support::{at, recorder, run, server, station, visit};
use creance_capture::{Ending, Format, Frame, PacketLabel, Reader};
use creance_lab::link::Link;
use creance_lab::pcapng::{Interface, PcapNg};
use creance_lab::{Recorder, Side, Udp};
use creance_model::Timestamp;

/// One datagram in a frame.
fn datagram(link: Link, port: u16) -> Vec<u8> {
    let mut recorder = Recorder::new(link, 1);
    Udp::new(&mut recorder, station(port), server(9999), at(0)).send(Side::Client, b"datagram");
    recorder.finish()[0].bytes.clone()
}

/// Times of all packets.
fn times(file: &[u8]) -> Vec<i64> {
    let mut reader = Reader::new(file).unwrap();
    let mut times = Vec::new();
    while let Some(Frame { at, .. }) = reader.next_frame() {
        times.push(at.0);
    }
    assert_eq!(reader.facts().ending, Ending::Complete);
    times
}

#[test]
fn sections_may_differ_in_byte_order_and_number_interfaces_anew() {
    let part = |blocks: Blocks, link: Link, port| {
        let frame = datagram(link, port);
        let link_type = link.linktype() as u16;
        [
            blocks.section(&[]),
            blocks.interface(link_type, &[blocks.option(2, b"wlan0")]),
            blocks.packet(0, 5_000_000, &frame, &[]),
        ]
        .concat()
    };
    let file = [part(LITTLE, Link::Ethernet, 41_000), part(BIG, Link::RawIp, 41_001)].concat();
    let run = run(&file);
    assert_eq!((run.facts.format, &run.facts.ending), (Format::Pcapng, &Ending::Complete));
    let links: Vec<_> = run.facts.interfaces.iter().map(|i| (i.link_type, i.packets)).collect();
    assert_eq!(links, [(1, 1), (101, 1)]);
    let ports: Vec<_> = run.flows.iter().map(|flow| (flow.client.port, flow.first.0)).collect();
    assert_eq!(ports, [(41_000, 5_000_000_000), (41_001, 5_000_000_000)]);
}

#[test]
fn interfaces_of_one_section_have_their_own_link_type() {
    let links = [Link::Ethernet, Link::RawIp, Link::CookedV2, Link::Null];
    let mut file = LITTLE.section(&[]);
    for link in links {
        file.extend(LITTLE.interface(link.linktype() as u16, &[LITTLE.option(2, b"if")]));
    }
    for (link, number) in links.into_iter().zip(0_u16..) {
        file.extend(LITTLE.packet(number.into(), 0, &datagram(link, 41_000 + number), &[]));
    }
    let run = run(&file);
    let ports: Vec<_> = run.flows.iter().map(|flow| flow.client.port).collect();
    assert_eq!(ports, [41_000, 41_001, 41_002, 41_003]);
    assert!(run.counts.unread.is_empty());
    assert_eq!(run.facts.interfaces[2].name.as_deref(), Some("if"));
}

#[test]
fn times_follow_the_interface() {
    let time = |options: &[Vec<u8>], ticks| {
        let file =
            [LITTLE.section(&[]), LITTLE.interface(1, options), LITTLE.packet(0, ticks, &[0; 60], &[])];
        times(&file.concat())
    };
    assert_eq!(time(&[], 1_500_000), [1_500_000_000]);
    assert_eq!(time(&[LITTLE.option(9, &[9])], 1_500_000_007), [1_500_000_007]);
    assert_eq!(time(&[LITTLE.option(9, &[0x80 | 10])], 1024 + 512), [1_500_000_000]);
    assert_eq!(time(&[LITTLE.option(9, &[0])], 3), [3_000_000_000]);
    let offset = |seconds: i64| LITTLE.option(14, &LITTLE.u64(seconds.cast_unsigned()));
    assert_eq!(time(&[offset(100)], 1_000_000), [101_000_000_000]);
    assert_eq!(time(&[offset(-2)], 1_000_000), [-1_000_000_000]);
    assert_eq!(time(&[LITTLE.option(9, &[9]), offset(7)], 5), [7_000_000_005]);
}

#[test]
fn losses_are_known_where_they_are_stated_after_the_last_packet() {
    let packet = || LITTLE.packet(0, 0, &[0; 60], &[]);
    let drops = |blocks: &[Vec<u8>]| {
        let file = [LITTLE.section(&[]), LITTLE.interface(1, &[]), blocks.concat()].concat();
        run(&file).facts.interfaces[0].drops()
    };
    let dropped = |count| LITTLE.statistics(0, &[LITTLE.dropped(count)]);
    let silent = || LITTLE.statistics(0, &[LITTLE.option(4, &LITTLE.u64(1))]);
    assert_eq!(drops(&[packet()]), None);
    assert_eq!(drops(&[packet(), silent()]), None);
    assert_eq!(drops(&[packet(), dropped(0)]), Some(0));
    assert_eq!(drops(&[packet(), dropped(5)]), Some(5));
    assert_eq!(drops(&[packet(), dropped(0), packet()]), None);
    assert_eq!(drops(&[packet(), dropped(5), packet()]), Some(5));
    assert_eq!(drops(&[packet(), dropped(2), packet(), dropped(3)]), Some(3));
    // The last statement says nothing of losses, so the earlier one still covers only its part.
    assert_eq!(drops(&[packet(), dropped(0), packet(), silent()]), None);
    let system = LITTLE.option(7, &LITTLE.u64(4));
    let both = LITTLE.statistics(0, &[LITTLE.dropped(3), system]);
    assert_eq!(drops(&[packet(), both]), Some(7));
}

#[test]
fn what_is_no_packet_is_counted() {
    let mut recorder = recorder();
    visit(&mut recorder, 40_000, "a.example.com", at(0));
    let packets = recorder.finish();
    let file = PcapNg {
        comment: Some("on the whole".into()),
        names: vec![("1.2.3.4".parse().unwrap(), "liar.test".into()), ("::1".parse().unwrap(), "b".into())],
        secrets: Some("CLIENT_RANDOM 00 00".into()),
        custom: Some((9, vec![1, 2, 3, 4])),
        ..PcapNg::new(vec![Interface::lossless(1, packets.len())])
    };
    // The custom block is known not to be a packet; another kind may be one.
    let run = run(&[file.write(&packets), LITTLE.block(0x0bae, &[1, 2, 3, 4])].concat());
    let facts = &run.facts;
    assert_eq!(facts.comments, ["on the whole"]);
    assert_eq!((facts.resolved_names, facts.secrets, facts.unknown_blocks), (2, 1, 1));
    assert_eq!(facts.interfaces[0].drops(), Some(0));
    // What the capturing program calls an address is no evidence.
    assert!(run.only().bindings.is_empty());
    let filter = [&[0][..], b"not port 443"].concat();
    let file = [
        LITTLE.section(&[]),
        LITTLE.interface(1, &[LITTLE.option(11, &filter), LITTLE.option(1, b"of the interface")]),
    ];
    let run = self::run(&file.concat());
    assert_eq!(run.facts.interfaces[0].filter.as_deref(), Some("not port 443"));
    assert_eq!(run.facts.comments, ["of the interface"]);
}

#[test]
fn packets_name_their_process() {
    let mut recorder = recorder();
    recorder.app_by_process(1);
    visit(&mut recorder, 40_000, "a.example.com", at(0));
    recorder.app_by_process(0);
    visit(&mut recorder, 40_001, "b.example.com", at(0));
    recorder.no_app();
    visit(&mut recorder, 40_002, "c.example.com", at(0));
    recorder.comment("app=Fly; uid=10123");
    Udp::new(&mut recorder, station(40_003), server(9999), at(0)).send(Side::Client, b"x");
    let packets = recorder.finish();
    for big_endian in [false, true] {
        let mut file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
        file.big_endian = big_endian;
        file.processes = vec![(7, "one".into()), (8, "two".into())];
        let run = run(&file.write(&packets));
        let app = |port| {
            let flow = run.flows.iter().find(|flow| flow.client.port == port).unwrap();
            assert!(!flow.labels_differ);
            flow.label.map(|index| run.labels[index as usize].clone())
        };
        let label =
            |app: &str, id| PacketLabel { app: Some(app.into()), id: Some(id), ..PacketLabel::default() };
        assert_eq!(app(40_000), Some(label("two", 8)));
        assert_eq!(app(40_001), Some(label("one", 7)));
        assert_eq!(app(40_002), None);
        let comment = Some("app=Fly; uid=10123".to_owned());
        assert_eq!(app(40_003), Some(PacketLabel { comment, ..label("Fly", 10_123) }));
    }
}

#[test]
fn pcapdroid_names_apps_by_their_user_id() {
    for blocks in [LITTLE, BIG] {
        let user = |id: u32, [package, app]: [u8; 2], names: &[u8]| {
            let head = [blocks.u32(62_652), blocks.u16(1), vec![1, 0], blocks.u32(id)].concat();
            blocks.block(0x0bad, &[&head[..], &[package, app], names].concat())
        };
        let packet = |port, comment: &[u8]| {
            blocks.packet(0, 0, &datagram(Link::RawIp, port), &[blocks.option(1, comment)])
        };
        let file = [
            blocks.section(&[]),
            blocks.interface(101, &[]),
            user(10_234, [9, 7], b"dji.go.v5DJI Fly"),
            // Its names are longer than the block.
            user(10_235, [9, 9], b"x"),
            packet(41_000, b"u-10234"),
            packet(41_001, b"u-10235"),
            packet(41_002, b"u--1"),
        ]
        .concat();
        let run = run(&file);
        let label = |flow: usize| &run.labels[run.flows[flow].label.unwrap() as usize];
        assert_eq!((label(0).app.as_deref(), label(0).id), (Some("DJI Fly"), Some(10_234)));
        assert!(label(0).is("dji.go.v5") && label(0).is("DJI Fly") && !label(0).is("dji"));
        assert_eq!((label(1).app.as_deref(), label(1).id), (None, Some(10_235)));
        assert_eq!((label(2).app.as_deref(), label(2).id), (None, None));
        assert_eq!(run.facts.unknown_blocks, 0);
    }
}

#[test]
fn a_flow_of_two_processes_says_so() {
    let frame = datagram(Link::Ethernet, 41_000);
    let process =
        |id, name: &[u8]| LITTLE.block(0x8000_0001, &[LITTLE.u32(id), LITTLE.option(2, name)].concat());
    let by = |index| LITTLE.packet(0, 0, &frame, &[LITTLE.option(0x8001, &LITTLE.u32(index)), vec![0; 4]]);
    let file =
        [LITTLE.section(&[]), LITTLE.interface(1, &[]), process(1, b"one"), process(2, b"two"), by(0), by(1)];
    let run = run(&file.concat());
    let flow = run.only();
    assert_eq!((flow.label, flow.labels_differ, flow.total().up.packets), (Some(0), true, 2));
}

#[test]
fn simple_packets_have_no_time_but_count() {
    let mut recorder = recorder();
    visit(&mut recorder, 40_000, "a.example.com", at(0));
    let packets = recorder.finish();
    let mut file = PcapNg::new(vec![Interface::lossless(1, packets.len())]);
    file.simple = true;
    let run = run(&file.write(&packets));
    assert_eq!(run.facts.untimed_packets, packets.len() as u64);
    assert_eq!(run.counts.first, Some(Timestamp(0)));
    assert_eq!(crate::support::names(run.only()), ["a.example.com"]);
    assert_eq!(crate::support::whole(run.only()).packets, packets.len() as u64);
}

#[test]
fn options_that_reach_beyond_their_block_are_damage_where_times_hang_on_them() {
    let long = [LITTLE.u16(2), LITTLE.u16(400), b"wlan".to_vec()].concat();
    let section = LITTLE.section(&[]);
    let file = [section.clone(), LITTLE.interface(1, std::slice::from_ref(&long))].concat();
    let run = run(&file);
    let Ending::Damaged { offset, what } = &run.facts.ending else { panic!("{:?}", run.facts.ending) };
    assert_eq!(*offset, section.len() as u64);
    assert_eq!(what, "an option of an interface reaches beyond its block");
    // A packet's own options say nothing of the packet.
    let frame = datagram(Link::Ethernet, 41_000);
    let file = [section, LITTLE.interface(1, &[]), LITTLE.packet(0, 0, &frame, &[long])].concat();
    let run = self::run(&file);
    assert_eq!((&run.facts.ending, run.flows.len()), (&Ending::Complete, 1));
    for options in
        [LITTLE.option(9, &[]), LITTLE.option(9, &[20]), LITTLE.option(9, &[0xc0]), LITTLE.option(14, &[1])]
    {
        let run = self::run(&[LITTLE.section(&[]), LITTLE.interface(1, &[options])].concat());
        assert!(matches!(run.facts.ending, Ending::Damaged { .. }), "{:?}", run.facts.ending);
    }
}

#[test]
fn a_section_that_is_shorter_than_it_says_is_cut_short() {
    let packet = LITTLE.packet(0, 0, &datagram(Link::Ethernet, 41_000), &[]);
    let body = [LITTLE.interface(1, &[]), packet.clone(), packet].concat();
    let stated = |length: u64| {
        let mut section = LITTLE.section(&[]);
        section[16..24].copy_from_slice(&length.to_le_bytes());
        section
    };
    let whole = [stated(body.len() as u64), body.clone()].concat();
    assert_eq!(run(&whole).facts.ending, Ending::Complete);
    // Cut between two blocks.
    let cut = &whole[..whole.len() - (body.len() - LITTLE.interface(1, &[]).len()) / 2];
    assert_eq!(run(cut).facts.ending, Ending::CutShort { offset: cut.len() as u64 });
    let followed = [cut, &stated(u64::MAX)].concat();
    assert!(matches!(run(&followed).facts.ending, Ending::Damaged { .. }));
}
