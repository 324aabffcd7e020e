//! A clock that is set while a gateway works. The machine's own stays as it is: a library before
//! the gateway tells it another time, from a file, and leaves alone the clock that only runs.

use super::{Lab, lab};
use serde_json::Value;
use std::process::Command;

/// Where systems keep the library, as a shell finds it.
const LIBRARY: &str =
    "ls /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/lib*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1";

/// The audit of the lab's capture beside its ledger.
fn audited(lab: &Lab) -> Value {
    let out = lab.path("report");
    let came = Command::new(crate::run::creance())
        .args(["audit", "--quiet", "--mode", "local-data", "--exempt", "dji.flysafe,google.maps", "--ledger"])
        .arg(lab.path("ledger"))
        .arg("--out")
        .arg(&out)
        .arg(lab.path("far.pcap"))
        .output()
        .unwrap();
    assert!(matches!(came.status.code(), Some(0 | 1 | 3)), "{came:?}");
    let text = std::fs::read_to_string(out.join("report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_clock_that_is_set_while_a_gateway_works_stops_and_opens_nothing() {
    let found = Command::new("sh").args(["-c", LIBRARY]).output().unwrap().stdout;
    let library = String::from_utf8(found).unwrap();
    if library.trim().is_empty() {
        println!("skipped: libfaketime, which turns the gateway's clock, is not installed");
        return;
    }
    let Some(lab) = lab(&format!(
        r#"
turned() {{
    LD_PRELOAD={} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_TIMESTAMP_FILE="$PWD/clock" "$@"
}}
told() {{ if honest "$1" > came; then echo "$2: delivered"; else echo "$2: held"; fi; }}
holes() {{ nft list set inet creance alive | grep -c elements; }}
echo +0 > clock
turned up 1
told $NAME before
station "$L" app upload --host $NAME --for 9 --ca "$CREANCE_LAB_CA" > upload &
UPLOAD=$!
sleep 0.5
for by in -3h +5h +0; do
    echo $by > clock.new && mv clock.new clock
    told $NAME "now $by"
    told mydjiflight.dji.com "denied $by"
    # The holes are renewed in time, and a name that was resolved before is asked for again or not.
    sleep 1.7
    echo "holes $by: $(holes)"
    "$C" mode local-data --exempt "$SERVICE" --yes 2> "mode$by" || echo "no change at $by"
done
wait $UPLOAD
echo "upload: $?"
down
echo "alarms: $(grep -c ALARM up.1)"
log=$("$C" ledger show --ledger "$LEDGER" | tail -n 1 | {{ read -r log rest; echo "$log"; }})
"$C" ledger verify --ledger "$LEDGER" "$log" | head -n 1 | sed 's/.*: /verify: /'
"$C" ledger show "$log" --ledger "$LEDGER" > entries
# A gateway that is started while its clock is far back follows the log of one from the future.
echo -3h > clock
turned up 2
told $NAME "started in the past"
down
"#,
        library.trim()
    )) else {
        return;
    };
    for when in ["before", "now -3h", "now +5h", "now +0", "started in the past"] {
        assert_eq!(lab.said(when), "delivered", "{when}: {lab}");
    }
    for by in ["-3h", "+5h", "+0"] {
        assert_eq!(lab.said(&format!("denied {by}")), "held", "{lab}");
        assert_eq!(lab.said(&format!("holes {by}")), "1", "{lab}");
    }
    assert_eq!((lab.said("upload"), lab.said("alarms"), lab.said("verify")), ("0", "0", "sound"), "{lab}");
    assert!(!lab.out.contains("no change"), "{lab}");

    // Entries stand in the order in which they were written, whatever the clock said.
    let entries = std::fs::read_to_string(lab.path("entries")).unwrap();
    let numbered = entries.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse::<u64>().ok()?, words.next()?.to_owned()))
    });
    let (numbers, times): (Vec<u64>, Vec<String>) = numbered.unzip();
    assert!(numbers.len() > 20 && numbers.iter().copied().eq(0..numbers.len() as u64), "{entries}");
    assert!(!times.is_sorted(), "the clock was not turned: {entries}");

    // The audit takes no time on trust: it says what is wrong with the log, and upholds nothing by it.
    let report = audited(&lab);
    let reconciliation = &report["reconciliation"];
    let problems: Vec<&str> = reconciliation["logs"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|log| log["problems"].as_array().unwrap())
        .map(|problem| problem.as_str().unwrap())
        .collect();
    assert!(
        problems.iter().any(|text| text.contains("the clock of the gateway steps back by 10799.")),
        "{problems:?}"
    );
    assert!(
        problems.iter().any(|text| text.contains("the clock of the gateway steps back by 17999.")),
        "{problems:?}"
    );
    // What the capture shows of the time in which the clock was right agrees to the byte.
    assert_eq!(reconciliation["disagreeing"], Value::Array(vec![]), "{reconciliation:#}");
    assert_eq!(reconciliation["agreeing_flows"], reconciliation["ledger_flows"], "{reconciliation:#}");
    let upheld = |number: u64| {
        let claims = report["claims"].as_array().unwrap();
        let claim = claims.iter().find(|claim| claim["number"] == number).unwrap();
        claim.to_string().contains("\"upheld\"")
    };
    assert!(!upheld(1) && !upheld(13), "{reconciliation:#}");
}
