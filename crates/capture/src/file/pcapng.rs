//! The pcapng format (draft-ietf-opsawg-pcapng).

use super::buffer::Buffer;
use super::label::PacketLabel;
use super::number::Order;
use super::{Ending, FileFacts, Found, Interface, KEPT_MAX, PACKET_BYTES_MAX, Step};
use creance_model::Timestamp;
use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::Range;

pub(super) const SECTION_MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// Blocks larger than this that hold no packet are passed over unread.
const BLOCK_BYTES_READ_MAX: u32 = 4 << 20;

mod block {
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE: u32 = 1;
    pub(super) const OLD_PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const NAMES: u32 = 4;
    pub(super) const STATISTICS: u32 = 5;
    pub(super) const PACKET: u32 = 6;
    pub(super) const SECRETS: u32 = 10;
    /// Blocks of whoever has an enterprise number: to be copied along, and not to be.
    pub(super) const CUSTOM: u32 = 0x0bad;
    pub(super) const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;
    /// systemd's journal, which a program that captures both writes beside the packets.
    pub(super) const JOURNAL: u32 = 9;
    /// Apple's process information block, in the range for local use.
    pub(super) const APPLE_PROCESS: u32 = 0x8000_0001;
}

/// PCAPdroid's enterprise number. Its block says which app an Android user id is; a comment
/// `u-NUMBER` then names the user id of a packet.
const PCAPDROID: u32 = 62_652;

/// State of the section that is being read.
#[derive(Debug, Default)]
pub(super) struct Pcapng {
    order: Order,
    /// Interfaces of this section: their index over all sections and the unit of their times.
    interfaces: Vec<(u32, Clock)>,
    /// Labels of this section's process blocks, by their order.
    processes: Vec<u32>,
    labels: HashMap<PacketLabel, u32>,
    /// App and package by Android user id.
    users: HashMap<u32, [String; 2]>,
    last: Timestamp,
    /// Where the section ends in the file, where it says that.
    section_end: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Units in a second.
    units: u64,
    /// Whole seconds to add.
    offset_seconds: i64,
}

impl Clock {
    fn at(self, ticks: u64) -> Timestamp {
        let (seconds, rest) = (ticks / self.units, ticks % self.units);
        let nanos = u128::from(rest) * 1_000_000_000 / u128::from(self.units);
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(self.offset_seconds);
        Timestamp::from_seconds(seconds, u32::try_from(nanos).unwrap_or(999_999_999))
    }
}

impl Pcapng {
    pub(super) fn step<R: Read>(
        &mut self,
        buffer: &mut Buffer<R>,
        facts: &mut FileFacts,
    ) -> io::Result<Step> {
        let offset = buffer.offset();
        let head = buffer.peek(12)?;
        let is_section = head.first_chunk() == Some(&SECTION_MAGIC);
        // A section may say how long it is. One that is not whole may end between two blocks.
        if (head.is_empty() || is_section) && self.section_end.is_some_and(|end| end != offset) {
            return Ok(if head.is_empty() {
                Step::End(Ending::CutShort { offset })
            } else {
                damaged(offset, "the section before does not have the length that it states")
            });
        }
        if head.is_empty() {
            return Ok(Step::End(Ending::Complete));
        }
        if is_section {
            self.order = match head.get(8..12) {
                Some(bytes) if Order::Little.u32(bytes, 0) == Some(BYTE_ORDER_MAGIC) => Order::Little,
                Some(bytes) if Order::Big.u32(bytes, 0) == Some(BYTE_ORDER_MAGIC) => Order::Big,
                Some(_) => return Ok(damaged(offset, "a section header has no byte-order mark")),
                None => return Ok(Step::End(Ending::CutShort { offset })),
            };
        }
        let order = self.order;
        let (Some(kind), Some(length)) = (order.u32(head, 0), order.u32(head, 4)) else {
            return Ok(Step::End(Ending::CutShort { offset }));
        };
        if length < 12 || length % 4 != 0 {
            return Ok(damaged(
                offset,
                &format!("a block claims a length of {length} bytes, which no block can have"),
            ));
        }
        let packet = matches!(kind, block::PACKET | block::SIMPLE_PACKET | block::OLD_PACKET);
        if length > BLOCK_BYTES_READ_MAX {
            if packet || kind == block::SECTION {
                return Ok(damaged(offset, &format!("a packet block claims {length} bytes")));
            }
            facts.unknown_blocks += 1;
            return Ok(Step::Other(length.into()));
        }
        let span = length as usize;
        let whole = buffer.peek(span)?;
        let Some(bytes) = whole.get(..span) else { return Ok(Step::End(Ending::CutShort { offset })) };
        if order.u32(bytes, span - 4) != Some(length) {
            return Ok(damaged(offset, "a block's two lengths differ"));
        }
        let body = bytes.get(8..span - 4).unwrap_or_default();
        if packet {
            return Ok(match self.packet(kind, body, facts) {
                Ok(found) => Step::Packet(Found { span, ..found }),
                Err(what) => damaged(offset, &what),
            });
        }
        if kind == block::SECTION {
            // All ones where it is not known.
            let length_of_section = order.u64(body, 8).filter(|&length| length != u64::MAX);
            let start = offset + u64::from(length);
            self.section_end = length_of_section.map(|length| start.saturating_add(length));
        }
        match self.other(kind, body, facts) {
            Ok(()) => Ok(Step::Other(length.into())),
            Err(what) => Ok(damaged(offset, &what)),
        }
    }

