//! The headers of ordinary packets: TCP or UDP in IP, whole, in no tunnel.

use super::card::Card;
use super::encapsulation::{self, Layer, Peeled};
use super::ip;
use super::transport::{self, Segment, TcpHeader};
use crate::engine::confined::is_confined;
use crate::file::Frame;
use crate::flow::key::FlowKey;
use crate::trailer;
use creance_model::{Endpoint, Transport};
use std::ops::Range;

/// Bytes behind a packet that are taken for padding, a check sum, or a tap's own mark.
pub(crate) const BYTES_BEHIND_MAX: usize = 64;
/// Layers below IP that are looked through, such as Ethernet and two VLANs.
const LAYERS_MAX: usize = 4;

/// A frame, with its headers where they are ordinary. Reading them needs nothing but the frame, so
/// that it can be done on another thread than the engine's.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// The frame.
    pub frame: Frame<'a>,
    pub(crate) headers: Option<&'a Headers>,
}

/// What the headers of an ordinary packet say.
#[derive(Debug, Clone)]
pub(crate) struct Headers {
    pub(crate) key: FlowKey,
    /// Whether the sender is the lower end of the key.
    pub(crate) source_is_low: bool,
    /// Whether the packet cannot go beyond the link.
    pub(crate) confined: bool,
    /// The link-layer addresses of the sender and the receiver.
    pub(crate) hardware: [Card; 2],
    /// Length of the IP packet on the wire.
    pub(crate) wire_len: u32,
    ports: [u16; 2],
    /// What TCP says; a packet without is of UDP.
    tcp: Option<TcpHeader>,
    /// Where in the frame the payload stands.
    payload: Range<u32>,
    payload_wire_len: u32,
}

impl Headers {
    /// `None` where there is anything else to say of the frame: an app's label behind it, another
    /// protocol, a fragment, a tunnel, something that cannot be read or cannot be.
    #[inline]
    pub(crate) fn of(frame: &Frame<'_>) -> Option<Self> {
        let link = encapsulation::of_link_type(frame.link_type);
        if link == Layer::Ethernet && trailer::is_in(frame.data) {
            return None;
        }
        let bytes = ip_within(link, frame.data)?;
        let wire_len = (frame.wire_len as usize).saturating_sub(frame.data.len() - bytes.len());
        let packet = ip::parse(bytes, wire_len).ok()?;
        let behind = wire_len.saturating_sub(packet.wire_len);
        let plain = if packet.source.is_ipv4() { 20 } else { 40 };
        if packet.wire_len != packet.payload_wire_len + plain {
            return None;
        }
        if packet.fragment.is_some() || packet.source_routed || behind > BYTES_BEHIND_MAX {
            return None;
        }
        let segment = transport::parse(packet.protocol, packet.payload, packet.payload_wire_len).ok()?;
        match segment.transport {
            Transport::Tcp => {}
            Transport::Udp
                if segment.surplus == 0
                    && encapsulation::of_udp(segment.ports, segment.payload).is_none() => {}
            Transport::Udp | Transport::Icmp | Transport::Other(_) => return None,
        }
        let [from, to] = segment.ports;
        let source = Endpoint { addr: packet.source, port: from };
        let destination = Endpoint { addr: packet.destination, port: to };
        let (key, source_is_low) = FlowKey::new(segment.transport, source, destination, 0);
        let hardware = hardware_addresses(link, frame.data);
        let start = segment.payload.as_ptr().addr().checked_sub(frame.data.as_ptr().addr())?;
        Some(Self {
            key,
            source_is_low,
            confined: is_confined(&packet, hardware[1]) && !is_for_one_card(link, frame.data),
            hardware,
            wire_len: u32::try_from(packet.wire_len).ok()?,
            ports: segment.ports,
            tcp: segment.tcp,
            payload: u32::try_from(start).ok()?..u32::try_from(start + segment.payload.len()).ok()?,
            payload_wire_len: u32::try_from(segment.payload_wire_len).ok()?,
        })
    }

    /// What the transport carries.
    #[inline]
    pub(crate) fn segment<'a>(&self, frame: &Frame<'a>) -> Segment<'a> {
        let payload = self.payload.start as usize..self.payload.end as usize;
        Segment {
            transport: if self.tcp.is_some() { Transport::Tcp } else { Transport::Udp },
            ports: self.ports,
            tcp: self.tcp,
            payload: frame.data.get(payload).unwrap_or_default(),
            payload_wire_len: self.payload_wire_len as usize,
            surplus: 0,
        }
    }
}

/// The IP packet in a frame, where nothing but a few layers of the link stand before it.
#[inline]
fn ip_within(link: Layer, frame: &[u8]) -> Option<&[u8]> {
    // What nearly all frames are needs no going from layer to layer.
    if let (Layer::Ethernet, Some((header, rest))) = (link, frame.split_first_chunk::<14>())
        && matches!(header, [.., 0x08, 0x00] | [.., 0x86, 0xdd])
    {
        return Some(rest);
    }
    let (mut layer, mut bytes) = (link, frame);
    for _ in 0..LAYERS_MAX {
        if layer == Layer::Ip {
            break;
        }
        let Peeled::Inner(next, rest) = encapsulation::peel(layer, bytes) else { return None };
        (layer, bytes) = (next, rest);
    }
    (layer == Layer::Ip).then_some(bytes)
}

/// Whether a frame whose link layer does not name the receiver says that it was for one card: the
/// packet types "to us" and "to someone else" of Linux cooked captures.
#[inline]
pub(crate) fn is_for_one_card(layer: Layer, frame: &[u8]) -> bool {
    let kind = if layer == Layer::LinuxCooked {
        frame.get(1)
    } else if layer == Layer::LinuxCooked2 {
        frame.get(10)
    } else {
        None
    };
    matches!(kind, Some(0 | 3))
}

