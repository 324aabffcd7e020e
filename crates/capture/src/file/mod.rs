//! Capture files: pcap and pcapng, read front to back with bounded memory.

mod buffer;
mod label;
mod number;
mod pcap;
mod pcapng;

use buffer::Buffer;
use creance_model::Timestamp;
use std::io::{self, Read};

pub use label::PacketLabel;

/// The most bytes that one captured packet may have; more is a damaged file. Jumbo frames and
/// offloaded segments stay below 256 KiB.
pub const PACKET_BYTES_MAX: usize = 1 << 20;

/// At most this many interfaces are kept for one section; tables of names and comments too.
const KEPT_MAX: usize = 4096;

/// One captured packet.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// When it was captured.
    pub at: Timestamp,
    /// The index of its interface in [`FileFacts::interfaces`].
    pub interface: u32,
    /// The link type (as registered with the tcpdump group, such as 1 for Ethernet).
    pub link_type: u32,
    /// The bytes captured.
    pub data: &'a [u8],
    /// How long it was on the wire.
    pub wire_len: u32,
    /// What the file says of the packet's process, as an index to [`FileFacts::labels`].
    pub label: Option<u32>,
}

/// How the reading of a file ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// At the end of the file, between two packets.
    Complete,
    /// In the middle of a packet or block.
    CutShort {
        /// The offset of the packet or block that is not whole, in bytes after decompression.
        offset: u64,
    },
    /// At something that cannot be.
    Damaged {
        /// Its offset, in bytes after decompression.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The input could not be read on.
    Unreadable {
        /// The offset, in bytes after decompression.
        offset: u64,
        /// What the system said.
        what: String,
    },
}

/// Which format a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// pcap with microseconds.
    PcapMicroseconds,
    /// pcap with nanoseconds.
    PcapNanoseconds,
    /// pcapng.
    Pcapng,
}

impl Format {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PcapMicroseconds => "pcap (microseconds)",
            Self::PcapNanoseconds => "pcap (nanoseconds)",
            Self::Pcapng => "pcapng",
        }
    }
}

/// One interface of a capture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its name, where the file has one.
    pub name: Option<String>,
    /// Its link type.
    pub link_type: u32,
    /// The most bytes kept of a packet; 0 is no limit.
    pub snap_len: u32,
    /// The section of the file that describes it; each is a recording of its own.
    pub section: u64,
    /// The first and the last moment of its packets.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Packets captured.
    pub packets: u64,
    /// Packets that the capturing program or the system says it lost; `None` where it says
    /// nothing, which is not the same as none.
    pub dropped: Option<u64>,
    /// Packets that single packets say were lost before them.
    pub dropped_between: u64,
    /// Packets that the file says were delivered into it; more than it holds: it was filtered.
    pub delivered: Option<u64>,
    /// How many packets of the interface came before the statement on losses: what was lost
    /// after it is not known.
    pub statistics_after_packets: u64,
    /// Capture filter, where the file names one: what it excludes was never seen.
    pub filter: Option<String>,
}

impl Interface {
    /// Packets lost over the whole capture, where the file states that after the last packet.
    #[must_use]
    pub const fn drops(&self) -> Option<u64> {
        match self.dropped {
            Some(count) if self.dropped_between > count => Some(self.dropped_between),
            None if self.dropped_between > 0 => Some(self.dropped_between),
            Some(count) if self.statistics_after_packets >= self.packets => Some(count),
            Some(count) if count > 0 => Some(count),
            Some(_) | None => None,
        }
    }
}

/// What a file says besides its packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// The format.
    pub format: Format,
    /// The interfaces, over all sections.
    pub interfaces: Vec<Interface>,
    /// Comments of sections and interfaces, at most 64.
    pub comments: Vec<String>,
    /// Names for processes and apps that packets refer to.
    pub labels: Vec<PacketLabel>,
    /// Entries of name resolution blocks: what the capturing program says, which is no evidence.
    pub resolved_names: u64,
    /// Blocks of secrets for decryption that the file carries; they are not used.
    pub secrets: u64,
    /// Sections of a pcapng file, each a recording of its own.
    pub sections: u64,
    /// Blocks that were passed over since their type is not known: they may hold packets.
    pub unknown_blocks: u64,
    /// Packets that are cut short by the snap length.
    pub truncated_packets: u64,
    /// Packets without a time (simple packet blocks); they are given the time of the packet before.
    pub untimed_packets: u64,
    /// How the reading ended; meaningful once it did.
    pub ending: Ending,
}

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing in it.
    #[error("the file is empty (0 bytes): it holds no capture")]
    Empty,
    /// Not a capture.
    #[error("not a capture: it starts with {start}, which is neither pcap nor pcapng")]
    NotACapture {
        /// Its first bytes in hexadecimal.
        start: String,
    },
    /// The file header is not whole.
    #[error("cut short: the file ends within its {bytes}-byte header")]
    HeaderCut {
        /// The size of the header.
        bytes: usize,
    },
    /// The header says something that cannot be.
    #[error("damaged: {0}")]
    Header(String),
    /// The system's word.
    #[error("cannot be read")]
    Io(#[from] io::Error),
}

