//! A file of an operator's policies. Whatever it says, it lets nothing out that a mode holds back.
#![no_main]

use creance_model::Mode;
use creance_policy::{Policies, Request};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static SHIPPED: LazyLock<Policies> =
    LazyLock::new(|| Policies::shipped().expect("the shipped policies are sound"));

fuzz_target!(|text: &str| {
    let Ok(policies) = SHIPPED.clone().with_operator("input.cedar", text) else { return };
    let none = BTreeSet::new();
    for mode in [Mode::Offline, Mode::LocalData, Mode::Restricted] {
        let request = Request {
            station: "station".into(),
            mode,
            seal: None,
            service: None,
            exempt: &none,
            granted: &none,
        };
        assert!(!policies.decide(&request).allowed, "{mode} let out what nobody knows");
    }
});
