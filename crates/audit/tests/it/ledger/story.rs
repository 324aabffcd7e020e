//! A gateway at its uplink: what it sends, packet by packet, and what it writes of that.

use crate::setup::{question, read, shipped};
use creance_audit::report::data::Report;
use creance_audit::{LogFiles, LogSource, audit};
use creance_lab::bytes::{Sequence, seed};
use creance_lab::dns::{self, Record};
use creance_lab::link::{self, Link};
use creance_lab::pcapng::{Interface, PcapNg};
use creance_lab::scenario::START;
use creance_lab::tls::{self, Hello};
use creance_lab::{Recorder, Side, Tcp, Udp};
use creance_ledger::{
    Binding, Directory, Entry, Event, FlowBytes, FlowEnd, FlowStarted, Held, ModeChanged, Purpose,
};
use creance_model::{Duration, Endpoint, Mode, Timestamp, Transport};
use std::net::IpAddr;
use std::path::Path;

pub(crate) const GATEWAY: &str = "10.77.0.2";
pub(crate) const ROUTER: &str = "10.77.0.1";
pub(crate) const RESOLVER: &str = "9.9.9.9";
pub(crate) const MAPS: (&str, &str) = ("api.mapbox.com", "13.249.9.10");
pub(crate) const LOGS: (&str, &str) = ("mydjiflight.dji.com", "52.29.63.44");

/// The arguments of most stories: the middle minute was Local Data with map tiles exempt.
pub(crate) const ARGS: &str =
    "--mode local-data --window +60s..+120s --station 10.77.0.2 --exempt mapbox.tiles";

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn end(addr: &str, port: u16) -> Endpoint {
    Endpoint { addr: ip(addr), port }
}

/// A moment, in milliseconds from the start.
pub(crate) fn at(millis: u64) -> Timestamp {
    START.after(Duration(millis * 1_000_000))
}

/// What was sent and received of a flow, counted by whoever sends it.
pub(crate) type Bytes = (u64, u64);

/// A capture and a ledger in the making.
pub(crate) struct Story {
    pub(crate) recorder: Recorder,
    pub(crate) entries: Vec<(Timestamp, Event)>,
    pub(crate) gateway: &'static str,
    pub(crate) clocks_within: Duration,
    pub(crate) args: String,
    /// Checkpoints kept elsewhere.
    pub(crate) held: Vec<Held>,
    /// Bytes of the log's folder are changed by this before it is read.
    pub(crate) tamper: Option<fn(&Path)>,
    flow: u64,
    port: u16,
}

impl Story {
    /// Silence, with what shows the tap to be alive at both ends.
    pub(crate) fn empty() -> Self {
        let mut story = Self {
            recorder: Recorder::new(Link::Ethernet, seed("ledger")),
            entries: Vec::new(),
            gateway: GATEWAY,
            clocks_within: Duration(0),
            args: ARGS.to_owned(),
            held: Vec::new(),
            tamper: None,
            flow: 0,
            port: 40_000,
        };
        story.arp(0);
        story.arp(180_000);
        story.mode(500, 1, Mode::LocalData, 0, None);
        story
    }

    /// Map tiles before, in and after the window; everything is let out and written down.
    pub(crate) fn honest() -> Self {
        let mut story = Self::empty();
        for millis in [2_000, 31_000, 70_000, 90_000, 131_000, 150_000] {
            story.visit(millis, MAPS, 700);
        }
        story
    }

    pub(crate) fn arp(&mut self, millis: u64) {
        self.recorder.frame(at(millis), link::arp(ip(GATEWAY), ip(ROUTER)));
    }

    pub(crate) fn mode(&mut self, millis: u64, generation: u64, to: Mode, cut: u64, last: Option<u64>) {
        let exempt = if to == Mode::LocalData { vec!["mapbox.tiles".parse().unwrap()] } else { vec![] };
        let change = ModeChanged {
            generation,
            from: None,
            to,
            exempt,
            granted: vec![],
            flows_cut: cut,
            last_cut: last.map(at),
        };
        self.entries.push((at(millis), Event::ModeChanged(change)));
    }

