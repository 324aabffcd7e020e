//! Reading packets ahead, on a thread of its own: the input, its unpacking, its digest, its framing,
//! and the headers of ordinary packets.

use crate::file::{FileFacts, Frame, PacketLabel, Reader};
use crate::packet::headers::{Headers, Packet};
use crate::source::{InputDigest, Source};
use creance_model::Timestamp;
use std::io;
use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Bytes of packets handed over at a time: few enough to stay in a processor's cache.
const BATCH_BYTES: usize = 1 << 18;
/// Packets handed over at a time.
const BATCH_PACKETS: usize = 512;
/// Batches that may wait.
const BATCHES_AHEAD: usize = 8;

/// Some packets in the order of the file.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    packets: Vec<Entry>,
    /// How many bytes of the file, decompressed, were read with them.
    offset: u64,
    /// What the file says of processes and apps, so far; all of it again where it grew.
    labels: Vec<PacketLabel>,
    /// Nothing comes after it.
    is_last: bool,
}

/// A packet but for its bytes.
#[derive(Debug)]
struct Entry {
    at: Timestamp,
    interface: u32,
    link_type: u32,
    wire_len: u32,
    label: Option<u32>,
    bytes: Range<usize>,
    headers: Option<Headers>,
}

impl Batch {
    /// One that need not grow while it is filled, unless by a frame of unusual size.
    fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(BATCH_BYTES + (1 << 16)),
            packets: Vec::with_capacity(BATCH_PACKETS),
            ..Self::default()
        }
    }

    /// The packets.
    pub fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        self.packets.iter().map(|entry| Packet {
            frame: Frame {
                at: entry.at,
                interface: entry.interface,
                link_type: entry.link_type,
                data: self.bytes.get(entry.bytes.clone()).unwrap_or_default(),
                wire_len: entry.wire_len,
                label: entry.label,
            },
            headers: entry.headers.as_ref(),
        })
    }

    /// How many bytes of the file were read up to its last packet, after decompression.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    fn add(&mut self, frame: &Frame<'_>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(frame.data);
        self.packets.push(Entry {
            at: frame.at,
            interface: frame.interface,
            link_type: frame.link_type,
            wire_len: frame.wire_len,
            label: frame.label,
            bytes: start..self.bytes.len(),
            headers: Headers::of(frame),
        });
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES || self.packets.len() >= BATCH_PACKETS
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.packets.clear();
        self.labels.clear();
    }
}

/// What is known of a capture once all of it was read.
#[derive(Debug)]
pub struct CaptureRead {
    /// What the file says besides its packets.
    pub facts: FileFacts,
    /// The digest of the whole input, where one was asked for and the input could be read.
    pub digest: Option<InputDigest>,
}

/// A capture that is read ahead.
#[derive(Debug)]
pub struct Ahead {
    batches: Receiver<Batch>,
    spent: SyncSender<Batch>,
    batch: Batch,
    labels: Vec<PacketLabel>,
    reading: JoinHandle<CaptureRead>,
}

impl Ahead {
    /// Starts to read.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(reader: Reader<Source>) -> io::Result<Self> {
        let (full, batches) = sync_channel(BATCHES_AHEAD);
        let (spent, empty) = sync_channel(BATCHES_AHEAD + 2);
        let reading = std::thread::Builder::new()
            .name("input".into())
            .spawn(move || read_ahead(reader, &full, &empty))?;
        Ok(Self { batches, spent, batch: Batch::default(), labels: Vec::new(), reading })
    }

    /// The next packets, with what the file says of processes and apps so far; `None` after the
    /// last ones.
    ///
    /// # Errors
    /// Where the thread that reads is gone without having said that it came to the end: what is
    /// missing is not known.
    pub fn next_batch(&mut self) -> io::Result<Option<(&Batch, &[PacketLabel])>> {
        if self.batch.is_last {
            return Ok(None);
        }
        let next = self.batches.recv().map_err(|_| gone())?;
        let spent = std::mem::replace(&mut self.batch, next);
        // Where nobody takes it back it is freed.
        let _ = self.spent.try_send(spent);
        if !self.batch.labels.is_empty() {
            std::mem::swap(&mut self.labels, &mut self.batch.labels);
        }
        Ok(Some((&self.batch, &self.labels)))
    }

    /// What is known once all was read. What nobody took is passed over.
    ///
    /// # Errors
    /// Where the thread that reads has failed.
    pub fn finish(self) -> io::Result<CaptureRead> {
        drop(self.batches);
        self.reading.join().map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that reads the capture failed")
}

fn read_ahead(mut reader: Reader<Source>, full: &SyncSender<Batch>, empty: &Receiver<Batch>) -> CaptureRead {
    let mut known_labels = 0;
    let mut is_wanted = true;
    while is_wanted {
        let mut batch = empty.try_recv().unwrap_or_else(|_| Batch::new());
        batch.clear();
        batch.is_last = true;
        while let Some(frame) = reader.next_frame() {
            batch.add(&frame);
            if batch.is_full() {
                batch.is_last = false;
                break;
            }
        }
        batch.offset = reader.offset();
        if reader.facts().labels.len() != known_labels {
            known_labels = reader.facts().labels.len();
            batch.labels.clone_from(&reader.facts().labels);
        }
        is_wanted = !batch.is_last;
        is_wanted &= full.send(batch).is_ok();
    }
    let (facts, source) = reader.into_parts();
    // An input that cannot be read to its end has no digest; its ending says why.
    CaptureRead { facts, digest: source.finish().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// A pcap file of so many packets of 100 bytes.
    fn capture(packets: u32) -> Vec<u8> {
        let mut file =
            vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
        for number in 0..packets {
            for field in [number, 0, 100, 100] {
                file.extend(field.to_le_bytes());
            }
            file.extend([number.to_le_bytes()[0]; 100]);
        }
        file
    }

    fn start(input: impl Read + Send + 'static) -> Ahead {
        Ahead::start(Reader::new(Source::new(input, true).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn every_packet_comes_once_and_in_order() {
        let file = capture(10_000);
        let mut ahead = start(io::Cursor::new(file.clone()));
        let mut seen = 0_u32;
        let mut batches = 0;
        while let Some((batch, _)) = ahead.next_batch().unwrap() {
            batches += 1;
            for Packet { frame, .. } in batch.packets() {
                assert_eq!(
                    (frame.data, frame.at.0 / 1_000_000_000),
                    (&[seen.to_le_bytes()[0]; 100][..], seen.into())
                );
                seen += 1;
            }
        }
        assert_eq!((seen, batches), (10_000, 20));
        assert_eq!(ahead.batch.offset(), file.len() as u64);
        let read = ahead.finish().unwrap();
        assert_eq!(read.facts.interfaces[0].packets, 10_000);
        assert_eq!(read.digest.unwrap().bytes, file.len() as u64);
    }

    #[test]
    fn what_nobody_takes_is_in_the_digest_all_the_same() {
        let file = capture(10_000);
        let mut ahead = start(io::Cursor::new(file.clone()));
        ahead.next_batch().unwrap().unwrap();
        assert_eq!(ahead.finish().unwrap().digest.unwrap().bytes, file.len() as u64);
    }

    #[test]
    fn a_reader_that_dies_is_no_end_of_the_capture() {
        struct Dies;
        impl Read for Dies {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                panic!("on purpose");
            }
        }
        // Between two packets, where a file may well end.
        let mut ahead = start(io::Cursor::new(capture(3)).chain(Dies));
        let error = ahead.next_batch().unwrap_err();
        assert!(error.to_string().contains("failed"), "{error}");
        assert!(ahead.finish().is_err());
    }
}
