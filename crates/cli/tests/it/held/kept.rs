//! What holds after a crash, and before the first start.

use super::lab;
use crate::run::{Came, people};

/// Starts a gateway in a mode, waits until it says which holds, and ends it.
const PRELUDE: &str = r#"
STATE=$HOME/.local/state/creance
up() {
    : > up.err
    "$C" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 --station s-1=fd50::10 --ledger "$LEDGER" \
        --resolver "$CREANCE_LAB_RESOLVER" --mode "$@" 2> up.err &
    gateway=$!
    until grep -q 'for 1 station' up.err; do kill -0 $gateway || { cat up.err >&2; return 1; }; sleep 0.02; done
}
holds() { echo "$1: $("$C" gateway status | sed -n 's/^gateway: \(.*\) (table.*/\1/p')"; }
note() { grep -E '^(note|warning|hint)' up.err | tail -2; }
killed() { kill -9 $gateway; wait $gateway 2> /dev/null; }
ended() { kill -TERM $gateway; wait $gateway; }
"#;

fn script(text: &str) -> Option<Came> {
    let person = people().into_iter().next()?;
    let came = lab(&person, &["--lan"], &format!("{PRELUDE}\n{text}"));
    assert_eq!(came.status, 0, "{came}");
    Some(came)
}

#[track_caller]
fn assert_said(came: &Came, wanted: &[&str]) {
    assert_eq!(came.out.lines().collect::<Vec<_>>(), wanted, "{came}");
}

#[test]
fn a_mode_is_kept_over_a_kill_until_it_is_forgotten() {
    let Some(came) = script(
        r#"
        up standard && holds first
        "$C" mode local-data --yes 2> change.err
        killed; up standard && holds killed; note
        ended; up standard && holds ended
        # What is stricter holds, and is kept from then on.
        killed; up offline && holds stricter
        killed; up local-data && holds after
        "$C" mode standard --yes 2> change.err; killed; up standard && holds loosened
        "$C" mode restricted --grant dji.flysafe --yes 2> change.err
        killed; up restricted --grant dji.flysafe,google.maps && holds granted
        "$C" gateway down 2> down.err; wait $gateway; cat down.err; ls "$STATE" | grep -c gateway-mode
        up standard && holds forgotten
        killed; "$C" gateway down 2>&1; "$C" gateway down 2>&1; echo $?
        up standard && ended"#,
    ) else {
        return;
    };
    assert_said(
        &came,
        &[
            "first: standard",
            "killed: local-data",
            "note: local-data holds, as before this start: standard, which is asked for, is looser",
            "hint: `creance mode standard` loosens it; `creance gateway down` forgets the mode before",
            "ended: local-data",
            "stricter: offline",
            "after: offline",
            "loosened: standard",
            "granted: restricted, granted dji.flysafe",
            "creance: the gateway ends; what is closed stays closed, and the mode is forgotten",
            "0",
            "forgotten: standard",
            "creance: no gateway of this user runs; the mode that was kept is forgotten",
            "error: no gateway of this user runs",
            "2",
        ],
    );
}

#[test]
fn a_kept_mode_that_nobody_can_read_lets_nothing_out() {
    let Some(came) = script(
        r#"
        mkdir -p "$STATE"
        for torn in '' '{"version":1,"mode":"standard"' 'x'; do
            printf %s "$torn" > "$STATE/gateway-mode.json"
            up standard && holds "[$torn]"; ended
        done
        up standard; grep -c 'nobody knows which mode held' up.err; grep '^hint' up.err
        "$C" mode local-data --exempt dji.flysafe --yes 2> change.err
        killed; up standard && holds decided
        killed; echo '{"version":1,"mode":"local-data","exempt":["dji.flysafe","gone.maps"],"granted":[]}' \
            > "$STATE/gateway-mode.json"
        up standard && holds gone; grep -c 'gone.maps was let out before' up.err; ended"#,
    ) else {
        return;
    };
    assert_said(
        &came,
        &[
            "[]: offline",
            "[{\"version\":1,\"mode\":\"standard\"]: offline",
            "[x]: offline",
            "1",
            "hint: `creance mode standard` puts in force what is asked for; `creance gateway down` forgets the mode before",
            "decided: local-data, exempt dji.flysafe",
            "gone: local-data, exempt dji.flysafe",
            "1",
        ],
    );
}

