//! What holds apps and stations, in the lab's internet: judged by the tap at its far end, beside
//! the ledger.

mod change;
mod clients;
mod firewall;
mod kept;
mod relay;
mod seal;
mod watch;

use crate::run::{Came, Comes, Person};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The lab's program, which stands beside the one that is tested.
fn lab_program() -> PathBuf {
    let path = Path::new(crate::run::creance()).with_file_name("creance-lab");
    assert!(path.is_file(), "`{}` is missing: cargo build -p creance-lab", path.display());
    path
}

/// Runs a script in the lab's internet. It finds the programs as `$C` and `$L`, a folder for the
/// ledger as `$LEDGER`, and a shell for the station of `--lan` in `$S`.
fn lab(person: &Person, options: &[&str], script: &str) -> Came {
    person
        .command(lab_program())
        .arg("internet")
        .args(["--capture", &person.path("far.pcap").display().to_string()])
        .args(options)
        .args(["--", "bash", "-c", script])
        .env("C", crate::run::creance())
        .env("L", lab_program())
        .env("LEDGER", person.path("ledger"))
        .came()
}

/// The reconciliation of what the far end saw with the ledger, by the audit.
fn reconciled(person: &Person) -> Value {
    let out = person.path("report");
    let came = person
        .creance()
        .args(["audit", "--quiet", "--ledger"])
        .arg(person.path("ledger"))
        .arg("--out")
        .arg(&out)
        .arg(person.path("far.pcap"))
        .came();
    assert!(came.status == 0 || came.status == 3, "{came}");
    let text = std::fs::read_to_string(out.join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    report["reconciliation"].clone()
}

/// That wire and ledger tell the same, of as many flows as are expected at least.
#[track_caller]
fn assert_agrees(reconciliation: &Value, flows_min: u64) {
    assert_eq!(reconciliation["unexplained"], Value::Array(vec![]), "{reconciliation:#}");
    assert_eq!(reconciliation["disagreeing"], Value::Array(vec![]), "{reconciliation:#}");
    assert_eq!(reconciliation["findings"], Value::Array(vec![]), "{reconciliation:#}");
    let number = |key: &str| reconciliation[key].as_u64().unwrap();
    assert!(number("agreeing_flows") >= flows_min, "{reconciliation:#}");
    assert_eq!(number("agreeing_flows"), number("ledger_flows"), "{reconciliation:#}");
    assert_eq!(number("wire_up_payload_bytes"), number("ledger_up_payload_bytes"), "{reconciliation:#}");
}
