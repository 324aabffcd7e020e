//! What leaves past the gateway is seen, and in local-data nothing is let through after it; what
//! leaves through it agrees with the ledger while it runs.

use super::lab;
use crate::run::people;

/// A frame past the firewall, as a program with root's rights could send it.
const PAST: &str = "
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('uplink0', 0))
ip = bytes.fromhex('4500001d000000004011000000000000') + bytes([203, 0, 113, 9])
s.send(bytes(12) + b'\\x08\\x00' + ip + bytes.fromhex('1000200000090000') + b'x')
";

#[test]
fn a_packet_that_nothing_explains_is_an_alarm_and_in_local_data_the_end() {
    if !std::path::Path::new("/usr/bin/python3").is_file() {
        println!("skipped: there is no /usr/bin/python3, which forges the packets");
        return;
    }
    for person in people().into_iter().take(1) {
        let past = person.write("past.py", PAST);
        for (mode, after) in [("local-data --exempt dji.flysafe", "000"), ("standard", "200")] {
            let script = format!(
                r#""$C" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 --station s-1=fd50::10 \
                    --mode {mode} --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" 2>up.out &
                gateway=$!
                until "$C" gateway status >/dev/null 2>&1; do sleep 0.05; kill -0 $gateway || exit 9; done
                get() {{ "$L" in station -- curl -s -m 4 --cacert "$CREANCE_LAB_CA" -o /dev/null -w "%{{http_code}}\n" https://flysafe-api.dji.com/; }}
                get
                /usr/bin/python3 {}
                for i in $(seq 100); do grep -q ALARM up.out && break; sleep 0.02; done
                sleep 0.2
                get
                sleep 1
                "$C" gateway status | grep -c "nothing new begins: after an alarm"
                "$C" gateway down
                wait $gateway
                log=$("$C" ledger show --ledger "$LEDGER" | tail -n 1 | {{ read -r log rest; echo "$log"; }})
                "$C" ledger show "$log" --ledger "$LEDGER" | grep -c "ALARM: nothing explains what left""#,
                past.display()
            );
            let came = lab(&person, &["--lan"], &script);
            let said = std::fs::read_to_string(person.path("up.out")).unwrap();
            let stopped = u32::from(after == "000");
            assert_eq!(came.out, format!("200\n{after}\n{stopped}\n1\n"), "{came}\n{said}");
            assert!(said.contains("to 203.0.113.9, protocol 17, port 4096 to 8192"), "{said}");
            assert_eq!(said.contains("nothing is let through any more"), stopped == 1, "{said}");
        }
    }
}

/// A frame past the firewall and the watch, such as a program with root's rights could send it.
const BYPASS: &str = "
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('uplink0', 0))
s.setsockopt(263, 20, 1)
for n in range(5):
    s.send(bytes(12) + b'\\x08\\x06' + bytes(60))
";

/// A connection of a station that has said something and stays open.
const OPEN: &str = "
import socket, ssl, sys, time
context = ssl.create_default_context(cafile=sys.argv[1])
plain = socket.create_connection(('flysafe-api.dji.com', 443), 5)
s = context.wrap_socket(plain, server_hostname='flysafe-api.dji.com')
s.send(b'GET / HTTP/1.1\\r\\nHost: flysafe-api.dji.com\\r\\n\\r\\n')
print(len(s.recv(9)), flush=True)
time.sleep(12)
";

/// Waits for what a connection on the uplink sends, and sends more in its name.
const MORE: &str = "
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(('uplink0', 3))
s.settimeout(2)
last = None
try:
    while True:
        frame, about = s.recvfrom(65536)
        if about[2] == 4 and frame[12:14] == b'\\x08\\x00' and frame[23] == 6 and frame[36:38] == b'\\x01\\xbb':
            head = 34 + (frame[46] >> 4) * 4
            seq = struct.unpack('!I', frame[38:42])[0]
            end = seq + struct.unpack('!H', frame[16:18])[0] - (head - 14)
            if last is None or end >= last[1]:
                last = (frame[:head], end)
except TimeoutError:
    pass
head, end = bytearray(last[0]), last[1]
head[38:42] = struct.pack('!I', end & 0xffffffff)
head[16:18] = struct.pack('!H', len(head) - 14 + 777)
s.send(bytes(head) + bytes(777))
";

/// A gateway in local-data, and what asks it.
const UP: &str = r#""$C" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 --station s-1=fd50::10 \
        --mode local-data --exempt dji.flysafe --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" 2>up.out &
    gateway=$!
    until "$C" gateway status >/dev/null 2>&1; do sleep 0.05; kill -0 $gateway || exit 9; done
    get() { "$L" in station -- curl -s -m 4 --cacert "$CREANCE_LAB_CA" -o /dev/null -w "%{http_code}\n" https://flysafe-api.dji.com/; }
    soon() { for i in $(seq 150); do grep -q ALARM up.out && break; sleep 0.1; done; }
    agrees() { for i in $(seq 150); do "$C" gateway status | grep -q "counters agree" && break; sleep 0.1; done; }
"#;

fn has_python() -> bool {
    let has = std::path::Path::new("/usr/bin/python3").is_file();
    if !has {
        println!("skipped: there is no /usr/bin/python3, which forges the packets");
    }
    has
}

#[test]
fn more_than_a_flow_of_the_ledger_was_given_is_an_alarm_while_it_is_open() {
    for person in people().into_iter().take(1).filter(|_| has_python()) {
        let (open, more) = (person.write("open.py", OPEN), person.write("more.py", MORE));
        let script = format!(
            r#"{UP}
            /usr/bin/python3 {} 2>more.err & forger=$!
            sleep 0.5
            "$L" in station -- /usr/bin/python3 {} "$CREANCE_LAB_CA" &
            wait $forger
            soon
            get
            "$C" gateway status | grep -c "1 unexplained"
            "$C" gateway down; wait $gateway; wait"#,
            more.display(),
            open.display()
        );
        let came = lab(&person, &["--lan"], &script);
        let said = std::fs::read_to_string(person.path("up.out")).unwrap();
        assert_eq!(came.out, "9\n000\n1\n", "{came}\n{said}");
        let alarm = said.lines().find(|line| line.contains("ALARM")).unwrap();
        assert!(alarm.contains("more left on the uplink than the ledger says: flow "), "{alarm}");
        let (_, figures) = alarm.rsplit_once("): ").unwrap();
        let numbers: Vec<u64> = figures.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert_eq!(numbers[0], numbers[1] + 777, "{alarm}");
        assert!(said.contains("nothing is let through any more"), "{said}");
    }
}

#[test]
fn frames_that_were_sent_past_the_watch_show_in_the_counters_of_the_uplink() {
    for person in people().into_iter().take(1).filter(|_| has_python()) {
        let bypass = person.write("bypass.py", BYPASS);
        let script = format!(
            r#"{UP}
            agrees
            # What was seen before the comparison began may be counted late until now.
            sleep 11
            get
            /usr/bin/python3 {}
            soon
            get
            "$C" gateway status | grep -c "counters [1-5] frames more than were seen"
            "$C" gateway down; wait $gateway"#,
            bypass.display()
        );
        let came = lab(&person, &["--lan"], &script);
        let said = std::fs::read_to_string(person.path("up.out")).unwrap();
        assert_eq!(came.out, "200\n000\n1\n", "{came}\n{said}");
        // Others that leave meanwhile may stand for some of them at first.
        let (_, more) = said.split_once("ALARM: the uplink has sent ").expect(&said);
        let (count, rest) = more.split_once(' ').unwrap();
        assert!((1..=5).contains(&count.parse::<u32>().unwrap()), "{said}");
        assert!(rest.starts_with("frames more than were seen to leave"), "{said}");
        assert!(said.contains("nothing is let through any more"), "{said}");
    }
}

#[test]
fn what_is_let_through_agrees_with_the_ledger_while_it_runs_and_no_alarm_is_heard() {
    for person in people().into_iter().take(1) {
        let script = format!(
            r#"{UP}
            agrees
            name=flysafe-api.dji.com
            station() {{ "$L" in station -- "$@" >/dev/null 2>&1; }}
            station "$L" app upload --host $name --for 9 --ca "$CREANCE_LAB_CA" & bulk=$!
            sleep 1
            route=$(ip -4 route show default | sed 's/linkdown//')
            ip link set uplink0 down; sleep 0.5; ip link set uplink0 up; ip -4 route replace $route
            station "$L" load connections --to 0.0.0.0:443 --name $name --resolver 192.168.50.1 --answer 200 --clients 4 --seconds 4
            for behaviour in https no-sni quic udp-hard-coded http; do
                station "$L" app $behaviour --host mydjiflight.dji.com --other $name --ca "$CREANCE_LAB_CA"
            done
            for i in 1 2 3; do get; done
            wait $bulk
            "$C" mode offline --yes 2>/dev/null
            "$C" mode local-data --exempt dji.flysafe --yes 2>/dev/null
            sleep 3
            agrees
            get
            sleep 3
            "$C" gateway status | grep self-observed
            "$C" gateway down; wait $gateway"#
        );
        let came = lab(&person, &["--lan"], &script);
        let said = std::fs::read_to_string(person.path("up.out")).unwrap();
        assert!(!said.contains("ALARM"), "{said}");
        let lines: Vec<&str> = came.out.lines().collect();
        assert_eq!(lines[..4], ["200"; 4], "{came}\n{said}");
        // uplink, self-observed: N flows reconciled, N bytes up, ...
        let words: Vec<&str> = lines[4].split_whitespace().collect();
        assert_eq!(words[..2], ["uplink,", "self-observed:"], "{came}");
        assert!(
            words[2].parse::<u64>().unwrap() > 20 && words[5].parse::<u64>().unwrap() > 100_000,
            "{came}"
        );
        assert!(lines[4].ends_with(", 0 unexplained, 0 frames missed, counters agree"), "{came}");
    }
}
