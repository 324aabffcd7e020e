//! A phone behind a router, and what it usually does.

use crate::bytes::{Sequence, seed};
use crate::dns::{self, Record};
use crate::ip as packets;
use crate::link::{self, Link};
use crate::quic::{self, Layout, Version};
use crate::talk::client_port;
use crate::tls::{self, Authority, Chain, Hello, Validity};
use crate::{Packet, Recorder, Side, Tcp, Udp, app};
use creance_model::{Duration, Endpoint, Timestamp};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// When every story starts: 2026-05-04T09:00:00Z.
pub const START: Timestamp = Timestamp(1_777_885_200_000_000_000);
/// The station that is judged.
pub const STATION: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 23));
/// The station's IPv6 address.
pub const STATION_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2a02, 0x810, 0x1, 0x1, 0, 0, 0, 23));
/// The router: also resolver, proxy and all else that a small network has.
pub const ROUTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1));

/// Where GEO zones are served from: Amazon, Frankfurt.
pub(crate) const FLYSAFE: (&str, &str) = ("flysafe-api.dji.com", "52.29.63.1");
/// Where map tiles are served from: Amazon's edge.
pub(crate) const MAPS: (&str, &str) = ("api.mapbox.com", "13.249.9.10");
/// Where other map tiles are served from, beside other hosts of the same provider.
pub(crate) const TILES: (&str, &str) = ("mt0.google.com", "142.250.185.110");
/// Where flight logs are sent to.
pub(crate) const LOGS: (&str, &str) = ("mydjiflight.dji.com", "52.29.63.44");
/// Where crash reports are sent to.
pub(crate) const BUGLY: (&str, &str) = ("android.bugly.qq.com", "101.32.104.4");
/// What a phone asks to know whether it is on-line.
pub(crate) const CHECK: (&str, &str) = ("connectivitycheck.gstatic.com", "142.250.185.67");
/// The type of neighbour solicitations.
pub(crate) const SOLICITATION: u8 = 135;
/// A machine of nobody that the catalogue knows.
pub(crate) const STRANGER: &str = "45.77.140.9";

/// A recorder with the things that a station does on it. Moments are milliseconds from the start.
pub(crate) struct World {
    pub(crate) recorder: Recorder,
    /// Who asks.
    pub(crate) station: IpAddr,
    /// Whom it asks for addresses.
    pub(crate) resolver: IpAddr,
    names: Vec<String>,
    count: u64,
}

