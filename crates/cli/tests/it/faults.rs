//! What goes wrong beside a gateway: its death, a full disk, a dead resolver, an uplink that flaps,
//! floods. Judged by what the far end of the lab's internet saw, beside the ledger.

mod clock;
mod kills;
mod limits;

use creance_capture::Reader;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// What the scripts share: a gateway that lets out two services, and an honest app in the station.
const PRELUDE: &str = r#"
set -u
SERVICE=dji.flysafe,google.maps NAME=flysafe-api.dji.com
up() {
    "$C" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 --station s-1=fd50::10 \
        --resolver "$CREANCE_LAB_RESOLVER" --mode local-data --exempt "$SERVICE" --ledger "$LEDGER" 2> "up.$1" &
    GATEWAY=$!
    until grep -q "for 1 station" "up.$1"; do kill -0 $GATEWAY || { cat "up.$1"; exit 90; }; sleep 0.02; done
}
down() { "$C" gateway down 2> /dev/null; wait $GATEWAY; }
station() { "$L" in station -- "$@"; }
honest() { station "$L" app https --host "${1:-$NAME}" --ca "$CREANCE_LAB_CA"; }
many() {
    station "$L" load connections --to 0.0.0.0:443 --name $NAME --resolver 192.168.50.1 \
        --answer 200 --clients 8 --seconds "$1"
}
"#;

/// Connects so many times to a host without a word, says so, and waits to be ended.
const SILENT: &str = include_str!("../../../../bench/soak/silent.py");

/// Asks for names that nobody has as fast as it can, and tells how many.
const QUESTIONS: &str = include_str!("../../../../bench/soak/questions.py");

/// The address of the gateway's uplink in the lab.
const UPLINK: [u8; 4] = [192, 0, 2, 2];

/// A run of a script in the lab.
struct Lab {
    folder: TempDir,
    out: String,
    err: String,
}