/// The link-layer addresses of the sender and the receiver.
#[inline(always)]
pub(crate) fn hardware_addresses(layer: Layer, frame: &[u8]) -> [Card; 2] {
    let card = |bytes: &[u8]| bytes.first_chunk().map_or(Card::NONE, |bytes| Card::new(*bytes));
    match (layer, frame.split_first_chunk::<6>()) {
        (Layer::Ethernet, Some((to, rest))) => [card(rest), Card::new(*to)],
        // Linux cooked captures have the sender's alone; its length stands before it.
        (Layer::LinuxCooked, Some((head, rest))) if head[5] == 6 => [card(rest), Card::NONE],
        _ => [Card::NONE; 2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counts, Engine, FlowRecord, PacketLabel, Reader};

    type Told = (Counts, Vec<PacketLabel>, Vec<Box<FlowRecord>>);

    /// What the engine makes of frames, layer by layer or with the headers read before, and how
    /// many of them were ordinary.
    fn run(frames: &[(Frame<'_>, Vec<u8>)], labels: &[PacketLabel], ahead: bool) -> (Told, usize) {
        let mut engine = Engine::new(Vec::new());
        let mut ordinary = 0;
        for (frame, bytes) in frames {
            let frame = Frame { data: bytes, ..*frame };
            let headers = Headers::of(&frame).filter(|_| ahead);
            ordinary += usize::from(headers.is_some());
            engine.packet(&Packet { frame, headers: headers.as_ref() }, labels).unwrap();
        }
        (engine.finish().unwrap(), ordinary)
    }

    #[test]
    fn headers_tell_what_the_layers_tell() {
        let stories = creance_lab::scenario::all();
        let mut state = 1_u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let (mut all, mut ordinary) = (0, 0);
        for story in &stories {
            let mut reader = Reader::new(&story.bytes[..]).unwrap();
            let mut frames = Vec::new();
            while let Some(frame) = reader.next_frame() {
                frames.push((Frame { data: &[], ..frame }, frame.data.to_vec()));
            }
            let labels = &reader.facts().labels;
            for round in 0..4 {
                let (plain, none) = run(&frames, labels, false);
                let (ahead, some) = run(&frames, labels, true);
                assert!(plain == ahead, "{}, round {round}", story.id);
                assert_eq!(none, 0);
                (all, ordinary) = (all + frames.len(), ordinary + some);
                // Damage to the headers of every third frame, and to its end.
                for (_, bytes) in frames.iter_mut().step_by(3).filter(|(_, bytes)| !bytes.is_empty()) {
                    let place = random(bytes.len().min(64));
                    bytes[place] = random(256).to_le_bytes()[0];
                    if random(4) == 0 {
                        bytes.truncate(bytes.len() - random(bytes.len().min(40)));
                    }
                }
            }
        }
        assert!(ordinary * 2 > all && ordinary < all, "{ordinary} of {all} were ordinary");
    }

    /// A UDP packet in IPv4 with these options, flags and bytes behind it.
    fn udp(options: &[u8], fragment: u16, behind: usize) -> Vec<u8> {
        let header_len = 20 + options.len();
        let total = u16::try_from(header_len + 12).unwrap().to_be_bytes();
        let first = 0x40 | u8::try_from(header_len / 4).unwrap();
        let [flags, offset] = fragment.to_be_bytes();
        let mut bytes = vec![first, 0, total[0], total[1], 0, 1, flags, offset, 64, 17, 0, 0];
        bytes.extend([192, 168, 1, 2, 9, 9, 9, 9]);
        bytes.extend(options);
        bytes.extend([0x13, 0x88, 0x13, 0x89, 0, 12, 0, 0, 1, 2, 3, 4]);
        bytes.resize(bytes.len() + behind, 0);
        bytes
    }

    #[test]
    fn what_has_more_to_it_is_not_ordinary() {
        let of = |data: &[u8]| {
            let wire_len = u32::try_from(data.len()).unwrap();
            let frame =
                Frame { at: Default::default(), interface: 0, link_type: 101, data, wire_len, label: None };
            Headers::of(&frame).map(|headers| headers.segment(&frame).payload.to_vec())
        };
        assert_eq!(of(&udp(&[], 0, 0)), Some(vec![1, 2, 3, 4]));
        assert_eq!(of(&udp(&[], 0, 64)), Some(vec![1, 2, 3, 4]));
        assert_eq!(of(&udp(&[1, 1, 1, 1], 0, 0)), None);
        // A loose source route (RFC 791) with one address ahead, a fragment, bytes behind, no start.
        assert_eq!(of(&udp(&[131, 7, 4, 9, 9, 9, 8, 0], 0, 0)), None);
        assert_eq!(of(&udp(&[], 0x2000, 0)), None);
        assert_eq!(of(&udp(&[], 0, 65)), None);
        assert_eq!(of(&udp(&[], 0, 0)[..27]), None);
    }

    #[test]
    fn cooked_captures_say_whom_a_frame_was_for() {
        let (mut one, mut two) = ([0; 16], [0; 20]);
        for (kind, expected) in [(0, true), (1, false), (2, false), (3, true), (4, false)] {
            (one[1], two[10]) = (kind, kind);
            assert_eq!(is_for_one_card(Layer::LinuxCooked, &one), expected, "{kind}");
            assert_eq!(is_for_one_card(Layer::LinuxCooked2, &two), expected, "{kind}");
        }
    }
}