impl World {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            recorder: Recorder::new(Link::Ethernet, seed(id)),
            station: STATION,
            resolver: ROUTER,
            names: Vec::new(),
            count: seed(id) % 1000,
        }
    }

    /// A moment.
    pub(crate) fn at(millis: u64) -> Timestamp {
        START.after(Duration(millis.saturating_mul(1_000_000)))
    }

    /// The packets in order, and the names in hellos.
    pub(crate) fn finish(self) -> (Vec<String>, Vec<Packet>) {
        let mut names = self.names;
        names.sort();
        (names, self.recorder.finish())
    }

    /// An endpoint of the station with a port of its own.
    pub(crate) fn client(&mut self) -> Endpoint {
        self.count += 1;
        Endpoint { addr: self.station, port: client_port(self.count * 37) }
    }

    /// Frames that start and end the capture, and what the station does before the window.
    pub(crate) fn before(&mut self) {
        self.pulse(0);
        self.visit(2_000, CHECK, 200);
        self.visit(8_000, FLYSAFE, 900);
        self.visit(15_000, MAPS, 400);
        self.visit(31_000, CHECK, 200);
        self.visit(44_000, LOGS, 5_000);
    }

    /// What the station does after the window, and the last frame.
    pub(crate) fn after(&mut self) {
        self.visit(131_000, CHECK, 200);
        self.visit(142_000, FLYSAFE, 900);
        self.visit(158_000, MAPS, 400);
        self.pulse(180_000);
    }

    /// What stays on the link, in the window: ARP, mDNS, group membership of IPv6.
    pub(crate) fn link_only(&mut self) {
        for second in [62, 80, 101, 118] {
            self.pulse(second * 1000);
        }
        let text =
            dns::announcement(&[Record::Pointer("_adb._tcp.local".into(), "phone._adb._tcp.local".into())]);
        self.group_cast(70_000, "224.0.0.251", 5353, &text);
        self.group_cast(110_000, "224.0.0.251", 5353, &text);
    }

    /// One frame that stays on the link: ARP, or mDNS where the framing has no place for ARP.
    pub(crate) fn pulse(&mut self, millis: u64) {
        if self.recorder.link.linktype() == Link::Ethernet.linktype() {
            self.recorder.frame(Self::at(millis), link::arp(STATION, ROUTER));
        } else {
            let text = dns::query(0, "_adb._tcp.local", dns::PTR);
            self.group_cast(millis, "224.0.0.251", 5353, &text);
        }
    }

    /// A datagram from the station to a group.
    pub(crate) fn group_cast(&mut self, millis: u64, group: &str, port: u16, bytes: &[u8]) {
        let (from, to) = (Endpoint { addr: self.station, port }, end(group, port));
        Udp::new(&mut self.recorder, from, to, Self::at(millis)).send(Side::Client, bytes);
    }

    /// A question to the usual resolver for a name's address, with the answer.
    pub(crate) fn lookup(&mut self, millis: u64, name: &str, addr: &str) {
        let answer = [Record::Address(name.to_owned(), ip(addr))];
        self.ask(millis, Endpoint { addr: self.resolver, port: 53 }, name, &answer);
    }

    /// A question for an address to any resolver, with its answer.
    pub(crate) fn ask(&mut self, millis: u64, resolver: Endpoint, name: &str, records: &[Record]) {
        let client = self.client();
        let kind = match records.last() {
            Some(Record::Address(_, IpAddr::V6(_))) => dns::AAAA,
            Some(Record::Https(..)) => dns::HTTPS,
            Some(Record::Text(..)) => dns::TXT,
            Some(_) | None => dns::A,
        };
        let id = crate::bytes::low16(self.recorder.noise().next());
        Udp::new(&mut self.recorder, client, resolver, Self::at(millis))
            .send(Side::Client, &dns::query(id, name, kind))
            .send(Side::Server, &dns::answer(id, name, kind, records));
    }

    /// Looks a host up and sends it `up` bytes over TLS 1.3.
    pub(crate) fn visit(&mut self, millis: u64, (name, addr): (&str, &str), up: usize) {
        self.lookup(millis, name, addr);
        self.tls_1_3(millis + 60, &Hello::new(name), addr, up);
    }

    /// A TLS 1.3 connection to port 443 that sends `up` bytes and is closed within a second.
    pub(crate) fn tls_1_3(&mut self, millis: u64, hello: &Hello, addr: &str, up: usize) {
        self.tls_1_3_to(millis, hello, end(addr, 443), up);
    }

    /// A TLS 1.3 connection to any port.
    pub(crate) fn tls_1_3_to(&mut self, millis: u64, hello: &Hello, server: Endpoint, up: usize) {
        self.names.extend(hello.names.iter().cloned());
        let client = self.client();
        let mut noise = self.noise();
        let mut tcp = Tcp::new(&mut self.recorder, client, server, Self::at(millis));
        tcp.open();
        speak_1_3(&mut tcp, hello, &mut noise, up);
        tcp.close();
    }

    /// A TLS 1.2 connection with the certificate in the open.
    pub(crate) fn tls_1_2(&mut self, millis: u64, name: &str, addr: &str, chain: &Chain, signed: bool) {
        self.names.push(name.to_owned());
        let hello = Hello { versions: vec![tls::V1_2], ..Hello::new(name) };
        let client = self.client();
        let mut noise = self.noise();
        Tcp::new(&mut self.recorder, client, end(addr, 443), Self::at(millis))
            .open()
            .send(Side::Client, &tls::handshake(tls::V1_0, &hello.message(), 16384))
            .send(Side::Server, &tls::flight_1_2(&hello, chain, signed))
            .send(Side::Client, &tls::client_finish(&mut noise, tls::V1_2))
            .send(Side::Server, &tls::client_finish(&mut noise, tls::V1_3))
            .send(Side::Client, &tls::application_data(&mut noise, 1500))
            .send(Side::Server, &tls::application_data(&mut noise, 700))
            .close();
    }

    /// A QUIC connection: the hello in Initial packets, then noise.
    pub(crate) fn quic(
        &mut self,
        millis: u64,
        client: Endpoint,
        name: &str,
        addr: &str,
        how: (Version, Layout),
        up: usize,
    ) {
        self.names.push(name.to_owned());
        let target = quic::connection_id(self.recorder.noise().next());
        let source = quic::connection_id(self.recorder.noise().next());
        let hello = Hello { grease: true, ..Hello::for_quic(name, &source) };
        let datagrams = quic::client_datagrams(how.0, &target, &source, &hello.message(), how.1);
        let mut noise = self.noise();
        let mut udp = Udp::new(&mut self.recorder, client, end(addr, 443), Self::at(millis));
        for datagram in datagrams.unwrap_or_default() {
            udp.send(Side::Client, &datagram);
        }
        for size in [1180, 60] {
            udp.send(Side::Server, &quic::short(&mut noise, &source, size));
        }
        let mut left = up;
        while left > 0 {
            let size = left.min(1200);
            udp.send(Side::Client, &quic::short(&mut noise, &target, size));
            left -= size;
        }
    }

    /// A request in the open and its answer.
    pub(crate) fn http(&mut self, millis: u64, addr: &str, request: &[u8]) {
        let client = self.client();
        Tcp::new(&mut self.recorder, client, end(addr, 80), Self::at(millis))
            .open()
            .send(Side::Client, request)
            .send(Side::Server, &app::http_response("200 OK", 40))
            .close();
    }

    /// Datagrams that go out, each of them echoed.
    pub(crate) fn datagrams(&mut self, millis: u64, server: Endpoint, payloads: &[Vec<u8>]) {
        let client = self.client();
        let mut udp = Udp::new(&mut self.recorder, client, server, Self::at(millis));
        for payload in payloads {
            udp.send(Side::Client, payload).send(Side::Server, payload);
        }
    }

    /// Datagrams that go out and are not answered.
    pub(crate) fn one_way(&mut self, millis: u64, server: Endpoint, payloads: &[Vec<u8>]) {
        let client = self.client();
        let mut udp = Udp::new(&mut self.recorder, client, server, Self::at(millis));
        for payload in payloads {
            udp.send(Side::Client, payload);
        }
    }

    /// A message of neighbour discovery (RFC 4861) with this behind its type, code and sum. The
    /// first of the two ends sends it; a solicitation is the station's.
    pub(crate) fn discovery(&mut self, millis: u64, ends: (IpAddr, IpAddr), kind: u8, body: &[u8]) {
        let (number, message) = packets::icmp(ends.0, ends.1, kind, 0, body);
        // No router has touched it.
        let ttl = std::mem::replace(&mut self.recorder.ttl, 255);
        self.recorder.ip(Self::at(millis), ends, number, &message, kind == SOLICITATION);
        self.recorder.ttl = ttl;
    }

    /// Payloads of `bytes` bytes that look random.
    pub(crate) fn noises(&mut self, count: usize, bytes: usize) -> Vec<Vec<u8>> {
        let mut noise = self.noise();
        (0..count).map(|_| noise.bytes(bytes)).collect()
    }

    /// Numbers that look random, for one conversation.
    pub(crate) const fn noise(&mut self) -> Sequence {
        Sequence::new(self.recorder.noise().next())
    }

    /// Remembers a name that stands in a hello made by hand.
    pub(crate) fn note_name(&mut self, name: &str) {
        self.names.push(name.to_owned());
    }
}

