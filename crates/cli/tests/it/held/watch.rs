//! What leaves past the gateway is seen, and in local-data nothing is let through after it.

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
