//! Whatever a packet is wrapped in, the conversation within is the flow.

use crate::support::{
    Run, at, end, hello, ip, names, pcap, recorder, run, run_recorded, server, station, visit, whole,
};
use creance_capture::PacketLabel;
use creance_lab::link::{self, Link};
use creance_lab::tunnel::Tunnel;
use creance_lab::{Packet, Recorder, Side, Tcp, Udp};
use creance_model::Transport;

const NAME: &str = "inner.example.com";

/// The packets of a visit, bare.
fn bare() -> Vec<Packet> {
    let mut recorder = Recorder::new(Link::RawIp, 7);
    visit(&mut recorder, 40_000, NAME, at(0));
    recorder.finish()
}

/// The same with each packet wrapped.
fn wrapped(linktype: u32, wrap: impl Fn(&[u8]) -> Vec<u8>) -> Run {
    let packets: Vec<Packet> =
        bare().into_iter().map(|packet| Packet { bytes: wrap(&packet.bytes), ..packet }).collect();
    run(&pcap(linktype, &packets))
}

#[track_caller]
fn is_the_visit(run: &Run) {
    let flow = run.only();
    let expected = self::run(&pcap(101, &bare()));
    assert_eq!(names(flow), [NAME]);
    assert_eq!((flow.client, flow.server), (station(40_000), server(443)));
    assert_eq!(flow.total(), expected.only().total());
    assert_eq!(whole(flow).packets, run.counts.packets);
    assert!(flow.tunnels.is_empty() && !flow.is_tunnel);
    assert!(run.counts.unread.is_empty() && run.counts.link_only.is_empty());
}

#[test]
fn framings_are_peeled() {
    for link in [
        Link::Ethernet,
        Link::Vlan(5),
        Link::QinQ(5, 6),
        Link::CookedV1,
        Link::CookedV2,
        Link::RawIp,
        Link::Null,
        Link::Loop,
    ] {
        is_the_visit(&wrapped(link.linktype(), |packet| link.frame(packet)));
    }
    let ethernet = |kind: u16, head: &'static [u8]| {
        move |packet: &[u8]| {
            link::ethernet(ip("192.168.1.23"), ip("52.29.63.1"), kind, &[head, packet].concat())
        }
    };
    // PPPoE session (RFC 2516) with PPP's IPv4; two MPLS labels (RFC 3032); BSD's null, big-endian.
    is_the_visit(&wrapped(1, ethernet(0x8864, &[0x11, 0, 0, 1, 5, 0, 0, 0x21])));
    is_the_visit(&wrapped(1, ethernet(0x8847, &[0, 1, 0, 64, 0, 2, 1, 64])));
    is_the_visit(&wrapped(0, |packet| [&[0, 0, 0, 2], packet].concat()));
    is_the_visit(&wrapped(9, |packet| [&[0xff, 3, 0, 0x21], packet].concat()));
}

#[test]
fn cards_are_those_of_the_first_packet_that_has_them() {
    let run = wrapped(1, |packet| Link::Ethernet.frame(packet));
    let (own, router) = (link::card(ip("192.168.1.23")), link::card(ip("52.29.63.1")));
    assert_eq!(run.only().hardware, [Some(own), Some(router)]);
    // This framing names the sender alone.
    let run = wrapped(113, |packet| Link::CookedV1.frame(packet));
    assert_eq!(run.only().hardware, [Some(own), Some(router)]);
}

#[test]
fn further_cards_are_kept_and_too_many_are_said() {
    let by = |count: u8| {
        let mut recorder = recorder();
        for last in [1, 2, 1].into_iter().chain(1..=count) {
            recorder.from_card = Some([192, 168, 1, last].into());
            Udp::new(&mut recorder, end("192.168.1.23", 5001), end("52.29.63.1", 9999), at(0))
                .send(Side::Client, b"x");
        }
        let run = run_recorded(recorder);
        let [client, server] = &run.only().other_hardware;
        assert!(server.is_empty());
        (client.len(), client.last().copied(), run.only().other_hardware_left_out)
    };
    let card = |last| Some([2, 0, 192, 168, 1, last]);
    assert_eq!(by(2), (1, card(2), false));
    assert_eq!(by(9), (8, card(9), false));
    assert_eq!(by(10), (8, card(9), true));
}

#[test]
fn tunnels_are_named_and_their_carriers_are_flows_of_their_own() {
    let (near, far) = (ip("192.168.1.23"), ip("45.33.0.1"));
    for (tunnel, kind, transport) in [
        (Tunnel::Gre(near, far, None), "gre", Transport::Other(47)),
        (Tunnel::Gre(near, far, Some(9)), "gre", Transport::Other(47)),
        (Tunnel::Vxlan(near, far, 7), "vxlan", Transport::Udp),
        (Tunnel::IpInIp(near, far), "ipip", Transport::Other(4)),
    ] {
        let mut recorder = recorder();
        recorder.tunnel = Some(tunnel);
        visit(&mut recorder, 40_000, NAME, at(0));
        let run = run_recorded(recorder);
        let (outer, inner): (Vec<_>, Vec<_>) = run.flows.iter().partition(|flow| flow.tunnels.is_empty());
        let [inner] = inner.as_slice() else { panic!("{kind}: {inner:#?}") };
        assert_eq!(names(inner), [NAME], "{kind}");
        assert!(!inner.is_tunnel);
        assert_eq!(inner.hardware, [None; 2]);
        let [through] = inner.tunnels.as_slice() else { panic!("{:?}", inner.tunnels) };
        assert_eq!((through.kind.as_str(), through.source, through.destination), (kind, far, near));
        assert_eq!(whole(inner).packets, run.counts.packets);
        assert!(outer.iter().all(|flow| flow.is_tunnel && flow.transport == transport));
        assert_eq!(outer.iter().map(|flow| whole(flow).packets).sum::<u64>(), run.counts.packets);
    }
}

