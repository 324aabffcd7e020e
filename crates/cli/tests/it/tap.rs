//! `creance tap`, in networks of the tests' own: what was sent is what the file holds.

use crate::Folder;
use creance_capture::{FileFacts, Reader};
use creance_ledger::{
    Binding, Directory, Entry, Event, FlowBytes, FlowEnd, FlowStarted, ModeChanged, Purpose,
};
use creance_model::{Endpoint, Mode, Timestamp, Transport};
use std::fs::File;
use std::net::SocketAddr;
use std::process::Command;

/// Two ends of a link, `near` with an address and `far` without; nothing speaks on it by itself.
const LINK: &str = r#"
set -eu
echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
ip link add name near type veth peer name far
ip addr add 10.9.0.1/24 dev near
ip link set near up
ip link set far up
ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev near nud permanent
tap() {
    "$CREANCE" tap "$@" > out 2> err &
    TAP=$!
    until grep -q Recording err; do kill -0 $TAP && sleep 0.01; done
}
send() { python3 send.py "$@"; }
ended() {
    status=0
    wait $TAP || status=$?
    echo $status > status
}
"#;

/// Sends so many datagrams of so many bytes.
const SEND: &str = r#"
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[1])):
    s.sendto(b"x" * int(sys.argv[2]), ("10.9.0.2", 9))
"#;

/// What a recording gave.
struct Taped {
    folder: Folder,
    status: String,
    out: String,
    err: String,
}

impl Taped {
    /// The frames of the recording, and what the file says besides.
    fn frames(&self) -> (Vec<Vec<u8>>, FileFacts) {
        let mut reader = Reader::new(File::open(self.folder.path("tap.pcapng")).unwrap()).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = reader.next_frame() {
            frames.push(frame.data.to_vec());
        }
        (frames, reader.facts().clone())
    }
}

/// Runs a script in a network of its own, as the root of its own; nothing, with the reason printed,
/// where that is not permitted.
fn in_network(script: &str) -> Option<Taped> {
    let shell = |folder: &Folder, text: &str| {
        Command::new("unshare")
            .args(["-Urn", "sh", "-c", text])
            .current_dir(folder.0.path())
            .env("CREANCE", env!("CARGO_BIN_EXE_creance"))
            .output()
    };
    let folder = Folder::new();
    folder.write("send.py", SEND);
    match shell(&folder, "ip link add name near type veth peer name far && python3 -c ''") {
        Ok(tried) if tried.status.success() => {}
        Ok(tried) => {
            println!("skipped: no network of its own: {}", String::from_utf8_lossy(&tried.stderr).trim());
            return None;
        }
        Err(error) => {
            println!("skipped: no network of its own: {error}");
            return None;
        }
    }
    let ran = shell(&folder, &format!("{LINK}\n{script}")).unwrap();
    assert!(ran.status.success(), "{script}\n{}", String::from_utf8_lossy(&ran.stderr));
    let text =
        |name: &str| std::fs::read_to_string(folder.path(name)).unwrap_or_default().trim_end().to_owned();
    let (status, out, err) = (text("status"), text("out"), text("err"));
    Some(Taped { folder, status, out, err })
}

#[test]
fn all_that_was_sent_is_in_the_file_with_nothing_lost() {
    let Some(taped) = in_network("tap -i far -o tap.pcapng; send 1000 100; kill -TERM $TAP; ended") else {
        return;
    };
    assert_eq!((taped.status.as_str(), taped.err.as_str()), ("0", "Recording `far`; Ctrl-C ends it."));
    assert_eq!(taped.out, "tap.pcapng: 1000 packets, 142000 bytes, 0 dropped; the interface counted 1000");
    let (frames, facts) = taped.frames();
    assert_eq!(frames.len(), 1000);
    assert!(frames.iter().all(|frame| frame.len() == 142 && frame[42..] == [b'x'; 100]));
    let far = &facts.interfaces[0];
    assert_eq!((far.name.as_deref(), far.link_type, far.packets), (Some("far"), 1, 1000));
    assert_eq!((far.drops(), far.delivered, facts.truncated_packets), (Some(0), Some(1000), 0));
    let (first, last) = far.span.unwrap();
    assert!(first <= last && last.since(first).as_seconds() < 60.0 && first.seconds() > 1_700_000_000);
    assert_eq!(taped.folder.run("audit tap.pcapng --out report -q").status, 0);
    assert_eq!(taped.folder.json("report/report.json")["coverage"]["dropped"], 0);
}

