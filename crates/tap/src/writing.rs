//! Writes blocks to the file on a thread of its own, so that a slow disk does not keep frames from
//! being received as long as the queue has room.

use crate::error::TapError;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Bytes gathered before they are handed over.
pub(crate) const PIECE_BYTES: usize = 1 << 20;
/// Pieces that may wait for the disk.
const PIECES_MAX: usize = 64;

/// The file with the thread that writes it.
pub(crate) struct Writing {
    sender: SyncSender<Vec<u8>>,
    /// Pieces that were written, to be filled again.
    empty: Receiver<Vec<u8>>,
    thread: JoinHandle<io::Result<File>>,
}

impl Writing {
    /// Makes the file, which must not be there.
    pub(crate) fn start(path: &Path) -> Result<Self, TapError> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let mut file = file.map_err(|source| {
            if source.kind() == io::ErrorKind::AlreadyExists {
                TapError::Exists(path.to_owned())
            } else {
                TapError::File { path: path.to_owned(), source }
            }
        })?;
        let (sender, pieces) = sync_channel::<Vec<u8>>(PIECES_MAX);
        let (give_back, empty) = sync_channel(PIECES_MAX + 2);
        let write = move || {
            for mut piece in pieces {
                file.write_all(&piece)?;
                piece.clear();
                // Where there is no room for it, it is not needed.
                let _ = give_back.try_send(piece);
            }
            Ok(file)
        };
        let thread =
            std::thread::Builder::new().name("writing".into()).spawn(write).map_err(TapError::Thread)?;
        Ok(Self { sender, empty, thread })
    }

    /// Hands a piece over, and gives an empty one; waits where the disk is behind. An error is that
    /// of the file, which `finish` tells.
    pub(crate) fn hand_over(&self, piece: Vec<u8>) -> Result<Vec<u8>, ()> {
        self.sender.send(piece).map_err(drop)?;
        Ok(self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(PIECE_BYTES * 2)))
    }

    /// Waits until all is on the disk.
    pub(crate) fn finish(self, path: &Path) -> Result<(), TapError> {
        drop(self.sender);
        let written =
            self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread failed")));
        let settled = written.and_then(|file| match file.sync_all() {
            // A pipe cannot be settled, and need not be.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            settled => settled,
        });
        settled.map_err(|source| TapError::File { path: path.to_owned(), source })
    }
}