#[test]
fn ipv6_within_ipv4_is_a_flow_of_ipv6() {
    let mut recorder = recorder();
    recorder.tunnel = Some(Tunnel::IpInIp(ip("192.168.1.23"), ip("45.33.0.1")));
    Tcp::new(&mut recorder, end("fd00::23", 40_000), end("2001:db8::9", 443), at(0))
        .open()
        .send(Side::Client, &hello(NAME));
    let run = run_recorded(recorder);
    let [outer, inner] = run.flows.as_slice() else { panic!("{:#?}", run.flows) };
    assert_eq!((outer.transport, outer.is_tunnel), (Transport::Other(41), true));
    assert_eq!((inner.server, inner.tunnels[0].kind.as_str()), (end("2001:db8::9", 443), "6in4"));
    assert_eq!(names(inner), [NAME]);
}

#[test]
fn the_same_ends_within_two_tunnels_are_two_flows() {
    let mut recorder = recorder();
    for far in ["45.33.0.1", "45.33.0.2"] {
        recorder.tunnel = Some(Tunnel::Gre(ip("192.168.1.23"), ip(far), None));
        Udp::new(&mut recorder, station(41_000), server(9999), at(0)).send(Side::Client, b"x");
    }
    let run = run_recorded(recorder);
    assert_eq!(run.to_port(9999).len(), 2);
}

#[test]
fn layers_without_end_are_given_up_and_counted() {
    let (near, far) = (ip("192.168.1.23"), ip("45.33.0.1"));
    let run = wrapped(101, |packet| {
        (0..20).fold(packet.to_vec(), |inner, _| Tunnel::IpInIp(near, far).wrap(&inner, true, 1))
    });
    let unread = &run.counts.unread["more than 12 layers within one another"];
    assert_eq!((unread.packets, unread.first_packet), (run.counts.packets, 1));
    assert!(run.flows.iter().all(|flow| names(flow).is_empty()));
    assert_eq!(run.flows.iter().filter(|flow| flow.tunnels.is_empty()).count(), 1);
}

#[test]
fn what_is_not_understood_is_counted_by_name() {
    let run = wrapped(147, <[u8]>::to_vec);
    assert!(run.flows.is_empty());
    assert_eq!(run.counts.unread["link type 147"].packets, run.counts.packets);
    let frame = |kind, body: &[u8]| link::ethernet(ip("192.168.1.23"), ip("52.29.63.1"), kind, body);
    let mut recorder = recorder();
    let bodies = [
        frame(0x1234, b"secret"),
        frame(0x1234, b"secret"),
        frame(0x0800, &[0x55; 40]),
        frame(0x0800, &[0x45; 10]),
        link::arp(ip("192.168.1.23"), ip("192.168.1.1")),
        vec![1, 2, 3],
    ];
    for (body, millis) in bodies.into_iter().zip(0..) {
        recorder.frame(at(millis), body);
    }
    let run = run_recorded(recorder);
    assert!(run.flows.is_empty());
    let seen: Vec<_> =
        run.counts.unread.iter().map(|(name, one)| (name.as_str(), one.packets, one.first_packet)).collect();
    assert_eq!(
        seen,
        [
            ("EtherType 0x1234", 2, 1),
            ("Ethernet header cut short", 1, 6),
            ("IPv4 header cut short", 1, 4),
            ("neither IPv4 nor IPv6", 1, 3)
        ]
    );
    assert_eq!(run.counts.unread["EtherType 0x1234"].bytes, 40);
    assert_eq!(run.counts.link_only["ARP"].packets, 1);
}

#[test]
fn a_trailer_names_the_app() {
    let mut recorder = recorder();
    recorder.app_by_trailer(10_123, "GO Fly");
    visit(&mut recorder, 40_000, NAME, at(0));
    recorder.app_by_trailer(-1, "");
    visit(&mut recorder, 40_001, NAME, at(0));
    let run = run_recorded(recorder);
    let label = |flow: usize| run.flows[flow].label.map(|index| &run.labels[index as usize]);
    assert_eq!(
        label(0),
        Some(&PacketLabel { app: Some("GO Fly".into()), id: Some(10_123), ..PacketLabel::default() })
    );
    assert_eq!(label(1), Some(&PacketLabel::default()));
    let expected = self::run(&pcap(101, &bare()));
    assert_eq!(run.flows[0].total(), expected.only().total());
    assert_eq!((names(&run.flows[0]), run.flows[0].truncated_packets), (vec![NAME], 0));
}

#[test]
fn a_trailer_within_a_packet_names_nothing() {
    let mut forged = b"upload".to_vec();
    forged.extend(
        [&[1, 7, 0x20, 0x21, 0, 0, 0x27, 0x8b][..], b"com.other.app\0\0\0\0\0\0\0", &[0; 4]].concat(),
    );
    let mut recorder = recorder();
    Udp::new(&mut recorder, station(41_000), server(9999), at(0)).send(Side::Client, &forged);
    let run = run_recorded(recorder);
    assert_eq!((run.only().label, run.labels.len()), (None, 0));
    assert_eq!((run.only().truncated_packets, run.only().total().up.payload), (0, 38));
}
