//! Whether a gateway's ledger says of a flow that its hello hid another name.

use super::front::Setting;
use super::group::Case;
use super::judge::Verdict;
use super::right::Due;
use anyhow::Result;
use creance_ledger::{Directory, Entry, Event, Reader};
use std::collections::BTreeMap;
use std::path::Path;

/// By name, what the entries of its flows say.
pub(super) type Said = BTreeMap<String, Vec<bool>>;

/// Reads every log of a ledger.
pub(super) fn read(ledger: &Path) -> Result<Said> {
    let directory = Directory::at(ledger.to_owned());
    let mut said = Said::new();
    for log in directory.logs()? {
        let mut reader = Reader::open(&directory.log_folder(&log)?)?;
        while let Some((_, bytes)) = reader.read_next()? {
            if let Event::FlowStarted(flow) = Entry::from_bytes(&bytes)?.event
                && let Some(name) = flow.name
            {
                said.entry(name.to_string()).or_default().push(flow.blinded);
            }
        }
    }
    Ok(said)
}

/// What was right, unless its entry does not say whether it hid a name. In Standard nobody looks.
pub(super) fn judge(case: &Case, setting: Setting, said: &Said, found: Verdict) -> Verdict {
    let Verdict::Right(due) = found else { return found };
    let hides = case.row.hides() && setting != Setting::Standard;
    let entries = said.get(&case.host).map(Vec::as_slice).unwrap_or_default();
    if due == Due::Delivered && entries.is_empty() {
        return Verdict::Wrong("the ledger has no flow to its name".to_owned());
    }
    match (entries.iter().find(|blinded| **blinded != hides), hides) {
        (None, _) => found,
        (Some(_), true) => Verdict::Wrong("the ledger does not say that it hid a name".to_owned()),
        (Some(_), false) => Verdict::Wrong("the ledger says that it hid a name".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::front::Front;
    use super::super::group::Id;
    use super::super::rows;
    use super::*;

    #[test]
    fn an_entry_says_what_hid_a_name_and_nothing_else() {
        let is_right = |id: &str, setting, entries: &[bool]| {
            let row = rows::all().into_iter().find(|row| row.id == id).unwrap();
            let case = Case::new(&row, Id::Gateway(Front::Transparent, setting));
            let said = Said::from([(case.host.clone(), entries.to_vec())]);
            let right = Verdict::Right(Due::Delivered);
            judge(&case, setting, &said, right.clone()) == right
        };
        for id in ["ech", "grease", "quic-ech"] {
            assert!(is_right(id, Setting::Exempt, &[true, true]), "{id}");
            assert!(!is_right(id, Setting::Restricted, &[true, false]), "{id}");
            assert!(!is_right(id, Setting::Exempt, &[]), "{id}");
            assert!(is_right(id, Setting::Standard, &[false]), "{id}: nobody looked");
            assert!(!is_right(id, Setting::Standard, &[true]), "{id}");
        }
        assert!(is_right("allowed", Setting::Exempt, &[false]));
        assert!(!is_right("allowed", Setting::Exempt, &[true]));
    }
}