/// Reads packets from a capture file.
#[derive(Debug)]
pub struct Reader<R> {
    buffer: Buffer<R>,
    facts: FileFacts,
    kind: Kind,
    ended: bool,
}

#[derive(Debug)]
enum Kind {
    Pcap(pcap::Pcap),
    Pcapng(pcapng::Pcapng),
}

/// What one step of a format's reader found.
enum Step {
    /// A packet, and how many bytes from the start of the buffer it and its frame span.
    Packet(Found),
    /// Something else, of this many bytes, that has been dealt with.
    Other(u64),
    /// The end.
    End(Ending),
}

/// Where in the buffer a packet stands.
struct Found {
    span: usize,
    data: std::ops::Range<usize>,
    at: Timestamp,
    interface: u32,
    link_type: u32,
    wire_len: u32,
    label: Option<u32>,
}

impl<R: Read> Reader<R> {
    /// Opens a capture by its first bytes.
    ///
    /// # Errors
    /// Where it is empty, no capture, or its header is damaged.
    pub fn new(input: R) -> Result<Self, OpenError> {
        let mut buffer = Buffer::new(input);
        let start = buffer.peek(24)?;
        let Some(magic) = start.first_chunk::<4>() else {
            return Err(if start.is_empty() { OpenError::Empty } else { OpenError::HeaderCut { bytes: 24 } });
        };
        let (kind, format) = if *magic == pcapng::SECTION_MAGIC {
            (Kind::Pcapng(pcapng::Pcapng::default()), Format::Pcapng)
        } else {
            let (pcap, format) = pcap::Pcap::open(start)?;
            (Kind::Pcap(pcap), format)
        };
        let mut facts = FileFacts {
            format,
            interfaces: Vec::new(),
            comments: Vec::new(),
            labels: Vec::new(),
            resolved_names: 0,
            secrets: 0,
            sections: 0,
            unknown_blocks: 0,
            truncated_packets: 0,
            untimed_packets: 0,
            ending: Ending::Complete,
        };
        if let Kind::Pcap(pcap) = &kind {
            facts.interfaces.push(pcap.interface());
            buffer.advance(pcap::HEADER_BYTES);
        }
        Ok(Self { buffer, facts, kind, ended: false })
    }

    /// The next packet, or `None` at the end, which [`FileFacts::ending`] then describes.
    #[inline]
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        let found = loop {
            if self.ended {
                return None;
            }
            let step = match &mut self.kind {
                Kind::Pcap(pcap) => pcap.step(&mut self.buffer),
                Kind::Pcapng(pcapng) => pcapng.step(&mut self.buffer, &mut self.facts),
            };
            match step {
                Ok(Step::Packet(found)) => break found,
                Ok(Step::Other(count)) => {
                    let offset = self.buffer.offset();
                    match self.buffer.skip(count) {
                        Ok(true) => {}
                        Ok(false) => self.end(Ending::CutShort { offset }),
                        Err(error) => self.end(Ending::Unreadable { offset, what: error.to_string() }),
                    }
                }
                Ok(Step::End(ending)) => self.end(ending),
                Err(error) => {
                    let offset = self.buffer.offset();
                    self.end(Ending::Unreadable { offset, what: error.to_string() });
                }
            }
        };
        self.count(&found);
        self.buffer.advance(found.span);
        let data = self.buffer.behind(found.span, found.data);
        Some(Frame {
            at: found.at,
            interface: found.interface,
            link_type: found.link_type,
            data,
            wire_len: found.wire_len,
            label: found.label,
        })
    }

    /// What the file says besides its packets; complete once the last packet was read.
    #[must_use]
    pub const fn facts(&self) -> &FileFacts {
        &self.facts
    }

    /// How many bytes were read, after decompression.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.buffer.offset()
    }

    /// The facts and the input, to read on or to finish a digest.
    #[must_use]
    pub fn into_parts(self) -> (FileFacts, R) {
        (self.facts, self.buffer.into_inner())
    }

    fn end(&mut self, ending: Ending) {
        self.ended = true;
        self.facts.ending = ending;
    }

    #[inline]
    fn count(&mut self, found: &Found) {
        if let Some(interface) = self.facts.interfaces.get_mut(found.interface as usize) {
            interface.packets += 1;
            let (first, last) = interface.span.unwrap_or((found.at, found.at));
            interface.span = Some((first.min(found.at), last.max(found.at)));
        }
        if found.data.len() < found.wire_len as usize {
            self.facts.truncated_packets += 1;
        }
    }
}
