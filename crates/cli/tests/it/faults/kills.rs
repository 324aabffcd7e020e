//! Kill -9 of each process under load, at random moments: nothing more passes the far end that no
//! entry explains, and what is started next works.

use super::{FIN_OR_RST, Lab, lab};

/// A jail with an app that sends as much as it can: eight clients that come again and again, and
/// an upload.
const JAIL: &str = r#"
JAIL=(run --quiet --mode local-data --exempt "$SERVICE" --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" --)
loaded() {
    "$C" "${JAIL[@]}" bash -c '
        "$L" app upload --host "$NAME" --for 20 --ca "$CREANCE_LAB_CA" > /dev/null 2>&1 &
        "$L" load connections --to 0.0.0.0:443 --name "$NAME" --resolver 8.8.8.8 --answer 200 --clients 8 --seconds 20 > /dev/null 2>&1
        wait' 2> "jail.$1" &
    FRONT=$!
}
child() { cat /proc/$1/task/*/children | tr ' ' '\n' | grep . | head -n 1; }
# All entries of the log that was begun last.
latest() { "$C" ledger --ledger "$LEDGER" show "$("$C" ledger --ledger "$LEDGER" show | tail -n 1 | { read -r log rest; echo "$log"; })"; }
sometime() { sleep "0.$((RANDOM % 900 + 100))"; }
export NAME L
"#;

/// That nothing but ends of connections was sent in a time.
#[track_caller]
fn assert_silent(lab: &Lab, from: i64, to: i64) {
    for packet in lab.sent().iter().filter(|packet| packet.at > from && packet.at < to) {
        let end = packet.protocol == 6 && packet.flags & FIN_OR_RST != 0 && packet.payload == 0;
        assert!(end, "{packet:?} after the death at {from}: {lab}");
    }
}

#[test]
fn whichever_process_of_a_jail_is_killed_under_load_nothing_more_leaves() {
    let Some(lab) = lab(&format!(
        r#"{JAIL}
# A child that is missing is none to be killed, and the test fails by its word.
for victim in front outer first app; do
    loaded $victim
    for i in $(seq 200); do
        outer=$(child $FRONT); first=$(child "${{outer:-x}}" 2> /dev/null); app=$(child "${{first:-x}}" 2> /dev/null)
        [ -n "$app" ] && grep -q "flow [1-9][0-9]" <(latest) && break
        sleep 0.05
    done
    sometime
    case $victim in
        front) pid=$FRONT ;; outer) pid=$outer ;; first) pid=$first ;; app) pid=$app ;;
    esac
    kill -9 "$pid" && echo "$victim: killed"
    wait $FRONT 2> /dev/null
    echo "dead $victim: $(date +%s%N)"
    sleep 0.7
    echo "silent $victim: $(date +%s%N)"
    echo "left of $victim: $(pgrep -c -x -f '[^ ]*/creance-lab (app|load) .*')"
    if "$C" "${{JAIL[@]}}" "$L" app https --host $NAME --ca "$CREANCE_LAB_CA" > came 2>&1; then echo "after $victim: delivered"; else echo "after $victim: held"; fi
done
"#
    )) else {
        return;
    };
    let time = |word: &str| lab.said(word).parse::<i64>().unwrap();
    for victim in ["front", "outer", "first", "app"] {
        assert_eq!(lab.said(victim), "killed", "{lab}");
        assert_eq!(lab.said(&format!("after {victim}")), "delivered", "{lab}");
        assert_eq!(lab.said(&format!("left of {victim}")), "0", "{lab}");
        assert_silent(&lab, time(&format!("dead {victim}")), time(&format!("silent {victim}")));
    }
    let carried = lab.sent().iter().filter(|packet| packet.payload > 0).count();
    assert!(carried > 400, "{carried} packets carried something: {lab}");
    // The front alone counts; where it was killed its nine flows have no end.
    lab.assert_explained(40, 60);
}

#[test]
fn a_killed_tap_and_killed_changes_of_mode_leave_the_gateway_at_work() {
    let Some(lab) = lab(r#"
sometime() { sleep "0.$((RANDOM % 900 + 100))"; }
told() { if honest > came; then echo "$1: delivered"; else echo "$1: held"; fi; }
up 1
many 6 > load &
LOAD=$!
"$C" tap --interface uplink0 --self-observed --out near.pcapng 2> tap.err &
TAP=$!
until grep -q Recording tap.err; do sleep 0.02; done
honest > came
# What was received is in the file within a second.
sleep 1.2
sometime
kill -9 $TAP && echo "tap: killed"
wait $TAP 2> /dev/null
told "without tap"
"$C" audit --quiet --mode local-data --exempt "$SERVICE" --out torn near.pcapng > /dev/null 2>&1
echo "torn: $?"
"$C" tap --interface uplink0 --out another.pcapng --packets 9 > /dev/null 2>&1
echo "another: $?"
for after in 0 0.002 0.004 0.006 0.008 0.012 0.016 0.03; do
    "$C" mode restricted --grant "$SERVICE" --yes 2> /dev/null &
    sleep $after
    kill -9 $! 2> /dev/null
    wait $! 2> /dev/null
done
echo "one of two: $("$C" mode 2> /dev/null | grep -c ': local-data, exempt\|: restricted, granted')"
"$C" mode local-data --exempt "$SERVICE" --yes 2> last || echo "the change failed"
echo "after all: $("$C" mode 2> /dev/null | grep -c ': local-data, exempt')"
told "after all changes"
wait $LOAD
down
"#)
    else {
        return;
    };
    assert_eq!(lab.said("tap"), "killed", "{lab}");
    for when in ["without tap", "after all changes"] {
        assert_eq!(lab.said(when), "delivered", "{lab}");
    }
    // It can be read, and what it does not say upholds nothing.
    assert!(matches!(lab.said("torn"), "1" | "3"), "{lab}");
    assert_eq!(lab.said("another"), "0", "{lab}");
    assert_eq!((lab.said("one of two"), lab.said("after all")), ("1", "1"), "{lab}");
    assert!(!lab.out.contains("the change failed"), "{lab}");
    lab.assert_explained(20, 0);
}
