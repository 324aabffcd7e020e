//! Reads a capture to its end, and makes the ends of conversations.

use creance_capture::{
    Counts, Engine, FileFacts, FlowRecord, OpenError, PacketLabel, Reader, Volume, Window,
};
use creance_lab::link::Link;
use creance_lab::pcap::Pcap;
use creance_lab::tls::{self, Hello};
use creance_lab::{Packet, Recorder, Side, Tcp};
use creance_model::{Duration, Endpoint, Timestamp, Transport};
use std::io::Read;
use std::net::IpAddr;

/// When made captures begin.
pub(crate) const START: Timestamp = Timestamp(1_777_885_200_000_000_000);

/// All that was learnt of a capture.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) facts: FileFacts,
    pub(crate) counts: Counts,
    pub(crate) labels: Vec<PacketLabel>,
    /// In the order of first packets.
    pub(crate) flows: Vec<FlowRecord>,
}

impl Run {
    /// The only flow.
    #[track_caller]
    pub(crate) fn only(&self) -> &FlowRecord {
        let [flow] = self.flows.as_slice() else { panic!("one flow expected: {:#?}", self.flows) };
        flow
    }

    /// The flows to a port, in the order of first packets.
    pub(crate) fn to_port(&self, port: u16) -> Vec<&FlowRecord> {
        self.flows.iter().filter(|flow| flow.server.port == port).collect()
    }
}

/// Reads a capture.
pub(crate) fn read(input: impl Read, window: Option<Window>) -> Result<Run, OpenError> {
    let mut reader = Reader::new(input)?;
    let mut engine = Engine::new(Vec::new());
    if let Some(window) = window {
        engine.set_window(window);
    }
    let mut labels: Vec<PacketLabel> = Vec::new();
    while let Some(frame) = reader.next_frame() {
        let (at, wire_len, data) = (frame.at, frame.wire_len, frame.data.to_vec());
        let (interface, link_type, label) = (frame.interface, frame.link_type, frame.label);
        let known = &reader.facts().labels;
        labels.extend(known.get(labels.len()..).unwrap_or_default().iter().cloned());
        let frame = creance_capture::Frame { at, interface, link_type, data: &data, wire_len, label };
        engine.frame(&frame, &labels).unwrap();
    }
    let (counts, labels, records) = engine.finish().unwrap();
    let mut flows: Vec<FlowRecord> = records.into_iter().map(|record| *record).collect();
    flows.sort_by_key(|flow| flow.number);
    Ok(Run { facts: reader.into_parts().0, counts, labels, flows })
}

/// Reads a capture that must open.
#[track_caller]
pub(crate) fn run(file: &[u8]) -> Run {
    read(file, None).unwrap()
}

/// Reads packets as a pcap of nanoseconds with the recorder's framing.
#[track_caller]
pub(crate) fn run_recorded(recorder: Recorder) -> Run {
    let linktype = recorder.link.linktype();
    run(&pcap(linktype, &recorder.finish()))
}

/// A pcap of nanoseconds.
pub(crate) fn pcap(linktype: u32, packets: &[Packet]) -> Vec<u8> {
    Pcap { nanoseconds: true, ..Pcap::new(linktype) }.write(packets)
}

pub(crate) fn recorder() -> Recorder {
    Recorder::new(Link::Ethernet, 7)
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn end(addr: &str, port: u16) -> Endpoint {
    Endpoint { addr: ip(addr), port }
}

pub(crate) fn station(port: u16) -> Endpoint {
    end("192.168.1.23", port)
}

pub(crate) fn server(port: u16) -> Endpoint {
    end("52.29.63.1", port)
}

/// A moment so many milliseconds after the start.
pub(crate) fn at(millis: u64) -> Timestamp {
    START.after(Duration(millis * 1_000_000))
}

/// The record of a hello.
pub(crate) fn hello(name: &str) -> Vec<u8> {
    tls::handshake(tls::V1_0, &Hello::new(name).message(), 16384)
}

/// A TLS connection from the station to port 443: handshake, hello, answer, close.
pub(crate) fn visit(recorder: &mut Recorder, port: u16, name: &str, when: Timestamp) {
    Tcp::new(recorder, station(port), server(443), when)
        .open()
        .send(Side::Client, &hello(name))
        .send(Side::Server, &tls::flight_1_3(&Hello::new(name), 300))
        .close();
}

/// The names that a flow claimed.
pub(crate) fn names(flow: &FlowRecord) -> Vec<&str> {
    flow.facts.names.iter().map(|seen| seen.name.as_str()).collect()
}

/// Both directions together.
pub(crate) fn whole(flow: &FlowRecord) -> Volume {
    let mut sum = flow.total().up;
    sum.merge(flow.total().down);
    sum
}

pub(crate) fn is_udp(flow: &FlowRecord) -> bool {
    flow.transport == Transport::Udp
}
