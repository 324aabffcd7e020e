//! What a decision costs.

use crate::world::{STATION, ids, services};
use creance_model::Mode;
use creance_policy::{Policies, Request};

/// Prints the figures; the bound is far above them and catches only a change of kind.
#[test]
#[expect(clippy::disallowed_methods, reason = "measures elapsed time")]
fn a_decision_takes_microseconds() {
    let policies = Policies::shipped().unwrap();
    let services = services();
    let granted = ids(&["maps.tiles", "own.vault", "maker.zones"]);
    let rounds = 2000;
    let request = Request {
        station: STATION.to_owned(),
        mode: Mode::Restricted,
        seal: None,
        service: services.first(),
        exempt: &granted,
        granted: &granted,
    };
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        assert!(!policies.decide(&request).allowed);
    }
    let decide = start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
    let start = std::time::Instant::now();
    let mut rows = 0_u32;
    for _ in 0..rounds / 10 {
        rows += u32::try_from(
            policies.matrix(STATION, Mode::Restricted, None, &services, &granted, &granted).len(),
        )
        .unwrap();
    }
    let row = start.elapsed().as_secs_f64() * 1e6 / f64::from(rows);
    println!("a decision: {decide:.1} µs; a row of a table: {row:.1} µs");
    assert!(decide < 5000.0 && row < 5000.0);
}