#[test]
fn of_a_burst_every_packet_is_in_the_file_or_counted_as_lost() {
    let script = "tap -i far -o tap.pcapng; send 200000 60; kill -INT $TAP; ended";
    let Some(taped) = in_network(script) else { return };
    assert_eq!(taped.status, "0");
    let (frames, facts) = taped.frames();
    let dropped = facts.interfaces[0].drops().unwrap();
    println!("{}", taped.out);
    assert_eq!(frames.len() as u64 + dropped, 200_000, "{}", taped.out);
    assert!(taped.out.contains(&format!("{dropped} dropped; the interface counted 200000")), "{}", taped.out);
}

#[test]
fn an_end_comes_by_time_and_by_number() {
    let Some(taped) = in_network("tap -i far -o tap.pcapng --packets 10; send 50 8; ended") else { return };
    assert_eq!((taped.status.as_str(), taped.frames().0.len()), ("0", 10), "{}", taped.err);
    let Some(taped) = in_network("tap -i far -o tap.pcapng --for 0.3; send 50 8; ended") else { return };
    assert_eq!((taped.status.as_str(), taped.frames().0.len()), ("0", 50), "{}", taped.err);
}

#[test]
fn an_interface_that_goes_ends_it_and_the_file_reads() {
    for (how, words) in [("ip link set far down", "went down"), ("ip link del far", "is gone")] {
        let script = format!("tap -i far -o tap.pcapng; send 20 8; {how}; ended");
        let Some(taped) = in_network(&script) else { return };
        assert_eq!(taped.status, "2");
        assert!(taped.err.contains(&format!("the interface `far` {words}")), "{}", taped.err);
        let (frames, facts) = taped.frames();
        assert_eq!((frames.len(), facts.interfaces[0].drops()), (20, Some(0)), "{}", taped.out);
    }
}

#[test]
fn a_tag_that_the_card_takes_out_is_in_the_file() {
    let script = "
        ip link add link near name near.5 type vlan id 5 2> vlan || { touch novlan; exit 0; }
        ip addr add 10.9.5.1/24 dev near.5
        ip link set near.5 up
        ip neigh add 10.9.5.2 lladdr 02:00:00:00:00:02 dev near.5 nud permanent
        tap -i far -o tap.pcapng
        sed -i s/10.9.0.2/10.9.5.2/ send.py
        send 5 100; kill -TERM $TAP; ended";
    let Some(taped) = in_network(script) else { return };
    if taped.folder.path("novlan").exists() {
        println!("skipped: this kernel has no VLANs");
        return;
    }
    let (frames, _) = taped.frames();
    assert_eq!(frames.len(), 5);
    assert!(frames.iter().all(|frame| frame.len() == 146 && frame[12..18] == [0x81, 0, 0, 5, 8, 0]));
}

/// The flags of each packet block (pcapng, section 4.3).
fn flags(file: &[u8]) -> Vec<u32> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let mut list = Vec::new();
    let mut at = 0;
    while at < file.len() {
        if number(at) == 6 {
            let options = at + 28 + (number(at + 20) as usize).next_multiple_of(4);
            assert_eq!(number(options), 4 << 16 | 2);
            list.push(number(options + 4));
        }
        at += number(at + 4) as usize;
    }
    list
}

