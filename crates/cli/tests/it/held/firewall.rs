//! The rules of a gateway's firewall, line by line: from where to where something passes, before a
//! gateway ever ran and while one does.

use super::{assert_agrees, lab, reconciled};
use crate::run::{Person, people};
use creance_capture::Reader;
use creance_lab::live::addresses;
use std::fs::File;

/// Two more networks of the host's, one for who looks after it and one that nobody named, each
/// with another machine; and what is tried. A line says what was tried and what came of it. The
/// host's server listens for all; others answer to datagrams with what came.
const TRIES: &str = r#"
set -u
cat >udp.py <<'END'
import socket, sys
# Answers at PORT, or asks ADDRESS PORT and says whether something came.
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if len(sys.argv) == 2:
    s.bind(("0.0.0.0", int(sys.argv[1])))
    seen = open("seen." + sys.argv[1], "a")
    while True:
        data, peer = s.recvfrom(999)
        print(peer[0], file=seen, flush=True)
        s.sendto(data, peer)
s.settimeout(0.6)
try:
    s.sendto(b"x", (sys.argv[1], int(sys.argv[2])))
    s.recv(9)
    print("answered")
except OSError:
    print("nothing")
END
udp() { /usr/bin/python3 udp.py "$@"; }
answers() { "$@" >/dev/null 2>&1 && echo answered || echo nothing; }
icmp() { echo "$L app icmp --host x.example --address $1"; }
far() { "$L" in internet -- "$@"; }
station() { "$L" in station -- "$@"; }
for name in mgmt other; do
    unshare -n sleep 100 & eval $name=$!
    sleep 0.2
    eval pid=\$$name
    ip link add ${name}0 type veth peer name peer netns $pid
    if [ $name = mgmt ]; then net=10.7.0; else net=10.8.0; fi
    ip address add $net.1/24 dev ${name}0; ip link set ${name}0 up
    nsenter -t $pid -n sh -c "ip link set lo up; ip address add $net.2/24 dev peer; ip link set peer up; ip route add default via $net.1"
    nsenter -t $pid -n /usr/bin/python3 udp.py 7001 &
done
peer() { eval pid=\$$1; shift; nsenter -t $pid -n "$@"; }
udp 7000 & server=$!
station /usr/bin/python3 udp.py 7002 &
echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
sleep 0.5
tries() {
    echo "$1 station to host: $(station /usr/bin/python3 udp.py 192.168.50.1 7000)"
    echo "$1 station to internet: $(station /usr/bin/python3 udp.py 11.1.1.1 7000)"
    echo "$1 station to internet, ping: $(answers station $(icmp 11.1.1.1))"
    echo "$1 station to internet by IPv6: $(answers station curl -s -k -m 2 https://[2a10:1ab::5]/)"
    echo "$1 station to management: $(station /usr/bin/python3 udp.py 10.7.0.2 7001)"
    echo "$1 internet to host: $(far /usr/bin/python3 udp.py 192.0.2.2 7000)"
    echo "$1 internet to host, ping: $(answers far $(icmp 192.0.2.2))"
    echo "$1 internet to station: $(far /usr/bin/python3 udp.py 192.168.50.10 7002)"
    echo "$1 host to internet: $(udp 11.3.3.3 7000)"
    echo "$1 host to internet, ping: $(answers $(icmp 11.3.3.3))"
    echo "$1 host to its own place: $(udp 203.0.113.123 123)"
    echo "$1 host to itself: $(udp 127.0.0.1 7000)"
    echo "$1 host to management: $(udp 10.7.0.2 7001)"
    echo "$1 management to host: $(peer mgmt /usr/bin/python3 udp.py 10.7.0.1 7000)"
    echo "$1 management to internet: $(peer mgmt /usr/bin/python3 udp.py 11.4.4.4 7000)"
    echo "$1 host to another network: $(udp 10.8.0.2 7001)"
    echo "$1 another network to host: $(peer other /usr/bin/python3 udp.py 10.8.0.1 7000)"
    rm -f seen.7002.before; cp seen.7002 seen.7002.before 2>/dev/null || touch seen.7002.before
    udp 192.168.50.10 7002 >/dev/null
    echo "$1 host to station: $(cmp -s seen.7002 seen.7002.before && echo nothing || echo came)"
}
SITE="--lan lan0 --uplink uplink0 --management mgmt0 --own 203.0.113.123:123/udp"
"#;

/// What is tried, and what comes of it without rules, with them before a gateway runs, and with a
/// gateway in Local Data.
const WANTED: [(&str, &str, &str, &str); 18] = [
    ("station to host", "answered", "nothing", "nothing"),
    ("station to internet", "answered", "nothing", "nothing"),
    ("station to internet, ping", "answered", "nothing", "nothing"),
    ("station to internet by IPv6", "answered", "nothing", "nothing"),
    ("station to management", "answered", "nothing", "nothing"),
    ("internet to host", "answered", "nothing", "nothing"),
    ("internet to host, ping", "answered", "nothing", "nothing"),
    ("internet to station", "answered", "nothing", "nothing"),
    ("host to internet", "answered", "nothing", "nothing"),
    ("host to internet, ping", "answered", "nothing", "nothing"),
    ("host to its own place", "answered", "answered", "answered"),
    ("host to itself", "answered", "answered", "answered"),
    ("host to management", "answered", "answered", "answered"),
    ("management to host", "answered", "answered", "answered"),
    // The far end knows no way back: what passed is seen by the tap.
    ("management to internet", "nothing", "nothing", "nothing"),
    ("host to another network", "answered", "nothing", "nothing"),
    ("another network to host", "answered", "nothing", "nothing"),
    ("host to station", "came", "came", "came"),
];