    #[inline]
    fn packet(&mut self, kind: u32, body: &[u8], facts: &mut FileFacts) -> Result<Found, String> {
        let order = self.order;
        let number = |at| order.u32(body, at).ok_or("a packet block is too short for its fields");
        let (interface, ticks, captured, wire_len, start) = match kind {
            block::PACKET => (number(0)?, Some((number(4)?, number(8)?)), number(12)?, number(16)?, 20),
            block::OLD_PACKET => {
                let interface = order.u16(body, 0).unwrap_or_default();
                (interface.into(), Some((number(4)?, number(8)?)), number(12)?, number(16)?, 20)
            }
            _ => {
                let wire_len = number(0)?;
                let snap_len = facts.interfaces.get(self.first_interface()).map_or(0, |i| i.snap_len);
                let room = u32::try_from(body.len().saturating_sub(4)).unwrap_or(u32::MAX);
                let limit = if snap_len == 0 { wire_len } else { wire_len.min(snap_len) };
                (0, None, limit.min(room), wire_len, 4)
            }
        };
        let Some(&(index, clock)) = self.interfaces.get(interface as usize) else {
            return Err(format!("a packet names interface {interface}, which the section does not describe"));
        };
        let length = captured as usize;
        if length > PACKET_BYTES_MAX || start + length > body.len() {
            return Err(format!("a packet claims {length} captured bytes, more than its block holds"));
        }
        let at = match ticks {
            Some((high, low)) => clock.at(u64::from(high) << 32 | u64::from(low)),
            None => {
                facts.untimed_packets += 1;
                self.last
            }
        };
        self.last = at;
        let options = body.get(start + length.next_multiple_of(4)..).unwrap_or_default();
        let lost = match kind {
            block::OLD_PACKET => order.u16(body, 2).filter(|&lost| lost != u16::MAX).map(u64::from),
            _ => Options::new(order, options)
                .find_map(|(code, value)| order.u64(value, 0).filter(|_| code == 4)),
        };
        if let (Some(lost), Some(interface)) = (lost, facts.interfaces.get_mut(index as usize)) {
            interface.dropped_between = interface.dropped_between.saturating_add(lost);
        }
        let label = if options.len() > 4 { self.packet_label(options, facts) } else { None };
        let link_type = facts.interfaces.get(index as usize).map_or(u32::MAX, |i| i.link_type);
        let data = 8 + start..8 + start + length;
        Ok(Found { span: 0, data, at, interface: index, link_type, wire_len: wire_len.max(captured), label })
    }

    fn first_interface(&self) -> usize {
        self.interfaces.first().map_or(usize::MAX, |&(index, _)| index as usize)
    }

