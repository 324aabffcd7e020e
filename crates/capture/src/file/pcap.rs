//! The classic pcap format (draft-ietf-opsawg-pcap).

use super::buffer::Buffer;
use super::number::Order;
use super::{Ending, Format, Found, Interface, OpenError, PACKET_BYTES_MAX, Step};
use creance_model::Timestamp;
use std::io::{self, Read};

pub(super) const HEADER_BYTES: usize = 24;
const PACKET_HEADER_BYTES: usize = 16;

#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    nanoseconds: bool,
    link_type: u32,
    snap_len: u32,
}

impl Pcap {
    pub(super) fn open(start: &[u8]) -> Result<(Self, Format), OpenError> {
        let (order, nanoseconds) = match start {
            [0xd4, 0xc3, 0xb2, 0xa1, ..] => (Order::Little, false),
            [0xa1, 0xb2, 0xc3, 0xd4, ..] => (Order::Big, false),
            [0x4d, 0x3c, 0xb2, 0xa1, ..] => (Order::Little, true),
            [0xa1, 0xb2, 0x3c, 0x4d, ..] => (Order::Big, true),
            _ => {
                let start =
                    start.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
                return Err(OpenError::NotACapture { start });
            }
        };
        let cut = OpenError::HeaderCut { bytes: HEADER_BYTES };
        let (Some(major), Some(snap_len), Some(link)) =
            (order.u16(start, 4), order.u32(start, 16), order.u32(start, 20))
        else {
            return Err(cut);
        };
        if major != 2 {
            return Err(OpenError::Header(format!("it claims pcap version {major}; only version 2 exists")));
        }
        let format = if nanoseconds { Format::PcapNanoseconds } else { Format::PcapMicroseconds };
        // The upper bits hold the length of the frame check sequence.
        Ok((Self { order, nanoseconds, link_type: link & 0x03ff_ffff, snap_len }, format))
    }

    pub(super) fn interface(&self) -> Interface {
        Interface { link_type: self.link_type, snap_len: self.snap_len, ..Interface::default() }
    }

    #[inline]
    pub(super) fn step<R: Read>(&self, buffer: &mut Buffer<R>) -> io::Result<Step> {
        let offset = buffer.offset();
        let head = buffer.peek(PACKET_HEADER_BYTES)?;
        if head.is_empty() {
            return Ok(Step::End(Ending::Complete));
        }
        let (Some(seconds), Some(fraction), Some(captured), Some(wire_len)) = (
            self.order.u32(head, 0),
            self.order.u32(head, 4),
            self.order.u32(head, 8),
            self.order.u32(head, 12),
        ) else {
            return Ok(Step::End(Ending::CutShort { offset }));
        };
        let length = captured as usize;
        if length > PACKET_BYTES_MAX {
            let what = format!(
                "a packet claims {length} captured bytes; no packet has more than {PACKET_BYTES_MAX}"
            );
            return Ok(Step::End(Ending::Damaged { offset, what }));
        }
        let span = PACKET_HEADER_BYTES + length;
        if buffer.peek(span)?.len() < span {
            return Ok(Step::End(Ending::CutShort { offset }));
        }
        let nanos = if self.nanoseconds { fraction } else { fraction.saturating_mul(1000) };
        Ok(Step::Packet(Found {
            span,
            data: PACKET_HEADER_BYTES..span,
            at: Timestamp::from_seconds(seconds.into(), nanos),
            interface: 0,
            link_type: self.link_type,
            // Some writers leave the length on the wire at zero.
            wire_len: wire_len.max(captured),
            label: None,
        }))
    }
}
