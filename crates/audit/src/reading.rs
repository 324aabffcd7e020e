//! Reading the captures: from inputs to flow records on disk.

use crate::question::WindowSpec;
use crate::reconcile::{Books, LogFiles};
use crate::stations::Survey;
use creance_capture::{
    Ahead, CaptureRead, CertificateStore, Compression, Counts, Engine, FileFacts, FlowRecord, FlowSink,
    Flows, InputDigest, OpenError, PacketLabel, Reader, Source, Spill, Window,
};
use creance_ledger::LedgerError;
use creance_model::Timestamp;
use std::io;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

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
    /// The reading of an input broke off, so that what is missing is not known.
    #[error("`{name}` could not be read on")]
    Broken {
        /// The input.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
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
    /// The first and the last moment of its packets.
    pub span: Option<(Timestamp, Timestamp)>,
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
    /// What a first look at them told.
    pub(crate) survey: Survey,
    /// The judged window.
    pub window: Option<Window>,
    /// What a gateway wrote of the same time.
    pub(crate) ledger: Option<Books>,
}

impl Reading {
    /// Reads captures one after the other, as parts of one recording. `progress` is told how
    /// many bytes were read (after decompression), now and then. `spill_folder` is
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
        let spill = WritingThread::start(spill).map_err(ReadingError::Spill)?;
        let mut run = Run { engine: Engine::new(spill), spec: window, window: None, read: 0 };
        let mut inputs = Vec::new();
        for (index, file) in files.into_iter().enumerate() {
            run.engine.next_input(u32::try_from(index).unwrap_or(u32::MAX));
            inputs.push(run.input(file, progress)?);
        }
        let window = run.window;
        let (counts, labels, spill) = run.engine.finish().map_err(ReadingError::Spill)?;
        let (flows, survey, certificates) = spill.finish().map_err(ReadingError::Spill)?;
        Ok(Self { inputs, counts, certificates, labels, flows, survey, window, ledger: None })
    }

    /// Checks and reads what a gateway wrote of the same time, to be held against the captures.
    ///
    /// # Errors
    /// [`LedgerError`] where there is no such log. One that is not sound is no error: nothing of it
    /// is believed, and the report says so.
    pub fn read_ledger(&mut self, files: &LogFiles) -> Result<(), LedgerError> {
        self.ledger = Some(Books::read(files, self.counts.first.zip(self.counts.last))?);
        Ok(())
    }
}

struct Run {
    engine: Engine<WritingThread>,
    spec: Option<WindowSpec>,
    window: Option<Window>,
    read: u64,
}

impl Run {
    fn input(&mut self, file: InputFile, progress: &mut dyn FnMut(u64)) -> Result<InputRead, ReadingError> {
        let InputFile { name, source } = file;
        let compression = source.compression();
        let reader =
            Reader::new(source).map_err(|source| ReadingError::Open { name: name.clone(), source })?;
        let broken = |source| ReadingError::Broken { name: name.clone(), source };
        let mut ahead = Ahead::start(reader).map_err(broken)?;
        let mut span = None;
        let mut offset = 0;
        while let Some((batch, labels)) = ahead.next_batch().map_err(broken)? {
            for packet in batch.packets() {
                if let (None, Some(spec)) = (self.window, self.spec) {
                    let window = spec.resolve(packet.frame.at);
                    self.window = Some(window);
                    self.engine.set_window(window);
                }
                let at = packet.frame.at;
                span =
                    Some(span.map_or((at, at), |(first, last): (Timestamp, Timestamp)| {
                        (first.min(at), last.max(at))
                    }));
                self.engine.packet(&packet, labels).map_err(ReadingError::Spill)?;
            }
            offset = batch.offset();
            progress(self.read + offset);
        }
        self.read += offset;
        let CaptureRead { facts, digest } = ahead.finish().map_err(broken)?;
        Ok(InputRead { name, compression, digest, facts, span })
    }
}

/// Records handed to the writing thread at a time.
const BATCH: usize = 128;

/// Records are boxed where they are made, since they pass through many hands.
type Batch = Vec<Box<FlowRecord>>;

/// Looks at flows and writes them down on a thread of its own, so that reading goes on meanwhile.
#[derive(Debug)]
struct WritingThread {
    batch: Batch,
    sender: SyncSender<Batch>,
    handle: JoinHandle<io::Result<(Flows, Survey, CertificateStore)>>,
}

impl WritingThread {
    fn start(mut spill: Spill) -> io::Result<Self> {
        let (sender, receiver) = sync_channel::<Batch>(16);
        let handle = std::thread::Builder::new().name("flows".into()).spawn(move || {
            let mut survey = Survey::default();
            let mut certificates = CertificateStore::default();
            for batch in receiver {
                for mut record in batch {
                    certificates.settle(&mut record);
                    survey.look(&record);
                    spill.take(record)?;
                }
            }
            Ok((spill.finish()?, survey, certificates))
        })?;
        Ok(Self { batch: Vec::with_capacity(BATCH), sender, handle })
    }

    fn finish(mut self) -> io::Result<(Flows, Survey, CertificateStore)> {
        let last = std::mem::take(&mut self.batch);
        // Where the thread is gone, joining it says why.
        let _ = self.sender.send(last);
        drop(self.sender);
        self.handle.join().map_err(|_| io::Error::other("the thread that writes flows failed"))?
    }
}

impl FlowSink for WritingThread {
    fn take(&mut self, record: Box<FlowRecord>) -> io::Result<()> {
        self.batch.push(record);
        if self.batch.len() < BATCH {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.sender
            .send(batch)
            .map_err(|_| io::Error::other("flows can no longer be written (is the disk full?)"))
    }
}