#[test]
fn the_file_says_which_way_each_packet_went_and_where_the_tap_stood() {
    for (interface, expected) in [("near", 2), ("far", 1 | 4 << 2)] {
        let script =
            format!("tap -i {interface} -o tap.pcapng --self-observed; send 3 8; kill -TERM $TAP; ended");
        let Some(taped) = in_network(&script) else { return };
        assert_eq!(flags(&taped.folder.read("tap.pcapng")), [expected; 3], "{interface}");
        assert!(taped.out.starts_with("tap.pcapng (self-observed): 3 packets"), "{}", taped.out);
        taped.folder.run("audit tap.pcapng --out report -q");
        let report = taped.folder.json("report/report.json");
        let told = report["coverage"]["not_covered"].to_string();
        assert!(told.contains("`tap.pcapng` is self-observed"), "{told}");
    }
}

#[test]
fn without_the_capability_the_remedy_is_named() {
    let script = r#"
        status=0
        setpriv --bounding-set=-net_raw "$CREANCE" tap -i far -o tap.pcapng > out 2> err || status=$?
        echo $status > status"#;
    let Some(taped) = in_network(script) else { return };
    assert_eq!(taped.status, "2");
    assert!(taped.err.contains("needs the capability CAP_NET_RAW"), "{}", taped.err);
    assert!(taped.err.contains("hint: run it with `sudo`") && taped.err.contains("setcap"), "{}", taped.err);
    assert!(!taped.folder.path("tap.pcapng").exists());
}

#[test]
fn what_is_there_is_never_written_over() {
    let script = r#"
        echo precious > tap.pcapng
        status=0
        "$CREANCE" tap -i far -o tap.pcapng > out 2> err || status=$?
        echo $status > status"#;
    let Some(taped) = in_network(script) else { return };
    assert_eq!((taped.status.as_str(), taped.folder.read("tap.pcapng")), ("2", b"precious\n".to_vec()));
    assert!(taped.err.contains("never written over"), "{}", taped.err);
}

#[test]
fn an_interface_that_is_not_there_is_said() {
    let ran = Folder::new().run("tap --interface nowhere0 --out tap.pcapng");
    assert_eq!(ran.status, 2);
    assert!(ran.err.starts_with("error: there is no interface `nowhere0`\n"), "{}", ran.err);
}

/// Connections out of `near` with what the kernel counted of each, a line for each: the moment
/// before it, its two ports, its bytes sent and received, the moment after it.
const CONNECTIONS: &str = r#"
import socket, struct, sys, threading, time
out = open("flows", "w")
def counts(s):
    info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    long = lambda at: struct.unpack_from("=Q", info, at)[0]
    fin = info[0] in (6, 7, 8, 9, 11)
    return long(200) - long(208), long(128) - fin
def connection(port, talk):
    s = socket.socket()
    s.bind(("10.9.0.1", 0))
    before = time.time_ns()
    s.connect(("10.9.0.2", port))
    up, down = talk(s)
    print(before, s.getsockname()[1], port, up, down, file=out, end=" ")
    s.close()
    time.sleep(0.05)
    print(time.time_ns(), file=out, flush=True)
def answered(up, down):
    def talk(s):
        s.sendall(b"%d\n" % down + b"u" * up)
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536): pass
        return counts(s)
    return talk