fn is_missing(program: &str) -> bool {
    let missing = !std::path::Path::new(program).is_file();
    if missing {
        println!("skipped: there is no {program}");
    }
    missing
}

fn tried(person: &Person, script: &str) -> String {
    let tries = person.write("tries.sh", TRIES);
    let script = format!(". {}\n{script}\nkill $mgmt $other $server", tries.display());
    let came = lab(person, &["--lan"], &script);
    assert_eq!(came.status, 0, "{came}");
    came.out
}

/// The lines that are wanted, of which a column was chosen.
fn wanted(
    when: &str,
    column: impl Fn(&(&str, &'static str, &'static str, &'static str)) -> &'static str,
) -> String {
    WANTED.iter().map(|line| format!("{when} {}: {}\n", line.0, column(line))).collect()
}

#[test]
fn the_firewall_lets_pass_what_is_listed_and_nothing_else() {
    if is_missing("/usr/bin/python3") {
        return;
    }
    for person in people().into_iter().take(1) {
        let out = tried(
            &person,
            r#"tries without
            "$C" gateway rules $SITE >rules.nft && nft -f rules.nft || exit 8
            date +%s%N >closed
            tries closed"#,
        );
        assert_eq!(out, wanted("without", |line| line.1) + &wanted("closed", |line| line.2));
        let closed: i64 = std::fs::read_to_string(person.path("closed")).unwrap().trim().parse().unwrap();
        assert_sent(&person, closed);

        // The same machine with a gateway that runs.
        let person = Person::new(person.uid);
        let out = tried(
            &person,
            r#""$C" gateway up $SITE --station s-1=192.168.50.10 --station s-1=fd50::10 --mode local-data \
                --exempt dji.flysafe --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" 2>up.out &
            gateway=$!
            until "$C" gateway status >/dev/null 2>&1; do sleep 0.05; kill -0 $gateway || exit 9; done
            tries up
            station curl -s -m 4 --cacert "$CREANCE_LAB_CA" -o /dev/null -w "delivered %{http_code}\n" https://flysafe-api.dji.com/
            grep -c ALARM up.out
            "$C" gateway down
            wait $gateway"#,
        );
        assert_eq!(out, wanted("up", |line| line.3) + "delivered 200\n0\n");
        assert_sent(&person, 0);
    }
}

#[test]
fn offline_asks_no_resolver_and_lets_nothing_out() {
    for person in people() {
        let script = r#""$C" run --mode offline --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" -- bash -c '
                curl -s -m 4 -k https://flysafe-api.dji.com/ || echo refused
                curl -s -m 4 -k https://8.8.8.8/ || echo refused
                "$L" app dns-direct --host flysafe-api.dji.com >/dev/null || echo refused'"#;
        let came = lab(&person, &[], script);
        assert_eq!((came.status, came.out.as_str()), (0, "refused\nrefused\nrefused\n"), "{came}");
        let reconciliation = reconciled(&person);
        assert_agrees(&reconciliation, 0);
        assert_eq!(reconciliation["ledger_flows"], 0, "{reconciliation:#}");
        assert_eq!(reconciliation["wire_flows"], 0, "{reconciliation:#}");
    }
}

/// That from a moment on the far end saw nothing from this side but the place of its own, what is
/// exempt and the question for it, and neighbour discovery.
#[track_caller]
fn assert_sent(person: &Person, from: i64) {
    let exempt = addresses::v4("flysafe-api.dji.com").unwrap().octets();
    let capture = File::open(person.path("far.pcap")).unwrap();
    let mut reader = Reader::new(capture).unwrap();
    let (mut own, mut routed) = (0, 0);
    while let Some(frame) = reader.next_frame() {
        let bytes = &frame.data;
        if frame.at.0 < from {
            routed += u32::from(bytes[12..14] == [8, 0] && bytes[26..30] == [10, 7, 0, 2]);
            continue;
        }
        match bytes[12..14] {
            [8, 0] => {
                let (source, target) = (&bytes[26..30], &bytes[30..34]);
                if source != [192, 0, 2, 2] {
                    assert!(source[0] != 10 && source[..2] != [192, 168], "{source:?} to {target:?}");
                    continue;
                }
                own += u32::from(target == [203, 0, 113, 123]);
                let is_let_out =
                    [&[203, 0, 113, 123], &exempt, &[192, 0, 2, 1]].iter().any(|one| target == &one[..]);
                assert!(is_let_out, "to {target:?}: {bytes:?}");
            }
            // Of ICMP neighbours, routers and groups; the exempt service over TCP.
            [0x86, 0xdd] => {
                assert!(bytes[22..24] != [0xfd, 0x50], "{bytes:?}");
                assert!(bytes[20] != 58 || bytes[54] > 129, "{bytes:?}");
                assert!(bytes[20] != 17, "{bytes:?}");
            }
            _ => {}
        }
    }
    assert!(own > 0, "the place of its own was not reached");
    assert!(routed > 0 || from == 0, "without rules nothing was forwarded");
}