    /// An end of the gateway's with a port of its own.
    pub(crate) fn client(&mut self) -> Endpoint {
        self.port += 1;
        end(self.gateway, self.port)
    }

    /// The entries of a flow that begins a millisecond after the first of them.
    pub(crate) fn write(&mut self, started: FlowStarted, millis: (u64, u64), bytes: Bytes) -> u64 {
        self.write_as(started, millis, (Some(bytes.0), Some(bytes.1)), FlowEnd::Finished)
    }

    pub(crate) fn write_as(
        &mut self,
        started: FlowStarted,
        (from, to): (u64, u64),
        (up, down): (Option<u64>, Option<u64>),
        end: FlowEnd,
    ) -> u64 {
        self.flow += 1;
        let flow = self.flow;
        self.entries.push((at(from - 1), Event::FlowStarted(FlowStarted { flow, ..started })));
        self.entries.push((at(to), Event::FlowEnded { bytes: FlowBytes { flow, up, down }, end }));
        flow
    }

    /// The name is asked for, then map tiles are fetched.
    pub(crate) fn visit(&mut self, millis: u64, (name, addr): (&str, &str), up: usize) {
        self.lookup(millis, name, addr);
        self.fetch(millis + 60, (name, addr), up, |_| (0, 0));
    }

    /// The name is asked for by Creance's own resolver.
    pub(crate) fn lookup(&mut self, millis: u64, name: &str, addr: &str) {
        let client = self.client();
        let (ask, answer) = (
            dns::query(7, name, dns::A),
            dns::answer(7, name, dns::A, &[Record::Address(name.to_owned(), ip(addr))]),
        );
        let bytes = (ask.len() as u64, answer.len() as u64);
        Udp::new(&mut self.recorder, client, end(RESOLVER, 53), at(millis))
            .send(Side::Client, &ask)
            .send(Side::Server, &answer);
        self.write(own(client), (millis, millis + 50), bytes);
    }

