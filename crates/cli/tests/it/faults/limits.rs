//! What one station may take of a gateway's room, and how much is told of what is refused.

use super::{Lab, lab};

/// Another gateway than most tests have: two stations, one for each of the addresses.
const TWO: &str = r#"
up() {
    "$C" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 "${@:2}" \
        --resolver "$CREANCE_LAB_RESOLVER" --ledger "$LEDGER" 2> "up.$1" &
    GATEWAY=$!
    until grep -q "for . station" "up.$1"; do kill -0 $GATEWAY || { cat "up.$1"; exit 90; }; sleep 0.02; done
}
entries() {
    log=$("$C" ledger show --ledger "$LEDGER" | tail -n 1 | { read -r log rest; echo "$log"; })
    "$C" ledger show "$log" --ledger "$LEDGER" > entries
}
told() { if "${@:2}" > came 2>&1; then echo "$1: delivered"; else echo "$1: held"; fi; }
"#;

/// A name-only service below a wildcard, beside one that has its names told.
const WILD: &str = r#"format = 1

[party]
id = "site"
name = "Site"
kind = "operator"

[[service]]
id = "site.wild"
name = "Wild"
purpose = "Has names below one."
takes = ["unknown"]
host = [{ name = "*.wild.example", grade = "A", source = "made up" }]
"#;

/// Asks an HTTP proxy to connect to so many names below one, and a SOCKS proxy and the resolver
/// for one more: how many of them were agreed to.
const NAMES: &str = r#"
import collections, socket, sys
def connect(name):
    s = socket.create_connection(("192.168.50.1", 3128), 5)
    s.sendall(f"CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\n\r\n".encode())
    return s.recv(99).split()[1].decode()
def socks(name):
    s = socket.create_connection(("192.168.50.1", 1080), 5)
    s.sendall(b"\5\1\0"); s.recv(2)
    s.sendall(b"\5\1\0\3" + bytes([len(name)]) + name.encode() + b"\1\xbb")
    return str(s.recv(4)[1])
def resolve(name):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"
    s.sendto(b"\1\2\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\1\0\1", ("192.168.50.1", 53))
    return str(s.recv(999)[3] & 15)
many = collections.Counter(connect(f"n{i}.wild.example") for i in range(70))
print("connect:", " ".join(f"{status}={count}" for status, count in sorted(many.items())))
print("known and new by connect:", connect("n5.wild.example"), connect("x.wild.example"))
print("known and new by socks:", socks("n5.wild.example"), socks("x.wild.example"))
print("known and new by question:", resolve("n5.wild.example"), resolve("x.wild.example"))
"#;

/// Asks for so many different names, one after the other, from an address of its own: ADDRESS COUNT.
const ASKS: &str = r#"
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
s.settimeout(0.5)
answered = 0
for i in range(int(sys.argv[2])):
    label = f"made-up-{i}".encode()
    s.sendto(b"\1\2\1\0\0\1\0\0\0\0\0\0" + bytes([len(label)]) + label + b"\4test\0\0\1\0\1", ("192.168.50.1", 53))
    try: answered += s.recv(999)[3] & 15 == 3
    except TimeoutError: pass
print(answered)
"#;

/// What the ledger says was refused: how often, and the line.
fn refusals(lab: &Lab) -> Vec<(u64, String)> {
    let entries = std::fs::read_to_string(lab.path("entries")).unwrap();
    let lines = entries.lines().filter(|line| line.contains("  refused: "));
    let refusals = lines.map(|line| {
        let times = line.split(", ").find_map(|part| part.split_once(" times")).map(|(count, _)| count);
        (times.map_or(1, |count| count.parse().unwrap()), line.to_owned())
    });
    refusals.collect()
}

#[test]
fn one_stations_connections_leave_places_for_another() {
    let Some(lab) = lab(&format!(
        r#"{TWO}
up 1 --station s-2=fd50::10 --mode local-data --exempt "$SERVICE"
(ulimit -n "$(ulimit -Hn)"; station python3 silent.py $NAME 3400 > held 2>&1 & echo $! > holder)
until grep -q held held; do sleep 0.05; cat held; done
for i in $(seq 100); do entries; grep -q many-flows entries && break; sleep 0.05; done
began=$(date +%s%N)
told other station "$L" app ipv6 --host $NAME --resolver fd50::1 --ca "$CREANCE_LAB_CA"
echo "took: $(( ($(date +%s%N) - began) / 1000000 ))"
kill "$(cat holder)"
# Its places are free once the gateway has seen that they are not used any more.
for i in $(seq 60); do honest > came && break; sleep 0.2; done
told same honest
down
entries
"#
    )) else {
        return;
    };
    assert_eq!((lab.said("other"), lab.said("same")), ("delivered", "delivered"), "{lab}");
    assert!(lab.said("took").parse::<u64>().unwrap() < 5000, "{lab}");
    let many: u64 = refusals(&lab)
        .iter()
        .filter(|(_, line)| line.contains("many-flows"))
        .map(|(count, line)| {
            assert!(line.contains("s-1") && !line.contains("s-2"), "{line}");
            *count
        })
        .sum();
    // Each of those beyond the limit, and those that were tried again.
    assert!(many >= 400, "{many} refused: {lab}");
    lab.assert_explained(2, 0);
}