    fn other(&mut self, kind: u32, body: &[u8], facts: &mut FileFacts) -> Result<(), String> {
        match kind {
            block::SECTION => {
                let major = self.order.u16(body, 4).ok_or("a section header is too short")?;
                if major != 1 {
                    return Err(format!("a section claims pcapng version {major}; only version 1 exists"));
                }
                facts.sections += 1;
                self.interfaces.clear();
                self.processes.clear();
                self.users.clear();
                self.comments(body.get(16..).unwrap_or_default(), facts);
            }
            block::INTERFACE => self.interface(body, facts)?,
            block::STATISTICS => self.statistics(body, facts),
            block::NAMES => facts.resolved_names += self.count_names(body),
            block::SECRETS => facts.secrets += 1,
            block::APPLE_PROCESS => self.process(body, facts),
            block::CUSTOM | block::CUSTOM_NOT_COPIED if self.order.u32(body, 0) == Some(PCAPDROID) => {
                self.user(body.get(4..).unwrap_or_default());
            }
            block::CUSTOM | block::CUSTOM_NOT_COPIED | block::JOURNAL => {}
            _ => facts.unknown_blocks += 1,
        }
        Ok(())
    }

    fn interface(&mut self, body: &[u8], facts: &mut FileFacts) -> Result<(), String> {
        let order = self.order;
        let (Some(link_type), Some(snap_len)) = (order.u16(body, 0), order.u32(body, 4)) else {
            return Err("an interface block is too short for its fields".into());
        };
        if facts.interfaces.len() >= KEPT_MAX {
            return Err(format!("more than {KEPT_MAX} interfaces"));
        }
        let mut clock = Clock { units: 1_000_000, offset_seconds: 0 };
        let section = facts.sections;
        let mut interface =
            Interface { link_type: link_type.into(), snap_len, section, ..Interface::default() };
        let mut options = Options::new(order, body.get(8..).unwrap_or_default());
        for (code, value) in options.by_ref() {
            match (code, value) {
                (2, name) => interface.name = Some(text(name)),
                (9, [unit, ..]) => clock.units = resolution(*unit)?,
                (9, []) => return Err("an interface's time resolution is empty".into()),
                (11, [_, filter @ ..]) => interface.filter = Some(text(filter)),
                (14, value) => {
                    let offset = order.u64(value, 0).ok_or("an interface's time offset is cut short")?;
                    clock.offset_seconds = offset.cast_signed();
                }
                (1, comment) => keep_comment(facts, comment),
                _ => {}
            }
        }
        if options.overrun {
            // The unit of its times may stand in what cannot be read.
            return Err("an option of an interface reaches beyond its block".into());
        }
        let index = u32::try_from(facts.interfaces.len()).unwrap_or(u32::MAX);
        facts.interfaces.push(interface);
        self.interfaces.push((index, clock));
        Ok(())
    }

    /// Drops: what the interface lost, what the system lost, whichever the file gives.
    fn statistics(&self, body: &[u8], facts: &mut FileFacts) {
        let order = self.order;
        let Some(&(index, _)) = order.u32(body, 0).and_then(|id| self.interfaces.get(id as usize)) else {
            return;
        };
        let Some(interface) = facts.interfaces.get_mut(index as usize) else { return };
        let (mut dropped, mut received, mut accepted) = (None, None, None);
        for (code, value) in Options::new(order, body.get(12..).unwrap_or_default()) {
            if let (8, Some(count)) = (code, order.u64(value, 0)) {
                interface.delivered = Some(count);
            }
            match code {
                4 => received = order.u64(value, 0),
                6 => accepted = order.u64(value, 0),
                _ => {}
            }
            if let (5 | 7, Some(count)) = (code, order.u64(value, 0)) {
                dropped = Some(dropped.unwrap_or(0_u64).saturating_add(count));
            }
        }
        if received.zip(accepted).is_some_and(|(received, accepted)| accepted < received) {
            interface.filter.get_or_insert_with(|| "(not named)".to_owned());
        }
        if dropped.is_some() {
            interface.statistics_after_packets = interface.packets;
        }
        // Counters run from the start of the capture: the last block tells the whole.
        interface.dropped = match (interface.dropped, dropped) {
            (Some(before), Some(now)) => Some(before.max(now)),
            (before, now) => now.or(before),
        };
    }

    fn count_names(&self, body: &[u8]) -> u64 {
        Options::new(self.order, body).filter(|(code, _)| matches!(code, 1 | 2)).count() as u64
    }

    fn process(&mut self, body: &[u8], facts: &mut FileFacts) {
        let mut label = PacketLabel { id: self.order.u32(body, 0), ..PacketLabel::default() };
        for (code, value) in Options::new(self.order, body.get(4..).unwrap_or_default()) {
            if code == 2 {
                label.app = Some(text(value));
            }
        }
        if self.processes.len() < KEPT_MAX {
            let index = self.label(label, facts);
            self.processes.push(index.unwrap_or(u32::MAX));
        }
    }

