//! Inputs for the report.

use crate::knowledge::hex;
use crate::reading::InputRead;
use crate::report::data;
use creance_capture::Ending;

pub(crate) fn input(read: &InputRead) -> data::Input {
    let facts = &read.facts;
    data::Input {
        name: read.name.clone(),
        sha256: read.digest.map(|digest| hex(&digest.sha256)),
        bytes: read.digest.map(|digest| digest.bytes),
        compression: read.compression.as_str().to_owned(),
        format: facts.format.as_str().to_owned(),
        interfaces: facts
            .interfaces
            .iter()
            .map(|interface| data::Interface {
                name: interface.name.clone(),
                link_type: interface.link_type,
                snap_len_bytes: (interface.snap_len > 0).then_some(interface.snap_len),
                packets: interface.packets,
                dropped: interface.drops(),
                filter: interface.filter.clone(),
            })
            .collect(),
        comments: facts.comments.clone(),
        ending: ending(&facts.ending),
        resolved_names: facts.resolved_names,
        secrets: facts.secrets,
    }
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Complete => "complete".to_owned(),
        Ending::CutShort { offset } => format!("cut short at byte {offset}"),
        Ending::Damaged { offset, what } => format!("damaged at byte {offset}: {what}"),
        Ending::Unreadable { offset, what } => format!("not readable from byte {offset} on: {what}"),
    }
}