/// The client's hello, the server's answer, `up` bytes and a short answer, on an open connection.
pub(crate) fn speak_1_3(tcp: &mut Tcp<'_>, hello: &Hello, noise: &mut Sequence, up: usize) {
    tcp.send(Side::Client, &tls::handshake(tls::V1_0, &hello.message(), 16384));
    tcp.send(Side::Server, &tls::flight_1_3(hello, 2600));
    tcp.send(Side::Client, &tls::client_finish(noise, tls::V1_3));
    tcp.send(Side::Client, &tls::application_data(noise, up.max(1)));
    tcp.send(Side::Server, &tls::application_data(noise, 600));
}

/// A certificate of the lab's authority for one name; empty where it could not be made, which
/// the tests of certificates would show.
pub(crate) fn chain(name: &str, validity: Validity) -> Chain {
    Authority::lab()
        .and_then(|authority| authority.issue(&[name], validity))
        .unwrap_or_else(|_| Chain(Vec::new()))
}

/// A valid certificate of the lab's authority for one name.
pub(crate) fn chain_for(name: &str) -> Chain {
    chain(name, Validity::Current)
}

/// An endpoint from its text; unspecified where it is none.
pub(crate) fn end(addr: &str, port: u16) -> Endpoint {
    Endpoint { addr: ip(addr), port }
}

/// An address from its text; unspecified where it is none.
pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