/// Runs a script in the lab's internet; nothing, with the reason printed, where that is not
/// permitted or something is not installed.
fn lab(script: &str) -> Option<Lab> {
    let folder = tempfile::Builder::new().prefix("creance-faults").tempdir_in("/var/tmp").unwrap();
    std::fs::write(folder.path().join("silent.py"), SILENT).unwrap();
    std::fs::write(folder.path().join("questions.py"), QUESTIONS).unwrap();
    let program = Path::new(crate::run::creance()).with_file_name("creance-lab");
    assert!(program.is_file(), "`{}` is missing: cargo build -p creance-lab", program.display());
    let run = |capture: &str, text: &str| -> Output {
        Command::new(&program)
            .args(["internet", "--lan", "--capture", capture, "--", "bash", "-c", text])
            .env("C", crate::run::creance())
            .env("L", &program)
            .env("LEDGER", folder.path().join("ledger"))
            .env("XDG_STATE_HOME", folder.path().join("state"))
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let tried = run("tried.pcap", "nft list ruleset && command -v python3 ip");
    if !tried.status.success() {
        println!("skipped: the lab does not run here: {}", String::from_utf8_lossy(&tried.stderr));
        return None;
    }
    let came = run("far.pcap", &format!("{PRELUDE}\n{script}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let lab = Lab { folder, out: text(&came.stdout), err: text(&came.stderr) };
    assert!(came.status.success(), "{}: {lab}", came.status);
    Some(lab)
}

impl std::fmt::Display for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--- out\n{}\n--- err\n{}", self.out, self.err)
    }
}

impl Lab {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a line of the output says after a word.
    #[track_caller]
    fn said(&self, word: &str) -> &str {
        let line = self.out.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no `{word}` in {self}"))
    }

    /// That nothing passed the far end which no entry of the ledger begins, that the bytes agree of
    /// all flows that have an end, and that so many have none; and that there were flows.
    #[track_caller]
    fn assert_explained(&self, flows_min: u64, without_end_max: usize) {
        let came = Command::new(crate::run::creance())
            .args(["audit", "--quiet", "--ledger"])
            .arg(self.path("ledger"))
            .arg("--out")
            .arg(self.path("report"))
            .arg(self.path("far.pcap"))
            .output()
            .unwrap();
        assert!(matches!(came.status.code(), Some(0 | 1 | 3)), "{came:?}");
        let text = std::fs::read_to_string(self.path("report").join("report.json")).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        let reconciliation = &report["reconciliation"];
        assert_eq!(reconciliation["unexplained"], Value::Array(vec![]), "{reconciliation:#}\n{self}");
        let disagreeing = reconciliation["disagreeing"].as_array().unwrap();
        let no_end = |flow: &&Value| flow["what"].as_str().unwrap().starts_with("has no end in the ledger");
        let without_end = disagreeing.iter().filter(no_end).count();
        assert_eq!(without_end, disagreeing.len(), "{reconciliation:#}\n{self}");
        assert!(without_end <= without_end_max, "{reconciliation:#}\n{self}");
        let ledger_flows = reconciliation["ledger_flows"].as_u64().unwrap();
        assert!(ledger_flows >= flows_min, "{reconciliation:#}\n{self}");
    }

    /// Packets that the far end saw come from the gateway over IPv4.
    fn sent(&self) -> Vec<Sent> {
        let mut reader = Reader::new(File::open(self.path("far.pcap")).unwrap()).unwrap();
        let mut found = Vec::new();
        while let Some(frame) = reader.next_frame() {
            let bytes = &frame.data;
            if bytes[12..14] != [8, 0] || bytes[26..30] != UPLINK {
                continue;
            }
            let at = frame.at.0;
            let ip = &bytes[14..];
            let length = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
            let rest = &ip[usize::from(ip[0] & 15) * 4..length];
            let flags = if ip[9] == 6 { rest[13] } else { 0 };
            let payload = if ip[9] == 6 { rest.len() - usize::from(rest[12] >> 4) * 4 } else { rest.len() };
            found.push(Sent {
                at,
                protocol: ip[9],
                flags,
                payload,
                port: u16::from_be_bytes([rest[2], rest[3]]),
            });
        }
        found
    }
}

/// A packet from the gateway.
#[derive(Debug)]
struct Sent {
    /// In nanoseconds since 1970.
    at: i64,
    protocol: u8,
    /// Of TCP.
    flags: u8,
    payload: usize,
    /// To which port.
    port: u16,
}

const FIN_OR_RST: u8 = 0b101;

#[test]
fn a_gateway_that_is_killed_sends_nothing_more_and_another_takes_over() {
    for after in ["0.4", "1.3"] {
        let Some(lab) = lab(&format!(
            r#"
up 1
honest || exit 91
many 4 > load &
station "$L" app upload --host $NAME --for 4 --ca "$CREANCE_LAB_CA" > upload &
sleep {after}
kill -9 $GATEWAY
wait $GATEWAY 2> /dev/null
echo "dead: $(date +%s%N)"
sleep 3.5
echo "holes: $(nft list set inet creance alive | grep -c elements)"
if honest > still; then echo "still: delivered"; else echo "still: held"; fi
echo "silent: $(date +%s%N)"
up 2
if honest; then echo "again: delivered"; else echo "again: held"; fi
down
"#
        )) else {
            return;
        };
        assert_eq!((lab.said("holes"), lab.said("still")), ("0", "held"), "{lab}");
        assert_eq!(lab.said("again"), "delivered", "{lab}");
        let (dead, silent): (i64, i64) =
            (lab.said("dead").parse().unwrap(), lab.said("silent").parse().unwrap());
        let sent = lab.sent();
        let before = sent.iter().filter(|packet| packet.at < dead && packet.payload > 0).count();
        assert!(before > 100, "{before} packets carried something before: {lab}");
        for packet in sent.iter().filter(|packet| packet.at > dead && packet.at < silent) {
            let end = packet.protocol == 6 && packet.flags & FIN_OR_RST != 0 && packet.payload == 0;
            assert!(end, "{packet:?} after the death at {dead}");
        }
        // Eight clients and the upload, and ends that were on their way to the disk.
        lab.assert_explained(20, 60);
    }
}

#[test]
fn a_full_disk_holds_what_is_new_and_says_so_until_there_is_room() {
    let Some(lab) = lab(r#"
mkdir disk && mount -t tmpfs -o size=8m disk disk && KEPT=$LEDGER && LEDGER=$PWD/disk/ledger
up 1
honest || exit 91
dd if=/dev/zero of=disk/fill bs=64k 2> /dev/null
echo "room: $(df --output=avail disk | tail -1 | tr -d ' ')"
for _ in 1 2 3; do many 2 > load; done
echo "status: $("$C" gateway status | grep 'nothing new begins')"
T=$(date +%s%N)
if honest > held; then echo "full: delivered"; else echo "full: held"; fi
echo "tried: $T $(date +%s%N)"
rm disk/fill
if honest > held; then echo "first: delivered"; else echo "first: held"; fi
if honest > held; then echo "room again: delivered"; else echo "room again: held"; fi
echo "later: $("$C" gateway status | grep -c 'nothing new begins')"
for i in $(seq 60); do grep -q 'takes entries again' up.1 && break; sleep 0.05; done
echo "said: $(grep -c 'takes no entries' up.1) $(grep -c 'takes entries again' up.1)"
down
cp -r disk/ledger "$KEPT"
"#)
    else {
        return;
    };
    assert_eq!(lab.said("room"), "0", "{lab}");
    assert!(lab.said("status").contains("No space left"), "{lab}");
    assert_eq!(lab.said("full"), "held", "{lab}");
    assert_eq!(lab.said("room again"), "delivered", "{lab}");
    assert_eq!(lab.said("later"), "0", "{lab}");
    assert_eq!(lab.said("said"), "1 1", "{lab}");
    let times: Vec<i64> = lab.said("tried").split(' ').map(|time| time.parse().unwrap()).collect();
    let between = |packet: &&Sent| packet.at > times[0] && packet.at < times[1] && packet.payload > 0;
    let sent = lab.sent();
    let carried: Vec<&Sent> = sent.iter().filter(between).collect();
    assert!(carried.is_empty(), "{carried:?} left while nothing could be recorded");
    lab.assert_explained(100, 0);
}

#[test]
fn a_dead_resolver_is_said_soon_and_comes_back_by_itself() {
    let Some(lab) = lab(r#"
up 1
nft 'table inet cut { chain out { type filter hook output priority -10; oifname uplink0 meta l4proto { tcp, udp } th dport 53 drop; }; }'
began=$(date +%s%N)
if honest > held; then echo "dead: delivered"; else echo "dead: held"; fi
echo "took: $(( ($(date +%s%N) - began) / 1000000 ))"
nft delete table inet cut
if honest > held; then echo "back: delivered"; else echo "back: held"; fi
down
echo "said: $(grep -c 'not reached\|unreachable\|could not be reached' up.1)"
cat up.1
"#)
    else {
        return;
    };
    assert_eq!((lab.said("dead"), lab.said("back")), ("held", "delivered"), "{lab}");
    assert!(lab.said("took").parse::<u64>().unwrap() < 6000, "{lab}");
    assert_ne!(lab.said("said"), "0", "{lab}");
    lab.assert_explained(2, 0);
}

#[test]
fn an_uplink_that_flaps_leaves_nothing_unexplained() {
    let Some(lab) = lab(r#"
up 1
station "$L" app upload --host $NAME --for 4 --ca "$CREANCE_LAB_CA" > upload &
many 4 > load &
for _ in 1 2 3; do
    sleep 0.6
    ip link set uplink0 down
    sleep 0.3
    ip link set uplink0 up
    ip address add 2001:db8:1::2/64 dev uplink0 nodad
    ip route add default via 192.0.2.1
    ip route add default via 2001:db8:1::1
done
wait %2 %3
cat load upload
if honest > held; then echo "after: delivered"; else echo "after: held"; fi
down
"#)
    else {
        return;
    };
    assert_eq!(lab.said("after"), "delivered", "{lab}");
    lab.assert_explained(20, 0);
}

#[test]
fn connections_that_say_nothing_keep_no_honest_one_out() {
    let Some(lab) = lab(r#"
up 1
honest > /dev/null || exit 91
(ulimit -n "$(ulimit -Hn)"; station python3 silent.py $NAME 2000 > held 2>&1 & echo $! > holder)
until grep -q held held; do sleep 0.05; cat held; done
began=$(date +%s%N)
if honest > came; then echo "beside: delivered"; else echo "beside: held"; fi
echo "took: $(( ($(date +%s%N) - began) / 1000000 ))"
kill "$(cat holder)"
if honest > came; then echo "after: delivered"; else echo "after: held"; fi
down
"#)
    else {
        return;
    };
    assert_eq!((lab.said("beside"), lab.said("after")), ("delivered", "delivered"), "{lab}");
    assert!(lab.said("took").parse::<u64>().unwrap() < 10_000, "{lab}");
    lab.assert_explained(4, 0);
}

#[test]
fn a_flood_of_questions_asks_nobody_and_takes_no_memory() {
    let Some(lab) = lab(r#"
up 1
honest > /dev/null || exit 91
rss() { awk '/VmRSS/ { print $2 }' /proc/$GATEWAY/status; }
before=$(rss)
began=$(date +%s%N)
station python3 questions.py 3 > asked
if honest > came; then echo "after: delivered"; else echo "after: held"; fi
echo "asked: $(cat asked)"
echo "span: $began $(date +%s%N)"
echo "grown: $(( $(rss) - before ))"
down
"#)
    else {
        return;
    };
    assert_eq!(lab.said("after"), "delivered", "{lab}");
    assert!(lab.said("asked").parse::<u64>().unwrap() > 5_000, "{lab}");
    assert!(lab.said("grown").parse::<i64>().unwrap() < 64 << 10, "grown by KiB: {lab}");
    let span: Vec<i64> = lab.said("span").split(' ').map(|time| time.parse().unwrap()).collect();
    let questions = lab.sent().iter().filter(|packet| packet.at > span[0] && packet.port == 53).count();
    assert!(questions <= 8, "{questions} questions left: {lab}");
    lab.assert_explained(3, 0);
}
