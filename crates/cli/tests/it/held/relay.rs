//! What is let out, and what is not, of an app and of a station.

use super::{assert_agrees, lab, reconciled};
use crate::run::people;

/// What is tried: one word of each line tells what came of it.
const TRIES: &str = r#"
get() { curl -s -m 8 --cacert "$CREANCE_LAB_CA" -o /dev/null -w "$1 %{http_code} %{size_download}\n" "${@:2}"; }
get exempt https://flysafe-api.dji.com/bytes/200000
get denied https://mydjiflight.dji.com/bytes/10
get by-address -k https://8.8.8.8/
get fronted --resolve flysafe-api.dji.com:443:8.8.8.8 https://flysafe-api.dji.com/
app() { echo "$1 $("$L" app "$@" >/dev/null 2>&1; echo $?)"; }
app capitals --host FlySafe-API.dji.com
app large-hello --host flysafe-api.dji.com
app small-records --host flysafe-api.dji.com
app other-sni --host flysafe-api.dji.com
app http --host flysafe-api.dji.com
app ssh-on-443 --host flysafe-api.dji.com
app quic --host mydjiflight.dji.com
app udp --host x.example --address 8.8.8.8
app icmp --host x.example --address 8.8.8.8
app dns-direct --host mydjiflight.dji.com
"#;

/// What must come of it in local-data with GEO zones exempt.
const WANTED: [&str; 14] = [
    "exempt 200 200000",
    "denied 000 0",
    "by-address 000 0",
    "fronted 000 0",
    "capitals 0",
    "large-hello 0",
    "small-records 0",
    "other-sni 1",
    "http 1",
    "ssh-on-443 1",
    "quic 1",
    "udp 1",
    "icmp 1",
    "dns-direct 1",
];

#[test]
fn an_exempt_service_is_delivered_and_nothing_else_leaves() {
    for person in people() {
        let tries = person.write("tries.sh", TRIES);
        let script = format!(
            r#""$C" run --mode local-data --exempt dji.flysafe --ledger "$LEDGER" \
            --resolver "$CREANCE_LAB_RESOLVER" -- bash {}"#,
            tries.display()
        );
        let came = lab(&person, &[], &script);
        assert_eq!(came.status, 0, "{came}");
        assert_eq!(came.out.lines().collect::<Vec<_>>(), WANTED, "{came}");
        assert!(came.err.contains("uplink not independently observed"), "{came}");
        let reconciliation = reconciled(&person);
        // The four that were delivered, and the question for their name.
        assert_agrees(&reconciliation, 5);
        assert_eq!(reconciliation["ledger_flows"], 5, "{reconciliation:#}");
    }
}

#[test]
fn a_station_behind_a_gateway_is_held_in_the_same_way_by_every_front_end() {
    for person in people() {
        let tries = person.write("tries.sh", TRIES);
        let script = format!(
            r#""$C" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 --station s-1=fd50::10 \
                --mode local-data --exempt dji.flysafe --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" &
            gateway=$!
            until "$C" gateway status >/dev/null 2>&1; do sleep 0.05; kill -0 $gateway || exit 9; done
            "$L" in station -- bash {}
            for proxy in http://192.168.50.1:3128 socks5h://192.168.50.1:1080; do
                for host in flysafe-api.dji.com mydjiflight.dji.com; do
                    "$L" in station -- curl -s -m 8 -x $proxy --cacert "$CREANCE_LAB_CA" -o /dev/null \
                        -w "$proxy $host %{{http_code}}\n" https://$host/bytes/10
                done
            done
            "$L" in station -- "$L" app icmp --host x.example --address 192.168.50.1 >/dev/null 2>&1 || echo "no answer to ping"
            "$C" gateway down
            wait $gateway
            # The holes are closed, and stay so.
            "$L" in station -- curl -s -m 2 --cacert "$CREANCE_LAB_CA" https://flysafe-api.dji.com/ || echo closed"#,
            tries.display()
        );
        let came = lab(&person, &["--lan"], &script);
        assert_eq!(came.status, 0, "{came}");
        let lines: Vec<&str> = came.out.lines().collect();
        let (first, rest) = lines.split_at(WANTED.len());
        assert_eq!(first, WANTED, "{came}");
        assert_eq!(
            rest,
            [
                "http://192.168.50.1:3128 flysafe-api.dji.com 200",
                "http://192.168.50.1:3128 mydjiflight.dji.com 000",
                "socks5h://192.168.50.1:1080 flysafe-api.dji.com 200",
                "socks5h://192.168.50.1:1080 mydjiflight.dji.com 000",
                "no answer to ping",
                "closed",
            ],
            "{came}"
        );
        assert_agrees(&reconciled(&person), 7);
    }
}