    /// A TLS 1.3 connection, and what `more` does on it before it is closed, which says how many
    /// bytes that was.
    pub(crate) fn fetch(
        &mut self,
        millis: u64,
        (name, addr): (&str, &str),
        up: usize,
        more: impl FnOnce(&mut Tcp<'_>) -> Bytes,
    ) {
        let client = self.client();
        let server = end(addr, 443);
        let mut tcp = Tcp::new(&mut self.recorder, client, server, at(millis));
        let mut bytes = speak(&mut tcp, name, up);
        let (up, down) = more(&mut tcp);
        bytes = (bytes.0 + up, bytes.1 + down);
        tcp.close();
        let over = millis + 1 + tcp.at.since(at(millis)).0 / 1_000_000;
        self.write(started(client, server, name), (millis, over), bytes);
    }

    /// The entries that begin flows.
    pub(crate) fn starts(&mut self) -> impl Iterator<Item = (&mut Timestamp, &mut FlowStarted)> {
        self.entries.iter_mut().filter_map(|(at, event)| {
            if let Event::FlowStarted(started) = event { Some((at, started)) } else { None }
        })
    }

    /// What the entries say that end flows.
    pub(crate) fn ends(&mut self) -> impl Iterator<Item = (&mut FlowBytes, &mut FlowEnd)> {
        self.entries.iter_mut().filter_map(|(_, event)| {
            if let Event::FlowEnded { bytes, end } = event { Some((bytes, end)) } else { None }
        })
    }

    /// Takes the entries of a flow out.
    pub(crate) fn forget(&mut self, flow: u64) {
        self.entries.retain(|(_, event)| {
            !matches!(event, Event::FlowStarted(started) if started.flow == flow)
                && !matches!(event, Event::FlowEnded { bytes, .. } if bytes.flow == flow)
        });
    }

    /// The number of the flow to map tiles that begins at a moment.
    pub(crate) fn flow_at(&mut self, millis: u64) -> u64 {
        let moment = at(millis - 1);
        self.starts().find(|(at, _)| **at == moment).map(|(_, started)| started.flow).unwrap()
    }

    /// What an audit says with this ledger.
    pub(crate) fn judge(self) -> Report {
        self.judge_with(true)
    }

    /// What an audit says of the same capture without the ledger.
    pub(crate) fn judge_alone(self) -> Report {
        self.judge_with(false)
    }

    fn judge_with(mut self, ledger: bool) -> Report {
        let home = tempfile::tempdir().unwrap();
        let directory = Directory::at(home.path().join("ledger"));
        self.entries.sort_by_key(|(at, _)| *at);
        let first = self.entries.first().map_or(START, |(at, _)| *at);
        let mut log = directory.open_log("gateway", "test 1", first).unwrap();
        let mut last = first;
        for (at, event) in self.entries {
            last = at;
            log.append(&Entry { at, event }, Purpose::Tell).unwrap();
        }
        log.close(last).unwrap();
        let folder = directory.log_folder("gateway").unwrap();
        if let Some(tamper) = self.tamper {
            tamper(&folder);
        }
        let packets = self.recorder.finish();
        let file = PcapNg::new(vec![Interface {
            digits: 9,
            ..Interface::lossless(Link::Ethernet.linktype(), packets.len())
        }]);
        let args: Vec<String> = self.args.split_whitespace().map(str::to_owned).collect();
        let question = question(&args);
        let mut reading = read(vec![file.write(&packets)], &question).unwrap();
        if ledger {
            let files = LogFiles {
                logs: vec![LogSource { name: "gateway".to_owned(), folder }],
                key: directory.verifier().unwrap(),
                key_was_given: true,
                held: self.held,
                clocks_within: self.clocks_within,
            };
            reading.read_ledger(&files).unwrap();
        }
        audit(&mut reading, &question, &shipped(), None, None).unwrap()
    }
}

/// The start of a flow to a host.
pub(crate) fn started(from: Endpoint, to: Endpoint, name: &str) -> FlowStarted {
    let service = if name == MAPS.0 { "mapbox.tiles" } else { "dji.flight-logs" };
    FlowStarted {
        flow: 0,
        generation: 1,
        station: Some("s-41c0".parse().unwrap()),
        service: service.parse().ok(),
        name: name.parse().ok(),
        binding: Binding::Tls,
        blinded: false,
        transport: Transport::Tcp,
        from,
        to,
    }
}

/// The start of a question of Creance's own resolver.
pub(crate) fn own(from: Endpoint) -> FlowStarted {
    FlowStarted {
        station: None,
        service: None,
        name: None,
        binding: Binding::Own,
        transport: Transport::Udp,
        ..started(from, end(RESOLVER, 53), MAPS.0)
    }
}

/// A TLS 1.3 handshake, `up` bytes and an answer; how many bytes of payload that is.
pub(crate) fn speak(tcp: &mut Tcp<'_>, name: &str, up: usize) -> Bytes {
    let (hello, mut noise) = (Hello::new(name), Sequence::new(5));
    let client = [
        tls::handshake(tls::V1_0, &hello.message(), 16384),
        tls::client_finish(&mut noise, tls::V1_3),
        tls::application_data(&mut noise, up),
    ];
    let server = [tls::flight_1_3(&hello, 2600), tls::application_data(&mut noise, 600)];
    tcp.open();
    tcp.send(Side::Client, &client[0]).send(Side::Server, &server[0]);
    tcp.send(Side::Client, &client[1]).send(Side::Client, &client[2]).send(Side::Server, &server[1]);
    let all = |list: &[Vec<u8>]| list.iter().map(|bytes| bytes.len() as u64).sum();
    (all(&client), all(&server))
}
