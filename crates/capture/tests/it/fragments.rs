//! IP packets in pieces: put together, or accounted for.

use crate::support::{
    at, end, hello, ip, names, pcap, read, recorder, run, run_recorded, server, station, whole,
};
use creance_capture::Window;
use creance_lab::ip::{self as packets, Style};
use creance_lab::link::Link;
use creance_lab::{Packet, Recorder, Side, Tcp};
use creance_model::{Endpoint, Transport};

/// A datagram of 3000 bytes in three fragments.
fn pieces(client: Endpoint, server: Endpoint) -> Vec<Vec<u8>> {
    let ends = ((client.addr, client.port), (server.addr, server.port));
    let datagram = packets::udp(ends.0, ends.1, &[b'x'; 3000]);
    let whole = packets::packet(client.addr, server.addr, packets::UDP, &datagram, &Style::default());
    packets::fragments(&whole, 3, 77)
}

fn both_versions() -> [(Endpoint, Endpoint); 2] {
    [(station(41_000), server(9999)), (end("fd00::23", 41_000), end("2001:db8::9", 9999))]
}

/// A raw-IP capture of packets one second apart.
fn capture(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut recorder = Recorder::new(Link::RawIp, 1);
    for (bytes, second) in packets.iter().zip(0..) {
        recorder.frame(at(second * 1000), bytes.clone());
    }
    pcap(101, &recorder.finish())
}

#[test]
fn fragments_are_joined_in_any_order_and_all_of_them_count() {
    for (client, server) in both_versions() {
        let pieces = pieces(client, server);
        assert_eq!(pieces.len(), 3);
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let run = run(&capture(&order.map(|index| pieces[index].clone())));
            let flow = run.only();
            assert_eq!((flow.transport, flow.client, flow.server), (Transport::Udp, client, server));
            let bytes: usize = pieces.iter().map(Vec::len).sum();
            let up = flow.total().up;
            assert_eq!((up.packets, up.bytes, up.payload), (3, bytes as u64, 3000));
            assert_eq!((run.counts.packets, run.counts.fragments_lost), (3, 0));
        }
    }
}

#[test]
fn a_hello_in_fragments_is_read() {
    for (client, server) in
        [(station(40_000), server(443)), (end("fd00::23", 40_000), end("2001:db8::9", 443))]
    {
        let mut recorder = recorder();
        recorder.pieces = 4;
        // Options for the destination stand behind the fragment header, in the first piece only.
        recorder.extensions = vec![(60, vec![1, 4, 0, 0, 0, 0])];
        Tcp::new(&mut recorder, client, server, at(0))
            .open()
            .send(Side::Client, &hello("pieces.example.com"));
        let run = run_recorded(recorder);
        assert_eq!(names(run.only()), ["pieces.example.com"]);
        assert_eq!(whole(run.only()).packets, run.counts.packets);
        assert_eq!((run.counts.fragments_lost, run.counts.unread.len()), (0, 0));
    }
}

#[test]
fn contradicting_fragments_are_lost_but_their_bytes_are_not() {
    for (client, server) in both_versions() {
        let pieces = pieces(client, server);
        let mut other = pieces[1].clone();
        *other.last_mut().unwrap() = b'y';
        let all = [pieces[0].clone(), pieces[1].clone(), other, pieces[2].clone()];
        let run = run(&capture(&all));
        let flow = run.only();
        assert_eq!(run.counts.fragments_lost, 1);
        assert!(matches!(flow.transport, Transport::Other(17 | 44)));
        assert_eq!((flow.client.addr, flow.server.addr), (client.addr, server.addr));
        let bytes: usize = all.iter().map(Vec::len).sum();
        assert_eq!((flow.total().up.packets, flow.total().up.bytes), (4, bytes as u64));
        // The same bytes once more contradict nothing.
        let all = [pieces[0].clone(), pieces[1].clone(), pieces[1].clone(), pieces[2].clone()];
        let run = self::run(&capture(&all));
        assert_eq!((run.only().transport, run.counts.fragments_lost), (Transport::Udp, 0));
        assert_eq!(run.only().total().up.packets, 4);
    }
}