#[test]
fn what_cannot_be_kept_is_not_loosened_and_tightened_all_the_same() {
    let Some(came) = script(
        r#"
        up restricted --grant dji.flysafe
        mkdir "$STATE/gateway-mode.json.new"
        "$C" mode standard --yes 2> change.err; echo $?; grep -c 'cannot be kept over a restart' change.err; holds loosening
        "$C" mode offline --yes 2> change.err; echo $?; grep -c 'not kept over a restart' change.err; holds tightening
        killed; up standard; echo $?; grep -c 'cannot be kept over a restart, so that nothing is let through' up.err"#,
    ) else {
        return;
    };
    assert_said(
        &came,
        &["1", "1", "loosening: restricted, granted dji.flysafe", "0", "1", "tightening: offline", "1", "1"],
    );
}

/// What a station and the machine itself reach, past any gateway: the host forwards.
const TRIES: &str = r#"
try() { echo "$1 $("${@:2}" > /dev/null 2>&1 && echo passed || echo dropped)"; }
tries() {
    try station "$L" in station -- curl -s -m 2 -k https://8.8.8.8/
    try station-by-name "$L" in station -- "$L" app dns-direct --host mydjiflight.dji.com --address 8.8.8.8
    try station-to-this "$L" in station -- curl -s -m 2 http://192.168.50.1:9/
    try itself curl -s -m 2 -k https://8.8.8.8/
}
echo 1 > /proc/sys/net/ipv4/ip_forward
python3 -m http.server 9 --bind 192.168.50.1 > /dev/null 2>&1 &
server=$!
until curl -s -m 1 http://192.168.50.1:9/ > /dev/null; do sleep 0.05; done
"#;

#[test]
fn before_the_first_start_nothing_passes_once_it_is_closed() {
    let Some(came) = script(&format!(
        r#"{TRIES}
        tries
        "$C" gateway close --lan lan0 --uplink uplink0 2>&1; echo $?
        tries
        "$C" gateway close --lan lan0 --uplink uplink0 2> again.err; echo "again $?"
        "$C" gateway close --lan lan0 --uplink lan0 2> wrong.err; echo "wrong $?"
        unshare -Ur "$C" gateway close --lan lan0 --uplink uplink0 2> refused.err; echo "without rights $?"
        kill $server"#
    )) else {
        return;
    };
    assert_said(
        &came,
        &[
            "station passed",
            "station-by-name passed",
            "station-to-this passed",
            "itself passed",
            "creance: everything is closed until a gateway runs",
            "0",
            "station dropped",
            "station-by-name dropped",
            "station-to-this dropped",
            "itself dropped",
            "again 0",
            "wrong 2",
            "without rights 2",
        ],
    );
}

#[test]
fn to_close_lets_a_gateway_be_that_runs() {
    let Some(came) = script(
        r#"
        get() { "$L" in station -- curl -s -m 20 --cacert "$CREANCE_LAB_CA" -o /dev/null -w '%{http_code}\n' "$@"; }
        up local-data --exempt dji.flysafe
        get --limit-rate 200k https://flysafe-api.dji.com/bytes/1500000 > long &
        long=$!
        "$C" gateway close --lan lan0 --uplink uplink0 2>&1; echo $?
        wait $long; cat long; get https://flysafe-api.dji.com/bytes/10
        killed
        "$C" gateway close --lan lan0 --uplink uplink0 2>&1; echo $?"#,
    ) else {
        return;
    };
    assert_said(
        &came,
        &[
            "creance: a gateway runs here: its holes were let be, and all else is closed",
            "0",
            "200",
            "200",
            "creance: everything is closed until a gateway runs",
            "0",
        ],
    );
}
