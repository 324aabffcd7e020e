//! Zstandard (RFC 8878), frame after frame.

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, Read};

/// A last block without bytes, and a place for a check sum: it makes a decoder give what it still
/// holds back as its window.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// The frames of a stream, one after the other.
pub(super) struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    in_frame: bool,
    /// What went wrong behind the bytes that the decoder still holds.
    failed: Option<io::Error>,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, decoder: FrameDecoder::new(), in_frame: false, failed: None }
    }

    /// Decodes one block.
    fn step(&mut self) -> io::Result<()> {
        let Err(error) = self.decoder.decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1))
        else {
            return Ok(());
        };
        if self.input.fill_buf()?.is_empty() {
            // Cut short: what was decoded so far is good. Where this fails too it stays lost.
            let _ = self.decoder.decode_blocks(&LAST_BLOCK[..], BlockDecodingStrategy::All);
        }
        self.failed = Some(io::Error::other(error));
        Ok(())
    }

    /// Passes over the content of a frame that is not part of the data (RFC 8878, 3.1.2).
    fn pass_over(&mut self, length: u64) -> io::Result<()> {
        if io::copy(&mut self.input.by_ref().take(length), &mut io::sink())? < length {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a skippable frame is cut short"));
        }
        Ok(())
    }

    /// Compares the check sum of a whole frame, where it has one.
    fn end_frame(&mut self) -> io::Result<()> {
        self.in_frame = false;
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(stated), Some(true_one)) if stated != true_one => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "a Zstandard frame's check sum is wrong"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if !self.in_frame {
                if self.input.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                match self.decoder.init(&mut self.input) {
                    Ok(()) => self.in_frame = true,
                    Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                        length,
                        ..
                    })) => self.pass_over(length.into())?,
                    Err(error) => return Err(io::Error::other(error)),
                }
            } else if self.decoder.is_finished() {
                self.end_frame()?;
            } else {
                self.step()?;
            }
        }
    }
}
