//! What somebody else may have written into a ledger: entries, bundles, notes and keys.
#![no_main]

use creance_ledger::{Checkpoint, Entry, SigningKey, VerifierKey, unpack};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::from_bytes(bytes) {
        assert_eq!(Entry::from_bytes(&entry.to_bytes()).as_ref(), Ok(&entry));
    }
    for entry in unpack(bytes).unwrap_or_default() {
        let _ = Entry::from_bytes(entry);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    let key = SigningKey::from_seed("log.example", [1; 32]).expect("a good name");
    let _ = text.parse::<SigningKey>();
    let _ = Checkpoint::read(text);
    // Nobody can sign without the key.
    assert!(key.verifier().open(text).is_err());
});
