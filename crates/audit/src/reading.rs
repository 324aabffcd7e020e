//! Reading the captures: from inputs to flow records on disk.

use crate::question::WindowSpec;
use creance_capture::{
    CertificateStore, Compression, Counts, Engine, FileFacts, Flows, InputDigest, OpenError, PacketLabel,
    Reader, Source, Spill, Window,
};
use std::io;
use std::path::Path;

/// A capture to read.
#[derive(Debug)]
pub struct InputFile {
    /// What to call it, without folders.
    pub name: String,
    /// Its bytes.
    pub source: Source,
}

/// Why captures could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadingError {
    /// An input is no capture.
    #[error("`{name}`")]
    Open {
        /// The input.
        name: String,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// Flow records could not be written down.
    #[error("flow records could not be written to a temporary file")]
    Spill(#[source] io::Error),
}

/// What is known of an input after reading it.
#[derive(Debug, Clone)]
pub struct InputRead {
    /// Its name.
    pub name: String,
    /// How it was packed.
    pub compression: Compression,
    /// The digest of the whole input, where one was asked for and the input could be read.
    pub digest: Option<InputDigest>,
    /// What the file says besides its packets.
    pub facts: FileFacts,
}

/// Everything that was read.
#[derive(Debug)]
pub struct Reading {
    /// The inputs, in the order given.
    pub inputs: Vec<InputRead>,
    /// What was counted.
    pub counts: Counts,
    /// The certificates that servers sent.
    pub certificates: CertificateStore,
    /// The apps that captures name.
    pub labels: Vec<PacketLabel>,
    /// The flows.
    pub flows: Flows,
    /// The judged window.
    pub window: Option<Window>,
}

impl Reading {
    /// Reads captures one after the other, as parts of one recording. `progress` is told how
    /// many bytes were read (after decompression), every few thousand packets. `spill_folder` is
    /// where flow records go, the system's folder for temporary files where `None`.
    ///
    /// # Errors
    /// Where an input is no capture, or flow records cannot be written down. A capture that is
    /// damaged or cut short is no error: what was read is kept, and its facts say so.
    pub fn new(
        files: Vec<InputFile>,
        window: Option<WindowSpec>,
        spill_folder: Option<&Path>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, ReadingError> {
        let spill = Spill::new(spill_folder).map_err(ReadingError::Spill)?;
        let mut run = Run { engine: Engine::new(spill), spec: window, window: None, read: 0 };
        let mut inputs = Vec::new();
        for (index, file) in files.into_iter().enumerate() {
            run.engine.next_input(u32::try_from(index).unwrap_or(u32::MAX));
            inputs.push(run.input(file, progress)?);
        }
        let window = run.window;
        let (counts, certificates, labels, spill) = run.engine.finish().map_err(ReadingError::Spill)?;
        let flows = spill.finish().map_err(ReadingError::Spill)?;
        Ok(Self { inputs, counts, certificates, labels, flows, window })
    }
}

struct Run {
    engine: Engine<Spill>,
    spec: Option<WindowSpec>,
    window: Option<Window>,
    read: u64,
}

impl Run {
    fn input(&mut self, file: InputFile, progress: &mut dyn FnMut(u64)) -> Result<InputRead, ReadingError> {
        let InputFile { name, source } = file;
        let compression = source.compression();
        let mut reader =
            Reader::new(source).map_err(|source| ReadingError::Open { name: name.clone(), source })?;
        // The labels of a file grow while it is read; the copy is renewed when they do.
        let mut labels: Vec<PacketLabel> = Vec::new();
        let mut packets = 0_u32;
        loop {
            if reader.facts().labels.len() != labels.len() {
                labels.clone_from(&reader.facts().labels);
            }
            packets = packets.wrapping_add(1);
            if packets.is_multiple_of(8192) {
                progress(self.read + reader.offset());
            }
            let Some(frame) = reader.next_frame() else { break };
            if let (None, Some(spec)) = (self.window, self.spec) {
                let window = spec.resolve(frame.at);
                self.window = Some(window);
                self.engine.set_window(window);
            }
            self.engine.frame(&frame, &labels).map_err(ReadingError::Spill)?;
        }
        self.read += reader.offset();
        progress(self.read);
        let (facts, source) = reader.into_parts();
        // An input that cannot be read to its end has no digest; its ending says why.
        let digest = source.finish().unwrap_or_default();
        Ok(InputRead { name, compression, digest, facts })
    }
}
