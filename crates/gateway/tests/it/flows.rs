//! What a change of mode stops.

use crate::bench::{host, station, table};
use creance_catalogue::Binding;
use creance_gateway::core::{Flow, Flows, Reason};
use creance_model::{Mode, Transport};

fn flow(name: &str, port: u16, service: Option<&str>, binding: Option<Binding>) -> Flow {
    Flow {
        station: station(),
        name: Some(host(name)),
        transport: Transport::Tcp,
        port,
        service: service.map(|id| id.parse().unwrap()),
        binding,
        blinded: false,
    }
}

#[test]
fn a_stricter_table_stops_what_it_would_not_have_let_out_and_nothing_else() {
    let mut flows = Flows::starting_at(40);
    let strict = table(Mode::LocalData, &[]);
    let refused =
        flows.open(&strict, flow("tiles.allowed.test", 443, Some("maker.maps"), Some(Binding::Tls)));
    assert_eq!(refused, Err(Reason::Denied), "the table has changed since the flow was let out");
    let opened: Vec<u64> = [
        flow("tiles.allowed.test", 443, Some("maker.maps"), Some(Binding::Tls)),
        flow("rtk.plain.test", 2101, Some("maker.rtk"), Some(Binding::NameOnly)),
        flow("nobody.knows.test", 22, None, None),
        // Let out in Standard, where nothing had to carry the name.
        flow("maps.shared.test", 443, Some("maker.logs"), None),
        flow("tiles.allowed.test", 443, Some("maker.maps"), None),
    ]
    .into_iter()
    .map(|flow| flows.open(&table(Mode::Standard, &[]), flow).unwrap())
    .collect();
    assert_eq!(opened, [40, 41, 42, 43, 44]);
    let stopped = |flows: &Flows, mode, services: &[&str]| -> Vec<u64> {
        flows.stopped_by(&table(mode, services)).into_iter().map(|(number, _)| number).collect()
    };
    assert_eq!(stopped(&flows, Mode::Standard, &[]), [0; 0]);
    assert_eq!(stopped(&flows, Mode::LocalData, &["maker.maps", "maker.rtk"]), [42, 43, 44]);
    assert_eq!(stopped(&flows, Mode::LocalData, &["maker.maps"]), [41, 42, 43, 44]);
    assert_eq!(stopped(&flows, Mode::Restricted, &["maker.rtk"]), [40, 42, 43, 44]);
    assert_eq!(stopped(&flows, Mode::Offline, &["maker.maps", "maker.rtk"]), opened);
    assert!(flows.close(42).is_some() && flows.close(42).is_none());
    assert_eq!(stopped(&flows, Mode::Offline, &[]), [40, 41, 43, 44]);
}
