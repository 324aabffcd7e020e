//! What an app sends to the gateway: nothing leaves that does not name the host it was asked for.
#![no_main]

use creance_catalogue::{Binding, Catalogue};
use creance_gateway::core::{Door, Families, Held, Questions, Step, Table};
use creance_ledger::Pseudonym;
use creance_model::{HostName, Mode, Timestamp};
use creance_policy::{Decision, Row};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

const NAME: &str = "services.arcgisonline.com";

static STATION: LazyLock<Pseudonym> = LazyLock::new(|| "s-1".parse().expect("a pseudonym"));

/// One service is let out, and nothing else.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let catalogue = Catalogue::shipped().expect("the shipped catalogue is sound");
    let decide = |allowed| Decision { allowed, determining: Vec::new(), errors: Vec::new() };
    let name: HostName = NAME.parse().expect("a name");
    let found = catalogue.lookup(&name);
    let service = found.matches().first().expect("a service of maps").service.id.clone();
    let rows = vec![
        Row { service: Some(service), decision: decide(true) },
        Row { service: None, decision: decide(false) },
    ];
    let held = vec![Held { station: STATION.clone(), mode: Mode::LocalData, rows }];
    Table::new(1, Arc::new(catalogue), held, BTreeSet::new())
});

fuzz_target!(|bytes: &[u8]| {
    let name: HostName = NAME.parse().expect("a name");
    for port in [443, 80] {
        let mut door = Door::new(&TABLE, &STATION, &name, port).expect("it listens there");
        let step = match door.feed(bytes) {
            Step::Wait => door.end(),
            step => step,
        };
        let Step::Admit(admission) = step else { continue };
        assert_eq!(admission.binding, Some(if port == 443 { Binding::Tls } else { Binding::Http }));
        if admission.binding == Some(Binding::Http) {
            let text = bytes.to_ascii_lowercase();
            assert!(text.windows(NAME.len()).any(|window| window == NAME.as_bytes()));
        }
    }
    let mut questions = Questions::new([0; 5]);
    let families = Families { v4: true, v6: true };
    let reply = questions.answer(&TABLE, &STATION, families, bytes, Timestamp(0));
    if let (Some(answer), None) = (&reply.bytes, &reply.refused) {
        assert!(answer.starts_with(&bytes[..2]) && answer[3] & 0xf == 0);
    }
});
