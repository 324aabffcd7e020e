//! What a capture will hold: packets with their times.

use crate::bytes::{Sequence, patch};
use crate::ip::{self, Style};
use crate::link::{Link, card};
use crate::tunnel::Tunnel;
use creance_model::{Duration, Timestamp};
use std::net::IpAddr;

/// One packet of a capture, framed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// When it was seen.
    pub at: Timestamp,
    /// The number of the interface that saw it.
    pub interface: u32,
    /// The frame.
    pub bytes: Vec<u8>,
    /// A comment, for pcapng.
    pub comment: Option<String>,
    /// The place of the process that sent it in the list of processes, for pcapng.
    pub process: Option<u32>,
    /// How many packets were lost just before it, where that is said of it, for pcapng.
    pub lost: Option<u64>,
}

/// The app that following packets belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum App {
    /// By a trailer in each frame: user id and name.
    Trailer(i32, String),
    /// By the place in the list of processes.
    Process(u32),
}

/// Collects packets. What is set here (framing, tunnel, fragments, app) holds for every packet
/// that follows, until it is set again.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// How packets are framed.
    pub link: Link,
    /// The interface that sees them.
    pub interface: u32,
    /// The tunnel that they go through.
    pub tunnel: Option<Tunnel>,
    /// How many fragments each is cut into; 0 and 1 leave it whole.
    pub pieces: usize,
    /// Routers that a packet may still cross.
    pub ttl: u8,
    /// Whose card sends, where it is not that of the packet's source; Ethernet only.
    pub from_card: Option<IpAddr>,
    /// Whose card stands at the far end, where it is not that of the far address; Ethernet only.
    pub far_card: Option<IpAddr>,
    /// IPv4 options for every packet, as in [`Style::options`].
    pub options: Vec<u8>,
    /// IPv6 extension headers for every packet, as in [`Style::extensions`].
    pub extensions: Vec<(u8, Vec<u8>)>,
    /// An authentication header for every packet, as in [`Style::authentication`].
    pub authentication: Vec<u8>,
    app: Option<App>,
    comment: Option<String>,
    packets: Vec<Packet>,
    ids: u32,
    noise: Sequence,
}

impl Recorder {
    /// An empty capture. `seed` fixes everything that looks random in it.
    #[must_use]
    pub const fn new(link: Link, seed: u64) -> Self {
        Self {
            link,
            interface: 0,
            tunnel: None,
            pieces: 1,
            ttl: 64,
            from_card: None,
            far_card: None,
            options: Vec::new(),
            extensions: Vec::new(),
            authentication: Vec::new(),
            app: None,
            comment: None,
            packets: Vec::new(),
            ids: 0,
            noise: Sequence::new(seed),
        }
    }

    /// Following packets carry PCAPdroid's trailer with this user id and name.
    pub fn app_by_trailer(&mut self, uid: i32, name: &str) {
        self.app = Some(App::Trailer(uid, name.to_owned()));
    }

    /// Following packets refer to the process at this place of the file's list.
    pub fn app_by_process(&mut self, index: u32) {
        self.app = Some(App::Process(index));
    }

    /// Following packets say nothing of their app.
    pub fn no_app(&mut self) {
        self.app = None;
    }

    /// The next packet carries this comment.
    pub fn comment(&mut self, text: &str) {
        self.comment = Some(text.to_owned());
    }

    /// Numbers that look random.
    pub const fn noise(&mut self) -> &mut Sequence {
        &mut self.noise
    }

    /// Records an IP payload. `outbound` tells the direction, for a tunnel and for cards.
    pub fn ip(
        &mut self,
        at: Timestamp,
        ends: (IpAddr, IpAddr),
        protocol: u8,
        payload: &[u8],
        outbound: bool,
    ) {
        self.ids = self.ids.wrapping_add(1);
        let style = Style {
            ttl: self.ttl,
            id: self.ids,
            options: self.options.clone(),
            extensions: self.extensions.clone(),
            authentication: self.authentication.clone(),
        };
        let mut packet = ip::packet(ends.0, ends.1, protocol, payload, &style);
        if let Some(tunnel) = self.tunnel {
            packet = tunnel.wrap(&packet, outbound, self.ids);
        }
        let pieces =
            if self.pieces > 1 { ip::fragments(&packet, self.pieces, self.ids) } else { vec![packet] };
        for (index, piece) in pieces.iter().enumerate() {
            let mut frame = match &self.app {
                Some(App::Trailer(uid, name)) => crate::link::pcapdroid(piece, *uid, name),
                Some(App::Process(_)) | None => self.link.frame(piece),
            };
            let far = if outbound { 0 } else { 6 };
            for (place, owner) in [(far, self.far_card), (6, self.from_card)] {
                if let Some(owner) = owner {
                    patch(&mut frame, place, &card(owner));
                }
            }
            self.frame(at.after(Duration(index as u64 * 2_000)), frame);
        }
    }

    /// Records a frame as it is.
    pub fn frame(&mut self, at: Timestamp, bytes: Vec<u8>) {
        let process = match self.app {
            Some(App::Process(index)) => Some(index),
            Some(App::Trailer(..)) | None => None,
        };
        self.packets.push(Packet {
            at,
            interface: self.interface,
            bytes,
            comment: self.comment.take(),
            process,
            lost: None,
        });
    }

    /// The packets in the order of their times; equal times keep the order of recording.
    #[must_use]
    pub fn finish(mut self) -> Vec<Packet> {
        self.packets.sort_by_key(|packet| packet.at);
        self.packets
    }
}