#[test]
fn what_never_becomes_whole_is_a_flow_of_its_own() {
    let pieces = pieces(station(41_000), server(9999));
    let run = run(&capture(&pieces[..2]));
    assert_eq!((run.counts.fragments_lost, run.only().transport), (1, Transport::Other(17)));
    assert_eq!(run.only().total().up.packets, 2);
    // The rest comes a minute too late.
    let mut recorder = Recorder::new(Link::RawIp, 1);
    for (piece, millis) in pieces.iter().zip([0, 0, 61_000]) {
        recorder.frame(at(millis), piece.clone());
    }
    let run = self::run(&pcap(101, &recorder.finish()));
    assert_eq!(run.counts.fragments_lost, 2);
    assert_eq!(run.flows.iter().map(|flow| whole(flow).packets).sum::<u64>(), 3);
}

#[test]
fn a_fragment_beyond_the_largest_packet_is_counted() {
    let mut piece = pieces(station(41_000), server(9999))[2].clone();
    // Offset 8191 * 8, the last.
    piece[6..8].copy_from_slice(&[0x1f, 0xff]);
    let run = run(&capture(&[piece]));
    assert!(run.flows.is_empty());
    assert_eq!(run.counts.unread["IP fragment beyond the largest packet"].packets, 1);
}

#[test]
fn a_packet_of_which_a_fragment_lies_in_the_window_lies_in_the_window() {
    let window = |from, to| Window { from: at(from), to: at(to) };
    let pieces = pieces(station(41_000), server(9999));
    for (packets, window, inside) in [
        (&pieces[..], window(0, 500), true),
        (&pieces[..], window(500, 1500), true),
        (&pieces[..], window(2000, 3000), true),
        (&pieces[..], window(2001, 3000), false),
        (&pieces[..2], window(500, 1500), true),
        (&pieces[..2], window(1500, 3000), false),
    ] {
        let run = read(&capture(packets)[..], Some(window)).unwrap();
        let flow = run.only();
        assert_eq!(flow.window.up.packets, if inside { packets.len() as u64 } else { 0 }, "{window:?}");
        assert_eq!(flow.total().up.packets, packets.len() as u64);
    }
}

#[test]
fn fragments_of_different_tunnels_do_not_mix() {
    let pieces = pieces(station(41_000), server(9999));
    let through = |far: &str, piece: &[u8]| {
        creance_lab::tunnel::Tunnel::Gre(ip("192.168.1.23"), ip(far), None).wrap(piece, true, 1)
    };
    let run = run(&capture(&[
        through("45.33.0.1", &pieces[0]),
        through("45.33.0.2", &pieces[1]),
        through("45.33.0.1", &pieces[2]),
        through("45.33.0.1", &pieces[1]),
    ]));
    let inner: Vec<_> = run.flows.iter().filter(|flow| !flow.tunnels.is_empty()).collect();
    let seen: Vec<_> =
        inner.iter().map(|flow| (flow.transport, flow.total().up.packets, flow.tunnels[0].source)).collect();
    assert_eq!(seen, [(Transport::Udp, 3, ip("45.33.0.1")), (Transport::Other(17), 1, ip("45.33.0.2"))]);
    assert_eq!(run.counts.fragments_lost, 1);
}

#[test]
fn extension_headers_lead_to_the_transport() {
    let mut recorder = recorder();
    recorder.extensions = vec![(0, vec![1, 4, 0, 0, 0, 0]), (43, vec![0; 6]), (60, vec![0; 14])];
    Tcp::new(&mut recorder, end("fd00::23", 40_000), end("2001:db8::9", 443), at(0))
        .open()
        .send(Side::Client, &hello("extended.example.com"));
    let recorded: Vec<Packet> = recorder.finish();
    let run = run(&pcap(1, &recorded));
    assert_eq!(names(run.only()), ["extended.example.com"]);
    assert_eq!(run.only().transport, Transport::Tcp);
}
