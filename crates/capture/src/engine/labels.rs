//! The apps that captures name, over all inputs.

use crate::file::PacketLabel;
use std::collections::HashMap;

/// Different labels that are kept.
const LABELS_MAX: usize = 4096;

/// Labels, each once.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// In the order seen.
    pub(super) list: Vec<PacketLabel>,
    index: HashMap<PacketLabel, u32>,
    /// Where the labels of this input's file stand in the list.
    of_file: Vec<Option<u32>>,
}

impl Labels {
    /// Another input has labels of its own.
    pub(super) fn next_input(&mut self) {
        self.of_file.clear();
    }

    /// The place of a file's label, by its place in that file.
    pub(super) fn of_file(&mut self, place: u32, file_labels: &[PacketLabel]) -> Option<u32> {
        let place = place as usize;
        if let Some(known) = self.of_file.get(place) {
            return *known;
        }
        while self.of_file.len() <= place {
            // One that is not handed over yet may be so with the next packet.
            let label = file_labels.get(self.of_file.len())?.clone();
            let index = self.keep(label);
            self.of_file.push(index);
        }
        self.of_file.get(place).copied().flatten()
    }

    /// The place of a label, or `None` where there is no more room.
    pub(super) fn keep(&mut self, label: PacketLabel) -> Option<u32> {
        if let Some(&index) = self.index.get(&label) {
            return Some(index);
        }
        if self.list.len() >= LABELS_MAX {
            return None;
        }
        let index = u32::try_from(self.list.len()).ok()?;
        self.list.push(label.clone());
        self.index.insert(label, index);
        Some(index)
    }
}