    /// PCAPdroid's first version of a block of its first kind: user id, the lengths of the
    /// package's and the app's names, the names.
    fn user(&mut self, body: &[u8]) {
        let (Some(1), Some([1, _, rest @ ..])) = (self.order.u16(body, 0), body.get(2..)) else { return };
        let (Some(id), Some([package, app, names @ ..])) = (self.order.u32(rest, 0), rest.get(4..)) else {
            return;
        };
        let Some((package, rest)) = names.split_at_checked((*package).into()) else { return };
        let Some(app) = rest.get(..usize::from(*app)) else { return };
        if self.users.len() < KEPT_MAX {
            self.users.insert(id, [text(app), text(package)]);
        }
    }

    /// What a comment on a packet says of its app.
    fn commented(&self, comment: String) -> PacketLabel {
        let Some(id) = comment.strip_prefix("u-").and_then(|id| id.parse().ok()) else {
            return PacketLabel::from_comment(comment);
        };
        let named = self.users.get(&id).map(|names| names.clone().map(Some));
        let [app, package] = named.unwrap_or_default();
        PacketLabel { app, package, id: Some(id), comment: Some(comment) }
    }

    fn packet_label(&mut self, options: &[u8], facts: &mut FileFacts) -> Option<u32> {
        let mut process = None;
        let mut comment = None;
        for (code, value) in Options::new(self.order, options) {
            match code {
                1 => comment = Some(text(value)),
                // Apple: the process that sent the packet, and the one that it acted for.
                0x8001 if process.is_none() => process = self.order.u32(value, 0),
                0x8003 => process = self.order.u32(value, 0),
                _ => {}
            }
        }
        let by_process = process.and_then(|index| self.processes.get(index as usize)).copied();
        match (by_process, comment) {
            (Some(label), _) if label != u32::MAX => Some(label),
            (_, Some(comment)) => self.label(self.commented(comment), facts),
            (_, None) => None,
        }
    }

    fn label(&mut self, label: PacketLabel, facts: &mut FileFacts) -> Option<u32> {
        if let Some(&index) = self.labels.get(&label) {
            return Some(index);
        }
        if facts.labels.len() >= KEPT_MAX {
            return None;
        }
        let index = u32::try_from(facts.labels.len()).ok()?;
        facts.labels.push(label.clone());
        self.labels.insert(label, index);
        Some(index)
    }

    fn comments(&self, options: &[u8], facts: &mut FileFacts) {
        for (code, value) in Options::new(self.order, options) {
            if code == 1 {
                keep_comment(facts, value);
            }
        }
    }
}

fn keep_comment(facts: &mut FileFacts, bytes: &[u8]) {
    if facts.comments.len() < 64 {
        facts.comments.push(text(bytes));
    }
}

/// Text as it stands, without control characters, at most 400 characters.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.get(..1600).unwrap_or(bytes);
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control() || *c == '\n').take(400).collect()
}

/// Units per second from an `if_tsresol` byte: a power of ten, or of two with the top bit set.
fn resolution(byte: u8) -> Result<u64, String> {
    let units = if byte & 0x80 == 0 {
        10_u64.checked_pow(byte.into())
    } else {
        1_u64.checked_shl((byte & 0x7f).into())
    };
    units.ok_or_else(|| format!("an interface claims a time resolution of 0x{byte:02x}, which is too fine"))
}

fn damaged(offset: u64, what: &str) -> Step {
    Step::End(Ending::Damaged { offset, what: what.to_owned() })
}

/// The options of a block: code and value.
struct Options<'a> {
    order: Order,
    rest: &'a [u8],
    /// An option claimed more bytes than there are.
    overrun: bool,
}

impl<'a> Options<'a> {
    const fn new(order: Order, rest: &'a [u8]) -> Self {
        Self { order, rest, overrun: false }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);
    fn next(&mut self) -> Option<Self::Item> {
        let code = self.order.u16(self.rest, 0)?;
        let length = usize::from(self.order.u16(self.rest, 2)?);
        if code == 0 {
            return None;
        }
        let value: Range<usize> = 4..4 + length;
        let Some(bytes) = self.rest.get(value) else {
            self.overrun = true;
            self.rest = &[];
            return None;
        };
        self.rest = self.rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, bytes))
    }
}