def cut(s):
    # The far end reads nothing: its window fills, and the rest waits here until a reset drops it.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    s.setblocking(False)
    try:
        while True: s.send(b"w" * 65536)
    except BlockingIOError: pass
    time.sleep(1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return counts(s)
for up, down in [(0, 0), (1, 1), (100, 5000), (3000000, 2000000)]:
    connection(80, answered(up, down))
connection(81, cut)
"#;

/// The far end of them.
const SERVER: &str = r#"
import socket, threading
def serve(s):
    with s, s.makefile("rb") as f:
        down = int(f.readline())
        f.read()
        s.sendall(b"d" * down)
def listen(port, handle):
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(("10.9.0.2", port))
    l.listen(16)
    kept = []
    while True:
        s, _ = l.accept()
        kept.append(s)
        if handle: threading.Thread(target=handle, args=(s,)).start()
threading.Thread(target=listen, args=(81, None), daemon=True).start()
print("ready", flush=True)
listen(80, serve)
"#;

/// Another network at the far end, with a server and the tap.
const FAR: &str = r#"
ip neigh del 10.9.0.2 dev near
unshare -n sleep 600 &
FAR=$!
until [ "$(readlink /proc/$FAR/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link set far netns $FAR
there() { nsenter -t $FAR -n "$@"; }
there ip addr add 10.9.0.2/24 dev far
there ip link set far up
nsenter -t $FAR -n python3 server.py > server 2> server.err &
SERVER=$!
until grep -q ready server; do kill -0 $SERVER && sleep 0.01; done
nsenter -t $FAR -n "$CREANCE" tap -i far -o tap.pcapng > out 2> err &
TAP=$!
until grep -q Recording err; do kill -0 $TAP && sleep 0.01; done
python3 connections.py
sleep 0.3
kill -TERM $TAP; ended
kill $SERVER $FAR
"#;

#[test]
fn what_the_kernel_counts_of_a_relay_is_what_the_tap_counts_at_the_far_end() {
    let write = format!(
        "cat > connections.py <<'END'\n{CONNECTIONS}\nEND\ncat > server.py <<'END'\n{SERVER}\nEND\n{FAR}"
    );
    let Some(taped) = in_network(&write) else { return };
    assert_eq!(taped.status, "0", "{}", taped.err);
    let flows = String::from_utf8(taped.folder.read("flows")).unwrap();
    let directory = Directory::at(taped.folder.path("ledger"));
    let lines: Vec<Vec<i64>> = flows
        .lines()
        .map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect())
        .collect();
    assert_eq!(lines.len(), 5, "{flows}");
    let mut log = directory.open_log("gateway", "test 1", Timestamp(lines[0][0])).unwrap();
    let mut append = |at: i64, event| {
        log.append(&Entry { at: Timestamp(at), event }, Purpose::Tell).unwrap();
    };
    let mode = ModeChanged {
        generation: 1,
        from: None,
        to: Mode::Standard,
        exempt: vec![],
        granted: vec![],
        flows_cut: 0,
        last_cut: None,
    };
    append(lines[0][0], Event::ModeChanged(mode));
    for (flow, line) in (1..).zip(&lines) {
        let [before, from, to, up, down, after] = line[..] else { panic!("{line:?}") };
        let end = |text: String| {
            let address: SocketAddr = text.parse().unwrap();
            Endpoint { addr: address.ip(), port: address.port() }
        };
        let started = FlowStarted {
            flow,
            generation: 1,
            station: Some("s-1".parse().unwrap()),
            service: None,
            name: None,
            binding: Binding::NameOnly,
            blinded: false,
            transport: Transport::Tcp,
            from: end(format!("10.9.0.1:{from}")),
            to: end(format!("10.9.0.2:{to}")),
        };
        append(before, Event::FlowStarted(started));
        let bytes = FlowBytes { flow, up: up.try_into().ok(), down: down.try_into().ok() };
        append(after, Event::FlowEnded { bytes, end: FlowEnd::Finished });
    }
    log.close(Timestamp(lines[4][5])).unwrap();
    let ran = taped.folder.run("audit --ledger ledger tap.pcapng --out report --station 10.9.0.1");
    let report = taped.folder.json("report/report.json");
    let found = &report["reconciliation"];
    assert_eq!(found["agreeing_flows"], 5, "{flows}{found:#}");
    assert_eq!(found["explained_flows"], 5, "{found:#}");
    assert_eq!(found["unexplained"].as_array().unwrap().len(), 0, "{found:#}");
    assert_eq!(found["findings"].as_array().unwrap().len(), 0, "{found:#}");
    assert!(ran.out.contains("The ledger and the wire agree on 5 flows and "), "{}", ran.out);
}
