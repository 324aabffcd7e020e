//! A change of mode while apps run.

use super::{assert_agrees, lab, reconciled};
use crate::run::{Comes, people};

#[test]
fn what_a_change_stops_is_cut_within_100_ms_and_sends_nothing_after() {
    for person in people() {
        let script = r#""$C" run --mode restricted --grant dji.flysafe,dji.firmware-files \
                --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" -- bash -c '
                "$L" app upload --host flysafe-api.dji.com --for 20 >upload.out 2>&1 &
                "$L" app upload --host mydjiflight.dji.com --for 20 >denied.out 2>&1
                wait' &
            run=$!
            for i in $(seq 100); do
                "$C" mode >status.out 2>/dev/null
                [ "$(grep -c 'dji.com:443' status.out)" = 2 ] && break
                sleep 0.05
            done
            sleep 0.5
            "$C" mode local-data --exempt dji.flysafe --dry-run 2>dry.out || exit 8
            "$C" mode </dev/null 2>&1 | head -1
            "$C" mode local-data --exempt dji.flysafe </dev/null 2>nobody.out; echo "nobody to ask: $?"
            "$C" mode local-data --exempt dji.flysafe --yes 2>change.out || exit 7
            sleep 0.5
            "$C" mode 2>&1 | grep -c mydjiflight
            "$C" mode offline --yes 2>offline.out || exit 6
            wait $run"#;
        let came = lab(&person, &[], script);
        let file = |name: &str| std::fs::read_to_string(person.path(name)).unwrap_or_default();
        let lines: Vec<&str> = came.out.lines().collect();
        assert!(
            lines[0].starts_with("run-")
                && lines[0].contains(": restricted, granted dji.firmware-files, dji.flysafe (table 1"),
            "{came}"
        );
        assert_eq!(lines[1..], ["nobody to ask: 2", "0"], "{came}");
        let dry = file("dry.out");
        assert!(
            dry.starts_with(
                "restricted, granted dji.firmware-files, dji.flysafe -> local-data, exempt dji.flysafe\n  \
             stops for this: 1 service: dji.firmware-files\n"
            ),
            "{dry}"
        );
        assert!(dry.contains("cuts 1 flow:") && dry.contains("mydjiflight.dji.com:443"), "{dry}");
        for (name, mode, count) in [("change.out", "local-data", 1), ("offline.out", "offline", 1)] {
            let said = file(name);
            let line = said.lines().find(|line| line.contains(" holds ")).unwrap();
            assert!(line.starts_with(&format!("{mode} holds (table ")), "{said}");
            let (_, cut) = line.split_once("; ").unwrap();
            let words: Vec<&str> = cut.split_whitespace().collect();
            assert_eq!(words[0].parse::<u32>().unwrap(), count, "{said}");
            assert!(words[4].parse::<f64>().unwrap() < 100.0, "{said}");
        }
        let reconciliation = reconciled(&person);
        assert_agrees(&reconciliation, 3);
        let modes = reconciliation["modes"].as_array().unwrap();
        assert_eq!(modes.len(), 3, "{reconciliation:#}");
        for mode in &modes[1..] {
            assert_eq!(mode["flows_cut"], 1, "{reconciliation:#}");
            assert_eq!(mode["cut_flows_in_capture"], 1, "{reconciliation:#}");
            assert_eq!(mode["sent_after_cut"], 0, "{reconciliation:#}");
        }
        assert!(reconciliation["wire_up_payload_bytes"].as_u64().unwrap() > 1_000_000, "{reconciliation:#}");
    }
}

#[test]
fn what_standard_let_out_unseen_does_not_go_on_as_an_exempt_service() {
    for person in people().into_iter().take(1) {
        let script = r#""$C" run --mode standard --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" -- \
                "$L" app upload --host flysafe-api.dji.com --for 20 >upload.out 2>&1 &
            run=$!
            for i in $(seq 100); do "$C" mode 2>/dev/null | grep -q 'dji.com:443' && break; sleep 0.05; done
            "$C" mode local-data --exempt dji.flysafe --yes 2>change.out
            wait $run"#;
        lab(&person, &[], script);
        let said = std::fs::read_to_string(person.path("change.out")).unwrap();
        assert!(said.contains("local-data holds (table 2); 1 flow cut"), "{said}");
        assert_agrees(&reconciled(&person), 2);
    }
}

#[test]
fn a_name_that_may_not_leave_any_more_is_not_asked_for_elsewhere() {
    for person in people().into_iter().take(1) {
        // The first resolver answers too late; nobody may turn to the second after the change.
        let script = r#""$C" run --mode restricted --grant dji.flysafe --ledger "$LEDGER" \
                --resolver "$CREANCE_LAB_RESOLVER" --resolver 11.0.0.53 -- \
                curl -s -m 6 -k https://flysafe-api.dji.com/ >/dev/null &
            run=$!
            for i in $(seq 100); do
                log=$("$C" ledger show --ledger "$LEDGER" 2>/dev/null | tail -n 1 | { read -r log rest; echo "$log"; })
                "$C" ledger show "$log" --ledger "$LEDGER" 2>/dev/null | grep -q "flow 1 started" && break
                sleep 0.05
            done
            "$C" mode offline --yes 2>change.out
            wait $run"#;
        let came = lab(&person, &["--delay", "3000"], script);
        let said = std::fs::read_to_string(person.path("change.out")).unwrap_or_default();
        assert!(said.contains("offline holds (table 2); 1 flow cut"), "{said}\n{came}");
        let reconciliation = reconciled(&person);
        assert_eq!(reconciliation["unexplained"], serde_json::Value::Array(vec![]), "{reconciliation:#}");
        assert_eq!(reconciliation["ledger_flows"], 1, "{reconciliation:#}");
    }
}

#[test]
fn the_socket_is_its_users_alone() {
    for person in people().into_iter().filter(|person| person.uid.is_some()) {
        let script = r#"export XDG_RUNTIME_DIR=$PWD/runtime
            mkdir runtime
            "$C" run --quiet --mode offline -- bash -c 'ls -A runtime/creance; touch ready; sleep 1' &
            for i in $(seq 200); do [ -e ready ] && break; sleep 0.02; done
            stat -c '%a %F' runtime/creance runtime/creance/*
            wait"#;
        let came = person.command("bash").args(["-c", script]).env("C", crate::run::creance()).came();
        assert_eq!(came.out, "700 directory\n660 socket\n", "the app sees no socket: {came}");
    }
}
