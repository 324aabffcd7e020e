//! A certificate, and a chain of it alone.
#![no_main]

use creance_model::{HostName, Timestamp};
use creance_wire::certificate::{Certificate, Roots, validate};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ROOTS: LazyLock<Roots> = LazyLock::new(Roots::shipped);

fuzz_target!(|bytes: &[u8]| {
    let name = HostName::from_bytes(b"www.example.com").ok();
    if let (Some(certificate), Some(name)) = (Certificate::parse(bytes), &name) {
        let _ = certificate.covers(name);
    }
    let at = Timestamp(1_700_000_000_000_000_000);
    let _ = validate(&[bytes.to_vec()], name.as_ref(), at, &ROOTS);
});
