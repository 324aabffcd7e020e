//! A file of the catalogue, alone and laid over the shipped ones.
#![no_main]

use creance_catalogue::Catalogue;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SHIPPED: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::shipped().expect("the shipped catalogue is sound"));

fuzz_target!(|text: &str| {
    let _ = Catalogue::parse(&[("input.toml", text)]);
    let _ = SHIPPED.clone().overlay(&[("input.toml", text)]);
});