#[test]
fn names_below_one_wildcard_end_at_64_by_whichever_front_end_they_come() {
    let Some(lab) = lab(&format!(
        r#"{TWO}
mkdir wild && cat > wild/site.toml <<'END'
{WILD}END
cat > names.py <<'END'
{NAMES}END
up 1 --station s-2=fd50::10 --catalogue wild --mode local-data --exempt site.wild
station python3 names.py
through() {{ station "$L" app https --host $1 --via connect://192.168.50.1:3128 --ca "$CREANCE_LAB_CA"; }}
told "one of them" through n63.wild.example
told "one more" through n64.wild.example
told "another station" station "$L" app ipv6 --host y.wild.example --resolver fd50::1 --ca "$CREANCE_LAB_CA"
down
entries
"#
    )) else {
        return;
    };
    assert_eq!(lab.said("connect"), "200=64 403=6", "{lab}");
    assert_eq!(lab.said("known and new by connect"), "200 403", "{lab}");
    assert_eq!(lab.said("known and new by socks"), "0 2", "{lab}");
    assert_eq!(lab.said("known and new by question"), "0 3", "{lab}");
    assert_eq!((lab.said("one of them"), lab.said("one more")), ("delivered", "held"), "{lab}");
    assert_eq!(lab.said("another station"), "delivered", "{lab}");
    assert!(refusals(&lab).iter().any(|(_, line)| line.contains("many-labels")), "{lab}");
    let capture = std::fs::read(lab.path("far.pcap")).unwrap();
    for (name, is_there) in [(&b"n63"[..], true), (b"n64", false), (b"n69", false)] {
        let found = capture
            .windows(name.len() + 5)
            .any(|part| part.starts_with(name) && (part[3..] == *b".wild" || part[3..] == *b"\x04wild"));
        assert_eq!(found, is_there, "{}", String::from_utf8_lossy(name));
    }
    lab.assert_explained(2, 0);
}

#[test]
fn refusals_are_told_apart_within_a_budget_and_all_are_counted() {
    let Some(lab) = lab(&format!(
        r#"{TWO}
cat > asks.py <<'END'
{ASKS}END
up 1 --station s-1=fd50::10 --mode local-data --exempt "$SERVICE"
began=$(date +%s)
echo "answered: $(station python3 asks.py 192.168.50.10 3000)"
told beside honest
down
echo "seconds: $(( $(date +%s) - began + 1 ))"
entries
"#
    )) else {
        return;
    };
    assert_eq!((lab.said("answered"), lab.said("beside")), ("3000", "delivered"), "{lab}");
    let seconds: usize = lab.said("seconds").parse().unwrap();
    let (apart, together): (Vec<_>, Vec<_>) =
        refusals(&lab).into_iter().partition(|(_, line)| line.contains("made-up"));
    assert!((200..=600 + seconds).contains(&apart.len()), "{} were told apart: {lab}", apart.len());
    let all: u64 = apart.iter().chain(&together).map(|(count, _)| count).sum();
    assert_eq!(all, 3000, "{together:#?}");
    assert!(together.len() <= 2 * seconds, "{together:#?}");
    lab.assert_explained(2, 0);
}

#[test]
fn a_flood_of_strangers_is_told_in_a_few_entries_and_keeps_no_station_out() {
    let Some(lab) = lab(&format!(
        r#"{TWO}
cat > asks.py <<'END'
{ASKS}END
cat > knocks.py <<'END'
import socket, sys
for i in range(2000):
    s = socket.socket(); s.bind(("192.168.50.66", 0)); s.settimeout(2)
    try: s.connect(("11.1.%d.%d" % (i // 250, i % 250 + 1), 443)); s.recv(1)
    except OSError: pass
    s.close()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("192.168.50.66", 0))
for i in range(5000):
    try: s.sendto(b"x", ("11.2.%d.%d" % (i // 250, i % 250 + 1), 9000 + i % 1000))
    except OSError: pass
END
up 1 --station s-1=fd50::10 --mode local-data --exempt "$SERVICE"
station ip address add 192.168.50.66/24 dev eth0
began=$(date +%s)
station python3 knocks.py &
KNOCKS=$!
echo "answered: $(station python3 asks.py 192.168.50.66 3000)"
told beside honest
wait $KNOCKS
told after honest
down
echo "seconds: $(( $(date +%s) - began + 1 ))"
entries
"#
    )) else {
        return;
    };
    // Some are lost in the strangers' own flood.
    assert!(lab.said("answered").parse::<u32>().unwrap() > 2000, "{lab}");
    assert_eq!((lab.said("beside"), lab.said("after")), ("delivered", "delivered"), "{lab}");
    let seconds: usize = lab.said("seconds").parse().unwrap();
    let refused = refusals(&lab);
    let strangers: Vec<_> = refused.iter().filter(|(_, line)| line.contains("unknown-station")).collect();
    assert!((1..=4 * seconds).contains(&strangers.len()), "{seconds} s: {refused:#?}");
    assert!(
        strangers.iter().all(|(_, line)| !line.contains("made-up") && !line.contains("11.")),
        "{refused:#?}"
    );
    let all: u64 = strangers.iter().map(|(count, _)| count).sum();
    assert!(all >= 4000, "{all} of at least 4000: {refused:#?}");
    // The honest ones alone.
    lab.assert_explained(2, 0);
}