#[test]
fn a_station_that_nobody_named_may_do_nothing() {
    for person in people().into_iter().take(1) {
        let script = r#""$C" gateway up --lan lan0 --uplink uplink0 --station s-9=192.168.50.99 \
                --mode standard --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" &
            gateway=$!
            until "$C" gateway status >/dev/null 2>&1; do sleep 0.05; kill -0 $gateway || exit 9; done
            "$L" in station -- curl -s -m 4 -k https://8.8.8.8/ || echo refused
            "$L" in station -- curl -s -m 4 -x http://192.168.50.1:3128 http://example.com/ -o /dev/null -w '%{http_code}\n'
            "$C" gateway down
            wait $gateway"#;
        let came = lab(&person, &["--lan"], script);
        assert_eq!((came.status, came.out.as_str()), (0, "refused\n000\n"), "{came}");
        let reconciliation = reconciled(&person);
        assert_agrees(&reconciliation, 0);
        assert_eq!(reconciliation["wire_up_payload_bytes"], 0, "{reconciliation:#}");
    }
}

#[test]
fn standard_lets_everything_out_and_records_all_of_it() {
    for person in people() {
        let script = r#""$C" run --mode standard --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" -- bash -c '
            curl -s -m 8 --cacert "$CREANCE_LAB_CA" -o /dev/null -w "%{http_code}\n" https://nobody.example/bytes/10
            curl -s -m 8 -k -o /dev/null -w "%{http_code}\n" https://8.8.4.4/bytes/10
            "$L" app udp --host x.example --address 8.8.8.8 >/dev/null; echo $?
            "$L" app ssh-on-443 --host nobody.example >/dev/null; echo $?'"#;
        let came = lab(&person, &[], script);
        assert_eq!((came.status, came.out.as_str()), (0, "200\n200\n0\n0\n"), "{came}");
        assert_agrees(&reconciled(&person), 5);
    }
}

/// A question from a source that is not the station's, and an offer to be the router.
const FORGED: &str = "
import socket, struct
def total(data):
    data += bytes(len(data) % 2)
    value = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while value >> 16: value = (value & 0xffff) + (value >> 16)
    return ~value & 0xffff
query = bytes.fromhex('123401000001000000000000') + b'\\x06secret\\x04test\\x00' + bytes.fromhex('00010001')
source, target = socket.inet_aton('203.0.113.123'), socket.inet_aton('7.7.7.7')
udp = struct.pack('!HHHH', 123, 53, 8 + len(query), 0) + query
ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, source, target)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for _ in range(5): raw.sendto(ip + udp, ('7.7.7.7', 0))
router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
router.setsockopt(41, 18, 255)
router.sendto(bytes([134, 0, 0, 0, 64, 8, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]), ('ff02::1', 0, 0, socket.if_nametoindex('eth0')))
";

#[test]
fn forged_sources_and_routers_lead_nothing_out() {
    if !std::path::Path::new("/usr/bin/python3").is_file() {
        println!("skipped: there is no /usr/bin/python3, which forges the packets");
        return;
    }
    for person in people().into_iter().take(1) {
        let forged = person.write("forged.py", FORGED);
        let script = format!(
            r#""$C" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 --mode offline \
                --own 203.0.113.123:123/udp --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" &
            gateway=$!
            until "$C" gateway status >/dev/null 2>&1; do sleep 0.05; kill -0 $gateway || exit 9; done
            echo 1 >/proc/sys/net/ipv6/conf/lan0/accept_ra
            "$L" in station -- /usr/bin/python3 {} || exit 8
            sleep 1
            ip -6 route show default | grep -c lan0
            "$C" gateway down
            wait $gateway"#,
            forged.display()
        );
        let came = lab(&person, &["--lan"], &script);
        assert_eq!(came.out, "0\n", "{came}");
        let reconciliation = reconciled(&person);
        assert_agrees(&reconciliation, 0);
        assert_eq!(reconciliation["wire_up_payload_bytes"], 0, "{reconciliation:#}");
    }
}
